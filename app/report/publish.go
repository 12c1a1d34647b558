package report

import (
	"path"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/publish"
)

// Publish is what was found out about how a repository publishes. All strings are
// unescaped.
type Publish struct {
	publish.Report
	Facts  publish.Facts
	Mended []string // files that were written; the findings are those that are left then
}

// Conclusion is failure where there is an error or a warning, and action_required where
// there is none but a workflow or an action could not be read.
func (p Publish) Conclusion() policy.Conclusion {
	switch {
	case slices.ContainsFunc(p.Findings, func(f publish.Finding) bool { return f.Severity != publish.Notice }):
		return policy.Failure
	case slices.ContainsFunc(p.Unread, func(u publish.Unread) bool { return runs(u.File) }):
		return policy.ActionRequired
	}
	return policy.Success
}

// runs says whether a file holds steps: a workflow or an action. A package.json that cannot
// be read may be a test's.
func runs(file string) bool {
	name := path.Base(file)
	return file == "" || strings.HasPrefix(file, ".github/") || name == "action.yml" || name == "action.yaml"
}

// mendable counts the findings that have mended lines.
func (p Publish) mendable() (n int) {
	for _, f := range p.Findings {
		if len(f.Edits) > 0 {
			n++
		}
	}
	return n
}

// severities counts the findings.
func (p Publish) severities() (errs, warnings, notices int) {
	for _, f := range p.Findings {
		switch f.Severity {
		case publish.Error:
			errs++
		case publish.Warning:
			warnings++
		default:
			notices++
		}
	}
	return errs, warnings, notices
}

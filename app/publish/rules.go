package publish

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// rule looks at one way for one kind of finding.
type rule struct {
	name string
	find func(w *way) []Finding // without Rule
}

// rules are all that are asked, each in a file of its name.
func rules() []rule {
	return []rule{
		{"id-token-missing", idTokenMissing},
		{"registry-url-missing", registryURLMissing},
		{"login-missing", loginMissing},
		{"provenance-not-asked", provenanceNotAsked},
		{"tool-drops-provenance", toolDropsProvenance},
		{"long-lived-token", longLivedToken},
		{"npm-too-old", npmTooOld},
		{"private-repository", privateRepository},
		{"repository-mismatch", repositoryMismatch},
		{"self-hosted-runner", selfHostedRunner},
		{"dangerous-trigger", dangerousTrigger},
		{"unprotected-ref", unprotectedRef},
		{"shared-cache", sharedCache},
		{"unpinned-action", unpinnedAction},
		{"token-reachable", tokenReachable},
		{"matrix-publishes", matrixPublishes},
		{"publish-fails-build", publishFailsBuild},
		{"called-workflow", calledWorkflow},
	}
}

// findings are what is to mend, the gravest first, then by file and line. What several
// ways have in common (a job with two steps that publish, a workflow with two callers)
// is found once.
func (r *repository) findings() []Finding {
	type key struct {
		rule, file string
		line       int
	}
	var list []Finding
	seen := map[key]int{}
	for _, rule := range rules() {
		for _, w := range r.ways {
			if w.loopback() {
				continue
			}
			for _, f := range rule.find(w) {
				f.Rule = rule.name
				if slices.ContainsFunc(f.Edits, Edit.long) {
					f.Edits = nil
				}
				f.EndLine = max(f.EndLine, f.Line)
				k := key{f.Rule, f.File, f.Line}
				if i, ok := seen[k]; ok {
					edits := together(list[i].Edits, f.Edits)
					if graveness(f.Severity) < graveness(list[i].Severity) {
						list[i] = f
					}
					list[i].Edits = edits
					continue
				}
				seen[k] = len(list)
				list = append(list, f)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(graveness(a.Severity), graveness(b.Severity)),
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule))
	})
	return bounded(list)
}

// together are the edits by which what is found is mended for two ways; nil where one of them
// is a person's: lines that serve one caller of a workflow can break the other.
func together(a, b []Edit) []Edit {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	for _, e := range b {
		if !slices.ContainsFunc(a, func(other Edit) bool { return sameEdit(e, other) }) {
			a = append(a[:len(a):len(a)], e)
		}
	}
	return a
}

// long says whether one of the lines is longer than anybody reads.
func (e Edit) long() bool {
	return slices.ContainsFunc(e.Lines, func(line string) bool { return len(line) > maxEdited })
}

// bounded cuts the list and says how many findings are left out; the gravest stay.
func bounded(list []Finding) []Finding {
	if len(list) <= maxFindings {
		return list
	}
	first := list[maxFindings-1]
	left := len(list) - (maxFindings - 1)
	return append(list[:maxFindings-1:maxFindings-1], Finding{
		Rule: "more-findings", Severity: first.Severity, File: first.File, Line: first.Line, EndLine: first.Line,
		Message: fmt.Sprintf("%d more findings are not listed.", left),
		Why:     fmt.Sprintf("At most %d findings are listed, the gravest first.", maxFindings),
		Help:    "Mend these first and look again.",
		Source:  docsSecureUse,
	})
}

// graveness orders severities, the gravest first.
func graveness(s Severity) int {
	return slices.Index([]Severity{Error, Warning, Notice}, s)
}

// found begins a finding at a place.
func found(severity Severity, p place, message string, args ...any) Finding {
	return Finding{Severity: severity, File: p.File, Line: p.Line, EndLine: p.End, Message: fmt.Sprintf(message, args...)}
}

// at is where the way publishes.
func (w *way) at() place {
	return place{File: w.File, Line: w.Line, End: w.Line}
}

// quotedJob names a job in a sentence.
func quotedJob(j *job) string { return `the job "` + quoted(j.ID) + `"` }

// known says whether the registry is one whose rules are known here.
func (w *way) known() bool {
	switch w.Registry {
	case "npm", "pypi", "rubygems", "crates.io":
		return true
	}
	return false
}

// loopback says whether the registry is on the machine that runs the job, as one for tests
// is: nothing is published.
func (w *way) loopback() bool {
	ip, err := netip.ParseAddr(w.Registry)
	return w.Registry == "localhost" || err == nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// tokenless says whether the way has no long-lived token: it counts on trusted publishing.
func (w *way) tokenless() bool { return !w.trust.Token.stated() }

// registryName is the registry in a sentence.
func (w *way) registryName() string {
	switch w.Registry {
	case "pypi":
		return "PyPI"
	case "rubygems":
		return "RubyGems"
	}
	return w.Registry
}

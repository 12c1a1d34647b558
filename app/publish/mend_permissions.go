package publish

import (
	"cmp"
	"slices"
	"strings"
)

// right is one scope of GITHUB_TOKEN with the access to it.
type right struct{ name, access string }

const idToken, write = "id-token", "write"

// grantIDToken gives the job id-token: write, and takes nothing away from it.
//
// A block at the job replaces the workflow's, and every scope that a block does not
// name is none (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax):
// so a block that is there gets one more line, and a new one repeats what the workflow
// states, or names what the job's steps are known to need. Only where one job is all
// that the workflow has does its own block get the line.
//
// called are the jobs of called workflows that get what this one has, the next first;
// scripts those of package.json that a step of the last of them runs.
func (j *job) grantIDToken(called []*job, scripts []text) []Edit {
	sheet := j.workflow.sheet()
	switch {
	case j.Permissions.stated():
		return sheet.addScope(j.Permissions)
	case j.workflow.Permissions.stated():
		p := j.workflow.Permissions
		if len(j.workflow.Jobs) == 1 {
			return sheet.addScope(p)
		}
		if p.All.stated() {
			return nil
		}
		var scopes []right
		for _, s := range p.Scopes {
			scopes = append(scopes, right{s.Name, s.Value})
		}
		return j.newPermissions(scopes)
	default:
		scopes, known := j.needs(called, scripts)
		if !known {
			return nil
		}
		return j.newPermissions(scopes)
	}
}

// addScope adds id-token: write to a block that is there.
func (s sheet) addScope(p permissions) []Edit {
	if p.All.stated() {
		return nil // "read-all" names nothing to which a line could be added
	}
	return s.setMember(block{place: p.place, Settings: p.Scopes}, "permissions", idToken, write, 0, 0)
}

// newPermissions writes a block of its own for the job, with id-token: write.
func (j *job) newPermissions(scopes []right) []Edit {
	if j.Flow || j.Shared {
		return nil
	}
	scopes = slices.DeleteFunc(slices.Clone(scopes), func(s right) bool { return s.name == idToken })
	scopes = append(scopes, right{idToken, write})
	// Behind runs-on, or the called workflow: comments belong to what stands below them.
	sheet, after, column := j.workflow.sheet(), 0, 0
	switch {
	case j.Uses.stated() && sheet.owns(j.Uses.place, "uses"):
		after, column = j.Uses.End, j.Uses.Column
	case j.RunsOnAt.stated() && sheet.owns(j.RunsOnAt, "runs-on"):
		after, column = j.RunsOnAt.End, j.RunsOnAt.Column
	}
	if after == 0 || column <= j.Column {
		return nil
	}
	indent := spaces(column - 1)
	inner := indent + spaces(column-j.Column)
	lines := []string{indent + "permissions:"}
	for _, s := range scopes {
		lines = append(lines, inner+s.name+": "+s.access)
	}
	return sheet.insert(after, lines...)
}

// needs are the scopes that the job is known to need, contents: read first. known is
// false where a step uses GITHUB_TOKEN for what is not known: a new block would take
// the default away from it.
func (j *job) needs(called []*job, scripts []text) (scopes []right, known bool) {
	want := map[string]string{"contents": "read"}
	if j.Uses.stated() {
		if len(called) == 0 {
			return nil, false
		}
		// All jobs of the called workflow get no more than this one.
		for _, inner := range called[0].workflow.Jobs {
			p := inner.Permissions
			if !p.stated() {
				p = called[0].workflow.Permissions
			}
			if p.All.stated() {
				return nil, false
			}
			stated := p.Scopes
			if !p.stated() {
				own, known := inner.needs(called[1:], scripts)
				if !known {
					return nil, false
				}
				for _, r := range own {
					stated = append(stated, setting{Name: r.name, text: text{Value: r.access}})
				}
			}
			for _, s := range stated {
				if want[s.Name] != write {
					want[s.Name] = s.Value
				}
			}
		}
		return ordered(want), true
	}
	if mentionsToken(j.Env) || mentionsToken(j.workflow.Env) {
		return nil, false
	}
	steps := slices.Clone(j.Steps)
	for _, script := range scripts {
		steps = append(steps, &step{Run: script})
	}
	for _, s := range steps {
		if !s.needs(want) {
			return nil, false
		}
	}
	return ordered(want), true
}

// needs notes what a step is known to need; false where that is not known: an action takes
// GITHUB_TOKEN by default of its own, and a script may be handed it.
func (s *step) needs(want map[string]string) (known bool) {
	grant := func(scopes ...string) {
		for _, name := range scopes {
			want[name] = write
		}
	}
	if s.Uses.stated() {
		u, ok := parseUses(s.Uses.Value)
		if !ok || u.local() || u.docker() {
			return false
		}
		switch action := u.action(); action {
		case "changesets/action":
			grant("contents", "pull-requests")
		case "googleapis/release-please-action", "google-github-actions/release-please-action", "cycjimmy/semantic-release-action":
			grant("contents", "issues", "pull-requests")
		case "softprops/action-gh-release", "ncipollo/release-action", "rubygems/release-gem":
			grant("contents")
		case "actions/attest", "actions/attest-build-provenance", "actions/attest-sbom":
			grant("attestations")
		case "actions/checkout", "actions/cache", "actions/cache/restore", "actions/cache/save", "actions/upload-artifact", "actions/download-artifact":
		case "js-devtools/npm-publish", "pypa/gh-action-pypi-publish", "rust-lang/crates-io-auth-action", "rubygems/configure-rubygems-credentials", "swatinem/rust-cache", "step-security/harden-runner":
			return !s.usesToken()
		default:
			return u.setsUp() && (!s.usesToken() || u.owner == "actions") // to download with
		}
		return true
	}
	run := s.Run.Value
	for _, sign := range []string{"ghcr.io", "gh pr", "gh api", "gh workflow", "gh run", "gh issue", "gh repo"} {
		if strings.Contains(run, sign) {
			return false
		}
	}
	handed := s.usesToken()
	for sign, scopes := range map[string][]string{
		"semantic-release": {"contents", "issues", "pull-requests"},
		"git push":         {"contents"},
		"gh release":       {"contents"},
		"lerna version":    {"contents"},
	} {
		if strings.Contains(run, sign) {
			grant(scopes...)
			handed = handed && sign == "git push"
		}
	}
	if strings.Contains(run, "lerna publish") && !strings.Contains(run, "from-p") {
		grant("contents")
		handed = false
	}
	return !handed
}

func ordered(want map[string]string) []right {
	var list []right
	for name, access := range want {
		list = append(list, right{name, access})
	}
	slices.SortFunc(list, func(a, b right) int { return cmp.Compare(a.name, b.name) })
	return list
}

// usesToken says whether the step is handed GITHUB_TOKEN.
func (s *step) usesToken() bool {
	return mentionsToken(s.With) || mentionsToken(s.Env) || namesToken(s.Run.Value)
}

func mentionsToken(b block) bool {
	return slices.ContainsFunc(b.Settings, func(v setting) bool { return namesToken(v.Value) }) || namesToken(b.Whole.Value)
}

func namesToken(s string) bool {
	return strings.Contains(s, "secrets.GITHUB_TOKEN") || strings.Contains(s, "github.token") || strings.Contains(s, "secrets['GITHUB_TOKEN']")
}

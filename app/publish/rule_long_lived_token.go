package publish

import (
	"path"
	"slices"
	"strings"
)

// longLivedToken: what a job holds can be stolen; trusted publishing holds nothing.
func longLivedToken(w *way) []Finding {
	if !w.known() || w.tokenless() || w.trust.Minted || w.Registry == "npm" && w.trust.Hosted == No {
		return nil
	}
	if refs := references(w.trust.Token.Value); len(refs) > 0 && !slices.ContainsFunc(refs, w.longLived) {
		return nil // a step before got it, for this run
	}
	f := found(Warning, w.trust.Token.place, "Publishing to %s rests on a long-lived token%s.", w.registryName(), by(w.trust.TokenVar))
	f.Why = "Whoever gets hold of the token can publish from anywhere until somebody notices. Trusted publishing hands the job a token of its own for minutes, and proves where it was built."
	f.Source = docsTrusted(w.Registry)
	switch w.Registry {
	case "npm":
		if !strings.Contains(w.Tool, " stage ") {
			f.Why += " npm plans to end direct publishing with tokens that bypass two-factor authentication, which a workflow needs, in January 2027 (" + docsStageOnly + ")."
		}
		f.Help = "Add a trusted publisher on npmjs.com (package, settings, trusted publisher) for " + w.publisher() + ". "
		switch d := w.trust.Dialect; {
		case d == pnpmDialect:
			f.Help += "pnpm 11.1.2 and later try it first and fall back to the token: release once, then take the token away and revoke it."
		case d == npmDialect && (strings.HasPrefix(w.Tool, "npm ") || w.Tool == "changeset publish"):
			f.Help += "npm 11.5.1, which Node.js 24 brings, and later tries it first and falls back to the token: release once, then take the token away and revoke it."
		default:
			f.Help += "Then take the token away and revoke it; the tool has to know trusted publishing (npm 11.5.1, pnpm 11.1.2, Yarn 4.10, lerna 9, lerna-lite 4.9, semantic-release 25 or later)."
		}
	case "pypi":
		f.Help = "Add a trusted publisher on PyPI (project, publishing) for " + w.publisher() + ", then take the password away: attestations are made only without it."
		if w.trust.Recent == Depends {
			f.Help = "Add a trusted publisher on PyPI (project, publishing) for " + w.publisher() + ", publish with pypa/gh-action-pypi-publish in place of " + quoted(w.Tool) + ", and take the token away."
		}
		if w.workflow != w.entry() {
			f.Help += " PyPI does not support a workflow that another one calls: move the job that publishes into " + quoted(w.entry().File) + " first, and name that one."
		}
	case "rubygems":
		f.Help = "Add a trusted publisher on RubyGems.org for " + w.publisher() + ", and use rubygems/release-gem or rubygems/configure-rubygems-credentials in place of the key."
	case "crates.io":
		f.Help = "Add a trusted publisher on crates.io for " + w.publisher() + ", and take the token from rust-lang/crates-io-auth-action."
	}
	return []Finding{f}
}

// longLived says whether what an expression names may live longer than the run: anything
// but what a step before handed out, unless that only fetched it from a store of secrets.
func (w *way) longLived(ref string) bool {
	rest, ok := strings.CutPrefix(ref, "steps.")
	if !ok {
		return true
	}
	id, _, _ := strings.Cut(rest, ".")
	return slices.ContainsFunc(w.before, func(s *step) bool {
		if !strings.EqualFold(s.ID.Value, id) {
			return false
		}
		u, ok := parseUses(s.Uses.Value)
		return ok && u.secretManager()
	})
}

func by(variable string) string {
	if variable == "" {
		return ""
	}
	return " in " + quoted(variable)
}

// publisher is what a registry asks for: the workflow that it checks, and the environment.
func (w *way) publisher() string {
	s := "the workflow " + quoted(path.Base(w.checked().File))
	if e := w.job.Environment; e.stated() && !dynamic(e.Value) {
		s += " and the environment " + quoted(e.Value)
	}
	return s
}

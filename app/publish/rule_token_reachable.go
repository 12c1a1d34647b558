package publish

import (
	"regexp"
	"slices"
	"strings"
)

// tokenReachable: a token should be where one step needs it, and nowhere else.
func tokenReachable(w *way) []Finding {
	if !w.known() {
		return nil
	}
	var list []Finding
	if f, ok := tokenInEnv(w); ok {
		list = append(list, f)
	}
	if w.trust.IDToken.Answer != Yes {
		return list
	}
	if f, ok := idTokenForAll(w); ok {
		list = append(list, f)
	}
	if f, ok := idTokenForOthers(w); ok {
		list = append(list, f)
	}
	return list
}

// tokenInEnv: env of a job or a workflow is that of every step.
func tokenInEnv(w *way) (Finding, bool) {
	t := w.trust.Token
	holds := func(b block) bool {
		return slices.ContainsFunc(b.Settings, func(v setting) bool { return v.place == t.place })
	}
	var f Finding
	switch {
	case !t.stated():
		return f, false
	case holds(w.job.Env) && len(w.job.Steps) > 1:
		f = found(Warning, t.place, "Every step of %s can read the token%s.", quotedJob(w.job), by(w.trust.TokenVar))
		f.Edits = once(&w.repository.memo.moved, t.place, w.moveToken)
	case holds(w.workflow.Env):
		f = found(Warning, t.place, "Every step of every job of the workflow can read the token%s.", by(w.trust.TokenVar))
	default:
		return f, false
	}
	f.Why = "Install scripts, tests and actions run with the same environment: one of them is enough to take the token."
	f.Help = "Set it in the env of the step that publishes, and only there; a step that installs private packages gets a token of its own that can only read."
	f.Source = docsSecureUse
	return f, true
}

// moveToken moves the token to the steps that publish with it; nil where another step may
// need it, too.
func (w *way) moveToken() []Edit {
	var to []*step
	for _, other := range w.repository.ways {
		if other.job == w.job && other.trust.Token.place == w.trust.Token.place && !slices.Contains(to, other.inner) {
			to = append(to, other.inner)
		}
	}
	if w.trust.TokenVar == "" || slices.Contains(to, nil) || w.repository.configNames(w.trust.TokenVar) {
		return nil
	}
	for _, s := range w.job.Steps {
		if !slices.Contains(to, s) && s.mayNeed(w.trust.TokenVar) {
			return nil
		}
	}
	return w.job.moveEnv(w.trust.TokenVar, to)
}

// configNames says whether an .npmrc or .yarnrc.yml of the repository names the variable: then
// some tools stop at every command where it is not set.
func (r *repository) configNames(variable string) bool {
	return slices.ContainsFunc(r.npmrcs, func(rc *npmrc) bool {
		return slices.ContainsFunc(rc.Settings, func(s setting) bool { return strings.Contains(s.Value, variable) })
	})
}

// loggedIn are commands that may do what only somebody does who is logged in. Yarn 1 stops
// where a variable of the .npmrc that setup-node writes is not set.
var loggedIn = regexp.MustCompile(`publish|release|deploy|dist-tag|whoami|login|yarn|\b(?:npm|pnpm)\s+(?:access|owner|author|deprecate|unpublish|token|team|org|profile|stage|tag)\b`)

// mayNeed says whether a step that is not known to publish may need the variable.
func (s *step) mayNeed(variable string) bool {
	for _, b := range []block{s.With, s.Env} {
		for _, v := range b.Settings {
			if strings.Contains(v.Value, variable) {
				return true
			}
		}
	}
	if s.Uses.stated() {
		u, ok := parseUses(s.Uses.Value)
		return !ok || u.local() || u.docker() || !u.kin() && !u.setsUp()
	}
	return strings.Contains(s.Run.Value, variable) || loggedIn.MatchString(s.Run.Value)
}

// idTokenForAll: the workflow's permissions are those of every job that states none.
func idTokenForAll(w *way) (Finding, bool) {
	access, at, ok := w.workflow.Permissions.of(idToken)
	if !ok || access != write {
		return Finding{}, false
	}
	publishes := w.repository.publishing()
	var others []string
	for _, j := range w.workflow.Jobs {
		if len(others) == maxValues {
			break
		}
		if !j.Permissions.stated() && !publishes[j] {
			others = append(others, quoted(j.ID))
		}
	}
	if len(others) == 0 {
		return Finding{}, false
	}
	f := found(Warning, at, "Jobs that do not publish may ask for an id-token, too: %s.", quoted(strings.Join(others, ", ")))
	f.Why = "With an id-token of this workflow a step publishes, or signs, as this workflow does."
	f.Help = "Grant id-token: write in the permissions of " + quotedJob(w.job) + " only."
	f.Source = docsPermissions
	return f, true
}

// publishing are the jobs that publish, or call what does.
func (r *repository) publishing() map[*job]bool {
	if r.memo.publishes == nil {
		r.memo.publishes = map[*job]bool{}
		for _, w := range r.ways {
			r.memo.publishes[w.job] = true
			for _, c := range w.chain {
				r.memo.publishes[c.job] = true
			}
		}
	}
	return r.memo.publishes
}

// fewOf names what fits into a sentence.
func fewOf(list []string) string {
	const few = 10
	if len(list) <= few {
		return strings.Join(list, ", ")
	}
	return sprintf("%s and %d more", strings.Join(list[:few], ", "), len(list)-few)
}

// idTokenForOthers: every step of the job may ask for an id-token.
func idTokenForOthers(w *way) (Finding, bool) {
	var others []string
	var at place
	for _, s := range w.steps() {
		u, ok := parseUses(s.Uses.Value)
		if !ok || s == w.inner || u.local() || u.kin() || u.setsUp() || u.owner == "step-security" {
			continue
		}
		if len(others) == 0 {
			at = s.Uses.place
		}
		others = append(others, quoted(u.path))
	}
	if len(others) == 0 {
		return Finding{}, false
	}
	f := found(Notice, at, "Other people's actions run in the job that may ask for an id-token: %s.", fewOf(slices.Compact(others)))
	f.Why = "Every step of a job with id-token: write can publish as this workflow does."
	f.Help = "Do in a job before what publishing does not need (hand the packed files over as an artifact), and pin what stays."
	f.Source = docsSecureUse
	return f, true
}

package publish

import (
	"slices"
	"strings"
)

// idTokenMissing: without id-token: write there is neither trusted publishing nor
// provenance.
func idTokenMissing(w *way) []Finding {
	grant := w.trust.IDToken
	if !w.known() || grant.Answer == Yes || grant.Answer == "" {
		return nil
	}
	// With a token, only npm makes provenance of its own; the others make it of trusted
	// publishing, which long-lived-token is about.
	if !w.tokenless() && (w.Registry != "npm" || isTrue(w.repository.facts.Private) || w.trust.Hosted == No) {
		return nil
	}
	p := grant.At
	if !p.stated() {
		p = w.job.place
	}
	if grant.Level == "" || grant.Level == "caller" {
		p.End = p.Line // a whole job
	}
	if grant.Answer == Depends {
		f := found(Notice, p, "Whether the job may ask for an id-token depends on what no file says: %s", sentence(grant.Why))
		f.Why = "Trusted publishing and provenance need id-token: write."
		f.Help = "State id-token: write in the permissions of " + quotedJob(w.job) + "."
		f.Source = docsPermissions
		return []Finding{f}
	}
	f := found(Warning, p, "%s", missingText(w))
	f.Source = docsPermissions
	switch {
	case grant.Level == "caller" && w.asksItself():
		f.Severity = Error
		f.Why = "The called workflow asks for id-token: write. GitHub does not start a workflow that asks for more than its caller has."
	case w.Registry != "npm" && (w.mayAuthenticate() || w.trust.Recent == Depends && w.command != nil):
		f.Why = "Trusted publishing needs an id-token. No token was found either; if a step before brings one, nobody can tell where the package was built."
		f.Source = docsTrusted(w.Registry)
	case w.Registry != "npm":
		f.Severity = Error
		f.Why = "There is no token, and trusted publishing needs an id-token: publishing to " + w.registryName() + " fails."
		f.Source = docsTrusted(w.Registry)
	case w.trust.Asked == Yes:
		f.Severity = Error
		f.Why = "Provenance is asked for, and npm refuses to publish (EUSAGE) where it cannot get an id-token."
		f.Source = docsProvenanceNPM
	case w.tokenless() && !w.mayAuthenticate():
		f.Severity = Error
		f.Why = "There is no token, and trusted publishing needs an id-token: npm publish fails (ENEEDAUTH)."
		f.Source = docsTrustedNPM
	case w.tokenless():
		f.Why = "Trusted publishing needs an id-token. No token was found either; if a step before brings one, the packages still have no provenance."
		f.Source = docsTrustedNPM
	default:
		f.Why = "npm cannot make provenance without an id-token. It is published with a token alone, and nobody can tell where it was built."
		f.Source = docsProvenanceNPM
	}
	if grant.Level == "caller" {
		f.Source = docsCalled
	}
	f.Edits = w.grantIDToken()
	f.Help = "Give " + quotedJob(w.job) + " `id-token: write`"
	if f.Edits == nil {
		f.Help += ", in its own permissions or the workflow's, beside all that it needs already: a permissions block takes away what it does not name"
	}
	f.Help += "."
	if w.Registry == "pypi" && w.trust.Recent == Depends && w.command != nil {
		f.Help = "Publish with a tool that is a trusted publisher, such as pypa/gh-action-pypi-publish or `uv publish`, and give " + quotedJob(w.job) + " `id-token: write`."
		f.Edits = nil
	}
	if w.needsLogin() {
		f.Help += " " + w.howToLogIn()
	}
	if grant.Level == "caller" {
		f.Help = "Give id-token: write to the job that calls the workflow, too: a called workflow never gets more than its caller has."
	}
	return []Finding{f}
}

// asksItself says whether the called workflow states id-token: write for its job.
func (w *way) asksItself() bool {
	access, _, ok := w.job.Permissions.of(idToken)
	if !ok {
		access, _, _ = w.workflow.Permissions.of(idToken)
	}
	return access == write
}

func missingText(w *way) string {
	switch level := w.trust.IDToken.Level; {
	case level == "job":
		if access, _, ok := w.workflow.Permissions.of(idToken); ok && access == write {
			return "The workflow grants id-token: write, but the permissions of " + quotedJob(w.job) + " replace the workflow's and leave it out."
		}
		return "The permissions of " + quotedJob(w.job) + " leave out id-token: write."
	case level == "workflow":
		return "The workflow's permissions leave out id-token: write for " + quotedJob(w.job) + "."
	case level == "caller":
		return "The job that calls this workflow does not grant id-token: write."
	}
	return "No permissions grant id-token: write to " + quotedJob(w.job) + "; by default no job has it."
}

// grantIDToken gives every level of the way id-token: write that lacks it: the callers,
// of which the outermost must state it, and the job itself where it states anything.
func (w *way) grantIDToken() []Edit {
	var edits []Edit
	var jobs []*job
	for _, c := range w.chain {
		if c.step == nil {
			jobs = append(jobs, c.job)
		}
	}
	jobs = append(jobs, w.job)
	for i, j := range jobs {
		access, _, ok := j.Permissions.of(idToken)
		if !ok {
			access, _, ok = j.workflow.Permissions.of(idToken)
		}
		if access == write || !ok && i > 0 {
			continue // a called workflow that states nothing has what its caller has
		}
		edit := j.grantIDToken(jobs[i+1:], w.scripts)
		if edit == nil {
			return nil
		}
		edits = append(edits, edit...)
	}
	return edits
}

// mayAuthenticate says whether credentials might come in a way that is not read here: an
// .npmrc that names a variable of its own, or a step before.
func (w *way) mayAuthenticate() bool {
	npm := w.Registry == "npm"
	for _, rc := range w.repository.npmrcs {
		for _, s := range rc.Settings {
			if npm && (strings.HasSuffix(s.Name, "_authToken") || strings.HasSuffix(s.Name, "_auth") || s.Name == "npmAuthToken") {
				return true
			}
		}
	}
	for _, s := range w.before {
		if u, ok := parseUses(s.Uses.Value); s.Uses.stated() && (!ok || u.mayLogIn() || u.local() && !w.repository.readsSteps(u)) {
			return true
		}
		if npm && writesNPMRC(s.Run.Value) || !npm && writesCredentials(s.Run.Value) {
			return true
		}
	}
	return false
}

// writesCredentials says whether a script may log in at another registry than npm's, in a
// way that is not read here.
func writesCredentials(script string) bool {
	return slices.ContainsFunc([]string{"credentials", "pypirc", "keyring", "signin", "mint-token"}, func(sign string) bool { return strings.Contains(script, sign) })
}

// readsSteps says whether the steps of a local action are among those that were read.
func (r *repository) readsSteps(u uses) bool {
	below, _ := ownPath(u.path)
	dir, ok := join("", below)
	a := r.actionAt(dir)
	return ok && a != nil && a.Using.Value == "composite"
}

func isTrue(b *bool) bool { return b != nil && *b }

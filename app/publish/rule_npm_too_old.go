package publish

import "strings"

// npmTooOld: provenance needs npm 9.5.0, trusted publishing 11.5.1. An older npm reads
// over the flag, or looks for a token that is not there.
func npmTooOld(w *way) []Finding {
	by := w.trust.Version
	if w.Registry != "npm" || !by.stated() || !npmClient(w) && !isChangesets(w) {
		return nil
	}
	var f Finding
	switch old := w.trust.Recent; {
	case w.Tool == "npm stage publish" && old == No:
		f = found(Error, by.place, "%s is too old for npm stage.", w.sender(by))
		f.Why = "npm has the command stage from 11.15.0 on; an older one stops at it."
		f.Help = "Run `npm install -g npm@^11.15.0` on Node.js 22.14.0 or later before it."
		f.Source = docsStaged
		return []Finding{f}
	case w.tokenless() && old == No:
		f = found(Error, by.place, "%s is too old for trusted publishing.", w.sender(by))
		if w.mayAuthenticate() {
			f.Severity = Warning
		}
		f.Why = "Trusted publishing needs npm 11.5.1 and Node.js 22.14.0 or later; Node.js brings an npm of its own, up to Node.js 22 an npm 10. No token was found either, so it is not logged in (ENEEDAUTH)."
		f.Source = docsTrustedNPM
	case w.tokenless() && old == Depends && dynamic(by.Value):
		f = found(Notice, by.place, "Whether npm is recent enough for trusted publishing depends on %s.", quoted(strings.Join(references(by.Value), ", ")))
		f.Why = "Trusted publishing needs npm 11.5.1 and Node.js 22.14.0 or later."
		f.Help = "Make sure that it is Node.js 24 or later."
		f.Source = docsTrustedNPM
		return []Finding{f}
	case !w.tokenless() && w.trust.Asked == Yes && w.beforeProvenance(by):
		f = found(Warning, by.place, "%s is too old for provenance.", w.sender(by))
		f.Why = "Provenance needs npm 9.5.0 or later, which Node.js brings since 18.14.2; an older npm reads over what asks for it."
		f.Source = docsProvenanceNPM
	default:
		return nil
	}
	f.Help = "Use Node.js 24, which brings npm 11, or run `npm install -g npm@^11.5.1` on Node.js 22.14.0 or later before it publishes."
	f.Edits = w.newerNode(by)
	return []Finding{f}
}

// sender names what sends the package, with the version that the files state.
func (w *way) sender(by text) string {
	v := quoted(strings.TrimSpace(by.Value))
	switch {
	case w.nodeFrom(by, "node-version"):
		return "The npm that Node.js " + v + " brings"
	case w.nodeFrom(by, "node-version-file"):
		return "The npm that the Node.js of " + v + " brings"
	case strings.HasPrefix(w.Tool, "pnpm ") && !strings.Contains(v, "npm@"):
		return "pnpm " + v
	}
	return "npm " + v
}

// nodeFrom says whether an input of setup-node states the version.
func (w *way) nodeFrom(by text, input string) bool {
	s := w.trust.Setup
	return s != nil && s.With.get(input).place == by.place
}

// beforeProvenance says whether the Node.js that the job sets up brings no npm that
// knows provenance.
func (w *way) beforeProvenance(by text) bool {
	return w.nodeFrom(by, "node-version") && !dynamic(by.Value) && nodeHas(by.Value, npmWithProvenance()) == No
}

// newerNode writes another node-version where it stands in the workflow, and nothing
// else than the workflow decides.
func (w *way) newerNode(by text) []Edit {
	if setup := w.trust.Setup; w.nodeFrom(by, "node-version") && !dynamic(by.Value) {
		return setup.setWith("node-version", "24")
	}
	return nil
}

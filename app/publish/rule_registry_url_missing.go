package publish

import "strings"

const npmRegistry = "https://registry.npmjs.org"

// registryURLMissing: setup-node writes the line that hands NODE_AUTH_TOKEN to npm only
// where it is told the registry; else the token is in the environment and nobody reads
// it.
func registryURLMissing(w *way) []Finding {
	if w.Registry != "npm" || w.tokenless() || w.trust.SetupURL.stated() || !npmClient(w) {
		return nil
	}
	variable := w.trust.TokenVar
	if variable != "NODE_AUTH_TOKEN" && variable != "NPM_TOKEN" || w.readsToken(variable) {
		return nil
	}
	severity := Error
	if w.mayAuthenticate() {
		severity = Warning // an action of others may write the file
	}
	if setup := w.trust.Setup; setup != nil && setup.is("actions/setup-node") && variable == "NODE_AUTH_TOKEN" {
		f := found(severity, setup.Uses.place, "actions/setup-node is not told the registry-url, so nothing hands NODE_AUTH_TOKEN to npm.")
		f.Why = "Only with registry-url does setup-node write an .npmrc that names the variable. Without it npm publish is not logged in and fails (ENEEDAUTH)."
		f.Help = "Give setup-node `registry-url: " + npmRegistry + "`."
		f.Source = docsSetupNode
		f.Edits = setup.setWith("registry-url", npmRegistry)
		return []Finding{f}
	}
	f := found(severity, w.trust.Token.place, "Nothing hands %s to npm.", variable)
	f.Why = "npm reads no such variable of its own: an .npmrc must name it, and neither the repository nor actions/setup-node (with registry-url) has one that does."
	f.Help = "Use actions/setup-node with `registry-url: " + npmRegistry + "` before, and call the variable NODE_AUTH_TOKEN; or add an .npmrc with `//registry.npmjs.org/:_authToken=${" + variable + "}`."
	f.Source = docsSetupNode
	return []Finding{f}
}

// npmClient says whether it is npm, or pnpm, that reads the token: other tools bring
// their own way.
func npmClient(w *way) bool {
	return strings.HasPrefix(w.Tool, "npm ") || strings.HasPrefix(w.Tool, "pnpm ")
}

// readsToken says whether an .npmrc of the repository names the variable, or a step
// before writes one.
func (w *way) readsToken(variable string) bool {
	for _, rc := range w.repository.npmrcs {
		for _, s := range rc.Settings {
			if strings.Contains(s.Value, "${"+variable) || strings.Contains(s.Value, "$"+variable) {
				return true
			}
		}
	}
	for _, s := range append(w.before[:len(w.before):len(w.before)], w.inner) {
		if s != nil && writesNPMRC(s.Run.Value) {
			return true
		}
	}
	return false
}

// writesNPMRC says whether a script sets npm's credentials itself.
func writesNPMRC(script string) bool {
	for _, sign := range []string{"_authToken", "_auth=", ".npmrc", "npm config set", "npm set //", "npm login", "npm-cli-login"} {
		if strings.Contains(script, sign) {
			return true
		}
	}
	return false
}

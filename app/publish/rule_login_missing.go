package publish

// loginMissing: cargo and gem do not ask for a token as trusted publishers themselves; a
// step before them does.
func loginMissing(w *way) []Finding {
	if !w.needsLogin() || w.trust.IDToken.Answer != Yes || w.mayAuthenticate() {
		return nil // without an ID token, id-token-missing says so
	}
	f := found(Error, w.at(), "Nothing gives %s a token for %s.", quoted(w.Tool), w.registryName())
	f.Why = "The job may ask for an id-token, but " + quoted(w.Tool) + " does not trade it for a token of the registry: it is not logged in, and fails."
	f.Help = w.howToLogIn()
	f.Source = docsTrusted(w.Registry)
	return []Finding{f}
}

// needsLogin says whether the tool needs a token that nothing gives it.
func (w *way) needsLogin() bool {
	return (w.Registry == "crates.io" || w.Registry == "rubygems") && w.tokenless() && w.trust.Setup == nil && w.trust.Recent == ""
}

// howToLogIn are the steps that the registry's documentation shows.
func (w *way) howToLogIn() string {
	if w.Registry == "rubygems" {
		return "Add the step `uses: rubygems/configure-rubygems-credentials@v1.0.0` before it, or use rubygems/release-gem, which does both."
	}
	return "Add the step `uses: rust-lang/crates-io-auth-action@v1` with `id: auth` before it, and give this one `CARGO_REGISTRY_TOKEN: ${{ steps.auth.outputs.token }}` in its env."
}

package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/web"
)

// shownSample is the one whose report the demo points at.
const shownSample = "provenance-lost"

// signIns lets people sign in at the App's pages with the demo's GitHub.
func signIns(github *forge.Server, o *app.Options) error {
	o.ClientID, o.ClientSecret = github.ClientID(), github.ClientSecret()
	return github.SetCallbackURL(o.PublicURL + "/login/callback")
}

// showPages lists the App's pages that are worth a look.
func showPages(w io.Writer, public, operator string, scene sandbox.Scene) {
	at, owner, name := web.Addresses(public), scene.Repository.Owner, scene.Repository.Name
	fmt.Fprint(w, "\nThe App's own pages. Sign in with the demo's GitHub, without a password: as ada-maintains (may do everything), rui-reads (may read both repositories) or sam-elsewhere (reads what is public):\n\n")
	if i := slices.IndexFunc(scene.Samples, func(o sandbox.Opened) bool { return o.Name == shownSample }); i >= 0 {
		fmt.Fprintf(w, "%s\n    The report behind the check's Details.\n", at.Pull(owner, name, scene.Samples[i].Pulls[0].Number, ""))
	}
	fmt.Fprintf(w, "%s\n    The repository: how many of its packages say where they come from, what came when. The days before today are made up.\n", at.Repository(owner, name))
	fmt.Fprintf(w, "%s\n    All repositories of %s.\n", at.Owner(owner), owner)
	fmt.Fprintf(w, "%s/\n    For who runs the server: its state, jobs, metrics and profiles.\n", operator)
}

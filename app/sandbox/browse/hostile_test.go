package browse

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

// names are what a lockfile may call its packages, each meant to do something to the page.
var names = []string{
	`<img src=x onerror="document.title='taken'">`, `<script>document.title='taken'</script>`, `"><svg onload=document.title='taken'>`,
	`</title></style><style>*{display:none}</style>`, `javascript:document.title='taken'`, "left\u202epad\u200b", `{{.}}`, `' onmouseover='document.title="taken"`,
	strings.Repeat("wide", 200), `<base href="https://evil.example/">`, `<meta http-equiv="refresh" content="0;url=https://evil.example/">`,
}

// locked is a lockfile with packages of such names.
func locked(t *testing.T, version string) string {
	t.Helper()
	dependencies := map[string]string{}
	packages := map[string]any{"": map[string]any{"name": "shop", "dependencies": dependencies}}
	for i, name := range names {
		dependencies[name] = version
		packages["node_modules/"+name] = map[string]any{
			"version": version, "resolved": "javascript:document.title='taken'//" + fmt.Sprint(i), "license": name,
			"integrity": "sha512-" + strings.Repeat("A", 86) + "==", "hasInstallScript": true,
		}
	}
	out, err := json.MarshalIndent(map[string]any{"name": "shop", "lockfileVersion": 3, "requires": true, "packages": packages}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// startHostile runs the App at a GitHub with one repository, in which a pull request brings
// in what is hostile.
func startHostile(t *testing.T) demo {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	world, err := sandbox.New(ctx, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	trust, err := provenance.LoadTrust(world.Sigstore.TrustedRoot(), world.Sigstore.KeysTUF())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := sandbox.Listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	public := "http://" + listener.Addr().String()
	server, err := app.New(ctx, app.Options{
		Listener: listener, PublicURL: public, AppID: world.GitHub.AppID(), PrivateKey: world.GitHub.PrivateKeyPEM(), WebhookSecret: sandbox.WebhookSecret,
		APIURL: world.GitHub.APIURL(), GitHubURL: strings.TrimSuffix(world.GitHub.URL(), "/"), ClientID: world.GitHub.ClientID(), ClientSecret: world.GitHub.ClientSecret(),
		Database: filepath.Join(dir, "bonafide.db"), NPMRegistry: world.NPMURL, Trust: trust, Workers: 2, TryFor: time.Second, Demo: true, Hurry: true, Version: "test", Logger: zerolog.New(io.Discard),
	})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(world.GitHub.SetCallbackURL(public + "/login/callback"))
	must(world.GitHub.SetWebhookURL(public + "/api/github/hook"))
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- server.Run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	repo, err := world.GitHub.CreateRepository(ctx, forge.RepositorySpec{Owner: "acme", Name: "shop", Files: forge.Files{"package-lock.json": forge.Text(locked(t, "1.0.0"))}})
	must(err)
	world.GitHub.AddPerson(sandbox.Maintainer)
	repo.Grant(sandbox.Maintainer, "admin")
	_, err = world.GitHub.Install(ctx, "acme", repo)
	must(err)
	_, err = repo.Push(ctx, forge.Change{Branch: "update", Files: forge.Files{"package-lock.json": forge.Text(locked(t, "1.0.1"))}})
	must(err)
	_, err = repo.OpenPull(ctx, forge.PullSpec{Head: "update"})
	must(err)
	patience, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	must(server.Idle(patience))
	return demo{github: world.GitHub.URL(), pages: public}
}

func TestBrowserShowsHostileNamesHarmlessly(t *testing.T) {
	b, source := newBrowser(t), axe(t)
	d := startHostile(t)
	p := b.person(t)
	p.running = true // scripts, if there are any
	p.do("let scripts run", scripts(true))
	d.signIn(p, owner)
	pages := d.crawl(p, "/r/acme/shop", 1)
	for _, needed := range []string{"/r/OWNER/NAME?", "/r/OWNER/NAME/packages?", "/r/OWNER/NAME/history?", "/r/OWNER/NAME/pull/N/SHA?", "/r/OWNER/NAME/pull/N/SHA/package?id"} {
		if pages[needed] == "" {
			t.Errorf("no page leads to %s", needed)
		}
	}
	p.complaints()
	for k, at := range pages {
		p.sound(k, at, 200, source)
		if title := value[string](p, "document.title"); title == "taken" || !strings.HasSuffix(title, " · Bonafide") {
			t.Errorf("%s: the title is %q", k, title)
		}
		if found := value[int](p, `document.querySelectorAll("img, base, meta[http-equiv], iframe, object, [onload], [onerror], [onmouseover]").length`); found > 0 && k != "/r/OWNER/NAME?" { // which shows the badge
			t.Errorf("%s has %d elements that it must not have", k, found)
		}
		for _, link := range value[[]string](p, `[...document.links].map(a => a.href)`) {
			if !strings.HasPrefix(link, d.pages) && !strings.HasPrefix(link, d.github) && !strings.HasPrefix(link, "https://") {
				t.Errorf("%s links to %s", k, link)
			}
		}
	}
}

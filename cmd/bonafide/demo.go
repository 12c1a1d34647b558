package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/sandbox"
)

const (
	// demoTryFor is how long the demo asks again for what it cannot know: long enough
	// to see that it does, short enough to wait for.
	demoTryFor = 5 * time.Second
	// demoPatience bounds the whole demonstration. It takes about as long as demoTryFor.
	demoPatience = time.Minute
)

type demoCommand struct {
	Once   bool   `help:"Print one line per sample and incident (name, conclusion, rules) and exit."`
	Listen string `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Where the pages of the demo's GitHub are served (${default}: a free port)."`
	Pages  string `name:"pages-listen" default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Where the App's own pages are served (${default}: a free port)."`
	Log    bool   `help:"Show the server's log on stderr."`
}

// Run starts the real server on an embedded database, with a GitHub and a registry
// of its own, and shows what it makes of the sample pull requests.
func (c *demoCommand) Run(ctx context.Context, tty terminal) (err error) {
	dir, err := os.MkdirTemp("", "bonafide-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system clears its temporary folder anyway
	world, err := sandbox.New(ctx, dir, c.Listen)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { _ = world.Close() }() // the demo is over

	log := zerolog.Nop()
	if c.Log {
		log = logger(tty.err, "info", "console")
	}
	pages, err := listen(ctx, "--pages-listen", c.Pages)
	if err != nil {
		return err
	}
	operator, err := sandbox.Listen(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("demo: %w", err), pages.Close())
	}
	public := "http://" + pages.Addr().String()
	server, err := demoServer(ctx, world, dir, log, app.Options{Listener: pages, Operator: operator, PublicURL: public})
	if err != nil {
		return errors.Join(fmt.Errorf("demo: %w", err), pages.Close(), operator.Close())
	}
	if err := world.GitHub.SetWebhookURL(public + "/api/github/hook"); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- server.Run(running) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()

	fmt.Fprintln(tty.err, "The whole App on this machine, offline. The GitHub, the registry and the Sigstore are the demo's own: nothing it verifies is trusted anywhere else.")
	patience, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	shop, err := world.OpenSamples(patience)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	incidents, err := world.OpenIncidents(patience)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if !c.Once {
		fmt.Fprintf(tty.out, "\nOpen %s to see every check run and comment as GitHub would show it.\n\n", world.GitHub.URL())
	}
	if err := server.Idle(patience); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	var missing error
	for _, scene := range []sandbox.Scene{shop, incidents} {
		for _, o := range scene.Samples {
			line, err := outcome(patience, server, scene, o)
			missing = errors.Join(missing, err)
			fmt.Fprintln(tty.out, line)
		}
	}
	if missing != nil || c.Once {
		return missing
	}
	if err := seedPast(patience, world, server, shop); err != nil {
		fmt.Fprintln(tty.err, "The shop has no history to show:", err)
	}
	show(tty.out, "Invented pull requests, one for each kind of verdict:", shop)
	show(tty.out, "Real attacks, re-enacted with made-up contents and judged by the defaults:", incidents)
	showPages(tty.out, public, "http://"+operator.Addr().String(), shop)
	fmt.Fprintf(tty.out, "\nAll of them: %s   (Ctrl-C ends the demo)\n", world.GitHub.URL())
	<-ctx.Done()
	return nil
}

// demoServer is the App as `bonafide serve` runs it, but for its trust root.
func demoServer(ctx context.Context, world *sandbox.World, dir string, log zerolog.Logger, o app.Options) (*app.App, error) {
	trust, err := provenance.LoadTrust(world.Sigstore.TrustedRoot(), world.Sigstore.KeysTUF())
	if err != nil {
		return nil, err
	}
	o.AppID, o.PrivateKey, o.WebhookSecret = world.GitHub.AppID(), world.GitHub.PrivateKeyPEM(), sandbox.WebhookSecret
	o.APIURL, o.GitHubURL = world.GitHub.APIURL(), strings.TrimSuffix(world.GitHub.URL(), "/")
	o.Database, o.NPMRegistry, o.Trust = filepath.Join(dir, "bonafide.db"), world.NPMURL, trust
	o.Workers, o.TryFor, o.Demo, o.Hurry, o.Version, o.Logger = 4, demoTryFor, true, true, "demo", log
	if err := signIns(world.GitHub, &o); err != nil {
		return nil, err
	}
	return app.New(ctx, o)
}

// outcome is what stands on the sample's head commit: its name, the check's
// conclusion, and the rules with findings as the stored reports have them.
func outcome(ctx context.Context, server *app.App, scene sandbox.Scene, o sandbox.Opened) (string, error) {
	runs := scene.Repository.LatestCheckRuns(o.HeadSHA)
	if len(runs) != 1 || runs[0].Status != "completed" {
		return o.Name + " no completed check run", fmt.Errorf("the sample %s has no completed check run", o.Name)
	}
	var rules []string
	for _, p := range o.Pulls {
		stored, err := server.Report(ctx, scene.Installation.ID, scene.Repository.Owner, scene.Repository.Name, p.Number, o.HeadSHA)
		if err != nil {
			return o.Name + " no report", err
		}
		var doc struct {
			Findings []struct {
				Rule string `json:"rule"`
			} `json:"findings"`
		}
		if err := json.Unmarshal(stored, &doc); err != nil {
			return o.Name + " no report", err
		}
		for _, f := range doc.Findings {
			rules = append(rules, f.Rule)
		}
	}
	slices.Sort(rules)
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", o.Name, runs[0].Conclusion, strings.Join(slices.Compact(rules), ","))), nil
}

// show lists the pull requests of a scene.
func show(w io.Writer, heading string, scene sandbox.Scene) {
	fmt.Fprintf(w, "\n%s\n\n", heading)
	for _, o := range scene.Samples {
		for _, p := range o.Pulls {
			fmt.Fprintf(w, "%s\n    %s\n", p.URL(), o.Story)
		}
	}
}

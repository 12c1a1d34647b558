package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide"
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/outbound"
	"github.com/bonafide-app/bonafide/app/registered"
	"github.com/bonafide-app/bonafide/app/web/setup"
	"github.com/bonafide-app/bonafide/config"
)

type setupCommand struct {
	config.App
	CAFile string `name:"ca-file" env:"BONAFIDE_CA_FILE" type:"path" placeholder:"FILE" help:"Certificate authorities (PEM) for TLS, in addition to the system's."`

	Check  bool   `help:"Hold a registered App against what it must be: permissions, events, webhook, address, clock, and whether its check is required with it as the source. Without this flag the App is made."`
	Format string `default:"table" enum:"table,json" help:"How --check shows it: ${enum} (${default})."`
	Print  string `default:"no" enum:"no,kubernetes,systemd" help:"Print the commands that store the credentials there, secrets and all, instead of writing them to --credentials: ${enum} (${default})."`
}

// Run makes the App, or checks it.
func (c *setupCommand) Run(ctx context.Context, tty terminal) error {
	if err := c.ValidateSetup(); err != nil {
		return &statusError{exitUsage, err}
	}
	if c.Check {
		return c.check(ctx, tty)
	}
	page := setupPage{app: &c.App, caFile: c.CAFile, next: "Start the server with them: bonafide serve.", keep: storeIn(c.Folder), kept: "in the folder " + c.Folder, log: logger(tty.err, "info", "console")}
	if c.Print != "no" {
		page.kept, page.next = "in the commands on the terminal that began this", "Run the commands that the terminal shows where the server is to be, and start it there."
		page.keep = func(r config.Registration) error { return printed(tty.out, c.Print, r) }
	} else if err := config.MayStore(c.Folder); err != nil {
		return &statusError{exitUsage, err}
	}
	r, err := page.open(ctx, tty)
	if err != nil {
		return err
	}
	if c.Print == "no" {
		fmt.Fprintf(tty.err, "The App %s is made. Its credentials are in %s; start the server: bonafide serve --credentials %[2]s\n", r.Slug, c.Folder)
	}
	return nil
}

// storeIn keeps credentials in a folder.
func storeIn(dir string) func(config.Registration) error {
	return func(r config.Registration) error { return r.Store(dir) }
}

// setupPage is the page that makes the App, and what is done with what it gives.
type setupPage struct {
	app        *config.App
	caFile     string
	keep       func(config.Registration) error
	kept, next string
	log        zerolog.Logger
}

// open shows the link to the page, and waits until the App is made.
func (s setupPage) open(ctx context.Context, tty terminal) (config.Registration, error) {
	fail := func(err error) (config.Registration, error) { return config.Registration{}, err }
	github, err := s.app.GitHub()
	if err != nil {
		return fail(&statusError{exitUsage, err})
	}
	manifest, err := registered.Parse(bonafide.Manifest())
	if err != nil {
		return fail(err)
	}
	if s.app.PublicURL != "" {
		if _, err := setup.PublicAddress(s.app.PublicURL, github.Web); err != nil {
			return fail(usage("--public-url: %w", err))
		}
	}
	route, err := outbound.Environment(s.caFile)
	if err != nil {
		return fail(&statusError{exitUsage, err})
	}
	convert, err := checks.Converter(checks.ClientConfig{APIURL: github.API, UserAgent: "bonafide/" + moduleVersion(), Transport: checks.Transport(route)})
	if err != nil {
		return fail(&statusError{exitUsage, err})
	}
	listener, err := listen(ctx, "--setup-listen", s.app.SetupListen)
	if err != nil {
		return fail(err)
	}
	page, err := setup.New(setup.Options{
		Address: listener.Addr().String(), Manifest: manifest, GitHub: github.Web, PublicURL: s.app.PublicURL, Org: s.app.Org,
		Convert: convert, Keep: s.keep, Kept: s.kept, Next: s.next, Clock: time.Now, Logger: s.log,
	})
	if err != nil {
		return fail(errors.Join(&statusError{exitUsage, err}, listener.Close()))
	}
	fmt.Fprintf(tty.err, "There are no credentials of an App yet. Open this link in a browser on this machine to make one; it is good once, and for an hour:\n\n    %s\n\n", page.Link())
	r, err := page.Run(ctx, listener)
	switch {
	case errors.Is(err, setup.ErrExpired):
		return fail(&statusError{exitUsage, err})
	case errors.Is(err, context.Canceled):
		return fail(&statusError{exitCouldNotCheck, errors.New("stopped: no credentials were stored")})
	}
	return r, err
}

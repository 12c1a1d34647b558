package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/mask"
	"github.com/bonafide-app/bonafide/app/outbound"
	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/config"
)

type serveCommand struct {
	config.Server
}

// Run serves until SIGTERM or an interrupt, then drains.
func (c *serveCommand) Run(ctx context.Context, tty terminal) error {
	made, err := c.settle(ctx, tty)
	if err != nil {
		return err
	}
	if err := c.Validate(); err != nil {
		return &statusError{exitUsage, err}
	}
	credentials, err := c.Credentials()
	if err != nil {
		return &statusError{exitUsage, err}
	}
	github, err := c.GitHub()
	if err != nil {
		return &statusError{exitUsage, err}
	}
	people, err := c.People()
	if err != nil {
		return &statusError{exitUsage, err}
	}
	route, err := outbound.Environment(c.CAFile)
	if err != nil {
		return &statusError{exitUsage, err}
	}
	trust, err := loadTrust(c.Evidence)
	if err != nil {
		return usage("%w; --trusted-root takes a Sigstore trusted_root.json, --npm-keys the answer of the registry's /-/npm/v1/keys", err)
	}
	registries, err := readRegistries(c.Evidence, tty)
	if err != nil {
		return err
	}
	if err := writable(c.CacheDir); err != nil {
		return usage("--cache-dir %s: name a folder that this user may write to: %v", c.CacheDir, err)
	}
	app.LimitMemory()
	listener, err := listen(ctx, "--listen", c.Listen)
	if err != nil {
		return err
	}
	secrets := append(route.Secrets(), credentials.WebhookSecret.Reveal(), credentials.PrivateKey.Reveal(), people.Secret.Reveal(), password(c.Database.Reveal()))
	for _, one := range registries.All {
		secrets = append(secrets, one.Token.Reveal())
	}
	masker := mask.New(secrets...)
	log := logger(masker.Writer(tty.err), c.LogLevel, c.LogFormat)
	if !made { // else it is as it must be, and some of GitHub may not know of it yet
		if err := atGitHub(ctx, credentials, github, people, route, log); err != nil {
			return errors.Join(&statusError{exitUsage, masked(masker, err)}, listener.Close())
		}
	}
	operator, err := listenForOperators(ctx, c.Operator(), log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	record, closeRecord, err := auditLog(c.AuditLog, tty.out, masker)
	if err != nil {
		listener.Close()
		if operator != nil {
			operator.Close()
		}
		return err
	}
	defer closeRecord()
	server, err := app.New(ctx, app.Options{
		Listener: listener, Operator: operator, AppID: credentials.AppID, PrivateKey: []byte(credentials.PrivateKey.Reveal()), WebhookSecret: credentials.WebhookSecret.Reveal(),
		APIURL: github.API, Database: c.Database.Reveal(), NPMRegistry: c.NPMRegistry, Registries: registries, Route: route, TUFMirror: c.TUFMirror, Trust: trust, CacheDir: c.CacheDir,
		Workers: c.Workers, TryFor: c.TryFor, Rounds: app.Rounds{SweepEvery: c.SweepEvery, ReconcileEvery: c.ReconcileEvery},
		KeepReports: c.KeepReports, AuditLog: record,
		PublicURL: people.PublicURL, GitHubURL: github.Web, ClientID: people.ClientID, ClientSecret: people.Secret.Reveal(), PublicReports: c.PublicReports,
		RequireOrgPolicy: c.RequireOrgPolicy, Version: moduleVersion(), Logger: log,
	})
	if err != nil {
		listener.Close()
		if operator != nil {
			operator.Close()
		}
		if ctx.Err() != nil { // it was stopped before it had begun
			return nil
		}
		status := exitUsage
		if errors.Is(err, store.ErrAway) { // no setting is wrong: who supervises it may start it again
			status = exitCouldNotCheck
		}
		return &statusError{status, masked(masker, err)}
	}
	return masked(masker, server.Run(ctx))
}

// listen listens where a flag says.
func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, usage("%s %s: another program listens there: stop it, or choose another port", flag, address)
	case err != nil:
		return nil, usage("%s %s: choose an address of this machine and a port that this user may listen on: %v", flag, address, err)
	}
	return listener, nil
}

// masked is the error itself where it shows no secret.
func masked(m mask.Masker, err error) error {
	if err == nil || m.Text(err.Error()) == err.Error() {
		return err
	}
	return errors.New(m.Text(err.Error()))
}

// password is that of a database's address, "" where it is none or has none.
func password(database string) string {
	u, err := url.Parse(database)
	if err != nil {
		return ""
	}
	p, _ := u.User.Password()
	return p
}

// writable makes a folder where it is missing and tries to write to it. "" is none.
func writable(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// logger writes structured logs. The level was checked when the flags were read.
func logger(w io.Writer, level, format string) zerolog.Logger {
	if format == "console" {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.RFC3339}
	}
	at, err := zerolog.ParseLevel(level)
	if err != nil {
		at = zerolog.InfoLevel
	}
	return zerolog.New(w).Level(at).With().Timestamp().Logger()
}

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
	"github.com/bonafide-app/bonafide/config"
)

type serveCommand struct {
	config.Server
}

// Run serves until SIGTERM or an interrupt, then drains.
func (c *serveCommand) Run(ctx context.Context, tty terminal) error {
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
	trust, err := loadTrust(c.Evidence)
	if err != nil {
		return usage("%w; --trusted-root takes a Sigstore trusted_root.json, --npm-keys the answer of the registry's /-/npm/v1/keys", err)
	}
	if err := writable(c.CacheDir); err != nil {
		return usage("--cache-dir %s: name a folder that this user may write to: %v", c.CacheDir, err)
	}
	app.LimitMemory()
	listener, err := listen(ctx, "--listen", c.Listen)
	if err != nil {
		return err
	}
	var metrics net.Listener
	if c.MetricsListen != "" {
		if metrics, err = listen(ctx, "--metrics-listen", c.MetricsListen); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	masker := mask.New(credentials.WebhookSecret.Reveal(), credentials.PrivateKey.Reveal(), password(c.Database.Reveal()))
	server, err := app.New(ctx, app.Options{
		Listener: listener, Metrics: metrics, AppID: credentials.AppID, PrivateKey: []byte(credentials.PrivateKey.Reveal()), WebhookSecret: credentials.WebhookSecret.Reveal(),
		APIURL: github.API, Database: c.Database.Reveal(), NPMRegistry: c.NPMRegistry, CAFile: c.CAFile, Trust: trust, CacheDir: c.CacheDir,
		Workers: c.Workers, TryFor: c.TryFor, Rounds: app.Rounds{SweepEvery: c.SweepEvery, ReconcileEvery: c.ReconcileEvery},
		RequireOrgPolicy: c.RequireOrgPolicy, Version: moduleVersion(), Logger: logger(masker.Writer(tty.err), c.LogLevel, c.LogFormat),
	})
	if err != nil {
		listener.Close()
		if metrics != nil {
			metrics.Close()
		}
		return &statusError{exitUsage, masked(masker, err)}
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

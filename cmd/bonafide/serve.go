package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app"
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
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", c.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return usage("--listen %s: another program listens there: stop it, or choose another port", c.Listen)
	case err != nil:
		return usage("--listen %s: choose an address of this machine and a port that this user may listen on: %v", c.Listen, err)
	}
	server, err := app.New(ctx, app.Options{
		Listener: listener, AppID: credentials.AppID, PrivateKey: []byte(credentials.PrivateKey.Reveal()), WebhookSecret: credentials.WebhookSecret.Reveal(),
		APIURL: github.API, Database: c.Database, NPMRegistry: c.NPMRegistry, CAFile: c.CAFile, Trust: trust, CacheDir: c.CacheDir,
		Workers: c.Workers, TryFor: c.TryFor, RequireOrgPolicy: c.RequireOrgPolicy, Version: moduleVersion(), Logger: logger(tty.err, c.LogLevel, c.LogFormat),
	})
	if err != nil {
		listener.Close()
		return &statusError{exitUsage, err}
	}
	return server.Run(ctx)
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

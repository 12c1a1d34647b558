package main

import (
	"context"
	"io"
	"net"
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
		return err
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return usage("--listen %s: %v", c.Listen, err)
	}
	server, err := app.New(ctx, app.Options{
		Listener: listener, AppID: credentials.AppID, PrivateKey: []byte(credentials.PrivateKey.Reveal()), WebhookSecret: credentials.WebhookSecret.Reveal(),
		APIURL: github.API, Database: c.Database, NPMRegistry: c.NPMRegistry, CAFile: c.CAFile, Trust: trust, CacheDir: c.CacheDir,
		Workers: c.Workers, TryFor: c.TryFor, Version: moduleVersion(), Logger: logger(tty.err, c.LogLevel, c.LogFormat),
	})
	if err != nil {
		listener.Close()
		return &statusError{exitUsage, err}
	}
	return server.Run(ctx)
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

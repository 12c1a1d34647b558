package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/bonafide-app/bonafide/app/web"
	"github.com/bonafide-app/bonafide/config"
)

// settle finds the App's credentials: in flags and variables, in their folder, or, where
// there are none, by the set-up page, which makes an App: made. Meanwhile --listen says that
// it is alive.
func (c *serveCommand) settle(ctx context.Context, tty terminal) (made bool, err error) {
	notes, err := c.Open()
	for _, note := range notes {
		tty.complain(note)
	}
	switch {
	case err == nil:
		return false, nil
	case !errors.Is(err, config.ErrNoCredentials):
		return false, &statusError{exitUsage, err}
	}
	if err := c.Validate(); err != nil { // before anybody makes an App that cannot be served
		return false, &statusError{exitUsage, err}
	}
	if err := config.MayStore(c.Folder); err != nil {
		return false, &statusError{exitUsage, err}
	}
	listener, err := listen(ctx, "--listen", c.Listen)
	if err != nil {
		return false, err
	}
	c.Listen = listener.Addr().String() // where a free port was asked for, it is this one
	waiting := &http.Server{
		Handler: web.Waiting(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = waiting.Serve(listener) }() // it ends below
	defer func() { _ = waiting.Close(); <-ended }()
	page := setupPage{app: &c.App, caFile: c.CAFile, next: "The server goes on by itself with the App that was made.", keep: storeIn(c.Folder), kept: "in the folder " + c.Folder}
	page.log = logger(tty.err, c.LogLevel, c.LogFormat)
	r, err := page.open(ctx, tty)
	if err != nil {
		return false, err
	}
	if err := c.Take(r); err != nil {
		return false, &statusError{exitUsage, err}
	}
	return true, nil
}

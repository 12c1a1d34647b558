package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide"
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/mask"
	"github.com/bonafide-app/bonafide/app/outbound"
	"github.com/bonafide-app/bonafide/app/registered"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/web/setup"
	"github.com/bonafide-app/bonafide/config"
)

// check holds a registered App against what it must be.
func (c *setupCommand) check(ctx context.Context, tty terminal) error {
	notes, err := c.Open()
	for _, note := range notes {
		tty.complain(note)
	}
	if errors.Is(err, config.ErrNoCredentials) {
		return usage("there are no credentials in %s: make the App first (bonafide setup), name its folder with --credentials, or set --app-id, --private-key-file and --webhook-secret-file", c.Folder)
	}
	if err != nil {
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
	if c.PublicURL != "" {
		if c.PublicURL, err = setup.PublicAddress(c.PublicURL, github.Web); err != nil {
			return usage("--public-url: %w", err)
		}
	}
	route, err := outbound.Environment(c.CAFile)
	if err != nil {
		return &statusError{exitUsage, err}
	}
	manifest, err := registered.Parse(bonafide.Manifest())
	if err != nil {
		return err
	}
	userAgent := "bonafide/" + moduleVersion()
	clients, err := checks.NewClientCreator(checks.ClientConfig{
		APIURL: github.API, AppID: credentials.AppID, PrivateKey: []byte(credentials.PrivateKey.Reveal()), UserAgent: userAgent,
		Transport: checks.Transport(route),
	})
	if err != nil {
		return &statusError{exitUsage, err}
	}
	forge, err := checks.New(clients, checks.Options{AppID: credentials.AppID})
	if err != nil {
		return err
	}
	lines, err := registered.Check(ctx, registered.Options{
		GitHub: forge.Registered(), Manifest: manifest, Check: checks.DefaultName, Web: github.Web, PublicURL: c.PublicURL,
		AppID: credentials.AppID, ClientID: c.ClientID, Reach: registered.Reacher(userAgent, route), Clock: time.Now,
	})
	if err != nil {
		return err
	}
	masker := mask.New(append(route.Secrets(), credentials.WebhookSecret.Reveal(), credentials.PrivateKey.Reveal(), c.ClientSecret.Reveal())...)
	if err := showLines(tty, masker, c.Format, lines); err != nil {
		return err
	}
	if registered.Worst(lines) == registered.Fail {
		return &statusError{status: exitFailed}
	}
	return nil
}

// showLines prints what a check says.
func showLines(tty terminal, masker mask.Masker, format string, lines []registered.Line) error {
	for i := range lines {
		lines[i].Says = masker.Text(lines[i].Says)
	}
	if format == "json" {
		encoder := json.NewEncoder(tty.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			Schema string            `json:"schema"`
			State  registered.State  `json:"state"`
			Lines  []registered.Line `json:"lines"`
		}{"bonafide.setup/v1", registered.Worst(lines), lines})
	}
	w := &printer{w: tty.out}
	width := 0
	for _, l := range lines {
		width = max(width, len(l.Subject))
	}
	for _, l := range lines {
		w.printf("%-4s  %-*s  %s\n", l.State, width, report.Terminal(l.Subject), report.Visible(l.Says))
		for _, more := range []string{l.Do, l.At} {
			if more != "" {
				w.printf("%s%s\n", strings.Repeat(" ", width+8), report.Visible(more))
			}
		}
	}
	counts := map[registered.State]int{}
	for _, l := range lines {
		counts[l.State]++
	}
	w.printf("\n%d ok, %d to look at (warn), %d to mend (fail).\n", counts[registered.OK], counts[registered.Warn], counts[registered.Fail])
	return w.err
}

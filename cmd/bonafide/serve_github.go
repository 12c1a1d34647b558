package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide"
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/outbound"
	"github.com/bonafide-app/bonafide/app/registered"
	"github.com/bonafide-app/bonafide/config"
)

// atGitHub asks GitHub whether this is an App that a server can work as. What is wrong and
// will not mend itself is an error; everything else goes to the log.
func atGitHub(ctx context.Context, c config.Credentials, github config.GitHub, people config.People, route outbound.Route, log zerolog.Logger) error {
	manifest, err := registered.Parse(bonafide.Manifest())
	if err != nil {
		return err
	}
	clients, err := checks.NewClientCreator(checks.ClientConfig{
		APIURL: github.API, AppID: c.AppID, PrivateKey: []byte(c.PrivateKey.Reveal()), UserAgent: "bonafide/" + moduleVersion(), Transport: checks.Transport(route),
	})
	if err != nil {
		return err
	}
	forge, err := checks.New(clients, checks.Options{AppID: c.AppID})
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range registered.Start(ctx, registered.Options{
		GitHub: forge.Registered(), Manifest: manifest, Web: github.Web, PublicURL: people.PublicURL, AppID: c.AppID, ClientID: people.ClientID, Clock: time.Now,
	}) {
		switch {
		case l.State == registered.Fail:
			errs = append(errs, unfit(l))
		case ctx.Err() == nil: // who is stopped says nothing of GitHub
			log.Warn().Str("part", "start").Str("about", l.Subject).Str("do", strings.TrimSpace(l.Do+" "+l.At)).Msg(l.Says)
		}
	}
	return errors.Join(errs...)
}

// unfit is what a start says of an App that no server can work as.
func unfit(l registered.Line) error {
	says := l.Subject + ": " + l.Says + " " + l.Do + " "
	if l.At != "" {
		says += "It is at " + l.At + " and "
	}
	return errors.New(says + "`bonafide setup --check` says whether all is well then")
}

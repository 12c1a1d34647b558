package checks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"sync"

	"github.com/bonafide-app/bonafide/app/registered"
	"github.com/bonafide-app/bonafide/config"
)

// codeShape is what a manifest's code can look like. It becomes a part of an address.
var codeShape = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9_-]{8,200}$`)
})

// ManifestCode says whether something can be the code of a manifest.
func ManifestCode(code string) bool { return codeShape().MatchString(code) }

// Converter exchanges the code that GitHub gives for a manifest for the App that it has
// made: once, and within an hour. No token is needed, as the code is one. The
// config needs no App. What is given back was not validated. Errors are sentences.
func Converter(c ClientConfig) (func(ctx context.Context, code string) (registered.App, config.Registration, error), error) {
	api, err := apiAddress(c.APIURL)
	if err != nil {
		return nil, err
	}
	client := &http.Client{
		Timeout: RequestTimeout, Transport: watch(api, newTransport(api, c.Transport), c.Seen),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, code string) (registered.App, config.Registration, error) {
		none := func(format string, args ...any) (registered.App, config.Registration, error) {
			return registered.App{}, config.Registration{}, fmt.Errorf(format, args...)
		}
		if !ManifestCode(code) {
			return none("the code is none that GitHub gives")
		}
		at := *api
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, at.JoinPath("app-manifests", code, "conversions").String(), nil)
		if err != nil {
			return none("ask GitHub for the App: the address of its API is none")
		}
		r.Header.Set("Accept", "application/vnd.github+json")
		r.Header.Set("User-Agent", c.UserAgent)
		resp, err := client.Do(r)
		if err != nil {
			return none("GitHub could not be reached for the App: %w", unaddressed(err)) // the address has the code in it
		}
		defer func() { _ = resp.Body.Close() }() // it was only read
		switch {
		case resp.StatusCode == http.StatusNotFound:
			return none("GitHub does not know the code any more: it is good once, and for an hour")
		case resp.StatusCode == http.StatusUnprocessableEntity:
			return none("GitHub refuses the code, as after too many attempts; try again in an hour")
		case resp.StatusCode != http.StatusCreated:
			return none("GitHub answered %d to the request for the App", resp.StatusCode)
		}
		var answer struct {
			description
			ClientSecret  string `json:"client_secret"`
			WebhookSecret string `json:"webhook_secret"` // null where the manifest has no webhook
			PEM           string `json:"pem"`
		}
		if err := json.NewDecoder(io.LimitReader(resp.Body, MaxManifestBytes)).Decode(&answer); err != nil {
			return none("GitHub's answer is not an App")
		}
		a := answer.app()
		return a, config.Registration{
			ID: a.ID, Slug: a.Slug, Name: a.Name, HTMLURL: a.URL, ClientID: a.ClientID, Owner: a.Owner,
			PrivateKey: config.NewSecret(answer.PEM), WebhookSecret: config.NewSecret(answer.WebhookSecret), ClientSecret: config.NewSecret(answer.ClientSecret),
		}, nil
	}, nil
}

// unaddressed is an error of a request without the request's address.
func unaddressed(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// healthTimeout ends the question: a server that takes longer to say that it is alive is not.
const healthTimeout = 3 * time.Second

// healthCommand asks a server whether it is alive: an image without a shell has no
// other program that could.
type healthCommand struct {
	URL string `name:"url" env:"BONAFIDE_HEALTHCHECK_URL" default:"http://127.0.0.1:8080/healthz" help:"What to ask; /readyz says whether deliveries can be stored (${default})."`
}

// Run ends with 0 where the answer is 200 within three seconds, else with 1 and a sentence.
func (c *healthCommand) Run(ctx context.Context) error {
	address, err := url.Parse(c.URL)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return usage("--url %s: give an address like http://127.0.0.1:8080/healthz", c.URL)
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return usage("--url %s: %w", c.URL, err)
	}
	// Neither through a proxy nor to where an answer leads: it is this server's own word.
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return unhealthy("%w: is the server started, and does it listen there?", err)
	}
	response.Body.Close() // the status says it all
	if response.StatusCode != http.StatusOK {
		return unhealthy("%s answers %s", address.Redacted(), response.Status)
	}
	return nil
}

func unhealthy(format string, args ...any) error {
	return &statusError{exitFailed, fmt.Errorf("not healthy: "+format, args...)}
}

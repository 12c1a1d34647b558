package checks

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/google/go-github/v62/github"
	"github.com/palantir/go-githubapp/githubapp"
)

// ClientConfig says which GitHub is called, and as which App.
type ClientConfig struct {
	APIURL     string // "https://api.github.com/"; plain http only for a loopback address
	AppID      int64
	PrivateKey []byte // PEM, PKCS #1 or #8
	UserAgent  string // "bonafide/1.2.3"
	// Transport sends the requests; nil: that of a route straight to GitHub.
	Transport http.RoundTripper
	// Seen is told of every request that was sent; may be nil.
	Seen func(Call)
}

// Clients makes GitHub clients and keeps those of the installations used last, each
// with its token and its memory of rate limits.
type Clients struct {
	githubapp.ClientCreator

	mu            sync.Mutex // so that two jobs of an installation share one client
	installations *lru[int64, *github.Client]
}

var _ githubapp.ClientCreator = (*Clients)(nil)

// NewClientCreator makes the client creator for New. It refuses an address that is
// not GitHub's API over TLS, and a key that does not parse.
func NewClientCreator(c ClientConfig) (*Clients, error) {
	api, err := apiAddress(c.APIURL)
	switch {
	case err != nil:
		return nil, err
	case c.AppID <= 0:
		return nil, fmt.Errorf("the App id is %d: it must be the number that GitHub shows as App ID", c.AppID)
	case c.UserAgent == "":
		return nil, errors.New("the user agent is empty: GitHub refuses requests without one")
	}
	clients := &Clients{
		ClientCreator: githubapp.NewClientCreator(api.String(), graphql(api), c.AppID, c.PrivateKey,
			githubapp.WithClientUserAgent(c.UserAgent),
			githubapp.WithClientTimeout(RequestTimeout),
			githubapp.WithTransport(watch(api, newTransport(api, c.Transport), c.Seen))),
		installations: newLRU[int64, *github.Client](MaxClients),
	}
	if _, err := clients.NewAppClient(); err != nil {
		return nil, fmt.Errorf("the App's private key: %w", err)
	}
	return clients, nil
}

// apiAddress reads the address of a GitHub's API.
func apiAddress(address string) (*url.URL, error) {
	api, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the API address: %w", err)
	case api.Host == "" || api.User != nil || api.RawQuery != "" || api.Fragment != "":
		return nil, fmt.Errorf("the API address %q is not one: write https://api.github.com/ or https://HOST/api/v3/", api.Redacted())
	case api.Scheme != "https" && (api.Scheme != "http" || !loopback(api.Hostname())):
		return nil, fmt.Errorf("the API address %q must begin with https://", api.Redacted())
	}
	return api, nil
}

// NewInstallationClient returns the installation's client, the kept one if there is.
func (c *Clients) NewInstallationClient(id int64) (*github.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.installations.get(id); ok {
		return client, nil
	}
	client, err := c.ClientCreator.NewInstallationClient(id)
	if err != nil {
		return nil, err
	}
	c.installations.put(id, client, 1)
	return client, nil
}

// Forget drops an installation's client with its token: GitHub refused the token,
// or the installation was suspended or deleted.
func (c *Clients) Forget(id int64) { c.installations.take(id) }

// graphql is the GraphQL address beside a REST one: GitHub Enterprise Server has
// /api/v3 and /api/graphql.
func graphql(api *url.URL) string {
	base := strings.TrimSuffix(api.String(), "/")
	return strings.TrimSuffix(base, "/v3") + "/graphql"
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

package forge

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say which App the server knows and how it behaves.
type Options struct {
	AppID  int64  // default 1001
	Slug   string // default "bonafide"; the App's user is slug[bot]
	Secret string // the webhook secret; required, as an empty one would sign nothing
	// URL is where Handler is reached ("http://127.0.0.1:1234"); WebhookURL is where
	// deliveries go. Both may be set later, before the first use.
	URL        string
	WebhookURL string
	// Permissions and Events of the App; the defaults are what app.yml asks for.
	Permissions map[string]string
	Events      []string
	// Clock is the time of everything but commits; default time.Now. Tokens expire by it.
	Clock func() time.Time
	// Epoch is the date of the first commit; each further one is a second later, so
	// that the same calls give the same SHAs. Default 2026-01-01T00:00:00Z.
	Epoch time.Time
	// Client sends the webhooks; default is one with GitHub's ten seconds.
	Client *http.Client
	// ClientID and ClientSecret are what people sign in with; both have a default.
	// CallbackURL is where they are sent back to; it may be set later.
	ClientID, ClientSecret, CallbackURL string
	// RateLimit is the number of requests an hour and installation, default 5,000.
	RateLimit int
}

// Quirks are behaviours that GitHub shows in some places only.
type Quirks struct {
	// MultiSelectProperties gives every repository a custom property with several values.
	MultiSelectProperties bool
	// TruncateTrees cuts every recursive tree after its first entry.
	TruncateTrees bool
	// NoPullsOfForkCommits leaves commits/SHA/pulls empty for commits of forks.
	NoPullsOfForkCommits bool
	// NoHiding refuses Apps to minimise comments, their own too.
	NoHiding bool
}

// Server is one GitHub. It is safe for concurrent use.
type Server struct {
	dir     string
	program string // git
	app     app
	client  *http.Client
	clock   func() time.Time
	handler http.Handler
	outbox  *outbox
	closed  chan struct{}
	closing sync.Once

	mu            sync.RWMutex // guards all below, and the fields of what it holds
	url           string
	webhookURL    string
	quirks        Quirks
	rateLimit     int
	epoch         time.Time
	lastID        int64
	users         map[string]*user // by login, lower case
	repositories  []*Repository
	upstreams     map[string]*Upstream // by full name, lower case
	advisories    []Advisory
	installations []*Installation
	runs          []*checkRun
	suites        []*checkSuite
	others        map[string]*app // Apps that are not ours, by slug
	lastDated     int             // commits dated so far
	callbackURL   string
	codes         map[string]*code        // of people who come back from signing in
	personTokens  map[string]*personToken // of people who have signed in
	newApps       map[string]newApp       // by the code of their manifest
	hookConfig    HookConfig

	traffic traffic // has a lock of its own
	diffs   diffs   // has a lock of its own
}

// app is a GitHub App.
type app struct {
	id           int64
	slug         string
	secret       string
	clientID     string
	clientSecret string
	permissions  map[string]string
	events       []string
	key          *rsa.PrivateKey
	created      time.Time
	owner        *user
	bot          *user
}

// user is an account: a person, an organisation or an App's bot.
type user struct {
	id    int64
	login string
	kind  string // User, Organization, Bot
}

// New makes a server that keeps its git repositories below dir. Close ends it.
func New(dir string, o Options) (*Server, error) {
	if o.Secret == "" {
		return nil, errors.New("the sandbox GitHub needs a webhook secret: with an empty one every delivery would count as signed")
	}
	for _, u := range []string{o.URL, o.WebhookURL, o.CallbackURL} {
		if err := checkURL(u); err != nil {
			return nil, err
		}
	}
	program, err := findGit()
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if o.AppID == 0 {
		o.AppID = 1001
	}
	if o.Slug == "" {
		o.Slug = "bonafide"
	}
	if o.Permissions == nil {
		o.Permissions = map[string]string{"checks": "write", "contents": "read", "metadata": "read", "pull_requests": "write", "merge_queues": "read"}
	}
	if o.Events == nil {
		o.Events = []string{"pull_request", "pull_request_review", "pull_request_review_comment", "merge_group", "check_run", "check_suite", "push", "release", "repository", "public"}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Epoch.IsZero() {
		o.Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: webhookTimeout}
	}
	if o.ClientSecret == "" {
		o.ClientSecret = strings.ToLower(rand.Text())
	}
	if o.RateLimit == 0 {
		o.RateLimit = defaultRateLimit
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("the App's key: %w", err)
	}
	s := &Server{
		dir: dir, program: program, client: o.Client, clock: o.Clock, closed: make(chan struct{}),
		url: strings.TrimSuffix(o.URL, "/"), webhookURL: o.WebhookURL, rateLimit: o.RateLimit, epoch: o.Epoch.UTC(),
		lastID: 1_000_000, users: map[string]*user{}, upstreams: map[string]*Upstream{}, others: map[string]*app{},
		callbackURL: o.CallbackURL, codes: map[string]*code{}, personTokens: map[string]*personToken{},
	}
	s.app = app{id: o.AppID, slug: o.Slug, secret: o.Secret, clientID: o.ClientID, clientSecret: o.ClientSecret, key: key, created: s.now(),
		permissions: maps.Clone(o.Permissions), events: slices.Clone(o.Events),
		owner: s.user(o.Slug+"-app", "Organization"), bot: s.user(o.Slug+"[bot]", "Bot")}
	s.handler = s.routes()
	s.outbox = newOutbox(s)
	return s, nil
}

func checkURL(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("%q is no http address", raw)
	}
	return nil
}

// Close ends what is on its way: stalled requests and deliveries.
func (s *Server) Close() error {
	s.closing.Do(func() {
		close(s.closed)
		s.outbox.close()
	})
	return nil
}

// Handler serves the REST API below /api/v3/, and the pages.
func (s *Server) Handler() http.Handler { return s.handler }

// SetURL says where Handler is reached.
func (s *Server) SetURL(address string) error {
	if err := checkURL(address); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url = strings.TrimSuffix(address, "/")
	return nil
}

// SetWebhookURL says where deliveries go.
func (s *Server) SetWebhookURL(address string) error {
	if err := checkURL(address); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhookURL = address
	return nil
}

// SetQuirks replaces the quirks.
func (s *Server) SetQuirks(q Quirks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quirks = q
}

// URL is where the pages are; APIURL is where the REST API is, with a slash at its end.
func (s *Server) URL() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.url
}

// APIURL is the base address of the REST API, as go-githubapp's v3_api_url wants it.
func (s *Server) APIURL() string { return s.URL() + "/api/v3/" }

// AppID is the App's number.
func (s *Server) AppID() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.app.id
}

// Slug is the App's name in addresses.
func (s *Server) Slug() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.app.slug
}

// PrivateKeyPEM is the App's private key (PKCS #1), as GitHub hands it out.
func (s *Server) PrivateKeyPEM() []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(s.app.key)})
}

func (s *Server) now() time.Time { return s.clock().UTC().Truncate(time.Second) }

func (s *Server) nextID() int64 {
	s.lastID++
	return s.lastID
}

// nextDate is the date of the next commit.
func (s *Server) nextDate() time.Time {
	at := s.epoch.Add(time.Duration(s.lastDated) * time.Second)
	s.lastDated++
	return at
}

// user finds an account, or opens it.
func (s *Server) user(login, kind string) *user {
	key := strings.ToLower(login)
	if u := s.users[key]; u != nil {
		return u
	}
	u := &user{s.nextID(), login, kind}
	s.users[key] = u
	return u
}

// permits says whether a permission includes an access (read < write < admin).
func permits(permissions map[string]string, name, access string) bool {
	rank := []string{"", "read", "write", "admin"}
	return slices.Index(rank, permissions[name]) >= slices.Index(rank, access)
}

// diffs remembers recent comparisons, so that paging through one does not diff anew.
type diffs struct {
	mu    sync.Mutex
	known map[[3]string][]fileDiff
}

func (d *diffs) of(ctx context.Context, g *git, from, to string) ([]fileDiff, error) {
	key := [3]string{g.dir, from, to}
	d.mu.Lock()
	files, ok := d.known[key]
	d.mu.Unlock()
	if ok {
		return files, nil
	}
	files, err := g.diff(ctx, from, to)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil || len(d.known) >= maxRememberedDiffs {
		d.known = map[[3]string][]fileDiff{}
	}
	d.known[key] = files
	return files, nil
}

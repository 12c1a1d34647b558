package provenance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Times of the refresh. Sigstore's TUF timestamp is valid for days; the trusted root
// changes a few times a year.
const (
	refreshEvery   = 24 * time.Hour
	refreshSoon    = time.Minute // the first try is within this time of the start
	refreshAgain   = time.Hour   // after a failure
	refreshTimeout = 2 * time.Minute

	// patience is how long a command waits for the refresh, which takes four to eight
	// requests one after the other, before it uses what it has. 30 ms away that is a
	// quarter of a second; nobody shall wait longer for a repository that is down.
	patience = 5 * time.Second
)

// The TUF targets: Sigstore's trusted root, and the keys of the npm registry below
// its host.
const (
	targetRoot = "trusted_root.json"
	targetKeys = "registry.npmjs.org/keys.json"
)

// SourceOptions are what a Source can do without.
type SourceOptions struct {
	Repository string       // address of the TUF repository; "": Sigstore's public one
	Root       []byte       // first root of the repository; nil: that of Sigstore's
	CacheDir   string       // keeps TUF metadata between runs, so that no old state can be replayed; "": nothing is kept
	KeysTarget string       // TUF target of the registry's keys; "": those of registry.npmjs.org
	Client     *http.Client // nil: a plain one; redirects to another host are refused in any case
	Now        func() time.Time
	Log        zerolog.Logger // the zero Logger is silent
}

// Source holds the trust root that is current and refreshes it through TUF. It is
// safe for concurrent use. Nothing waits for a refresh: what ships with Bonafide is
// good until something newer has been verified.
type Source struct {
	current    atomic.Pointer[TrustRoot]
	options    tuf.Options
	keysTarget string
	client     *http.Client
	now        func() time.Time
	log        zerolog.Logger

	refreshing sync.Mutex // one refresh at a time: the TUF client keeps files
	mu         sync.Mutex // guards status
	status     Status
}

// Status says how the refresh fares, for health and metrics.
type Status struct {
	TrustID   string    // of the current trust root
	Pinned    bool      // the operator's own material: never refreshed
	Refreshed time.Time // the last success; zero: what shipped is still in use
	Attempted time.Time // the last attempt; zero: none yet
	Err       string    // why the last attempt failed, "" if it did not
}

// NewSource makes a Source that begins with initial.
func NewSource(initial *TrustRoot, o SourceOptions) (*Source, error) {
	if initial == nil {
		return nil, errors.New("a source of trust needs a trust root to begin with")
	}
	if o.Repository == "" {
		o.Repository = tuf.DefaultMirror
	}
	if u, err := url.Parse(o.Repository); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, fmt.Errorf("TUF repository %s: not an http or https address", quote(o.Repository))
	}
	if o.Root == nil {
		o.Root = tuf.DefaultRoot()
	}
	if o.KeysTarget == "" {
		o.KeysTarget = targetKeys
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	client := http.Client{}
	if o.Client != nil {
		client = *o.Client
	}
	client.CheckRedirect = sameHost
	s := &Source{
		options: tuf.Options{
			Root: o.Root, RepositoryBaseURL: strings.TrimSuffix(o.Repository, "/"),
			CachePath: o.CacheDir, DisableLocalCache: o.CacheDir == "",
		},
		keysTarget: o.KeysTarget, client: &client, now: o.Now, log: o.Log,
		status: Status{TrustID: initial.ID(), Pinned: initial.Pinned()},
	}
	s.current.Store(initial)
	return s, nil
}

// Current is the trust root to verify with.
func (s *Source) Current() *TrustRoot { return s.current.Load() }

// Status says how the refresh fares.
func (s *Source) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Run refreshes until the context ends: soon after the start, then daily, hourly
// after a failure, each time with some jitter so that installations do not all ask
// at once. It returns nil; a pinned trust root is left alone.
func (s *Source) Run(ctx context.Context) error {
	if s.Current().Pinned() {
		<-ctx.Done()
		return nil
	}
	wait := rand.N(refreshSoon)
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		wait = jitter(refreshEvery)
		if err := s.Refresh(ctx); err != nil {
			wait = jitter(refreshAgain)
		}
	}
}

// jitter adds up to a quarter.
func jitter(d time.Duration) time.Duration { return d + rand.N(d/4) }

// Refresh asks the TUF repository once. What it gives replaces the current trust
// root only if all of it verifies; otherwise the current one stays. A pinned trust
// root is never replaced.
func (s *Source) Refresh(ctx context.Context) error {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	if s.Current().Pinned() {
		return errors.New("the trust material was given by the operator and is not refreshed")
	}
	ctx, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	fresh, err := s.fetch(ctx, s.options)
	now := s.now()

	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Attempted = now
	if err != nil {
		s.status.Err = err.Error()
		s.log.Warn().Err(err).Str("trust", s.status.TrustID).Msg("the trust root could not be refreshed; the one in use stays")
		return fmt.Errorf("refreshing the trust root: %w", err)
	}
	s.status.Err = ""
	s.use(fresh, now)
	return nil
}

// RefreshIfDue is Refresh for a process that does not stay: it takes up what an earlier
// one has left in the cache directory, verified anew, and asks the repository only where
// that is a day old. It ends within seconds. After an error the trust root that was left
// there is in use, or the one to begin with: Status says which. A pinned trust root is
// left alone.
func (s *Source) RefreshIfDue(ctx context.Context) error {
	if s.Current().Pinned() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if age := s.now().Sub(s.TakeUp(ctx)); age >= 0 && age < refreshEvery {
		return nil
	}
	return s.Refresh(ctx)
}

// TakeUp uses what the last refresh has left in the cache directory, without asking
// anybody, and says when that was. What is not there, does not verify or has expired is
// as if it had never been: zero.
func (s *Source) TakeUp(ctx context.Context) time.Time {
	if s.options.DisableLocalCache || s.Current().Pinned() {
		return time.Time{}
	}
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	last, err := tuf.LoadConfig(filepath.Join(s.options.CachePath, tuf.URLToPath(s.options.RepositoryBaseURL)+".json"))
	if err != nil {
		return time.Time{}
	}
	offline := s.options
	offline.ForceCache, offline.Fetcher = true, nobody{}
	kept, err := s.fetch(ctx, offline)
	if err != nil {
		return time.Time{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.use(kept, last.LastTimestamp)
	return last.LastTimestamp
}

// use makes a trust root the current one. s.mu is held.
func (s *Source) use(fresh *TrustRoot, refreshed time.Time) {
	s.status.Refreshed = refreshed
	if fresh.ID() == s.status.TrustID {
		return
	}
	s.log.Info().Str("from", s.status.TrustID).Str("to", fresh.ID()).Msg("the trust root has changed")
	s.current.Store(fresh)
	s.status.TrustID = fresh.ID()
}

// fetch runs the TUF client, which verifies what it downloads, and makes a trust
// root of the two targets. A panic of the client on a hostile repository is an error.
func (s *Source) fetch(ctx context.Context, o tuf.Options) (fresh *TrustRoot, err error) {
	defer func() {
		if p := recover(); p != nil {
			fresh, err = nil, fmt.Errorf("the TUF repository's answer could not be parsed: %v", p)
		}
	}()
	o.Context = ctx
	if o.Fetcher == nil {
		o.Fetcher = fetcher{ctx, s.client}
	}
	client, err := tuf.New(&o)
	if err != nil {
		return nil, err
	}
	root, err := client.GetTarget(targetRoot)
	if err != nil {
		return nil, err
	}
	keys, err := client.GetTarget(s.keysTarget)
	if err != nil {
		return nil, err
	}
	return newTrust(root, keys, npmHosts(), demands{sct: true, log: true})
}

// sameHost refuses redirects that leave the host, or the encryption.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) > 5 || req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
		return http.ErrUseLastResponse
	}
	return nil
}

// nobody is asked: what is not on the disk is missing.
type nobody struct{}

// DownloadFile downloads nothing.
func (nobody) DownloadFile(string, int64, time.Duration) ([]byte, error) {
	return nil, errors.New("nobody is asked")
}

// fetcher downloads for the TUF client, within a context.
type fetcher struct {
	ctx    context.Context
	client *http.Client
}

// DownloadFile reads up to maxLength bytes. A status other than 200 is a
// *metadata.ErrDownloadHTTP, by which the TUF client knows that a root version does
// not exist.
func (f fetcher) DownloadFile(address string, maxLength int64, _ time.Duration) ([]byte, error) {
	req, err := http.NewRequestWithContext(f.ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "bonafide")
	res, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: res.StatusCode, URL: address}
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxLength+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > maxLength {
		return nil, &metadata.ErrDownloadLengthMismatch{Msg: fmt.Sprintf("%s has more than %d bytes", address, maxLength)}
	}
	return data, nil
}

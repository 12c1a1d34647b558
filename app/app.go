// Package app wires the rooms together: one linear constructor, Run until the
// context ends, and a graceful drain. There are no globals.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/audit"
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/metrics"
	"github.com/bonafide-app/bonafide/app/outbound"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/registered"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/app/upkeep"
	"github.com/bonafide-app/bonafide/app/web"
	"github.com/bonafide-app/bonafide/app/web/operator"
	"github.com/bonafide-app/bonafide/config"
	"github.com/bonafide-app/bonafide/handlers"
)

// Defaults, each with its reason.
const (
	// jobTimeout bounds one attempt: a large pull request takes seconds, a registry
	// that stalls is given up long before.
	jobTimeout = 3 * time.Minute
	// drainTime is what the queue gets to stop after SIGTERM, jobTime of it what running
	// jobs get to end by themselves; orchestrators kill after 30 s.
	drainTime = 20 * time.Second
	jobTime   = drainTime - 2*time.Second
	// closeTime is what open connections get after that. What they wait for was
	// answered long ago.
	closeTime = 5 * time.Second
	// releasesAtATime are verified per job; each mostly waits for the network.
	releasesAtATime = 64
)

// Options are what the App is made from. All strings are checked by New.
type Options struct {
	Listener      net.Listener // where webhooks arrive; Run closes it
	Operator      net.Listener // where the operator's pages are; Run closes it; nil: nowhere
	AppID         int64
	PrivateKey    []byte // PEM
	WebhookSecret string
	APIURL        string // "https://api.github.com/"
	Database      string // path of a SQLite file, or the address of a PostgreSQL database (postgres://…)
	NPMRegistry   string
	Registries    config.Registries // beside it
	Route         outbound.Route    // of everything that goes out
	TUFMirror     string            // where the trust root is renewed from; "": Sigstore's own repository
	// Trust is what everything is verified with. It is renewed through TUF in the
	// background, unless it is the operator's own.
	Trust    *provenance.TrustRoot
	CacheDir string // keeps TUF metadata between runs; "": nothing is kept
	Workers  int
	TryFor   time.Duration // how long the unknown is asked for again
	Rounds   Rounds
	// Publishing judges how repositories publish; nil: publish.Check.
	Publishing *review.PublishCheck
	// RequireOrgPolicy fails every check of an owner that sets no floor.
	RequireOrgPolicy bool
	// PublicURL is where people reach the pages, "https://bonafide.example.com"; "": checks
	// have no link to them.
	PublicURL string
	// GitHubURL is GitHub's web address, "https://github.com"; ClientID and ClientSecret are
	// what people sign in with. Without them nobody can.
	GitHubURL, ClientID, ClientSecret string

	PublicReports bool          // the reports of public repositories are for everybody
	KeepReports   time.Duration // 0: the store's default
	AuditLog      io.Writer     // a line of JSON for what was decided and by whom; nil: nowhere
	Demo          bool          // the trust root is the demo's, and every report says so
	Hurry         bool          // GitHub need not be spared, because it is the sandbox's: see checks.Options
	Version       string
	Logger        zerolog.Logger
	Transport     http.RoundTripper // to GitHub; nil: that of Route
	Clock         func() time.Time  // that verdicts go by; nil: time.Now
}

// App is a running server.
type App struct {
	log      zerolog.Logger
	begun    zerolog.Logger // says what the server goes by
	listener net.Listener
	server   *http.Server
	operator *operator.Pages // at shown
	endpoint *handlers.Endpoint
	store    *store.Store
	learnt   *learnt // of registries, on its way to the store
	queue    *queue.River
	trust    *provenance.Source
	runner   *review.Runner
	forge    *checks.Forge
	keeper   *upkeep.Keeper
	metrics  *metrics.Metrics
	audit    *audit.Log   // nil: nothing is written down
	shown    net.Listener // where the metrics are
	written  *readiness
	clock    func() time.Time
	draining atomic.Bool

	reconcile      *upkeep.Reconcile
	inventoryEvery time.Duration                                    // less than 0: never
	unasked        atomic.Bool                                      // no installation could ask for advisories the last time
	registered     func(context.Context) ([]registered.Line, error) // what is so of the App at GitHub
}

// New builds everything and starts nothing. It refuses what would be unsafe (an
// empty secret, a key that does not parse) with a sentence that says what to do.
func New(ctx context.Context, o Options) (*App, error) {
	if o.TryFor <= 0 {
		return nil, fmt.Errorf("a job cannot be tried for %v: give it more than nothing", o.TryFor)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Transport == nil {
		o.Transport = checks.Transport(o.Route)
	}
	a := &App{log: o.Logger, listener: o.Listener, shown: o.Operator, clock: o.Clock}
	a.audit = audit.New(o.AuditLog, o.Clock, part(o.Logger, "audit"))
	var err error
	if a.metrics, err = metrics.New(o.Version, part(o.Logger, "metrics")); err != nil {
		return nil, err
	}
	if a.trust, err = provenance.NewSource(o.Trust, provenance.SourceOptions{
		Repository: o.TUFMirror, Client: &http.Client{Transport: o.Route.Transport()}, CacheDir: o.CacheDir, Log: part(o.Logger, "trust"),
	}); err != nil {
		return nil, fmt.Errorf("trust material: %w", err)
	}
	userAgent := "bonafide/" + o.Version
	client, err := registry.New(registry.Options{UserAgent: userAgent, Registries: o.addresses(), Tokens: o.tokens(), Proxy: o.Route.Proxy, RootCAs: o.Route.Roots, Seen: a.asked})
	if err != nil {
		return nil, fmt.Errorf("registry client: %w", err)
	}
	npm, err := registry.NewNPM(client, o.NPMRegistry)
	if err != nil {
		return nil, fmt.Errorf("npm registry: %w", err)
	}
	if a.store, err = store.Open(ctx, o.Database, store.KeepReports(o.KeepReports)); err != nil {
		return nil, err // it names the database
	}
	a.learnt = newLearnt(a.store, part(o.Logger, "facts"))
	shelf := facts{filed{a.learnt, public(npm.Origin())}, a.metrics}
	source := registry.NewKept(npm, shelf, registry.KeptOptions{Fresh: registry.FreshOnServer, Log: part(o.Logger, "registry")})
	verifier, err := provenance.New(source, a.trust.Current, provenance.Options{Cache: shelf, Log: part(o.Logger, "provenance")})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("verifier: %w", err), a.store.Close())
	}
	others, kept, err := a.others(o, client)
	if err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	reviewer, err := review.New(review.Options{Verifier: counted{verifier, a.metrics}, Historian: registry.Remember(npm, ofAll(npm.Origin())), Registry: o.NPMRegistry,
		Publishing: publishing(o.Publishing), Others: others, Mirrors: o.Registries.Mirrors, Private: o.Registries.Private, Concurrency: releasesAtATime, Clock: o.Clock, Demo: o.Demo, Rest: client.Rest})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reviewer: %w", err), a.store.Close())
	}
	clients, err := checks.NewClientCreator(checks.ClientConfig{
		APIURL: o.APIURL, AppID: o.AppID, PrivateKey: o.PrivateKey, UserAgent: userAgent, Transport: o.Transport, Seen: a.called,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("GitHub: %w", err), a.store.Close())
	}
	if a.forge, err = checks.New(clients, checks.Options{Details: details(o.PublicURL),
		AppID: o.AppID, Logger: part(o.Logger, "github"), Pauses: a.store, Floors: a.store, RequireFloor: o.RequireOrgPolicy, Facts: facts{a.store, a.metrics}, Notes: notes{a.store}, Hurry: o.Hurry,
		InventoryPage: inventoryPage(o.PublicURL),
	}); err != nil {
		return nil, errors.Join(fmt.Errorf("GitHub: %w", err), a.store.Close())
	}
	if a.registered, err = a.registration(o); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	if a.runner, err = review.NewRunner(a.forge, reviewer, auditedChecks{saver{a.store}, a.audit}, auditedAcceptances{accepted{a.store}, a.audit}, leases{a.store, leaseRenew}); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	a.runner.WithLedger(ledger{a})
	a.queue, err = queue.Open(ctx, a.store, queue.Options{
		Workers: o.Workers, Timeout: jobTimeout, TryFor: o.TryFor, Drain: jobTime, Logger: part(o.Logger, "queue"),
	}, a.seen(a.work))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("queue: %w", err), a.store.Close())
	}
	if a.keeper, err = upkeep.New(a.store, part(o.Logger, "upkeep"), a.timed(a.tasks(o))...); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	if a.endpoint, err = handlers.NewEndpoint(o.WebhookSecret, o.AppID, lasting{a.queue, a.store}, part(o.Logger, "webhook")); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	if err := a.show(client); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	if a.operator, err = a.forOperators(o); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	a.begun = a.beginning(o)
	a.written = newReadiness(a.store.Ping, time.Now)
	pages, err := a.pages(o, append(bundles{verifier}, kept...), userAgent)
	if err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	handler, err := web.New(web.Options{Webhook: handlers.Watched(a.endpoint, a.metrics.Delivery), Ready: a.ready, Health: func() map[string]string { return a.health(o.Version) }, Pages: pages})
	if err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	a.server = &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	return a, nil
}

// ready says why deliveries cannot be taken now.
func (a *App) ready(ctx context.Context) error {
	if a.draining.Load() {
		return errors.New("the server is ending")
	}
	return a.written.check(ctx)
}

// Run serves until ctx ends, then drains: deliveries are refused (GitHub's log keeps
// them) and /readyz says so, running jobs get jobTime, the rest stays in the queue.
// Connections are taken until the queue has stopped: who is refused one would not
// learn why.
func (a *App) Run(ctx context.Context) error {
	background, stop := context.WithCancel(ctx)
	defer stop()
	defer a.operate()()
	log := part(a.log, "server")
	if !a.trust.Current().Pinned() {
		go func() {
			if err := a.trust.Run(background); err != nil && background.Err() == nil {
				log.Error().Err(err).Msg("the trust material is no longer renewed")
			}
		}()
	}
	if err := a.queue.Start(ctx); err != nil {
		return errors.Join(fmt.Errorf("start the queue: %w", err), a.listener.Close(), a.store.Close())
	}
	go a.audit.Run()
	learnt := a.learnt.run(context.WithoutCancel(ctx))
	kept := make(chan struct{})
	go func() { defer close(kept); a.keeper.Run(background) }()
	failed := make(chan error, 1)
	go func() { failed <- a.server.Serve(a.listener) }()
	a.begun.Info().Str("address", a.listener.Addr().String()).Msg("ready for deliveries")

	var err error
	select {
	case <-ctx.Done():
		log.Info().Msg("draining")
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	}
	a.draining.Store(true)
	a.endpoint.Drain()
	stop()
	a.server.SetKeepAlivesEnabled(false)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err = errors.Join(err, a.queue.Stop(end))
	<-kept
	err = errors.Join(err, a.shutdown(context.WithoutCancel(ctx)))
	learnt() // what it still has is written
	return errors.Join(err, a.closeAudit(context.WithoutCancel(ctx)), a.store.Close())
}

// shutdown closes the listener and every connection. Clients that do not end their
// requests are no reason to complain.
func (a *App) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	err := a.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return a.server.Close()
	}
	return err
}

// Idle waits until every job that was stored is done or given up.
func (a *App) Idle(ctx context.Context) error { return a.queue.Idle(ctx) }

// Report is the stored report (bonafide.report/v1) of a pull request's head; number
// 0 is a merge group's.
func (a *App) Report(ctx context.Context, installation int64, owner, repo string, number int, head string) ([]byte, error) {
	r, ok, err := a.store.Report(ctx, installation, owner, repo, number, head)
	if err == nil && !ok {
		err = fmt.Errorf("no report is stored of %s/%s#%d at %s", owner, repo, number, head)
	}
	return r.JSON, err
}

// health tells operators what runs, and how old the ground is that it stands on.
func (a *App) health(version string) map[string]string {
	trust := a.trust.Status()
	facts := map[string]string{"version": version, "trust_root": trust.TrustID, "trust_renewed": "not since the start"}
	switch {
	case trust.Pinned:
		facts["trust_renewed"] = "never: it was given by the operator"
	case !trust.Refreshed.IsZero():
		facts["trust_renewed"] = trust.Refreshed.UTC().Format(time.RFC3339)
	}
	if trust.Err != "" { // it names hosts and addresses of the operator's network, and everybody may look here
		facts["trust_error"] = "it could not be renewed: the log says why"
	}
	return a.audited(facts)
}

package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/mask"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/app/web"
	"github.com/bonafide-app/bonafide/app/web/operator"
)

const (
	// profileTime bounds an answer to an operator: a profile takes half a minute.
	profileTime = 2 * time.Minute
	// maxLimited bounds the installations whose limits the operator's page shows, those
	// with the least left. The metrics show more.
	maxLimited = 10
)

// details gives a check the address of the page with all that it says; nil where nobody
// is told of the pages.
func details(publicURL string) func(repo review.Repository, sha string) string {
	if publicURL == "" {
		return nil
	}
	pages := web.Addresses(strings.TrimSuffix(publicURL, "/"))
	return func(repo review.Repository, sha string) string { return pages.Commit(repo.Owner, repo.Name, sha) }
}

// forOperators makes the operator's pages.
func (a *App) forOperators(o Options) (*operator.Pages, error) {
	jobs, err := a.queue.Pages("/jobs")
	if err != nil {
		return nil, err
	}
	rounds := o.Rounds.withDefaults()
	return operator.New(operator.Options{
		Sections: func(ctx context.Context) []operator.Section {
			return []operator.Section{a.aboutServer(ctx, o), a.aboutTrust(), a.aboutQueue(ctx), a.aboutLimits(), a.aboutRounds(rounds)}
		},
		Check: a.registered, Metrics: a.metrics.Handler(), Jobs: jobs, Loopback: o.Operator != nil && atHome(o.Operator.Addr()),
		Clock: time.Now, Logger: part(o.Logger, "operator"),
	})
}

// atHome says whether an address is reached from this machine alone.
func atHome(at net.Addr) bool {
	tcp, ok := at.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// operate answers operators until the function is called that it returns.
func (a *App) operate() (end func()) {
	if a.shown == nil {
		return func() {}
	}
	log := part(a.log, "operator")
	server := &http.Server{
		Handler: a.operator, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: profileTime, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(a.shown); !errors.Is(err, http.ErrServerClosed) {
			log.Error().Err(err).Msg("the operator's pages and the metrics are no longer shown")
		}
	}()
	log.Info().Str("address", a.shown.Addr().String()).Msg("the operator's page is there, metrics at /metrics")
	if !a.operator.Loopback {
		log.Warn().Str("address", a.shown.Addr().String()).Msg("THE OPERATOR'S PAGES CAN BE REACHED FROM OTHER MACHINES. Nobody is asked who they are: whoever reaches the address can see what jobs are about and end them. Let only the collector reach it, or listen on 127.0.0.1")
	}
	return func() {
		if err := server.Close(); err != nil {
			log.Warn().Err(err).Msg("the operator's connections could not be closed")
		}
		<-ended
	}
}

func (a *App) aboutServer(ctx context.Context, o Options) operator.Section {
	state := "yes"
	if err := a.ready(ctx); err != nil {
		state = "no: " + mask.Text(err.Error())
	}
	return operator.Section{Title: "Server", Facts: []operator.Fact{
		{Name: "Version", Value: o.Version},
		{Name: "Deliveries are taken", Value: state},
		{Name: "Database", Value: a.store.Name()},
		{Name: "Workers", Value: strconv.Itoa(o.Workers)},
		{Name: "Unknown evidence is asked for", Value: "for " + spoken(o.TryFor)},
		{Name: "Registries", Value: strings.Join(append([]string{o.NPMRegistry}, o.Registries.Hosts()...), ", ")},
		{Name: "Pages for people", Value: cmp.Or(o.PublicURL, "nowhere: --public-url is not set, so checks have no link to their report")},
	}}
}

func (a *App) aboutTrust() operator.Section {
	facts := a.health("")
	s := operator.Section{Title: "Trust root", Facts: []operator.Fact{{Name: "Id", Value: facts["trust_root"]}, {Name: "Renewed", Value: facts["trust_renewed"]}}}
	if end := a.trust.Current().Expires(); !end.IsZero() {
		s.Facts = append(s.Facts, operator.Fact{Name: "Its last authority expires", Value: instant(end)})
	}
	if trouble := a.trust.Status().Err; trouble != "" {
		s.Facts = append(s.Facts, operator.Fact{Name: "The last try to renew it", Value: mask.Text(trouble)})
	}
	return s
}

func (a *App) aboutQueue(ctx context.Context) operator.Section {
	s := operator.Section{Title: "Queue"}
	depth, err := a.queue.Depth(ctx)
	if err != nil {
		s.Problem = mask.Text(err.Error())
		return s
	}
	slices.SortFunc(depth.Jobs, func(a, b queue.Count) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State))
	})
	for _, j := range depth.Jobs {
		s.Facts = append(s.Facts, operator.Fact{Name: fmt.Sprintf("%s, %s", cmp.Or(string(j.Kind), "unreadable"), j.State), Value: strconv.Itoa(j.N)})
	}
	if len(depth.Jobs) == 0 {
		s.Facts = append(s.Facts, operator.Fact{Name: "Jobs", Value: "none: all are done or given up"})
	}
	if !depth.OldestDue.IsZero() {
		s.Facts = append(s.Facts, operator.Fact{Name: "One waits for a worker since", Value: instant(depth.OldestDue)})
	}
	if !depth.OldestOpen.IsZero() {
		s.Facts = append(s.Facts, operator.Fact{Name: "The oldest was stored", Value: instant(depth.OldestOpen)})
	}
	return s
}

func (a *App) aboutLimits() operator.Section {
	s := operator.Section{Title: "GitHub's limits"}
	limits := slices.Clone(a.forge.Limits())
	slices.SortFunc(limits, func(a, b checks.Limit) int {
		return cmp.Or(cmp.Compare(a.Remaining, b.Remaining), cmp.Compare(a.Installation, b.Installation))
	})
	for _, l := range limits[:min(len(limits), maxLimited)] {
		value := "not known yet"
		if l.Limit > 0 {
			value = fmt.Sprintf("%d of %d requests left until %s", l.Remaining, l.Limit, instant(l.Reset))
		}
		if l.PausedUntil.After(time.Now()) {
			value += ", paused until " + instant(l.PausedUntil)
		}
		name := "The App itself"
		if l.Installation > 0 {
			name = fmt.Sprintf("Installation %d", l.Installation)
		}
		s.Facts = append(s.Facts, operator.Fact{Name: name, Value: value})
	}
	if more := len(limits) - maxLimited; more > 0 {
		s.Facts = append(s.Facts, operator.Fact{Name: "Not shown", Value: fmt.Sprintf("%d more, which have more left", more)})
	}
	if len(limits) == 0 {
		s.Facts = append(s.Facts, operator.Fact{Name: "Installations", Value: "none has asked GitHub since the start"})
	}
	return s
}

func (a *App) aboutRounds(r Rounds) operator.Section {
	s := operator.Section{Title: "Rounds"}
	for _, round := range []struct {
		name  string
		every time.Duration
	}{
		{"Look for lost deliveries", r.SweepEvery}, {"Look for pull requests without a check", r.ReconcileEvery},
		{"Look after checks that were begun", r.WatchdogEvery}, {"Judge again what is due", r.RejudgeEvery},
		{"Look at a default branch again", r.InventoryEvery}, {"Ask for malware advisories", r.MalwareEvery}, {"Look whether the trust root changed", r.TrustEvery},
	} {
		every := "never"
		if round.every > 0 {
			every = "every " + spoken(round.every)
			if unit := strings.TrimPrefix(every, "every 1 "); !strings.Contains(unit, " ") {
				every = "every " + unit
			}
		}
		s.Facts = append(s.Facts, operator.Fact{Name: round.name, Value: every})
	}
	return s
}

// spoken is a time in words, without the parts of it that are nothing: "5 minutes",
// "1 hour 30 minutes".
func spoken(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		name string
		long time.Duration
	}{{"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		n := d / unit.long
		d -= n * unit.long
		switch {
		case n == 1:
			parts = append(parts, "1 "+unit.name)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, unit.name))
		}
	}
	if d > 0 || len(parts) == 0 { // less than a second
		parts = append(parts, d.String())
	}
	return strings.Join(parts, " ")
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// Database is where everything is kept. The demo keeps its made-up past there.
func (a *App) Database() *store.Store { return a.store }

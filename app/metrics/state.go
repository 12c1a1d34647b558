package metrics

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/registry"
)

// State is asked whenever metrics are collected. All of it must be quick and bounded.
type State struct {
	Depth  func(context.Context) (queue.Depth, error)
	Limits func() []checks.Limit
	Hosts  func() []registry.Host
	Trust  func() provenance.Status
	// Expires is when the trust root verifies nothing new any more; zero: no end is known.
	Expires func() time.Time
	Clock   func() time.Time
}

// Watch shows what is asked of s. It may be called once.
func (m *Metrics) Watch(s State) error {
	if s.Depth == nil || s.Limits == nil || s.Hosts == nil || s.Trust == nil || s.Expires == nil || s.Clock == nil {
		return errors.New("metrics: a part of the state is missing")
	}
	c := &collector{State: s, m: m}
	m.ours = append(m.ours, c)
	return m.register(c)
}

// collector shows State.
type collector struct {
	State
	m *Metrics

	mu    sync.Mutex // guards what follows; one look at the queue at a time
	depth queue.Depth
	err   error
	at    time.Time
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

// gauges are what a collector shows.
type gauges struct {
	jobs, due, open, readable             *prometheus.Desc
	limit, remaining, reset, paused, upTo *prometheus.Desc
	circuit                               *prometheus.Desc
	renewed, attempted, failing, expires  *prometheus.Desc
	trust                                 *prometheus.Desc
}

func described() gauges {
	return gauges{
		jobs:      desc("queue_jobs", "Jobs that are neither done nor given up, over all servers.", "kind", "state"),
		due:       desc("queue_oldest_due_seconds", "For how long the job waits for a worker that waits longest; 0 where none does."),
		open:      desc("queue_oldest_open_seconds", "Age of the oldest job that is neither done nor given up; 0 where there is none."),
		readable:  desc("queue_readable", "1 where the queue could be read for these metrics, else 0."),
		limit:     desc("github_rate_limit", "Requests an hour that an installation has at GitHub; those with the least left are shown.", "installation"),
		remaining: desc("github_rate_limit_remaining", "Requests that an installation has left.", "installation"),
		reset:     desc("github_rate_limit_reset_timestamp_seconds", "When an installation's requests are counted anew.", "installation"),
		paused:    desc("github_installations_paused", "Installations that GitHub asked to pause for."),
		upTo:      desc("github_pause_end_timestamp_seconds", "When the last pause ends that GitHub asked for; 0 where there is none."),
		circuit:   desc("registry_circuit_state", "1 for the state of a host's circuit breaker: closed (it is asked), half_open (one request tries) or open (it is not asked).", "host", "state"),
		renewed:   desc("trust_root_renewed_timestamp_seconds", "When the trust root was last found to be current; 0: not since the start, or it is the operator's own."),
		attempted: desc("trust_root_attempted_timestamp_seconds", "When it was last tried to renew the trust root; 0: not since the start."),
		failing:   desc("trust_root_failing", "1 where the last try to renew the trust root failed, else 0."),
		expires:   desc("trust_root_expires_timestamp_seconds", "When the last certificate authority of the trust root expires; 0: no end is known."),
		trust:     desc("trust_root_info", "Always 1: which trust root is in use, and whether the operator gave it.", "id", "pinned"),
	}
}

func (g gauges) all() []*prometheus.Desc {
	return []*prometheus.Desc{g.jobs, g.due, g.open, g.readable, g.limit, g.remaining, g.reset, g.paused, g.upTo, g.circuit,
		g.renewed, g.attempted, g.failing, g.expires, g.trust}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range described().all() {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	g, now := described(), c.Clock()
	show := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	c.showQueue(g, now, show)
	c.showLimits(g, now, show)
	for _, h := range c.Hosts() {
		host := c.m.hosts.of(h.Name)
		if host == other {
			continue // several would be one
		}
		for _, s := range []registry.HostState{registry.Closed, registry.HalfOpen, registry.Open} {
			show(g.circuit, flag(h.State == s), host, string(s))
		}
	}
	trust := c.Trust()
	show(g.renewed, unix(trust.Refreshed))
	show(g.attempted, unix(trust.Attempted))
	show(g.failing, flag(trust.Err != ""))
	show(g.expires, unix(c.Expires()))
	show(g.trust, 1, clean(trust.TrustID), strconv.FormatBool(trust.Pinned))
}

func (c *collector) showQueue(g gauges, now time.Time, show func(*prometheus.Desc, float64, ...string)) {
	depth, err := c.look(now)
	show(g.readable, flag(err == nil))
	if err != nil {
		return
	}
	type labels struct{ kind, state string }
	counts := map[labels]int{} // a kind that is no name may stand there twice
	for _, j := range depth.Jobs {
		counts[labels{clean(string(j.Kind)), clean(j.State)}] += j.N
	}
	for l, n := range counts {
		show(g.jobs, float64(n), l.kind, l.state)
	}
	show(g.due, age(now, depth.OldestDue))
	show(g.open, age(now, depth.OldestOpen))
}

// look asks the database, or shows again what it said a moment ago, also that it failed.
func (c *collector) look(now time.Time) (queue.Depth, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.at.IsZero() && now.Sub(c.at) < depthAge && now.After(c.at.Add(-depthAge)) {
		return c.depth, c.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), depthTime)
	defer cancel()
	if c.depth, c.err = c.Depth(ctx); c.err != nil {
		c.m.log.Warn().Err(c.err).Msg("the queue could not be read for the metrics")
	}
	c.at = now
	return c.depth, c.err
}

func (c *collector) showLimits(g gauges, now time.Time, show func(*prometheus.Desc, float64, ...string)) {
	limits := slices.Clone(c.Limits())
	paused, upTo := 0, time.Time{}
	for _, l := range limits {
		if !l.PausedUntil.After(now) {
			continue
		}
		paused++
		if l.PausedUntil.After(upTo) {
			upTo = l.PausedUntil
		}
	}
	show(g.paused, float64(paused))
	show(g.upTo, unix(upTo))

	limits = slices.DeleteFunc(limits, func(l checks.Limit) bool { return l.Limit <= 0 })
	slices.SortFunc(limits, func(a, b checks.Limit) int {
		return cmp.Or(cmp.Compare(a.Remaining, b.Remaining), cmp.Compare(a.Installation, b.Installation))
	})
	shown := map[int64]bool{}
	for _, l := range limits {
		if shown[l.Installation] || len(shown) == maxInstallations {
			continue
		}
		shown[l.Installation] = true
		id := strconv.FormatInt(l.Installation, 10)
		show(g.limit, float64(l.Limit), id)
		show(g.remaining, float64(l.Remaining), id)
		show(g.reset, unix(l.Reset), id)
	}
}

func flag(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// unix is a time in seconds, 0 for none.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// age is how long ago t was in seconds, 0 for never.
func age(now, t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return max(now.Sub(t).Seconds(), 0)
}

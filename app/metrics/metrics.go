// Package metrics counts what happens, for Prometheus. Other rooms do not know it: they
// tell functions that they are given, and app wires those to a Metrics.
//
// Times are in seconds. docs/metrics.md lists all metrics; a test holds the two together.
package metrics

import (
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/queue"
)

// Metrics counts. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	log      zerolog.Logger
	ours     []prometheus.Collector

	deliveries  *prometheus.CounterVec
	attempts    *prometheus.HistogramVec
	stages      *prometheus.HistogramVec
	waits       *prometheus.HistogramVec
	verdicts    *prometheus.CounterVec
	evidence    *prometheus.CounterVec
	calls       *prometheus.HistogramVec
	requests    *prometheus.HistogramVec
	facts       *prometheus.CounterVec
	rounds      *prometheus.HistogramVec
	firsts      *prometheus.HistogramVec
	hosts, news *values
}

// New makes a Metrics with a registry of its own.
func New(version string, log zerolog.Logger) (*Metrics, error) {
	m := &Metrics{registry: prometheus.NewRegistry(), log: log, hosts: newValues(), news: newValues()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
		m.ours = append(m.ours, c)
		return c
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
		m.ours = append(m.ours, h)
		return h
	}
	m.deliveries = counter("deliveries_total", "Deliveries of webhooks by what became of them, and why they were refused.", "event", "result", "reason")
	m.attempts = histogram("job_duration_seconds", "Time of attempts at jobs by what came of them.", jobBuckets, "kind", "result")
	m.stages = histogram("job_stage_duration_seconds", "Time that an attempt at a job spent in a stage.", jobBuckets, "stage")
	m.waits = histogram("job_waiting_seconds", "Time from when an attempt at a job was due to when it began.", waitBuckets, "kind")
	m.verdicts = counter("verdicts_total", "Checks that were completed, by conclusion; broken ones have no verdict.", "conclusion")
	m.evidence = counter("evidence_total", "Evidence that was looked for, by its kind and what came of it.", "evidence", "state")
	m.calls = histogram("github_request_duration_seconds", "Time until GitHub answered, by class of status.", callBuckets, "method", "route", "status")
	m.requests = histogram("registry_request_duration_seconds", "Time of requests to registries, with their retries.", callBuckets, "host", "result")
	m.facts = counter("facts_total", "Looks into the cache of facts that do not change.", "result")
	m.rounds = histogram("upkeep_round_duration_seconds", "Time of rounds of upkeep by task.", taskBuckets, "task", "result")
	m.firsts = histogram("first_check_seconds", "Time until the first completed check, of a pull request since it was opened and of an installation since it was made.", firstBuckets, "since")
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "Always 1: which version runs, and what built it."}, []string{"version", "goversion"})
	build.WithLabelValues(clean(version), runtime.Version()).Set(1)
	m.ours = append(m.ours, build)
	if err := m.register(m.ours...); err != nil {
		return nil, err
	}
	m.beginAtZero()
	return m, m.register(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// beginAtZero shows as 0 what alerts are about before it first happens: increase() of
// Prometheus does not see a series begin, and the first time would wake nobody.
func (m *Metrics) beginAtZero() {
	for _, kind := range []string{"signature", "publish", "provenance", "digest"} {
		m.evidence.WithLabelValues(kind, string(provenance.Invalid))
	}
	for _, kind := range []queue.JobKind{queue.PullRequest, queue.Commit, queue.MergeGroup, queue.Close, queue.Installed, queue.Evict,
		queue.Command, queue.Button, queue.Retract, queue.Inventory, queue.Release} {
		m.attempts.WithLabelValues(string(kind), string(queue.GivenUp))
	}
}

// namespace begins the name of every metric of ours.
const namespace = "bonafide"

func (m *Metrics) register(list ...prometheus.Collector) error {
	for _, c := range list {
		if err := m.registry.Register(c); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	return nil
}

// Handler answers GET /metrics and nothing else.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: complaints{m.log}, ErrorHandling: promhttp.ContinueOnError,
		MaxRequestsInFlight: maxCollectors, Timeout: collectTime,
	}))
	return mux
}

// complaints are what the library has to say.
type complaints struct{ log zerolog.Logger }

func (c complaints) Println(v ...any) { c.log.Error().Msg(fmt.Sprint(v...)) }

// Delivery counts a delivery. reason is "" where it was taken.
func (m *Metrics) Delivery(event, result, reason string) {
	m.deliveries.WithLabelValues(m.news.of(event), result, reason).Inc()
}

// Attempt counts an attempt at a job: how long it took, of that the stages, and how long
// it had waited since it was due.
func (m *Metrics) Attempt(kind, result string, took, waited time.Duration) {
	m.attempts.WithLabelValues(kind, result).Observe(took.Seconds())
	m.waits.WithLabelValues(kind).Observe(waited.Seconds())
}

// Stage counts the time of a stage of an attempt.
func (m *Metrics) Stage(stage string, took time.Duration) {
	m.stages.WithLabelValues(stage).Observe(took.Seconds())
}

// Verdict counts a completed check.
func (m *Metrics) Verdict(conclusion string) { m.verdicts.WithLabelValues(conclusion).Inc() }

// Evidence counts a piece of evidence.
func (m *Metrics) Evidence(kind, state string) { m.evidence.WithLabelValues(kind, state).Inc() }

// GitHub counts a call; status is 0 where there was no answer.
func (m *Metrics) GitHub(method, route string, status int, took time.Duration) {
	class := "none"
	if status >= 100 && status < 600 {
		class = fmt.Sprintf("%dxx", status/100)
	}
	if status == http.StatusTooManyRequests {
		class = "429"
	}
	m.calls.WithLabelValues(method, route, class).Observe(took.Seconds())
}

// Registry counts a request to a registry's host.
func (m *Metrics) Registry(host, result string, took time.Duration) {
	m.requests.WithLabelValues(m.hosts.of(host), result).Observe(took.Seconds())
}

// Fact counts a look into the cache: "hit", "miss" or "error".
func (m *Metrics) Fact(result string) { m.facts.WithLabelValues(result).Inc() }

// Round counts a round of upkeep: "done", "failed", "panic" or "interrupted".
func (m *Metrics) Round(task, result string, took time.Duration) {
	m.rounds.WithLabelValues(task, result).Observe(took.Seconds())
}

// First counts a first check: of a pull request since it was "opened", or of an
// installation since it was "installed".
func (m *Metrics) First(since string, took time.Duration) {
	m.firsts.WithLabelValues(since).Observe(max(took.Seconds(), 0)) // two machines' clocks
}

package metrics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/registry"
)

var start = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// shown makes a Metrics over a state, which the settings change.
func shown(t *testing.T, settings ...func(*State)) *Metrics {
	t.Helper()
	m, err := New("v1.2.3", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	s := State{
		Depth: func(context.Context) (queue.Depth, error) {
			return queue.Depth{
				Jobs:      []queue.Count{{State: "available", Kind: queue.PullRequest, N: 3}, {State: "running", Kind: "\x00", N: 1}, {State: "running", Kind: "", N: 2}},
				OldestDue: start.Add(-time.Minute),
			}, nil
		},
		Limits:  func() []checks.Limit { return nil },
		Hosts:   func() []registry.Host { return []registry.Host{{Name: "registry.example.com", State: registry.Open}} },
		Trust:   func() provenance.Status { return provenance.Status{TrustID: "abc", Refreshed: start} },
		Expires: func() time.Time { return start },
		Clock:   func() time.Time { return start },
	}
	for _, set := range settings {
		set(&s)
	}
	if err := m.Watch(s); err != nil {
		t.Fatal(err)
	}
	return m
}

// used counts one of everything.
func used(m *Metrics) {
	m.Delivery("pull_request", "stored", "")
	m.Delivery("other", "refused", "signature")
	m.Attempt("pull_request", "done", time.Second, time.Millisecond)
	m.Stage("read", time.Second)
	m.Verdict("success")
	m.Evidence("signature", "verified")
	m.GitHub("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", 200, time.Millisecond)
	m.GitHub("GET", "other", 0, time.Millisecond)
	m.GitHub("GET", "other", 429, time.Millisecond)
	m.Registry("registry.example.com", "ok", time.Millisecond)
	m.Fact("hit")
	m.Round("sweep", "done", time.Second)
	m.First("opened", -time.Second)
	m.First("installed", time.Minute)
}

func page(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestThePageShowsWhatWasCounted(t *testing.T) {
	m := shown(t)
	used(m)
	got := page(t, m)
	for _, want := range []string{
		`bonafide_deliveries_total{event="pull_request",reason="",result="stored"} 1`,
		`bonafide_job_duration_seconds_count{kind="pull_request",result="done"} 1`,
		`bonafide_github_request_duration_seconds_count{method="GET",route="other",status="none"} 1`,
		`bonafide_github_request_duration_seconds_count{method="GET",route="other",status="429"} 1`,
		`bonafide_first_check_seconds_sum{since="opened"} 0`,
		`bonafide_first_check_seconds_bucket{since="installed",le="60"} 1`,
		`bonafide_queue_jobs{kind="pull_request",state="available"} 3`,
		`bonafide_queue_jobs{kind="other",state="running"} 3`,
		`bonafide_queue_oldest_due_seconds 60`,
		`bonafide_queue_oldest_open_seconds 0`,
		`bonafide_queue_readable 1`,
		`bonafide_registry_circuit_state{host="registry.example.com",state="open"} 1`,
		`bonafide_registry_circuit_state{host="registry.example.com",state="closed"} 0`,
		`bonafide_build_info{goversion="go`,
		`go_goroutines `,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
	problems, err := promlint.New(strings.NewReader(got)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, namespace) {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// increase() does not see a series begin: what wakes somebody is there before it happens.
func TestWhatAlertsAreAboutBeginsAtZero(t *testing.T) {
	got := page(t, shown(t))
	for _, want := range []string{`bonafide_evidence_total{evidence="digest",state="invalid"} 0`, `bonafide_job_duration_seconds_count{kind="pull_request",result="given_up"} 0`} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %s", want)
		}
	}
}

func TestThePageIsTheOnlyOne(t *testing.T) {
	m := shown(t)
	for path, want := range map[string]int{"GET /": 404, "POST /metrics": 405, "GET /metrics/x": 404} {
		method, path, _ := strings.Cut(path, " ")
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if w.Code != want {
			t.Errorf("%s %s: %d", method, path, w.Code)
		}
	}
}

func TestValuesFromOutsideAreBounded(t *testing.T) {
	m := shown(t)
	for i := range 10 * maxValues {
		m.Registry(fmt.Sprintf("host%d.example.com", i), "ok", time.Second)
		m.Delivery(fmt.Sprintf("event%d", i), "ignored", "")
	}
	m.Registry("a\nb", "ok", time.Second)
	m.Registry("\xff", "ok", time.Second)
	m.Registry(strings.Repeat("x", 10_000), "ok", time.Second)
	if n := strings.Count(page(t, m), "bonafide_registry_request_duration_seconds_count"); n > maxValues+1 {
		t.Errorf("%d hosts", n)
	}
	if n := strings.Count(page(t, m), "bonafide_deliveries_total{"); n > maxValues+1 {
		t.Errorf("%d events", n)
	}
}

func TestTheInstallationsWithTheLeastLeftAreShown(t *testing.T) {
	m := shown(t, func(s *State) {
		s.Limits = func() (list []checks.Limit) {
			for i := range 1000 {
				list = append(list, checks.Limit{Installation: int64(i), Limit: 5000, Remaining: 1000 - i})
			}
			return append(list, checks.Limit{Installation: 5000, PausedUntil: start.Add(time.Hour)}, checks.Limit{Installation: 999, Limit: 5000})
		}
	})
	got := page(t, m)
	if n := strings.Count(got, "bonafide_github_rate_limit_remaining{"); n != maxInstallations {
		t.Errorf("%d installations", n)
	}
	for _, want := range []string{`bonafide_github_rate_limit_remaining{installation="998"} 2`, "bonafide_github_installations_paused 1", "bonafide_github_pause_end_timestamp_seconds 1.7778996e+09"} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %s", want)
		}
	}
}

func TestTheQueueIsLookedAtOnceForAllCollectors(t *testing.T) {
	looks, now, broken := 0, start, error(nil)
	m := shown(t, func(s *State) {
		s.Clock = func() time.Time { return now }
		s.Depth = func(context.Context) (queue.Depth, error) { looks++; return queue.Depth{}, broken }
	})
	for range 5 {
		page(t, m)
	}
	if looks != 1 {
		t.Errorf("%d looks", looks)
	}
	now, broken = now.Add(depthAge), errors.New("the disk is gone")
	if got := page(t, m); looks != 2 || !strings.Contains(got, "bonafide_queue_readable 0") || strings.Contains(got, "bonafide_queue_oldest") {
		t.Errorf("%d looks\n%s", looks, got)
	}
}

var inDesc = regexp.MustCompile(`fqName: "([^"]+)", help: "((?:[^"\\]|\\.)*)", (?:unit: "[^"]*", )?constLabels: \{[^}]*\}, variableLabels: \{([^}]*)\}`)

// rows are the rows of the table in docs/metrics.md.
func rows(t *testing.T, m *Metrics) (out []string) {
	t.Helper()
	for _, c := range m.ours {
		kind := "gauge"
		switch c.(type) {
		case *prometheus.CounterVec:
			kind = "counter"
		case *prometheus.HistogramVec:
			kind = "histogram"
		}
		descs := make(chan *prometheus.Desc, 64)
		c.Describe(descs)
		close(descs)
		for d := range descs {
			found := inDesc.FindStringSubmatch(d.String())
			if found == nil {
				t.Fatalf("not understood: %s", d)
			}
			labels := ""
			if found[3] != "" {
				labels = "`" + strings.ReplaceAll(found[3], ",", "`, `") + "`"
			}
			out = append(out, fmt.Sprintf("| `%s` | %s | %s | %s |", found[1], kind, labels, found[2]))
		}
	}
	slices.Sort(out)
	return out
}

func TestThePageOfTheDocumentationListsAllMetrics(t *testing.T) {
	data, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range bytes.Lines(data) {
		if bytes.HasPrefix(line, []byte("| `"+namespace)) {
			listed = append(listed, strings.TrimSpace(string(line)))
		}
	}
	slices.Sort(listed)
	if want := rows(t, shown(t)); !slices.Equal(listed, want) {
		t.Errorf("the table must be\n%s", strings.Join(want, "\n"))
	}
	// Alerts, and what operators are told to look at, speak of metrics that there are.
	operations, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, operations...)
	known := strings.Join(rows(t, shown(t)), "\n")
	for _, name := range regexp.MustCompile(`\bbonafide_[a-z_]+`).FindAllString(string(data), -1) {
		base := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(name, "")
		if !strings.Contains(known, "`"+base+"`") {
			t.Errorf("there is no %s", name)
		}
	}
}

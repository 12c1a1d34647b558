package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/mask"
	"github.com/bonafide-app/bonafide/app/sandbox"
)

// indiscreet is a GitHub in trouble that repeats what it was sent, and a transport that
// panics with it.
type indiscreet struct {
	http.RoundTripper
	mu   sync.Mutex
	left []func(*http.Request) *http.Response // what happens to the next requests that it is about
}

func says(status int) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		body, _ := json.Marshal(map[string]string{"message": "you sent Authorization: " + r.Header.Get("Authorization")})
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}
	}
}

func panics(r *http.Request) *http.Response {
	panic("deep down, with " + r.Header.Get("Authorization"))
}

func (i *indiscreet) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	var next func(*http.Request) *http.Response
	if len(i.left) > 0 && (strings.Contains(r.URL.Path, "/git/ref/heads/") || strings.HasSuffix(r.URL.Path, "/access_tokens")) {
		next, i.left = i.left[0], i.left[1:]
	}
	i.mu.Unlock()
	if next == nil {
		return i.RoundTripper.RoundTrip(r)
	}
	if r.Body != nil {
		r.Body.Close()
	}
	return next(r), nil
}

// forOperators are the paths that the public must not find anything at.
var forOperators = []string{"/metrics", "/jobs/", "/jobs/api/jobs", "/jobs/api/states", "/debug/pprof/", "/debug/pprof/heap?debug=1", "/debug/pprof/goroutine?debug=1", "/style.css"}

// whatIsSeen is the samples, then GitHub in trouble, then wrong signatures: what was
// logged at the finest level, and what the pages showed in between.
func whatIsSeen(t *testing.T) (s *stage, log string, shown map[string]string) {
	t.Helper()
	out := &bytes.Buffer{}
	github := &indiscreet{RoundTripper: http.DefaultTransport}
	var public, private string
	s = emptyStage(t, false, givesUpSoon, func(o *app.Options, w *sandbox.World) {
		o.Logger = zerolog.New(mask.New(o.WebhookSecret, string(o.PrivateKey)).Writer(zerolog.SyncWriter(out))).Level(zerolog.DebugLevel)
		o.Transport = github
		o.PublicURL = "https://bonafide.example.com"
		var err error
		if o.Operator, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		public, private = "http://"+o.Listener.Addr().String(), "http://"+o.Operator.Addr().String()
	})
	var err error
	s.scene, err = s.OpenSamples(s.ctx)
	s.must(err)
	s.settle()
	ask := func(method, address string, header http.Header) string {
		req, err := http.NewRequestWithContext(s.ctx, method, address, strings.NewReader(`{"x":1}`))
		s.must(err)
		req.Header = header
		resp, err := http.DefaultClient.Do(req)
		s.must(err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		s.must(err)
		return resp.Status + "\n" + string(body)
	}
	for i, trouble := range [][]func(*http.Request) *http.Response{
		{says(401), says(500)}, {says(502)}, {says(400)}, {panics}, slices.Repeat([]func(*http.Request) *http.Response{says(400)}, 1000),
	} {
		github.mu.Lock()
		github.left = trouble
		github.mu.Unlock()
		o := s.scene.Samples[i]
		s.must(s.GitHub.RerequestRun(s.ctx, s.check(o.HeadSHA).ID))
		s.settle()
	}
	shown = map[string]string{}
	last := s.check(s.scene.Samples[4].HeadSHA) // it was given up
	if want := "https://bonafide.example.com/r/" + sandbox.Owner + "/" + sandbox.Name + "/commit/" + last.HeadSHA; last.DetailsURL != want {
		t.Errorf("the check's details are at %q", last.DetailsURL)
	}
	shown["the check"] = last.Title + "\n" + last.Summary + "\n" + last.Text
	header := http.Header{"X-Github-Event": {"push"}, "X-Github-Delivery": {"0"}, "X-Hub-Signature-256": {"sha256=" + strings.Repeat("0", 64)}, "Authorization": {"Bearer 0123456789abcdef0123"}}
	shown["the webhook"] = ask("POST", public+"/api/github/hook", header)
	for _, path := range append([]string{"/healthz", "/readyz"}, forOperators...) {
		shown[path] = ask("GET", public+path, nil)
	}
	for _, path := range append([]string{"/"}, forOperators...) {
		shown["the operator's "+path] = ask("GET", private+path, nil)
	}
	shown["the metrics"] = shown["the operator's /metrics"]
	s.stop()
	return s, out.String(), shown
}

func TestWhatIsSeen(t *testing.T) {
	s, log, shown := whatIsSeen(t)
	t.Run("no secret", func(t *testing.T) {
		shown["the log"] = log
		key := strings.Split(string(s.GitHub.PrivateKeyPEM()), "\n")[1]
		// One by one, because each begins with letters to look for: some of the texts are long.
		for _, secret := range []string{regexp.QuoteMeta(key), regexp.QuoteMeta(sandbox.WebhookSecret), `gh[a-z]_`, `eyJ`, `earer [\w.-]{16}`, `EARER [\w.-]{16}`, `PRIVATE KEY`} {
			re := regexp.MustCompile(secret)
			for where, text := range shown {
				if found := re.FindString(text); found != "" {
					t.Errorf("%s shows %q", where, found)
				}
			}
		}
		if !strings.Contains(log, "[redacted]") || !strings.Contains(log, "deep down") || !strings.Contains(shown["the check"], "[redacted]") {
			t.Error("nothing had to be masked, so that nothing was looked at")
		}
	})
	t.Run("every line says what it is about", func(t *testing.T) { everyLine(t, log) })
	t.Run("what is for operators alone", func(t *testing.T) {
		for _, path := range forOperators {
			if !strings.HasPrefix(shown[path], "404") {
				t.Errorf("the public is shown %s", path)
			}
			if !strings.HasPrefix(shown["the operator's "+path], "200") {
				t.Errorf("operators are not shown %s: %s", path, shown["the operator's "+path])
			}
		}
		for _, want := range []string{"Trust root", "Deliveries are taken</dt><dd>yes", "none: all are done or given up", "Installation ", "requests left until", "Look for lost deliveries", "never"} {
			if !strings.Contains(shown["the operator's /"], want) {
				t.Errorf("the operator's page lacks %s", want)
			}
		}
		if !strings.Contains(shown["the operator's /jobs/api/states"], `"completed":{"accuracy":"exact"`) {
			t.Errorf("the jobs are not counted: %s", shown["the operator's /jobs/api/states"])
		}
	})
	t.Run("metrics", func(t *testing.T) {
		for _, want := range []string{
			`bonafide_deliveries_total{event="pull_request",reason="",result="stored"}`,
			`bonafide_deliveries_total{event="push",reason="signature",result="refused"} 1`,
			`bonafide_job_duration_seconds_count{kind="pull_request",result="done"}`,
			`result="given_up"`, `result="failed"`,
			`bonafide_job_stage_duration_seconds_count{stage="evidence"}`, `stage="read"`, `stage="parse"`, `stage="judge"`, `stage="publish"`,
			`bonafide_verdicts_total{conclusion="failure"}`, `bonafide_verdicts_total{conclusion="broken"} 1`,
			`bonafide_evidence_total{evidence="provenance",state="verified"}`, `bonafide_evidence_total{evidence="signature",state="verified"}`,
			`bonafide_github_request_duration_seconds_count{method="POST",route="/app/installations/{installation_id}/access_tokens",status="5xx"} 1`,
			`route="/repos/{owner}/{repo}/check-runs",status="2xx"`,
			`bonafide_registry_request_duration_seconds_count{host="127.0.0.1:`,
			`bonafide_first_check_seconds_count{since="opened"} `, `bonafide_first_check_seconds_count{since="installed"} 1`,
			`bonafide_facts_total{result="miss"}`, `bonafide_queue_readable 1`, `bonafide_trust_root_info{`, `bonafide_build_info{`,
		} {
			if !strings.Contains(shown["the metrics"], want) {
				t.Errorf("they lack %s", want)
			}
		}
		if strings.Contains(shown["the metrics"], `route="other"`) {
			t.Error("a route has no template")
		}
	})
	if t.Failed() {
		for where, text := range shown {
			t.Logf("%s:\n%s", where, text)
		}
	}
}

// everyLine holds the log against what docs/metrics.md says of it.
func everyLine(t *testing.T, log string) {
	jobs, ended := 0, 0
	for line := range strings.Lines(log) {
		fields, err := object(line)
		if err != nil {
			t.Errorf("%v: %s", err, line)
			continue
		}
		_, part := fields["part"]
		_, kind := fields["kind"]
		_, delivery := fields["delivery"]
		switch {
		case kind:
			jobs++
			for _, name := range []string{"delivery", "installation", "repository", "pull_request", "head"} {
				if _, ok := fields[name]; !ok {
					t.Errorf("no %s: %s", name, line)
				}
			}
			if fields["delivery"] == "" || fields["installation"] == 0.0 {
				t.Errorf("it is about no delivery: %s", line)
			}
		case !part:
			t.Errorf("it is about no job and of no part: %s", line)
		case delivery && fields["event"] == nil:
			t.Errorf("it is about a delivery, not about which event: %s", line)
		}
		if fields["result"] != nil {
			ended++
		}
		for _, name := range []string{"level", "message"} {
			if fields[name] == nil {
				t.Errorf("no %s: %s", name, line)
			}
		}
	}
	if jobs < 20 || ended < 10 {
		t.Errorf("only %d lines about jobs, %d about their ends", jobs, ended)
	}
}

// object reads one line of JSON. No name may stand there twice.
func object(line string) (map[string]any, error) {
	dec := json.NewDecoder(strings.NewReader(line))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, fmt.Errorf("not an object: %w", err)
	}
	fields := map[string]any{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		if _, twice := fields[fmt.Sprint(name)]; twice {
			return nil, fmt.Errorf("%v stands there twice", name)
		}
		fields[fmt.Sprint(name)] = value
	}
	return fields, nil
}

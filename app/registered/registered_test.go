package registered

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crypto/x509"

	"github.com/bonafide-app/bonafide"
	"github.com/bonafide-app/bonafide/app/outbound"
)

var update = flag.Bool("update", false, "write the golden files")

func parsed(t *testing.T) Manifest {
	t.Helper()
	m, err := Parse(bonafide.Manifest())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// good is an App as it must be, installed on an organisation with two repositories.
func good(m Manifest) (Facts, Options) {
	permissions := map[string]string{}
	for _, p := range m.Permissions {
		permissions[p.Name] = p.Access
	}
	var events []string
	for _, e := range m.Events {
		events = append(events, e.Name)
	}
	f := Facts{
		App:   App{ID: 12, Slug: "acme-bonafide", Name: "Acme bonafide", URL: "https://github.com/apps/acme-bonafide", ClientID: "Iv1.abc", Owner: "acme", Organised: true, Permissions: permissions, Events: events},
		Timed: true, Skew: 2 * time.Second,
		Hook: Hook{URL: "https://bonafide.example.com/api/github/hook", ContentType: "json", Secret: true}, Deliveries: 40, Failed: 1,
		Installations: []Installation{{ID: 7, Account: "acme", Organised: true, Permissions: permissions}},
		Repositories: []RepositoryFacts{
			{Repository{"acme", "web"}, Gate{Branch: "main", Demands: []Demand{{"build", 0, "branch protection"}, {"bonafide", 12, "a ruleset of acme"}}}, nil},
			{Repository{"acme", "api"}, Gate{Branch: "main", Demands: []Demand{{"bonafide", 12, "branch protection"}}}, nil},
		},
	}
	return f, Options{Manifest: m, Check: "bonafide", Web: "https://github.com", PublicURL: "https://bonafide.example.com", AppID: 12, ClientID: "Iv1.abc"}
}

func without(from map[string]string, name string, more ...string) map[string]string {
	out := map[string]string{}
	for k, v := range from {
		if k != name {
			out[k] = v
		}
	}
	for _, m := range more {
		out[m] = "write"
	}
	return out
}

func TestEveryFaultIsSaidWithWhatToDo(t *testing.T) {
	m := parsed(t)
	var all strings.Builder
	for _, c := range []struct {
		name string
		so   func(*Facts, *Options)
		want State
	}{
		{"all is well", func(*Facts, *Options) {}, OK},
		{"the key is refused", func(f *Facts, _ *Options) {
			f.AppErr, f.App = errors.New("it refuses the key"), App{}
		}, Fail},
		{"the key is another App's", func(_ *Facts, o *Options) { o.AppID = 13 }, Fail},
		{"no client id", func(_ *Facts, o *Options) { o.ClientID = "" }, Warn},
		{"another client id", func(_ *Facts, o *Options) { o.ClientID = "Iv1.xyz" }, Fail},
		{"the clock is a little late", func(f *Facts, _ *Options) { f.Skew = -40 * time.Second }, Warn},
		{"the clock is wrong", func(f *Facts, _ *Options) { f.Skew = 61 * time.Second }, Fail},
		{"no public address", func(_ *Facts, o *Options) { o.PublicURL = "" }, Warn},
		{"the public address is not reached", func(f *Facts, _ *Options) {
			f.Reached = errors.New("its certificate is not trusted: x509: certificate has expired")
		}, Fail},
		{"a permission is missing", func(f *Facts, _ *Options) { f.App.Permissions = without(f.App.Permissions, "checks") }, Fail},
		{"a permission is too much", func(f *Facts, _ *Options) {
			f.App.Permissions = without(f.App.Permissions, "contents", "contents", "administration")
		}, Warn},
		{"permissions are missing and too much", func(f *Facts, _ *Options) { f.App.Permissions = without(f.App.Permissions, "checks", "secrets") }, Fail},
		{"events are missing", func(f *Facts, _ *Options) { f.App.Events = f.App.Events[2:] }, Fail},
		{"events are too much", func(f *Facts, _ *Options) { f.App.Events = append(f.App.Events, "star", "issue_comment", "issues") }, Warn},
		{"the webhook is off", func(f *Facts, _ *Options) { f.Hook.URL = "" }, Fail},
		{"the webhook leads elsewhere", func(f *Facts, _ *Options) { f.Hook.URL = "https://old.example.com/api/github/hook" }, Fail},
		{"the webhook is careless", func(f *Facts, _ *Options) {
			f.Hook = Hook{URL: f.Hook.URL, ContentType: "form", Insecure: true}
		}, Fail},
		{"the webhook has no TLS", func(f *Facts, o *Options) {
			o.PublicURL, f.Hook.URL = "", "http://bonafide.example.com/api/github/hook"
		}, Fail},
		{"the webhook is not told", func(f *Facts, _ *Options) { f.HookErr = errors.New("GitHub answered 502") }, Warn},
		{"deliveries fail", func(f *Facts, _ *Options) { f.Failed = 8 }, Warn},
		{"no delivery arrives", func(f *Facts, _ *Options) { f.Failed = 40 }, Fail},
		{"installed nowhere", func(f *Facts, _ *Options) { f.Installations, f.Repositories = nil, nil }, Warn},
		{"suspended", func(f *Facts, _ *Options) { f.Installations[0].Suspended, f.Repositories = true, nil }, Warn},
		{"permissions are not accepted", func(f *Facts, _ *Options) {
			f.Installations[0].Permissions = without(f.Installations[0].Permissions, "merge_queues")
		}, Fail},
		{"not required", func(f *Facts, _ *Options) { f.Repositories[0].Gate.Demands = nil }, Warn},
		{"required from anybody", func(f *Facts, _ *Options) { f.Repositories[0].Gate.Demands[1].App = 0 }, Fail},
		{"required from anybody by protection", func(f *Facts, _ *Options) { f.Repositories[1].Gate.Demands[0].App = 0 }, Fail},
		{"required from another App", func(f *Facts, _ *Options) { f.Repositories[0].Gate.Demands[1].App = 15368 }, Fail},
		{"what is required is hidden", func(f *Facts, _ *Options) {
			f.Repositories[0].Gate = Gate{Branch: "main", Hidden: "GitHub does not let the App see the rulesets."}
		}, Warn},
		{"a repository cannot be asked", func(f *Facts, _ *Options) { f.Repositories[0].Err = errors.New("GitHub answered 500") }, Warn},
		{"too many repositories", func(f *Facts, _ *Options) { f.LeftOut = 17 }, Warn},
	} {
		f, o := good(m)
		c.so(&f, &o)
		lines := Judge(f, o)
		if got := Worst(lines); got != c.want {
			t.Errorf("%s: %s\n%+v", c.name, got, lines)
		}
		fmt.Fprintf(&all, "# %s\n", c.name)
		for _, l := range lines {
			if c.name != "all is well" && l.State == OK {
				continue
			}
			fmt.Fprintf(&all, "%s %s: %s\n", l.State, l.Subject, l.Says)
			if l.Do != "" {
				fmt.Fprintf(&all, "  %s\n", l.Do)
			}
			if l.At != "" {
				fmt.Fprintf(&all, "  %s\n", l.At)
			}
		}
	}
	golden := filepath.Join("testdata", "lines.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != all.String() {
		t.Errorf("%v; -update writes %s:\n%s", err, golden, &all)
	}
}

func TestTheManifestSaysWhyItAsks(t *testing.T) {
	m := parsed(t)
	if len(m.Permissions) != 5 || len(m.Events) != 10 || m.Description == "" {
		t.Errorf("%+v", m)
	}
	for _, data := range []string{
		"", "[]", "a: [", "default_permissions:\n  checks: write\ndefault_events:\n  - push # why\n", "default_permissions:\n  checks: write # why\n",
	} {
		if _, err := Parse([]byte(data)); err == nil {
			t.Errorf("taken: %q", data)
		}
	}
}

// Nothing of app.yml decides where GitHub sends anything.
func TestAddressesAreComputed(t *testing.T) {
	data := strings.ReplaceAll(string(bonafide.Manifest()), "bonafide.example.com", "evil.example") + "\nsetup_url: https://evil.example/\ncallback_urls: [https://evil.example/]\n"
	m, err := Parse([]byte(strings.Replace(data, "public: false", "public: true", 1)))
	if err != nil {
		t.Fatal(err)
	}
	document, err := m.Document("x", "https://mine.example", "http://127.0.0.1:1/callback")
	if err != nil || strings.Contains(string(document), "evil") || !strings.Contains(string(document), `"public":false`) {
		t.Errorf("%s, %v", document, err)
	}
}

func TestWiderIsWhatWasNotAskedFor(t *testing.T) {
	m := parsed(t)
	got := strings.Join(m.Wider(map[string]string{"contents": "write", "metadata": "read", "checks": "read", "issues": "read", "pull_requests": "owner"}), ", ")
	if want := "contents: write, issues: read, pull_requests: owner"; got != want {
		t.Errorf("%s", got)
	}
}

// shy is a GitHub that answers nothing but who the App is.
type shy struct {
	app App
	at  time.Time
	err error
}

func (s shy) App(context.Context) (App, time.Time, error)             { return s.app, s.at, s.err }
func (shy) Hook(context.Context) (Hook, error)                        { return Hook{}, errors.New("no") }
func (shy) Failing(context.Context) (int, int, error)                 { return 0, 0, errors.New("no") }
func (shy) Installations(context.Context) ([]Installation, error)     { return nil, errors.New("no") }
func (shy) Repositories(context.Context, int64) ([]Repository, error) { return nil, errors.New("no") }
func (shy) Gate(context.Context, int64, Repository) (Gate, error)     { return Gate{}, errors.New("no") }
func unreachable(context.Context, string) error                       { return errors.New("no") }

func TestWhatIsNotAnsweredIsSaid(t *testing.T) {
	m := parsed(t)
	f, o := good(m)
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	o.GitHub, o.Reach, o.Clock = shy{f.App, now.Add(-45 * time.Second), nil}, unreachable, func() time.Time { return now }
	lines, err := Check(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]State{}
	for _, l := range lines {
		states[l.Subject] = l.State
	}
	for subject, want := range map[string]State{"app": OK, "clock": Warn, "public address": Fail, "permissions": OK, "webhook": Warn, "deliveries": Warn, "installations": Warn} {
		if states[subject] != want {
			t.Errorf("%s: %q", subject, states[subject])
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Check(ended, o); !errors.Is(err, context.Canceled) {
		t.Errorf("a check that was stopped: %v", err)
	}
}

func TestTheAddressMustBeThisServersOverTLS(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/healthz" || status/100 == 3 {
				w.Header().Set("Location", "/elsewhere")
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	const alive = `{"status":"alive"}`
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		trusted bool
		says    string
	}{
		{"a server", answer(200, alive), true, ""},
		{"a certificate that nobody knows", answer(200, alive), false, "certificate is not trusted"},
		{"a redirect", answer(302, ""), true, "leads elsewhere"},
		{"another server", answer(200, "<html>"), true, "not this server"},
		{"a proxy without a server", answer(502, alive), true, "(502)"},
		{"an endless answer", answer(200, strings.Repeat(" ", maxReachBytes)+alive), true, "not this server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(c.handler)
			server.Config.ErrorLog = nil
			server.StartTLS()
			defer server.Close()
			roots := x509.NewCertPool()
			if c.trusted {
				roots.AddCert(server.Certificate())
			}
			err := Reacher("bonafide/test", outbound.Route{Roots: roots})(t.Context(), server.URL)
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v", err)
			}
		})
	}
	plain := httptest.NewServer(answer(200, alive))
	plain.Close()
	if err := Reacher("bonafide/test", outbound.Route{})(t.Context(), plain.URL); err == nil || !strings.Contains(err.Error(), "not reached") {
		t.Errorf("nobody: %v", err)
	}
}

// GitHub refuses what was signed half a minute ahead of its time: that is no reason to make a new key.
func TestAStartThatIsRefusedLooksAtTheClockFirst(t *testing.T) {
	for skew, want := range map[time.Duration]string{0: "app", 45 * time.Second: "clock", -10 * time.Minute: "clock"} {
		f := Facts{AppErr: ErrRefused, Timed: true, Skew: skew}
		if l := unknown(f, place{}); l.Subject != want || l.State != Fail {
			t.Errorf("%v: %+v", skew, l)
		}
	}
}

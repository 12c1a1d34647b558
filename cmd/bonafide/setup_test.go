package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/config"
)

// said is what a running command writes. wait gives the first match in it.
type said struct {
	mu   sync.Mutex
	cond *sync.Cond
	text bytes.Buffer
	over bool
}

func newSaid() *said {
	s := &said{}
	s.cond = sync.NewCond(&s.mu)
	return s
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.cond.Broadcast()
	return s.text.Write(p)
}

func (s *said) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.cond.Broadcast()
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *said) wait(t *testing.T, pattern string) string {
	t.Helper()
	want := regexp.MustCompile(pattern)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if m := want.FindStringSubmatch(s.text.String()); m != nil {
			return m[1]
		}
		if s.over {
			t.Fatalf("it ended without %s:\n%s", pattern, &s.text)
		}
		s.cond.Wait()
	}
}

// begin runs a command in the background. end stops it and gives its exit status.
func begin(t *testing.T, args ...string) (out, stderr *said, end func() int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, stderr = newSaid(), newSaid()
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, args, terminal{out, stderr}, unreachable())
		out.end()
		stderr.end()
	}()
	end = sync.OnceValue(func() int { stop(); return <-status })
	t.Cleanup(func() { end() })
	return out, stderr, end
}

// newHub is a GitHub that has made no App yet.
func newHub(t *testing.T) *forge.Server {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	hub, err := forge.New(t.TempDir(), forge.Options{Secret: "of an App that is not ours"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.Close() })
	server := httptest.NewServer(hub.Handler())
	t.Cleanup(server.Close)
	if err := hub.SetURL(server.URL); err != nil {
		t.Fatal(err)
	}
	return hub
}

// click goes through the set-up page as a person does, and gives the last page.
func click(t *testing.T, link, public string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	defer browser.CloseIdleConnections()
	read := func(resp *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %v %s", resp.StatusCode, err, text)
		}
		return string(text)
	}
	read(browser.Get(link))
	origin, _, _ := strings.Cut(link, "/open/")
	page := read(browser.PostForm(origin+"/manifest", url.Values{"public_url": {public}, "name": {"Acme"}}))
	action := html.UnescapeString(regexp.MustCompile(`method="post" action="([^"]*)"`).FindStringSubmatch(page)[1])
	document := html.UnescapeString(regexp.MustCompile(`name="manifest" value="([^"]*)"`).FindStringSubmatch(page)[1])
	return read(browser.PostForm(action, url.Values{"manifest": {document}, "confirmed": {"yes"}}))
}

const linkShape = `(http://127\.0\.0\.1:\d+/open/\S+)`

func TestAServerWithoutCredentialsIsSetUpAndGoesOn(t *testing.T) {
	hub, s := newHub(t), newShop(t)
	dir := filepath.Join(s.dir, "credentials")
	// A free port that is known before: the App's events go there.
	free := httptest.NewServer(http.NotFoundHandler())
	at := free.Listener.Addr().String()
	free.Close()
	args := append([]string{"serve", "--listen", at, "--credentials", dir, "--github-url", hub.URL(),
		"--database", filepath.Join(s.dir, "b.db"), "--public-url", "http://" + at}, s.flags...)
	_, stderr, end := begin(t, args...)
	link := stderr.wait(t, linkShape)

	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/api/github/hook": 503, "/": 503} {
		resp, err := http.Get("http://" + at + path)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != want || want == 503 && !strings.Contains(string(text), "being set up") {
			t.Errorf("%s before the set-up: %d %s", path, resp.StatusCode, text)
		}
	}
	if last := click(t, link, "http://"+at); !strings.Contains(last, "The server goes on by itself") {
		t.Errorf("the last page is %s", last)
	}
	stderr.wait(t, `(ready for deliveries)`)
	r, _, err := config.ReadRegistration(dir)
	s.must(err)
	if got := deliver(t, "http://"+at, r.WebhookSecret.Reveal()); got/100 != 2 {
		t.Errorf("a signed delivery: %d", got)
	}
	if got := deliver(t, "http://"+at, "of an App that is not ours"); got/100 == 2 {
		t.Errorf("a delivery with another signature: %d", got)
	}
	if status := end(); status != exitPassed {
		t.Errorf("it ended with %d:\n%s", status, stderr)
	}
	for _, secret := range []string{r.WebhookSecret.Reveal(), r.ClientSecret.Reveal(), r.PrivateKey.Reveal()[40:80]} {
		if strings.Contains(stderr.String(), secret) {
			t.Error("a secret is in the log")
		}
	}

	// The next start needs no set-up, and no flags for it.
	_, stderr, end = begin(t, append([]string{"serve", "--listen", at, "--credentials", dir, "--database", filepath.Join(s.dir, "b.db")}, s.flags...)...)
	stderr.wait(t, `(ready for deliveries)`)
	if status := end(); status != exitPassed || strings.Contains(stderr.String(), "/open/") {
		t.Errorf("it ended with %d:\n%s", status, stderr)
	}
}

// deliver sends a signed ping.
func deliver(t *testing.T, server, secret string) int {
	t.Helper()
	body := []byte(`{"zen":"x","hook_id":1,"hook":{"type":"App","id":1,"app_id":1}}`)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server+"/api/github/hook", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", "ping")
	r.Header.Set("X-GitHub-Delivery", "0b989ba4-242f-11e5-81e1-c7b6966d2516")
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestSetupPrintsCommandsInPlaceOfFiles(t *testing.T) {
	for where, want := range map[string]string{"kubernetes": "kubectl apply -f - <<'END'", "systemd": "systemd-creds encrypt --name=private-key.pem -"} {
		t.Run(where, func(t *testing.T) {
			hub := newHub(t)
			dir := filepath.Join(t.TempDir(), "none")
			out, stderr, end := begin(t, "setup", "--github-url", hub.URL(), "--print", where, "--credentials", dir)
			click(t, stderr.wait(t, linkShape), "https://bonafide.example.com")
			out.wait(t, `(app\.json)`)
			if status := end(); status != exitPassed || !strings.Contains(out.String(), want) {
				t.Errorf("%d\n%s", status, out)
			}
			key := base64.StdEncoding.EncodeToString(append(bytes.TrimSpace(hub.PrivateKeyPEM()), '\n'))
			if !strings.Contains(out.String(), key) || strings.Contains(stderr.String(), key) {
				t.Errorf("the key is not where it belongs:\n%s", out)
			}
			if _, _, err := config.ReadRegistration(dir); err == nil {
				t.Error("it was stored, too")
			}
		})
	}
}

func TestSettingUpThatIsStoppedSaysSo(t *testing.T) {
	hub := newHub(t)
	dir := filepath.Join(t.TempDir(), "none")
	_, stderr, end := begin(t, "setup", "--github-url", hub.URL(), "--credentials", dir)
	stderr.wait(t, linkShape)
	if status := end(); status != exitCouldNotCheck || !strings.Contains(stderr.String(), "bonafide: stopped: no credentials were stored\n") {
		t.Errorf("%d\n%s", status, stderr)
	}
}

func TestSetupRefusesWhatItCouldNotEndWith(t *testing.T) {
	s := newShop(t)
	dir := filepath.Join(s.dir, "credentials")
	s.write("credentials/private-key.pem", "mine")
	file := s.write("file", "")
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"credentials that are there": {[]string{"setup", "--credentials", dir}, "they are not overwritten"},
		"half of a set":              {[]string{"serve", "--credentials", dir, "--database", filepath.Join(s.dir, "b.db")}, "are not complete"},
		"a folder below a file":      {[]string{"setup", "--credentials", filepath.Join(file, "x")}, "choose another one with --credentials"},
		"another machine's address":  {[]string{"setup", "--credentials", filepath.Join(s.dir, "n"), "--setup-listen", "0.0.0.0:0"}, "this machine alone"},
		"a public address at home":   {[]string{"setup", "--credentials", filepath.Join(s.dir, "n"), "--public-url", "https://localhost"}, "GitHub cannot reach it"},
		"a check of nothing":         {[]string{"setup", "--check", "--credentials", filepath.Join(s.dir, "n")}, "make the App first"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, stderr := command(t, tt.args...)
			if status != exitUsage || !strings.Contains(stderr, tt.says) || out != "" {
				t.Errorf("%d %s%s", status, out, stderr)
			}
		})
	}
}

func TestSetupChecksARegisteredApp(t *testing.T) {
	hub := newHub(t)
	dir := filepath.Join(t.TempDir(), "credentials")
	public := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"status":"alive"}`) }))
	defer public.Close()
	_, stderr, end := begin(t, "setup", "--github-url", hub.URL(), "--credentials", dir)
	click(t, stderr.wait(t, linkShape), public.URL)
	stderr.wait(t, `(is made)`)
	if status := end(); status != exitPassed {
		t.Fatalf("%d %s", status, stderr)
	}
	status, out, said := command(t, "setup", "--check", "--credentials", dir)
	// The sandbox's webhook has no TLS, which nothing may pass.
	if status != exitFailed || said != "" || !strings.Contains(out, "As app.yml asks for them.") || !strings.Contains(out, "without TLS") || !strings.Contains(out, "installed nowhere") {
		t.Errorf("%d\n%s%s", status, out, said)
	}
	status, out, _ = command(t, "setup", "--check", "--credentials", dir, "--format", "json")
	var doc struct {
		Schema, State string
		Lines         []struct{ Subject, State, Says, Do, At string }
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || status != exitFailed || doc.Schema != "bonafide.setup/v1" || doc.State != "fail" || len(doc.Lines) < 6 {
		t.Errorf("%d %v\n%s", status, err, out)
	}
}

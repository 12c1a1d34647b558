package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runsAgain is how soon a killed server's job must run again after the restart.
const runsAgain = 15 * time.Second

// stopScene is the real program against a GitHub that never answers.
type stopScene struct {
	t       *testing.T
	program string
	args    []string
	asked   chan string // the path of every request that the GitHub gets
}

func newStopScene(t *testing.T) *stopScene {
	t.Helper()
	s := &stopScene{t: t, program: filepath.Join(t.TempDir(), "bonafide"), asked: make(chan string, 1000)}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", s.program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	over := make(chan struct{})
	github := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case s.asked <- r.URL.Path:
		default:
		}
		select { // no answer
		case <-r.Context().Done():
		case <-over:
		}
	}))
	t.Cleanup(func() { close(over); github.CloseClientConnections(); github.Close() })
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	s.must(err)
	pemFile := filepath.Join(t.TempDir(), "key.pem")
	s.must(os.WriteFile(pemFile, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), 0o600))
	trust := newShop(t) // a trust of its own, so that nothing is renewed over the network
	s.args = append([]string{"serve", "--listen=127.0.0.1:0", "--operator-listen=off", "--app-id=1", "--private-key-file=" + pemFile, "--webhook-secret=" + stopSecret,
		"--github-api-url=" + github.URL + "/", "--database=" + filepath.Join(t.TempDir(), "b.db")}, trust.flags...)
	return s
}

const stopSecret = "the webhook secret"

func (s *stopScene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// running is one process of the program.
type running struct {
	*exec.Cmd
	s       *stopScene
	address string
	said    *bufio.Scanner
}

func (s *stopScene) start() *running {
	s.t.Helper()
	p := &running{Cmd: exec.Command(s.program, s.args...), s: s}
	stderr, err := p.StderrPipe()
	s.must(err)
	s.must(p.Start())
	s.t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() })
	p.said = bufio.NewScanner(stderr)
	first := p.until("ready for deliveries")
	for _, what := range []string{"version", "database", "sweep_every", "reconcile_every", "trust_root", "trust_root_expires"} {
		if first[what] == "" {
			s.t.Errorf("it does not say its %s as it begins: %v", what, first)
		}
	}
	p.address = first["address"]
	return p
}

// until reads the log up to a message.
func (p *running) until(message string) map[string]string {
	p.s.t.Helper()
	var seen strings.Builder
	for p.said.Scan() {
		seen.WriteString(p.said.Text() + "\n")
		var line map[string]any
		if json.Unmarshal(p.said.Bytes(), &line) != nil || line["message"] != message {
			continue
		}
		out := map[string]string{}
		for k, v := range line {
			out[k], _ = v.(string)
		}
		return out
	}
	p.s.t.Fatalf("the server ended before it said %q:\n%s", message, &seen)
	return nil
}

// deliver sends a delivery and returns the status of the answer.
func (p *running) deliver(guid string) int {
	p.s.t.Helper()
	body := []byte(`{"action":"opened","number":7,"pull_request":{"number":7,"head":{"sha":"` + strings.Repeat("a", 40) + `"}},
		"repository":{"id":5,"name":"web","full_name":"acme/web","owner":{"login":"acme"}},"installation":{"id":9}}`)
	mac := hmac.New(sha256.New, []byte(stopSecret))
	mac.Write(body)
	req, err := http.NewRequestWithContext(p.s.t.Context(), http.MethodPost, "http://"+p.address+"/api/github/hook", bytes.NewReader(body))
	p.s.must(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", "pull_request")
	req.Header.Set("X-GitHub-Delivery", guid)
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := http.DefaultClient.Do(req)
	p.s.must(err)
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	p.s.must(err)
	return resp.StatusCode
}

// busy waits until a job of the server asks GitHub.
func (s *stopScene) busy(within time.Duration) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), within)
	defer cancel()
	select {
	case <-s.asked:
	case <-ctx.Done():
		s.t.Fatalf("no job ran within %v", within)
	}
}

// ends waits for the end of the process and returns how it ended.
func (p *running) ends(within time.Duration) *os.ProcessState {
	p.s.t.Helper()
	ended := make(chan error, 1)
	go func() {
		for p.said.Scan() { // what is left of the log, or the pipe would be full
		}
		ended <- p.Wait()
	}()
	ctx, cancel := context.WithTimeout(p.s.t.Context(), within)
	defer cancel()
	select {
	case err := <-ended:
		var status *exec.ExitError
		if err != nil && !errors.As(err, &status) {
			p.s.t.Fatal(err)
		}
	case <-ctx.Done():
		p.s.t.Fatalf("the server did not end within %v", within)
	}
	return p.ProcessState
}

func TestAKilledServersJobRunsAgainSoonAfterItsRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it builds the program, and waits for it to drain")
	}
	s := newStopScene(t)
	p := s.start()
	if status := p.deliver("11111111-1111-1111-1111-111111111111"); status != http.StatusOK {
		t.Fatalf("the delivery was answered with %d", status)
	}
	s.busy(runsAgain)
	s.must(p.Process.Kill())
	p.ends(runsAgain)
	for len(s.asked) > 0 {
		<-s.asked
	}

	again := s.start()
	s.busy(runsAgain)

	// SIGTERM: nothing is taken any more, the job that hangs is returned, and all is well.
	s.must(again.Process.Signal(syscall.SIGTERM))
	again.until("draining")
	refused, cancel := context.WithTimeout(t.Context(), runsAgain)
	defer cancel()
	for again.deliver("22222222-2222-2222-2222-222222222222") != http.StatusServiceUnavailable {
		if refused.Err() != nil {
			t.Fatal("deliveries are taken while the server ends")
		}
	}
	if state := again.ends(30 * time.Second); state.ExitCode() != 0 {
		t.Errorf("it ended with %v", state)
	}
	for len(s.asked) > 0 {
		<-s.asked
	}

	// What was returned is there for the next one. A second signal ends it at once.
	last := s.start()
	s.busy(runsAgain)
	s.must(last.Process.Signal(syscall.SIGTERM))
	last.until("draining")
	go func() { // the first one may come before the program has let go of its signals
		for last.Process.Signal(os.Interrupt) == nil {
			<-time.After(100 * time.Millisecond)
		}
	}()
	if state := last.ends(10 * time.Second); state.Success() {
		t.Errorf("it ended with %v", state)
	}
}

package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
	"github.com/bonafide-app/bonafide/app/sandbox/samples"
)

// emulator is a GitHub that nobody here wrote: the npm package emulate, unpatched.
type emulator struct {
	t   *testing.T
	URL string `json:"url"`
	Key string `json:"key"`
}

func startEmulator(t *testing.T, port int, hook, secret string) *emulator {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: node is not on PATH")
	}
	modules := contract.NodeModules(t)
	cmd := exec.Command(node, filepath.Join(filepath.Dir(modules), "emulate", "start.mjs"), strconv.Itoa(port), hook, secret)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Logf("the emulator ended with %v: %s", err, &complaint)
		}
	})
	e := &emulator{t: t}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, e) != nil {
		t.Fatalf("the emulator said %q: %v\n%s", line, err, &complaint)
	}
	return e
}

// do is a request by a person, not by the App.
func (e *emulator) do(method, path string, body, answer any) {
	e.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		e.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(e.t.Context(), method, e.URL+path, bytes.NewReader(raw))
	if err != nil {
		e.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer person")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		e.t.Fatalf("%s %s: %s %v\n%s", method, path, resp.Status, err, text)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			e.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

// put writes a file on a branch.
func (e *emulator) put(branch, path, content string) {
	e.t.Helper()
	body := map[string]any{"message": "write " + path, "branch": branch, "content": base64.StdEncoding.EncodeToString([]byte(content))}
	req, err := http.NewRequestWithContext(e.t.Context(), http.MethodGet, e.URL+"/repos/acme/web/contents/"+path+"?ref="+branch, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer person")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	var old struct{ SHA string }
	if resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(&old) == nil {
		body["sha"] = old.SHA
	}
	e.do(http.MethodPut, "/repos/acme/web/contents/"+path, body, nil)
}

// JWT, installation token, a signed pull_request.opened, a completed check run: the
// plain way, on a GitHub that was written by somebody else.
func TestThePlainWayOnAGitHubThatNobodyHereWrote(t *testing.T) {
	contract.NodeModules(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	world, err := sandbox.New(ctx, t.TempDir(), "") // only its registry is used
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	if err := samples.World(world.NPM); err != nil {
		t.Fatal(err)
	}
	all, err := samples.Samples()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := sandbox.Listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	free, err := sandbox.Listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(free.Addr().String(), ":")
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	e := startEmulator(t, number, "http://"+listener.Addr().String()+"/api/github/hook", sandbox.WebhookSecret)

	trust, err := provenance.LoadTrust(world.Sigstore.TrustedRoot(), world.Sigstore.KeysTUF())
	if err != nil {
		t.Fatal(err)
	}
	server, err := app.New(ctx, app.Options{
		Listener: listener, AppID: 77, PrivateKey: []byte(e.Key), WebhookSecret: sandbox.WebhookSecret, APIURL: e.URL + "/",
		Database: filepath.Join(t.TempDir(), "bonafide.db"), NPMRegistry: world.NPMURL, Trust: trust,
		Workers: 1, TryFor: 2 * time.Second, Demo: true, Version: "test", Logger: zerolog.New(zerolog.NewTestWriter(t)),
	})
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- server.Run(running) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	for path, content := range all[0].Main {
		e.put("main", path, content)
	}
	var tip struct{ Object struct{ SHA string } }
	e.do(http.MethodGet, "/repos/acme/web/git/ref/heads/main", nil, &tip)
	e.do(http.MethodPost, "/repos/acme/web/git/refs", map[string]string{"ref": "refs/heads/update", "sha": tip.Object.SHA}, nil)
	for path, content := range all[0].Head {
		if all[0].Main[path] != content {
			e.put("update", path, content)
		}
	}
	var pull struct{ Head struct{ SHA string } }
	e.do(http.MethodPost, "/repos/acme/web/pulls", map[string]string{"title": all[0].Title, "head": "update", "base": "main"}, &pull)

	var runs struct {
		CheckRuns []struct {
			Name, Status, Conclusion string
			Output                   struct{ Title, Summary string }
		} `json:"check_runs"`
	}
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		e.do(http.MethodGet, fmt.Sprintf("/repos/acme/web/commits/%s/check-runs", pull.Head.SHA), nil, &runs)
		if len(runs.CheckRuns) > 0 && runs.CheckRuns[0].Status == "completed" {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("no completed check run: %+v", runs)
		}
	}
	if got := runs.CheckRuns[0]; len(runs.CheckRuns) != 1 || got.Name != "bonafide" || got.Conclusion != "success" || !strings.Contains(got.Output.Title, "4") {
		t.Errorf("%+v", runs.CheckRuns)
	}
}

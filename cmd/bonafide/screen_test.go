package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/report"
)

func TestColorsAreForWhoeverWantsThem(t *testing.T) {
	for _, x := range []struct {
		choice string
		env    map[string]string
		want   bool
	}{
		{"auto", nil, false}, // a buffer is no terminal
		{"always", nil, true},
		{"always", map[string]string{"NO_COLOR": "1", "TERM": "dumb"}, true},
		{"never", map[string]string{"CLICOLOR_FORCE": "1"}, false},
		{"auto", map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{"auto", map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{"auto", map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false},
	} {
		if got := colored(x.choice, &bytes.Buffer{}, func(name string) string { return x.env[name] }); got != x.want {
			t.Errorf("%s, %v: %v", x.choice, x.env, got)
		}
	}
}

func TestTheBarSaysHowFarItIsAndGoesAway(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	b := &bar{out: &out, width: func() int { return 80 }, now: func() time.Time { return now }}
	for i := range 1001 { // a millisecond each
		b.show("releases", i, 1000)
		now = now.Add(time.Millisecond)
	}
	lines := strings.Split(out.String(), clearLine)[1:]
	if len(lines) != 11 || lines[0] != "0 of 1000 releases   0 %  [------------------------]" ||
		lines[5] != "500 of 1000 releases  50 %  [############------------]  1000/s" || lines[10] != "" {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	out.Reset()
	b.clear()
	if out.Len() > 0 {
		t.Errorf("what is gone is taken away: %q", &out)
	}
	b.show("histories", 3, 9)
	b.clear()
	if want := clearLine + "3 of 9 histories  33 %  [########----------------]" + clearLine; out.String() != want {
		t.Errorf("%q", &out)
	}
	(&bar{}).show("releases", 1, 2)
}

func TestTheBarFitsTheTerminal(t *testing.T) {
	for width := range 120 {
		if line := barLine("earlier releases", 12345, 100000, time.Second, width); line != "" && len(line) >= width {
			t.Errorf("%d columns: %q", width, line)
		}
	}
	if line := barLine("releases", 1, 2, time.Second, 20); line != "1 of 2 releases" {
		t.Errorf("%q", line)
	}
}

// hangs answers for what the shop has until a name is asked for, and that never.
func (s *shop) hangs(name string, stop func()) *httptest.Server {
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, name) {
			once.Do(stop)
			<-r.Context().Done()
			return
		}
		s.registry.ServeHTTP(w, r)
	}))
	s.t.Cleanup(server.Close)
	return server
}

func TestWhatIsStoppedSaysWhatWasNotLookedAt(t *testing.T) {
	s := newShop(t)
	lockfile := s.write("package-lock.json", s.lock("tide@1.0.0", "tide@1.0.1", "sand@2.0.0"))
	saved := s.write("evidence.json", "as it was")
	for _, args := range [][]string{
		{"audit", lockfile}, {"diff", s.write("base/package-lock.json", s.lock()), lockfile}, {"verify", "tide@1.0.1", "sand@2.0.0"},
	} {
		t.Run(args[0], func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server := s.hangs("sand", cancel)
			var out, stderr bytes.Buffer
			args = append(append(args, s.flags...), "--evidence", saved, "--npm-registry", server.URL)
			status := run(ctx, args, terminal{&out, &stderr}, unreachable())
			if status != exitCouldNotCheck || out.Len() > 0 || !strings.Contains(stderr.String(), "stopped: ") || !strings.Contains(stderr.String(), "\n  sand@2.0.0\n") {
				t.Errorf("status %d\n%s%s", status, &out, &stderr)
			}
			if now, err := os.ReadFile(saved); err != nil || string(now) != "as it was" {
				t.Errorf("the evidence that was saved: %q, %v", now, err)
			}
			if left, err := filepath.Glob(filepath.Join(s.dir, ".evidence-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestWhatWasNotLookedAtIsCountedAndNamed(t *testing.T) {
	s := newShop(t)
	ids := []string{"tide@1.0.0"}
	for i := range 9 {
		ids = append(ids, fmt.Sprintf("lost-%d@1.0.0", i))
	}
	lockfile := s.write("package-lock.json", s.lock(ids...))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, stderr bytes.Buffer
	status := run(ctx, append([]string{"audit", lockfile}, s.flags...), terminal{&out, &stderr}, unreachable())
	if want := "bonafide: stopped: nothing was looked at\n"; status != exitCouldNotCheck || stderr.String() != want {
		t.Errorf("status %d: %s", status, &stderr)
	}

	stderr.Reset()
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	server := s.hangs("lost-", cancel)
	status = run(ctx, append(append([]string{"audit", lockfile}, s.flags...), "--npm-registry", server.URL), terminal{&out, &stderr}, unreachable())
	got := stderr.String()
	if status != exitCouldNotCheck || strings.Count(got, "\n  lost-") < namedMissed-1 || !strings.Contains(got, " of 10 packages were looked at, ") ||
		!strings.Contains(got, "more\n") {
		t.Errorf("status %d: %s", status, got)
	}
}

func TestARuleIsAFilterThatMustExist(t *testing.T) {
	s := newShop(t)
	base := s.write("base/package-lock.json", s.lock("tide@1.0.0"))
	head := s.write("head/package-lock.json", s.lock("tide@1.0.1", "sand@2.0.0"))
	status, out, _ := s.run("diff", base, head, "--rule", "provenance-lost", "--rule=burst", "--format=json")
	var doc document
	s.must(json.Unmarshal([]byte(out), &doc))
	if status != exitFailed || len(doc.Packages) != 1 || doc.Packages[0].Purl != "pkg:npm/tide@1.0.1" || len(doc.Findings) != 1 {
		t.Errorf("status %d\n%s", status, out)
	}
	if status, _, stderr := s.run("diff", base, head, "--rule", "provenence-lost"); status != exitUsage || !strings.Contains(stderr, "Did you mean provenance-lost?") {
		t.Errorf("status %d: %s", status, stderr)
	}
	if status, _, stderr := s.run("audit", head, "--group-by", "moon"); status != exitUsage || !strings.Contains(stderr, string(report.ByScope)) {
		t.Errorf("status %d: %s", status, stderr)
	}
	if _, out, _ := s.run("audit", head, "--group-by", "state", "--color", "always"); !strings.Contains(out, "\x1b[1mno provenance\x1b[0m: 2 packages\n") {
		t.Errorf("%q", out)
	}
}

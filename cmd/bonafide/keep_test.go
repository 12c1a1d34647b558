package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// TestMain keeps the commands of the tests from what this user's own runs kept.
func TestMain(m *testing.M) {
	if err := os.Setenv("BONAFIDE_NO_CACHE", "true"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// keeping makes the shop's runs keep what they learn in a folder.
func (s *shop) keeping(dir string) {
	s.t.Setenv("BONAFIDE_NO_CACHE", "false")
	s.flags = append(s.flags, "--cache-dir", dir)
}

// kinds are the kinds of the requests since the last call, sorted.
func (s *shop) kinds() string {
	var kinds []string
	for _, r := range s.registry.Requests() {
		kinds = append(kinds, string(r.Kind))
	}
	s.registry.Forget()
	slices.Sort(kinds)
	return strings.Join(kinds, " ")
}

var judged = regexp.MustCompile(`"at": "[^"]*"`)

func TestAnUnchangedLockfileCostsNoRequest(t *testing.T) {
	s := newShop(t)
	dir := filepath.Join(s.dir, "cache")
	s.keeping(dir)
	integrity, err := s.registry.Publish(npm.Release{Name: "reef", Version: "1.0.0", PublishedAt: time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)}) // by a key that has ended since
	s.must(err)
	s.integrity["reef@1.0.0"] = integrity
	integrity, err = s.registry.Publish(npm.Release{Name: "foam", Version: "2.0.0", Build: &sigstore.Build{Repository: "harbour/foam", Ref: "refs/heads/main"}})
	s.must(err)
	s.integrity["foam@2.0.0"] = integrity
	lock := s.write("package-lock.json", s.lock("tide@1.0.0", "sand@2.0.0", "reef@1.0.0"))
	first := ""
	audit := func(what, requests string, more ...string) {
		t.Helper()
		status, out, stderr := s.run(append([]string{"audit", lock, "--format", "json"}, more...)...)
		out = judged.ReplaceAllString(out, "")
		if first == "" {
			first = out
		}
		if status != exitPassed || out != first && !slices.Contains(more, "--offline") || stderr != "" {
			t.Errorf("%s: status %d\n%s\n%s\nand was\n%s", what, status, stderr, out, first)
		}
		if asked := s.kinds(); asked != requests {
			t.Errorf("%s asks for %q, want %q", what, asked, requests)
		}
	}
	s.registry.Forget()
	const cold = "attestations tarball version version version"
	audit("a cold run", cold)
	audit("the next", "")
	audit("one that verifies again", "", "--reverify")
	audit("one that keeps nothing", cold, "--no-cache")
	audit("one that saves what is answered", cold, "--evidence", filepath.Join(s.dir, "evidence.json"))
	audit("one that asks nobody", "", "--offline")
	first, lock = "", s.write("more/package-lock.json", s.lock("tide@1.0.1", "sand@2.0.0", "reef@1.0.0"))
	audit("one package changed", "version")
	first, lock = "", s.write("attested/package-lock.json", s.lock("tide@1.0.1", "foam@2.0.0", "reef@1.0.0"))
	audit("one attested package changed", "attestations version")
	s.must(os.Remove(filepath.Join(dir, "facts", "facts.db")))
	audit("what was kept is gone", "attestations tarball version version version")
}

func TestWhatOthersCouldHaveWrittenIsNotUsedAndThatIsSaid(t *testing.T) {
	s := newShop(t)
	dir := filepath.Join(s.dir, "cache")
	s.keeping(dir)
	lock := s.write("package-lock.json", s.lock("tide@1.0.0"))
	if status, _, _ := s.run("audit", lock); status != exitPassed {
		t.Fatal(status)
	}
	s.must(os.Chmod(filepath.Join(dir, "facts", "facts.db"), 0o666))
	s.registry.Forget()
	status, _, stderr := s.run("audit", lock)
	if status != exitPassed || !strings.Contains(stderr, "is not used") || !strings.Contains(stderr, "facts.db") {
		t.Errorf("status %d: %s", status, stderr)
	}
	if asked := s.kinds(); asked != "attestations version" {
		t.Errorf("asked for %q", asked)
	}
	s.flags[len(s.flags)-1] = lock // a file
	if status, _, stderr := s.run("audit", lock); status != exitPassed || !strings.Contains(stderr, "nothing is kept for the next run") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// What was kept of a package's history may be older than the release that is judged.
func TestAHistoryThatWasKeptBeforeAReleaseCameOutIsAskedForAgain(t *testing.T) {
	s := checkoutShop(t)
	s.keeping(filepath.Join(s.dir, "cache"))
	s.write("web/package-lock.json", s.lock("tide@1.0.1"))
	_, _, _ = s.run("diff", "--format", "json")
	integrity, err := s.registry.Publish(npm.Release{Name: "tide", Version: "1.0.2", Scripts: map[string]string{"postinstall": "node x"}})
	s.must(err)
	s.integrity["tide@1.0.2"] = integrity
	s.write("web/package-lock.json", s.lock("tide@1.0.2"))
	status, warm, stderr := s.run("diff", "--format", "json")
	_, cold, _ := s.run("diff", "--format", "json", "--no-cache")
	if judged.ReplaceAllString(warm, "") != judged.ReplaceAllString(cold, "") || warm == "" {
		t.Errorf("status %d: %s\n%s\nand without what was kept\n%s", status, stderr, warm, cold)
	}
	s.registry.Forget()
	_, _, _ = s.run("diff", "--format", "json")
	if asked := s.kinds(); asked != "" {
		t.Errorf("the next asks for %q", asked)
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/samples"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// shop is a registry with tide@1.0.0 (with provenance) and tide@1.0.1 (without), and
// a folder to work in.
type shop struct {
	t         *testing.T
	dir       string
	registry  *npm.Registry
	server    *httptest.Server
	flags     []string // where evidence comes from and what it is held against
	integrity map[string]string
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir(), integrity: map[string]string{}}
	trust, err := sigstore.New(time.Now)
	s.must(err)
	s.registry, err = npm.New(trust, time.Now)
	s.must(err)
	for _, r := range []npm.Release{
		{Name: "tide", Version: "1.0.0", PublishedAt: time.Now().AddDate(0, -1, 0), Build: &sigstore.Build{Repository: "harbour/tide", Ref: "refs/heads/main"}},
		{Name: "tide", Version: "1.0.1"},
		{Name: "sand", Version: "2.0.0"},
	} {
		sri, err := s.registry.Publish(r)
		s.must(err)
		s.integrity[r.Name+"@"+r.Version] = sri
	}
	s.server = httptest.NewServer(s.registry)
	t.Cleanup(s.server.Close)
	s.flags = []string{"--npm-registry", s.server.URL,
		"--trusted-root", s.write("trusted_root.json", string(trust.TrustedRoot())), "--npm-keys", s.write("keys.json", string(trust.KeysNPM()))}
	return s
}

func (s *shop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) write(name, content string) string {
	s.t.Helper()
	file := filepath.Join(s.dir, filepath.FromSlash(name))
	s.must(os.MkdirAll(filepath.Dir(file), 0o755))
	s.must(os.WriteFile(file, []byte(content), 0o644))
	return file
}

func (s *shop) lock(ids ...string) string {
	packages := map[string]any{"": map[string]any{"name": "web"}}
	for _, id := range ids {
		name, version, _ := strings.Cut(id, "@")
		packages["node_modules/"+name] = map[string]any{"version": version, "integrity": s.integrity[id],
			"resolved": fmt.Sprintf("https://registry.npmjs.org/%s/-/%s-%s.tgz", name, name, version)}
	}
	out, err := json.MarshalIndent(map[string]any{"lockfileVersion": 3, "packages": packages}, "", "  ")
	s.must(err)
	return string(out)
}

// run adds the flags of the registry.
func (s *shop) run(args ...string) (int, string, string) {
	s.t.Helper()
	return command(s.t, append(args, s.flags...)...)
}

func (s *shop) git(args ...string) {
	s.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"}, args...)...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func TestExitStatusesAreAContract(t *testing.T) {
	s := newShop(t)
	good := s.write("good/package-lock.json", s.lock("tide@1.0.0", "sand@2.0.0"))
	bad := s.write("bad/package-lock.json", s.lock("tide@1.0.1", "sand@2.0.0"))
	gone := s.write("gone/package-lock.json", strings.ReplaceAll(s.lock("sand@2.0.0"), "sand", "ghost"))
	broken := s.write("broken/package-lock.json", "{")
	observing := s.write("observe.yml", "version: 1\nmode: observe\n")
	mistaken := s.write("mistake.yml", "version: 1\nmood: observe\n")
	odd := s.write("notes.txt", "")
	empty := filepath.Join(s.dir, "empty")
	s.must(os.Mkdir(empty, 0o755))
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"an audit that passes", []string{"audit", good}, exitPassed, "audited 2 packages"},
		{"an audit of a directory", []string{"audit", filepath.Dir(good)}, exitPassed, "1 package has a verified attestation"},
		{"a diff that passes", []string{"diff", good, good}, exitPassed, ""},
		{"a diff that fails", []string{"diff", good, bad}, exitFailed, "provenance-lost"},
		{"a diff of directories", []string{"diff", filepath.Dir(good), filepath.Dir(bad)}, exitFailed, "provenance-lost"},
		{"a diff that would fail", []string{"diff", good, bad, "--policy", observing}, exitPassed, "would fail"},
		{"a release", []string{"verify", "npm:tide@1.0.0", "--integrity", s.integrity["tide@1.0.0"]}, exitPassed, "harbour/tide"},
		{"a release with another digest", []string{"verify", "tide@1.0.0", "--integrity", s.integrity["sand@2.0.0"]}, exitFailed, "digest"},
		{"a release that is not there", []string{"verify", "npm:ghost@2.0.0"}, exitCouldNotCheck, "no such release"},
		{"a lockfile with a package that is not there", []string{"audit", gone}, exitCouldNotCheck, "ghost@2.0.0"},
		{"an unreadable lockfile", []string{"audit", broken}, exitFailed, "package-lock.json"},
		{"offline without anything saved", []string{"audit", good, "--offline"}, exitCouldNotCheck, "offline"},
		{"no such file", []string{"audit", filepath.Join(s.dir, "nothing")}, exitUsage, "no such file"},
		{"no lockfile", []string{"audit", empty}, exitUsage, "no lockfile"},
		{"no name of a lockfile", []string{"audit", odd}, exitUsage, "notes.txt"},
		{"a mistake in the policy", []string{"audit", good, "--policy", mistaken}, exitUsage, "mood"},
		{"a diff of a file and a directory", []string{"diff", good, filepath.Dir(bad)}, exitUsage, "one kind"},
		{"a version is missing", []string{"verify", "npm:tide"}, exitUsage, "NAME@VERSION"},
		{"another ecosystem", []string{"verify", "pypi:requests@2.0.0"}, exitUsage, "not supported yet"},
		{"a digest that is none", []string{"verify", "tide@1.0.0", "--integrity", "sha512-x"}, exitUsage, "--integrity"},
		{"a digest for two", []string{"verify", "tide@1.0.0", "sand@2.0.0", "--integrity", s.integrity["tide@1.0.0"]}, exitUsage, "one package"},
		{"an unknown flag", []string{"audit", good, "--fast"}, exitUsage, "--fast"},
		{"an unknown format", []string{"audit", good, "--format", "xml"}, exitUsage, "xml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, out, stderr := s.run(tt.args...)
			if status != tt.status || !strings.Contains(strings.ToLower(out+stderr), strings.ToLower(tt.says)) {
				t.Errorf("status %d, want %d; %q is wanted in\n%s%s", status, tt.status, tt.says, out, stderr)
			}
			if status == exitUsage && out != "" {
				t.Errorf("a wrong call prints a result: %s", out)
			}
		})
	}
}

func TestNothingToDoIsHelp(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"audit", "--help"}} {
		status, out, _ := command(t, args...)
		if status != exitPassed || !strings.Contains(out, "Usage: bonafide") {
			t.Errorf("%v: status %d\n%s", args, status, out)
		}
	}
	if status, out, _ := command(t, "version"); status != exitPassed || !strings.HasPrefix(out, "bonafide ") {
		t.Errorf("status %d\n%s", status, out)
	}
}

func TestDiffOfGitRefsIsThatOfAPullRequest(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	s := newShop(t)
	s.git("init", "-q")
	s.write("web/package-lock.json", s.lock("tide@1.0.0"))
	s.git("add", "web")
	s.git("commit", "-qm", "base")
	s.git("checkout", "-qb", "update")
	s.write("web/package-lock.json", s.lock("tide@1.0.1"))
	s.write(".github/bonafide.yml", "version: 1\nmode: observe\n") // must not be believed
	s.git("add", "web", ".github")
	s.git("commit", "-qm", "update")
	s.git("checkout", "-q", "main")
	s.write("web/package-lock.json", s.lock("tide@1.0.0", "sand@2.0.0")) // the base moved on
	s.git("add", "web")
	s.git("commit", "-qm", "sand")
	t.Chdir(s.dir)
	status, out, stderr := s.run("diff", "main", "update", "--format", "json")
	var doc document
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr)
	}
	if status != exitFailed || len(doc.Packages) != 1 || doc.Packages[0].From != "1.0.0" || doc.Packages[0].Lockfile != "web/package-lock.json" {
		t.Errorf("status %d\n%s", status, out)
	}
	if status, _, stderr := s.run("diff", "main", "nowhere"); status != exitUsage || !strings.Contains(stderr, "nowhere") {
		t.Errorf("status %d: %s", status, stderr)
	}
	if status, _, stderr := s.run("diff", "main", "--output=x"); status != exitUsage {
		t.Errorf("a ref that is an option: status %d: %s", status, stderr)
	}
}

func TestDiffShowsWhatAnEditedPolicyWouldSay(t *testing.T) {
	s := newShop(t)
	s.write("base/package-lock.json", s.lock("tide@1.0.0"))
	s.write("head/package-lock.json", s.lock("tide@1.0.1"))
	s.write("head/bonafide.yml", "version: 1\nextends: acme/policies\nrules: { provenance-lost: off, publisher-lost: off, fresh-and-odd: off }\n")
	t.Chdir(s.dir)
	status, out, stderr := s.run("diff", "base", "head")
	for _, says := range []string{
		"it is judged by the policy of the base branch", "under the head's policy: The check would pass",
		"provenance-lost: tide@1.0.1: no finding any more, error now", "acme/policies, which was not read",
	} {
		if !strings.Contains(out, says) {
			t.Errorf("it does not say %q\n%s", says, out)
		}
	}
	if status != exitFailed {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
	s.write("head/bonafide.yml", "version: 1\nmode: sometimes\n")
	if status, out, _ := s.run("diff", "base", "head"); status != exitFailed || !strings.Contains(out, "bonafide.yml:2") || !strings.Contains(out, "mode must be enforce or observe") {
		t.Errorf("status %d\n%s", status, out)
	}
	if status, out, _ := s.run("diff", "base", "head", "--policy", "head/bonafide.yml"); status != exitUsage {
		t.Errorf("status %d\n%s", status, out)
	}
	s.write("own.yml", "version: 1\n")
	if _, out, _ := s.run("diff", "base", "head", "--policy", "own.yml"); strings.Contains(out, "mode must be") {
		t.Errorf("a policy that was given is not edited by anything:\n%s", out)
	}
}

func TestSavedEvidenceIsVerifiedAgainOffline(t *testing.T) {
	s := newShop(t)
	base := s.write("base/package-lock.json", s.lock("tide@1.0.0"))
	head := s.write("head/package-lock.json", s.lock("tide@1.0.1", "sand@2.0.0"))
	saved := filepath.Join(s.dir, "evidence.json")
	_, live, _ := s.run("diff", base, head, "--format", "json", "--evidence", saved)
	s.registry.Forget()
	_, replayed, _ := s.run("diff", base, head, "--format", "json", "--evidence", saved, "--offline")
	// Neither asked GitHub, each for a reason of its own; and each has its time.
	at := regexp.MustCompile(`"at": *"[^"]*"`)
	if at.ReplaceAllString(strings.ReplaceAll(live, "no GitHub token was given", "nobody is asked offline"), "") != at.ReplaceAllString(replayed, "") {
		t.Errorf("live:\n%s\noffline:\n%s", live, replayed)
	}
	if asked := s.registry.Asked(); len(asked) != 0 {
		t.Errorf("offline asked for %v", asked)
	}
	raw, err := os.ReadFile(saved)
	s.must(err)
	// Whoever edits the file cannot make it say more than was signed.
	forged := strings.Replace(string(raw), s.integrity["sand@2.0.0"], s.integrity["tide@1.0.1"], 1)
	if forged == string(raw) {
		t.Fatal("nothing was edited")
	}
	s.must(os.WriteFile(saved, []byte(forged), 0o644))
	status, out, _ := s.run("audit", head, "--evidence", saved, "--offline")
	if status != exitFailed || !strings.Contains(out, "signature-invalid") {
		t.Errorf("status %d\n%s", status, out)
	}
	if status, _, stderr := command(t, "audit", head, "--evidence", saved, "--offline", "--npm-registry", "https://elsewhere.example/"); status != exitUsage || !strings.Contains(stderr, "elsewhere") {
		t.Errorf("another registry's evidence: status %d: %s", status, stderr)
	}
}

func TestFiltersNarrowTheListAndNotTheVerdict(t *testing.T) {
	s := newShop(t)
	lockfile := s.write("package-lock.json", s.lock("tide@1.0.0", "sand@2.0.0"))
	for flag, want := range map[string]string{"": "tide sand", "--without-provenance": "sand", "--repo=harbour/tide": "tide", "--lost": "", "--rule=burst": ""} {
		args := []string{"audit", lockfile, "--format", "json"}
		if flag != "" {
			args = append(args, flag)
		}
		_, out, _ := s.run(args...)
		var doc document
		s.must(json.Unmarshal([]byte(out), &doc))
		for _, name := range []string{"tide", "sand"} {
			listed := false
			for _, p := range doc.Packages {
				listed = listed || strings.HasPrefix(p.Purl, "pkg:npm/"+name+"@")
			}
			if listed != strings.Contains(want, name) {
				t.Errorf("%s: %s listed: %v", flag, name, listed)
			}
		}
		if doc.Conclusion != "success" {
			t.Errorf("%s: %s", flag, doc.Conclusion)
		}
	}
}

// A release that stands alone in a lockfile is held against its line where that is asked for.
func TestAnAuditFindsWhatALineLost(t *testing.T) {
	s := newShop(t)
	lockfile := s.write("package-lock.json", s.lock("tide@1.0.1", "sand@2.0.0"))
	if status, out, _ := s.run("audit", lockfile); status != exitPassed || s.asked(npm.Packument) {
		t.Errorf("without --lost: status %d, or a history was asked for\n%s", status, out)
	}
	status, out, _ := s.run("audit", lockfile, "--lost", "--format", "json")
	var doc document
	s.must(json.Unmarshal([]byte(out), &doc))
	if status != exitFailed || len(doc.Packages) != 1 || doc.Packages[0].Purl != "pkg:npm/tide@1.0.1" || !strings.Contains(out, `"provenance-lost"`) {
		t.Errorf("status %d\n%s", status, out)
	}
	if status, out, _ := s.run("verify", "tide@1.0.1"); status != exitFailed || !strings.Contains(out, "provenance-lost") {
		t.Errorf("by itself: status %d\n%s", status, out)
	}
}

// asked says whether a kind of document was asked for.
func (s *shop) asked(kind npm.Kind) bool {
	return slices.ContainsFunc(s.registry.Requests(), func(r npm.Request) bool { return r.Kind == kind })
}

func TestTheDemoShowsEverySample(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	status, out, stderr := command(t, "demo", "--once")
	want := `clean-update success
provenance-lost failure provenance-lost,publisher-lost
repinned failure digest-mismatch,repinned
git-dependency failure exotic-source
forged-attestation failure provenance-invalid
registry-down action_required unverified
new-package success provenance-absent
known-malware failure known-malware,provenance-absent
policy-edited failure policy,provenance-lost,publisher-lost
shared-head failure provenance-lost,publisher-lost
`
	incidents, err := samples.Incidents()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range incidents {
		var rules []string
		for _, rule := range i.Want.Rules {
			rules = append(rules, string(rule))
		}
		want += fmt.Sprintf("%s %s %s\n", i.Name, i.Want.Conclusion, strings.Join(rules, ","))
	}
	if status != exitPassed || out != want {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
	if !strings.Contains(stderr, "the demo's own") {
		t.Errorf("whose trust root it is remains unsaid: %s", stderr)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "judged by the defaults:\n\n```text\n")
	shown, _, _ = strings.Cut(shown, "```")
	if shown == "" || !strings.Contains(out, shown) {
		t.Errorf("README.md shows another outcome of the incidents:\n%s", shown)
	}
}

func TestServeRefusesToStartUnsafely(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"an id alone":        {[]string{"--app-id", "1"}, "--private-key"},
		"no secret":          {[]string{"--app-id", "1", "--private-key", "x"}, "--webhook-secret"},
		"an empty secret":    {[]string{"--app-id", "1", "--private-key", "x", "--webhook-secret", " "}, "--webhook-secret"},
		"no key":             {[]string{"--app-id", "1", "--webhook-secret", "hush"}, "--private-key"},
		"a key that is none": {[]string{"--app-id", "1", "--webhook-secret", "hush", "--private-key", "hello"}, "PEM"},
		"plain http":         {[]string{"--app-id", "1", "--webhook-secret", "hush", "--npm-registry", "http://registry.example/"}, "https"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, stderr := command(t, append([]string{"serve"}, tt.args...)...)
			if status != exitUsage || !strings.Contains(stderr, tt.says) || out != "" {
				t.Errorf("status %d: %s%s", status, out, stderr)
			}
			if strings.Contains(stderr, "hush") {
				t.Errorf("the secret is shown: %s", stderr)
			}
		})
	}
}

func TestASymlinkedLockfileIsComparedByItsContent(t *testing.T) {
	s := newShop(t)
	for side, ids := range map[string]string{"base": "tide@1.0.0", "head": "tide@1.0.1"} {
		s.write(side+"/locks/real.json", s.lock(ids))
		s.must(os.Symlink("locks/real.json", filepath.Join(s.dir, side, "package-lock.json")))
	}
	status, out, stderr := s.run("diff", filepath.Join(s.dir, "base"), filepath.Join(s.dir, "head"))
	if status != exitFailed || !strings.Contains(out, "provenance-lost") {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
	s.must(os.Remove(filepath.Join(s.dir, "head", "package-lock.json")))
	s.must(os.Symlink(filepath.Join(s.dir, "base", "locks", "real.json"), filepath.Join(s.dir, "head", "package-lock.json")))
	if status, out, stderr := s.run("diff", filepath.Join(s.dir, "base"), filepath.Join(s.dir, "head")); status != exitFailed || !strings.Contains(out, "out of the repository") {
		t.Errorf("a link out of the folder: status %d\n%s%s", status, out, stderr)
	}
}

func TestSavedDigestsAreNotBelieved(t *testing.T) {
	s := newShop(t)
	saved := filepath.Join(s.dir, "evidence.json")
	if status, out, stderr := s.run("verify", "sand@2.0.0", "--evidence", saved); status != exitPassed {
		t.Fatalf("status %d\n%s%s", status, out, stderr)
	}
	raw, err := os.ReadFile(saved)
	s.must(err)
	var doc map[string]any
	s.must(json.Unmarshal(raw, &doc))
	for _, r := range doc["releases"].(map[string]any) {
		r.(map[string]any)["value"].(map[string]any)["Digests"] = []any{map[string]any{"Algorithm": "sha512", "Hex": strings.Repeat("00", 64)}}
	}
	raw, err = json.Marshal(doc)
	s.must(err)
	s.must(os.WriteFile(saved, raw, 0o644))
	zeros := "sha512-" + strings.Repeat("A", 86) + "=="
	if status, out, stderr := s.run("verify", "sand@2.0.0", "--evidence", saved, "--offline", "--integrity", zeros); status != exitFailed {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
}

func TestADigestThatIsComparedWithNothingVerifiesNothing(t *testing.T) {
	s := newShop(t)
	for _, sri := range []string{"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="} {
		if status, out, stderr := s.run("verify", "sand@2.0.0", "--integrity", sri); status != exitCouldNotCheck && status != exitFailed {
			t.Errorf("%s: status %d\n%s%s", sri, status, out, stderr)
		}
	}
}

func TestAPolicyFileIsNeverPassedOver(t *testing.T) {
	s := newShop(t)
	s.write("web/package-lock.json", s.lock("sand@2.0.0"))
	web := filepath.Join(s.dir, "web")
	misnamed := s.write("web/.github/bonafide.yaml", "version: 1\n")
	if status, _, stderr := s.run("audit", web); status != exitUsage || !strings.Contains(stderr, ".yml") {
		t.Errorf("misnamed: status %d: %s", status, stderr)
	}
	s.must(os.Remove(misnamed))
	s.must(os.Symlink("package-lock.json", filepath.Join(web, "bonafide.yml")))
	if status, _, stderr := s.run("audit", web); status != exitUsage || !strings.Contains(stderr, "symlink") {
		t.Errorf("a symlink: status %d: %s", status, stderr)
	}
	s.must(os.Remove(filepath.Join(web, "bonafide.yml")))
	s.write("web/bonafide.yml", "version: 1\n")
	s.write("web/.github/bonafide.yml", "version: 1\n")
	if status, _, stderr := s.run("audit", web); status != exitUsage || !strings.Contains(stderr, "two policy files") {
		t.Errorf("two: status %d: %s", status, stderr)
	}
}

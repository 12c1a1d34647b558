package main

import (
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

const teamToken = "team-token-7f3a"

// firm has a public registry, one of its own with other keys and a token, and a GitHub. All of
// them write down every request.
type firm struct {
	*shop
	public, team *npm.Registry
	mu           sync.Mutex
	problems     []string // tokens that were shown where they must not be, or were missing
	github       []string // what GitHub was asked
	hosts        *strings.Replacer
	shown        *strings.Replacer
}

func newFirm(t *testing.T) *firm {
	t.Helper()
	f := &firm{shop: &shop{t: t, dir: t.TempDir(), integrity: map[string]string{}}}
	now := time.Now()
	clock := func() time.Time { return now }
	trust, err := sigstore.New(clock)
	f.must(err)
	own, err := sigstore.New(clock)
	f.must(err)
	f.public, err = npm.New(trust, clock)
	f.must(err)
	f.team, err = npm.New(own, clock)
	f.must(err)
	old := now.AddDate(0, -2, 0)
	build := &sigstore.Build{Repository: "harbour/tide", Ref: "refs/heads/main"}
	for _, r := range []npm.Release{
		{Name: "tide", Version: "1.0.0", PublishedAt: old, Build: build},
		{Name: "tide", Version: "1.1.0", PublishedAt: old.AddDate(0, 0, 1), Build: build},
	} {
		f.integrity[r.Name+"@"+r.Version], err = f.public.Publish(r)
		f.must(err)
	}
	inner := map[string]string{"inner": "^1.0.0"}
	for _, r := range []npm.Release{
		{Name: "@my-org/button", Version: "1.0.0", PublishedAt: old, Dependencies: inner, BundleDependencies: []string{"inner"}, Files: map[string]string{"node_modules/inner/index.js": ""}},
		{Name: "@my-org/button", Version: "1.1.0", PublishedAt: old.AddDate(0, 0, 1), Dependencies: inner, BundleDependencies: []string{"inner"}, Files: map[string]string{"node_modules/inner/index.js": ""}},
	} {
		f.integrity[r.Name+"@"+r.Version], err = f.team.Publish(r)
		f.must(err)
	}
	for _, id := range []string{"@secret/core@1.0.0", "@secret/core@1.1.0"} {
		f.integrity[id] = "sha512-" + strings.Repeat("A", 86) + "=="
	}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			f.note("the public registry was shown a token")
		}
		f.public.ServeHTTP(w, r)
	}))
	t.Cleanup(f.server.Close)
	var served http.Handler
	team := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+teamToken {
			f.note("the team's registry was asked without its token: " + r.URL.Path)
		}
		served.ServeHTTP(w, r)
	}))
	t.Cleanup(team.Close)
	served, err = f.team.Private(team.URL + "/team")
	f.must(err)
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		f.github = append(f.github, r.URL.String()+" "+string(body))
		f.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("[]"))
	}))
	t.Cleanup(github.Close)
	f.hosts = strings.NewReplacer("https://npm.example.com", team.URL)
	f.shown = strings.NewReplacer(team.URL, "https://npm.example.com", strings.TrimPrefix(team.URL, "https://"), "npm.example.com")
	ca := f.write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: team.Certificate().Raw})))
	f.must(os.WriteFile(filepath.Join(f.dir, "token"), []byte(teamToken+"\n"), 0o600))
	f.write("keys.json", string(own.KeysNPM()))
	for name, value := range map[string]string{
		"BONAFIDE_NPM_REGISTRY": f.server.URL, "BONAFIDE_CA_FILE": ca, "BONAFIDE_NO_CACHE": "1", "BONAFIDE_GITHUB_API_URL": github.URL + "/", "NO_COLOR": "1", "GITHUB_TOKEN": "", "GH_TOKEN": "",
		"BONAFIDE_TRUSTED_ROOT": f.write("trusted_root.json", string(trust.TrustedRoot())), "BONAFIDE_NPM_KEYS": f.write("public_keys.json", string(trust.KeysNPM())),
	} {
		t.Setenv(name, value)
	}
	return f
}

func (f *firm) note(problem string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.problems = append(f.problems, problem)
}

// lock is a package-lock.json with everything at one version. edit may change entries.
func (f *firm) lock(version string, edit func(map[string]map[string]any)) string {
	entry := func(name, from string) map[string]any {
		return map[string]any{"version": version, "resolved": fmt.Sprintf("%s/%s/-/%s-%s.tgz", from, name, name[strings.LastIndexByte(name, '/')+1:], version), "integrity": f.integrity[name+"@"+version]}
	}
	packages := map[string]map[string]any{
		"":                            {"name": "web", "dependencies": map[string]any{"tide": "^1.0.0", "@my-org/button": "^1.0.0", "@secret/core": "^1.0.0"}},
		"node_modules/tide":           entry("tide", "https://mirror.example.com/npm"),
		"node_modules/@my-org/button": entry("@my-org/button", "https://npm.example.com/team"),
		"node_modules/@secret/core":   entry("@secret/core", "https://npm.secret.example"),
	}
	if edit != nil {
		edit(packages)
	}
	out, err := json.MarshalIndent(map[string]any{"lockfileVersion": 3, "packages": packages}, "", "  ")
	f.must(err)
	return f.hosts.Replace(string(out)) + "\n"
}

// held says whether nobody was asked about what is not his, and every token was where it belongs.
func (f *firm) held(t *testing.T) {
	t.Helper()
	for _, q := range f.public.Requests() {
		if strings.Contains(q.Path, "my-org") || strings.Contains(q.Path, "secret") || strings.Contains(q.Path, "inner") {
			t.Errorf("the public registry was asked %s %s", q.Method, q.Path)
		}
	}
	for _, q := range f.team.Requests() {
		if strings.Contains(q.Path, "secret") || strings.Contains(q.Path, "tide") {
			t.Errorf("the team's registry was asked %s %s", q.Method, q.Path)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, q := range f.github {
		if strings.Contains(q, "my-org") || strings.Contains(q, "secret") {
			t.Errorf("GitHub was asked %s", q)
		}
	}
	for _, p := range f.problems {
		t.Error(p)
	}
}

var (
	pageFile = regexp.MustCompile("(?s)<!-- file: (\\S+) -->\n\n```\\w+\n(.*?)```\n")
	pageRun  = regexp.MustCompile("(?s)<!-- run by TestThePageAboutRegistriesIsTrue -->\n\n```console\n\\$ bonafide ([^\n]*)\n(.*?)```\n")
)

// docs/registries.md shows files, commands and what they print: that is what they do print, and
// nobody learns a name that is not his.
func TestThePageAboutRegistriesIsTrue(t *testing.T) {
	f := newFirm(t)
	name, err := filepath.Abs("../../docs/registries.md")
	f.must(err)
	page, err := os.ReadFile(name)
	f.must(err)
	head := f.lock("1.1.0", nil)
	made := map[string]string{
		"base/package-lock.json": f.lock("1.0.0", nil), "head/package-lock.json": head,
		"tampered/package-lock.json": strings.Replace(head, f.integrity["tide@1.1.0"], "sha512-"+strings.Repeat("A", 86)+"==", 1),
	}
	for file, content := range made {
		f.write(file, content)
	}
	steady := func(text string) string {
		text = f.shown.Replace(text)
		text = regexp.MustCompile(`SHA256:[A-Za-z0-9+/]+`).ReplaceAllString(text, "SHA256:…")
		text = regexp.MustCompile(`(sha512-[A-Za-z0-9+/]{12})(?:[A-Za-z0-9+/]+=*)?…?`).ReplaceAllString(text, "$1…")
		return regexp.MustCompile(`in \d+(\.\d+)?m?s\b`).ReplaceAllString(text, "in 0.2s")
	}
	files := 0
	got := pageFile.ReplaceAllStringFunc(string(page), func(block string) string {
		m := pageFile.FindStringSubmatch(block)
		files++
		if content, ok := made[m[1]]; ok { // it is long and has digests: the page shows what it is made of
			return strings.TrimSuffix(block, m[2]+"```\n") + steady(content) + "```\n"
		}
		f.write(m[1], f.hosts.Replace(m[2]))
		return block
	})
	t.Chdir(f.dir)
	runs := 0
	got = pageRun.ReplaceAllStringFunc(got, func(block string) string {
		m := pageRun.FindStringSubmatch(block)
		runs++
		_, out, stderr := command(t, strings.Fields(m[1])...)
		return strings.TrimSuffix(block, m[2]+"```\n") + steady(stderr+strings.TrimRight(out, "\n")) + "\n```\n"
	})
	if files < 2 || runs < 2 {
		t.Fatalf("the page has %d files and %d commands", files, runs)
	}
	f.held(t)
	if renew := flag.Lookup("update"); renew != nil && renew.Value.String() == "true" { // where recordings are made
		f.must(os.WriteFile(name, []byte(got), 0o644))
	} else if got != string(page) {
		t.Errorf("the page shows something else; look at it and run with -update if it is meant\n%s", got)
	}
}

// Whatever is looked up (evidence, histories, dates, tarballs, attestations, what bundles, GitHub)
// is looked up where it belongs.
func TestNoNameLeavesItsRegistry(t *testing.T) {
	f := newFirm(t)
	file := f.write("registries.yml", f.hosts.Replace("version: 1\nregistries:\n  - url: https://npm.example.com/team\n    scopes: [\"@my-org\"]\n    token_file: token\n    keys_file: keys.json\n"+
		"mirrors: [\"https://mirror.example.com/npm\"]\nprivate: [\"@secret\"]\n"))
	bundled := func(packages map[string]map[string]any) {
		packages["node_modules/@my-org/button"]["bundleDependencies"] = []string{"inner"}
		packages["node_modules/@my-org/button/node_modules/inner"] = map[string]any{"version": "1.0.0", "inBundle": true}
	}
	unaddressed := func(packages map[string]map[string]any) {
		bundled(packages)
		for _, p := range packages {
			delete(p, "resolved")
		}
	}
	for _, x := range []struct {
		name string
		edit func(map[string]map[string]any)
	}{{"with addresses", bundled}, {"without", unaddressed}} {
		f.write("base/package-lock.json", f.lock("1.0.0", x.edit))
		f.write("head/package-lock.json", f.lock("1.1.0", x.edit))
		for _, args := range [][]string{
			{"diff", filepath.Join(f.dir, "base"), filepath.Join(f.dir, "head"), "--github-token", "t"},
			{"audit", filepath.Join(f.dir, "head"), "--lost", "--github-token", "t"},
			{"verify", "@my-org/button@1.1.0", "@secret/core@1.0.0", "--github-token", "t"},
		} {
			status, out, stderr := command(t, append(args, "--registries", file, "--format", "json")...)
			var doc document
			if err := json.Unmarshal([]byte(out), &doc); err != nil || status != exitPassed {
				t.Fatalf("%s, %v: status %d, %v\n%s%s", x.name, args, status, err, out, stderr)
			}
			for _, p := range doc.Packages {
				private := strings.Contains(p.Purl, "secret")
				switch {
				case strings.Contains(p.Purl, "inner"):
				case private && (p.Signature.State != "absent" || p.Provenance.State != "absent" || p.Digest.State != "absent" || !strings.Contains(p.Signature.Reason, "private, not looked up")):
					t.Errorf("%s, %v: %+v", x.name, args, p)
				case !private && p.Signature.State != "verified":
					t.Errorf("%s, %v: %+v", x.name, args, p)
				}
			}
		}
	}
	f.held(t)
	asked := func(r *npm.Registry, kind npm.Kind) bool {
		return slices.ContainsFunc(r.Requests(), func(q npm.Request) bool { return q.Kind == kind })
	}
	if !asked(f.team, npm.Version) || !asked(f.team, npm.Packument) || !asked(f.public, npm.Attestations) || len(f.github) == 0 {
		t.Error("not all was looked up that should have been")
	}
}

// What several registries answered is saved and replayed, each for itself.
func TestSavedEvidenceHoldsEveryRegistry(t *testing.T) {
	f := newFirm(t)
	file := f.write("registries.yml", f.hosts.Replace("version: 1\nregistries: [{url: \"https://npm.example.com/team\", token_file: token, keys_file: keys.json}]\nmirrors: [\"https://mirror.example.com/npm\"]\nprivate: [\"@secret\"]\n"))
	f.write("head/package-lock.json", f.lock("1.1.0", nil))
	args := []string{"audit", filepath.Join(f.dir, "head"), "--registries", file, "--evidence", filepath.Join(f.dir, "evidence.json")}
	live, before, _ := command(t, args...)
	f.public.Forget()
	f.team.Forget()
	replayed, after, stderr := command(t, append(args, "--offline")...)
	if live != exitPassed || replayed != exitPassed || len(f.public.Requests())+len(f.team.Requests()) != 0 {
		t.Errorf("status %d and %d\n%s\n%s%s", live, replayed, before, after, stderr)
	}
}

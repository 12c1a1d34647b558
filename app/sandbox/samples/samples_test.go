package samples_test

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/samples"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
	"github.com/bonafide-app/bonafide/config"
)

const (
	lockfilePath = "package-lock.json"
	policyPath   = ".github/bonafide.yml"
)

var now = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func clock() time.Time { return now }

func all(t *testing.T) []samples.Sample {
	t.Helper()
	list, err := samples.Samples()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func find(t *testing.T, name string) samples.Sample {
	t.Helper()
	list := all(t)
	i := slices.IndexFunc(list, func(s samples.Sample) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("there is no sample %s", name)
	}
	return list[i]
}

// world is the sample registry behind a loopback server, with a reviewer that
// trusts it.
type world struct {
	*npm.Registry
	reviewer *review.Reviewer
}

// hub answers for GitHub: all runs succeeded but those of the builds that failed, and
// advisories name the samples' malware alone.
type hub struct{ failed []sigstore.Build }

func (h hub) Run(_ context.Context, id provenance.Identity) policy.Run {
	r := policy.Run{Inquiry: policy.Inquiry{Looked: policy.Answered}, Conclusion: "success", Standing: policy.OnRef}
	if slices.ContainsFunc(h.failed, func(b sigstore.Build) bool { return b.Commit == id.Commit }) {
		r.Conclusion, r.Failed, r.Skipped = "failure", []string{"Test"}, []string{"Publish"}
	}
	return r
}

func (hub) Commit(context.Context, string, string) policy.Commit {
	return policy.Commit{Inquiry: policy.Inquiry{Looked: policy.Answered}, Standing: policy.OnRef}
}

func (hub) Malware(_ context.Context, releases []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
	named := map[dep.Package][]policy.Advisory{}
	for _, p := range releases {
		if id := samples.Malware()[p.Name]; id != "" {
			named[p] = []policy.Advisory{{ID: id}}
		}
	}
	return named, policy.Inquiry{Looked: policy.Answered}
}

func (hub) Fixes(context.Context, []review.Update) map[dep.Package][]policy.Advisory { return nil }

func open(t *testing.T) world { return openWith(t, samples.World, 0) }

// openWith publishes to the registry, and reviews so much later.
func openWith(t *testing.T, publish func(*npm.Registry) error, later time.Duration) world {
	t.Helper()
	s, err := sigstore.New(clock)
	if err != nil {
		t.Fatal(err)
	}
	reg, err := npm.New(s, clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := publish(reg); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(reg)
	t.Cleanup(server.Close)
	client, err := registry.New(registry.Options{Registries: []string{server.URL}, RetryWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := registry.NewNPM(client, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := provenance.LoadTrust(s.TrustedRoot(), s.KeysTUF())
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := provenance.New(asked, func() *provenance.TrustRoot { return trust }, provenance.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	reviewer, err := review.New(review.Options{Verifier: verifier, Historian: asked, Registry: server.URL, Concurrency: 4, Clock: func() time.Time { return now.Add(later) }, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	return world{reg, reviewer}
}

// judge reviews the change from one tree to another by the policy of a third.
func (w world) judge(t *testing.T, base, head, rules samples.Tree) report.Report {
	t.Helper()
	p, err := config.ParsePolicy(policyPath, []byte(rules[policyPath]))
	if err != nil {
		t.Fatal(err)
	}
	edit, err := review.EditOf(t.Context(), listed(base), listed(head), func(_ context.Context, f *review.PolicyFile) (policy.Policy, *policy.Problem, error) {
		p, err := config.ParsePolicy(f.Path, f.Data)
		return p, nil, err
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.reviewer.Review(t.Context(), review.Request{
		Kind: report.Diff, Edit: edit,
		Files:  []review.File{{Path: lockfilePath, Base: []byte(base[lockfilePath]), Head: []byte(head[lockfilePath])}},
		Policy: p,
		Hub:    hub{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// listed is a sample's tree as a review reads it.
type listed samples.Tree

func (l listed) Entries() (out []review.TreeEntry) {
	for path, content := range l {
		out = append(out, review.TreeEntry{Path: path, Kind: review.Blob, ID: content, Size: int64(len(content))})
	}
	return out
}

func (l listed) Read(_ context.Context, e review.TreeEntry) ([]byte, error) {
	return []byte(l[e.Path]), nil
}

// base is the tree that the head of a pull request into a branch is compared with,
// and whose policy holds.
func base(s samples.Sample, branch string) samples.Tree {
	if branch == samples.Next {
		return s.Next
	}
	return s.Main
}

func rulesOf(reports ...report.Report) []policy.RuleName {
	found := map[policy.RuleName]bool{}
	for _, r := range reports {
		for _, f := range r.Findings {
			found[f.Rule] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestEverySampleComesToItsVerdict(t *testing.T) {
	w := open(t)
	for _, s := range all(t) {
		t.Run(s.Name, func(t *testing.T) {
			var check report.Check
			var reports []report.Report
			for i, branch := range s.Into {
				r := w.judge(t, base(s, branch), s.Head, base(s, branch))
				reports = append(reports, r)
				check.Sections = append(check.Sections, report.Section{PullRequest: i + 1, BaseRef: branch, Report: r})
				if len(r.Packages) == 0 {
					t.Errorf("into %s: nothing changes", branch)
				}
			}
			if got := check.Conclusion(); got != s.Want.Conclusion {
				t.Errorf("conclusion %s, want %s", got, s.Want.Conclusion)
			}
			if got := rulesOf(reports...); !slices.Equal(got, s.Want.Rules) {
				t.Errorf("rules %q, want %q", got, s.Want.Rules)
				for _, r := range reports {
					for _, f := range r.Findings {
						t.Logf("%s %s: %s", f.Severity, f.Rule, f.Message)
					}
				}
			}
		})
	}
}

func TestCleanUpdateShowsWhoBuiltWhat(t *testing.T) {
	w, s := open(t), find(t, "clean-update")
	r := w.judge(t, s.Main, s.Head, s.Main)
	built := map[string]string{}
	for _, p := range r.Packages {
		if id := p.Evidence.Provenance.Identity; id != nil {
			built[p.Entry.Package.ID()] = id.Repository + " " + id.Ref
		}
		if p.Evidence.Signature.State != provenance.Verified || p.Evidence.Digest.State != provenance.Verified {
			t.Errorf("%s: %+v", p.Entry.Package, p.Evidence)
		}
	}
	want := map[string]string{
		"@lumen/http@4.3.0":    "https://github.com/lumen-js/http refs/tags/v4.3.0",
		"@lumen/headers@2.1.0": "https://github.com/lumen-js/headers refs/tags/v2.1.0",
		"tidy-log@2.9.0":       "https://github.com/tidy-tools/tidy-log refs/tags/v2.9.0",
	}
	if !maps.Equal(built, want) {
		t.Errorf("built: %v", built)
	}
}

func TestSharedHeadPassesIntoNextAlone(t *testing.T) {
	w, s := open(t), find(t, "shared-head")
	if r := w.judge(t, s.Next, s.Head, s.Next); r.Conclusion != policy.Success {
		t.Errorf("into next: %s", r.Conclusion)
	}
	if r := w.judge(t, s.Main, s.Head, s.Main); r.Conclusion != policy.Failure {
		t.Errorf("into main: %s", r.Conclusion)
	}
}

// Were the pull request's own policy to hold, it would pass: that is the attack.
func TestPolicyEditedWouldPassItself(t *testing.T) {
	w, s := open(t), find(t, "policy-edited")
	if r := w.judge(t, s.Main, s.Head, s.Head); r.Conclusion != policy.Success {
		t.Errorf("by its own policy: %s %q", r.Conclusion, rulesOf(r))
	}
}

func TestRegistryDownSaysWhy(t *testing.T) {
	w, s := open(t), find(t, "registry-down")
	r := w.judge(t, s.Main, s.Head, s.Main)
	if len(r.Findings) == 0 || !strings.Contains(r.Findings[0].Message, "503") {
		t.Errorf("findings: %+v", r.Findings)
	}
	w.Mend("glob-sieve")
	if r := w.judge(t, s.Main, s.Head, s.Main); r.Conclusion != policy.Success {
		t.Errorf("when the registry is back: %s", r.Conclusion)
	}
}

func integrity(tarball []byte) string {
	sum := sha512.Sum512(tarball)
	return dep.Digest{Algorithm: "sha512", Hex: hex.EncodeToString(sum[:])}.SRI()
}

func TestLockfilesStateWhatTheRegistryServes(t *testing.T) {
	w := open(t)
	w.Mend("") // the registry is down for one of them
	var differ []string
	for _, s := range all(t) {
		for _, tree := range []samples.Tree{s.Main, s.Next, s.Head} {
			if tree == nil {
				continue
			}
			entries, err := lockfile.Parse(lockfilePath, []byte(tree[lockfilePath]))
			if err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
			for _, e := range entries {
				if e.Source == dep.Git || e.Source == dep.Workspace || e.Source == dep.Link {
					continue
				}
				recorder := httptest.NewRecorder()
				path := npm.TarballPath(e.Package)
				w.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
				tarball := recorder.Body.Bytes()
				if recorder.Code != 200 || e.Resolved != sigstore.RegistryURL+path {
					t.Errorf("%s: %s is fetched from %s: %d", s.Name, e.Package, e.Resolved, recorder.Code)
				}
				if e.Integrity != integrity(tarball) {
					differ = append(differ, s.Name+" "+e.Package.ID())
				}
			}
		}
	}
	if !slices.Equal(differ, []string{"repinned money-parts@1.9.0"}) {
		t.Errorf("other digests than the registry's: %q", differ)
	}
}

// The order of members is npm's: strings, numbers and booleans before objects, by
// name, but for a few that come first.
func TestLockfilesAreWrittenAsNpmWritesThem(t *testing.T) {
	first := []string{"name", "version", "lockfileVersion", "resolved", "integrity", "requires", "packages", "dependencies"}
	for _, s := range all(t) {
		text := s.Head[lockfilePath]
		if !strings.HasPrefix(text, "{\n  \"name\": \"acme-shop\",\n  \"version\": ") || !strings.HasSuffix(text, "\n}\n") {
			t.Errorf("%s: %.60q", s.Name, text)
		}
		for _, path := range []string{lockfilePath, "package.json"} {
			if !json.Valid([]byte(s.Head[path])) || strings.Contains(s.Head[path], `\u003`) {
				t.Errorf("%s: %s is not as npm writes it", s.Name, path)
			}
		}
		var doc struct{ Packages map[string]json.RawMessage }
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		for location, raw := range doc.Packages {
			var last int
			for _, member := range members(t, raw) {
				rank := slices.Index(first, member.name)
				switch {
				case member.object && rank >= 0:
					rank += 1500
				case rank >= 0:
				case member.object:
					rank = 2000 + int(member.name[0])
				default:
					rank = 1000 + int(member.name[0])
				}
				if rank < last {
					t.Errorf("%s: %s: %q comes too late", s.Name, location, member.name)
				}
				last = rank
			}
		}
	}
}

type member struct {
	name   string
	object bool
}

// members lists the members of a JSON object in their order.
func members(t *testing.T, raw json.RawMessage) (out []member) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
		out = append(out, member{name.(string), value[0] == '{'})
	}
	return out
}

func TestSamplesCanShareOneRepository(t *testing.T) {
	list := all(t)
	names, branches := map[string]bool{}, map[string]bool{samples.Main: true, samples.Next: true}
	for _, s := range list {
		if names[s.Name] || branches[s.Branch] {
			t.Errorf("%s, or its branch %s, is there twice", s.Name, s.Branch)
		}
		names[s.Name], branches[s.Branch] = true, true
		if !maps.Equal(s.Main, list[0].Main) {
			t.Errorf("%s grows out of another main", s.Name)
		}
		if maps.Equal(s.Head, s.Main) || s.Next != nil && maps.Equal(s.Head, s.Next) {
			t.Errorf("%s changes nothing", s.Name)
		}
		if s.Title == "" || s.Story == "" || len(s.Into) == 0 {
			t.Errorf("%s tells nothing: %q %q", s.Name, s.Title, s.Story)
		}
	}
	for _, name := range []string{"clean-update", "provenance-lost", "repinned", "git-dependency", "forged-attestation",
		"registry-down", "new-package", "known-malware", "policy-edited", "shared-head"} {
		if !names[name] {
			t.Errorf("there is no %s", name)
		}
	}
	if again := all(t); !maps.Equal(again[3].Head, list[3].Head) {
		t.Error("the samples come out differently each time")
	}
}

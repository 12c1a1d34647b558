package review_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// Every defect that was found in a tool of this kind is a test by that name, over real
// lockfile bytes, a registry that speaks HTTP and real signatures. Those that are about
// comments stand in package checks.
func TestDefectsOfPeers(t *testing.T) {
	for _, tt := range []struct {
		name string
		test func(t *testing.T)
	}{
		{"provenance-action: an HTTP error is no absence", anErrorIsNoAbsence},
		{"provenance-action: what cannot be read is not green", unreadableIsNotGreen},
		{"provenance-action: a bun.lock has arrays and trailing commas", bunLocksAreRead},
		{"provenance-action, e18e: new packages are looked at", newPackagesAreLookedAt},
		{"e18e: a duplicate without provenance hides no downgrade", duplicatesHideNothing},
		{"provenance-action: a change of repository is read from the certificate", repositoriesAreRead},
		{"pnpm: other major lines are no ground for an alarm", majorLinesAreSilent},
		{"pnpm: what is not in the registry is not dropped", nothingIsDropped},
		{"pnpm: a missing time is unknown, not old", aMissingTimeIsUnknown},
		{"npm: the lockfile's digest is compared", digestsAreCompared},
		{"npm: one bad package does not end all", oneBadPackageAmong500},
		{"npm: a valid bundle by somebody else is not enough", validIsNotEnough},
		{"slsa-verifier: keys are chosen for each release", bothKeys},
		{"npq: a checkpoint that fails is a failure", checkpointsCount},
		{"dependency-review-action: dev dependencies are judged", devDependenciesAreJudged},
		{"lockfile-lint: an unknown lockfile version is not green", unknownVersionsAreNotGreen},
	} {
		t.Run(tt.name, tt.test)
	}
}

var clock = func() time.Time { return time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC) }

// daysAgo is before what any cooldown waits for, unless it says otherwise.
func daysAgo(n int) time.Time { return clock().AddDate(0, 0, -n) }

// shop is a registry on loopback and a reviewer that trusts it.
type shop struct {
	*npm.Registry
	t         *testing.T
	reviewer  *review.Reviewer
	integrity map[string]string // by name@version
	// answer may answer in the registry's place.
	answer func(w http.ResponseWriter, r *http.Request) bool
}

// newShop publishes releases; those without a time of their own are 30 days old.
func newShop(t *testing.T, releases ...npm.Release) *shop {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	trusted, err := sigstore.New(clock)
	must(err)
	s := &shop{t: t, integrity: map[string]string{}}
	s.Registry, err = npm.New(trusted, clock)
	must(err)
	for _, r := range releases {
		if r.PublishedAt.IsZero() {
			r.PublishedAt = daysAgo(30)
		}
		s.integrity[r.Package().ID()], err = s.Publish(r)
		must(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.answer == nil || !s.answer(w, r) {
			s.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	client, err := registry.New(registry.Options{Registries: []string{server.URL}, RetryWait: time.Millisecond, Transport: patience{}})
	must(err)
	reg, err := registry.NewNPM(client, server.URL)
	must(err)
	trust, err := provenance.LoadTrust(trusted.TrustedRoot(), trusted.KeysTUF())
	must(err)
	verifier, err := provenance.New(reg, func() *provenance.TrustRoot { return trust }, provenance.Options{Now: clock})
	must(err)
	s.reviewer, err = review.New(review.Options{Verifier: verifier, Historian: reg, Registry: server.URL, Concurrency: 8, Clock: clock})
	must(err)
	return s
}

// stalled is answered by a registry that does not answer.
const stalled = 599

// patience is without end, but for what is stalled: there it is over at once.
type patience struct{}

func (patience) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && answer.StatusCode == stalled {
		return nil, errors.Join(os.ErrDeadlineExceeded, answer.Body.Close())
	}
	return answer, err
}

// built is a release that the workflow of a repository built and published.
func built(id, repository string) npm.Release {
	r := uploaded(id)
	r.Build, r.Publisher = &sigstore.Build{Repository: repository, Ref: "refs/tags/v" + r.Version}, npm.Publisher{}
	return r
}

// uploaded is a release that a person published.
func uploaded(id string) npm.Release {
	name, version, _ := strings.Cut(id, "@")
	return npm.Release{Name: name, Version: version, Publisher: npm.Publisher{Name: "maintainer"}}
}

// at is a release that was published so many days ago.
func at(days int, r npm.Release) npm.Release {
	r.PublishedAt = daysAgo(days)
	return r
}

// lock writes a package-lock.json: name@version, below another package where that is
// given before it ("parent>name@version").
func (s *shop) lock(ids ...string) []byte {
	packages := map[string]any{"": map[string]any{"name": "web", "version": "1.0.0"}}
	for _, id := range ids {
		location := "node_modules/"
		if parent, below, ok := strings.Cut(id, ">"); ok {
			location, id = "node_modules/"+parent+"/node_modules/", below
		}
		name, version, _ := strings.Cut(id, "@")
		packages[location+name] = map[string]any{"version": version,
			"resolved":  "https://registry.npmjs.org/" + name + "/-/" + name + "-" + version + ".tgz",
			"integrity": cmp.Or(s.integrity[id], "sha512-"+strings.Repeat("A", 86)+"==")}
	}
	out, err := json.MarshalIndent(map[string]any{"name": "web", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": packages}, "", "  ")
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

const lockPath = "package-lock.json"

// judge reviews two states of a package-lock.json by the defaults.
func (s *shop) judge(base, head []byte) verdict {
	s.t.Helper()
	return s.review(lockPath, base, head, policy.Default())
}

func (s *shop) review(path string, base, head []byte, p policy.Policy) verdict {
	s.t.Helper()
	r, err := s.reviewer.Review(s.t.Context(), review.Request{Kind: report.Diff, Policy: p, Files: []review.File{{Path: path, Base: base, Head: head}}})
	if err != nil {
		s.t.Fatal(err)
	}
	return verdict{r, s.t}
}

type verdict struct {
	report.Report
	t *testing.T
}

// wants holds the conclusion, and the rules that must be among the findings.
func (v verdict) wants(c policy.Conclusion, rules ...policy.RuleName) {
	v.t.Helper()
	if v.Conclusion != c {
		v.t.Errorf("conclusion %s, want %s: %s", v.Conclusion, c, v.told())
	}
	for _, rule := range rules {
		if !v.says(rule) {
			v.t.Errorf("%s does not speak: %s", rule, v.told())
		}
	}
}

// says tells whether a rule has a finding that is more than a notice.
func (v verdict) says(rule policy.RuleName) bool {
	return slices.ContainsFunc(v.Findings, func(f policy.Finding) bool { return f.Rule == rule && f.Severity != policy.Notice })
}

func (v verdict) told() string {
	var b strings.Builder
	for _, f := range v.Findings {
		fmt.Fprintf(&b, "\n%s %s unknown=%v: %s", f.Severity, f.Rule, f.Unknown, f.Message)
	}
	return b.String()
}

const harbour = "harbour/tide"

func anErrorIsNoAbsence(t *testing.T) {
	status := func(code int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{}", code) }
	}
	for name, fail := range map[string]func(http.ResponseWriter, *http.Request){"500": status(500), "429": status(429), "timeout": status(stalled)} {
		for _, version := range []string{"1.0.0", "1.0.1"} {
			t.Run(name+" on "+version, func(t *testing.T) {
				t.Parallel()
				s := newShop(t, built("tide@1.0.0", harbour), uploaded("tide@1.0.1"))
				s.answer = func(w http.ResponseWriter, r *http.Request) bool {
					broken := strings.HasSuffix(r.URL.Path, version) // the version's document, and its attestations
					if broken {
						fail(w, r)
					}
					return broken
				}
				v := s.judge(s.lock("tide@1.0.0"), s.lock("tide@1.0.1"))
				v.wants(policy.ActionRequired, policy.RuleUnverified)
				if v.says(policy.RuleProvenanceLost) || !v.Retry {
					t.Errorf("asked again: %v%s", v.Retry, v.told())
				}
			})
		}
	}
}

func unreadableIsNotGreen(t *testing.T) {
	s := newShop(t, built("tide@1.0.0", harbour), built("tide@1.0.1", harbour))
	good := s.lock("tide@1.0.0")
	s.judge(good, []byte("<<<<<<< HEAD\n"+string(good))).wants(policy.Failure, policy.RuleLockfileUnreadable)
	s.judge(good, nil).wants(policy.Failure, policy.RuleLockfileUnreadable)
	// A base that cannot be read may be mended by the head; it is said all the same.
	s.judge([]byte("{"), good).wants(policy.Success, policy.RuleLockfileUnreadable)
}

func bunLocksAreRead(t *testing.T) {
	s := newShop(t, built("tide@1.0.0", harbour), uploaded("tide@1.0.1"))
	lock := func(version string) []byte {
		return fmt.Appendf(nil, `{
  "lockfileVersion": 1,
  "workspaces": {
    "": {
      "name": "web",
      "dependencies": {
        "tide": "^1.0.0",
      },
    },
  },
  "packages": {
    "tide": ["tide@%s", "", {}, %q],
  }
}
`, version, s.integrity["tide@"+version])
	}
	s.review("bun.lock", lock("1.0.0"), lock("1.0.1"), policy.Default()).wants(policy.Failure, policy.RuleProvenanceLost)
}

func newPackagesAreLookedAt(t *testing.T) {
	s := newShop(t, uploaded("tide@1.0.0"))
	p := policy.Default()
	p.Rules[policy.RuleProvenanceAbsent] = policy.Error
	s.review(lockPath, s.lock(), s.lock("tide@1.0.0"), p).wants(policy.Failure, policy.RuleProvenanceAbsent)
}

func duplicatesHideNothing(t *testing.T) {
	s := newShop(t, at(90, uploaded("tide@1.0.0")), at(60, built("tide@1.1.0", harbour)), uploaded("tide@1.1.1"), uploaded("pier@1.0.0"))
	s.judge(s.lock("tide@1.1.0", "pier@1.0.0", "pier>tide@1.0.0"), s.lock("tide@1.1.1", "pier@1.0.0", "pier>tide@1.1.1")).
		wants(policy.Failure, policy.RuleProvenanceLost)
}

func repositoriesAreRead(t *testing.T) {
	s := newShop(t, at(60, built("tide@1.0.0", harbour)), built("tide@1.0.1", "elsewhere/flotsam"))
	v := s.judge(s.lock("tide@1.0.0"), s.lock("tide@1.0.1"))
	v.wants(policy.Failure, policy.RuleRepositoryChanged)
	if p := v.Packages[0]; p.Evidence.Provenance.State != provenance.Verified || p.Replaced.Provenance.State != provenance.Verified {
		t.Errorf("both bundles are valid: %+v %+v", p.Evidence.Provenance, p.Replaced.Provenance)
	}
}

func majorLinesAreSilent(t *testing.T) {
	byToken := func(r npm.Release) npm.Release {
		r.Publisher.Name = "maintainer"
		return r
	}
	s := newShop(t,
		at(700, uploaded("semver@6.3.0")), at(400, built("semver@7.5.1", "npm/node-semver")), at(380, built("semver@7.5.2", "npm/node-semver")),
		at(370, uploaded("semver@6.3.1")),
		at(300, byToken(built("vite@6.4.0", "vitejs/vite"))), at(200, built("vite@7.1.0", "vitejs/vite")), at(150, byToken(built("vite@6.4.1", "vitejs/vite"))))
	for _, update := range [][2]string{{"semver@6.3.0", "semver@6.3.1"}, {"vite@6.4.0", "vite@6.4.1"}} {
		v := s.judge(s.lock(update[0]), s.lock(update[1]))
		v.wants(policy.Success)
		if slices.ContainsFunc(v.Findings, func(f policy.Finding) bool {
			return f.Severity != policy.Notice || f.Rule == policy.RuleProvenanceLost || f.Rule == policy.RulePublisherLost
		}) {
			t.Errorf("%s: %s", update[1], v.told())
		}
	}
}

func nothingIsDropped(t *testing.T) {
	s := newShop(t, uploaded("tide@1.0.0"))
	v := s.judge(s.lock("tide@1.0.0"), s.lock("tide@1.0.1")) // no such release
	v.wants(policy.ActionRequired, policy.RuleUnverified)
	if len(v.Packages) != 1 || v.Packages[0].Evidence.Provenance.State != provenance.Unknown {
		t.Errorf("%+v", v.Packages)
	}
}

func aMissingTimeIsUnknown(t *testing.T) {
	s := newShop(t, at(60, uploaded("tide@1.0.0")), at(0, uploaded("tide@1.0.1")))
	s.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/tide" && !strings.HasSuffix(r.URL.Path, ".tgz") {
			return false
		}
		answer := httptest.NewRecorder()
		r.Header.Del("Accept-Encoding")
		s.ServeHTTP(answer, r)
		answer.Header().Del("Last-Modified")
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		body := answer.Body.Bytes()
		if r.URL.Path == "/tide" {
			var doc map[string]json.RawMessage
			if err := json.Unmarshal(body, &doc); err != nil {
				t.Error(err)
			}
			delete(doc, "time")
			body, _ = json.Marshal(doc)
			w.Header().Del("Content-Length")
			w.Header().Del("ETag")
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body)
		return true
	}
	v := s.judge(s.lock("tide@1.0.0"), s.lock("tide@1.0.1"))
	if !slices.ContainsFunc(v.Findings, func(f policy.Finding) bool { return f.Rule == policy.RuleTooNew && f.Unknown }) {
		t.Errorf("its age is not said to be unknown: %s", v.told())
	}
}

func digestsAreCompared(t *testing.T) {
	s := newShop(t, built("tide@1.0.0", harbour), built("tide@1.0.1", harbour))
	head := string(s.lock("tide@1.0.1"))
	i := strings.Index(head, "sha512-") + len("sha512-") + 8
	other := byte('A')
	if head[i] == other {
		other = 'B'
	}
	head = head[:i] + string(other) + head[i+1:]
	s.judge(s.lock("tide@1.0.0"), []byte(head)).wants(policy.Failure, policy.RuleDigestMismatch)
}

func oneBadPackageAmong500(t *testing.T) {
	const n = 500
	var releases []npm.Release
	var ids []string
	for i := range n {
		id := fmt.Sprintf("p%03d@1.0.0", i)
		ids = append(ids, id)
		if i != 250 {
			releases = append(releases, uploaded(id))
		}
	}
	s := newShop(t, releases...)
	v := s.judge(s.lock(), s.lock(ids...))
	v.wants(policy.ActionRequired, policy.RuleUnverified)
	var verified, unknown int
	for _, p := range v.Packages {
		switch p.Evidence.Signature.State {
		case provenance.Verified:
			verified++
		case provenance.Unknown:
			unknown++
		}
	}
	if verified != n-1 || unknown != 1 {
		t.Errorf("%d verified, %d unknown", verified, unknown)
	}
}

func validIsNotEnough(t *testing.T) {
	s := newShop(t, built("tide@1.0.0", "elsewhere/flotsam"))
	p := policy.Default()
	p.Packages = []policy.PackageRule{{Match: "npm:tide", Identity: policy.IdentityPin{Repository: "github.com/" + harbour}}}
	s.review(lockPath, s.lock(), s.lock("tide@1.0.0"), p).wants(policy.Failure, policy.RuleIdentityPinned)
}

func bothKeys(t *testing.T) {
	s := newShop(t, at(1000, uploaded("tide@1.0.0")), uploaded("pier@1.0.0"))
	v := s.judge(s.lock(), s.lock("tide@1.0.0", "pier@1.0.0"))
	v.wants(policy.Success)
	keys := map[string]bool{}
	for _, p := range v.Packages {
		if p.Evidence.Signature.State != provenance.Verified {
			t.Errorf("%s: %+v", p.Entry.Package, p.Evidence.Signature)
		}
		keys[p.Evidence.Signature.KeyID] = true
	}
	if len(keys) != 2 {
		t.Errorf("signed by %v", keys)
	}
}

func checkpointsCount(t *testing.T) {
	for _, forgery := range []sigstore.Forgery{sigstore.BrokenCheckpoint, sigstore.OtherCheckpoint} {
		forged := built("tide@1.0.0", harbour)
		forged.Forgery.Provenance.Forgery = forgery
		s := newShop(t, forged)
		s.judge(s.lock(), s.lock("tide@1.0.0")).wants(policy.Failure, policy.RuleProvenanceInvalid)
	}
}

func devDependenciesAreJudged(t *testing.T) {
	s := newShop(t, at(60, built("tide@1.0.0", harbour)), uploaded("tide@1.0.1"))
	dev := func(lock []byte) []byte {
		return []byte(strings.ReplaceAll(string(lock), `"integrity"`, `"dev": true, "integrity"`))
	}
	v := s.judge(dev(s.lock("tide@1.0.0")), dev(s.lock("tide@1.0.1")))
	v.wants(policy.Failure, policy.RuleProvenanceLost)
	if scope := v.Packages[0].Entry.Scope; scope != "dev" {
		t.Errorf("scope %s", scope)
	}
}

func unknownVersionsAreNotGreen(t *testing.T) {
	s := newShop(t, built("tide@1.0.0", harbour), built("tide@1.0.1", harbour))
	next := strings.Replace(string(s.lock("tide@1.0.1")), `"lockfileVersion": 3`, `"lockfileVersion": 99`, 1)
	s.judge(s.lock("tide@1.0.0"), []byte(next)).wants(policy.Failure, policy.RuleLockfileUnreadable)
}

package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/store"
)

var boardNow = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// boardStore knows what its fields say.
type boardStore struct {
	Store
	repositories []store.Repository
	inventory    store.Inventory
	coverage     []store.Coverage
	arrivals     []store.Holding
	news         []store.News
	pulls        []store.Verdict
	accepted     []store.Acceptance
	standings    []store.Standing
	uses         []store.Use
	generation   int64
	asked        []string // of Users
}

func (s *boardStore) Named(_ context.Context, owner, name string) (store.Repository, bool, error) {
	for _, r := range s.repositories {
		if strings.EqualFold(r.Owner, owner) && strings.EqualFold(r.Name, name) {
			return r, true, nil
		}
	}
	return store.Repository{}, false, nil
}

func (s *boardStore) ExceptionsOf(context.Context, int64, int64) ([]byte, bool, error) {
	return s.inventory.Exceptions, true, nil
}

func (s *boardStore) CoverageOf(context.Context, int64, int64, time.Time) ([]store.Coverage, error) {
	return s.coverage, nil
}

func (s *boardStore) Arrivals(_ context.Context, _, _ int64, offset, max int) ([]store.Holding, error) {
	from := min(offset, len(s.arrivals))
	return s.arrivals[from:min(from+max, len(s.arrivals))], nil
}

func (s *boardStore) NewsOf(context.Context, int64, int64) ([]store.News, error) { return s.news, nil }

func (s *boardStore) OpenPulls(context.Context, int64, int64, int) ([]store.Verdict, error) {
	return s.pulls, nil
}

func (s *boardStore) OpenAcceptances(context.Context, int64, int64, int) ([]store.Acceptance, error) {
	return s.accepted, nil
}

func (s *boardStore) Standings(_ context.Context, owner string) (out []store.Standing, _ error) {
	for _, x := range s.standings {
		if strings.EqualFold(x.Owner, owner) {
			out = append(out, x)
		}
	}
	return out, nil
}

func (s *boardStore) Users(_ context.Context, owner, ecosystem, name, version string, _ int) ([]store.Use, error) {
	s.asked = append(s.asked, strings.Join([]string{owner, ecosystem, name, version}, " "))
	return slices.Clone(s.uses), nil
}

func (s *boardStore) BadgeGeneration(context.Context, int64, int64) (int64, error) {
	return s.generation, nil
}

func (s *boardStore) RenewBadge(context.Context, int64, int64) (int64, error) {
	s.generation++
	return s.generation, nil
}

func (s *boardStore) Key(context.Context, string) ([]byte, error) { return make([]byte, 32), nil }

// boardGate lets one person in, whose login is in the cookie "who".
type boardGate struct {
	readable []access.Repository // of mona
	public   map[string]bool     // by lower-case owner/name
	asked    []string            // of Public
	open     bool                // public repositories are for everybody
	broken   error               // what GitHub answers with
}

func (g *boardGate) Viewer(r *http.Request) (access.Viewer, bool) {
	c, err := r.Cookie("who")
	if err != nil {
		return access.Viewer{}, false
	}
	return access.Viewer{Person: access.Person{ID: 1, Login: c.Value}}, true
}

func (g *boardGate) Repository(_ context.Context, v access.Viewer, known access.Repository) (access.Repository, error) {
	if v.Login == "mona" {
		for _, r := range g.readable {
			if strings.EqualFold(r.Owner+"/"+r.Name, known.Owner+"/"+known.Name) {
				return r, nil
			}
		}
	}
	if g.open && g.public[strings.ToLower(known.Owner+"/"+known.Name)] {
		return known, nil
	}
	return access.Repository{}, access.ErrNone
}

func (g *boardGate) Repositories(_ context.Context, v access.Viewer) ([]access.Repository, error) {
	if v.Login == "mona" && g.broken == nil {
		return g.readable, nil
	}
	return nil, g.broken
}

func (g *boardGate) Public(_ context.Context, known access.Repository) (bool, error) {
	g.asked = append(g.asked, known.Owner+"/"+known.Name)
	if g.broken != nil {
		return false, g.broken
	}
	if known.ID == 0 {
		return false, access.ErrNone
	}
	return g.public[strings.ToLower(known.Owner+"/"+known.Name)], nil
}

func (g *boardGate) Routes(*http.ServeMux) {}

// board are the pages over a store and a gate.
type board struct {
	t     testing.TB
	store *boardStore
	gate  *boardGate
	audit []string
	mux   *http.ServeMux
	log   bytes.Buffer
}

func newBoard(t testing.TB) *board {
	t.Helper()
	b := &board{t: t, store: sampleStore(), gate: &boardGate{
		readable: []access.Repository{
			{Installation: 1, ID: 10, Owner: "Acme", Name: "Web", Private: true, Write: true},
			{Installation: 1, ID: 11, Owner: "Acme", Name: "api"},
			{Installation: 1, ID: 12, Owner: "Acme", Name: "new"},
		},
		public: map[string]bool{"acme/api": true},
	}}
	pages, err := NewPages(PagesOptions{
		Store: b.store, Gate: b.gate, GitHub: "https://github.example", Addresses: "https://bonafide.example",
		Audit:  func(_ context.Context, event, who, about string) { b.audit = append(b.audit, event+" "+who+" "+about) },
		Clock:  func() time.Time { return boardNow },
		Logger: zerolog.New(&b.log),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.mux = http.NewServeMux()
	pages.routes(b.mux)
	return b
}

// ask is one request of somebody, "" for nobody.
func (b *board) ask(who, method, path string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	if who != "" {
		r.AddCookie(&http.Cookie{Name: "who", Value: who})
	}
	w := httptest.NewRecorder()
	b.mux.ServeHTTP(w, r)
	return w
}

// text is a page without its tags, blanks folded.
func (b *board) text(who, path string) string {
	b.t.Helper()
	w := b.ask(who, "GET", path)
	if w.Code != 200 {
		b.t.Fatalf("%s: %d", path, w.Code)
	}
	return boardText(w.Body.String())
}

var boardTag = regexp.MustCompile(`<[^>]*>`)

func boardText(page string) string {
	return strings.Join(strings.Fields(boardTag.ReplaceAllString(page, " ")), " ")
}

func boardHas(t *testing.T, page string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(page, s) {
			t.Errorf("%q is missing in\n%s", s, page)
		}
	}
}

func boardLacks(t *testing.T, page string, not ...string) {
	t.Helper()
	for _, s := range not {
		if strings.Contains(page, s) {
			t.Errorf("%q is in\n%s", s, page)
		}
	}
}

const (
	boardHead  = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
	boardOther = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"
)

func sampleStore() *boardStore {
	day := func(ago int) time.Time { return boardNow.Truncate(24*time.Hour).AddDate(0, 0, -ago) }
	s := &boardStore{repositories: []store.Repository{
		{Installation: 1, ID: 10, Owner: "Acme", Name: "Web", Branch: "main", Head: boardHead, At: boardNow.Add(-5 * time.Hour), Looked: boardNow.Add(-5 * time.Hour)},
		{Installation: 1, ID: 11, Owner: "Acme", Name: "api", Branch: "main", Head: boardHead, At: boardNow.Add(-5 * time.Hour), Looked: boardNow.Add(-5 * time.Hour)},
		{Installation: 1, ID: 13, Owner: "Acme", Name: "secret", Branch: "main", Head: boardHead, At: boardNow, Looked: boardNow},
	}}
	for ago := 60; ago >= 0; ago-- {
		s.coverage = append(s.coverage, store.Coverage{Day: day(ago), Head: boardHead, Packages: 971 - ago/10, Signed: 971 - ago/10, Proven: 101 - ago/3})
	}
	s.arrivals = []store.Holding{
		{Ecosystem: "npm", Name: "@babel/core", Version: "7.26.0", Lockfile: "package-lock.json", Came: boardNow.Add(-48 * time.Hour), Head: boardHead, Number: 41},
		{Ecosystem: "npm", Name: "@babel/core", Version: "7.25.9", Lockfile: "package-lock.json", Came: day(40), Head: boardOther, Gone: boardNow.Add(-48 * time.Hour)},
		{Ecosystem: "npm", Name: "sigstore", Version: "3.1.0", Lockfile: "tools/package-lock.json", Came: day(40), Head: boardOther},
	}
	s.news = []store.News{
		{PURL: "pkg:npm/request@2.88.2", Kind: "deprecated", Detail: "The maintainers say: request has been deprecated.", Since: day(9)},
		{PURL: "pkg:npm/%40acme/left@1.0.1", Kind: "malware", Detail: "GHSA-0000-0000-0000 names it.", Since: day(1)},
	}
	s.pulls = []store.Verdict{
		{Number: 43, Owner: "Acme", Name: "Web", Head: boardOther, BaseRef: "main", Conclusion: "success", Judged: boardNow.Add(-time.Hour)},
		{Number: 42, Owner: "Acme", Name: "Web", Head: boardHead, BaseRef: "main", Conclusion: "failure", Judged: boardNow.Add(-2 * time.Hour)},
		{Number: 40, Owner: "Acme", Name: "Web", Head: boardHead, BaseRef: "release/2", Conclusion: "action_required", Judged: boardNow.Add(-30 * time.Hour), Doubt: day(1)},
	}
	s.accepted = []store.Acceptance{{Number: 42, Ecosystem: "npm", Name: "axios", Version: "1.14.1", Lockfile: "package-lock.json", Rule: "provenance-lost",
		Reason: "Their release job is being moved; see their announcement.", By: "robin", Role: "maintain"}}
	s.inventory.Exceptions, _ = json.Marshal([]policy.Exception{
		{Package: "npm:esbuild@>=0.21 <1", Rules: []policy.RuleName{"install-script"}, Reason: "downloads its platform binary", Owner: "@acme/security", Expires: day(-200), Line: 12},
		{Package: "npm:fsevents", Rules: []policy.RuleName{"install-script", "too-new"}, Reason: "macOS only", Owner: "@acme/web", Expires: day(-5), Line: 18},
		{Package: "npm:node-ipc@9.2.1", Rules: []policy.RuleName{"provenance-lost"}, Reason: "until we are rid of it", Owner: "robin", Expires: day(3), Line: 24},
	})
	standing := func(at store.Repository, c store.Coverage, news, failing, open int) store.Standing {
		return store.Standing{Repository: at, Coverage: c, News: news, Failing: failing, Open: open}
	}
	s.standings = []store.Standing{
		standing(s.repositories[0], s.coverage[60], 2, 2, 3),
		standing(s.repositories[1], store.Coverage{Packages: 29, Signed: 29, Proven: 29}, 0, 0, 4),
		standing(s.repositories[2], store.Coverage{Packages: 100_000, Signed: 7, Proven: 7}, 77, 88, 99),
	}
	s.uses = []store.Use{
		{Repository: s.repositories[2], Holding: store.Holding{Ecosystem: "npm", Name: "axios", Version: "6.6.6", Lockfile: "hidden-lock.json", Came: day(2), Head: boardHead}},
		{Repository: s.repositories[1], Holding: store.Holding{Ecosystem: "npm", Name: "axios", Version: "1.14.0", Lockfile: "package-lock.json", Came: day(20), Head: boardHead, Number: 7}},
		{Repository: s.repositories[0], Holding: store.Holding{Ecosystem: "npm", Name: "axios", Version: "1.13.0", Lockfile: "package-lock.json", Came: day(30), Head: boardHead}},
	}
	return s
}

func TestARepositorysPageSaysWhereItStands(t *testing.T) {
	b := newBoard(t)
	page := b.text("mona", "/r/Acme/Web")
	boardHas(t, page,
		"101 of 971 packages have provenance, 971 are signed.",
		"Better than 30 days ago (91 of 968, 9.4%).",
		"without provenance 870", "not signed 0",
		"@acme/left@1.0.1 ✗ named as malware", "request@2.88.2 ! deprecated by the maintainers",
		"2 of 3 do not pass.", "Report on #42", "✗ failed", "? not verified", "its evidence cannot be had again since 2026-11-22",
		"axios@1.14.1", "robin maintain", "Their release job is being moved",
		"1 has ended and holds no more.", "1 ends within 14 days.", "2026-11-20 ✗ ended", "2026-11-28 ! ends soon",
		"@babel/core@7.26.0", "pull request 41", "still there",
	)
	if at, first := strings.Index(page, "Report on #42"), strings.Index(page, "Report on #43"); at > first {
		t.Error("what does not pass stands behind what does")
	}
	raw := b.ask("mona", "GET", "/r/Acme/Web").Body.String()
	boardHas(t, raw, `href="/r/Acme/Web/packages?provenance=not-verified"`, `href="/r/Acme/Web/pull/42"`, `href="https://github.example/Acme/Web/commit/`+boardHead+`"`, `href="/r/Acme/Web/history"`)
}

func TestBeforeTheFirstInventoryThePageSaysWhatMakesOne(t *testing.T) {
	b := newBoard(t)
	b.store.repositories[0].Head, b.store.repositories[0].Looked = "", time.Time{}
	b.store.news, b.store.pulls = nil, nil
	boardHas(t, b.text("mona", "/r/Acme/Web"), "There is no inventory of this repository yet.", "The next push to its default branch makes one, and so does the nightly look.")
	b.store.repositories[0].Problem = "The repository has no lockfile."
	boardHas(t, b.text("mona", "/r/Acme/Web"), "There was a problem at the last look. The repository has no lockfile.")
}

func TestTrend(t *testing.T) {
	day := func(ago, proven, packages int) store.Coverage {
		return store.Coverage{Day: boardNow.AddDate(0, 0, -ago), Proven: proven, Packages: packages}
	}
	for name, tt := range map[string]struct {
		list []store.Coverage
		want string
	}{
		"one day":    {[]store.Coverage{day(0, 1, 2)}, "This is the first figure; from tomorrow on there is something to compare it with."},
		"young":      {[]store.Coverage{day(3, 1, 2), day(0, 1, 4)}, "Worse than on 2026-11-20, the first day with a figure (1 of 2, 50%)."},
		"equal":      {[]store.Coverage{day(60, 1, 4), day(31, 1, 2), day(10, 3, 3), day(0, 2, 4)}, "The same share as 30 days ago (1 of 2, 50%)."},
		"better":     {[]store.Coverage{day(30, 0, 4), day(0, 1, 4)}, "Better than 30 days ago (0 of 4, 0%)."},
		"was empty":  {[]store.Coverage{day(30, 0, 0), day(0, 1, 4)}, "There were 0 packages 30 days ago."},
		"almost all": {[]store.Coverage{day(30, 9_999, 10_000), day(0, 1, 1)}, "Better than 30 days ago (9,999 of 10,000, >99.9%)."},
	} {
		if got := trend(tt.list, boardNow); got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestNobodyElseLearnsThatThereIsAnything(t *testing.T) {
	for _, who := range []string{"", "eve"} {
		b := newBoard(t)
		for _, path := range []string{"/r/acme/Web", "/r/acme/Web/history", "/o/acme", "/o/acme?package=axios"} {
			there := b.ask(who, "GET", path)
			other := strings.Replace(strings.Replace(path, "acme", "nobody", 1), "Web", "Who", 1)
			missing := b.ask(who, "GET", other)
			if there.Code != 404 || missing.Code != 404 {
				t.Errorf("%q %s: %d, %s: %d", who, path, there.Code, other, missing.Code)
			}
			one, two := there.Body.String(), strings.NewReplacer("nobody", "acme", "Who", "Web").Replace(missing.Body.String())
			if one != two {
				t.Errorf("%q can tell %s from what is not there:\n%s\n%s", who, path, one, two)
			}
		}
		if w := b.ask(who, "POST", "/r/acme/Web/badge"); w.Code != 404 || b.store.generation != 0 || b.audit != nil {
			t.Errorf("%q made a link: %d", who, w.Code)
		}
	}
}

func TestNamesAreSpelledAsGitHubHasThem(t *testing.T) {
	b := newBoard(t)
	for path, want := range map[string]string{
		"/r/acme/WEB":                "/r/Acme/Web",
		"/r/acme/web/history?page=2": "/r/Acme/Web/history?page=2",
		"/o/aCME?sort=name":          "/o/Acme?sort=name",
	} {
		if w := b.ask("mona", "GET", path); w.Code != http.StatusTemporaryRedirect || w.Header().Get("Location") != want {
			t.Errorf("%s: %d to %s", path, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestTheHistoryIsPaged(t *testing.T) {
	b := newBoard(t)
	b.store.arrivals = nil
	for i := range 250 {
		b.store.arrivals = append(b.store.arrivals, store.Holding{Ecosystem: "npm", Name: fmt.Sprintf("p%03d", i), Version: "1.0.0", Came: boardNow, Head: boardHead})
	}
	for path, want := range map[string][2]string{"": {"p000@", "p099@"}, "?page=2": {"p100@", "p199@"}, "?page=3": {"p200@", "p249@"}, "?page=-1": {"p000@", "p099@"}, "?page=x": {"p000@", "p099@"}} {
		page := b.text("mona", "/r/Acme/Web/history"+path)
		boardHas(t, page, want[0], want[1])
		if n := strings.Count(page, "@1.0.0"); n > 100 {
			t.Errorf("%s: %d rows", path, n)
		}
	}
	boardHas(t, b.ask("mona", "GET", "/r/Acme/Web/history?page=2").Body.String(), `rel="prev" href="/r/Acme/Web/history"`, `rel="next" href="/r/Acme/Web/history?page=3"`)
	boardLacks(t, b.ask("mona", "GET", "/r/Acme/Web/history?page=3").Body.String(), `rel="next"`)
	boardHas(t, b.text("mona", "/r/Acme/Web/history?page=99999999"), "The history ends before this page.")
}

func TestAnOrganisationsPageCountsOnlyWhatTheViewerMayRead(t *testing.T) {
	b := newBoard(t)
	page := b.text("mona", "/o/Acme")
	boardHas(t, page, "130 of 1,000 packages have provenance, 1,000 are signed.", "2 of 7 open pull requests do not pass, in 1 repository.",
		"The evidence of 2 packages in use has changed, in 1 repository.", "1 repository has not been looked at yet.",
		"10.4% 101 of 971", "✗ 2 of 3 do not pass", "100% 29 of 29", "all 3", "with failing checks 1")
	boardLacks(t, page, "secret", "100000", "100,000", "88", "77")
	page = b.text("mona", "/o/Acme?show=failing")
	boardHas(t, page, "Web")
	boardLacks(t, page, "29 of 29")
	raw := b.ask("mona", "GET", "/o/Acme?sort=name&show=failing").Body.String()
	boardHas(t, raw, `<a href="/o/Acme?show=failing&amp;sort=name" aria-current="true">`)
}

func TestRepositoriesStandInTheOrderThatIsAskedFor(t *testing.T) {
	list := []standing{
		{Name: "c", Packages: 10, Proven: 1, last: boardNow},
		{Name: "b", Packages: 10, Proven: 9, Failing: 1, News: 1, last: boardNow.Add(-time.Hour)},
		{Name: "a", Packages: 0, News: 2},
	}
	for by, want := range map[string]string{"": "b a c", "failing": "b a c", "name": "a b c", "coverage": "c b a", "news": "a b c", "looked": "a b c", "nonsense": "b a c"} {
		order(list, by)
		var got []string
		for _, s := range list {
			got = append(got, s.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s, want %s", by, got, want)
		}
	}
}

func TestWhereAPackageIsUsedIsAnsweredForReadableRepositories(t *testing.T) {
	b := newBoard(t)
	page := b.text("mona", "/o/Acme?package=npm:axios")
	boardHas(t, page, "npm:axios is used in 2 repositories, in 2 versions.", "api 1.14.0 package-lock.json 2026-11-03", "pull request 7", "Web 1.13.0")
	boardLacks(t, page, "6.6.6", "secret", "hidden-lock")
	b.store.uses = b.store.uses[:1]
	boardHas(t, b.text("mona", "/o/Acme?package="+url.QueryEscape("pkg:npm/%40acme/left@6.6.6")), "npm:@acme/left@6.6.6 is used in none of the default branches that you may read.")
	if want := []string{"Acme npm axios ", "Acme npm @acme/left 6.6.6"}; !slices.Equal(b.store.asked, want) {
		t.Errorf("asked %q", b.store.asked)
	}
}

func TestWhatIsNoPackageIsRefusedWithAReason(t *testing.T) {
	b := newBoard(t)
	for asked, want := range map[string]string{
		"npm:":                            "There is no name in it.",
		"npm:a@":                          "There is no version after the @.",
		"npm:a@^1.0.0":                    "A range of versions cannot be asked for.",
		"npm:a@latest":                    "No package can have this version",
		"npm:A B":                         "No package can have this name",
		"pypi:requests@1.0.0":             "are not read yet, only those of npm and jsr",
		":a":                              "Before the colon stands where a package comes from",
		"pkg:npm":                         "This is no package URL",
		"pkg:npm/a@1.0.0?x=y":             "leave out what follows ? and #",
		"<script>alert(1)</script>":       "No package can have this name",
		"a\u202eb":                        "No package can have this name",
		strings.Repeat("a", 501):          "longer than a package&#39;s name and version can be",
		"npm:" + strings.Repeat("a", 300): "No package can have this name",
	} {
		w := b.ask("mona", "GET", "/o/Acme?package="+url.QueryEscape(asked))
		if w.Code != 400 {
			t.Errorf("%q: %d", asked, w.Code)
		}
		boardHas(t, w.Body.String(), want)
		boardLacks(t, w.Body.String(), "<script", "\u202e")
	}
	if b.store.asked != nil {
		t.Errorf("asked %q", b.store.asked)
	}
	for asked, want := range map[string]string{"@acme/left": "npm:@acme/left", "NPM:a@1.0.0": "npm:a@1.0.0", "jsr:@std/path@1.0.0": "jsr:@std/path@1.0.0", "a@1.0.0-rc.1+b": "npm:a@1.0.0-rc.1+b"} {
		if p, wrong := wanted(asked); wrong != "" || p.String() != want {
			t.Errorf("%q: %s, %s", asked, p, wrong)
		}
	}
}

func TestTheWayInSaysWhatThisIsAndNothingOfWhatIsInstalled(t *testing.T) {
	b := newBoard(t)
	page := b.text("", "/")
	boardHas(t, page, "Can your packages prove where they come from?", "Sign in with GitHub")
	boardLacks(t, page, "Acme", "acme")
	boardHas(t, b.text("eve", "/"), "Bonafide is installed on no repository that GitHub lists as yours.")
	page = b.text("mona", "/")
	boardHas(t, page, "2 open pull requests do not pass, in 1 repository.", "Acme", "10.4% 101 of 971")
	boardLacks(t, page, "secret")
	if strings.Index(page, "Acme/Web private") > strings.Index(page, "Acme/api") {
		t.Error("what fails stands behind what does not")
	}
}

func TestABadgeIsShownForPublicRepositoriesAlone(t *testing.T) {
	b := newBoard(t)
	w := b.ask("", "GET", "/badge/acme/API.svg")
	if w.Code != 200 {
		t.Fatalf("%d", w.Code)
	}
	for name, want := range map[string]string{"Content-Type": "image/svg+xml; charset=utf-8", "Cache-Control": "no-cache", "Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	known := w.Body.String()
	private, missing := b.ask("mona", "GET", "/badge/acme/web.svg"), b.ask("mona", "GET", "/badge/acme/none.svg")
	if private.Code != 404 || missing.Code != 404 || private.Body.String() != missing.Body.String() || fmt.Sprint(private.Header()) != fmt.Sprint(missing.Header()) {
		t.Errorf("a private repository's badge can be told from none: %d %d", private.Code, missing.Code)
	}
	if private.Body.String() == known {
		t.Error("what is not known looks like a badge")
	}
	if w := b.ask("", "GET", "/badge/acme/api"); w.Code != 404 {
		t.Errorf("no svg: %d", w.Code)
	}
	if want := []string{"Acme/api", "Acme/Web", "acme/none"}; !slices.Equal(b.gate.asked, want) {
		t.Errorf("GitHub was asked about %q", b.gate.asked)
	}
	b.gate.public["acme/api"] = false
	if w := b.ask("", "GET", "/badge/acme/API.svg"); w.Code != 404 {
		t.Errorf("it became private: %d", w.Code)
	}
}

func TestALinkToABadgeHoldsUntilItIsRevoked(t *testing.T) {
	b := newBoard(t)
	link := func() string {
		t.Helper()
		m := regexp.MustCompile(`src="(/badge/Acme/Web.svg\?key=[0-9a-f]{64})"`).FindStringSubmatch(b.ask("mona", "GET", "/r/Acme/Web").Body.String())
		if m == nil {
			return ""
		}
		return m[1]
	}
	press := func() {
		t.Helper()
		if w := b.ask("mona", "POST", "/r/Acme/Web/badge"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/r/Acme/Web#badge" {
			t.Fatalf("%d %s", w.Code, w.Header().Get("Location"))
		}
	}
	if link() != "" {
		t.Fatal("there is a link that nobody made")
	}
	none, _ := (&Pages{PagesOptions: PagesOptions{Store: b.store}}).badgeKey(t.Context(), b.store.repositories[0], 0)
	if w := b.ask("", "GET", "/badge/Acme/Web.svg?key="+none); w.Code != 404 {
		t.Errorf("the key of no link: %d", w.Code)
	}
	press()
	first := link()
	if w := b.ask("", "GET", first); w.Code != 200 {
		t.Fatalf("%s: %d", first, w.Code)
	}
	boardHas(t, b.ask("mona", "GET", "/r/Acme/Web").Body.String(), "[![provenance](https://bonafide.example"+first+")](https://bonafide.example/r/Acme/Web)")
	for _, other := range []string{strings.Replace(first, "Web", "secret", 1), first[:len(first)-1], first + "0", "/badge/Acme/Web.svg?key=x"} {
		if w := b.ask("", "GET", other); w.Code != 404 {
			t.Errorf("%s: %d", other, w.Code)
		}
	}
	press()
	if second := link(); second == first || b.ask("", "GET", second).Code != 200 || b.ask("", "GET", first).Code != 404 {
		t.Errorf("%s after %s", second, first)
	}
	if want := []string{"badge-link-made mona Acme/Web", "badge-link-revoked mona Acme/Web"}; !slices.Equal(b.audit, want) {
		t.Errorf("%q", b.audit)
	}
}

func TestOnlyWhoMayWriteMakesALink(t *testing.T) {
	b := newBoard(t)
	b.gate.readable[0].Write = false
	if w := b.ask("mona", "POST", "/r/Acme/Web/badge"); w.Code != http.StatusForbidden || b.store.generation != 0 {
		t.Errorf("%d", w.Code)
	}
	b.store.generation = 1
	raw := b.ask("mona", "GET", "/r/Acme/Web").Body.String()
	boardHas(t, raw, "Somebody who may write to it can make a link")
	boardLacks(t, raw, "key=", "Revoke")
	b.gate.open, b.gate.public["acme/web"] = true, true
	if w := b.ask("", "POST", "/r/Acme/Web/badge"); w.Code != 404 || b.store.generation != 1 {
		t.Errorf("nobody in particular made a link: %d", w.Code)
	}
}

// Whatever a package, a person or a repository calls itself, it stays text.
func TestHostileNamesStayText(t *testing.T) {
	const evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\u202egnp\u200b\x1b[31m\njavascript:alert(1)"
	b := newBoard(t)
	s := b.store
	s.repositories[0].Branch, s.repositories[0].Problem, s.repositories[0].Head = evil, evil, evil
	for i := range s.coverage {
		s.coverage[i].Head = evil
	}
	s.arrivals = []store.Holding{{Ecosystem: evil, Name: evil, Version: evil, Lockfile: evil, Came: boardNow, Head: evil, Number: 1}}
	s.news = []store.News{{PURL: evil, Kind: evil, Detail: evil, Since: boardNow}, {PURL: "pkg:npm/" + url.PathEscape(evil) + "@1", Kind: "removed", Detail: evil}}
	s.pulls = []store.Verdict{{Number: 1, Head: evil, BaseRef: evil, Conclusion: evil}}
	s.accepted = []store.Acceptance{{Number: 1, Name: evil, Version: evil, Lockfile: evil, Rule: evil, Reason: evil, By: evil, Role: evil}}
	s.inventory.Exceptions, _ = json.Marshal([]policy.Exception{{Package: evil, Rules: []policy.RuleName{evil}, Reason: evil, Owner: evil, File: evil, Line: 1}})
	s.standings[0].Name, s.standings[0].Problem = evil, evil
	s.uses = []store.Use{{Repository: s.repositories[0], Holding: s.arrivals[0]}}
	s.uses[0].Repository.Name = evil
	for _, path := range []string{"/r/Acme/Web", "/r/Acme/Web/history", "/o/Acme", "/o/Acme?package=axios", "/o/Acme?package=" + url.QueryEscape(evil), "/o/Acme?sort=" + url.QueryEscape(evil) + "&show=" + url.QueryEscape(evil), "/"} {
		w := b.ask("mona", "GET", path)
		page := w.Body.String()
		boardLacks(t, page, "<script", "<img src=x", "\u202e", "\u200b", "\x1b", `href="javascript:`, " style=", "ZgotmplZ")
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: no policy", path)
		}
	}
	boardHas(t, b.ask("mona", "GET", "/r/Acme/Web").Body.String(), "&lt;U&#43;202E&gt;", "no verdict")
}

func TestWhereGitHubDoesNotAnswerNothingIsShown(t *testing.T) {
	b := newBoard(t)
	b.gate.broken = errors.New("GitHub did not answer")
	for path, status := range map[string]int{"/": 503, "/o/Acme": 503, "/badge/acme/api.svg": 404} {
		w := b.ask("mona", "GET", path)
		if w.Code != status {
			t.Errorf("%s: %d", path, w.Code)
		}
		boardLacks(t, w.Body.String(), "did not answer", "101", "Web")
	}
	if n := strings.Count(b.log.String(), "GitHub did not answer"); n != 3 {
		t.Errorf("%d of 3 in the log:\n%s", n, b.log.String())
	}
	b.gate.broken = access.ErrSignedOut
	if w := b.ask("mona", "GET", "/o/Acme"); w.Code != 404 || !strings.Contains(w.Body.String(), "Sign in to go on") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	boardHas(t, b.text("mona", "/"), "Can your packages prove where they come from?")
}

func manyRepositories(b *board, known, readable int) {
	b.gate.readable, b.store.standings = nil, nil
	for i := range readable {
		owner := "Acme"
		if i >= known {
			owner = fmt.Sprintf("other%d", i%50)
		}
		b.gate.readable = append(b.gate.readable, access.Repository{Installation: 1, ID: int64(i), Owner: owner, Name: fmt.Sprintf("repository-%d", i)})
	}
	for i := range known {
		b.store.standings = append(b.store.standings, store.Standing{
			Repository: store.Repository{Installation: 1, ID: int64(i), Owner: "Acme", Name: fmt.Sprintf("repository-%d", i), Head: boardHead, Looked: boardNow},
			Coverage:   store.Coverage{Packages: 1000, Signed: 1000, Proven: i}, Failing: i % 7, Open: 10, News: i % 3,
		})
	}
}

func BenchmarkOrganisationOf1000Of5000Readable(b *testing.B) {
	w := newBoard(b)
	manyRepositories(w, 1_000, 5_000)
	for b.Loop() {
		if got := w.ask("mona", "GET", "/o/Acme?sort=coverage"); got.Code != 200 {
			b.Fatal(got.Code)
		}
	}
}

func BenchmarkHomeWith5000Readable(b *testing.B) {
	w := newBoard(b)
	manyRepositories(w, 1_000, 5_000)
	for b.Loop() {
		if got := w.ask("mona", "GET", "/"); got.Code != 200 {
			b.Fatal(got.Code)
		}
	}
}

package web

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/store"
)

// says fails unless a page holds every one of these, and answers 200.
func says(t *testing.T, w *httptest.ResponseRecorder, words ...string) {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("answered %d: %s", w.Code, w.Body)
	}
	text := textOf(t, w.Body.Bytes())
	for _, word := range words {
		if !strings.Contains(text, word) && !strings.Contains(html.UnescapeString(w.Body.String()), word) {
			t.Errorf("the page does not say %q", word)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// textOf is what a page says, blanks folded.
func textOf(t testing.TB, page []byte) string {
	t.Helper()
	var b strings.Builder
	each(t, page, func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	})
	return strings.Join(strings.Fields(b.String()), " ")
}

// each calls f for every node of a page.
func each(t testing.TB, page []byte, f func(*html.Node)) {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		f(n)
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// linkTo is the address of the first link that says words, "" for none.
func linkTo(t testing.TB, page []byte, words string) (address string) {
	t.Helper()
	each(t, page, func(n *html.Node) {
		if n.Type != html.ElementNode || n.Data != "a" || address != "" {
			return
		}
		var b strings.Builder
		for c := range n.Descendants() {
			if c.Type == html.TextNode {
				b.WriteString(c.Data)
			}
		}
		if strings.Contains(strings.Join(strings.Fields(b.String()), " "), words) {
			address = attribute(n, "href")
		}
	})
	return address
}

func TestAReportSaysWhatTheCheckSays(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, lossy())
	h, _ := site(t, s, nil)
	says(t, get(h, "/r/acme/web/pull/7"),
		"Pull request 7", "Failed", report.Title(lossy()), "2026-09-01 11:00 UTC", "acme/web .github/bonafide.yml at 1a2b3c4",
		"5 errors, 1 not verified, 1 warning, 1 notice",
		"axios@1.14.1 has no build provenance, but 1.14.0, which it replaces, had",
		"Why it matters", "Provenance is what shows that a release was built", "What to do", "Compare the two releases", "1.14.0 is the newest earlier version that has what this one lacks.",
		"Benign causes", "A release by hand while CI was broken", "Tell the maintainer",
		"Excepted", "Accepted by @acme/security until 2026-11-30", "downloads its platform binary",
		"Not looked at", "test/fixtures/package-lock.json: ignored by the policy", "1 package: it comes from git",
		"https://github.com/acme/web/blob/"+headSHA+"/package-lock.json#L212", "https://github.com/acme/web/blob/"+headSHA+"/packages/@acme/site/package-lock.json#L500",
		"https://github.com/left-pad/left-pad/compare/"+otherSHA+"..."+headSHA,
		"8 packages, no filter.", "updated from 1.14.0", "5 hours", "2 months")
}

func TestObservingIsSaid(t *testing.T) {
	r := lossy()
	r.Conclusion, r.WouldFail, r.Mode = policy.Success, true, policy.Observe
	s := newFakeStore()
	s.put(t, 7, headSHA, r)
	h, _ := site(t, s, nil)
	says(t, get(h, "/r/acme/web/pull/7"), "Would fail", "The policy only observes (mode: observe), so the check passes.")
}

func TestThePolicyThatAPullRequestProposesIsSaid(t *testing.T) {
	r := lossy()
	r.Preview = &report.Preview{PolicyFrom: "the pull request", Conclusion: policy.Failure, Changes: []report.PreviewChange{{Finding: r.Findings[0], Was: "error", Is: "notice"}}, Limits: []string{"docs/package-lock.json would be ignored from then on"}}
	s := newFakeStore()
	s.put(t, 7, headSHA, r)
	h, _ := site(t, s, nil)
	says(t, get(h, "/r/acme/web/pull/7"), "With the policy that this pull request proposes", "The check would say: Failed", "docs/package-lock.json would be ignored from then on")
}

func TestListsAreNarrowedByLinks(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, lossy())
	h, _ := site(t, s, nil)
	first := get(h, "/r/acme/web/pull/7")
	for _, c := range []struct{ link, said string }{
		{"without provenance 5", "5 packages of 8: without provenance."},
		{"exotic-source 1", "1 package of 8: with a finding of exotic-source."},
		{"development 1", "1 package of 8: used for development."},
		{"repinned 1", "1 package of 8: repinned."},
		{"packages/@acme/site/package-lock.json 1", "1 package of 8: in packages/@acme/site/package-lock.json."},
	} {
		to := linkTo(t, first.Body.Bytes(), c.link)
		if to == "" {
			t.Errorf("no link says %q", c.link)
			continue
		}
		w := get(h, strings.TrimSuffix(to, "#packages"))
		says(t, w, c.said, "Show the findings")
		if back := linkTo(t, w.Body.Bytes(), "Show all"); back != "/r/acme/web/pull/7/"+headSHA+"#packages" {
			t.Errorf("%s: the filter is cleared by %q", c.link, back)
		}
	}
	says(t, get(h, "/r/acme/web/pull/7?q=AXI"), "1 package of 8: with “AXI” in their name.")
	none := get(h, "/r/acme/web/pull/7?q=nothing-like-it&rule=too-new")
	says(t, none, "None of 8 packages", "No package is like that.")
	if strings.Contains(none.Body.String(), "/export?") {
		t.Error("an empty list is offered for export")
	}
}

func TestWithoutProvenanceCanAlwaysBeAskedFor(t *testing.T) {
	s := newFakeStore()
	e := lockedEntry("left-pad", "1.3.1", 12)
	s.put(t, 7, headSHA, reportOf(report.Diff, policy.Success, []report.Package{updatedPackage(e, "1.3.0", proven(e, "https://github.com/left-pad/left-pad"), time.Hour)}))
	h, _ := site(t, s, nil)
	w := get(h, "/r/acme/web/pull/7")
	says(t, w, "without provenance 0", "No findings")
	says(t, get(h, strings.TrimSuffix(linkTo(t, w.Body.Bytes(), "without provenance"), "#packages")), "None of 1 package: without provenance.")
}

func TestListsArePaged(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, large(report.Diff, 250))
	h, _ := site(t, s, nil)
	w := get(h, "/r/acme/web/pull/7?sort=name&lockfile=package-lock.json")
	says(t, w, "1 to 100 of 167, page 1 of 2", `aria-sort="ascending"`)
	next := linkTo(t, w.Body.Bytes(), "Next")
	w = get(h, strings.TrimSuffix(next, "#packages"))
	says(t, w, "101 to 167 of 167, page 2 of 2", "167 packages of 250: in package-lock.json.")
	if linkTo(t, w.Body.Bytes(), "Next") != "" || linkTo(t, w.Body.Bytes(), "Previous") == "" {
		t.Error("the last page has a next one, or none before")
	}
	says(t, get(h, "/r/acme/web/pull/7?page=99"), "page 3 of 3")
}

func TestWhatNoLinkAsksForIsNotThere(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, lossy())
	s.inventory = inventoryOf(t, large(report.Audit, 3))
	h, _ := site(t, s, nil)
	for _, path := range []string{
		"/r/acme/web/pull/7?page=0", "/r/acme/web/pull/7?page=-1", "/r/acme/web/pull/7?page=1e9", "/r/acme/web/pull/7?page=9999999999999999999",
		"/r/acme/web/pull/7?provenance=perhaps", "/r/acme/web/pull/7?sort=size", "/r/acme/web/pull/7?lockfile=" + strings.Repeat("a", 5000), "/r/acme/web/pull/7?rule=" + strings.Repeat("a", 5000),
		"/r/acme/web/pull/0", "/r/acme/web/pull/-7", "/r/acme/web/pull/07", "/r/acme/web/pull/7a", "/r/acme/web/pull/99999999999999999999", "/r/acme/web/pull/8",
		"/r/acme/web/pull/7/" + otherSHA, "/r/acme/web/pull/7/HEAD", "/r/acme/web/pull/7/" + strings.ToUpper(headSHA), "/r/acme/web/commit/" + otherSHA, "/r/acme/web/commit/HEAD", "/r/acme/web/commit/" + headSHA + "/group",
		"/r/acme/web/pull/7/package", "/r/acme/web/pull/7/package?id=nothing", "/r/acme/web/pull/7/package?id=" + strings.Repeat("a", 5000), "/r/acme/web/pull/7/package?purl=pkg:npm/x@1", "/r/acme/web/pull/7/package?purl=" + strings.Repeat("a", 9000),
		"/r/acme/web/pull/7/export", "/r/acme/web/pull/7/export?format=exe", "/r/acme/web/pull/7/export?format=json&page=x", "/r/acme/web/pull/7/bundle", "/r/acme/web/pull/7/bundle?purl=pkg:npm/axios@1.14.1",
		"/r/acme/other/packages", "/r/acme/web/nothing", "/nothing",
	} {
		if w := get(h, path); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "Nothing here") {
			t.Errorf("%.80s: %d", path, w.Code)
		}
	}
}

func TestNobodyLearnsOfWhatIsNotTheirs(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, lossy())
	s.put(t, 0, headSHA, lossy())
	s.inventory = inventoryOf(t, large(report.Audit, 3))
	h, gate := site(t, s, nil)
	gate.sees = false
	for _, path := range []string{
		"/packages", "/package?purl=pkg:npm/x@1", "/export?format=json", "/bundle?purl=x", "/pull/7", "/pull/7/" + headSHA, "/pull/7/package?id=x", "/pull/7/export?format=json", "/pull/7/bundle?id=x",
		"/pull/7/" + headSHA + "/package?id=x", "/pull/7/" + headSHA + "/export?format=json", "/pull/7/" + headSHA + "/bundle?id=x", "/pull/no", "/commit/" + headSHA, "/commit/no", "/commit/" + headSHA + "/group", "/commit/" + headSHA + "/group/export?format=json",
	} {
		for _, signedIn := range []bool{true, false} {
			gate.signedIn = signedIn
			there, not := get(h, "/r/acme/web"+path), get(h, "/r/acme/nothing"+path)
			same := strings.ReplaceAll(there.Body.String(), "web", "nothing") == strings.ReplaceAll(not.Body.String(), "web", "nothing")
			if there.Code != http.StatusNotFound || not.Code != http.StatusNotFound || !same {
				t.Errorf("%s (signed in: %v): %d, and for nothing %d", path, signedIn, there.Code, not.Code)
			}
		}
	}
}

func TestADatabaseThatFailsIsSaid(t *testing.T) {
	s := newFakeStore()
	s.inventory, s.fault = inventoryOf(t, large(report.Audit, 3)), errStore
	h, _ := site(t, s, nil)
	for _, path := range []string{"/r/acme/web/pull/7", "/r/acme/web/packages", "/r/acme/web/commit/" + headSHA, "/r/acme/web/commit/" + headSHA + "/group"} {
		if w := get(h, path); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "locked") {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestAnOlderReportSaysThatThereIsANewer(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, otherSHA, large(report.Diff, 3))
	s.put(t, 7, headSHA, lossy())
	s.runs = []store.Run{
		{Number: 7, Head: headSHA, At: testClock(), Conclusion: "failure", Title: "Bad"},
		{Number: 7, Head: otherSHA, At: testClock().Add(-time.Hour), Conclusion: "success", Title: "3 changed packages"},
	}
	h, _ := site(t, s, nil)
	w := get(h, "/r/acme/web/pull/7/"+otherSHA)
	says(t, w, "There is a newer report of this pull request.", "Runs</h2>", "3 changed packages", "✗ failed", "shown here")
	if to := linkTo(t, w.Body.Bytes(), "Show it"); to != "/r/acme/web/pull/7" {
		t.Errorf("the newer report is at %q", to)
	}
	if strings.Contains(get(h, "/r/acme/web/pull/7").Body.String(), "newer report") {
		t.Error("the newest report says that there is a newer one")
	}
}

func TestACommitShowsItsReports(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, lossy())
	h, _ := site(t, s, nil)
	says(t, get(h, "/r/acme/web/commit/"+headSHA), "Pull request 7", report.Title(lossy()))
	s.put(t, 0, headSHA, large(report.Diff, 3))
	w := get(h, "/r/acme/web/commit/"+headSHA)
	says(t, w, "Several pull requests share the commit", "Pull request 7", "Merge group", report.Title(lossy()))
	says(t, get(h, linkTo(t, w.Body.Bytes(), "Merge group")), "Merge group 3f78685", "3 packages")
}

func TestTheInventoryIsAListToo(t *testing.T) {
	s := newFakeStore()
	s.inventory = inventoryOf(t, large(report.Audit, 120))
	s.inventory.Problem, s.inventory.Looked = "The registry answered 503.", testClock()
	h, _ := site(t, s, nil)
	w := get(h, "/r/acme/web/packages")
	says(t, w, "Packages of acme/web", "Branch main at 89e6c98", "The last look found nothing out. The registry answered 503.", "1 to 100 of 120", "evidence asked for again 2026-09-01 12:00 UTC")
	if strings.Contains(textOf(t, w.Body.Bytes()), "Changed packages") {
		t.Error("an inventory has no changes")
	}
	says(t, get(h, linkTo(t, w.Body.Bytes(), "@scope-0/package-0000")), "@scope-0/package-0000@1.0.0", "Packages · acme/web")
	says(t, get(h, "/r/acme/web/package?purl=pkg:npm/%2540scope-1/package-0001@1.1.0"), "@scope-1/package-0001@1.1.0")
}

func TestAPackageShowsItsChain(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, lossy())
	asked := ""
	h, _ := site(t, s, fakeBundles(func(p dep.Package, integrity string) ([]byte, bool, error) {
		asked = p.ID() + " " + integrity
		return []byte(`{"attestations":[]}`), p.Name == "left-pad", nil
	}))
	list := get(h, "/r/acme/web/pull/7").Body.Bytes()

	w := get(h, linkTo(t, list, "@acme/tools"))
	says(t, w, "@acme/tools@3.1.0", "updated from 3.0.0", "What differs from the version before:", "source commit", "differs from @acme/tools@3.0.0", "differs from @acme/tools@3.1.0",
		"https://github.com/mallory/tools", "https://github.com/acme/tools", "repository-changed", "packages/@acme/site/package-lock.json line 500")

	w = get(h, "/r/acme/web/pull/7/package?purl=pkg:npm/axios@1.14.1&lockfile=package-lock.json")
	says(t, w, "axios@1.14.1", "axios@1.14.0", "What is missing", "provenance-lost", "What differs from the version before: source commit, workflow run, certificate, log entry", "differs from axios@1.14.0")
	if _, was, ok := strings.Cut(w.Body.String(), `id="chain-before"`); !ok || strings.Contains(strings.Split(was, ">registry ")[0], ">differs</span>") {
		t.Error("where this version has no provenance, each fact of the one before is marked, too")
	} else if !strings.Contains(was, `<dt>logged</dt><dd><time datetime="`) {
		t.Error("the time in the log is not written as all times are")
	}

	w = get(h, "/r/acme/web/pull/7/package?purl=pkg:npm/router@1.2.3")
	says(t, w, "Nobody was asked about it.", "comes from git, no registry answers for it", "git+ssh://git@github.com/evil/router.git#79ac49ea")

	w = get(h, "/r/acme/web/pull/7/package?purl=pkg:npm/left-pad@1.3.1")
	says(t, w, "workflow run", "certificate", "log entry", "registry", "your lockfile", "Download the raw bundles")
	if strings.Contains(textOf(t, w.Body.Bytes()), "What differs") {
		t.Error("nothing changed, and two chains are shown")
	}
	b := get(h, linkTo(t, w.Body.Bytes(), "Download the raw bundles"))
	if b.Code != 200 || b.Body.String() != `{"attestations":[]}` || b.Header().Get("Content-Type") != "application/json" ||
		b.Header().Get("Content-Disposition") != `attachment; filename="left-pad-1.3.1-bundles.json"` {
		t.Errorf("bundles: %d %v", b.Code, b.Header())
	}
	if !strings.HasPrefix(asked, "left-pad@1.3.1 sha512-") {
		t.Errorf("asked for %q", asked)
	}
	if b := get(h, "/r/acme/web/pull/7/bundle?purl=pkg:npm/axios@1.14.1"); b.Code != http.StatusNotFound || !strings.Contains(b.Body.String(), "Not kept any more") {
		t.Errorf("bundles that are not kept: %d", b.Code)
	}
}

func TestAPackageOfSeveralLockfilesNamesThemAll(t *testing.T) {
	a, b := lockedEntry("debug", "4.4.2", 30), lockedEntry("debug", "4.4.2", 70)
	b.Lockfile = "web/package-lock.json"
	two := updatedPackage(b, "4.4.1", signedOnly(b), time.Hour)
	two.Occurrences = 3
	s := newFakeStore()
	s.put(t, 7, headSHA, reportOf(report.Diff, policy.Success, []report.Package{updatedPackage(a, "4.4.1", signedOnly(a), time.Hour), two}))
	h, _ := site(t, s, nil)
	w := get(h, "/r/acme/web/pull/7/package?purl=pkg:npm/debug@4.4.2&lockfile=package-lock.json")
	says(t, w, "package-lock.json line 30", "web/package-lock.json line 70 the first of 3 places", "#L70")
	says(t, get(h, linkTo(t, w.Body.Bytes(), "its evidence there")), "web/package-lock.json")
}

func TestExports(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, lossy())
	s.put(t, 0, headSHA, lossy())
	s.inventory = inventoryOf(t, large(report.Audit, 120))
	h, _ := site(t, s, nil)
	for _, c := range []struct{ format, media, file string }{
		{"json", "application/json", "bonafide-acme-web-pull-7-3f78685.json"},
		{"csv", "text/csv; charset=utf-8", "bonafide-acme-web-pull-7-3f78685.csv"},
		{"sarif", "application/sarif+json", "bonafide-acme-web-pull-7-3f78685.sarif"},
		{"cyclonedx", "application/vnd.cyclonedx+json; version=1.6", "bonafide-acme-web-pull-7-3f78685.cdx.json"},
	} {
		w := get(h, "/r/acme/web/pull/7/export?format="+c.format)
		if w.Code != 200 || w.Header().Get("Content-Type") != c.media || w.Header().Get("Content-Disposition") != `attachment; filename="`+c.file+`"` || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", c.format, w.Code, w.Header())
		}
		if c.format != "csv" && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s is no JSON", c.format)
		}
	}
	var stored bytes.Buffer
	if err := report.JSON(&stored, lossy()); err != nil {
		t.Fatal(err)
	}
	if w := get(h, "/r/acme/web/pull/7/export?format=json"); !bytes.Equal(w.Body.Bytes(), stored.Bytes()) {
		t.Error("the export is not what was stored")
	}
	if w := get(h, "/r/acme/web/commit/"+headSHA+"/group/export?format=csv"); !strings.Contains(w.Header().Get("Content-Disposition"), "group-3f78685.csv") {
		t.Errorf("a merge group: %v", w.Header())
	}
	if w := get(h, "/r/acme/web/export?format=csv"); !strings.Contains(w.Header().Get("Content-Disposition"), "inventory-89e6c98.csv") {
		t.Errorf("the inventory: %v", w.Header())
	}
}

func TestExportsHoldWhatTheListHolds(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, large(report.Diff, 250))
	h, _ := site(t, s, nil)
	list := get(h, "/r/acme/web/pull/7?provenance=not-verified&page=2")
	says(t, list, "They hold the 125 packages of this list")
	w := get(h, linkTo(t, list.Body.Bytes(), "CSV"))
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(rows) != 126 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	var doc struct {
		Packages, Findings []json.RawMessage
		Summary            struct{ Packages int }
	}
	w = get(h, "/r/acme/web/pull/7/export?format=json&rule=too-new")
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || len(doc.Packages) != 0 || len(doc.Findings) != 0 || doc.Summary.Packages != 250 {
		t.Errorf("%d packages, %d findings of %d: %v", len(doc.Packages), len(doc.Findings), doc.Summary.Packages, err)
	}
}

// hostile are what somebody might write into a lockfile or a certificate.
func hostile() []string {
	return []string{
		"", " ", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", `"><svg onload=alert(1)>`, "'onmouseover='alert(1)", "</title></textarea></style><script>", "{{.}}", "${x}", "<!--", "]]>",
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "https://evil.example/", "//evil.example/x", `\\evil.example`, "/../../login", "http://github.com/acme/web",
		"\u202eevil\u202c", "a\u2066b\u2069", "a\u200bb", "a\u0000b", "a\r\nSet-Cookie: x=1", "\x1b[31mred", "a\u2028b", "\xff\xfe", "Z" + strings.Repeat("\u0301", 40),
		"%00", "%2e%2e%2f", "a b", "a&b=c", "a?b#c", "日本語", strings.Repeat("a", 10_000), strings.Repeat("<b>", 3_000), strings.Repeat("\u202e", 3_000), "../../../etc/passwd", `a"b`, "a;b",
	}
}

func hostileReport() report.Report {
	var packages []report.Package
	var findings []policy.Finding
	var files []report.Lockfile
	var excepted []policy.Excepted
	for i, s := range hostile() {
		e := lockedEntry("x", "1.0.0", i+1)
		e.Package = dep.Package{Ecosystem: dep.NPM, Name: s, Version: s}
		e.Alias, e.Resolved, e.Patch, e.Workspaces, e.Direct = s, s, s, []string{s}, true
		ev := proven(e, "https://github.com/acme/"+s)
		id := ev.Provenance.Identity
		id.Commit, id.Workflow, id.Run, id.Ref, id.Trigger, id.Runner, id.Issuer, id.Signer = s, s, s, s, s, s, s, s
		ev.Signature.KeyID, ev.Publish.KeyID, ev.Provenance.PredicateType = s, s, s
		ev.Release.Publisher.TrustedPublisher, ev.Release.Publisher.Approver = s, s
		was := proven(e, s)
		p := updatedPackage(e, s, ev, time.Duration(i)*time.Hour)
		p.Replaced = &was
		p.Manifests = []report.Manifest{{Path: s, Name: s}}
		switch i % 4 {
		case 1:
			p.NotLookedUp = s + "!"
			p.Entry.Source = dep.Git
		case 2:
			p.Entry.Lockfile = s
			p.Evidence.Digest.Check, p.Evidence.Digest.Differs = because(provenance.Invalid, s), s
		case 3:
			p.Evidence.Provenance.Check = because(provenance.Unknown, s)
		}
		packages = append(packages, p)
		f := policy.Finding{
			Rule: policy.RuleName(s), Severity: policy.Error, Package: p.Entry.Package, Lockfile: p.Entry.Lockfile, Line: i + 1, Message: s, Help: s, Why: s, Benign: s, Better: s,
			Tell: policy.Tell{To: policy.TellMaintainer, Repository: "https://github.com/acme/" + s, Title: s, Body: s},
		}
		if i%2 == 1 {
			f.Package, f.Names, f.Count = dep.Package{}, s+"\n"+s, 7
		}
		findings = append(findings, f)
		excepted = append(excepted, policy.Excepted{Finding: f, Pardon: policy.Pardon{Exception: &policy.Exception{Owner: s, Reason: s, File: s, Expires: testClock()}}})
		files = append(files, report.Lockfile{Path: s, Note: s + "!"})
	}
	r := reportOf(report.Diff, policy.Failure, packages, findings...)
	r.Excepted, r.Lockfiles, r.PolicyFrom = excepted, files, strings.Join(hostile()[:20], " ")
	r.Preview = &report.Preview{PolicyFrom: r.PolicyFrom, Conclusion: policy.Failure, Limits: hostile()}
	for _, f := range findings {
		r.Preview.Changes = append(r.Preview.Changes, report.PreviewChange{Finding: f, Was: "error", Is: "notice"})
	}
	return r
}

// harmless fails where a page holds more than our own elements, links to where nothing of
// ours leads, or shows what cannot be seen.
func harmless(t *testing.T, path string, page []byte) (links []string) {
	t.Helper()
	for _, r := range string(page) {
		if r == '\u202e' || r == '\u2066' || r == '\u200b' || r == '\u2028' || r == 0 || r == 0x1b {
			t.Errorf("%.100s: U+%04X is not made visible", path, r)
			break
		}
	}
	known := strings.Fields("html head meta title link body a header nav form span button p main section h1 h2 h3 h4 div svg rect dl dt dd article details summary ul ol li label input table caption thead tbody tr th td abbr time strong small code del")
	each(t, page, func(n *html.Node) {
		if n.Type != html.ElementNode {
			return
		}
		ok := false
		for _, k := range known {
			ok = ok || k == n.Data
		}
		if !ok {
			t.Errorf("%.100s: there is a <%s>", path, n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "srcdoc":
				t.Errorf("%.100s: <%s %s=%q>", path, n.Data, a.Key, a.Val)
			case a.Key == "href" || a.Key == "action":
				to, _, _ := strings.Cut(a.Val, "?")
				inside := strings.HasPrefix(to, "/") && !strings.HasPrefix(a.Val, "//") && !strings.Contains(to, "..") || strings.HasPrefix(a.Val, "#")
				if !inside && !strings.HasPrefix(a.Val, "https://github.com/") {
					t.Errorf("%.100s: a link to %.100q", path, a.Val)
				}
				if a.Key == "href" && inside {
					links = append(links, a.Val)
				}
			}
		}
	})
	return links
}

func TestHostileNamesAreHarmlessOnEveryPage(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, hostileReport())
	s.put(t, 8, headSHA, hostileReport())
	audit := hostileReport()
	audit.Kind = report.Audit
	s.inventory = inventoryOf(t, audit)
	s.inventory.Branch, s.inventory.Problem = "<b>\u202e", "<script>"
	for _, name := range hostile() {
		s.runs = append(s.runs, store.Run{Number: 7, Head: name, At: testClock(), Conclusion: name, Title: name})
	}
	h, _ := site(t, s, fakeBundles(func(dep.Package, string) ([]byte, bool, error) { return []byte("{}"), true, nil }))
	seen := make(map[string]bool)
	todo := []string{"/r/acme/web/pull/7", "/r/acme/web/packages", "/r/acme/web/commit/" + headSHA}
	for _, name := range hostile() {
		todo = append(todo, "/r/acme/web/pull/7?q="+strings.Map(func(r rune) rune {
			if strings.ContainsRune("%&#?+ \r\n", r) || r < ' ' || r > '~' {
				return -1
			}
			return r
		}, name[:min(len(name), 200)]))
	}
	pages := 0
	for len(todo) > 0 && pages < 110 {
		path, _, _ := strings.Cut(todo[0], "#")
		todo = todo[1:]
		if seen[path] || !strings.HasPrefix(path, "/r/acme/web/") {
			continue
		}
		seen[path] = true
		w := get(h, path)
		switch media := w.Header().Get("Content-Type"); {
		case w.Code != 200 && w.Code != 404:
			t.Errorf("%.100s: %d", path, w.Code)
		case w.Header().Get("Content-Disposition") != "":
			if name := w.Header().Get("Content-Disposition"); strings.Count(name, `"`) != 2 || len(name) > 200 || strings.ContainsAny(name, "/\\<>\r\n\x00") {
				t.Errorf("%.100s: %q", path, name)
			}
		case media == "text/html; charset=utf-8":
			pages++
			for _, link := range harmless(t, path, w.Body.Bytes()) {
				if strings.Contains(link, "/package?") || strings.Contains(link, "/bundle?") || strings.Contains(link, "/export?") {
					todo = append([]string{link}, todo...)
				} else {
					todo = append(todo, link)
				}
			}
			if w.Body.Len() > 3<<20 {
				t.Errorf("%.100s has %d bytes", path, w.Body.Len())
			}
		}
	}
	if pages < 60 {
		t.Errorf("only %d pages were looked at", pages)
	}
}

func TestPagesAreCompressedAndLight(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, large(report.Diff, 5_000))
	h, _ := site(t, s, nil)
	for path, limit := range map[string]int{"/r/acme/web/pull/7": 300_000, "/r/acme/web/pull/7?sort=name&page=7": 300_000} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > limit || w.Header().Get("ETag") != "" {
			t.Errorf("%s: %q, %d bytes", path, w.Header().Get("Content-Encoding"), w.Body.Len())
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(z)
		if err != nil || !strings.Contains(string(page), "5,000 changed packages") || !strings.Contains(string(page), "</html>") {
			t.Errorf("%s is not whole: %d bytes, %v", path, len(page), err)
		}
	}
	if w := get(h, "/r/acme/web/pull/7"); w.Header().Get("Content-Encoding") != "" {
		t.Error("who does not take compressed pages gets one")
	}
}

func TestReportsAreReadOnceAndAnotherVerdictIsReadAgain(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, large(report.Diff, 3))
	h, _ := site(t, s, nil)
	says(t, get(h, "/r/acme/web/pull/7"), "3 packages, no filter.")
	stored := s.reports["7/"+headSHA]
	whole := stored.JSON
	stored.JSON = []byte("not read again")
	s.reports["7/"+headSHA] = stored
	says(t, get(h, "/r/acme/web/pull/7?sort=name"), "3 packages, no filter.")
	stored.At = stored.At.Add(time.Minute)
	s.reports["7/"+headSHA] = stored
	if w := get(h, "/r/acme/web/pull/7"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("what cannot be read: %d", w.Code)
	}
	stored.JSON = whole
	s.reports["7/"+headSHA] = stored
	s.loads = 0
	for range 2 {
		says(t, get(h, "/r/acme/web/pull/7"), "3 packages, no filter.")
	}
	if s.loads != 1 {
		t.Errorf("loaded %d times", s.loads)
	}
}

func TestWhatIsKeptReadyIsBounded(t *testing.T) {
	c := newParsedReports()
	for i := range 3 * maxParsed {
		c.keep(parsedReport{edition{number: i}, &report.Report{}, 10})
	}
	if len(c.kept) != maxParsed || c.kept[len(c.kept)-1].number != 3*maxParsed-1 {
		t.Errorf("%d are kept", len(c.kept))
	}
	if _, ok := c.find(edition{number: 2 * maxParsed}); !ok || c.kept[len(c.kept)-1].number != 2*maxParsed {
		t.Error("the one used last does not stand last")
	}
	c.keep(parsedReport{edition{number: -9}, &report.Report{}, maxParsedBytes + 1})
	if len(c.kept) != 0 {
		t.Errorf("too large, and %d are kept", len(c.kept))
	}
}

func TestAgesAreAsRoughAsPeopleSayThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "just now", 30 * time.Second: "just now", time.Minute: "1 minute", 47 * time.Hour: "47 hours", 48 * time.Hour: "2 days",
		90 * 24 * time.Hour: "3 months", 3 * 365 * 24 * time.Hour: "3 years",
	} {
		if got := age(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestDigestsInSentencesAreShort(t *testing.T) {
	digest := "sha512-" + strings.Repeat("Ab+/", 21) + "Aw=="
	for in, want := range map[string]string{
		"The lockfile has " + digest + " for a@1, the registry states " + digest + ".": "The lockfile has sha512-Ab+/Ab+/Ab+/A… for a@1, the registry states sha512-Ab+/Ab+/Ab+/A….",
		"shared sha1-abc, not short": "shared sha1-abc, not short", "": "",
	} {
		if got := shortDigests(in); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFileNamesAreHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"@babel/core": "babel-core", "../../etc": "etc", "a\"b\r\nc": "a-b--c", "": "bonafide", "\u202e": "bonafide", strings.Repeat("a", 500): strings.Repeat("a", maxShown),
	} {
		if got := fileName(in); got != want {
			t.Errorf("%.20q: %q, want %q", in, got, want)
		}
	}
	if got := fmt.Sprint(disposition("a.json")); got != `attachment; filename="a.json"` {
		t.Error(got)
	}
}

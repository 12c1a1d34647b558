package checks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// manifestPatch adds p12 at line 6 of a package.json, and p40 at line 7.
const manifestPatch = "@@ -3,5 +3,6 @@\n   \"name\": \"web\",\n   \"dependencies\": {\n-    \"p12\": \"^0.9.0\",\n-    \"p41\": \"1\",\n     \"p300\": \"^1\",\n+    \"p12\": \"^1.0.0\",\n+\t\"p40\":\"1\"\n   }\n"

// asking lets packages of a report be asked for in manifests.
func asking(r report.Report, names ...string) report.Report {
	for _, f := range r.Findings {
		if slices.Contains(names, f.Package.Name) {
			p := report.Package{Manifests: []report.Manifest{{Path: "package.json", Name: f.Package.Name}}}
			p.Entry.Package, p.Entry.Lockfile = f.Package, f.Lockfile
			r.Packages = append(r.Packages, p)
		}
	}
	return r
}

func (h *hub) withManifest() *hub {
	h.withPatch()
	h.files = append(h.files, map[string]any{"filename": "package.json", "status": "modified", "patch": manifestPatch})
	return h
}

func TestACommentGoesWhereTheManifestAsksForThePackage(t *testing.T) {
	h := newHub(t).withManifest()
	r := errorsAt(lock+":12", lock+":40", lock+":13", "huge/package-lock.json:300", lock+":14")
	r = asking(r, "p12", "p40", "p300") // a context line, or none, is no place
	comment(t, h.forge(), pull7, r)
	if got, want := h.placed(), "huge/package-lock.json package-lock.json:13 package-lock.json:14 package.json:6 package.json:7"; got != want || h.posted() != 1 {
		t.Errorf("placed %s in %d reviews", got, h.posted())
	}
}

func TestCommentsThatMeetOnALineAreOne(t *testing.T) {
	h := newHub(t).withManifest()
	r := errorsAt(lock+":12", "web/yarn.lock:12", lock+":40")
	r.Findings[2].Severity = policy.Warning
	r.Findings[2].Line = 12
	r.Comments = policy.CommentAll
	comment(t, h.forge(), pull7, asking(r, "p12"))
	if h.placed() != "package-lock.json:12 package.json:6" {
		t.Fatalf("placed %s", h.placed())
	}
	if m := readMarks(h.comments[0].Body); len(m.comments) != 2 || len(m.files) != 2 || h.comments[0].Path != "package.json" {
		t.Errorf("%+v: %s", m, h.comments[0].Body)
	}
	h.forget()
	comment(t, h.forge(), pull7, asking(r, "p12"))
	if w := h.writes(); len(w) != 0 {
		t.Errorf("a second time wrote %v", w)
	}
}

func TestACommentIsNotRepeatedWhereItsPlaceIsAnother(t *testing.T) {
	h := newHub(t).withManifest()
	r := asking(errorsAt(lock+":12"), "p12")
	r.Packages[0].Manifests = nil
	comment(t, h.forge(), pull7, r)
	next := pull7
	next.HeadSHA = tip
	comment(t, h.forge(), next, asking(errorsAt(lock+":12"), "p12"))
	if h.placed() != lock+":12" || len(h.writes()) != 1 {
		t.Errorf("placed %s, wrote %v", h.placed(), h.writes())
	}
}

func TestACommentOnAManifestIsMendedWithItsLockfile(t *testing.T) {
	h := newHub(t).withManifest()
	r := asking(errorsAt(lock+":12"), "p12")
	comment(t, h.forge(), pull7, r)
	edited := func(step string, want int) {
		t.Helper()
		if h.made("PATCH") != want || h.posted() != 1 {
			t.Errorf("%s: %d edits, %d reviews: %s", step, h.made("PATCH"), h.posted(), h.comments[0].Body)
		}
	}
	none := errorsAt()
	none.Lockfiles = []report.Lockfile{{Path: lock, Note: "not read"}}
	comment(t, h.forge(), pull7, none)
	edited("its lockfile was not read", 0)
	none.Lockfiles = []report.Lockfile{{Path: "Cargo.lock", Note: "not read"}, {Path: "package.json", Note: "not read"}}
	comment(t, h.forge(), pull7, none)
	edited("others were not read", 1)
	if !strings.HasPrefix(h.comments[0].Body, "**Resolved in "+head) {
		t.Errorf("it says %s", h.comments[0].Body)
	}
	comment(t, h.forge(), pull7, r)
	edited("it came back", 2)
	if b := h.comments[0].Body; strings.Contains(b, "Resolved") || len(readMarks(b).files) != 1 {
		t.Errorf("it says %s", b)
	}
}

func TestWhatIsMendedInPartSaysTheRest(t *testing.T) {
	h := newHub(t).withManifest()
	comment(t, h.forge(), pull7, asking(errorsAt(lock+":12", "web/yarn.lock:12"), "p12"))
	if len(h.comments) != 1 {
		t.Fatalf("%d comments", len(h.comments))
	}
	next := pull7
	next.HeadSHA = tip
	for range 2 {
		comment(t, h.forge(), next, asking(errorsAt("web/yarn.lock:12"), "p12"))
	}
	if m := readMarks(h.comments[0].Body); h.made("PATCH") != 1 || len(m.comments) != 1 || m.mended || strings.Contains(h.comments[0].Body, "Resolved") {
		t.Errorf("%d edits: %s", h.made("PATCH"), h.comments[0].Body)
	}
	comment(t, h.forge(), next, errorsAt())
	if !strings.HasPrefix(h.comments[0].Body, "**Resolved in "+tip) {
		t.Errorf("it says %s", h.comments[0].Body)
	}
}

func TestWhatIsLeftAtALineIsNotSaidAgain(t *testing.T) {
	h := newHub(t).withPatch()
	r := errorsAt(lock+":12", lock+":12", lock+":12")
	r.Findings[1].Rule, r.Findings[2].Rule = "fresh-and-odd", "publisher-lost"
	comment(t, h.forge(), pull7, r)
	next := pull7
	next.HeadSHA = tip
	for _, left := range []int{2, 1} {
		r.Findings = r.Findings[:left]
		for range 3 {
			comment(t, h.forge(), next, r)
		}
		c := h.comments[0].Body
		if h.posted() != 1 || strings.Contains(c, "Resolved") || strings.Contains(c, "publisher-lost") || strings.Contains(c, "fresh-and-odd") != (left == 2) {
			t.Errorf("%d left: %d reviews: %s", left, h.posted(), c)
		}
	}
	h.forget()
	comment(t, h.forge(), next, r)
	if w := h.writes(); len(w) != 0 {
		t.Errorf("wrote %v", w)
	}
	r.Findings = append(r.Findings, r.Findings[0])
	r.Findings[1].Rule = policy.RuleKnownMalware
	comment(t, h.forge(), next, r)
	if h.posted() != 1 || len(h.comments) != 2 || !strings.Contains(h.comments[1].Body, "known-malware") {
		t.Errorf("what is new at the line: %d comments, wrote %v", len(h.comments), h.writes())
	}
	if strings.Contains(h.comments[0].Body, "Resolved") {
		t.Errorf("what still holds says %s", h.comments[0].Body)
	}
	comment(t, h.forge(), next, errorsAt())
	for _, c := range h.comments {
		if !strings.HasPrefix(c.Body, "**Resolved in ") {
			t.Errorf("what is mended says %s", c.Body)
		}
	}
}

func TestThePolicyTurnsCommentsOff(t *testing.T) {
	h := newHub(t).withPatch()
	r := errorsAt(lock+":12", lock+":40")
	r.Findings[1].Severity = policy.Warning
	with := func(c policy.Comments) report.Report {
		now := r
		now.Comments = c
		return now
	}
	comment(t, h.forge(), pull7, with(policy.CommentNothing))
	if h.placed() != "" || h.posted() != 0 {
		t.Errorf("off: placed %s", h.placed())
	}
	comment(t, h.forge(), pull7, with(policy.CommentAll))
	if h.placed() != lock+":12 "+lock+":40" {
		t.Errorf("all: placed %s", h.placed())
	}
	h.forget()
	for _, c := range []policy.Comments{policy.CommentErrors, policy.CommentNothing} { // what was said still holds
		comment(t, h.forge(), pull7, with(c))
		if w := h.writes(); len(w) != 0 {
			t.Errorf("%s: wrote %v", c, w)
		}
	}
	comment(t, h.forge(), pull7, report.Report{Kind: report.Diff, Conclusion: policy.Success, Comments: policy.CommentNothing})
	for _, c := range h.comments {
		if !strings.HasPrefix(c.Body, "**Resolved in ") {
			t.Errorf("mended: %s", c.Body)
		}
	}
	comment(t, h.forge(), pull7, with(policy.CommentNothing))
	for _, c := range h.comments {
		if strings.Contains(c.Body, "Resolved") {
			t.Errorf("it came back: %s", c.Body)
		}
	}
}

func TestARefusedReviewPutsWhatStoodOnAManifestOnTheLockfile(t *testing.T) {
	h := newHub(t).withManifest()
	h.fail = func(call string, nth int) int {
		if call == "POST /repos/acme/web/pulls/7/reviews" && nth == 1 {
			return 422
		}
		return 0
	}
	comment(t, h.forge(), pull7, asking(errorsAt(lock+":12", lock+":40"), "p12"))
	if h.placed() != lock || len(readMarks(h.comments[0].Body).comments) != 2 {
		t.Errorf("placed %s: %s", h.placed(), h.comments[0].Body)
	}
}

func TestCommentsThatMeetAndAreTooLongStandApart(t *testing.T) {
	long := strings.Repeat("x", MaxCommentBytes/2)
	var comments []report.Comment
	for range 3 {
		comments = append(comments, report.Comment{Path: lock, Line: 12, Body: long})
	}
	inline, _, _ := allot(comments, map[string]changed{lock: {lines: lines{{10, 14}}}})
	if len(inline) != 3 {
		t.Errorf("%d comments", len(inline))
	}
}

func TestAddedLinesOfAManifestAreFound(t *testing.T) {
	names := map[string]bool{"a": true, "@s/b": true, "c\"d": true, "é": true}
	for name, x := range map[string]struct {
		patch string
		want  map[string]int
	}{
		"added":                {"@@ -1,2 +1,3 @@\n {\n+  \"a\": \"1\",\n }", map[string]int{"a": 2}},
		"scoped, with tabs":    {"@@ -0,0 +1 @@\n+\t\"@s/b\" :\t\"^1\"\r\n", map[string]int{"@s/b": 1}},
		"escaped":              {"@@ -0,0 +1,2 @@\n+\"c\\\"d\": \"1\"\n+\"\\u00e9\": \"1\"", map[string]int{"c\"d": 1, "é": 2}},
		"the first of two":     {"@@ -0,0 +5,2 @@\n+\"a\": \"1\"\n+\"a\": \"2\"", map[string]int{"a": 5}},
		"in the second hunk":   {"@@ -1 +1 @@\n-x\n+y\n@@ -9,0 +10,2 @@ \"a\": \"1\"\n+z\n+\"a\": \"1\"", map[string]int{"a": 11}},
		"a removed line":       {"@@ -1,2 +1 @@\n-\"a\": \"1\"\n x", map[string]int{}},
		"a context line":       {"@@ -1,2 +1,2 @@\n \"a\": \"1\"\n-x\n+y", map[string]int{}},
		"no member":            {"@@ -0,0 +1,6 @@\n+\"a\"\n+\"a\",\n+a: \"1\"\n+\"x\": \"a\"\n+// \"a\": \"1\"\n+'a': \"1\"", map[string]int{}},
		"no text":              {"@@ -0,0 +1,4 @@\n+\"a\": 1\n+\"a\": {\n+\"a\": [\"1\"]\n+\"a\":", map[string]int{}},
		"broken":               {"@@ -0,0 +1,3 @@\n+\"a\n+\"a\\\n+\"\\x\": \"1\"", map[string]int{}},
		"more than is counted": {"@@ -0,0 +1 @@\n+x\n+\"a\": \"1\"", map[string]int{}},
		"before a header":      {"+\"a\": \"1\"\n@@ -0,0 +1 @@\n+x", map[string]int{}},
		"no newline":           {"@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+\"a\": \"1\"\n\\ No newline at end of file", map[string]int{"a": 1}},
		"a very long name":     {"@@ -0,0 +1 @@\n+\"" + strings.Repeat("a", 1<<20) + "\": \"1\"", map[string]int{}},
		"empty":                {"", map[string]int{}},
	} {
		got := asked(x.patch, names)
		if len(got) != len(x.want) {
			t.Errorf("%s: %v", name, got)
		}
		for n, line := range x.want {
			if got[n] != line {
				t.Errorf("%s: %s at line %d", name, n, got[n])
			}
		}
	}
	if asked(manifestPatch, nil) != nil {
		t.Error("names that nobody looks for")
	}
}

// What is found is a line that the diff shows.
func FuzzAsked(f *testing.F) {
	f.Add(manifestPatch, "p12")
	f.Add("@@ -1 +999999999,999999999 @@\n+\"\\u0061\": \"", "a")
	f.Fuzz(func(t *testing.T, patch, name string) {
		for _, line := range asked(patch, map[string]bool{name: true}) {
			if !hunks(patch).has(line) {
				t.Fatal(line)
			}
		}
	})
}

func TestASuggestionStandsOnExactlyItsLines(t *testing.T) {
	const workflow = ".github/workflows/release.yml"
	mends := func(from, to int) policy.Finding {
		return policy.Finding{Rule: policy.RulePublishWorkflow, Severity: policy.Notice, Lockfile: workflow, Line: 12, Message: "It has no id-token: write.",
			Mended: policy.Mended{From: from, To: to, Text: "mended"}}
	}
	for _, c := range []struct {
		from, to int
		want     string
	}{
		{12, 12, "0 to 12 suggestion"},
		{10, 13, "10 to 13 suggestion"},
		{9, 12, "0 to 12 "},  // it begins above the hunk
		{13, 30, "0 to 12 "}, // it ends in another one
		{0, 0, "0 to 12 "},
	} {
		h := newHub(t)
		h.files = []map[string]any{{"filename": workflow, "status": "modified", "patch": "@@ -10,3 +10,4 @@\n a\n b\n+c\n d\n@@ -30 +31 @@\n-x\n+y\n"}}
		r := report.Report{Kind: report.Diff, Comments: policy.CommentAll, Findings: []policy.Finding{mends(c.from, c.to)}}
		comment(t, h.forge(), pull7, r)
		if len(h.comments) != 1 {
			t.Fatalf("%d comments", len(h.comments))
		}
		is := ""
		if strings.Contains(h.comments[0].Body, "```suggestion\nmended\n```\n") {
			is = "suggestion"
		}
		if got := fmt.Sprintf("%d to %d %s", h.comments[0].From, h.comments[0].Line, is); got != c.want {
			t.Errorf("lines %d to %d: %s, want %s", c.from, c.to, got, c.want)
		}
		h.forget()
		comment(t, h.forge(), pull7, r)
		if w := h.writes(); len(w) != 0 {
			t.Errorf("a second time wrote %v", w)
		}
	}
}

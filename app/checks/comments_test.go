package checks

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
)

const lock = "package-lock.json"

// patch shows lines 10 to 14 and 40 of a file.
const patch = "@@ -10,4 +10,5 @@ head\n a\n-b\n+@@ -1,1 +900,5 @@ no header\n+c\n d\n e\n@@ -39,0 +40 @@\n+f\n\\ No newline at end of file"

var pull7 = review.Pull{Number: 7, Open: true, HeadSHA: head, BaseRef: "main", BaseSHA: base}

// errorsAt is a report with one error for each "path:line".
func errorsAt(places ...string) report.Report {
	r := report.Report{Kind: report.Diff, Conclusion: policy.Failure, Mode: policy.Enforce}
	for _, p := range places {
		path, line, _ := strings.Cut(p, ":")
		f := policy.Finding{Rule: "provenance-lost", Severity: policy.Error, Lockfile: path, Message: "It lost its provenance."}
		_, _ = fmt.Sscan(line, &f.Line)
		f.Package = dep.Package{Ecosystem: dep.NPM, Name: "p" + line, Version: "1.0.0"}
		r.Findings = append(r.Findings, f)
	}
	return r
}

func (h *hub) withPatch() *hub {
	h.files = []map[string]any{
		{"filename": "other", "patch": "@@ -1 +1 @@"},
		{"filename": lock, "status": "modified", "patch": patch},
		{"filename": "huge/package-lock.json", "status": "modified"}, // GitHub leaves out large patches
	}
	return h
}

func comment(t *testing.T, f *Forge, p review.Pull, r report.Report) {
	t.Helper()
	if err := f.Comment(t.Context(), web, p, r); err != nil {
		t.Fatal(err)
	}
}

// placed lists where our comments stand.
func (h *hub) placed() string {
	var out []string
	for _, c := range h.comments {
		if c.Subject == "file" {
			out = append(out, c.Path)
		} else {
			out = append(out, fmt.Sprint(c.Path, ":", c.Line))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (h *hub) posted() int { return h.made("POST /repos/acme/web/pulls/7/reviews") }

func TestCommentsGoToTheLineElseToTheFileElseIntoTheReview(t *testing.T) {
	h := newHub(t).withPatch()
	comment(t, h.forge(), pull7, errorsAt(lock+":12", lock+":40", lock+":300", lock+":301", "huge/package-lock.json:5", "unchanged.json:3"))
	if got, want := h.placed(), "huge/package-lock.json package-lock.json package-lock.json:12 package-lock.json:40"; got != want {
		t.Errorf("placed %s", got)
	}
	if h.posted() != 1 {
		t.Errorf("%d reviews", h.posted())
	}
	body := h.reviews[len(h.reviews)-1].Body
	if !strings.Contains(body, "p3@1.0.0") || strings.Contains(body, "p12@1.0.0") {
		t.Errorf("the review says %s", body)
	}
	for _, c := range h.comments {
		if c.Path == lock && c.Subject == "file" && (!strings.Contains(c.Body, "p300@") || !strings.Contains(c.Body, "p301@")) {
			t.Errorf("the file's comment says %s", c.Body)
		}
	}
}

func TestNothingIsSaidTwice(t *testing.T) {
	h := newHub(t).withPatch()
	r := errorsAt(lock+":12", lock+":300", "unchanged.json:3")
	comment(t, h.forge(), pull7, r)
	h.forget()
	comment(t, h.forge(), pull7, r)
	next := pull7
	next.HeadSHA = tip
	comment(t, h.forge(), next, r)
	if w := h.writes(); len(w) != 0 {
		t.Errorf("wrote %v", w)
	}
}

func TestOneReviewPerHeadAndOnlyForWhatIsNew(t *testing.T) {
	h := newHub(t).withPatch()
	comment(t, h.forge(), pull7, errorsAt(lock+":12"))
	comment(t, h.forge(), pull7, errorsAt(lock+":12", lock+":40"))
	if h.posted() != 1 || h.placed() != lock+":12" {
		t.Errorf("the same head: %d reviews, %s", h.posted(), h.placed())
	}
	next := pull7
	next.HeadSHA = tip
	comment(t, h.forge(), next, errorsAt(lock+":12", lock+":40"))
	if h.posted() != 2 || h.placed() != lock+":12 "+lock+":40" {
		t.Errorf("the next head: %d reviews, %s", h.posted(), h.placed())
	}
}

func TestAMarkByAnybodyElseMeansNothing(t *testing.T) {
	r := errorsAt(lock + ":12")
	mark := report.Comments(r)[0].Body
	for _, author := range []hubComment{{Login: "mallory", Type: "User"}, {Login: "bonafide", Type: "User"}, {Login: "bonafide-2[bot]", Type: "Bot"}, {Login: "bonafide[bot]", Type: "User"}} {
		h := newHub(t).withPatch()
		forged := author
		forged.ID, forged.Body, forged.CommitID = 1, mark, head
		h.comments = []*hubComment{&forged}
		h.reviews = []*hubComment{{ID: 2, Login: author.Login, Type: author.Type, CommitID: head, Body: "x\n" + reviewMark}}
		f := h.forge()
		comment(t, f, pull7, r)
		if h.posted() != 1 {
			t.Errorf("%s: %d reviews", author.Login, h.posted())
		}
		comment(t, f, pull7, errorsAt())
		if forged.Body != mark {
			t.Errorf("%s: edited", author.Login)
		}
	}
}

func TestACommentSaysThatItIsMendedAndThatItCameBack(t *testing.T) {
	h := newHub(t).withPatch()
	comment(t, h.forge(), pull7, errorsAt(lock+":12", lock+":300"))
	second, third := pull7, pull7
	second.HeadSHA, third.HeadSHA = tip, ancestor
	for range 2 {
		comment(t, h.forge(), second, errorsAt(lock+":300"))
	}
	var line, file *hubComment
	for _, c := range h.comments {
		if c.Subject == "file" {
			file = c
		} else {
			line = c
		}
	}
	if !strings.HasPrefix(line.Body, "**Resolved in "+tip+".**") || !strings.Contains(line.Body, "p12@1.0.0") || h.made("PATCH") != 1 {
		t.Errorf("%d edits: %s", h.made("PATCH"), line.Body)
	}
	if strings.Contains(file.Body, "Resolved") {
		t.Errorf("what is not mended says %s", file.Body)
	}
	comment(t, h.forge(), third, errorsAt(lock+":12", lock+":300"))
	if strings.Contains(line.Body, "Resolved") || h.made("PATCH") != 2 || h.posted() != 1 {
		t.Errorf("it came back: %d edits, %d reviews, %s", h.made("PATCH"), h.posted(), line.Body)
	}
}

func TestWhatCouldNotBeVerifiedIsNotMended(t *testing.T) {
	h := newHub(t).withPatch()
	comment(t, h.forge(), pull7, errorsAt(lock+":12"))
	r := errorsAt()
	r.Findings = []policy.Finding{{Rule: "signature-missing", Severity: policy.Error, Unknown: true, Lockfile: lock, Line: 12, Message: "The registry did not answer."}}
	comment(t, h.forge(), pull7, r)
	if h.made("PATCH") != 0 {
		t.Error("a comment was edited")
	}
}

func TestARefusedReviewIsPostedWithoutItsLines(t *testing.T) {
	h := newHub(t).withPatch()
	h.fail = func(call string, nth int) int {
		if call == "POST /repos/acme/web/pulls/7/reviews" && nth == 1 {
			return 422
		}
		return 0
	}
	comment(t, h.forge(), pull7, errorsAt(lock+":12", "unchanged.json:3"))
	if h.placed() != lock || h.posted() != 2 || len(h.reviews) != 2 {
		t.Errorf("placed %s, %d reviews", h.placed(), len(h.reviews))
	}

	h = newHub(t).withPatch() // files are refused too
	h.fail = func(call string, nth int) int {
		if strings.HasPrefix(call, "POST /repos/acme/web/pulls/7/") && (nth == 1 || strings.HasSuffix(call, "comments")) {
			return 422
		}
		return 0
	}
	comment(t, h.forge(), pull7, errorsAt(lock+":12", lock+":300"))
	if h.placed() != "" || len(h.reviews) != 1 || !strings.Contains(h.reviews[0].Body, "p12@") || !strings.Contains(h.reviews[0].Body, "p300@") {
		t.Errorf("placed %s, reviews %+v", h.placed(), h.reviews)
	}
	h.forget()
	comment(t, h.forge(), pull7, errorsAt(lock+":12", lock+":300"))
	if len(h.writes()) != 0 {
		t.Errorf("wrote %v", h.writes())
	}
}

func TestACrashWhileCommentingSaysNothingTwice(t *testing.T) {
	r := errorsAt(lock+":12", lock+":300", "unchanged.json:3")
	for _, done := range []bool{false, true} {
		for die := 1; die <= 5; die++ {
			h := newHub(t).withPatch()
			h.dieAt, h.dieDone = die, done
			var later *review.Later
			if err := h.forge().Comment(t.Context(), web, pull7, r); !errors.As(err, &later) {
				t.Fatalf("call %d, done %v: %v", die, done, err)
			}
			comment(t, h.forge(), pull7, r)
			bodies := 0
			for _, rv := range h.reviews {
				if rv.Body != "" {
					bodies++
				}
			}
			if h.placed() != lock+" "+lock+":12" || bodies != 1 {
				t.Errorf("call %d, done %v: placed %s, %d reviews", die, done, h.placed(), bodies)
			}
		}
	}
}

func TestWhereGitHubRefusesCommentsTheCheckIsEnough(t *testing.T) {
	for _, status := range []int{403, 404, 410, 422} {
		for _, at := range []string{"GET", "POST"} {
			h := newHub(t).withPatch()
			h.fail = func(call string, _ int) int {
				if strings.HasPrefix(call, at) && strings.Contains(call, "/pulls/7/") {
					return status
				}
				return 0
			}
			if err := h.forge().Comment(t.Context(), web, pull7, errorsAt(lock+":12")); err != nil {
				t.Errorf("%d at %s: %v", status, at, err)
			}
		}
	}
	h := newHub(t).withPatch()
	h.fail = func(call string, _ int) int {
		if strings.HasPrefix(call, "POST") {
			return 429
		}
		return 0
	}
	var later *review.Later
	if err := h.forge().Comment(t.Context(), web, pull7, errorsAt(lock+":12")); !errors.As(err, &later) {
		t.Errorf("a rate limit: %v", err)
	}
}

func TestAPullRequestWithTooManyCommentsIsLeftAlone(t *testing.T) {
	h := newHub(t).withPatch()
	for i := range MaxCommentPages*PageSize + 1 {
		h.comments = append(h.comments, &hubComment{ID: int64(i + 1), Login: "somebody", Type: "User", Body: "x"})
	}
	comment(t, h.forge(), pull7, errorsAt(lock+":12"))
	if len(h.writes()) != 0 {
		t.Errorf("wrote %v", h.writes())
	}
}

func TestASilentPullRequestWithoutErrorsIsNotAskedAbout(t *testing.T) {
	h := newHub(t)
	h.on("GET /repos/acme/web/pulls/7", pullJSON(7, head, "open", `,"review_comments":0`))
	f := h.forge()
	if _, err := f.PullRequest(t.Context(), web, 7); err != nil {
		t.Fatal(err)
	}
	comment(t, f, pull7, errorsAt())
	if h.made("") != 1 {
		t.Errorf("%v", h.calls)
	}
	comment(t, f, pull7, errorsAt()) // what it remembers may be old by now
	if h.made("GET /repos/acme/web/pulls/7/comments") != 1 {
		t.Errorf("%v", h.calls)
	}
}

func TestTheAppsNameIsAskedForOnceAndHeldAgainstItsID(t *testing.T) {
	h := newHub(t).withPatch()
	f := h.forge()
	for i := range 3 {
		next := pull7
		next.HeadSHA = fmt.Sprintf("%040x", i)
		comment(t, f, next, errorsAt(lock+":1"+fmt.Sprint(i)))
	}
	if h.made("GET /app") != 1 {
		t.Errorf("%v", h.calls)
	}
	h.on("GET /app", `{"id":1,"slug":"other"}`)
	if err := h.forge().Comment(t.Context(), web, pull7, errorsAt(lock+":12")); err == nil {
		t.Error("the key of another App was taken")
	}
}

func TestOnlyShownLinesTakeComments(t *testing.T) {
	got := hunks(patch)
	for line, want := range map[int]bool{9: false, 10: true, 14: true, 15: false, 39: false, 40: true, 41: false, 900: false, 0: false} {
		if got.has(line) != want {
			t.Errorf("line %d: %v", line, !want)
		}
	}
	if hunks("").has(0) || hunks("@@ -1,2 +0,0 @@").has(0) || len(hunks("Binary files differ")) != 0 {
		t.Error("lines where there are none")
	}
}

func FuzzHunks(f *testing.F) {
	f.Add(patch)
	f.Add("@@ -1 +999999999,999999999 @@\r\n@@@ -1 -1 +1 @@@")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range hunks(s) {
			if r[0] < 0 || r[1] < r[0] {
				t.Fatal(r)
			}
		}
	})
}

func FuzzMarks(f *testing.F) {
	body := report.Comments(errorsAt(lock + ":12"))[0].Body
	f.Add(body)
	f.Add(folded("**Resolved in "+head+".**", body))
	f.Add("<!-- bonafide:comment x -->\r\n" + reviewMark + "\r\n" + mendedMark)
	f.Fuzz(func(t *testing.T, s string) {
		was := readMarks(s)
		now := readMarks(folded("**Resolved in "+head+".**", s))
		if !now.mended || !slices.Equal(was.comments, now.comments) && !strings.Contains(s, "\r") && s == strings.TrimSpace(s) {
			t.Fatalf("%+v became %+v", was, now)
		}
		if left := readMarks(retired(s)); len(left.comments) != 0 || left.mended != was.mended || left.review != was.review {
			t.Fatalf("%+v is left of %+v", left, was)
		}
	})
}

// Readers of raw answers get no error from a hub whose answer is empty JSON.
func TestAnEmptyListIsAListAndAnEmptyAnswerIsNone(t *testing.T) {
	h := newHub(t)
	h.on("GET /repos/acme/web/pulls", "[]")
	if got, err := h.forge().OpenPulls(t.Context(), web, head); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	h.routes["GET /repos/acme/web/pulls"] = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "") }
	var later *review.Later
	if got, err := h.forge().OpenPulls(t.Context(), web, head); !errors.As(err, &later) {
		t.Errorf("%v, %v", got, err)
	}
}

// accepting moves findings of a report, by their packages, to what was accepted.
func accepting(r report.Report, names ...string) report.Report {
	var kept []policy.Finding
	for _, f := range r.Findings {
		if !slices.Contains(names, f.Package.Name) {
			kept = append(kept, f)
			continue
		}
		a := &policy.Acceptance{Rule: f.Rule, By: "robin", Reason: "we know *why*", Number: 7}
		r.Excepted = append(r.Excepted, policy.Excepted{Finding: f, Pardon: policy.Pardon{Acceptance: a}})
	}
	r.Findings = kept
	return r
}

func TestWhatWasAcceptedIsNotSaidToBeResolved(t *testing.T) {
	h := newHub(t).withPatch()
	both := errorsAt(lock+":12", lock+":12")
	both.Findings[1].Package.Name = "other"
	comment(t, h.forge(), pull7, both)
	if len(h.comments) != 1 {
		t.Fatalf("%d comments", len(h.comments))
	}
	c := h.comments[0]
	said := func(step string, edits int, want, not string) {
		t.Helper()
		if h.made("PATCH") != edits || h.posted() != 1 || !strings.Contains(c.Body, want) || not != "" && strings.Contains(c.Body, not) {
			t.Errorf("%s: %d edits, %d reviews: %s", step, h.made("PATCH"), h.posted(), c.Body)
		}
	}
	for range 2 {
		comment(t, h.forge(), pull7, accepting(both, "p12"))
		said("one of two", 1, "other@1.0.0", "p12@1.0.0")
	}
	for range 2 {
		comment(t, h.forge(), pull7, accepting(both, "p12", "other"))
		said("both", 2, "**provenance-lost**: Accepted by `robin` until this pull request is merged or closed (pull request 7): we know `*why*`\n\n<details>", "Resolved")
	}
	comment(t, h.forge(), pull7, both)
	said("no longer accepted", 3, "p12@1.0.0", "Accepted")
	next := pull7
	next.HeadSHA = tip
	comment(t, h.forge(), next, errorsAt())
	said("mended", 4, "**Resolved in "+tip, "Accepted")
}

func TestAFullCommentCanStillBeFolded(t *testing.T) {
	mark := report.Marker(strings.Repeat("a", 32))
	full := strings.Repeat("x", MaxCommentBytes-len(mark)-1) + "\n" + mark
	for _, what := range []string{"**Resolved in " + tip + ".**", strings.Repeat("Accepted by somebody. ", 40), strings.Repeat("y", MaxBodyBytes)} {
		got := folded(what, full)
		if m := readMarks(got); len(got) > MaxBodyBytes || !m.mended || len(m.comments) != 1 {
			t.Errorf("%.40s: %d bytes, %+v", what, len(got), m)
		}
	}
}

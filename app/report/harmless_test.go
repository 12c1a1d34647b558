package report

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// page is Markdown as an independent implementation renders it, with everything that
// GitHub's own would drop left in.
func page(t testing.TB, markdown string) *html.Node {
	t.Helper()
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote), goldmark.WithRendererOptions(renderer.WithUnsafe()))
	var b bytes.Buffer
	if err := md.Convert([]byte(markdown), &b); err != nil {
		t.Fatal(err)
	}
	n, err := html.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What our own templates use.
var (
	elements = []string{"html", "head", "body", "p", "h2", "h3", "ul", "li", "strong", "em", "code",
		"table", "thead", "tbody", "tr", "th", "td", "a"}
	address = regexp.MustCompile(`^https://github\.com/[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9_.-]+` +
		`(/issues/new\?[A-Za-z0-9%&=+._~-]+|/commit/[0-9a-f]{40}|/compare/[0-9a-f]{40}\.\.\.[0-9a-f]{40}|/blob/[0-9a-f]{40}(/[A-Za-z0-9._-]+)+|/actions/runs/[0-9]+(/attempts/[0-9]+)?)?$`)
	ownMark = regexp.MustCompile(`^ bonafide:(comment|finding|file) [0-9a-f]{32} $`)
	// What GitHub turns into something in text that is not code.
	active = regexp.MustCompile("(?i)@|#|://|(^|[\\s(*_~])www\\.|\\bgh-[0-9]|\\b[0-9a-f]{7,}\\b|:[a-z0-9_+-]+:|[$`]")
	// The list of packages that one finding stands for, as our own template folds it.
	ownFold = regexp.MustCompile(`(?m)^  (<details><summary>The [0-9,]+ packages</summary>|</details>)$`)
	// References to the pull requests that share a commit, as our own headings write them.
	ownReference = regexp.MustCompile(`#[0-9]+ into `)
)

// harmless fails the test where something active survives in rendered Markdown, and
// returns its text.
func harmless(t testing.TB, markdown string, allowed []string) string {
	t.Helper()
	var text strings.Builder
	var walk func(n *html.Node, code bool)
	walk = func(n *html.Node, code bool) {
		switch n.Type {
		case html.ElementNode:
			if !slices.Contains(allowed, n.Data) {
				t.Errorf("an element <%s> survives in %.300q", n.Data, markdown)
			}
			for _, a := range n.Attr {
				if n.Data == "a" && a.Key == "href" && address.MatchString(a.Val) || a.Key == "style" && (n.Data == "td" || n.Data == "th") {
					continue
				}
				t.Errorf("an attribute %s=%q of <%s> survives in %.300q", a.Key, a.Val, n.Data, markdown)
			}
			code = code || n.Data == "code"
		case html.CommentNode:
			if !ownMark.MatchString(n.Data) {
				t.Errorf("a comment %q survives in %.300q", n.Data, markdown)
			}
		case html.TextNode:
			s := ownReference.ReplaceAllString(n.Data, "")
			if found := active.FindString(s); !code && found != "" {
				t.Errorf("%q is not in code: %.300q, of %.300q", found, s, markdown)
			}
			if i := strings.IndexFunc(s, func(r rune) bool { return r != '\n' && hidden(r) }); i >= 0 {
				t.Errorf("a hidden character survives: %.300q", s)
			}
			text.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, code)
		}
	}
	walk(page(t, ownFold.ReplaceAllString(markdown, "")), false)
	return strings.TrimSpace(text.String())
}

var inline = []string{"html", "head", "body", "p", "code"}
var inTable = append(slices.Clone(inline), "table", "thead", "tbody", "tr", "th", "td")

// checkHarmless holds both escapes, alone, in running text and in a table cell,
// against what a reader should see: everything, and nothing of it active.
func checkHarmless(t testing.TB, s string) {
	t.Helper()
	seen := strings.Join(strings.Fields(Visible(s)), " ")
	if got := harmless(t, EscapeMarkdown(s), inline); got != seen {
		t.Errorf("EscapeMarkdown(%.200q) shows %.300q, not %.300q", s, got, seen)
	}
	if strings.Contains(EscapeMarkdown(s)+Code(s), "\n") {
		t.Errorf("%.200q becomes several lines", s)
	}
	if got, want := harmless(t, "Text "+EscapeMarkdown(s)+" and "+EscapeMarkdown(s)+".", inline), "Text "+seen+" and "+seen+"."; got != want {
		t.Errorf("in running text %.200q shows %.300q, not %.300q", s, got, want)
	}
	var cells []string
	for _, p := range strings.Split(Visible(s), "|") {
		if p != "" {
			p = showEdges(p)
		}
		cells = append(cells, p)
	}
	code := strings.Join(cells, "|")
	if s == "" {
		code = "(empty)"
	}
	if got := harmless(t, Code(s), inline); got != code {
		t.Errorf("Code(%.200q) shows %.300q, not %.300q", s, got, code)
	}
	table := "| A | B | C |\n| --- | --- | --- |\n| " + EscapeMarkdown(s) + " | " + Code(s) + " | end |\n"
	got := harmless(t, table, inTable)
	fields := strings.FieldsFunc(got, func(r rune) bool { return r == '\n' })
	want := []string{"A", "B", "C"}
	if seen != "" {
		want = append(want, seen)
	}
	if want = append(want, code, "end"); !slices.Equal(fields, want) {
		t.Errorf("in a table %.200q shows %.300q, not %.300q", s, fields, want)
	}
}

func TestHostileTextIsShownAndDoesNothing(t *testing.T) {
	for _, s := range hostileNames() {
		checkHarmless(t, s)
	}
	// Prose stays prose.
	for _, s := range []string{
		"The lockfile was removed while its manifest stays: what gets installed is no longer pinned.",
		"It's new (and so on), isn't it? Yes!", "after 3 attempts", "Größe, naïve, 日本語",
	} {
		if got := EscapeMarkdown(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	if got, want := EscapeMarkdown("built from github.com/a/b."), "built from `github.com/a/b`."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// An address in a sentence can be copied as it is.
	const view = "https://github.com/a/b/compare/3f786850e387550fdab836ed7e6dc881de23001b...89e6c98d92887913cadf06b2adb97f26cde4849b"
	if got, want := EscapeMarkdown("Look at "+view+". Stay."), "Look at `"+view+"`. Stay."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Plain(view) + Terminal(view); got != view+view {
		t.Errorf("an address became %q", got)
	}
}

func FuzzEscapeMarkdown(f *testing.F) {
	for _, s := range hostileNames() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2_000 {
			t.Skip("long inputs only repeat short ones")
		}
		checkHarmless(t, s)
	})
}

// checkPlain holds the escapes for terminals and plain text against their promises.
func checkPlain(t testing.TB, s string) {
	t.Helper()
	for name, got := range map[string]string{"Terminal": Terminal(s), "Plain": Plain(s), "Visible": Visible(s)} {
		if i := strings.IndexFunc(got, hidden); i >= 0 {
			t.Errorf("%s(%.200q) lets a hidden character through: %.300q", name, s, got)
		}
	}
	if m := regexp.MustCompile(`(^|[^\pL\pN_])@`).FindString(Plain(s)); m != "" {
		t.Errorf("Plain(%.200q) mentions: %.300q", s, Plain(s))
	}
}

func TestHostileTextDoesNothingInATerminal(t *testing.T) {
	for _, s := range hostileNames() {
		checkPlain(t, s)
	}
	if got, want := Terminal("\x1b[31mred\u202e\xff"), "<U+001B>[31mred<U+202E><0xFF>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Plain("@acme/x 1@2 a.@b"), "＠acme/x 1@2 a.＠b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, width := range []int{0, 40, 80, 200} {
		for _, kind := range []Kind{Diff, Audit, Verify} {
			r := hostile()
			r.Kind = kind
			var b bytes.Buffer
			if err := Table(&b, r, TableOptions{Width: width}); err != nil {
				t.Fatal(err)
			}
			if i := strings.IndexFunc(b.String(), func(r rune) bool { return r != '\n' && hidden(r) }); i >= 0 {
				t.Errorf("%s at %d columns: a hidden character survives: %.100q", kind, width, b.String()[i:])
			}
		}
	}
}

func FuzzTerminal(f *testing.F) {
	for _, s := range hostileNames() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkPlain(t, s) })
}

func TestHostileNamesAreHarmlessWhereverTheyAreShown(t *testing.T) {
	r := hostile()
	broken := single(r)
	broken.Broken = strings.Join(hostileNames(), " ")
	shared := single(r)
	for i, s := range hostileNames()[:MaxSections+5] {
		shared.Sections = append(shared.Sections, Section{PullRequest: i, BaseRef: s, Report: everyFinding()})
	}
	for _, c := range []Check{single(r), broken, shared} {
		o := Output(c)
		inLimits(t, o)
		harmless(t, o.Summary, elements)
		harmless(t, o.Text, elements)
		if strings.ContainsFunc(o.Title, hidden) {
			t.Errorf("title %q", o.Title)
		}
		for _, a := range o.Annotations {
			checkAnnotation(t, a)
		}
	}
	var b bytes.Buffer
	if err := Markdown(&b, r); err != nil {
		t.Fatal(err)
	}
	harmless(t, b.String(), elements)
	r.Comments = policy.CommentAll
	for i, s := range hostileNames() { // what a finding can have besides
		f := &r.Findings[i]
		f.Why, f.Benign, f.Better = s, s, s
		if i%2 == 0 {
			f.Severity = policy.Warning
		}
		if i%3 == 0 {
			f.Rule = policy.RuleProvenanceLost // may be accepted
		}
	}
	for _, c := range append(Comments(r), Standing(r, postedAll(r))...) {
		harmless(t, c.Body, append(slices.Clone(elements), "details", "summary"))
		if len(c.Body) > 60_000 {
			t.Errorf("a comment of %d bytes", len(c.Body))
		}
	}
	harmless(t, ReviewBody(r), elements)
}

// postedAll are the fingerprints of all that could be commented on.
func postedAll(r Report) map[string]bool {
	out, locked := map[string]bool{}, lockedAs(r.Packages)
	for _, l := range linesOf(r) {
		out[fingerprintOf(l.findings, locked)] = true
	}
	return out
}

// whole is hostile with all that a report can hold besides.
func whole() Report {
	r := hostile()
	p := Preview{PolicyFrom: "x", Conclusion: policy.Failure}
	for i, s := range hostileNames() {
		f := policy.Finding{Rule: policy.RuleName(s), Severity: policy.Error, Package: npm(s, s), Lockfile: s, Line: 1, Message: s, Help: s}
		switch i % 3 {
		case 1:
			f.Package = npm("", "")
			f.Package.Ecosystem = ""
		case 2:
			f.Package, f.Lockfile = npm("", ""), ""
			f.Package.Ecosystem = ""
		}
		p.Changes = append(p.Changes, PreviewChange{Finding: f, Was: s, Is: "error"})
		p.Limits = append(p.Limits, s)
		x := policy.Excepted{Finding: f, Pardon: policy.Pardon{Exception: &policy.Exception{Reason: s, Owner: s, File: s}}}
		if i%2 == 0 {
			x.Pardon = policy.Pardon{Acceptance: &policy.Acceptance{Reason: s, By: s}}
		}
		r.Excepted = append(r.Excepted, x)
	}
	r.Preview = &p
	for range policy.MaxOffered {
		r.Pins = append(r.Pins, policy.PackageRule{Match: "npm:@" + strings.Repeat("a", 200), Identity: policy.IdentityPin{Repository: "github.com/" + strings.Repeat("b", 200), Ref: "refs/tags/*"}})
	}
	return r
}

func TestAllThatAReportCanHoldIsHarmlessAndWithinTheLimits(t *testing.T) {
	allowed := append(slices.Clone(elements), "del", "details", "summary", "pre")
	for _, n := range []int{1, 2, 7, MaxSections + 5} {
		var c Check
		for i := range n {
			c.Sections = append(c.Sections, Section{PullRequest: i + 1, BaseRef: hostileNames()[i], Report: whole()})
		}
		o := Output(c)
		inLimits(t, o)
		fences := regexp.MustCompile("(?s)\n```yaml\n.*?\n```\n")
		for _, page := range []string{o.Summary, o.Text} {
			harmless(t, fences.ReplaceAllString(page, "\n"), allowed)
		}
		for _, says := range []string{"### Excepted", "### Under the policy", "### Not looked at", "### Findings"} {
			if strings.Count(o.Summary, says) != min(n, MaxSections) {
				t.Errorf("%d sections: %q is said %d times", n, says, strings.Count(o.Summary, says))
			}
		}
	}
	var b bytes.Buffer
	if err := Table(&b, whole(), TableOptions{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(b.String(), func(r rune) bool { return r != '\n' && hidden(r) }); i >= 0 {
		t.Errorf("a hidden character survives: %.100q", b.String()[i:])
	}
}

func checkAnnotation(t *testing.T, a Annotation) {
	t.Helper()
	text := a.Title + " " + a.Message
	if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && hidden(r) }) || regexp.MustCompile(`(^|[^\pL\pN_])@`).MatchString(text) {
		t.Errorf("annotation %.300q", text)
	}
}

func TestOnlyKnownShapesOfACertificateBecomeLinks(t *testing.T) {
	const repo, commit = "https://github.com/acme/web", "3f786850e387550fdab836ed7e6dc881de23001b"
	whole := provenance.Identity{Repository: repo, Commit: commit, Workflow: ".github/workflows/release.yml", Run: repo + "/actions/runs/9/attempts/2"}
	got := builder(whole)
	want := "[`acme/web`](" + repo + ") at [`3f78685`](" + repo + "/commit/" + commit + ") by [`release.yml`](" + repo + "/blob/" + commit + "/.github/workflows/release.yml) ([run](" + repo + "/actions/runs/9/attempts/2))"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	gitlab := provenance.Identity{Repository: "https://gitlab.com/acme/tools/web", Commit: commit, Workflow: ".gitlab-ci.yml", Run: "https://gitlab.com/acme/tools/web/-/jobs/77"}
	if got := linksOf(gitlab); got != (addresses{gitlab.Repository, gitlab.Repository + "/-/commit/" + commit, gitlab.Repository + "/-/blob/" + commit + "/.gitlab-ci.yml", gitlab.Run}) {
		t.Errorf("GitLab: %+v", got)
	}
	for _, repository := range append(hostileNames(), "http://github.com/a/b", "https://github.com/a", "https://github.com/a/b/c", "https://github.com/a/..", "https://github.com//b",
		"https://github.com.evil.example/a/b", "https://evil.example/a/b", "https://github.com@evil.example/a", "https://github.com/a/b?c", "https://github.com/a/b)", "https://github.com/a/b#c",
		"https://github.com:443/a/b", "HTTPS://github.com/a/b", "https://x.y.ghe.com/a/b", "https://.ghe.com/a/b", "https://github.com/a/b\n") {
		id := whole
		id.Repository = repository
		if got := linksOf(id); got != (addresses{}) {
			t.Errorf("%q becomes a link: %+v", repository, got)
		}
	}
	for _, run := range []string{"https://github.com/acme/other/actions/runs/9", repo + "/actions/runs/", repo + "/actions/runs/9/attempts/", repo + "/actions/runs/9x", repo + "/settings", repo + "/actions/runs/9/attempts/1/x"} {
		id := whole
		id.Run = run
		if got := linksOf(id).run; got != "" {
			t.Errorf("%q becomes a link", run)
		}
	}
	for _, workflow := range append(hostileNames(), "a/../b", "/a", "a//b", "a b", "a%2fb") {
		id := whole
		id.Workflow = workflow
		if got := linksOf(id).workflow; got != "" && !address.MatchString(got) || strings.Contains(workflow, "..") && got != "" {
			t.Errorf("%q becomes a link: %s", workflow, got)
		}
	}
}

func FuzzBuilder(f *testing.F) {
	f.Add("https://github.com/acme/web", "3f786850e387550fdab836ed7e6dc881de23001b", ".github/workflows/release.yml", "https://github.com/acme/web/actions/runs/9/attempts/2")
	for _, s := range hostileNames() {
		f.Add("https://github.com/acme/"+s, s, s, "https://github.com/acme/"+s+"/actions/runs/1")
	}
	f.Fuzz(func(t *testing.T, repository, commit, workflow, run string) {
		if len(repository)+len(commit)+len(workflow)+len(run) > 2_000 || strings.Contains(repository, "gitlab.com") || strings.Contains(repository, ".ghe.com") {
			t.Skip("other forges have other addresses")
		}
		id := provenance.Identity{Repository: repository, Commit: commit, Workflow: workflow, Run: run}
		harmless(t, builder(id), append(slices.Clone(inline), "a"))
		harmless(t, "| A |\n| --- |\n| "+builder(id)+" |\n", append(slices.Clone(inTable), "a"))
	})
}

func TestUnverifiedIdentitiesAreNotShown(t *testing.T) {
	e := entry("left-pad", "1.3.1", 3)
	ev := proven(e, "https://github.com/left-pad/left-pad")
	ev.Provenance.Check = because(provenance.Invalid, "The signature does not hold.")
	r := diffReport(policy.Success, []Package{updated(e, "1.3.0", ev)})
	var b bytes.Buffer
	for _, write := range []func() error{
		func() error { return Markdown(&b, r) }, func() error { return JSON(&b, r) }, func() error { return Table(&b, r, TableOptions{}) },
		func() error { r.Kind = Verify; return Table(&b, r, TableOptions{}) },
	} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(b.String(), "left-pad/left-pad") || strings.Contains(b.String(), "3f78685") {
		t.Errorf("an identity that was not verified is shown:\n%s", &b)
	}
}

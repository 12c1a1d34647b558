package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

func TestSummariseCountsDistinctPackages(t *testing.T) {
	a, b := entry("left-pad", "1.3.1", 3), entry("left-pad", "1.3.1", 9)
	b.Lockfile = "web/package-lock.json"
	bad := proven(b, "https://github.com/left-pad/left-pad")
	bad.Provenance.Check = because(provenance.Unknown, "The registry answered 503.")
	twice := added(a, proven(a, "https://github.com/left-pad/left-pad"))
	twice.Occurrences = 3
	git := a
	git.Source, git.Resolved = dep.Git, "git+https://github.com/left-pad/left-pad.git#1"
	fork := git
	fork.Resolved = "git+https://github.com/fork/left-pad.git#1"
	notAsked := Package{Entry: git, Change: dep.Added, Occurrences: 2, NotLookedUp: "comes from git, no registry answers for it"}
	other := notAsked
	other.Entry = fork
	gone := Package{Entry: entry("rimraf", "2.7.1", 5), Change: dep.Removed, Occurrences: 1, NotLookedUp: "was removed"}
	publishOnly := entry("express", "5.1.0", 70)
	ev := signedOnly(publishOnly)
	ev.Publish.Check = verified()

	got := Summarise([]Package{twice, added(b, bad), notAsked, other, gone, added(publishOnly, ev)})
	want := Summary{
		Packages:   4, // left-pad of the registry, of git, of the fork's git, express
		Signature:  Counts{Verified: 2, Absent: 2},
		Provenance: Counts{Absent: 3, Unknown: 1}, // the worse of both lockfiles
		Locations:  5, LocationsSigned: 5, LocationsAttested: 4, LocationsProvenance: 3,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEveryStateIsCountedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		states := []provenance.State{provenance.Verified, provenance.Absent, provenance.Invalid, provenance.Unknown, "", "nonsense"}
		var packages []Package
		for range rapid.IntRange(0, 30).Draw(t, "packages") {
			e := entry(fmt.Sprint("p", rapid.IntRange(0, 5).Draw(t, "name")), "1.0.0", 1)
			e.Lockfile = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "lockfile")
			ev := signedOnly(e)
			ev.Signature.State = rapid.SampledFrom(states).Draw(t, "signature")
			ev.Provenance.State = rapid.SampledFrom(states).Draw(t, "provenance")
			packages = append(packages, added(e, ev))
		}
		s := Summarise(packages)
		for _, c := range []Counts{s.Signature, s.Provenance} {
			if c.Verified+c.Absent+c.Invalid+c.Unknown != s.Packages {
				t.Fatalf("%+v of %d packages", c, s.Packages)
			}
		}
		slices.Reverse(packages)
		if again := Summarise(packages); again != s {
			t.Fatalf("the order matters: %+v, %+v", s, again)
		}
	})
}

func TestTitlesReadAlone(t *testing.T) {
	many := func(n int, findings ...policy.Finding) Report {
		var packages []Package
		for i := range n {
			e := entry(fmt.Sprintf("p-%d", i), "1.0.0", i+1)
			packages = append(packages, updated(e, "0.9.0", signedOnly(e)))
		}
		return diffReport(policy.Success, packages, findings...)
	}
	about := func(i int, s policy.Severity, unknown bool) policy.Finding {
		e := entry(fmt.Sprintf("p-%d", i), "1.0.0", i+1)
		return policy.Finding{Rule: policy.RuleBurst, Severity: s, Unknown: unknown, Package: e.Package, Lockfile: e.Lockfile, Line: e.Line, Message: "m"}
	}
	merged := func(n int, unknown bool) policy.Finding {
		return policy.Finding{Rule: policy.RuleIntegrityLost, Severity: policy.Error, Unknown: unknown, Lockfile: "package-lock.json", Count: n,
			Message: fmt.Sprintf("%d packages have no digest in the lockfile any more: p-0@1.0.0 and more.", n)}
	}
	file := policy.Finding{Rule: policy.RuleLockfileUnreadable, Severity: policy.Error, Lockfile: "600 packages /package-lock.json", Message: "600 packages /package-lock.json cannot be read."}
	with := func(r Report, c policy.Conclusion, would bool) Report {
		r.Conclusion, r.WouldFail = c, would
		return r
	}
	allDown := func(n int) Report {
		r := many(n, merged(n-1, true))
		for i := range r.Packages {
			r.Packages[i].Evidence = provenance.Evidence{Package: r.Packages[i].Entry.Package}
		}
		r.Summary = Summarise(r.Packages)
		return with(r, policy.ActionRequired, false)
	}
	proven9 := many(14)
	proven9.Summary.Provenance = Counts{Verified: 9, Absent: 5}
	bundled := many(3)
	bundled.Packages[1].NotLookedUp = "is delivered inside the tarball of the package that bundles it"
	quiet := many(3) // a rule was switched off, yet something is unknown
	quiet.Packages[1].Evidence.Signature.Check = because(provenance.Unknown, "The registry answered 503.")
	onlyRemoved := diffReport(policy.Success, []Package{{Entry: entry("rimraf", "2.7.1", 5), Change: dep.Removed, NotLookedUp: "was removed"}})
	sameLock := diffReport(policy.Success, nil)
	sameLock.Lockfiles = []Lockfile{{Path: "package-lock.json"}}
	e, f := policy.Error, policy.Failure
	for want, r := range map[string]Report{
		"No lockfile changed":                                                             diffReport(policy.Success, nil),
		"No package changed":                                                              sameLock,
		"No package added or changed, 1 removed":                                          onlyRemoved,
		"Nothing verified, 1 file not looked at":                                          ignoredOnly(),
		"14 changed packages, no findings: 9 with verified provenance":                    proven9,
		"14 changed packages, no findings: none with verified provenance":                 many(14),
		"14 changed packages, 1 warning, 2 notices: none with verified provenance":        many(14, about(1, policy.Warning, false), about(2, policy.Notice, false), about(3, policy.Notice, false)),
		"3 changed packages, 1 not looked up: none with verified provenance":              bundled,
		"3 changed packages, 1 not looked up: none with verified provenance ":             quiet,
		"2 of 14 changed packages need attention (burst)":                                 with(many(14, about(1, e, false), about(1, e, false), about(5, e, false), about(6, policy.Warning, false)), f, false),
		"1 of 14 changed packages needs attention (burst)":                                with(many(14, about(1, e, false)), f, false),
		"The one changed package needs attention (burst)":                                 with(many(1, about(0, e, false)), f, false),
		"1 file cannot be read":                                                           with(many(14, file), f, false),
		"1 of 14 changed packages and 1 file need attention (burst, lockfile-unreadable)": with(many(14, about(0, e, false), file), f, false),
		"12 of 14 changed packages are not held to a strong digest":                       with(many(14, merged(12, false)), f, false),
		"At least 12 of 14 changed packages need attention (integrity-lost, burst)":       with(many(14, merged(12, false), about(3, e, false)), f, false),
		"At least 9 of 14 changed packages are not held to a strong digest":               with(many(14, merged(9, false), merged(8, false)), f, false),
		"Could not verify 1 of 12 changed packages":                                       unanswered(),
		"Could not verify 500 of 500 changed packages":                                    allDown(500),
		"Could not verify the one changed package":                                        with(many(1, about(0, e, true)), policy.ActionRequired, false),
		"1 of 14 changed packages needs attention (burst), 2 could not be verified":       with(many(14, about(0, e, false), about(0, e, true), about(1, e, true), about(2, e, true)), f, false),
		"Would fail: 2 of 14 changed packages need attention (burst)":                     with(many(14, about(1, e, false), about(5, e, false)), policy.Success, true),
		"Would fail: could not verify 1 of 14 changed packages":                           with(many(14, about(1, e, true)), policy.Success, true),
		"The policy does not let this pass":                                               with(many(14), f, false),
		"2,000 of 5,000 changed packages are not held to a strong digest":                 with(many(5000, merged(2000, false)), f, false),
	} {
		if got := title(r); got != strings.TrimSpace(want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestAVerdictThatIsNotGoodNeverLooksGood(t *testing.T) {
	for _, c := range []policy.Conclusion{policy.Failure, policy.ActionRequired, policy.Neutral, "", "skipped"} {
		r := cleanUpdate()
		r.Conclusion = c
		o := Output(single(r))
		if strings.Contains(o.Title+o.Summary, "fine") || strings.Contains(o.Summary, "Passed") {
			t.Errorf("%q: %s\n%s", c, o.Title, o.Summary)
		}
	}
	if o := Output(Check{Broken: "x", Sections: []Section{{Report: cleanUpdate()}}}); o.Conclusion != policy.Failure || !strings.HasPrefix(o.Title, "No verdict") {
		t.Errorf("%s %s", o.Conclusion, o.Title)
	}
}

func TestTheWorstOfSeveralPullRequestsSpeaks(t *testing.T) {
	o := Output(sharedHead())
	if o.Conclusion != policy.Failure || !strings.HasPrefix(o.Title, "#12 into main: ") {
		t.Errorf("%s: %s", o.Conclusion, o.Title)
	}
	if at := strings.Index(o.Summary, "## #12 into `main`"); at != 0 {
		t.Errorf("the worst does not come first:\n%s", o.Summary)
	}
	both := Check{Sections: []Section{{1, "main", everyFinding()}, {2, "next", everyFinding()}}}
	if o := Output(both); !strings.HasSuffix(o.Title, "(and 1 more)") || len(o.Annotations) != len(Output(single(everyFinding())).Annotations) {
		t.Errorf("%s, %d annotations", o.Title, len(o.Annotations))
	}
	fine := Check{Sections: []Section{{1, strings.Repeat("é", 500), cleanUpdate()}, {2, "next", cleanUpdate()}}}
	inLimits(t, Output(fine))
	if o := Output(fine); o.Conclusion != policy.Success || !strings.HasPrefix(o.Title, "All 2 pull requests with this commit pass.") {
		t.Errorf("%s", o.Title)
	}
}

func TestManyPullRequestsShareTheLimits(t *testing.T) {
	var c Check
	for i := range 60 {
		r := changes(300)
		if i < 59 {
			r.Conclusion = policy.Success
		}
		c.Sections = append(c.Sections, Section{PullRequest: i + 1, BaseRef: strings.Repeat("branch", 100), Report: r})
	}
	o := Output(c)
	inLimits(t, o)
	if !strings.Contains(o.Summary, "40 more pull requests with this commit") || strings.Count(o.Summary, "\n## ")+1 != MaxSections {
		t.Errorf("%.2000s", o.Summary)
	}
	if !strings.HasPrefix(o.Summary, "## #60 into") {
		t.Errorf("the one that fails does not come first: %.300s", o.Summary)
	}
	if n := strings.Count(o.Text, "## "); n < MaxSections {
		t.Errorf("only %d of them have a table", n)
	}
}

func TestRowsAreCutWholeAndCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tables []table
		var all []string
		total := 0
		for i := range rapid.IntRange(0, 4).Draw(t, "tables") {
			rows := rapid.SliceOfN(rapid.StringMatching(`r[a-z]{0,40}\n`), 1, 30).Draw(t, "rows")
			head := fmt.Sprintf("head %d\n", i)
			tables = append(tables, table{head, len(rows), func(i int) string { return rows[i] }})
			all = append(all, head)
			all = append(all, rows...)
			total += len(rows)
		}
		budget := rapid.IntRange(-10, 2500).Draw(t, "budget")
		more := func(left int) string { return fmt.Sprintf("and %d more\n", left) }
		got := fitTables(tables, budget, more)
		if len(got) > max(budget, 0) {
			t.Fatalf("%d bytes of %d", len(got), budget)
		}
		whole := strings.Join(all, "")
		if len(whole) <= budget {
			if got != whole {
				t.Fatalf("%q is cut without need", got)
			}
			return
		}
		if got == "" {
			if budget >= len(more(total)) {
				t.Fatal("not even the number of what is missing")
			}
			return
		}
		shown, said := strings.Count("\n"+got, "\nr"), 0
		body, tail, _ := strings.Cut("\n"+got, "\nand ")
		if _, err := fmt.Sscanf(tail, "%d more", &said); err != nil || shown+said != total {
			t.Fatalf("%d shown, %d said of %d: %q", shown, said, total, got)
		}
		if body = strings.TrimPrefix(body, "\n"); !strings.HasPrefix(whole, body) || strings.HasSuffix(body, "head") {
			t.Fatalf("%q is not the beginning of %q", body, whole)
		}
	})
}

func TestTheReportsClockChangesNothingThatIsPublished(t *testing.T) {
	r := everyFinding()
	first := Output(single(r))
	r.At = r.At.Add(24 * time.Hour)
	if Fingerprint(Output(single(r))) != Fingerprint(first) {
		t.Error("a second run would publish the same again")
	}
}

func TestAFingerprintChangesWithEverythingThatIsShown(t *testing.T) {
	base := Output(single(everyFinding()))
	seen := map[string]string{Fingerprint(base): "the output itself"}
	for name, change := range map[string]func(*CheckOutput){
		"title":      func(o *CheckOutput) { o.Title += "." },
		"summary":    func(o *CheckOutput) { o.Summary += "." },
		"text":       func(o *CheckOutput) { o.Text += "." },
		"moved":      func(o *CheckOutput) { o.Text, o.Summary = "", o.Summary+o.Text },
		"conclusion": func(o *CheckOutput) { o.Conclusion = policy.Success },
		"annotation": func(o *CheckOutput) { o.Annotations[0].StartLine++ },
		"fewer":      func(o *CheckOutput) { o.Annotations = o.Annotations[1:] },
	} {
		o := base
		o.Annotations = slices.Clone(base.Annotations)
		change(&o)
		if other, ok := seen[Fingerprint(o)]; ok {
			t.Errorf("%s looks like %s", name, other)
		}
		seen[Fingerprint(o)] = name
	}
}

func TestAnnotationsComeMostImportantFirst(t *testing.T) {
	r := everyFinding()
	slices.Reverse(r.Findings)
	var levels []string
	for _, a := range Output(single(r)).Annotations {
		levels = append(levels, a.Level)
	}
	if want := slices.Concat(slices.Repeat([]string{"failure"}, 6), []string{"warning", "notice"}); !slices.Equal(levels, want) {
		t.Errorf("%v", levels)
	}
	o := Output(single(changes(6_000)))
	if len(o.Annotations) != MaxAnnotations || !strings.Contains(o.Summary, "100 findings without an annotation") {
		t.Errorf("%d annotations; %s", len(o.Annotations), o.Summary[len(o.Summary)-300:])
	}
	batches := Batches(o.Annotations[:101], AnnotationsPerRequest)
	if len(batches) != 3 || len(batches[0]) != 50 || len(batches[2]) != 1 || !slices.Equal(slices.Concat(batches...), o.Annotations[:101]) {
		t.Errorf("%d batches", len(batches))
	}
	if len(Batches(nil, 50)) != 0 || len(Batches(o.Annotations, 0)) != MaxAnnotations {
		t.Error("nothing, or a size of nothing, is not cut as it should be")
	}
}

func TestALongMessageIsCutAtACharacter(t *testing.T) {
	f := policy.Finding{Rule: "repinned", Severity: policy.Error, Lockfile: "l", Message: strings.Repeat("\u202e", 5000), Help: strings.Repeat("é", 5000)}
	a := annotation(f, Report{Conclusion: policy.Failure})
	if len(a.Message) > MaxAnnotationBytes || !strings.HasSuffix(a.Message, "…") || strings.ContainsRune(a.Message, '\ufffd') {
		t.Errorf("%d bytes: …%q", len(a.Message), a.Message[len(a.Message)-20:])
	}
	for s, want := range map[string]string{"": "", "abc": "abc", "abcd": "abcd", "abcde": "abc…", "éééé": "éééé", "ééééé": "ééé…", "\xff\xff\xff\xff\xff": "\xff\xff\xff…"} {
		if got := clip(s, 4); got != want {
			t.Errorf("clip(%q) is %q", s, got)
		}
	}
}

func TestCommentsAreForErrorsOfFiles(t *testing.T) {
	r := everyFinding()
	comments := Comments(r)
	if len(comments) != 5 { // two errors stand at one line; warnings and notices stay in the check
		t.Fatalf("%d comments", len(comments))
	}
	for _, c := range comments {
		if want := FileMarker(c.Path) + "\n" + FindingMarker(c.Findings[0]) + "\n"; !strings.Contains(c.Body, "\n\n"+want) || !strings.HasSuffix(c.Body, "\n"+Marker(c.Fingerprint)) || len(c.Fingerprint) != 32 {
			t.Errorf("%q does not end in its mark", c.Body)
		}
	}
	if got := Comments(unanswered()); len(got) != 0 {
		t.Errorf("what could not be verified is told the author: %v", got)
	}
	long := everyFinding()
	for range 100 {
		f := long.Findings[0]
		f.Message = strings.Repeat("\u202e", 900)
		long.Findings = append(long.Findings, f)
	}
	if got := Comments(long)[0].Body; len(got) > MaxCommentBytes+100 || !strings.Contains(got, "more findings at this line") {
		t.Errorf("a comment of %d bytes", len(got))
	}
	many := changes(1_000)
	if got := Comments(many); len(got) != MaxComments || !strings.Contains(ReviewBody(many), "80 more lines with errors") {
		t.Errorf("%d comments; %s", len(got), ReviewBody(many))
	}
}

func TestACommentIsKnownAgainByWhatItIsAbout(t *testing.T) {
	one := func(change func(*Package, *policy.Finding)) string {
		r := everyFinding()
		r.Packages, r.Findings = r.Packages[:1], r.Findings[:1]
		change(&r.Packages[0], &r.Findings[0])
		return Comments(r)[0].Fingerprint
	}
	base := one(func(*Package, *policy.Finding) {})
	for name, change := range map[string]func(*Package, *policy.Finding){
		"line": func(p *Package, f *policy.Finding) { p.Entry.Line, f.Line = 999, 999 },
		"text": func(p *Package, f *policy.Finding) { f.Message, f.Help = "other words", "" },
	} {
		if one(change) != base {
			t.Errorf("another %s makes another comment", name)
		}
	}
	seen := map[string]string{base: "the first"}
	for name, change := range map[string]func(*Package, *policy.Finding){
		"rule":    func(_ *Package, f *policy.Finding) { f.Rule = policy.RulePublisherLost },
		"package": func(p *Package, f *policy.Finding) { p.Entry.Package.Version, f.Package.Version = "1.14.2", "1.14.2" },
		"digest": func(p *Package, _ *policy.Finding) {
			p.Entry.Integrity, p.Entry.Digests = sri("x"), []dep.Digest{{Algorithm: "sha512", Hex: strings.Repeat("ab", 64)}}
		},
		"source":  func(p *Package, _ *policy.Finding) { p.Entry.Source, p.Entry.Resolved = dep.Git, "git+https://x" },
		"address": func(p *Package, _ *policy.Finding) { p.Entry.Resolved = "https://mirror.example/axios.tgz" },
		"lockfile": func(p *Package, f *policy.Finding) {
			p.Entry.Lockfile, f.Lockfile = "web/package-lock.json", "web/package-lock.json"
		},
	} {
		if other, ok := seen[one(change)]; ok {
			t.Errorf("another %s looks like %s", name, other)
		}
		seen[one(change)] = name
	}
	r := everyFinding()
	first := Comments(r)
	slices.Reverse(r.Findings)
	second := Comments(r)
	slices.Reverse(second)
	for i := range first {
		if first[i].Fingerprint != second[i].Fingerprint {
			t.Error("the order of findings makes another comment")
		}
	}
}

func TestFiltersKeepTheVerdictAndTheCounts(t *testing.T) {
	r := everyFinding()
	dev := entry("mocha", "11.0.0", 500)
	dev.Scope = dep.Dev
	fromAcme := added(dev, proven(dev, "https://github.com/Acme/Mocha"))
	publisher := entry("nx", "21.5.0", 600)
	before := proven(publisher, "https://github.com/nrwl/nx")
	before.Release.Publisher = registry.Publisher{TrustedPublisher: "github"}
	byHand := updated(publisher, "21.4.0", proven(publisher, "https://github.com/nrwl/nx"))
	byHand.Replaced = &before
	unknown := entry("vite", "7.0.0", 700)
	asked := updated(unknown, "6.0.0", signedOnly(unknown))
	asked.Evidence.Provenance.Check, asked.Replaced = because(provenance.Unknown, "The registry answered 503."), &before
	gone := Package{Entry: entry("rimraf", "2.7.1", 90), Change: dep.Removed, NotLookedUp: "was removed", Replaced: &before}
	r.Packages = append(r.Packages, fromAcme, byHand, asked, gone)
	r.Summary = Summarise(r.Packages)

	for _, c := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, "axios debug chalk router plain-crypto-js mocha nx vite rimraf"},
		{Filter{WithoutProvenance: true}, "axios debug chalk router plain-crypto-js vite"},
		{Filter{Lost: true}, "axios nx"},
		{Filter{Prod: true}, "axios debug chalk router plain-crypto-js nx vite rimraf"},
		{Filter{Repo: "acme/mocha"}, "mocha"},
		{Filter{Repo: "https://github.com/acme/mocha/"}, "mocha"},
		{Filter{Repo: "mocha"}, ""},
		{Filter{Lost: true, Repo: "nrwl/nx"}, "nx"},
		{Filter{WithoutProvenance: true, Repo: "acme/mocha"}, ""},
	} {
		got := Narrow(r, c.filter)
		var names []string
		for _, p := range got.Packages {
			names = append(names, p.Entry.Package.Name)
		}
		if strings.Join(names, " ") != c.want {
			t.Errorf("%+v keeps %v, not %s", c.filter, names, c.want)
		}
		if got.Summary != r.Summary || got.Conclusion != r.Conclusion || len(got.Findings) != len(r.Findings) || title(got) != title(r) {
			t.Errorf("%+v changes the verdict or the counts", c.filter)
		}
	}
	if len(r.Packages) != 9 {
		t.Error("the report itself was narrowed")
	}
	r.Packages[0].Replaced = nil // an audit replaces nothing: then the finding speaks
	if got := Narrow(r, Filter{Lost: true}); len(got.Packages) != 2 {
		t.Errorf("%d were lost", len(got.Packages))
	}
}

func BenchmarkOutput(b *testing.B) {
	c := single(changes(50_000))
	for b.Loop() {
		Output(c)
	}
}

package report

import (
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

func TestWhatFindingsOfARuleHaveInCommonIsSaidOnce(t *testing.T) {
	f := finding(policy.RuleProvenanceLost, policy.Error, entry("a", "1.0.0", 1), "It has none.", "Stay.")
	f.Why, f.Benign, f.Better = "It shows the source.", "A release by hand.", "0.9.0"
	other := f
	other.Message, other.Benign = "Nor has this.", "Another CI system."
	notice := f
	notice.Rule, notice.Severity = policy.RuleProvenanceAbsent, policy.Notice
	page := findingsOf([]policy.Finding{notice, f, other}, unlimited, "")
	for words, times := range map[string]int{
		"*Why it matters:* It shows the source.": 1, "*Benign causes:* A release by hand.": 1, "*Benign causes:* Another CI system.": 1,
		"*What to do:* Stay. `0.9.0` is the newest earlier version that has what this one lacks.":                                  2, // for each rule
		"*What to do:* As said for **provenance-lost** above. `0.9.0` is the newest earlier version that has what this one lacks.": 1,
	} {
		if got := strings.Count(page, words); got != times {
			t.Errorf("%q stands there %d times, not %d:\n%s", words, got, times, page)
		}
	}
	if strings.Index(page, "notice") < strings.Index(page, "Nor has this") {
		t.Errorf("a notice comes before an error:\n%s", page)
	}
}

func TestABetterVersionIsNotNamedTwice(t *testing.T) {
	for help, named := range map[string]bool{
		"Stay on 1.14.0 until you know why.": true, "Stay on axios@1.14.0.": true, "Take 11.14.0.": false, "Take 1.14.0-rc.1.": false, "": false,
	} {
		f := policy.Finding{Help: help, Better: "1.14.0"}
		if got := betterOf(f, shown) == ""; got != named {
			t.Errorf("%q: already said is %v", help, got)
		}
	}
}

func TestOnlyAnAddressThatCannotEndALinkIsTold(t *testing.T) {
	const issue = "https://github.com/acme/web/issues/new?title=axios%401.14.1+has+none&body=Hello%2C+%5Bx%5D%28y%29"
	if got, want := telling(policy.TellMaintainer, issue), "[Tell the maintainer]("+issue+")"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := telling(policy.TellRegistry, issue), "[Report it to the registry]("+issue+")"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, s := range append(hostileNames(), issue+")", issue+" x", issue+"\n", issue+"<", issue+"[", issue+`\`, issue+"@x", "http://github.com/a/b", "javascript:alert(1)", "https://"+strings.Repeat("a", MaxTellChars)) {
		if got := telling(policy.TellMaintainer, s); got != "" && s != "https://evil.example/" { // tellLink chooses the host
			t.Errorf("%q becomes a link: %s", s, got)
		}
	}
}

func TestAFindingAboutManyPackagesNamesAsManyAsFit(t *testing.T) {
	r := oneCause(601)
	o := Output(single(r))
	if len(o.Annotations) != 2 || !strings.HasPrefix(o.Annotations[0].Title, "known-malware") {
		t.Fatalf("%d annotations, first %q", len(o.Annotations), o.Annotations[0].Title)
	}
	message := o.Annotations[1].Message
	if len(message) > MaxAnnotationBytes || len(message) < MaxAnnotationBytes-100 {
		t.Errorf("%d bytes", len(message))
	}
	_, list, ok := strings.Cut(message, "\n\nThe 600 packages:\n")
	names := strings.Split(list, "\n")
	last := len(names) - 1
	if want := "…and " + number(600-last) + " more"; !ok || names[0] != "@scope-0/package-0000@1.0.0" && names[0] != "＠scope-0/package-0000@1.0.0" || names[last] != want {
		t.Errorf("%q … %q, not %q", names[0], names[last], want)
	}
	f := r.Findings[0]
	if all := namesOf(f, ", ", unlimited, shown); strings.Count(all, ", ") != 599 || strings.Contains(all, "more") {
		t.Errorf("%d names", strings.Count(all, ", ")+1)
	}
	for budget := range 600 {
		got := namesOf(f, ", ", budget, shown)
		if n := len("…and 600 more"); len(got) > max(budget, n) {
			t.Fatalf("%d bytes of %d: %s", len(got), budget, got)
		}
	}
	// The table shows what is named first, after the worst.
	if first := strings.Index(o.Text, "package-0600"); first < 0 || first > strings.Index(o.Text, "package-0000") {
		t.Error("the malware does not come first")
	}
}

func TestOnlyCertifiedCommitsOfOneRepositoryAreCompared(t *testing.T) {
	const was, now = "89e6c98d92887913cadf06b2adb97f26cde4849b", "3f786850e387550fdab836ed7e6dc881de23001b"
	pair := func(repository string) Package {
		e := entry("a", "1.1.0", 1)
		return since(updated(e, "1.0.0", proven(e, repository)))
	}
	for repository, want := range map[string]string{
		"https://github.com/acme/web":         "https://github.com/acme/web/compare/" + was + "..." + now,
		"https://acme.ghe.com/acme/web":       "https://acme.ghe.com/acme/web/compare/" + was + "..." + now,
		"https://gitlab.com/acme/tools/web":   "https://gitlab.com/acme/tools/web/-/compare/" + was + "..." + now,
		"https://evil.example/acme/web":       "",
		"https://github.com/acme/web?x":       "",
		"https://github.com/acme/web/../evil": "",
	} {
		if got := compareLink(pair(repository)); got != want {
			t.Errorf("%s: got %q, want %q", repository, got, want)
		}
	}
	for name, change := range map[string]func(*Package){
		"nothing replaced":     func(p *Package) { p.Replaced = nil },
		"was not verified":     func(p *Package) { p.Replaced.Provenance.State = provenance.Invalid },
		"is not verified":      func(p *Package) { p.Evidence.Provenance.State = provenance.Unknown },
		"not looked up":        func(p *Package) { p.NotLookedUp = "comes from git" },
		"no identity before":   func(p *Package) { p.Replaced.Provenance.Identity = nil },
		"no identity now":      func(p *Package) { p.Evidence.Provenance.Identity = nil },
		"another repository":   func(p *Package) { p.Replaced.Provenance.Identity.Repository = "https://github.com/acme/other" },
		"another of that name": func(p *Package) { p.Replaced.Provenance.Identity.RepositoryID = "7" },
		"the same commit":      func(p *Package) { p.Replaced.Provenance.Identity.Commit = now },
		"no commit before":     func(p *Package) { p.Replaced.Provenance.Identity.Commit = "main" },
		"no commit now":        func(p *Package) { p.Evidence.Provenance.Identity.Commit = "main)" },
	} {
		p := pair("https://github.com/acme/web")
		change(&p)
		if got := compareLink(p); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestTheTableSaysWhatIsTooNew(t *testing.T) {
	r := oneCause(8)
	r.Packages = r.Packages[:3]
	for i := range r.Packages {
		r.Packages[i] = out(r.Packages[i], 48*time.Hour)
	}
	r.Findings = []policy.Finding{
		{Rule: policy.RuleTooNew, Severity: policy.Warning, Lockfile: "package-lock.json", Count: 2, Names: r.Packages[0].Entry.Package.ID() + "\n" + r.Packages[1].Entry.Package.ID()},
		finding(policy.RuleTooNew, policy.Notice, r.Packages[2].Entry, "It fixes an advisory.", ""),
	}
	text := textOf(r, unlimited, "")
	if strings.Count(text, "| 2026\u201108\u201130, ⚠ too new |") != 2 || strings.Count(text, "| 2026\u201108\u201130 |") != 1 {
		t.Error(text)
	}
}

func TestBetterVersionsAreNamedForWhatTheyAre(t *testing.T) {
	for rule, want := range map[policy.RuleName]string{
		policy.RuleProvenanceLost:    "1.4.0 is the newest earlier version that has what this one lacks.",
		policy.RuleFreshAndOdd:       "1.4.0 is the newest earlier version that is past the cooldown and proves no less.",
		policy.RuleRepositoryChanged: "1.4.0 is the newest earlier version that was built from the repository of before.",
	} {
		if got := betterOf(policy.Finding{Rule: rule, Better: "1.4.0"}, plainName); got != want {
			t.Errorf("%s: %q, want %q", rule, got, want)
		}
	}
}

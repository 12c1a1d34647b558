package stock

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
)

var (
	monday  = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)
	tuesday = monday.Add(24 * time.Hour)
)

func named(name string) dep.Package {
	return dep.Package{Ecosystem: dep.NPM, Name: name, Version: "1.0.0"}
}

// locked is a package with a signature and provenance that hold.
func locked(name string, edit ...func(*report.Package)) report.Package {
	p := report.Package{Entry: dep.Entry{Package: named(name), Source: dep.Registry, Lockfile: "package-lock.json"}}
	e := &p.Evidence
	e.Package, e.Release = p.Entry.Package, &registry.Release{Package: p.Entry.Package}
	e.Signature.State, e.Provenance.State, e.Publish.State, e.Digest.State = provenance.Verified, provenance.Verified, provenance.Verified, provenance.Verified
	e.Digest.Lockfile = "sha512-" + name
	for _, f := range edit {
		f(&p)
	}
	return p
}

func gone(p *report.Package) {
	e := &p.Evidence
	e.Gone, e.Release = true, nil
	out(p)
	e.Gone = true
}

// out of reach.
func out(p *report.Package) {
	e, c := &p.Evidence, provenance.Check{State: provenance.Unknown, Reason: "The registry did not answer."}
	e.Release, e.Signature.Check, e.Publish.Check, e.Provenance.Check, e.Digest.Check = nil, c, c, c, c
}

func without(p *report.Package) {
	p.Evidence.Provenance.Check = provenance.Check{State: provenance.Absent, Reason: "The registry announces no attestation."}
}

func broken(p *report.Package) {
	p.Evidence.Signature.Check = provenance.Check{State: provenance.Invalid, Reason: "The key is not among the known keys."}
}

func deprecated(p *report.Package) { p.Evidence.Release.Deprecated = "use pond" }

func other(p *report.Package) { p.Evidence.Digest.Lockfile = "sha512-other" }

func malicious(name string) policy.Finding {
	return policy.Finding{Rule: policy.RuleKnownMalware, Package: named(name), Message: name + " is malware."}
}

func TestWhatIsNews(t *testing.T) {
	unasked := policy.Finding{Rule: policy.RuleKnownMalware, Unknown: true}
	off := policy.Default()
	off.Rules = map[policy.RuleName]policy.Severity{policy.RuleDeprecated: policy.Off}
	since := func(kind Kind) []News {
		return []News{{PURL: named("tide").PURL(), Kind: kind, Detail: "before", Since: monday}}
	}
	type look struct {
		before, now report.Package
		first       bool
		known       []News
		findings    []policy.Finding
		policy      *policy.Policy
	}
	for name, tt := range map[string]struct {
		look
		want string // "kind day"
	}{
		"nothing changed":                      {look{before: locked("tide"), now: locked("tide")}, ""},
		"removed":                              {look{before: locked("tide"), now: locked("tide", gone)}, "removed 3"},
		"removed, never there":                 {look{before: locked("tide", gone), now: locked("tide", gone)}, ""},
		"removed, not known before":            {look{before: locked("tide", out), now: locked("tide", gone)}, ""},
		"removed, for long":                    {look{before: locked("tide", gone), now: locked("tide", gone), known: since(Removed)}, "removed 2"},
		"removed, and out of reach":            {look{before: locked("tide", gone), now: locked("tide", out), known: since(Removed)}, "removed 2"},
		"removed, and there again":             {look{before: locked("tide", gone), now: locked("tide"), known: since(Removed)}, ""},
		"removed, and left":                    {look{before: locked("tide", gone), now: locked("sand"), known: since(Removed)}, ""},
		"out of reach":                         {look{before: locked("tide"), now: locked("tide", out)}, ""},
		"provenance absent":                    {look{before: locked("tide"), now: locked("tide", without)}, "provenance-gone 3"},
		"provenance never there":               {look{before: locked("tide", without), now: locked("tide", without)}, ""},
		"provenance gone, then removed":        {look{before: locked("tide", without), now: locked("tide", gone), known: since(ProvenanceGone)}, "removed 3, provenance-gone 2"},
		"another digest":                       {look{before: locked("tide", other), now: locked("tide", without)}, ""},
		"signature invalid":                    {look{before: locked("tide"), now: locked("tide", broken)}, "key-withdrawn 3"},
		"signature invalid for long":           {look{before: locked("tide", broken), now: locked("tide", broken), known: since(KeyWithdrawn)}, "key-withdrawn 2"},
		"deprecated":                           {look{before: locked("tide"), now: locked("tide", deprecated)}, "deprecated 3"},
		"deprecated, and it was":               {look{before: locked("tide", deprecated), now: locked("tide", deprecated)}, ""},
		"deprecated, and nobody wants to know": {look{before: locked("tide"), now: locked("tide", deprecated), policy: &off}, ""},
		"deprecated at the first look":         {look{now: locked("tide", deprecated), first: true}, ""},
		"malware":                              {look{before: locked("tide"), now: locked("tide"), findings: []policy.Finding{malicious("tide")}}, "malware 3"},
		"malware at the first look":            {look{now: locked("tide"), first: true, findings: []policy.Finding{malicious("tide")}}, "malware 3"},
		"malware, for long":                    {look{before: locked("tide"), now: locked("tide"), known: since(Malware), findings: []policy.Finding{malicious("tide")}}, "malware 2"},
		"malware, not asked":                   {look{before: locked("tide"), now: locked("tide"), known: since(Malware), findings: []policy.Finding{unasked}}, "malware 2"},
		"malware no more":                      {look{before: locked("tide"), now: locked("tide"), known: since(Malware)}, ""},
		"malware, not asked, and new":          {look{before: locked("tide"), now: locked("tide"), findings: []policy.Finding{unasked}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy.Default()
			if tt.policy != nil {
				p = *tt.policy
			}
			var got []string
			for _, n := range (Look{
				Report: report.Report{Packages: []report.Package{tt.now}, Findings: tt.findings}, Policy: p, First: tt.first,
				Before: report.Report{Packages: []report.Package{tt.before}}, Known: tt.known, At: tuesday,
			}).News() {
				got = append(got, fmt.Sprintf("%s %d", n.Kind, n.Since.Day()))
				if n.Detail == "" || n.PURL != named("tide").PURL() {
					t.Errorf("%+v", n)
				}
			}
			if text := strings.Join(got, ", "); text != tt.want {
				t.Errorf("%q, want %q", text, tt.want)
			}
		})
	}
}

func TestWhatIsKnownNoMore(t *testing.T) {
	for name, tt := range map[string]struct {
		before, now report.Package
		want        bool
	}{
		"all is known":       {locked("tide"), locked("tide", without), false},
		"out of reach":       {locked("tide"), locked("tide", out), true},
		"gone":               {locked("tide"), locked("tide", gone), false},
		"never known":        {locked("tide", out), locked("tide", out), false},
		"another package":    {locked("sand"), locked("tide", out), false},
		"known now":          {locked("tide", out), locked("tide"), false},
		"provenance unknown": {locked("tide"), locked("tide", func(p *report.Package) { p.Evidence.Provenance.State = provenance.Unknown }), true},
	} {
		t.Run(name, func(t *testing.T) {
			l := Look{Report: report.Report{Packages: []report.Package{tt.now}}, Before: report.Report{Packages: []report.Package{tt.before}}}
			if got := l.Loses(); got != tt.want {
				t.Error(got)
			}
			if l.First = true; l.Loses() {
				t.Error("the first look lost something")
			}
		})
	}
}

// The look before is read from what was stored of it, and its policy may have asked for nothing.
func TestWhatWasDeprecatedAllAlongIsNoNews(t *testing.T) {
	var stored bytes.Buffer
	words := func(p *report.Package) { p.Evidence.Release.Deprecated = strings.Repeat(" use pond", 100) }
	if err := report.Compact(&stored, report.Report{Kind: report.Audit, Conclusion: policy.Success, Packages: []report.Package{locked("tide", words)}}); err != nil {
		t.Fatal(err)
	}
	before, err := report.Parse(stored.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if said := before.Packages[0].Evidence.Release.Deprecated; len(said) == 0 || len(said) > 400 {
		t.Errorf("%d bytes are kept", len(said))
	}
	l := Look{Report: report.Report{Packages: []report.Package{locked("tide", words)}}, Before: before, Policy: policy.Default()}
	if got := l.News(); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

func TestWhatWasKnownIsKeptUntilItCanBeAskedAgain(t *testing.T) {
	before := []report.Package{locked("tide"), locked("sand", without), locked("gone"), locked("moved")}
	now := []report.Package{locked("tide", out), locked("sand", out), locked("gone", gone), locked("moved", out, other), locked("new", out)}
	l := Look{Report: report.Report{Packages: now}, Before: report.Report{Packages: before}}
	kept := l.Kept()
	var states []string
	for _, p := range kept.Packages {
		states = append(states, fmt.Sprint(p.Entry.Package.Name, " ", p.Evidence.Signature.State, " ", p.Evidence.Provenance.State, " ", p.Evidence.Release != nil))
	}
	want := "tide verified verified true; sand verified absent true; gone unknown unknown false; moved unknown unknown false; new unknown unknown false"
	if got := strings.Join(states, "; "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if kept.Summary.Provenance != (report.Counts{Verified: 1, Absent: 1, Unknown: 3}) || now[0].Evidence.Provenance.State != provenance.Unknown {
		t.Errorf("%+v", kept.Summary)
	}
	next := Look{Report: report.Report{Packages: []report.Package{locked("tide", without)}}, Before: kept}
	if got := next.News(); len(got) != 1 || got[0].Kind != ProvenanceGone {
		t.Errorf("%+v", got)
	}
}

func TestWhatTheCheckConcludes(t *testing.T) {
	news := func(kinds ...Kind) (list []News) {
		for _, k := range kinds {
			list = append(list, News{Kind: k})
		}
		return list
	}
	for _, tt := range []struct {
		news []News
		mode policy.Mode
		want policy.Conclusion
	}{
		{nil, policy.Enforce, policy.Success},
		{nil, policy.Observe, policy.Success},
		{news(Deprecated), policy.Enforce, policy.Neutral},
		{news(Deprecated, Removed), policy.Enforce, policy.Failure},
		{news(Malware), policy.Enforce, policy.Failure},
		{news(KeyWithdrawn), policy.Enforce, policy.Failure},
		{news(ProvenanceGone), policy.Observe, policy.Neutral},
	} {
		if got := (Check{News: tt.news, Mode: tt.mode}).Conclusion(); got != tt.want {
			t.Errorf("%v in mode %s: %s, want %s", tt.news, tt.mode, got, tt.want)
		}
	}
}

func TestTheCheckSaysWhatChangedSinceWhen(t *testing.T) {
	news := []News{
		{PURL: "pkg:npm/tide@1.0.0", Kind: Removed, Detail: "The registry has this release no more.", Since: monday},
		{PURL: "pkg:npm/sand@1.0.0", Kind: Deprecated, Detail: "Its maintainers deprecated it: [click](https://evil.example) @everybody \u202e", Since: tuesday},
	}
	if got, want := (Check{News: news}).Title(), "2 packages in use changed: 1 removed from the registry, 1 deprecated"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (Check{}).Title(); got != "All well again" {
		t.Error(got)
	}
	got := Check{News: news, Mode: policy.Observe, Branch: "main", Page: "https://bonafide.example.com/r/acme/web/packages", Demo: true}.Summary()
	for _, want := range []string{
		"Demo", "`main`", "### Removed from the registry", "`pkg:npm/tide@1.0.0`, since 2 March 2026", "observe",
		"`[click](https://evil.example`)", "`@everybody`", "<U+202E>", "(https://bonafide.example.com/r/acme/web/packages)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the summary lacks %q:\n%s", want, got)
		}
	}
	if strings.ContainsRune(got, '\u202e') {
		t.Error("a hidden character is in the summary")
	}
	var many []News
	for i := range 3000 {
		many = append(many, News{PURL: fmt.Sprintf("pkg:npm/%s@%d", strings.Repeat("x", 200), i), Kind: Removed, Detail: strings.Repeat("<", 5000)})
	}
	if text := (Check{News: many, Mode: policy.Enforce, Branch: "main"}).Summary(); len(text) > report.MaxSummaryBytes || !strings.Contains(text, "And 2950 more.") {
		t.Errorf("%d bytes", len(text))
	}
	if n := len([]rune(Check{News: many}.Title())); n > report.MaxTitleChars {
		t.Errorf("the title has %d characters", n)
	}
}

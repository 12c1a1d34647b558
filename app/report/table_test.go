package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

func drawn(t *testing.T, r Report, o TableOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := Table(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// monorepo is an audit of two lockfiles, with long names, and one package of every state.
func monorepo() Report {
	place := func(name, version string, line int, scope dep.Scope, direct bool) dep.Entry {
		e := entry(name, version, line)
		e.Scope, e.Direct = scope, direct
		return e
	}
	core := place("@babel/core", "7.26.0", 129, dep.Dev, true)
	long := place("@babel/plugin-bugfix-v8-static-class-fields-redefine-readonly", "7.29.7", 594, dep.Dev, false)
	chalk := place("chalk", "5.6.1", 310, dep.Prod, true)
	down := place("ms", "2.1.3", 400, dep.Prod, false)
	missing := place("nanoid", "5.0.9", 420, dep.Optional, false)
	local := place("web-tools", "0.0.0", 30, dep.Prod, true)
	again := place("@babel/core", "7.26.0", 88, dep.Prod, true)
	again.Lockfile = "web/package-lock.json"
	types := place("@babel/types", "7.26.0", 90, dep.Peer, false)
	types.Lockfile = "web/package-lock.json"

	trusted := proven(core, "https://github.com/babel/babel")
	trusted.Release.Publisher.TrustedPublisher = "github"
	forged := signedOnly(chalk)
	forged.Provenance = provenance.Provenance{Check: because(provenance.Invalid, "The attestation's subject is pkg:npm/color@5.0.1, not this package."), Announced: true}
	unknown := because(provenance.Unknown, "The registry answered 503 three times.")
	unanswered := provenance.Evidence{Package: down.Package, Signature: provenance.Signature{Check: unknown}, Publish: provenance.Publish{Check: unknown},
		Provenance: provenance.Provenance{Check: unknown}, Digest: provenance.Digest{Check: unknown}}
	absent := signedOnly(missing)
	absent.Provenance.Announced = true

	r := diffReport(policy.Failure, []Package{
		{Entry: core, Occurrences: 1, Evidence: trusted}, {Entry: long, Occurrences: 3, Evidence: signedOnly(long)},
		{Entry: chalk, Occurrences: 1, Evidence: forged}, {Entry: down, Occurrences: 1, Evidence: unanswered},
		{Entry: missing, Occurrences: 2, Evidence: absent}, {Entry: local, Occurrences: 1, NotLookedUp: "comes from a file or folder, no registry answers for it"},
		{Entry: again, Occurrences: 1, Evidence: trusted}, {Entry: types, Occurrences: 1, Evidence: proven(types, "https://gitlab.com/babel/types")},
	},
		policy.Finding{Rule: policy.RuleProvenanceInvalid, Severity: policy.Error, Package: chalk.Package, Lockfile: chalk.Lockfile, Line: 310,
			Message: "chalk@5.6.1 comes with build provenance that does not hold: its subject is pkg:npm/color@5.0.1.",
			Why:     "Whoever made this provenance made it for something else.", Help: "Do not install it.",
			Benign: "none that are known.", Better: "5.6.0"},
		policy.Finding{Rule: policy.RuleProvenanceMissing, Severity: policy.Error, Package: missing.Package, Lockfile: missing.Lockfile, Line: 420,
			Message: "nanoid@5.0.9 announces build provenance, and the registry has none.", Why: "Somebody may have taken it away.", Help: "Ask the maintainer."},
		policy.Finding{Rule: policy.RuleProvenanceMissing, Severity: policy.Error, Package: types.Package, Lockfile: types.Lockfile, Line: 90,
			Message: "@babel/types@7.26.0 announces build provenance, and the registry has none.", Why: "Somebody may have taken it away.", Help: "Ask the maintainer."},
	)
	r.Kind, r.PolicyFrom = Audit, "the defaults"
	return r
}

func TestListsAndGroupsLookAsTheyShould(t *testing.T) {
	for name, o := range map[string]TableOptions{
		"lockfiles":          {},
		"repos":              {Group: ByRepo},
		"scopes":             {Group: ByScope},
		"states":             {Group: ByState},
		"without-provenance": {Filter: Filter{WithoutProvenance: true}},
		"rule":               {Filter: Filter{Rules: []policy.RuleName{policy.RuleProvenanceMissing}}},
		"prod-repo":          {Filter: Filter{Prod: true, Repo: "babel/babel"}},
	} {
		for width, suffix := range map[int]string{80: "-80", 140: "-140"} {
			o.Width, o.Took = width, time.Second
			golden(t, "list-"+name+suffix, []byte(drawn(t, monorepo(), o)))
		}
	}
	golden(t, "list-colors", []byte(strings.ReplaceAll(drawn(t, monorepo(), TableOptions{Width: 80, Color: true}), "\x1b", "ESC")))
}

// The harmless causes of a finding stand once, also where those of another one of the rule
// differ.
func TestATableSaysHarmlessCausesOnce(t *testing.T) {
	r := diffReport(policy.Failure, nil)
	for _, benign := range []string{"a move.", "a move.", "a mirror."} {
		r.Findings = append(r.Findings, policy.Finding{Rule: policy.RuleProvenanceLost, Severity: policy.Error, Message: "It is lost.", Benign: benign})
	}
	out := drawn(t, r, TableOptions{})
	for _, benign := range []string{"a move.", "a mirror."} {
		if n := strings.Count(out, "Benign causes: "+benign); n != 1 {
			t.Errorf("%q stands there %d times:\n%s", benign, n, out)
		}
	}
}

// Whoever sees no colours misses nothing.
func TestColorsAddNothing(t *testing.T) {
	sequence := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for _, r := range []Report{monorepo(), everyFinding(), observed(), unanswered(), neutral(), verification(), edited(), whole(), chainsOf()} {
		for _, width := range []int{0, 40, 80, 140} {
			plain, colored := drawn(t, r, TableOptions{Width: width}), drawn(t, r, TableOptions{Width: width, Color: true})
			if strings.Contains(plain, "\x1b") || !sequence.MatchString(colored) {
				t.Fatalf("at %d columns: colours where there are to be none, or none", width)
			}
			if got := sequence.ReplaceAllString(colored, ""); got != plain {
				t.Errorf("at %d columns, without its colours\n%s\nand without\n%s", width, got, plain)
			}
		}
	}
}

func TestTablesFitTheTerminal(t *testing.T) {
	for _, width := range []int{50, 60, 80, 100, 119, 120, 140, 200} {
		for _, by := range []Group{"", ByRepo, ByScope, ByState} {
			for _, f := range []Filter{{}, {WithoutProvenance: true}} {
				for _, kind := range []Kind{Audit, Diff} {
					r := monorepo()
					r.Kind = kind
					out := drawn(t, r, TableOptions{Width: width, Group: by, Filter: f})
					for line := range strings.Lines(out) {
						line = strings.TrimSuffix(line, "\n")
						if text.StringWidth(line) > width || line != strings.TrimRight(line, " ") {
							t.Errorf("%d columns, %s by %q, %+v: %q", width, kind, by, f, line)
						}
					}
					for _, p := range []string{"chalk@5.6.1", "ms@2.1.3", "invalid"} {
						if !strings.Contains(out, p) {
							t.Errorf("%d columns, %s by %q, %+v: no %s in\n%s", width, kind, by, f, p, out)
						}
					}
				}
			}
		}
	}
}

func TestCountsStayIndentedWhereTheyFold(t *testing.T) {
	out := drawn(t, monorepo(), TableOptions{Width: 40})
	for _, begin := range []string{"\n  signature ", "\n  provenance ", "\n  --without-provenance "} {
		if !strings.Contains(out, begin) {
			t.Errorf("no line begins with %q:\n%s", begin, out)
		}
	}
}

func TestNamesLoseTheirMiddle(t *testing.T) {
	for _, x := range []struct {
		s     string
		width int
		want  string
	}{
		{"chalk@5.6.1", 11, "chalk@5.6.1"},
		{"chalk@5.6.1", 10, "chal…5.6.1"},
		{"@babel/helper-string-parser@7.29.14", 24, "@babel/help…rser@7.29.14"},
		{"日本語日本語日本語", 9, "日本…本語"},
		{"", 3, ""},
	} {
		if got := middle(x.s, x.width); got != x.want || text.StringWidth(got) > x.width {
			t.Errorf("%q in %d cells became %q, not %q", x.s, x.width, got, x.want)
		}
	}
}

func TestARuleListsItsPackagesAndFindings(t *testing.T) {
	whole := monorepo()
	before := title(whole)
	r := Narrow(whole, Filter{Rules: []policy.RuleName{policy.RuleProvenanceInvalid, policy.RuleTooNew}})
	if len(r.Packages) != 1 || r.Packages[0].Entry.Package.Name != "chalk" || len(r.Findings) != 1 || r.Conclusion != whole.Conclusion {
		t.Errorf("%d packages, %d findings, %s", len(r.Packages), len(r.Findings), r.Conclusion)
	}
	if len(whole.Findings) != 3 || title(r) != before {
		t.Errorf("the whole is changed, or its title: %q, not %q", title(r), before)
	}
	if r := Narrow(whole, Filter{Rules: []policy.RuleName{policy.RuleProvenanceMissing}, Prod: true}); len(r.Packages) != 2 {
		t.Errorf("%d packages", len(r.Packages))
	}
	if r := Narrow(excepted(), Filter{Rules: []policy.RuleName{policy.RuleInstallScript}}); len(r.Excepted) != 1 {
		t.Errorf("%d excepted findings", len(r.Excepted))
	}
}

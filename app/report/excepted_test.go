package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
)

// excepted has a finding that the policy excepts, one that somebody accepted, and pins
// to offer.
func excepted() Report {
	r := cleanUpdate()
	esbuild, axios := entry("esbuild", "0.21.5", 90), entry("axios", "1.14.1", 101)
	r.Excepted = []policy.Excepted{
		{Finding: finding(policy.RuleProvenanceLost, policy.Error, axios, "axios@1.14.1 has no build provenance, but 1.14.0, which it replaces, had.", "Stay."),
			Pardon: policy.Pardon{Acceptance: &policy.Acceptance{Package: axios.Package, Rule: policy.RuleProvenanceLost, Reason: "published by hand, see #4711", By: "robin", Number: 12}}},
		{Finding: finding(policy.RuleInstallScript, policy.Warning, esbuild, "esbuild@0.21.5 is new here and runs the script postinstall at install time.", "Read it."),
			Pardon: policy.Pardon{Exception: &policy.Exception{Package: "npm:esbuild@>=0.21 <1", Reason: "downloads its platform binary", Owner: "@my-org/security",
				Expires: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), Line: 53}}},
	}
	r.Pins = []policy.PackageRule{{Match: "npm:axios", Identity: policy.IdentityPin{Repository: "github.com/axios/axios", Workflow: ".github/workflows/publish.yml", Ref: "refs/tags/*"}}}
	return r
}

func TestExceptedFindingsLookAsTheyShould(t *testing.T) {
	out := Output(single(excepted()))
	golden(t, "check-excepted", written(out))
	if len(out.Annotations) > 0 || len(Comments(excepted())) > 0 {
		t.Error("what is excepted is annotated or commented")
	}
	var table, text bytes.Buffer
	if err := Table(&table, excepted(), TableOptions{Width: 100}); err != nil {
		t.Fatal(err)
	}
	golden(t, "table-excepted", table.Bytes())
	if err := JSON(&text, excepted()); err != nil {
		t.Fatal(err)
	}
	golden(t, "json-excepted", text.Bytes())
	if err := validate(t, compiledSchema(t), text.Bytes()); err != nil {
		t.Error(err)
	}
	if plain := harmless(t, out.Summary, append(slices.Clone(elements), "del")); !strings.Contains(plain, "downloads its platform binary") {
		t.Errorf("the reason is not shown:\n%s", plain)
	}
}

func TestHostileExceptionsAreHarmless(t *testing.T) {
	r := hostile()
	for i, s := range hostileNames() {
		f := r.Findings[i%len(r.Findings)]
		x := policy.Excepted{Finding: f, Pardon: policy.Pardon{Exception: &policy.Exception{Reason: s, Owner: s, File: s}}}
		if i%2 == 0 {
			x.Pardon = policy.Pardon{Acceptance: &policy.Acceptance{Reason: s, By: s}}
		}
		r.Excepted = []policy.Excepted{x}
		harmless(t, exceptedOf(r, unlimited), append(slices.Clone(elements), "del"))
		var b bytes.Buffer
		if err := Table(&b, Report{Kind: Diff, Excepted: r.Excepted}, TableOptions{}); err != nil {
			t.Fatal(err)
		}
		if at := strings.IndexFunc(b.String(), func(r rune) bool { return r != '\n' && hidden(r) }); at >= 0 {
			t.Errorf("a hidden character survives: %.100q", b.String()[at:])
		}
	}
}

func TestExceptedFindingsAndPinsStayWithinTheLimits(t *testing.T) {
	r := changes(5_000)
	for range 1_000 {
		r.Excepted = append(r.Excepted, excepted().Excepted...)
	}
	for range 20 {
		r.Pins = append(r.Pins, excepted().Pins...)
	}
	o := Output(single(r))
	inLimits(t, o)
	if !strings.Contains(o.Summary, "more excepted findings not shown here") || !strings.Contains(o.Text, "</details>") || !strings.Contains(o.Summary, "\n- ❌") {
		t.Error("something is missing")
	}
}

func TestPinsAreSaidOnce(t *testing.T) {
	r := excepted()
	folded := Output(single(r)).Text
	if !strings.Contains(folded, "<summary>Identity pins for 1 package") || strings.HasPrefix(folded, "### Identity pins") {
		t.Errorf("%s", folded)
	}
	r.PinsShown = true
	blocks := Output(single(r)).Text
	if !strings.HasPrefix(blocks, "### Identity pins for 1 package of the base branch\n") || !strings.Contains(blocks, "There is no patch for it") ||
		!strings.Contains(blocks, "```yaml\npackages:") || strings.Contains(blocks, "<summary>Identity") {
		t.Errorf("%s", blocks)
	}
	r.PinsPatch = "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n # ```` <b>@octocat</b>\n+packages:\n"
	patch := Output(single(r)).Text
	if !strings.Contains(patch, "\n`````diff\n"+r.PinsPatch+"`````\n") || strings.Contains(patch, "```yaml") || strings.Contains(patch, "<summary>Identity") {
		t.Errorf("%s", patch)
	}
	r.PinsPatch = strings.Repeat("+ a long line\n", MaxTextBytes/20)
	if o := Output(single(r)); !strings.HasPrefix(o.Text, "### Identity pins") || !strings.Contains(o.Text, "```yaml") {
		t.Errorf("%.300s", o.Text)
	}
}

package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// advised has findings with all that a comment can say, an error and a warning at one line.
func advised() Report {
	tide := entry("tide", "1.0.1", 12)
	tide.Direct, tide.Workspaces = true, []string{".", "apps/shop"}
	row := updated(tide, "1.0.0", signedOnly(tide))
	row.Manifests = ManifestsOf([]dep.Entry{tide})
	lost := finding(policy.RuleProvenanceLost, policy.Error, tide, "tide@1.0.1 has no build provenance, but 1.0.0, which it replaces, had.", "Stay on 1.0.0 until you know why.")
	lost.Why = "Without provenance nobody can see who built it, and from what."
	lost.Benign = "somebody published by hand while the workflow was broken."
	lost.Better = "1.0.0"
	fresh := finding(policy.RuleTooNew, policy.Warning, tide, "tide@1.0.1 came out 2 hours ago.", "Wait until 2026-09-04.")
	fresh.Benign = "Every release is new once."
	mismatch := finding(policy.RuleDigestMismatch, policy.Error, entry("sand", "2.0.0", 40), "The lockfile's digest of sand@2.0.0 is not the registry's.", "Restore it.")
	return diffReport(policy.Failure, []Package{row}, lost, mismatch, fresh)
}

func TestCommentsSayWhatToDo(t *testing.T) {
	for _, c := range []policy.Comments{policy.CommentErrors, policy.CommentAll} {
		r := advised()
		r.Comments = c
		var b bytes.Buffer
		fmt.Fprintf(&b, "=== review\n%s", ReviewBody(r))
		for _, c := range Comments(r) {
			fmt.Fprintf(&b, "\n=== %s:%d, or at %v\n%s\n", c.Path, c.Line, c.Manifests, c.Body)
		}
		golden(t, "comments-advised-"+string(c), b.Bytes())
	}
}

func TestThePolicySaysWhatGetsComments(t *testing.T) {
	r := everyFinding()
	weights := func(c policy.Comments) (out string) {
		r.Comments = c
		for _, c := range Comments(r) {
			out += strings.Fields(c.Body)[1] + " "
		}
		return out
	}
	for c, want := range map[policy.Comments]string{
		policy.CommentNothing: "",
		policy.CommentErrors:  "error error error error error ",
		"":                    "error error error error error ",
		policy.CommentAll:     "error error error error error warning ", // notices never
	} {
		if got := weights(c); got != want {
			t.Errorf("%q: %s", c, got)
		}
	}
	r = cleanUpdate()
	if got := weights(policy.CommentAll); got != "" {
		t.Errorf("all is well, and they say %s", got)
	}
	r = unanswered()
	r.Findings[0].Severity = policy.Warning
	if got := weights(policy.CommentAll); got != "" {
		t.Errorf("what is unknown: %s", got)
	}
	many := changes(1_000)
	for i := range many.Findings {
		many.Findings[i].Severity = policy.Warning
	}
	many.Comments = policy.CommentAll
	if got := Comments(many); len(got) != MaxComments || !strings.Contains(ReviewBody(many), "80 more lines with findings") {
		t.Errorf("%d comments; %s", len(got), ReviewBody(many))
	}
}

func TestWhatWasSaidStandsWhateverThePolicyWantsSaidNow(t *testing.T) {
	r := advised()
	r.Comments = policy.CommentAll
	all := Comments(r)
	posted := map[string]bool{all[0].Fingerprint: true, all[2].Fingerprint: true, "another": true}
	for _, c := range []policy.Comments{policy.CommentNothing, policy.CommentErrors, policy.CommentAll} {
		r.Comments = c
		standing := Standing(r, posted)
		if len(standing) != 2 || standing[0].Body != all[0].Body || standing[1].Body != all[2].Body {
			t.Errorf("%s: %+v", c, standing)
		}
	}
	if got := Standing(r, nil); got != nil {
		t.Errorf("nothing was posted: %+v", got)
	}
}

func TestAManifestIsWhereTheRepositoryAsks(t *testing.T) {
	at := func(lockfile string, change func(*dep.Entry)) []dep.Entry {
		e := dep.Entry{Package: npm("tide", "1.0.1"), Lockfile: lockfile, Direct: true}
		change(&e)
		return []dep.Entry{e}
	}
	in := func(folders ...string) func(*dep.Entry) {
		return func(e *dep.Entry) { e.Workspaces = folders }
	}
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprint("packages/", i)
	}
	for name, x := range map[string]struct {
		entries []dep.Entry
		want    string
	}{
		"the root's":        {at("package-lock.json", in(".")), "package.json tide"},
		"a workspace's":     {at("web/pnpm-lock.yaml", in(".", "apps/shop")), "web/package.json tide, web/apps/shop/package.json tide"},
		"nobody says whose": {at("yarn.lock", in()), "package.json tide"},
		"an alias":          {at("package-lock.json", func(e *dep.Entry) { e.Alias, e.Workspaces = "ebb", []string{"."} }), "package.json ebb"},
		"asked for by two names": {at("bun.lock", func(e *dep.Entry) {
			e.Workspaces = []string{".", "a"}
			e.Places = []dep.Place{{By: ".", As: "ebb"}, {By: "b@1.0.0", As: "x"}, {By: "a", As: "tide"}}
		}), "package.json ebb, a/package.json tide"},
		"transitive":            {at("package-lock.json", func(e *dep.Entry) { e.Direct = false }), ""},
		"the second entry":      {append(at("package-lock.json", func(e *dep.Entry) { e.Direct = false }), at("package-lock.json", in("."))...), "package.json tide"},
		"out of the repository": {at("web/package-lock.json", in("../../..", "../.", "/etc")), "package.json tide, web/etc/package.json tide"},
		"deno":                  {at("deno.lock", in(".")), "deno.json tide, deno.jsonc tide, package.json tide"},
		"no lockfile":           {at("", in(".")), ""},
	} {
		var got []string
		for _, m := range ManifestsOf(x.entries) {
			got = append(got, m.Path+" "+m.Name)
		}
		if s := strings.Join(got, ", "); s != x.want {
			t.Errorf("%s: %s", name, s)
		}
	}
	if got := ManifestsOf(at("package-lock.json", in(many...))); len(got) != MaxManifests {
		t.Errorf("%d manifests", len(got))
	}
}

func TestACommentAboutSeveralPackagesHasNoManifest(t *testing.T) {
	r := advised()
	r.Findings = slices.Clone(r.Findings[:2])
	r.Findings[1].Line = r.Findings[0].Line
	if c := Comments(r); len(c) != 1 || len(c[0].Manifests) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestOnlyWhatCanBeAcceptedSaysHow(t *testing.T) {
	f := finding(policy.RuleProvenanceLost, policy.Error, entry("@acme/tide", "1.0.1-a.1", 1), "", "")
	if got, want := acceptCommand(f), "`/bonafide accept npm:@acme/tide@1.0.1-a.1 provenance-lost REASON`"; got != want {
		t.Errorf("got %s", got)
	}
	for name, change := range map[string]func(*policy.Finding){
		"a grave rule":           func(f *policy.Finding) { f.Rule = policy.RuleKnownMalware },
		"a fixed rule":           func(f *policy.Finding) { f.Rule = policy.RuleUnverified },
		"no rule":                func(f *policy.Finding) { f.Rule = "x" },
		"a warning":              func(f *policy.Finding) { f.Severity = policy.Warning },
		"a file":                 func(f *policy.Finding) { f.Package = dep.Package{} },
		"another ecosystem":      func(f *policy.Finding) { f.Package.Ecosystem = dep.JSR },
		"no version":             func(f *policy.Finding) { f.Package.Version = "" },
		"a blank":                func(f *policy.Finding) { f.Package.Name = "a b" },
		"a pipe":                 func(f *policy.Finding) { f.Package.Name = "a|b" },
		"a backtick":             func(f *policy.Finding) { f.Package.Name = "a`b" },
		"hidden characters":      func(f *policy.Finding) { f.Package.Name = "a\u202eb" },
		"a version that is none": func(f *policy.Finding) { f.Package.Version = "1@2" },
		"a very long name":       func(f *policy.Finding) { f.Package.Name = strings.Repeat("a", 500) },
	} {
		other := f
		change(&other)
		if got := acceptCommand(other); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

const reviewLike = "<!-- bonafide:review -->"

// publishing has what a workflow gets wrong, with lines that would mend it.
func publishing(weight policy.Severity, mended ...policy.Mended) Report {
	var findings []policy.Finding
	for i, m := range mended {
		findings = append(findings, policy.Finding{Rule: policy.RulePublishWorkflow, Severity: weight, Lockfile: ".github/workflows/release.yml", Line: 12, Mended: m,
			Message: fmt.Sprintf("The job <b>%d</b> has no id-token: write.", i), Why: "Nothing is signed without it.", Help: "Add it."})
	}
	r := diffReport(policy.Success, nil, findings...)
	r.Comments = policy.CommentAll
	return r
}

func TestWhatPublishesIsSaidWithTheLinesThatMendIt(t *testing.T) {
	one := policy.Mended{From: 13, To: 14, Text: "    permissions:\n      id-token: write"}
	fenced := policy.Mended{From: 20, To: 20, Text: "```\n````suggestion\n<b>"}
	r := publishing(policy.Notice, one, fenced, policy.Mended{})
	var b bytes.Buffer
	for _, c := range Comments(r) {
		fmt.Fprintf(&b, "=== %s:%d, mends %d to %d\n%s\n--- suggested\n%s\n", c.Path, c.Line, c.Mended.From, c.Mended.To, c.Body, c.Suggested)
		if strings.Contains(c.Body, "suggestion") || !strings.HasSuffix(c.Suggested, Marker(c.Fingerprint)) && c.Mended.From > 0 {
			t.Errorf("%s", c.Suggested)
		}
	}
	golden(t, "comments-publishing", b.Bytes())
	r.Comments = policy.CommentErrors
	if got := Comments(r); len(got) != 0 {
		t.Errorf("notices where errors are asked for: %d comments", len(got))
	}
	r = publishing(policy.Error, one)
	r.Comments = policy.CommentErrors
	if got := Comments(r); len(got) != 1 || got[0].Suggested == "" {
		t.Errorf("an error: %+v", got)
	}
	if got := Comments(publishing(policy.Notice, policy.Mended{From: 1, To: 1, Text: "# x\n" + reviewLike})); len(got) != 1 || got[0].Suggested != "" {
		t.Error("a suggestion that looks like a mark was made")
	}
	if got := Comments(publishing(policy.Notice, policy.Mended{From: 1, To: 1, Text: strings.Repeat("x", MaxCommentBytes)})); len(got) != 1 || got[0].Suggested != "" {
		t.Error("a suggestion that has no room was made")
	}
}

package review

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

// What a policy asks of whole lockfiles is looked at, and nothing beyond it.
func TestWholeLockfilesAreLookedAtWhereThePolicyAsksForIt(t *testing.T) {
	base := locking("tide@1.0.0", "sand@1.0.0", "kelp@1.0.0", "reef@1.0.0")
	head := locking("tide@1.0.0", "sand@1.0.0", "kelp@2.0.0", "reef@1.0.0", "foam@1.0.0")
	private := func(lock string) string {
		return strings.Replace(lock, "registry.npmjs.org/reef", "npm.acme.example/reef", 1)
	}
	states := map[string]provenance.State{"tide@1.0.0": provenance.Verified, "kelp@1.0.0": provenance.Verified}
	for name, c := range map[string]struct {
		head   string
		base   string // the same for most
		audit  bool
		down   bool
		edit   func(*policy.Policy)
		asked  string
		speaks string
	}{
		"nothing":                 {head: head, edit: func(*policy.Policy) {}, asked: "foam@1.0.0 kelp@1.0.0 kelp@2.0.0"},
		"one package":             {head: head, edit: func(p *policy.Policy) { p.Packages = []policy.PackageRule{{Match: "npm:sand", Require: "all"}} }, asked: "foam@1.0.0 kelp@1.0.0 kelp@2.0.0 sand@1.0.0", speaks: "sand@1.0.0 has no build provenance"},
		"all":                     {head: head, edit: func(p *policy.Policy) { p.Require = "all" }, asked: "foam@1.0.0 kelp@1.0.0 kelp@2.0.0 reef@1.0.0 sand@1.0.0 tide@1.0.0", speaks: "4 packages have no build provenance"},
		"a minimum":               {head: head, edit: func(p *policy.Policy) { p.MinCoverage = 30 }, asked: "foam@1.0.0 kelp@1.0.0 kelp@2.0.0 reef@1.0.0 sand@1.0.0 tide@1.0.0", speaks: "20% of package-lock.json's packages have verified provenance (1 of 5)"},
		"a private package":       {head: private(head), base: private(base), edit: func(p *policy.Policy) { p.MinCoverage = 30 }, asked: "foam@1.0.0 kelp@1.0.0 kelp@2.0.0 sand@1.0.0 tide@1.0.0", speaks: "20% of package-lock.json's packages have verified provenance (1 of 5)"},
		"one that may be private": {head: private(head), base: private(base), edit: func(p *policy.Policy) { p.Require = "all" }, asked: "foam@1.0.0 kelp@1.0.0 kelp@2.0.0 sand@1.0.0 tide@1.0.0", speaks: "reef@1.0.0 comes from a registry that Bonafide was not told about"},
		"a drop":                  {head: head, edit: func(p *policy.Policy) { p.MaxCoverageDrop = 10 }, asked: "foam@1.0.0 kelp@1.0.0 kelp@2.0.0 reef@1.0.0 sand@1.0.0 tide@1.0.0", speaks: "from 50% (2 of 4) to 20% (1 of 5)"},
		"an audit":                {head: head, audit: true, edit: func(p *policy.Policy) { p.MinCoverage = 30 }, asked: "foam@1.0.0 kelp@2.0.0 reef@1.0.0 sand@1.0.0 tide@1.0.0", speaks: "20% of package-lock.json's packages"},
		"unknown":                 {head: head, down: true, edit: func(p *policy.Policy) { p.MinCoverage = 30 }, asked: "foam@1.0.0 kelp@1.0.0 kelp@2.0.0 reef@1.0.0 sand@1.0.0 tide@1.0.0", speaks: "it is between 20% and 40% (1 of 5, 1 unknown: the registry answered 503)"},
	} {
		v := &verifier{provenance: map[string]provenance.State{}}
		for id, s := range states {
			v.provenance[id] = s
		}
		if c.down {
			v.provenance["reef@1.0.0"] = provenance.Unknown
		}
		if c.base == "" {
			c.base = base
		}
		p := policy.Default()
		c.edit(&p)
		req := Request{Kind: report.Diff, Policy: p, Files: []File{{Path: "package-lock.json", Base: []byte(c.base), Head: []byte(c.head)}}}
		if c.audit {
			req.Kind, req.Files[0].Base = report.Audit, nil
		}
		r, err := reviewer(v).Review(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		var asked, said []string
		for id, n := range v.asked {
			asked = append(asked, id)
			if n > 1 {
				t.Errorf("%s: %s was asked about %d times", name, id, n)
			}
		}
		slices.Sort(asked)
		for _, f := range r.Findings {
			if f.Rule == policy.RuleCoverage {
				said = append(said, f.Message)
			}
		}
		all := strings.Join(said, "\n")
		if got := strings.Join(asked, " "); got != c.asked || !strings.Contains(all, c.speaks) || c.speaks == "" && all != "" {
			t.Errorf("%s: asked about %s\n%s", name, got, all)
		}
		if r.Retry != c.down {
			t.Errorf("%s: worth another try: %v", name, r.Retry)
		}
	}
}

package report

import (
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

func TestTitlesSayTheCauseWhereItIsOne(t *testing.T) {
	a, b, c := entry("a", "1.0.0", 1), entry("b", "1.0.0", 2), entry("c", "1.0.0", 3)
	errors := func(rule policy.RuleName, unknown bool) policy.Finding {
		return policy.Finding{Rule: rule, Severity: policy.Error, Unknown: unknown, Message: "m"}
	}
	about := func(rule policy.RuleName, e policy.Finding) policy.Finding {
		e.Rule, e.Severity = rule, policy.Error
		return e
	}
	pa, pb, pc := policy.Finding{Package: a.Package, Lockfile: a.Lockfile}, policy.Finding{Package: b.Package, Lockfile: b.Lockfile}, policy.Finding{Package: c.Package, Lockfile: c.Lockfile}
	file := policy.Finding{Lockfile: "package-lock.json"}
	merged := policy.Finding{Lockfile: "package-lock.json", Count: 2}
	plain := []Package{updated(a, "0.9.0", signedOnly(a)), updated(b, "0.9.0", signedOnly(b)), updated(c, "0.9.0", signedOnly(c))}
	shown := []Package{updated(a, "0.9.0", proven(a, "https://github.com/acme/a")), plain[1], plain[2]}
	down := []Package{updated(a, "0.9.0", provenance.Evidence{Package: a.Package}), plain[1], plain[2]}
	for _, test := range []struct {
		packages []Package
		findings []policy.Finding
		want     string
	}{
		{plain, []policy.Finding{about(policy.RuleProvenanceLost, pa), about(policy.RuleSignatureMissing, pb)}, "2 of 3 changed packages cannot prove where they come from"},
		{plain, []policy.Finding{about(policy.RuleProvenanceLost, pa), about(policy.RuleFreshAndOdd, pa)}, "1 of 3 changed packages cannot prove where it comes from"},
		{plain, []policy.Finding{about(policy.RuleProvenanceLost, pa), about(policy.RuleFreshAndOdd, pb)}, "2 of 3 changed packages need attention (provenance-lost, fresh-and-odd)"},
		{plain, []policy.Finding{about(policy.RuleProvenanceLost, pa), about(policy.RuleCoverage, pb), about(policy.RuleIdentityPinned, pc)}, "All 3 changed packages cannot prove where they come from"},
		{plain[:2], []policy.Finding{about(policy.RuleFreshAndOdd, pa), about(policy.RuleFreshAndOdd, pb)}, "Both changed packages are very new and unusual"},
		{plain, []policy.Finding{about(policy.RuleSignatureMissing, merged)}, "2 of 3 changed packages cannot prove where they come from"},
		// What has provenance that holds, or that nobody could look at, is not said to prove nothing.
		{shown, []policy.Finding{about(policy.RulePublisherLost, pa)}, "1 of 3 changed packages was published in a weaker way than before"},
		{shown, []policy.Finding{about(policy.RuleIdentityPinned, pa)}, "1 of 3 changed packages is not by whom the policy pins"},
		{shown, []policy.Finding{about(policy.RuleSignatureMissing, merged)}, "2 of 3 changed packages have no registry signature that holds"},
		{down, []policy.Finding{about(policy.RuleSignatureInvalid, pa)}, "1 of 3 changed packages has no registry signature that holds"},
		{shown, []policy.Finding{about(policy.RuleRepositoryChanged, pa)}, "1 of 3 changed packages now comes from another repository"},
		{plain, []policy.Finding{about(policy.RuleRepinned, pa), about(policy.RuleRepinned, pb)}, "2 of 3 changed packages kept their version, but not their digest or source"},
		{plain, []policy.Finding{about(policy.RuleDigestMismatch, pa), about(policy.RuleRepinned, pa)}, "1 of 3 changed packages has a digest that does not match"},
		{plain, []policy.Finding{about(policy.RuleExoticSource, pa)}, "1 of 3 changed packages brings in code from an unexpected source"},
		{plain, []policy.Finding{about(policy.RuleProvenanceLost, pa), about(policy.RuleCoverage, file)}, "1 of 3 changed packages and 1 file need attention (provenance-lost, coverage)"},
		// Malware comes first, whatever else there is.
		{plain, []policy.Finding{about(policy.RuleKnownMalware, pb)}, "1 of 3 changed packages is known malware"},
		{plain, []policy.Finding{about(policy.RuleFreshAndOdd, pb), about(policy.RuleKnownMalware, pb)}, "1 of 3 changed packages is known malware"},
		{plain, []policy.Finding{about(policy.RuleKnownMalware, pa), about(policy.RuleProvenanceLost, pb), about(policy.RuleProvenanceLost, pc)}, "1 of 3 changed packages is known malware, 2 more cannot prove where they come from"},
		{plain, []policy.Finding{about(policy.RuleKnownMalware, pa), about(policy.RuleLockfileUnreadable, file)}, "1 of 3 changed packages is known malware, 1 file cannot be read"},
		{plain, []policy.Finding{about(policy.RuleKnownMalware, pa), about(policy.RuleIntegrityLost, merged), about(policy.RuleRepinned, pb)}, "1 of 3 changed packages is known malware, at least 2 more need attention (integrity-lost, repinned)"},
		// That the advisories could not be asked is no malware.
		{plain, []policy.Finding{errors(policy.RuleKnownMalware, true)}, "1 other matter needs attention"},
	} {
		if got := title(diffReport(policy.Failure, test.packages, test.findings...)); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func TestEveryRuleThatATitleSpeaksOfIsOne(t *testing.T) {
	for _, c := range causes() {
		for _, name := range c.rules {
			if _, ok := policy.FindRule(name); !ok {
				t.Errorf("%q: there is no rule %s", c.one, name)
			}
		}
	}
}

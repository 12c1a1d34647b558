package review

import (
	"slices"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
)

// An update that only the organisation's floor holds back is asked about for fixes, too;
// one that nothing holds back is not.
func TestFixesAreLookedForWhereACooldownHoldsAnUpdateBack(t *testing.T) {
	h := left(8 * 24 * time.Hour)
	fortnight := 14 * 24 * time.Hour
	floored := policy.Default()
	floored.Floor = &policy.Floor{MaxCoverageDrop: 100, Packages: []policy.PackageRule{{Match: "npm:left", Cooldown: &fortnight}}}
	for name, x := range map[string]struct {
		policy policy.Policy
		asked  bool
	}{"the defaults": {policy.Default(), false}, "the floor": {floored, true}} {
		req, asked := bring("left@1.0.1"), &hub{}
		req.Files[0].Base = packages{"node_modules/left": public("left@1.0.0")}.lockfile()
		req.Policy, req.Hub = x.policy, asked
		if _, err := remembering(proven("left@1.0.0"), h).Review(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(asked.asked, "fix left@1.0.1 of 1.0.0") != x.asked {
			t.Errorf("%s: %v", name, asked.asked)
		}
	}
}

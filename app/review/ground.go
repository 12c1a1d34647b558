package review

import (
	"fmt"
	"sort"
	"strings"
)

// ground names what a verdict is about, so that it can be seen to have changed.
type ground string

// noGround: there is nothing left to give a verdict on.
const noGround ground = ""

// basesOf is the ground of some pull requests: which there are, and into what.
func basesOf(pulls []Pull) ground {
	var b strings.Builder
	for _, p := range pulls {
		fmt.Fprintf(&b, "%d into %s\n", p.Number, p.BaseRef)
	}
	return ground(b.String())
}

// restsOn names what a verdict rests on, so that a second run on the same ground is
// known as such. Being asked to run again is a ground of its own. It waits for the policies.
func restsOn(targets []target, rerun string) string {
	parts := make([]string, len(targets), len(targets)+1)
	for i, t := range targets {
		kind := "group"
		if t.pull > 0 {
			kind = fmt.Sprintf("pr/%d", t.pull)
		}
		parts[i] = fmt.Sprintf("%s %s@%s policy@%s", kind, t.baseRef, t.base, t.policyAt)
		if b := t.book(); b != nil && b.policy.Identity+b.policy.FloorIdentity != "" {
			parts[i] += fmt.Sprintf(" by %q %q", b.policy.Identity, b.policy.FloorIdentity)
		}
		if len(t.accepted) > 0 {
			parts[i] += " accepted@" + fingerprint(t.accepted)
		}
	}
	sort.Strings(parts)
	if rerun != "" {
		parts = append(parts, "rerun "+rerun)
	}
	return strings.Join(parts, "\n")
}

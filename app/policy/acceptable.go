package policy

import (
	"cmp"
	"crypto/sha512"
	"fmt"
	"slices"
)

// acceptable are the acceptances of the errors among some drafts that would hold once they
// were given.
func (v view) acceptable(drafts []draft) []Acceptance {
	if v.policy.AcceptBy == "" || v.policy.AcceptBy == "nobody" {
		return nil
	}
	seen := map[Acceptance]bool{}
	var out []Acceptance
	for _, d := range drafts {
		if d.Severity != Error || d.Unknown || d.entry.Package.Name == "" {
			continue
		}
		if _, ok := Acceptable(d.Rule); !ok {
			continue
		}
		if ok, _ := v.policy.mayExcept(d.Rule, nil, v.at); !ok {
			continue
		}
		if a := acceptanceFor(d.entry, d.Rule); !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b Acceptance) int {
		return cmp.Or(cmp.Compare(a.Lockfile, b.Lockfile), cmp.Compare(a.Package.String(), b.Package.String()),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Source, b.Source))
	})
	return out
}

// Offered names what is offered to be accepted with one click: the first 48 bits of a
// SHA-512. Others have another name, so that nobody accepts what they did not see. It is
// 0 for nothing.
func Offered(list []Acceptance) int64 {
	if len(list) == 0 {
		return 0
	}
	hash := sha512.New()
	for _, a := range list {
		fmt.Fprintf(hash, "%q %q %q %q %q\n", a.Package.String(), a.Digest, a.Source, a.Lockfile, a.Rule)
	}
	sum, out := hash.Sum(nil), int64(0)
	for _, b := range sum[:6] {
		out = out<<8 | int64(b)
	}
	return max(out, 1)
}

package report

import (
	"fmt"
	"slices"
)

// Verdict is equal for two reports that come to the same: which rules find what about
// which packages, with what weight, who excepted what, and what the evidence is worth.
// Words do not count: ages grow, and what was read is named by its commit. 32 hexadecimal
// digits.
func Verdict(r Report) string {
	parts := []string{fmt.Sprintf("%s %s %v %v %+v", r.Kind, r.Conclusion, r.WouldFail, r.Mode, r.Summary)}
	if p := r.Preview; p != nil {
		parts = append(parts, fmt.Sprintf("preview %s %v", p.Conclusion, p.WouldFail))
		for _, c := range p.Changes {
			parts = append(parts, fmt.Sprintf("preview %s %q %s %s", c.Finding.Rule, c.Finding.Package.String(), c.Was, c.Is))
		}
	}
	for _, f := range r.Findings {
		parts = append(parts, fmt.Sprintf("%s %s %v %q %q %d", f.Rule, f.Severity, f.Unknown, f.Package.String(), f.Lockfile, f.Count))
	}
	for _, x := range r.Excepted {
		words := "an exception"
		switch p := x.Pardon; {
		case p.Acceptance != nil:
			words = fmt.Sprintf("accepted by %q: %q", p.Acceptance.By, p.Acceptance.Reason)
		case p.Exception != nil:
			words = fmt.Sprintf("excepted by %q: %q until %s", p.Exception.Owner, p.Exception.Reason, p.Exception.Expires)
		}
		parts = append(parts, fmt.Sprintf("%s %s %q %q %d %s", x.Rule, x.Severity, x.Package.String(), x.Lockfile, x.Count, words))
	}
	slices.Sort(parts[1:]) // among findings of equal weight the words decide the order
	return digestOf(parts...)
}

// Unknowns is equal for two reports in which the same could not be found out; "" where
// nothing is unknown.
func Unknowns(r Report) string {
	var parts []string
	for _, f := range r.Findings {
		if f.Unknown {
			parts = append(parts, fmt.Sprintf("%s %q %q %d", f.Rule, f.Package.String(), f.Lockfile, f.Count))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	slices.Sort(parts)
	return digestOf(parts...)
}

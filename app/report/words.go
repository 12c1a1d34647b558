package report

import (
	"strconv"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// tally counts what findings are about that are no errors: a package with an error is not
// counted among the unknown ones.
type tally struct {
	unknownPackages int // distinct packages that could not be judged
	unknownFiles    int
	warnings        int // findings
	notices         int
	unlooked        int // distinct packages without evidence, where no finding says so
}

func tallyOf(r Report) tally {
	failed, unknown := newAffected(), newAffected()
	var t tally
	for _, f := range r.Findings {
		switch {
		case f.Unknown:
			unknown.add(f)
		case f.Severity == policy.Error:
			failed.add(f)
		case f.Severity == policy.Warning:
			t.warnings++
		default:
			t.notices++
		}
	}
	t.unknownPackages = unknown.largest
	for p := range unknown.packages {
		if failed.packages[p] {
			delete(unknown.packages, p)
		}
	}
	for f := range unknown.files {
		if !failed.files[f] {
			t.unknownFiles++
		}
	}
	blank, unlooked := make(map[identity]bool), make(map[identity]bool)
	for _, p := range r.Packages {
		if p.Change == dep.Removed || failed.packages[p.Entry.Package] {
			continue
		}
		if p.hasUnknown() {
			blank[identityOf(p.Entry)] = true
		}
		if (p.hasUnknown() || p.NotLookedUp != "") && !unknown.packages[p.Entry.Package] {
			unlooked[identityOf(p.Entry)] = true
		}
	}
	t.unknownPackages = max(t.unknownPackages, len(unknown.packages))
	if unknown.merged > 0 {
		t.unknownPackages = max(t.unknownPackages, len(blank))
	}
	t.unlooked = len(unlooked)
	return t
}

// affected collects what findings are about.
type affected struct {
	packages map[dep.Package]bool
	files    map[string]bool
	others   int
	merged   int // findings that stand for many packages
	largest  int // the most packages that one of them stands for
}

func newAffected() affected {
	return affected{packages: make(map[dep.Package]bool), files: make(map[string]bool)}
}

func (a *affected) add(f policy.Finding) {
	n := standsFor(f)
	switch {
	case n > 1:
		a.merged++
		a.largest = max(a.largest, n)
	case n == 1:
		a.packages[f.Package] = true
	case f.Lockfile != "":
		a.files[f.Lockfile] = true
	default:
		a.others++
	}
}

// standsFor is the number of packages that a finding is about.
func standsFor(f policy.Finding) int {
	if f.Package != (dep.Package{}) {
		return 1
	}
	return f.Count
}

// hasUnknown says whether a piece of evidence could not be found out.
func (p Package) hasUnknown() bool {
	for _, c := range []provenance.Check{p.signature(), p.publish(), p.provenance(), p.digest()} {
		if c.State == provenance.Unknown {
			return true
		}
	}
	return false
}

// title says the result of one report so that it can be read alone.
func title(r Report) string {
	if r.said != "" {
		return r.said
	}
	t := tallyOf(r)
	failing := attention(r)
	if doubt := doubts(r, t, failing != ""); doubt != "" {
		if failing != "" {
			failing += ", "
		}
		failing += doubt
	}
	switch {
	case r.WouldFail && failing != "":
		return "Would fail: " + lowerFirst(failing)
	case failing != "":
		return failing
	case r.WouldFail:
		return "Would fail"
	case r.Conclusion != policy.Success:
		return "The policy does not let this pass" // never fine when the verdict is not
	}
	return fine(r, t)
}

// doubts names what could not be verified, "" for nothing. after says that errors
// were named before.
func doubts(r Report, t tally, after bool) string {
	if after && t.unknownPackages > 0 && t.unknownFiles == 0 {
		return number(t.unknownPackages) + " could not be verified"
	}
	parts := part(r, t.unknownPackages, false)
	if t.unknownFiles > 0 {
		parts = append(parts, count(t.unknownFiles, "file"))
	}
	switch {
	case len(parts) == 0:
		return ""
	case after:
		return "could not verify " + and(parts)
	}
	return "Could not verify " + and(parts)
}

// part is "2 of 14 changed packages"; nothing for 0.
func part(r Report, n int, atLeast bool) []string {
	total := r.Summary.Packages
	switch {
	case n == 0:
		return nil
	case n > total:
		return []string{count(n, "package")}
	case total == 1:
		return []string{"the one " + noun(r, 1)}
	case atLeast && n < total:
		return []string{"at least " + number(n) + " of " + number(total) + " " + noun(r, total)}
	}
	return []string{number(n) + " of " + number(total) + " " + noun(r, total)}
}

// fine is the title of a report without errors and without open questions.
func fine(r Report, t tally) string {
	if r.Summary.Packages == 0 {
		return nothing(r, t)
	}
	var remarks []string
	if t.warnings > 0 {
		remarks = append(remarks, count(t.warnings, "warning"))
	}
	if t.notices > 0 {
		remarks = append(remarks, count(t.notices, "notice"))
	}
	if t.unlooked > 0 {
		remarks = append(remarks, number(t.unlooked)+" not looked up")
	}
	if n := len(r.Excepted); n > 0 {
		remarks = append(remarks, number(n)+" excepted")
	}
	if len(remarks) == 0 {
		remarks = append(remarks, "no findings")
	}
	proven := number(r.Summary.Provenance.Verified)
	switch {
	case r.Summary.Provenance.Verified == 0:
		proven = "none"
	case r.Summary.Provenance.Verified == r.Summary.Packages && r.Summary.Packages > 1:
		proven = "all"
	}
	return number(r.Summary.Packages) + " " + noun(r, r.Summary.Packages) + ", " + strings.Join(remarks, ", ") +
		": " + proven + " with verified provenance"
}

// nothing is the title where no package entered.
func nothing(r Report, t tally) string {
	removed := 0
	for _, p := range r.Packages {
		if p.Change == dep.Removed {
			removed++
		}
	}
	ignored := 0
	for _, l := range r.Lockfiles {
		if l.Note != "" {
			ignored++
		}
	}
	out := "No lockfile changed"
	switch {
	case r.Kind != Diff:
		out = "No package to look at"
	case removed > 0:
		out = "No package added or changed, " + number(removed) + " removed"
	case len(r.Lockfiles) > ignored:
		out = "No package changed"
	case ignored > 0:
		out = "Nothing verified"
	}
	if ignored > 0 {
		out += ", " + count(ignored, "file") + " not looked at"
	}
	if t.warnings > 0 {
		out += ", " + count(t.warnings, "warning")
	}
	return out
}

// noun is what the report's rows are: changed packages, or packages.
func noun(r Report, n int) string {
	word := "package"
	if r.Kind == Diff {
		word = "changed package"
	}
	if n != 1 {
		word += "s"
	}
	return word
}

// count is a number with its noun: "1 file", "2,000 files".
func count(n int, word string) string {
	if n != 1 {
		word += "s"
	}
	return number(n) + " " + word
}

// number writes thousands apart: 5,000.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// and joins as people do: "a, b and c".
func and(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// upperFirst and lowerFirst change our own words only, which begin in ASCII.
func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

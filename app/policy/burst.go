package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// burst: worms publish whatever a stolen token reaches, within minutes. Monorepos do so
// at every release, which is no finding: see bursts.
func burst(s Subject, v view) []draft {
	what := v.burst[s.Change.Entry.Package.String()]
	if what == "" || !s.arrives() {
		return nil
	}
	p := s.Change.Entry.Package
	scope, _, _ := strings.Cut(p.Name, "/")
	d := about(RuleBurst, s, fmt.Sprintf("%s came out in a burst: it and others of %s in this change were published within %s.", id(p), quote(scope), what),
		"Look for the releases at the source repository, and wait until the cooldown is over.").
		benign("a scope whose packages are released together for the first time, or a release that was put right at once by a second one.")
	d.cause, d.many, d.together = scope+" "+what, fmt.Sprintf("of %s came out in a burst: they were published within %s", quote(scope), what), true
	return []draft{d}
}

// outing is one release that enters, and when it came out.
type outing struct {
	Subject
	at time.Time
}

// bursts finds the packages that came in a burst, by their String, and says in words what
// it was ("2 minutes, as they never were before"): at least BurstSize packages of one scope
// within BurstSpan, where that is not their habit, or where most came in more than one
// version of one line, which is nobody's habit. What is known of the habit is in the
// histories of the packages; those without a past have none.
func bursts(subjects []Subject, at clock) map[string]string {
	scopes := map[string][]outing{}
	seen := map[string]bool{}
	for _, s := range subjects {
		p := s.Change.Entry.Package
		scope, _, scoped := strings.Cut(p.Name, "/")
		if !scoped || !strings.HasPrefix(scope, "@") || s.History == nil || !s.arrives() || seen[p.String()] {
			continue
		}
		seen[p.String()] = true
		if when, unknown := s.published(); unknown == "" && !at.reached(when.Add(BurstAge)) {
			scopes[scope] = append(scopes[scope], outing{s, when})
		}
	}
	found := map[string]string{}
	for _, outings := range scopes {
		slices.SortFunc(outings, func(a, b outing) int {
			return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.Change.Entry.Package.String(), b.Change.Entry.Package.String()))
		})
		for _, cluster := range clusters(outings) {
			text := ""
			switch {
			case doubled(cluster):
				text = "most of them in more than one version of the same release line"
			case !habitual(cluster):
				text = "as they never were before"
			default:
				continue
			}
			within := max(cluster[len(cluster)-1].at.Sub(cluster[0].at).Truncate(time.Minute)+time.Minute, 2*time.Minute)
			for _, o := range cluster {
				found[o.Change.Entry.Package.String()] = span(within) + ", " + text
			}
		}
	}
	return found
}

// clusters are the runs of outings, which are in the order of time, of which each is part of
// BurstSize packages within BurstSpan.
func clusters(outings []outing) (out [][]outing) {
	begin, end := 0, 0 // of the run that grows
	for i := range outings {
		j := i
		for j < len(outings) && outings[j].at.Sub(outings[i].at) <= BurstSpan {
			j++
		}
		if len(names(outings[i:j])) < BurstSize {
			continue
		}
		if i >= end && end > begin {
			out = append(out, outings[begin:end])
		}
		if i >= end {
			begin = i
		}
		end = max(end, j)
	}
	if end > begin {
		out = append(out, outings[begin:end])
	}
	return out
}

// names are the distinct packages.
func names(outings []outing) map[string]bool {
	out := map[string]bool{}
	for _, o := range outings {
		out[o.Change.Entry.Package.Name] = true
	}
	return out
}

// doubled says whether most of the packages came in several stable versions of one
// release line within BurstSpan.
func doubled(cluster []outing) bool {
	twice := map[string]bool{}
	for _, o := range cluster {
		p := o.Change.Entry.Package
		for _, past := range o.History.Releases {
			if past.Version != p.Version && !past.Published.IsZero() && past.Published.Sub(o.at).Abs() <= BurstSpan && ofOneLine(past.Version, p.Version) {
				twice[p.Name] = true
			}
		}
	}
	return 2*len(twice) > len(names(cluster))
}

// ofOneLine says whether two stable versions are of one release line: npm's majors, and
// below 1.0.0 the minors.
func ofOneLine(a, b string) bool {
	x, pre, ok := lineOf(a)
	y, alsoPre, alsoOK := lineOf(b)
	return ok && alsoOK && !pre && !alsoPre && x == y
}

// habitual says whether the packages with a past, or as many of them as BurstSize and the
// half, came out together before. Where too few have a past nobody can say that they did not.
func habitual(cluster []outing) bool {
	type release struct {
		name string
		at   time.Time
	}
	var earlier []release
	veterans := map[string]bool{}
	for _, o := range cluster {
		name := o.Change.Entry.Package.Name
		if veterans[name] {
			continue
		}
		for _, past := range o.older(cluster[0].at.Add(-BurstRest)) {
			veterans[name] = true
			earlier = append(earlier, release{name, past.Published})
		}
	}
	enough := max(BurstSize, (len(veterans)+1)/2)
	if len(veterans) < BurstSize {
		return true
	}
	slices.SortFunc(earlier, func(a, b release) int { return a.at.Compare(b.at) })
	counts := map[string]int{} // of the packages in the window that ends at each release
	first := 0
	for _, r := range earlier {
		counts[r.name]++
		for ; r.at.Sub(earlier[first].at) > BurstSpan; first++ {
			if counts[earlier[first].name]--; counts[earlier[first].name] == 0 {
				delete(counts, earlier[first].name)
			}
		}
		if len(counts) >= enough {
			return true
		}
	}
	return false
}

package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/registry"
)

// packageTooYoung: a package of which nothing is older than the cooldown has no past
// that could speak for it. Malware comes in as the new dependency of a known package.
// Where the history could not be read, too-new says so.
func packageTooYoung(s Subject, v view) []draft {
	p := s.Change.Entry.Package
	if !s.arrives() || s.History == nil || v.cooldown(p) <= 0 {
		return nil
	}
	first, ok := firstRelease(*s.History)
	if !ok || v.at.reached(first.Published.Add(v.cooldown(p))) {
		return nil
	}
	message := fmt.Sprintf("%s is the first version of a new package: it was published %s", id(p), v.ago(first.Published))
	when, unknown := s.published()
	switch {
	case unknown != "":
		message = fmt.Sprintf("%s is of a new package: its first version was published %s", id(p), v.ago(first.Published))
		when = first.Published
	case first.Version != p.Version:
		message = fmt.Sprintf("%s is of a new package: its first version was published %s, this one %s", id(p), v.ago(first.Published), v.ago(when))
	}
	d := about(RulePackageTooYoung, s, fmt.Sprintf("%s; %s.", message, v.ends(p, when)),
		"Look at who asks for the package and whether its name is the one that was meant. Wait until the cooldown is over. "+
			exceptHelp(RulePackageTooYoung)).
		benign("a project that was split into packages, or that gave one a new name.")
	d.cause, d.many = "young "+v.waiting(p), "are new: the first version of each was published within the cooldown of "+v.waiting(p)
	d.ends = when.Add(v.cooldown(p))
	return []draft{d}
}

// firstRelease is a package's oldest release that is more than a placeholder; where all
// are placeholders, the oldest one.
func firstRelease(h registry.History) (registry.Past, bool) {
	var first, real registry.Past
	held := 0
	earlier := func(a, b time.Time) bool { return !a.IsZero() && (b.IsZero() || a.Before(b)) }
	for _, p := range h.Releases {
		if earlier(p.Published, first.Published) {
			first = p
		}
		if placeholder(p.Version) {
			held++
		} else if earlier(p.Published, real.Published) {
			real = p
		}
	}
	if held > MaxPlaceholders || real.Published.IsZero() {
		real = first
	}
	return real, !real.Published.IsZero()
}

// placeholder says whether a version only holds a name: 0.0.0 and its prereleases, with
// which names are reserved, and what the registry puts in the place of removed malware.
func placeholder(version string) bool {
	return version == "0.0.0" || strings.HasPrefix(version, "0.0.0-") || version == "0.0.1-security" || strings.HasPrefix(version, "0.0.1-security.")
}

package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// The maintainers say themselves that a release is not to be used. Where the
// version before was deprecated in the same words, the change brings nothing new.
func deprecated(s Subject, _ view) []draft {
	r := s.Evidence.Release
	if !s.lookedAt() || s.Change.Kind == dep.Repinned || r == nil || strings.TrimSpace(r.Deprecated) == "" {
		return nil
	}
	stood := s.Change.Kind == dep.Updated && len(s.Change.Replaces) == 0
	if stood || slices.ContainsFunc(s.earlier(), func(b before) bool {
		return b.evidence.Release != nil && b.evidence.Release.Deprecated == r.Deprecated
	}) {
		return nil
	}
	d := about(RuleDeprecated, s,
		fmt.Sprintf("%s is deprecated by its maintainers: “%s”.", id(s.Change.Entry.Package), clip(strings.TrimSpace(r.Deprecated), MaxReason)),
		"Read why: it may be broken, replaced by another package, or no longer looked after. Look for a version that is not deprecated.").
		benign("an old release line that still works, on which another package depends.")
	d.cause, d.many = "deprecated", "are deprecated by their maintainers"
	return []draft{d}
}

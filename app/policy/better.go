package policy

import (
	"deps.dev/util/semver"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// better is the newest version before the one that enters which is proven to have what that
// one lacks, "" where none is known. Only versions whose evidence was looked at count: those
// in the lockfile, and the witnesses of the history. What the registry merely announces of
// a release is no reason to name it.
func (s Subject) better(v view, has func(provenance.Evidence) bool) string {
	now := s.Change.Entry.Package
	_, unstable, _ := lineOf(now.Version)
	best := ""
	consider := func(p dep.Package, e provenance.Evidence) {
		_, prerelease, ok := lineOf(p.Version)
		switch {
		case p.Ecosystem != now.Ecosystem || p.Name != now.Name || !ok || prerelease && !unstable:
		case !earlierThan(p.Version, now.Version) || best != "" && !earlierThan(best, p.Version):
		case v.malicious[p] || !sound(e) || !has(e):
		default:
			best = p.Version
		}
	}
	for _, b := range s.compared() {
		consider(b.entry.Package, b.evidence)
	}
	for _, w := range s.Witnesses {
		consider(w.Package, w.Evidence)
	}
	return best
}

// sound says whether nothing is known to be wrong with a release.
func sound(e provenance.Evidence) bool {
	return !e.Gone && e.Release != nil && e.Release.Deprecated == "" && e.Signature.State != provenance.Invalid &&
		e.Publish.State != provenance.Invalid && e.Provenance.State != provenance.Invalid && e.Digest.State != provenance.Invalid
}

// earlierThan says whether one version comes before another in the order of versions; what
// has no place in it does not.
func earlierThan(a, b string) bool {
	order, _, err := semver.NPM.Difference(a, b)
	return err == nil && order < 0
}

// has makes a condition of better of what a release can come without.
func (a asset) has(e provenance.Evidence) bool { return a.proven(e).State == provenance.Verified }

func hasProvenance(e provenance.Evidence) bool { return buildProvenance().has(e) }

func hasSignature(e provenance.Evidence) bool { return e.Signature.State == provenance.Verified }

// calmer is better for what is young and unusual: a signed version that came out a cooldown
// before it, with no less behind it.
func (s Subject) calmer(v view) string {
	established := map[string]bool{}
	for _, past := range s.established(v) {
		established[past.Version] = true
	}
	return s.better(v, func(e provenance.Evidence) bool {
		return established[e.Package.Version] && hasSignature(e) && standing(e) >= standing(s.Evidence)
	})
}

// malicious are the releases that advisories name as malware.
func malicious(subjects []Subject) map[dep.Package]bool {
	out := map[dep.Package]bool{}
	for _, s := range subjects {
		if len(s.Malware) > 0 {
			out[s.Change.Entry.Package] = true
		}
	}
	return out
}

package review

import (
	"github.com/bonafide-app/bonafide/app/provenance"
)

// uncounted says why the evidence of a package that comes from a mirror does not count, ""
// where it does or there is none. It does where the lockfile's digest is that of the registry
// and of the attestations: then the mirror serves the very release that was asked about.
func uncounted(to route, e provenance.Evidence) string {
	switch {
	case !to.mirror || e.Release == nil || e.Digest.State == provenance.Verified || e.Digest.State == provenance.Unknown:
		return ""
	case e.Digest.State == provenance.Invalid:
		return "it comes from a mirror, and its digest is not that of the release that the registry has"
	}
	return "it comes from a mirror, and no digest of the lockfile shows that it is the release that the registry has"
}

// withoutProof is what is left of evidence that does not count: what contradicts it, and what
// the registry says without proof.
func withoutProof(e provenance.Evidence, why string) provenance.Evidence {
	none := provenance.Check{State: provenance.Absent, Reason: "Not counted: " + why + "."}
	e.Signature = provenance.Signature{Check: none, NotRequired: true}
	e.Publish, e.Provenance = provenance.Publish{Check: none}, provenance.Provenance{Check: none}
	return e
}

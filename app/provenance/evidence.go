// Package provenance proves what can be proven of a release: the registry's
// signature, the publish attestation, the build provenance, the identity behind
// it, and that all of them speak of one digest, the lockfile's.
package provenance

import (
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// State is what came of looking for a piece of evidence. The four are never mixed.
type State string

// The states.
const (
	Verified State = "verified" // it is there and it holds
	Absent   State = "absent"   // the registry answered: there is none
	Invalid  State = "invalid"  // it is there and it fails
	Unknown  State = "unknown"  // it could not be found out, see Reason
)

// Check is a state with the reason for it. Reason is one sentence for people, set
// whenever State is not Verified; it may quote outside text: escape it.
type Check struct {
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
}

// Evidence is everything that was found out about one release. It is a value:
// nothing in it changes once it is returned.
type Evidence struct {
	Package dep.Package

	// Release is what the registry says, nil where it could not be read.
	Release *registry.Release
	// Gone says that the registry answered that it has no such release.
	Gone bool

	Signature  Signature
	Publish    Publish
	Provenance Provenance
	Digest     Digest

	// Retry says that at least one Unknown could become known by asking again.
	Retry bool
}

// Signature is the registry's ECDSA signature over name@version:integrity.
type Signature struct {
	Check
	KeyID string
	// NotRequired says that no key is known for this registry, so that a missing
	// signature means nothing.
	NotRequired bool
	// DateSource says what the date of publication rests on: "transparency log", or
	// the registry's word where the key has expired since; "" if none was needed.
	DateSource string
}

// Publish is the registry's publish attestation.
type Publish struct {
	Check
	KeyID string
	Log   *Log
}

// Provenance is the build provenance (SLSA v0.2 and v1).
type Provenance struct {
	Check
	// Announced says that the registry's version document announces provenance.
	// Announced and Absent together are the finding provenance-missing.
	Announced     bool
	PredicateType string
	Identity      *Identity // set when Verified
	Log           *Log      // set when Verified and logged
	// Unsupported says that Invalid or Absent rests on a predicate or bundle of a
	// kind this version does not know, not on a broken one.
	Unsupported bool
	// Uncounted are the predicate types of attestations that verified but are of a
	// kind this version does not know, at most as many as a release may have.
	Uncounted []string
}

// Digest says whether lockfile, registry and attestations speak of one digest.
type Digest struct {
	Check
	Lockfile string // SRI, "" where the lockfile has none
	Registry string
	Attested string
	// Differs names what disagrees: "lockfile", "registry", "attested". Set when Invalid.
	Differs string
	// NotComparable is set when Absent although the lockfile has a digest that is
	// strong enough: "weaker" where the registry states a stronger algorithm than any
	// that the lockfile has, "registry" where it states none that could be compared.
	NotComparable string
}

// Identity is who built a release, read from the signing certificate only.
// Extensions: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
type Identity struct {
	Issuer       string // OIDC issuer: "https://token.actions.githubusercontent.com"
	Signer       string // SAN: the workflow that signed, URI@ref
	Repository   string // "https://github.com/OWNER/REPO"
	RepositoryID string // survives renames; "" in certificates before April 2023
	OwnerID      string
	Commit       string
	Ref          string // "refs/tags/v1.2.3"
	Workflow     string // ".github/workflows/release.yml": the top-level workflow
	Trigger      string // "push", "release", …
	Runner       string // "github-hosted", "self-hosted", "" where not stated
	Run          string // URL of the run and attempt
	Visibility   string // of the repository at signing: "public", "private", "" where not stated
}

// Log is a verified transparency log entry.
type Log struct {
	Index int64
	Time  time.Time // integrated time, or the timestamp authority's
}

// Trust ranks releases by what stands behind them.
type Trust string

// The trust levels, lowest first.
const (
	TrustNone             Trust = "none"
	TrustSigned           Trust = "signed"
	TrustProvenance       Trust = "provenance"
	TrustTrustedPublisher Trust = "trusted-publisher"
)

// Trust is the level that the verified evidence supports.
func (e Evidence) Trust() Trust {
	switch {
	case e.Provenance.State == Verified && e.Release != nil && e.Release.Publisher.TrustedPublisher != "":
		return TrustTrustedPublisher
	case e.Provenance.State == Verified:
		return TrustProvenance
	case e.Signature.State == Verified:
		return TrustSigned
	}
	return TrustNone
}

// Staged says that a person approved the publication (staged publishing).
func (e Evidence) Staged() bool { return e.Release != nil && e.Release.Publisher.Approver != "" }

// Subject is what is to be verified: a release, and the digests that the
// lockfile holds for it.
type Subject struct {
	Package dep.Package
	// Digests are the lockfile's. Empty with Standalone false means that the
	// lockfile states none, which is said.
	Digests []dep.Digest
	// OwnDigest says that the lockfile's digest is of what the package manager makes of
	// the release, so that it can be held against nothing here. Digests are empty then.
	OwnDigest bool
	// Standalone says that there is no lockfile: registry and attestation are held
	// against each other alone (bonafide verify without --integrity).
	Standalone bool
	// Fresh uses nothing that was kept, only what the registry says now, and keeps that.
	// The date of a publication alone, which cannot change, is not asked for twice.
	Fresh bool
}

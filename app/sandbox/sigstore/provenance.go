package sigstore

import (
	"fmt"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// signingTakes is the time from the certificate to the log entry.
const signingTakes = 2 * time.Second

// ProvenanceOptions make a provenance attestation other than usual. The zero
// value is what npm makes today.
type ProvenanceOptions struct {
	MediaType     string // BundleV03
	PredicateType string // PredicateSLSA1; with PredicateSLSA02 the predicate of that time, else the text alone changes
	OldExtensions bool   // a certificate as before April 2023: extensions 1 to 6 alone

	Subjects []Subject // instead of the package; empty and not nil: none
	Told     *Build    // the build that the predicate tells of, instead of the certificate's
	Forgery  Forgery

	files bool // as GitHub's attest actions make it
}

// Provenance makes the build provenance of a package as a Sigstore bundle, signed
// and logged at the time.
func (s *Sigstore) Provenance(p dep.Package, d dep.Digest, build Build, at time.Time, o ProvenanceOptions) ([]byte, error) {
	b, err := s.provenance(p, d, build, at, o)
	if err != nil {
		return nil, fmt.Errorf("provenance of %s: %w", p, err)
	}
	return b, nil
}

func (s *Sigstore) provenance(p dep.Package, d dep.Digest, build Build, at time.Time, o ProvenanceOptions) ([]byte, error) {
	build, err := build.complete()
	if err != nil {
		return nil, err
	}
	told := build
	if o.Told != nil {
		if told, err = o.Told.complete(); err != nil {
			return nil, err
		}
	}
	who, err := build.identity(o.OldExtensions)
	if err != nil {
		return nil, err
	}
	subjects := o.Subjects
	if subjects == nil {
		subjects = []Subject{SubjectOf(p, d)}
	}
	m := &making{
		mediaType:   orElse(o.MediaType, BundleV03),
		payloadType: payloadType,
		authority:   s.authority,
		ct:          s.ct,
		identity:    who,
		certified:   at.Add(-signingTakes),
		rekor:       s.rekor,
		logged:      at,
	}
	predicate := slsa1
	if o.files {
		predicate = slsa1Attest
	}
	if o.PredicateType == PredicateSLSA02 {
		m.statement = newStatement(statementV01, PredicateSLSA02, subjects, slsa02(told))
	} else {
		m.statement = newStatement(statementV1, orElse(o.PredicateType, PredicateSLSA1), subjects, predicate(told))
	}
	if err := o.Forgery.apply(m); err != nil {
		return nil, err
	}
	return m.make()
}

// FileProvenance makes the build provenance of files as GitHub's attest-build-provenance
// does, signed and logged at the time.
func (s *Sigstore) FileProvenance(files []Subject, build Build, at time.Time, o ProvenanceOptions) ([]byte, error) {
	o.Subjects, o.files = files, true
	b, err := s.provenance(dep.Package{}, dep.Digest{}, build, at, o)
	if err != nil {
		return nil, fmt.Errorf("provenance of %d files: %w", len(files), err)
	}
	return b, nil
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

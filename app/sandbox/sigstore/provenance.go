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
	if o.PredicateType == PredicateSLSA02 {
		m.statement = newStatement(statementV01, PredicateSLSA02, subjects, slsa02(told))
	} else {
		m.statement = newStatement(statementV1, orElse(o.PredicateType, PredicateSLSA1), subjects, slsa1(told))
	}
	if err := o.Forgery.apply(m); err != nil {
		return nil, err
	}
	return m.make()
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

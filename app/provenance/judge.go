package provenance

import (
	"context"
	"fmt"
	"slices"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// judge verifies all attestations of one release and sorts them: publications,
// builds, and kinds that are not known. Every one must hold, also those that are
// not counted.
type judge struct {
	v       *Verifier
	trust   *TrustRoot
	subject dep.Package
	want    expected

	attested dep.Digest // what genuine attestations speak of

	publications []publication
	builds       []build
	published    *fault   // the first of a publication that does not hold
	built        *fault   // the first of a build or of an unknown kind that does not hold
	strange      []string // the predicate types that are not known, of attestations that hold
	odd          *fault   // the first build of a kind that is not known
}

type publication struct {
	attested
	publishPredicate
}

type build struct {
	attested
	identity Identity
}

func (j *judge) all(ctx context.Context, found []registry.Attestation) {
	if len(found) > maxAttestations {
		f := faultf(causeBundle, "it is one of %d, more than the %d that are read", len(found), maxAttestations)
		j.published, j.built = f, f
		return
	}
	for _, a := range found {
		if ctx.Err() != nil {
			return
		}
		out, f := j.v.guarded(ctx, j.subject, j.trust, a, j.want)
		switch {
		case f == nil:
			j.attested = out.digest
		case f.attested != "" && j.attested.Hex == "":
			j.attested = dep.Digest{Algorithm: j.want.digest.Algorithm, Hex: f.attested}
		}
		switch a.PredicateType {
		case predicatePublish:
			j.addPublication(out, f)
		case predicateSLSA02, predicateSLSA1:
			j.addBuild(out, f)
		default:
			if f != nil {
				keep(&j.built, f)
			} else if kind := clip(a.PredicateType); !slices.Contains(j.strange, kind) {
				j.strange = append(j.strange, kind)
			}
		}
	}
}

// keep remembers the first fault; one that is broken goes before one that is only
// of an unknown kind.
func keep(first **fault, f *fault) {
	if *first == nil || ((*first).unsupported && !f.unsupported) {
		*first = f
	}
}

func (j *judge) addPublication(a attested, f *fault) {
	if f == nil {
		var p publishPredicate
		if p, f = readPublish(a.predicate, j.subject.Name, j.subject.Version); f == nil {
			for _, other := range j.publications {
				if f == nil && (other.publishPredicate != p || other.keyID != a.keyID) {
					f = faultf(causePredicate, "there are two, and they disagree")
				}
			}
			j.publications = append(j.publications, publication{a, p})
		}
	}
	if f != nil {
		keep(&j.published, f)
	}
}

func (j *judge) addBuild(a attested, f *fault) {
	var b build
	if f == nil {
		b, f = readBuild(a)
	}
	switch {
	case f != nil && f.unsupported && f.cause != causeVersion:
		if j.odd == nil {
			j.odd = f
		}
		return
	case f == nil:
		for _, other := range j.builds {
			if f == nil && other.identity != b.identity {
				f = faultf(causePredicate, "there are two, and they name different builds")
			}
		}
		j.builds = append(j.builds, b)
	}
	if f != nil {
		keep(&j.built, f)
	}
}

// readBuild takes the identity from the certificate of a verified attestation and
// holds the predicate against it.
func readBuild(a attested) (build, *fault) {
	if a.certificate == nil {
		return build{}, faultf(causeCertificate, "it is not signed with the certificate of a build")
	}
	identity, stated, f := identify(*a.certificate)
	if f != nil {
		return build{}, f
	}
	claims, f := readPredicate(a.predicateType, a.predicate)
	if f != nil {
		return build{}, f
	}
	if f := contradiction(claims, stated); f != nil {
		return build{}, f
	}
	return build{a, identity}, nil
}

// publish is what came of the publish attestations.
func (j *judge) publish(id string) Publish {
	switch {
	case j.published != nil:
		return Publish{Check: Check{Invalid, sentence(fmt.Sprintf("the publish attestation of %s does not hold: %s", id, j.published.reason))}}
	case len(j.publications) == 0:
		return Publish{Check: Check{Absent, fmt.Sprintf("The registry has attestations of %s, but no publish attestation.", id)}}
	}
	p := j.publications[0]
	return Publish{Check: Check{State: Verified}, KeyID: p.keyID, Log: p.log}
}

// provenance is what came of the attestations of a build.
func (j *judge) provenance(id string) Provenance {
	p := Provenance{Uncounted: j.strange}
	set := func(state State, unsupported bool, format string, args ...any) Provenance {
		p.Check, p.Unsupported = Check{state, sentence(fmt.Sprintf(format, args...))}, unsupported
		return p
	}
	switch {
	case j.built != nil:
		return set(Invalid, j.built.unsupported, "the provenance of %s does not hold: %s", id, j.built.reason)
	case len(j.builds) > 0:
		b := j.builds[0]
		p.State, p.PredicateType, p.Identity, p.Log = Verified, b.predicateType, &b.identity, b.log
		return p
	case j.odd != nil:
		return set(Absent, true, "the provenance of %s does not count: %s", id, j.odd.reason)
	case len(j.strange) > 0:
		p.PredicateType = j.strange[0]
		return set(Absent, true, "the registry has an attestation of %s, but none of its build that is supported: it is of the kind %s", id, quote(j.strange[0]))
	}
	return set(Absent, false, "the registry has attestations of %s, but none of its build", id)
}

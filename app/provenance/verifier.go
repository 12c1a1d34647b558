package provenance

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// Revision counts changes of what verification demands. A fact that was verified
// under another revision has to be verified again.
const Revision = 1

// Registry is what the verifier asks. *registry.NPM implements it. Its errors are
// *registry.Failure, or wrap registry.ErrNotFound or registry.ErrInvalid.
type Registry interface {
	// Release reads the version document.
	Release(ctx context.Context, p dep.Package) (registry.Release, error)
	// Attestations reads the attestation document.
	Attestations(ctx context.Context, p dep.Package) ([]registry.Attestation, error)
	// PublishedAt finds out when a release was published. The answer is not signed.
	PublishedAt(ctx context.Context, p dep.Package) (registry.Date, error)
	// Origin is the registry's address, without credentials.
	Origin() string
}

// Options are what a Verifier can do without.
type Options struct {
	Cache Cache            // nil: nothing is kept
	Now   func() time.Time // nil: time.Now
	Log   zerolog.Logger   // the zero Logger is silent
}

// Verifier finds out what can be proven of a release. It is safe for concurrent use.
type Verifier struct {
	registry Registry
	trust    func() *TrustRoot
	cache    Cache
	now      func() time.Time
	log      zerolog.Logger
}

// New makes a Verifier that asks one registry. trust is called once for each
// release, so that a refreshed trust root takes effect.
func New(reg Registry, trust func() *TrustRoot, o Options) (*Verifier, error) {
	if reg == nil || trust == nil {
		return nil, errors.New("a verifier needs a registry and a trust root")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Verifier{registry: reg, trust: trust, cache: o.Cache, now: o.Now, log: o.Log}, nil
}

// Verify finds out everything about one release. It never fails: what could not be
// found out is Unknown, with the reason.
func (v *Verifier) Verify(ctx context.Context, s Subject) Evidence {
	e := Evidence{Package: s.Package}
	if s.Package.Ecosystem != dep.NPM {
		return unknown(e, fmt.Sprintf("No registry is asked for packages of the ecosystem %s yet.", quote(string(s.Package.Ecosystem))), false)
	}
	rel, err := v.registry.Release(ctx, s.Package)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		e.Gone = true
		// The registry has answered. Waiting for it to change its mind would keep every
		// pull request with a private package open for as long as the unknown is tried.
		return unknown(e, fmt.Sprintf("The registry has no %s.", s.Package.ID()), false)
	case err != nil:
		reason, retry := explain(ctx, err)
		return unknown(e, reason, retry)
	case rel.Package != s.Package:
		return unknown(e, fmt.Sprintf("The registry answered with the document of another release, %s.", quote(rel.Package.ID())), true)
	}
	e.Release = &rel
	trust := v.trust()
	e.Provenance.Announced = rel.ProvenanceAnnounced
	attested, retry := v.attestations(ctx, trust, s, &e)
	e.Retry = retry
	var logged *Log
	if e.Publish.State == Verified {
		logged = e.Publish.Log
	}
	e.Signature, retry = trust.signature(ctx, &rel, v.registry.Origin(), logged, v.dating(s.Package, rel.Integrity), v.now())
	e.Retry = e.Retry || retry
	e.Digest = compareDigests(s, &rel, attested)
	return e
}

// unknown is the evidence for a release of which nothing could be found out.
func unknown(e Evidence, reason string, retry bool) Evidence {
	c := Check{Unknown, reason}
	e.Signature.Check, e.Publish.Check, e.Provenance.Check, e.Digest.Check, e.Retry = c, c, c, c, retry
	return e
}

// explain says in one sentence why the registry gave no answer, and whether asking
// again may help.
func explain(ctx context.Context, err error) (reason string, retry bool) {
	var failure *registry.Failure
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return "The verification was stopped before the registry had answered.", true
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "The time for the verification ran out before the registry had answered.", true
	case errors.As(err, &failure):
		return sentence(failure.Reason), true
	case errors.Is(err, registry.ErrInvalid):
		return sentence(err.Error()), false
	}
	return sentence("the registry could not be asked: " + err.Error()), true
}

// dating asks for the publication date, from the cache first.
func (v *Verifier) dating(p dep.Package, integrity string) dating {
	return func(ctx context.Context) (registry.Date, bool, error) {
		key := dateKey(v.registry.Origin(), p, integrity)
		if v.cache != nil {
			value, ok, err := v.cache.Get(ctx, key)
			switch d, valid := decodeDate(value); {
			case err != nil:
				v.logger(ctx).Warn().Err(err).Str("package", p.String()).Msg("the publication date could not be read from the cache")
			case ok && valid:
				return d, false, nil
			case ok:
				v.log.Warn().Str("package", p.String()).Msg("the publication date in the cache cannot be read; it is asked for anew and replaced")
			}
		}
		d, err := v.registry.PublishedAt(ctx, p)
		if errors.Is(err, registry.ErrNotFound) {
			return registry.Date{}, false, errors.New("the registry states no date")
		}
		if err != nil {
			reason, retry := explain(ctx, err)
			return registry.Date{}, retry, errors.New(reason)
		}
		if d.Time.IsZero() {
			return registry.Date{}, false, errors.New("the registry states no date")
		}
		if v.cache != nil {
			if err := v.cache.Put(ctx, key, encodeDate(d), keepDates); err != nil {
				v.logger(ctx).Warn().Err(err).Str("package", p.String()).Msg("the publication date could not be kept in the cache")
			}
		}
		return d, false, nil
	}
}

// attestations fills in e.Publish and e.Provenance. It returns the digest that the
// attestations speak of, the zero Digest where none is genuine.
func (v *Verifier) attestations(ctx context.Context, trust *TrustRoot, s Subject, e *Evidence) (attested dep.Digest, retry bool) {
	id := s.Package.ID()
	if !e.Release.Attested && !e.Release.ProvenanceAnnounced {
		c := Check{Absent, fmt.Sprintf("The registry announces no attestation of %s.", id)}
		e.Publish.Check, e.Provenance.Check = c, c
		return dep.Digest{}, false
	}
	found, err := v.registry.Attestations(ctx, s.Package)
	if errors.Is(err, registry.ErrNotFound) || (err == nil && len(found) == 0) {
		c := Check{Absent, fmt.Sprintf("The registry announces attestations of %s, but has none.", id)}
		e.Publish.Check, e.Provenance.Check, e.Provenance.Announced = c, c, true
		return dep.Digest{}, false
	}
	if err != nil {
		reason, again := explain(ctx, err)
		e.Publish.Check, e.Provenance.Check = Check{Unknown, reason}, Check{Unknown, reason}
		return dep.Digest{}, again
	}
	digest, ok := attestable(s, e.Release)
	if !ok {
		c := Check{Unknown, fmt.Sprintf("There are attestations of %s, but neither the lockfile nor the registry states a sha512 digest to hold them against.", id)}
		e.Publish.Check, e.Provenance.Check = c, c
		return dep.Digest{}, false
	}
	j := judge{v: v, trust: trust, subject: s.Package, want: expected{subjectName(s.Package), digest}}
	j.all(ctx, found)
	e.Publish = j.publish(id)
	announced := e.Provenance.Announced
	e.Provenance = j.provenance(id)
	e.Provenance.Announced = announced
	if ctx.Err() != nil {
		reason, _ := explain(ctx, ctx.Err())
		e.Publish.Check, e.Provenance.Check = Check{Unknown, reason}, Check{Unknown, reason}
		e.Provenance.Identity, e.Provenance.Log, e.Publish.Log = nil, nil, nil
		return dep.Digest{}, true
	}
	return j.attested, false
}

// logger is the context's, which says what the work is for, else the Verifier's.
func (v *Verifier) logger(ctx context.Context) *zerolog.Logger {
	if l := zerolog.Ctx(ctx); l.GetLevel() != zerolog.Disabled {
		return l
	}
	return &v.log
}

// guarded keeps a panic of a third-party parser, provoked by a hostile bundle, from
// ending the process.
func (v *Verifier) guarded(ctx context.Context, p dep.Package, trust *TrustRoot, a registry.Attestation, want expected) (out attested, f *fault) {
	defer func() {
		if cause := recover(); cause != nil {
			v.logger(ctx).Error().Str("package", p.String()).Interface("panic", cause).Bytes("stack", debug.Stack()).Msg("a bundle made a parser panic")
			out, f = attested{}, faultf(causeBundle, "its bundle could not be parsed")
		}
	}()
	return trust.attestation(a, want)
}

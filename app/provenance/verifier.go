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
	Cache Cache // nil: nothing is kept
	// Reverify verifies again what was verified before, from the documents that are kept.
	Reverify bool
	Now      func() time.Time // nil: time.Now
	Log      zerolog.Logger   // the zero Logger is silent
}

// Verifier finds out what can be proven of a release. It is safe for concurrent use.
type Verifier struct {
	registry Registry
	trust    func() *TrustRoot
	cache    Cache
	reverify bool
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
	return &Verifier{registry: reg, trust: trust, cache: o.Cache, reverify: o.Reverify, now: o.Now, log: o.Log}, nil
}

// Verify finds out everything about one release. It never fails: what could not be
// found out is Unknown, with the reason. What was verified before, of the same document and
// under the same trust, is not verified again; see Subject.Fresh and Options.Reverify.
func (v *Verifier) Verify(ctx context.Context, s Subject) Evidence {
	e := Evidence{Package: s.Package}
	if s.Package.Ecosystem != dep.NPM {
		return unknown(e, fmt.Sprintf("No registry is asked for packages of the ecosystem %s yet.", quote(string(s.Package.Ecosystem))), false)
	}
	if s.Fresh {
		ctx = registry.WithFresh(ctx)
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
	e.Provenance.Announced = rel.ProvenanceAnnounced
	known := v.recall(ctx, s, &rel)
	past := s.Fresh || known.void() // what was kept does not count
	if past || v.reverify {
		known.fact = nil
	}
	var a answer
	if known.fact == nil { // the trust may have to be waited for: what has to be asked is, before
		a = v.ask(ctx, s, &rel, past)
	}
	trust, now := v.trust(), v.now()
	if known.fact.holds(trust, &rel, now) {
		return v.remembered(ctx, known.fact, trust, s, e, now)
	}
	if known.fact != nil {
		a = v.ask(ctx, s, &rel, past)
	}
	attested, retry := v.attestations(ctx, trust, s, &e, a)
	if a.kept && !proven(e.Publish, e.Provenance, &rel) { // what was kept may prove, and never disproves
		if again := v.askRegistry(ctx, s); !errors.Is(again.err, registry.ErrOffline) {
			a = again
			attested, retry = v.attestations(ctx, trust, s, &e, a)
		}
	}
	e.Retry = retry
	e.Signature, retry = trust.signature(ctx, &rel, v.registry.Origin(), logged(&e), v.dating(s.Package, rel.Integrity), now)
	e.Retry = e.Retry || retry
	e.Digest = compareDigests(s, &rel, attested)
	renew := v.learn(ctx, known, trust, s, &e, a, attested, now)
	if len(a.found) > 0 && (renew || !a.kept) {
		v.keepBundles(ctx, e.Release, a.found, renew)
	}
	return e
}

// remembered is the evidence that a fact stands for.
func (v *Verifier) remembered(ctx context.Context, f *outcome, trust *TrustRoot, s Subject, e Evidence, now time.Time) Evidence {
	var attested dep.Digest
	if f.Attested != nil {
		e.Publish, e.Provenance, attested = f.Attested.Publish, f.Attested.Provenance, f.Attested.Digest
	} else {
		unattested(&e)
	}
	e.Signature = f.Signature
	if len(e.Release.Signatures) == 0 { // there is nothing to verify
		e.Signature, _ = trust.signature(ctx, e.Release, v.registry.Origin(), logged(&e), nil, now)
	}
	e.Digest = compareDigests(s, e.Release, attested)
	return e
}

// logged is when the publish attestation was logged, nil where none is verified.
func logged(e *Evidence) *Log {
	if e.Publish.State == Verified {
		return e.Publish.Log
	}
	return nil
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

// answer is what came of asking for the attestations of a release.
type answer struct {
	found []registry.Attestation
	err   error
	kept  bool // nobody was asked: they were kept
}

// ask gives the attestations that are announced: those that were kept, else, or past them, the
// registry's.
func (v *Verifier) ask(ctx context.Context, s Subject, rel *registry.Release, past bool) answer {
	if !announces(rel) {
		return answer{}
	}
	if !past {
		if found, ok := v.keptBundles(ctx, rel); ok {
			return answer{found: found, kept: true}
		}
	}
	return v.askRegistry(ctx, s)
}

func (v *Verifier) askRegistry(ctx context.Context, s Subject) answer {
	found, err := v.registry.Attestations(ctx, s.Package)
	return answer{found: found, err: err}
}

// unattested says that the registry announces no attestation.
func unattested(e *Evidence) {
	c := Check{Absent, fmt.Sprintf("The registry announces no attestation of %s.", e.Package.ID())}
	e.Publish.Check, e.Provenance.Check = c, c
}

// attestations fills in e.Publish and e.Provenance by what was answered. It returns the
// digest that the attestations speak of, the zero Digest where none is genuine.
func (v *Verifier) attestations(ctx context.Context, trust *TrustRoot, s Subject, e *Evidence, a answer) (attested dep.Digest, retry bool) {
	id := s.Package.ID()
	if !announces(e.Release) {
		unattested(e)
		return dep.Digest{}, false
	}
	if errors.Is(a.err, registry.ErrNotFound) || (a.err == nil && len(a.found) == 0) {
		c := Check{Absent, fmt.Sprintf("The registry announces attestations of %s, but has none.", id)}
		e.Publish, e.Provenance = Publish{Check: c}, Provenance{Check: c, Announced: true}
		return dep.Digest{}, false
	}
	if a.err != nil {
		reason, again := explain(ctx, a.err)
		e.Publish, e.Provenance = Publish{Check: Check{Unknown, reason}}, Provenance{Check: Check{Unknown, reason}, Announced: e.Provenance.Announced}
		return dep.Digest{}, again
	}
	digest, ok := attestable(s, e.Release)
	if !ok {
		c := Check{Unknown, fmt.Sprintf("There are attestations of %s, but neither the lockfile nor the registry states a sha512 digest to hold them against.", id)}
		e.Publish.Check, e.Provenance.Check = c, c
		return dep.Digest{}, false
	}
	j := judge{v: v, trust: trust, subject: s.Package, want: expected{subjectName(s.Package), digest}}
	j.all(ctx, a.found)
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

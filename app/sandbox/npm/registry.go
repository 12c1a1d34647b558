// Package npm is an npm registry in memory, for the demo and the tests. Its
// tarballs, digests, signatures and attestations are real, made through a virtual
// Sigstore; on request a release is wrong in one named way, or an answer is.
//
// Documents name the public registry, as those of a mirror do: who follows an
// address in them leaves the sandbox. Those of a Private registry name itself.
package npm

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// Registry answers for the releases that were published to it. It is safe for
// concurrent use, and can be changed while it serves.
type Registry struct {
	sigstore *sigstore.Sigstore
	clock    func() time.Time

	mu       sync.RWMutex
	packages map[string][]*published // by name, in order of publication
	faults   faults
	requests requests
}

// published is a release with what was made of it.
type published struct {
	Release
	document     versionDocument
	tarball      []byte
	attestations []attestation
	raw          []byte // the attestation document, where it is not made of the above
	withheld     bool
}

// New makes an empty registry whose keys are those of a virtual Sigstore.
func New(s *sigstore.Sigstore, clock func() time.Time) (*Registry, error) {
	if s == nil || clock == nil {
		return nil, errors.New("a sandbox registry needs a virtual Sigstore and a clock")
	}
	return &Registry{sigstore: s, clock: clock, packages: map[string][]*published{}}, nil
}

// Now is the registry's time.
func (r *Registry) Now() time.Time { return r.clock() }

// Publish packs, signs and lists a release, and returns the integrity of its
// tarball. A release is published once.
func (r *Registry) Publish(rel Release) (integrity string, err error) {
	rel, err = rel.complete(r.clock())
	if err != nil {
		return "", err
	}
	p, err := r.make(rel)
	if err != nil {
		return "", fmt.Errorf("publishing %s: %w", rel.Package(), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.find(rel.Name, rel.Version); ok {
		return "", fmt.Errorf("publishing %s: it is published already", rel.Package())
	}
	r.packages[rel.Name] = append(r.packages[rel.Name], p)
	slices.SortStableFunc(r.packages[rel.Name], func(a, b *published) int {
		return cmp.Or(a.PublishedAt.Compare(b.PublishedAt), cmp.Compare(a.Version, b.Version))
	})
	return digestOf(p.tarball).SRI(), nil
}

// Builds are the builds of all releases that have one, completed.
func (r *Registry) Builds() ([]sigstore.Build, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []sigstore.Build
	for _, name := range slices.Sorted(maps.Keys(r.packages)) {
		for _, p := range r.packages[name] {
			if p.Build == nil {
				continue
			}
			b, err := p.Build.Complete()
			if err != nil {
				return nil, fmt.Errorf("the build of %s: %w", p.Package(), err)
			}
			out = append(out, b)
		}
	}
	return out, nil
}

// make packs and signs a release.
func (r *Registry) make(rel Release) (*published, error) {
	tarball, err := rel.Tarball()
	if err != nil {
		return nil, err
	}
	p := &published{Release: rel, tarball: tarball, raw: rel.Forgery.Attestations, withheld: rel.Forgery.Withheld}
	if rel.Build != nil {
		if p.attestations, err = r.attest(rel, digestOf(tarball)); err != nil {
			return nil, err
		}
	}
	p.document, err = r.describe(p)
	return p, err
}

// buildToPublish is the time from the provenance's log entry to publication.
const buildToPublish = 4 * time.Second

// attest makes the attestations of a release with provenance, the registry's own
// first.
func (r *Registry) attest(rel Release, digest dep.Digest) ([]attestation, error) {
	f := rel.Forgery
	provenance, err := r.sigstore.Provenance(rel.Package(), digest, *rel.Build, rel.PublishedAt.Add(-buildToPublish), f.Provenance)
	if err != nil {
		return nil, err
	}
	publish, err := r.sigstore.Publish(rel.Package(), digest, rel.PublishedAt, f.Publish)
	if err != nil {
		return nil, err
	}
	own := attestation{cmp.Or(f.Publish.PredicateType, sigstore.PredicatePublish), publish}
	built := attestation{cmp.Or(f.Provenance.PredicateType, sigstore.PredicateSLSA1), provenance}
	if f.ProvenanceOf != (dep.Package{}) {
		if built, err = r.attestationOf(f.ProvenanceOf, built.PredicateType); err != nil {
			return nil, err
		}
	}
	if f.PublishOf != (dep.Package{}) {
		if own, err = r.attestationOf(f.PublishOf, own.PredicateType); err != nil {
			return nil, err
		}
	}
	var out []attestation
	if !f.NoPublish {
		out = append(out, own)
	}
	if !f.NoProvenance {
		out = append(out, built)
	}
	return out, nil
}

// attestationOf is the genuine attestation of another release.
func (r *Registry) attestationOf(p dep.Package, predicateType string) (attestation, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	other, ok := r.find(p.Name, p.Version)
	if !ok {
		return attestation{}, fmt.Errorf("%s is not published", p)
	}
	for _, a := range other.attestations {
		if a.PredicateType == predicateType {
			return a, nil
		}
	}
	return attestation{}, fmt.Errorf("%s has no attestation of type %s", p, predicateType)
}

// find looks a release up; the lock is held. The version may be "latest".
func (r *Registry) find(name, version string) (*published, bool) {
	all := r.packages[name]
	if version == "latest" && len(all) > 0 {
		return all[len(all)-1], true
	}
	i := slices.IndexFunc(all, func(p *published) bool { return p.Version == version })
	if i < 0 {
		return nil, false
	}
	return all[i], true
}

// At serves the registry below a path prefix: "/npm".
func (r *Registry) At(prefix string) http.Handler { return http.StripPrefix(prefix, r) }

// Private serves the registry under an address of its own, which its documents name:
// "https://npm.example.com/repository/team".
func (r *Registry) Private(base string) (http.Handler, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || strings.HasSuffix(base, "/") {
		return nil, fmt.Errorf("%q is no address of a registry: write https://HOST[/PREFIX], without a slash at the end", base)
	}
	return http.StripPrefix(u.Path, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.serve(w, req, base)
	})), nil
}

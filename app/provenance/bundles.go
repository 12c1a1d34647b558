package provenance

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// keepBundlesFor is how long a release's attestations are kept after they were first looked at.
// Whoever looks at it again later keeps them anew.
const keepBundlesFor = 100 * 24 * time.Hour

// bundlesKey files the attestations of a release under the registry that gave them, the
// package and its digest. A private registry's lie under its own origin: only a verifier of
// that very registry finds them, and only for somebody who knows the digest, which a
// lockfile has. Who may see the report that names it is the caller's to ask.
func bundlesKey(origin string, p dep.Package, digest dep.Digest) string {
	return strings.Join([]string{"bundles", origin, p.PURL(), digest.SRI()}, "\n")
}

// Bundles gives the registry's attestations of a release as they were parsed when it was
// verified, whatever came of that: {"attestations": [{"predicateType": …, "bundle": …}]},
// as the registry's own document has them. integrity is the registry's digest of the
// release (Digest.Registry), as an SRI. Nobody is asked: ok is false where they are not kept,
// or not any more.
func (v *Verifier) Bundles(ctx context.Context, p dep.Package, integrity string) (document []byte, ok bool, err error) {
	digests, _ := dep.ParseSRI(integrity)
	if v.cache == nil || len(digests) == 0 { // under what is no digest nothing is kept
		return nil, false, nil
	}
	document, ok, err = v.cache.Get(ctx, bundlesKey(v.registry.Origin(), p, dep.Strongest(digests)))
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("the attestations of %s: %w", p.ID(), err)
	case !ok || len(document) > maxKept || !jsontext.Value(document).IsValid():
		return nil, false, nil
	}
	return document, true, nil
}

// keptBundles are the attestations of a release as they were kept.
func (v *Verifier) keptBundles(ctx context.Context, rel *registry.Release) ([]registry.Attestation, bool) {
	digest := dep.Strongest(rel.Digests)
	if v.cache == nil || digest.Hex == "" {
		return nil, false
	}
	document, ok, err := v.cache.Get(ctx, bundlesKey(v.registry.Origin(), rel.Package, digest))
	if err != nil && ctx.Err() == nil {
		v.logger(ctx).Warn().Err(err).Str("package", rel.Package.String()).Msg("the attestations that were kept could not be read; the registry is asked")
	}
	if err != nil || !ok || len(document) > maxKept {
		return nil, false
	}
	found, err := registry.ParseAttestations(document)
	return found, err == nil && len(found) > 0
}

// keepBundles puts away what a registry attested of a release, unless it is there, or anew
// where that is asked for. It is for people to look at, and to verify again: where it cannot
// be kept, the verification is none the worse.
func (v *Verifier) keepBundles(ctx context.Context, rel *registry.Release, found []registry.Attestation, renew bool) {
	digest := dep.Strongest(rel.Digests)
	if v.cache == nil || digest.Hex == "" || len(found) > maxAttestations {
		return
	}
	document, ok := bundlesOf(found)
	if !ok {
		return
	}
	key := bundlesKey(v.registry.Origin(), rel.Package, digest)
	var held []byte
	var there bool
	var err error
	if !renew {
		held, there, err = v.cache.Get(ctx, key)
	}
	if err == nil && (!there || !bytes.Equal(held, document)) {
		err = v.cache.Put(ctx, key, document, keepBundlesFor)
	}
	if err != nil && ctx.Err() == nil {
		v.logger(ctx).Warn().Err(err).Str("package", rel.Package.String()).Msg("the attestations could not be kept")
	}
}

// bundlesOf is the document that is kept; ok is false where it would be too large, or is
// made of what is no JSON.
func bundlesOf(found []registry.Attestation) (document []byte, ok bool) {
	document = []byte(`{"attestations":[`)
	for i, a := range found {
		if i > 0 {
			document = append(document, ',')
		}
		kind, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(a.PredicateType, "\uFFFD"))
		if err != nil || len(a.Bundle) > maxBundle || !jsontext.Value(a.Bundle).IsValid() {
			return nil, false
		}
		document = append(append(append(document, `{"predicateType":`...), kind...), `,"bundle":`...)
		document = append(append(document, a.Bundle...), '}')
	}
	document = append(document, "]}\n"...)
	return document, len(document) <= maxKept
}

package provenance

import (
	"context"
	"fmt"
	"path"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// BenchmarkVerify measures verification alone: what a registry signature costs, what a
// bundle that was signed with a key or with a certificate costs, and all of a lockfile of
// 971 entries, which are 863 releases, 71 of them with two attestations.
func BenchmarkVerify(b *testing.B) {
	made := madeReleases(b, 863, 71)
	b.Run("signature", func(b *testing.B) {
		made := made[:1]
		b.ReportAllocs()
		for b.Loop() {
			made.signatures(b)
		}
	})
	for _, source := range []struct {
		name     string
		releases func(testing.TB) releases
	}{{"made", func(testing.TB) releases { return made[:8] }}, {"real", realReleases}} {
		for _, kind := range []string{"certificate", "key"} {
			b.Run(source.name+"/"+kind, func(b *testing.B) {
				bundles := source.releases(b).bundles(kind == "key")
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					bundles[i%len(bundles)].verify(b)
				}
			})
		}
	}
	b.Run("863 signatures", func(b *testing.B) {
		for b.Loop() {
			made.signatures(b)
		}
	})
	b.Run("142 bundles", func(b *testing.B) {
		bundles := append(made.bundles(true), made.bundles(false)...)
		b.ReportAllocs()
		for b.Loop() {
			for _, one := range bundles {
				one.verify(b)
			}
		}
	})
	// Nothing of it may wait for a lock: on two cores a bundle takes half as long.
	b.Run("bundles in parallel", func(b *testing.B) {
		bundles := append(made.bundles(true), made.bundles(false)...)
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				bundles[i%len(bundles)].verify(b)
			}
		})
	})
}

// releases are what a registry answers of some releases, all of it in order.
type releases []release

type release struct {
	trust        *TrustRoot
	document     registry.Release
	attestations []registry.Attestation
	at           time.Time
}

type oneBundle struct {
	trust *TrustRoot
	registry.Attestation
	want expected
}

func (r releases) signatures(b testing.TB) {
	for i := range r {
		s, _ := r[i].trust.signature(context.Background(), &r[i].document, "https://npm.example.test", nil, nil, r[i].at)
		if s.State != Verified {
			b.Fatal(s.Reason)
		}
	}
}

func (r releases) bundles(key bool) (out []oneBundle) {
	for _, one := range r {
		for _, a := range one.attestations {
			if (a.PredicateType == predicatePublish) == key {
				out = append(out, oneBundle{one.trust, a, expected{subjectName(one.document.Package), dep.Strongest(one.document.Digests)}})
			}
		}
	}
	return out
}

func (o oneBundle) verify(b testing.TB) {
	if _, f := o.trust.attestation(o.Attestation, o.want); f != nil {
		b.Fatal(f.reason)
	}
}

// madeReleases are signed releases of a virtual Sigstore; the first of them are attested.
func madeReleases(b testing.TB, signed, attested int) releases {
	v := newVirtual(b)
	out := make(releases, signed)
	for i := range out {
		p := dep.Package{Ecosystem: dep.NPM, Name: fmt.Sprintf("@scope/name-%d", i), Version: "1.2.3"}
		key := v.KeyAt(v.at)
		sig, err := key.Sign([]byte(p.ID() + ":" + v.digest.SRI()))
		if err != nil {
			b.Fatal(err)
		}
		out[i] = release{v.trust, registry.Release{Package: p, Integrity: v.digest.SRI(), Digests: []dep.Digest{v.digest},
			Signatures: []registry.Signature{{KeyID: key.ID, Sig: sig}}}, nil, v.at}
		if i >= attested {
			continue
		}
		published, err := v.Publish(p, v.digest, v.at, sigstore.PublishOptions{})
		if err != nil {
			b.Fatal(err)
		}
		built, err := v.Provenance(p, v.digest, v.build, v.at, sigstore.ProvenanceOptions{})
		if err != nil {
			b.Fatal(err)
		}
		out[i].attestations = []registry.Attestation{{PredicateType: predicatePublish, Bundle: published}, {PredicateType: predicateSLSA1, Bundle: built}}
	}
	return out
}

// realReleases are those of the shared fixtures whose attestations hold.
func realReleases(b testing.TB) (out releases) {
	f := loadFixtures(b)
	for _, c := range f.Cases {
		if c.Kind != "npm-attestations" || c.Verdict != "valid" || path.Dir(c.Path) != "npm/attestations" {
			continue
		}
		found, err := registry.ParseAttestations(f.read(b, c.Path))
		if err != nil {
			b.Fatal(err)
		}
		digests, err := dep.ParseSRI(c.Integrity)
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, release{trust: f.trust(b, c), attestations: found,
			document: registry.Release{Package: dep.Package{Ecosystem: dep.NPM, Name: c.Name, Version: c.Version}, Digests: digests}})
	}
	return out
}

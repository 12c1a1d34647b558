package provenance

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// material is a Sigstore trusted root whose certificate authorities do not check the
// same intermediate certificate against its root for every bundle anew.
type material struct {
	*root.TrustedRoot
	authorities []root.CertificateAuthority
}

func newMaterial(tr *root.TrustedRoot) material {
	m := material{TrustedRoot: tr}
	for _, ca := range tr.FulcioCertificateAuthorities() {
		m.authorities = append(m.authorities, anchor(ca))
	}
	return m
}

// FulcioCertificateAuthorities are the authorities of the trusted root, in its order.
func (m material) FulcioCertificateAuthorities() []root.CertificateAuthority { return m.authorities }

// keyedMaterial is a material with the keys of a registry.
type keyedMaterial struct {
	root.TrustedMaterial
	keys root.TrustedMaterial
}

// PublicKeyVerifier finds a key of the registry.
func (m keyedMaterial) PublicKeyVerifier(id string) (root.TimeConstrainedVerifier, error) {
	return m.keys.PublicKeyVerifier(id)
}

// anchored is a certificate authority of one root and one intermediate, which has been
// checked against the root: of what it issued, only its own signature is left to check.
// That halves the work, since these are the slowest signatures of a bundle.
//
// It never decides against a certificate: what it cannot accept, the authority itself
// looks at, with the whole chain. Bundles bring no intermediates of their own along:
// sigstore-go reads them on request only.
type anchored struct {
	*root.FulcioCertificateAuthority
	intermediate *x509.Certificate
	below        *x509.CertPool // the intermediate, as what is trusted
}

// anchor checks the intermediate of an authority against its root, by the rules by
// which the whole chain would be checked. An authority of another shape, or one whose
// intermediate does not hold, is returned as it is.
func anchor(ca root.CertificateAuthority) root.CertificateAuthority {
	whole, ok := ca.(*root.FulcioCertificateAuthority)
	if !ok || whole.Root == nil || len(whole.Intermediates) != 1 {
		return ca
	}
	top, intermediate := whole.Root, whole.Intermediates[0]
	switch {
	case !ordinary(top) || !ordinary(intermediate):
		return ca
	case !intermediate.BasicConstraintsValid || !intermediate.IsCA:
		return ca
	case top.BasicConstraintsValid && top.MaxPathLen == 0: // allows no intermediate
		return ca
	}
	// When both are valid they are asked at every use; here any such moment will do.
	at := top.NotBefore
	if intermediate.NotBefore.After(at) {
		at = intermediate.NotBefore
	}
	if _, err := intermediate.Verify(codeSigning(pool(top), at)); err != nil {
		return ca
	}
	return &anchored{whole, intermediate, pool(intermediate)}
}

// Verify returns the chain from a certificate that was in use at a time to the root.
func (a *anchored) Verify(leaf *x509.Certificate, at time.Time) ([][]*x509.Certificate, error) {
	if a.covers(leaf, at) {
		if _, err := leaf.Verify(codeSigning(a.below, at)); err == nil {
			return [][]*x509.Certificate{{leaf, a.intermediate, a.Root}}, nil
		}
	}
	return a.FulcioCertificateAuthority.Verify(leaf, at)
}

// covers says whether the intermediate can stand for the whole chain: the authority and
// its root were valid, and nothing in the certificate refers to what is above its issuer.
func (a *anchored) covers(leaf *x509.Certificate, at time.Time) bool {
	switch {
	case !a.ValidityPeriodStart.IsZero() && at.Before(a.ValidityPeriodStart),
		!a.ValidityPeriodEnd.IsZero() && at.After(a.ValidityPeriodEnd),
		at.Before(a.Root.NotBefore), at.After(a.Root.NotAfter):
		return false
	case bytes.Equal(leaf.RawSubjectPublicKeyInfo, a.Root.RawSubjectPublicKeyInfo),
		bytes.Equal(leaf.RawSubjectPublicKeyInfo, a.intermediate.RawSubjectPublicKeyInfo): // one of the chain itself
		return false
	}
	return ordinary(leaf)
}

// codeSigning is what sigstore-go demands of a chain.
func codeSigning(roots *x509.CertPool, at time.Time) x509.VerifyOptions {
	return x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}}
}

func pool(c *x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(c)
	return p
}

// ordinary says whether a certificate has none of the standard extensions that bind
// other certificates of a chain than their neighbours: constraints of names and policies.
func ordinary(c *x509.Certificate) bool {
	standard := asn1.ObjectIdentifier{2, 5, 29} // id-ce, RFC 5280, section 4.2.1
	const (
		subjectKeyID     = 14
		keyUsage         = 15
		alternativeName  = 17
		basicConstraints = 19
		authorityKeyID   = 35
		extendedKeyUsage = 37
	)
	return !slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool {
		if len(e.Id) != len(standard)+1 || !e.Id[:len(standard)].Equal(standard) {
			return false
		}
		switch e.Id[len(standard)] {
		case subjectKeyID, keyUsage, alternativeName, basicConstraints, authorityKeyID, extendedKeyUsage:
			return false
		}
		return true
	})
}

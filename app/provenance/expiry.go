package provenance

import (
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// Expires is when the last certificate authority of the trust ends: nothing that is
// signed after that verifies. Zero: no end is known.
func (t *TrustRoot) Expires() time.Time {
	var last time.Time
	for _, ca := range t.material.FulcioCertificateAuthorities() {
		if a, ok := ca.(*anchored); ok {
			ca = a.FulcioCertificateAuthority
		}
		f, ok := ca.(*root.FulcioCertificateAuthority)
		if !ok || f.Root == nil {
			continue
		}
		end := f.Root.NotAfter
		for _, c := range f.Intermediates {
			if c.NotAfter.Before(end) {
				end = c.NotAfter
			}
		}
		if stated := f.ValidityPeriodEnd; !stated.IsZero() && stated.Before(end) {
			end = stated
		}
		if end.After(last) {
			last = end
		}
	}
	return last
}

package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// signatureInvalid: a signature that is there must hold.
func signatureInvalid(s Subject, v view) []draft {
	sig := s.Evidence.Signature
	if !s.lookedAt() || sig.State != provenance.Invalid {
		return nil
	}
	key := ""
	if sig.KeyID != "" {
		key = " (key " + quote(sig.KeyID) + ")"
	}
	d := about(RuleSignatureInvalid, s,
		fmt.Sprintf("The registry's signature over %s%s does not hold%s.", id(s.Change.Entry.Package), key, because(sig.Reason)),
		"Do not install it: name, version or digest are not what the registry signed. Ask the registry directly, without a mirror.").
		benign("a mirror that rewrites digests, or a registry key newer than the trust material Bonafide uses.")
	d.Better = s.better(v, hasSignature)
	return []draft{d}
}

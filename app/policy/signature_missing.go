package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// signatureMissing: a registry that publishes keys signs every release.
func signatureMissing(s Subject, v view) []draft {
	sig := s.Evidence.Signature
	if !s.lookedAt() || sig.State != provenance.Absent || sig.NotRequired {
		return nil
	}
	d := about(RuleSignatureMissing, s,
		fmt.Sprintf("%s carries no registry signature, although the registry publishes keys and signs its releases.", id(s.Change.Entry.Package)),
		"Somebody between the registry and you may have replaced the release or its description. Ask the registry directly, without a mirror.").
		benign("a mirror that strips signatures, or a private package served beside public ones.")
	d.Better = s.better(v, hasSignature)
	d.cause, d.many = "signature", "carry no registry signature, although the registry publishes keys"
	return []draft{d}
}

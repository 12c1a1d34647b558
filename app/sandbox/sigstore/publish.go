package sigstore

import (
	"fmt"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// RegistryURL is the registry that a publish attestation names.
const RegistryURL = "https://registry.npmjs.org"

// PublishOptions make a publish attestation other than usual. The zero value is
// what npm's registry makes.
type PublishOptions struct {
	MediaType     string // BundleV02
	PredicateType string // PredicatePublish
	Registry      string // RegistryURL

	Key   *Key   // the key in use at the time
	KeyID string // the key's id, as the envelope states it
	Hint  string // the key's id, as the verification material states it

	Subjects []Subject    // instead of the package; empty and not nil: none
	Told     *dep.Package // the package that the predicate tells of
	Forgery  Forgery
}

// Publish makes the registry's publish attestation of a package as a Sigstore
// bundle, signed and logged at the time.
func (s *Sigstore) Publish(p dep.Package, d dep.Digest, at time.Time, o PublishOptions) ([]byte, error) {
	key, told, subjects := o.Key, p, o.Subjects
	if key == nil {
		key = s.KeyAt(at)
	}
	if o.Told != nil {
		told = *o.Told
	}
	if subjects == nil {
		subjects = []Subject{SubjectOf(p, d)}
	}
	m := &making{
		mediaType:   orElse(o.MediaType, BundleV02),
		payloadType: payloadType,
		statement: newStatement(statementV01, orElse(o.PredicateType, PredicatePublish), subjects, object{
			"name": told.Name, "version": told.Version, "registry": orElse(o.Registry, RegistryURL),
		}),
		key:    key,
		keyID:  orElse(o.KeyID, key.ID),
		hint:   orElse(o.Hint, key.ID),
		rekor:  s.rekor,
		logged: at,
	}
	err := o.Forgery.apply(m)
	if err == nil {
		var b []byte
		if b, err = m.make(); err == nil {
			return b, nil
		}
	}
	return nil, fmt.Errorf("publish attestation of %s: %w", p, err)
}

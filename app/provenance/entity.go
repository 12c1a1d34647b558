package provenance

import (
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// entity is a bundle as sigstore-go verifies it, with its parts parsed once: a Bundle
// parses its log entry, its certificate and its envelope anew whenever it is asked for
// them, which is at every step.
type entity struct {
	*bundle.Bundle
	entries []*tlog.Entry
	signer  verify.VerificationContent
	content verify.SignatureContent // nil: incomplete, as unread says
	unread  error
}

// newEntity parses a bundle of which checkShape has found nothing to be missing.
func newEntity(pb *protobundle.Bundle) (*entity, *fault) {
	e := &entity{Bundle: &bundle.Bundle{Bundle: pb}}
	var err error
	if e.signer, err = e.Bundle.VerificationContent(); err != nil {
		return nil, faultf(causeCertificate, "its certificate cannot be read")
	}
	// NewBundle would parse the log entries to see that they have what the version
	// demands, and forget them; checkShape has asked that of every one of them.
	material := pb.GetVerificationMaterial()
	_, err = bundle.NewBundle(&protobundle.Bundle{
		MediaType: pb.GetMediaType(),
		Content:   pb.GetContent(),
		VerificationMaterial: &protobundle.VerificationMaterial{
			Content:                   material.GetContent(),
			TimestampVerificationData: material.GetTimestampVerificationData(),
		},
	})
	if err == nil {
		e.entries, err = e.Bundle.TlogEntries()
	}
	if err != nil {
		return nil, faultf(causeBundle, "its bundle lacks something that %s demands", quote(pb.GetMediaType()))
	}
	e.content, e.unread = e.Bundle.SignatureContent()
	return e, nil
}

func (e *entity) TlogEntries() ([]*tlog.Entry, error) { return e.entries, nil }

func (e *entity) VerificationContent() (verify.VerificationContent, error) { return e.signer, nil }

func (e *entity) SignatureContent() (verify.SignatureContent, error) { return e.content, e.unread }

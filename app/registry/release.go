package registry

import (
	"errors"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// ErrNotFound is what a registry answers (404, 410) for a release or a document
// that it does not have. Every other failure is a *Failure.
var ErrNotFound = errors.New("the registry has no such document")

// ErrNotModified is what a registry answers (304) to whoever has the document already.
var ErrNotModified = errors.New("the registry has the same document still")

// Failure is an answer that says nothing about the package: a transport error, a
// timeout, a rate limit, a body that is not the document asked for. It makes a
// state unknown, never absent.
type Failure struct {
	Reason string // one sentence for people, no address with secrets in it
	// RetryAfter is how long the registry asked to be left alone, at most an hour; 0
	// where it did not say.
	RetryAfter time.Duration
	Err        error
}

func (f *Failure) Error() string { return f.Reason }
func (f *Failure) Unwrap() error { return f.Err }

// Release is what the registry says of one name@version. Nothing in it is proven.
type Release struct {
	Package   dep.Package
	Integrity string       // as stated
	Digests   []dep.Digest // parsed from Integrity (and shasum, where that is all there is)
	// IntegrityError says why Integrity could not be read in full, "" if it could.
	IntegrityError string

	Signatures []Signature
	// Attested says that the registry announces attestations for the release.
	Attested bool
	// ProvenanceAnnounced says that the registry announces build provenance.
	ProvenanceAnnounced bool

	Publisher     Publisher
	Repository    string // the declared source repository, as stated
	InstallScript bool   // a script runs at install time
	// InstallScripts are the names of these scripts, in the order in which they run,
	// as far as the registry tells them.
	InstallScripts []string
	Deprecated     string

	// Elsewhere are the specs of its dependencies, optional and peer ones among them,
	// that lead out of every registry, sorted, each once.
	Elsewhere []dep.Spec
	// Bundles are the names of the dependencies that its tarball brings along, sorted:
	// they and what they need in turn.
	Bundles []string

	// ETag names this state of the document, for ReleaseIfChanged; "" where the registry
	// states none. At most 256 bytes.
	ETag string `json:"etag,omitempty"`
	// MaxAge is for how long the registry lets the answer be used without asking it
	// again, at most an hour.
	MaxAge time.Duration `json:"maxAge,omitempty"`
}

// Signature is one registry signature over "name@version:integrity".
type Signature struct {
	KeyID string // "SHA256:…"
	Sig   []byte // DER, decoded
}

// Publisher is who the registry says published a release (npm: _npmUser).
type Publisher struct {
	Name             string
	TrustedPublisher string // "github", "gitlab", …; "" if it was not one
	OIDCConfigID     string // stable id of the trusted publisher's configuration
	Approver         string // staged publishing: the person who approved it
}

// Attestation is one element of the registry's attestation document.
type Attestation struct {
	PredicateType string
	Bundle        []byte // a Sigstore bundle, JSON
}

// Date is when a release was published, and what says so.
type Date struct {
	Time   time.Time
	Source string // "tarball Last-Modified", "registry document"
}

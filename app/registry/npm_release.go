package registry

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bonafide-app/bonafide/app/dep"
)

// npmRelease is the version document of the npm registry, and the value of each
// version in a packument. What decides about evidence has its type and refuses
// another one; what is only shown is taken as it comes, because old documents are
// odd.
// https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
type npmRelease struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Dist    *struct {
		Integrity    string           `json:"integrity"`
		Shasum       string           `json:"shasum"`
		Signatures   []jsontext.Value `json:"signatures"`
		Attestations *struct {
			Provenance *struct {
				PredicateType string `json:"predicateType"`
			} `json:"provenance"`
		} `json:"attestations"`
	} `json:"dist"`

	User             jsontext.Value `json:"_npmUser"`
	Repository       jsontext.Value `json:"repository"`
	HasInstallScript jsontext.Value `json:"hasInstallScript"`
	Scripts          jsontext.Value `json:"scripts"`
	Deprecated       jsontext.Value `json:"deprecated"`

	Dependencies         jsontext.Value `json:"dependencies"`
	OptionalDependencies jsontext.Value `json:"optionalDependencies"`
	PeerDependencies     jsontext.Value `json:"peerDependencies"`
	BundleDependencies   jsontext.Value `json:"bundleDependencies"`
	BundledDependencies  jsontext.Value `json:"bundledDependencies"` // as old documents write it
}

// ParseRelease reads a version document of the npm registry.
func ParseRelease(data []byte) (Release, error) { return decodeRelease(bytes.NewReader(data)) }

func decodeRelease(r io.Reader) (Release, error) {
	var doc npmRelease
	if err := decodeOne(r, &doc); err != nil {
		return Release{}, err
	}
	return doc.release()
}

func (doc npmRelease) release() (Release, error) {
	switch {
	case doc.Name == "" || doc.Version == "":
		return Release{}, wrong("JSON that is no version document (it has no name and version)")
	case doc.Dist == nil:
		return Release{}, wrong("JSON that is no version document (it has no dist)")
	case len(doc.Dist.Integrity) > maxIntegrity:
		return Release{}, wrong("an integrity of more than %d characters", maxIntegrity)
	case len(doc.Dist.Signatures) > maxSignatures:
		return Release{}, wrong("more than %d signatures of one release", maxSignatures)
	}
	r := Release{
		Package:        dep.Package{Ecosystem: dep.NPM, Name: doc.Name, Version: doc.Version},
		Integrity:      doc.Dist.Integrity,
		Publisher:      npmPublisher(doc.User),
		Repository:     npmRepository(doc.Repository),
		InstallScripts: installScripts(doc.Scripts),
		Deprecated:     npmDeprecated(doc.Deprecated),
	}
	r.Elsewhere, r.Bundles = doc.elsewhere(), doc.bundles()
	r.InstallScript = doc.HasInstallScript.Kind() == 't' || len(r.InstallScripts) > 0
	if raw, err := hex.DecodeString(doc.Dist.Shasum); err == nil && len(raw) == 20 {
		r.Digests = []dep.Digest{{Algorithm: "sha1", Hex: strings.ToLower(doc.Dist.Shasum)}}
	}
	r.readIntegrity()
	for _, s := range doc.Dist.Signatures {
		r.Signatures = append(r.Signatures, npmSignature(s))
	}
	if a := doc.Dist.Attestations; a != nil {
		r.Attested = true
		r.ProvenanceAnnounced = a.Provenance != nil
	}
	return r, nil
}

// readIntegrity parses Integrity. Where there is none, a sha1 that is all that the
// registry states remains.
func (r *Release) readIntegrity() {
	stated := r.Digests
	r.Digests, r.IntegrityError = nil, ""
	if r.Integrity == "" {
		for _, d := range stated {
			if d.Algorithm == "sha1" {
				r.Digests = []dep.Digest{d}
			}
		}
		return
	}
	var err error
	if r.Digests, err = dep.ParseSRI(r.Integrity); err != nil {
		r.IntegrityError = err.Error()
	}
}

// npmSignature keeps a signature that cannot be read as one that will not hold: it
// is there, and it must not count as missing.
func npmSignature(v jsontext.Value) Signature {
	sig, err := base64.StdEncoding.Strict().DecodeString(text(member(v, "sig")))
	if err != nil {
		sig = nil
	}
	return Signature{KeyID: text(member(v, "keyid")), Sig: sig}
}

// unnamed stands where the registry says that there is one and not who.
const unnamed = "unnamed"

func npmPublisher(v jsontext.Value) Publisher {
	if v.Kind() == '"' { // documents of the first years: "name <address>"
		name, _, _ := strings.Cut(text(v), " <")
		return Publisher{Name: name}
	}
	p := Publisher{Name: text(member(v, "name"))}
	if trusted := member(v, "trustedPublisher"); trusted.Kind() == '{' {
		p.TrustedPublisher = text(member(trusted, "id"))
		p.OIDCConfigID = text(member(trusted, "oidcConfigId"))
		if p.TrustedPublisher == "" {
			p.TrustedPublisher = unnamed
		}
	}
	if approver := member(v, "approver"); approver.Kind() == '{' {
		p.Approver = text(member(approver, "name"))
		if p.Approver == "" {
			p.Approver = unnamed
		}
	}
	return p
}

func npmRepository(v jsontext.Value) string {
	if url := text(v); url != "" {
		return url
	}
	return text(member(v, "url"))
}

// installScripts are the names of the scripts that run when a package is installed
// from a registry. Where there is a binding.gyp and no such script, npm adds "install"
// to the document when the package is published.
// https://docs.npmjs.com/cli/using-npm/scripts
func installScripts(scripts jsontext.Value) (names []string) {
	for _, name := range []string{"preinstall", "install", "postinstall"} {
		if text(member(scripts, name)) != "" {
			names = append(names, name)
		}
	}
	return names
}

func npmDeprecated(v jsontext.Value) string {
	if v.Kind() == 't' {
		return "deprecated, without a reason"
	}
	return text(v)
}

// Mark is what the registry announces of how a release came about. Nothing of it
// is proven. The order is that of pnpm's trust policy.
type Mark string

// The marks, lowest first.
const (
	MarkNone             Mark = "none"
	MarkProvenance       Mark = "provenance"       // announces build provenance
	MarkTrustedPublisher Mark = "trustedPublisher" // and a trusted publisher
	MarkStagedPublish    Mark = "stagedPublish"    // a person approved it, with or without the others
)

// Rank orders marks, 0 to 3.
func (m Mark) Rank() int {
	switch m {
	case MarkProvenance:
		return 1
	case MarkTrustedPublisher:
		return 2
	case MarkStagedPublish:
		return 3
	}
	return 0
}

// Mark is the highest mark of the release.
func (r Release) Mark() Mark { return mark(r.Publisher, r.ProvenanceAnnounced) }

func mark(by Publisher, announced bool) Mark {
	switch {
	case by.Approver != "":
		return MarkStagedPublish
	case by.TrustedPublisher != "" && announced:
		return MarkTrustedPublisher
	case announced:
		return MarkProvenance
	}
	return MarkNone
}

// ParseAttestations reads an attestation document of the npm registry. The elements
// are handed on as they are: one that is no bundle is for the verifier to call
// invalid.
func ParseAttestations(data []byte) ([]Attestation, error) {
	return decodeAttestations(bytes.NewReader(data))
}

func decodeAttestations(r io.Reader) ([]Attestation, error) {
	var doc struct {
		Attestations *[]jsontext.Value `json:"attestations"`
	}
	if err := decodeOne(r, &doc); err != nil {
		return nil, err
	}
	switch {
	case doc.Attestations == nil:
		return nil, wrong("JSON that is no attestation document")
	case len(*doc.Attestations) > maxAttestations:
		return nil, wrong("more than %d attestations of one release", maxAttestations)
	}
	out := make([]Attestation, 0, len(*doc.Attestations))
	for _, v := range *doc.Attestations {
		bundle := member(v, "bundle")
		if bundle == nil {
			out = append(out, Attestation{Bundle: v})
			continue
		}
		out = append(out, Attestation{PredicateType: text(member(v, "predicateType")), Bundle: bundle})
	}
	return out, nil
}

package report

import (
	_ "embed"
	"io"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// FileJSONSchema is the JSON Schema of what FileJSON writes.
//
//go:embed schema/bonafide.file.v1.schema.json
var FileJSONSchema []byte

// FileSchema names the form of FileJSON.
const FileSchema = "bonafide.file/v1"

// FileJSON writes what was found out about a file, as JSON does a report: the form is a
// contract.
func FileJSON(w io.Writer, f File) error { return writeDocument(w, fileDocumentOf(f), "  ") }

type jsonFileDocument struct {
	Schema      string                    `json:"schema"`
	At          string                    `json:"at,omitempty"` // RFC 3339, UTC
	Conclusion  string                    `json:"conclusion"`
	File        jsonFile                  `json:"file"`
	Expected    jsonExpected              `json:"expected"`
	Attestation jsonAttestation           `json:"attestation"`
	Others      jsonList[jsonAttestation] `json:"others,omitempty"`
}

type jsonFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
	SHA512 string `json:"sha512"`
}

type jsonExpected struct {
	Repository string `json:"repository"`
	Workflow   string `json:"workflow,omitempty"`
	Ref        string `json:"ref,omitempty"`
	Signer     string `json:"signer_repository,omitempty"`
}

type jsonAttestation struct {
	State         string           `json:"state"`
	Reason        string           `json:"reason,omitempty"`
	Bundle        int              `json:"bundle,omitempty"` // from 1
	Kind          string           `json:"kind,omitempty"`   // statement, signature
	PredicateType string           `json:"predicate_type,omitempty"`
	Subject       string           `json:"subject,omitempty"`
	Subjects      int              `json:"subjects,omitempty"`
	Digest        string           `json:"digest,omitempty"`
	Attested      string           `json:"attested,omitempty"`
	Differs       jsonList[string] `json:"differs,omitempty"`
	Identity      *jsonIdentity    `json:"identity,omitempty"`
	Log           *jsonLog         `json:"log,omitempty"`
	Signed        string           `json:"signed,omitempty"` // RFC 3339, UTC
}

func fileDocumentOf(f File) jsonFileDocument {
	out := jsonFileDocument{
		Schema: FileSchema, At: stamp(f.At), Conclusion: string(f.Verdict.Conclusion),
		File:        jsonFile{f.Digests.Name, f.Digests.Size, f.Digests.SHA256.Hex, f.Digests.SHA512.Hex},
		Expected:    jsonExpected{f.Expected.Repository, f.Expected.Workflow, f.Expected.Ref, f.Expected.SignerRepository},
		Attestation: attestationOf(f.Verdict.Chosen, f.evidence()),
	}
	out.Attestation.Differs = f.Verdict.Differs
	for i, e := range f.Evidence {
		if i != f.Verdict.Chosen {
			out.Others = append(out.Others, attestationOf(i, e))
		}
	}
	return out
}

func attestationOf(i int, e provenance.FileEvidence) jsonAttestation {
	out := jsonAttestation{
		State: string(e.State), Reason: e.Reason, Bundle: i + 1, PredicateType: e.PredicateType, Subject: e.Subject, Subjects: e.Subjects,
		Attested: plainDigest(e.Attested), Log: logOf(e.Log), Signed: stamp(e.SignedAt),
	}
	switch {
	case e.Signed:
		out.Kind = "signature"
	case e.Subjects > 0:
		out.Kind = "statement"
	}
	if e.State == provenance.Verified || e.OtherFile {
		out.Digest = plainDigest(e.File)
	}
	if e.Identity != nil {
		out.Identity = builderOf(*e.Identity)
	}
	return out
}

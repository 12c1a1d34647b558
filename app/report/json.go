package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf16"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// JSONSchema is the JSON Schema of what JSON writes.
//
//go:embed schema/bonafide.report.v1.schema.json
var JSONSchema []byte

// JSON writes the report in the form of Schema, indented, with a newline at the end.
// The form is a contract: names are added to it, never changed. Characters that a
// terminal would act on, or that cannot be seen, are written as \u escapes.
func JSON(w io.Writer, r Report) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(documentOf(r)); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	if _, err := w.Write(escapeHidden(b.Bytes())); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	return nil
}

type jsonDocument struct {
	Schema     string          `json:"schema"`
	Demo       bool            `json:"demo,omitempty"`
	Conclusion string          `json:"conclusion"`
	WouldFail  bool            `json:"would_fail,omitempty"`
	Summary    jsonSummary     `json:"summary"`
	Packages   []jsonPackage   `json:"packages"`
	Findings   []jsonFinding   `json:"findings"`
	Exceptions []jsonException `json:"exceptions"`
	Preview    *jsonPreview    `json:"policy_preview,omitempty"`
}

type jsonSummary struct {
	Packages   int        `json:"packages"`
	Signature  jsonCounts `json:"signature"`
	Provenance jsonCounts `json:"provenance"`
}

type jsonCounts struct {
	Verified int `json:"verified"`
	Absent   int `json:"absent"`
	Invalid  int `json:"invalid"`
	Unknown  int `json:"unknown"`
}

type jsonPackage struct {
	PURL       string         `json:"purl"`
	Change     string         `json:"change"`
	From       string         `json:"from"`
	Lockfile   string         `json:"lockfile"`
	Line       int            `json:"line"`
	Scope      string         `json:"scope"`
	Direct     bool           `json:"direct"`
	Alias      string         `json:"alias,omitempty"`
	Workspaces []string       `json:"workspaces,omitempty"`
	Source     string         `json:"source,omitempty"`
	Bundled    bool           `json:"bundled,omitempty"`
	Script     bool           `json:"install_script,omitempty"`
	Patch      string         `json:"patch,omitempty"`
	Unsaid     []string       `json:"unsaid,omitempty"`
	Trust      string         `json:"trust"`
	Signature  jsonSignature  `json:"signature"`
	Publish    jsonCheck      `json:"publish"`
	Provenance jsonProvenance `json:"provenance"`
	Digest     jsonDigest     `json:"digest"`
}

type jsonCheck struct {
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
}

type jsonSignature struct {
	State  string `json:"state"`
	KeyID  string `json:"keyid,omitempty"`
	Reason string `json:"reason,omitempty"`
}

type jsonProvenance struct {
	State    string        `json:"state"`
	Reason   string        `json:"reason,omitempty"`
	Identity *jsonIdentity `json:"identity,omitempty"`
	Log      *jsonLog      `json:"log,omitempty"`
}

type jsonIdentity struct {
	Issuer     string `json:"issuer"`
	Repository string `json:"repository"`
	Commit     string `json:"commit"`
	Ref        string `json:"ref"`
	Workflow   string `json:"workflow"`
	Trigger    string `json:"trigger"`
	Runner     string `json:"runner"`
	Run        string `json:"run"`
	Signer     string `json:"signer"`
}

type jsonLog struct {
	Index int64  `json:"index"`
	Time  string `json:"time"` // RFC 3339, UTC
}

type jsonDigest struct {
	State    string `json:"state"`
	Lockfile string `json:"lockfile"`
	Registry string `json:"registry"`
	Attested string `json:"attested"`
	Reason   string `json:"reason,omitempty"`
}

type jsonFinding struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Unknown  bool   `json:"unknown,omitempty"`
	PURL     string `json:"purl"`
	Lockfile string `json:"lockfile"`
	Line     int    `json:"line"`
	Message  string `json:"message"`
	Help     string `json:"help"`
}

func documentOf(r Report) jsonDocument {
	d := jsonDocument{
		Schema:     Schema,
		Demo:       r.Demo,
		Conclusion: string(r.Conclusion),
		WouldFail:  r.WouldFail,
		Summary:    jsonSummary{r.Summary.Packages, jsonCounts(r.Summary.Signature), jsonCounts(r.Summary.Provenance)},
		Packages:   make([]jsonPackage, 0, len(r.Packages)),
		Findings:   make([]jsonFinding, 0, len(r.Findings)),
		Exceptions: []jsonException{},
		Preview:    previewOf(r.Preview),
	}
	for _, p := range r.Packages {
		d.Packages = append(d.Packages, packageOf(p))
	}
	for _, x := range r.Excepted {
		d.Exceptions = append(d.Exceptions, exceptionOf(x, r))
	}
	for _, f := range r.Findings {
		d.Findings = append(d.Findings, jsonFinding{
			Rule: string(f.Rule), Severity: string(f.Severity), Unknown: f.Unknown,
			PURL: purl(f.Package), Lockfile: f.Lockfile, Line: f.Line,
			Message: f.Message, Help: f.Help,
		})
	}
	return d
}

func packageOf(p Package) jsonPackage {
	e, ev := p.Entry, p.Evidence
	signature, publish, prov, digest := p.signature(), p.publish(), p.provenance(), p.digest()
	out := jsonPackage{
		PURL: purl(e.Package), Change: string(p.Change), From: p.From,
		Lockfile: e.Lockfile, Line: e.Line, Scope: string(e.Scope), Direct: e.Direct,
		Alias: e.Alias, Workspaces: e.Workspaces, Source: string(e.Source),
		Bundled: e.Bundled, Script: e.InstallScript, Patch: e.Patch, Unsaid: factsUnsaid(e),
		Trust:      string(p.trust()),
		Signature:  jsonSignature{State: string(signature.State), Reason: signature.Reason},
		Publish:    jsonCheck{string(publish.State), publish.Reason},
		Provenance: jsonProvenance{State: string(prov.State), Reason: prov.Reason},
		Digest: jsonDigest{string(digest.State), ev.Digest.Lockfile, ev.Digest.Registry, ev.Digest.Attested,
			digest.Reason},
	}
	if out.Digest.Lockfile == "" && len(e.Digests) > 0 {
		out.Digest.Lockfile = dep.Strongest(e.Digests).SRI()
	}
	if e.OwnDigest {
		out.Digest.Lockfile = e.Integrity
	}
	if e.Unsaid.Has(dep.FactScope) {
		out.Scope = ""
	}
	if p.NotLookedUp != "" {
		return out
	}
	out.Signature.KeyID = ev.Signature.KeyID
	if prov.State != provenance.Verified {
		return out
	}
	if id := ev.Provenance.Identity; id != nil {
		out.Provenance.Identity = &jsonIdentity{
			Issuer: id.Issuer, Repository: id.Repository, Commit: id.Commit, Ref: id.Ref,
			Workflow: id.Workflow, Trigger: id.Trigger, Runner: id.Runner, Run: id.Run, Signer: id.Signer,
		}
	}
	if log := ev.Provenance.Log; log != nil {
		out.Provenance.Log = &jsonLog{log.Index, log.Time.UTC().Format(time.RFC3339)}
	}
	return out
}

// factsUnsaid names the facts that a lockfile of this kind does not keep.
func factsUnsaid(e dep.Entry) []string {
	var out []string
	for _, f := range []struct {
		fact dep.Facts
		name string
	}{
		{dep.FactDigest, "digest"}, {dep.FactScope, "scope"}, {dep.FactDirect, "direct"},
		{dep.FactBundled, "bundled"}, {dep.FactInstallScript, "install_script"}, {dep.FactDependencies, "dependencies"},
	} {
		if e.Unsaid.Has(f.fact) {
			out = append(out, f.name)
		}
	}
	return out
}

// trust is the level of the evidence; none where none was asked for.
func (p Package) trust() provenance.Trust {
	if p.NotLookedUp != "" {
		return provenance.TrustNone
	}
	return p.Evidence.Trust()
}

// purl is the package URL, "" for no package.
func purl(p dep.Package) string {
	if p == (dep.Package{}) {
		return ""
	}
	return p.PURL()
}

// escapeHidden writes hidden characters of a JSON text as \u escapes. Outside of
// strings JSON holds none but newlines.
func escapeHidden(text []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(text))
	for _, r := range string(text) {
		switch {
		case r == '\n' || !hidden(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}

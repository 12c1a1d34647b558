package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// JSONSchema is the JSON Schema of what JSON writes.
//
//go:embed schema/bonafide.report.v1.schema.json
var JSONSchema []byte

// JSON writes the report in the form of Schema, indented, with a newline at the end.
// The form is a contract: names are added to it, never changed. Characters that a
// terminal would act on, or that cannot be seen, are written as \u escapes.
func JSON(w io.Writer, r Report) error { return writeJSON(w, r, "  ") }

// Compact writes what JSON does in one line, to be kept: a quarter of a long report is space
// before its lines.
func Compact(w io.Writer, r Report) error { return writeJSON(w, r, "") }

func writeJSON(w io.Writer, r Report, indent string) error {
	return writeDocument(w, documentOf(r), indent)
}

func writeDocument(w io.Writer, document any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(document); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	if _, err := w.Write(escapeHidden(b.Bytes())); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	return nil
}

type jsonDocument struct {
	Schema     string                  `json:"schema"`
	Kind       string                  `json:"kind,omitempty"`
	At         string                  `json:"at,omitempty"` // RFC 3339, UTC
	Demo       bool                    `json:"demo,omitempty"`
	Conclusion string                  `json:"conclusion"`
	WouldFail  bool                    `json:"would_fail,omitempty"`
	Title      string                  `json:"title,omitempty"`
	Policy     string                  `json:"policy_from,omitempty"`
	Mode       string                  `json:"mode,omitempty"`
	Comments   string                  `json:"comments,omitempty"`
	Summary    jsonSummary             `json:"summary"`
	Packages   jsonList[jsonPackage]   `json:"packages"`
	Findings   jsonList[jsonFinding]   `json:"findings"`
	Exceptions jsonList[jsonException] `json:"exceptions"`
	Preview    *jsonPreview            `json:"policy_preview,omitempty"`
	Lockfiles  jsonList[jsonLockfile]  `json:"lockfiles,omitempty"`
	Pins       *jsonPins               `json:"pins,omitempty"`
}

type jsonSummary struct {
	Packages   int            `json:"packages"`
	Signature  jsonCounts     `json:"signature"`
	Provenance jsonCounts     `json:"provenance"`
	Locations  *jsonLocations `json:"locations,omitempty"`
}

type jsonCounts struct {
	Verified int `json:"verified"`
	Absent   int `json:"absent"`
	Invalid  int `json:"invalid"`
	Unknown  int `json:"unknown"`
}

// jsonLocations counts places in lockfiles.
type jsonLocations struct {
	All        int `json:"all"`
	Signed     int `json:"signed"`
	Attested   int `json:"attested"`
	Provenance int `json:"provenance"`
}

type jsonLockfile struct {
	Path    string `json:"path"`
	Changed int    `json:"changed"`
	Note    string `json:"note,omitempty"`
}

// jsonPins are identity pins that are offered.
type jsonPins struct {
	Blocks jsonList[jsonPin] `json:"blocks"`
	Shown  bool              `json:"shown,omitempty"`
	Patch  string            `json:"patch,omitempty"`
}

type jsonPin struct {
	Match      string `json:"match"`
	Issuer     string `json:"issuer,omitempty"`
	Repository string `json:"repository,omitempty"`
	Workflow   string `json:"workflow,omitempty"`
	Ref        string `json:"ref,omitempty"`
}

// jsonAbout names a package. Release is there only where the package URL cannot be read
// back: some names that no registry takes cannot.
type jsonAbout struct {
	PURL    string       `json:"purl"`
	Release *jsonRelease `json:"package,omitempty"`
}

type jsonRelease struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	Version   string `json:"version"`
}

type jsonPackage struct {
	jsonAbout
	Change      string         `json:"change"`
	From        string         `json:"from"`
	Lockfile    string         `json:"lockfile"`
	Line        int            `json:"line"`
	Scope       string         `json:"scope"`
	Direct      bool           `json:"direct"`
	Alias       string         `json:"alias,omitempty"`
	Workspaces  []string       `json:"workspaces,omitempty"`
	Source      string         `json:"source,omitempty"`
	Resolved    string         `json:"resolved,omitempty"`
	Bundled     bool           `json:"bundled,omitempty"`
	Script      bool           `json:"install_script,omitempty"`
	Patch       string         `json:"patch,omitempty"`
	Unsaid      []string       `json:"unsaid,omitempty"`
	Occurrences int            `json:"occurrences,omitempty"` // where it is more than one
	Manifests   []jsonManifest `json:"manifests,omitempty"`
	Published   string         `json:"published,omitempty"` // RFC 3339, UTC
	NotLookedUp bool           `json:"not_looked_up,omitempty"`
	OwnDigest   bool           `json:"own_digest,omitempty"`
	Integrity   *string        `json:"integrity,omitempty"` // where it is not digest.lockfile
	Digests     *[]string      `json:"digests,omitempty"`   // where they are not those of integrity
	jsonEvidence
	Replaced *jsonReplaced `json:"replaced,omitempty"`
}

type jsonManifest struct {
	Path string `json:"path"`
	Name string `json:"name"`
}

// jsonReplaced is the evidence for the version that was replaced.
type jsonReplaced struct {
	jsonAbout
	jsonEvidence
}

type jsonEvidence struct {
	Trust      string         `json:"trust"`
	Signature  jsonSignature  `json:"signature"`
	Publish    jsonPublish    `json:"publish"`
	Provenance jsonProvenance `json:"provenance"`
	Digest     jsonDigest     `json:"digest"`
	Release    *jsonSaid      `json:"release,omitempty"`
}

type jsonSignature struct {
	State   string `json:"state"`
	KeyID   string `json:"keyid,omitempty"`
	Reason  string `json:"reason,omitempty"`
	DatedBy string `json:"dated_by,omitempty"`
}

type jsonPublish struct {
	State  string   `json:"state"`
	Reason string   `json:"reason,omitempty"`
	KeyID  string   `json:"keyid,omitempty"`
	Log    *jsonLog `json:"log,omitempty"`
}

type jsonProvenance struct {
	State         string        `json:"state"`
	Reason        string        `json:"reason,omitempty"`
	Announced     bool          `json:"announced,omitempty"` // where it is not verified
	PredicateType string        `json:"predicate_type,omitempty"`
	Identity      *jsonIdentity `json:"identity,omitempty"`
	Log           *jsonLog      `json:"log,omitempty"`
}

type jsonIdentity struct {
	Issuer       string `json:"issuer"`
	Repository   string `json:"repository"`
	RepositoryID string `json:"repository_id,omitempty"`
	OwnerID      string `json:"owner_id,omitempty"`
	Commit       string `json:"commit"`
	Ref          string `json:"ref"`
	Workflow     string `json:"workflow"`
	Trigger      string `json:"trigger"`
	Runner       string `json:"runner"`
	Run          string `json:"run"`
	Signer       string `json:"signer"`
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
	Differs  string `json:"differs,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

// jsonSaid is what the registry says of a release. It is there, and empty, where the registry
// answered and says nothing of it.
type jsonSaid struct {
	Publisher        string `json:"publisher,omitempty"`
	TrustedPublisher string `json:"trusted_publisher,omitempty"`
	Approver         string `json:"approver,omitempty"`
	Deprecated       string `json:"deprecated,omitempty"`
}

type jsonFinding struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Unknown  bool   `json:"unknown,omitempty"`
	jsonAbout
	Lockfile string    `json:"lockfile"`
	Line     int       `json:"line"`
	Message  string    `json:"message"`
	Help     string    `json:"help"`
	Why      string    `json:"why,omitempty"`
	Benign   string    `json:"benign,omitempty"`
	Better   string    `json:"better,omitempty"`
	Link     string    `json:"link,omitempty"`
	Count    int       `json:"count,omitempty"`
	Names    []string  `json:"names,omitempty"`
	Tell     *jsonTell `json:"tell,omitempty"`
}

type jsonTell struct {
	To         string `json:"to"`
	Repository string `json:"repository,omitempty"`
	Title      string `json:"title,omitempty"`
	Body       string `json:"body,omitempty"`
}

func documentOf(r Report) jsonDocument {
	d := jsonDocument{
		Schema:     Schema,
		Kind:       string(r.Kind),
		At:         stamp(r.At),
		Demo:       r.Demo,
		Conclusion: string(r.Conclusion),
		WouldFail:  r.WouldFail,
		Title:      r.said,
		Policy:     r.PolicyFrom,
		Mode:       string(r.Mode),
		Comments:   string(r.Comments),
		Summary:    summaryIn(r.Summary),
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
		d.Findings = append(d.Findings, findingOf(f))
	}
	for _, l := range r.Lockfiles {
		d.Lockfiles = append(d.Lockfiles, jsonLockfile(l))
	}
	if len(r.Pins) > 0 || r.PinsShown || r.PinsPatch != "" {
		d.Pins = &jsonPins{Blocks: []jsonPin{}, Shown: r.PinsShown, Patch: r.PinsPatch}
		for _, p := range r.Pins {
			d.Pins.Blocks = append(d.Pins.Blocks, jsonPin{p.Match, p.Identity.Issuer, p.Identity.Repository, p.Identity.Workflow, p.Identity.Ref})
		}
	}
	return d
}

func summaryIn(s Summary) jsonSummary {
	out := jsonSummary{Packages: s.Packages, Signature: jsonCounts(s.Signature), Provenance: jsonCounts(s.Provenance)}
	if at := (jsonLocations{s.Locations, s.LocationsSigned, s.LocationsAttested, s.LocationsProvenance}); at != (jsonLocations{}) {
		out.Locations = &at
	}
	return out
}

func aboutOf(p dep.Package) jsonAbout {
	out := jsonAbout{PURL: purl(p)}
	if read, ok := packageAt(out.PURL); !ok || read != p {
		out.Release = &jsonRelease{string(p.Ecosystem), p.Name, p.Version}
	}
	return out
}

func findingOf(f policy.Finding) jsonFinding {
	out := jsonFinding{
		Rule: string(f.Rule), Severity: string(f.Severity), Unknown: f.Unknown,
		jsonAbout: aboutOf(f.Package), Lockfile: f.Lockfile, Line: f.Line,
		Message: f.Message, Help: f.Help, Why: f.Why, Benign: f.Benign, Better: f.Better, Link: f.Link, Count: f.Count,
	}
	if f.Names != "" {
		out.Names = strings.Split(f.Names, "\n")
	}
	if f.Tell != (policy.Tell{}) {
		out.Tell = &jsonTell{string(f.Tell.To), f.Tell.Repository, f.Tell.Title, f.Tell.Body}
	}
	return out
}

func packageOf(p Package) jsonPackage {
	e := p.Entry
	out := jsonPackage{
		jsonAbout: aboutOf(e.Package), Change: string(p.Change), From: p.From,
		Lockfile: e.Lockfile, Line: e.Line, Scope: string(e.Scope), Direct: e.Direct,
		Alias: e.Alias, Workspaces: e.Workspaces, Source: string(e.Source), Resolved: e.Resolved,
		Bundled: e.Bundled, Script: e.InstallScript, Patch: e.Patch, Unsaid: factsUnsaid(e),
		Published: stamp(p.Published), NotLookedUp: p.NotLookedUp != "", OwnDigest: e.OwnDigest,
		jsonEvidence: evidenceOf(p),
	}
	if p.Occurrences > 1 {
		out.Occurrences = p.Occurrences
	}
	for _, m := range p.Manifests {
		out.Manifests = append(out.Manifests, jsonManifest(m))
	}
	if out.Digest.Lockfile == "" && len(e.Digests) > 0 {
		out.Digest.Lockfile = dep.Strongest(e.Digests).SRI()
	}
	if e.OwnDigest {
		out.Digest.Lockfile = e.Integrity
	}
	if e.Integrity != out.Digest.Lockfile {
		out.Integrity = &e.Integrity
	}
	if !slices.Equal(e.Digests, digestsOf(e.Integrity, e.OwnDigest)) {
		stated := make([]string, len(e.Digests))
		for i, d := range e.Digests {
			stated[i] = d.SRI()
		}
		out.Digests = &stated
	}
	if e.Unsaid.Has(dep.FactScope) {
		out.Scope = ""
	}
	if p.Replaced != nil {
		was := Package{Entry: dep.Entry{Package: p.Replaced.Package}, Evidence: *p.Replaced}
		out.Replaced = &jsonReplaced{aboutOf(was.Entry.Package), evidenceOf(was)}
	}
	return out
}

// digestsOf are the digests that an integrity comes to where nothing else is stated.
func digestsOf(integrity string, own bool) []dep.Digest {
	if integrity == "" || own {
		return nil
	}
	digests, err := dep.ParseSRI(integrity)
	if err != nil {
		return nil
	}
	return digests
}

func evidenceOf(p Package) jsonEvidence {
	ev := p.Evidence
	signature, publish, prov, digest := p.signature(), p.publish(), p.provenance(), p.digest()
	out := jsonEvidence{
		Trust:      string(p.trust()),
		Signature:  jsonSignature{State: string(signature.State), Reason: signature.Reason},
		Publish:    jsonPublish{State: string(publish.State), Reason: publish.Reason},
		Provenance: jsonProvenance{State: string(prov.State), Reason: prov.Reason},
		Digest: jsonDigest{
			State: string(digest.State), Lockfile: ev.Digest.Lockfile, Registry: ev.Digest.Registry,
			Attested: ev.Digest.Attested, Reason: digest.Reason,
		},
	}
	if ev.Release != nil {
		who := ev.Release.Publisher
		out.Release = &jsonSaid{who.Name, who.TrustedPublisher, who.Approver, clip(strings.TrimSpace(ev.Release.Deprecated), MaxReasonChars)}
	}
	if p.NotLookedUp != "" {
		return out
	}
	out.Signature.KeyID = ev.Signature.KeyID
	if signature.State == provenance.Verified {
		out.Signature.DatedBy = ev.Signature.DateSource
	}
	if publish.State == provenance.Verified {
		out.Publish.KeyID, out.Publish.Log = ev.Publish.KeyID, logOf(ev.Publish.Log)
	}
	if digest.State == provenance.Invalid {
		out.Digest.Differs = ev.Digest.Differs
	}
	if prov.State != provenance.Verified {
		out.Provenance.Announced = ev.Provenance.Announced
		return out
	}
	out.Provenance.PredicateType, out.Provenance.Log = ev.Provenance.PredicateType, logOf(ev.Provenance.Log)
	if id := ev.Provenance.Identity; id != nil {
		out.Provenance.Identity = builderOf(*id)
	}
	return out
}

func builderOf(id provenance.Identity) *jsonIdentity {
	return &jsonIdentity{
		Issuer: id.Issuer, Repository: id.Repository, RepositoryID: id.RepositoryID, OwnerID: id.OwnerID, Commit: id.Commit, Ref: id.Ref,
		Workflow: id.Workflow, Trigger: id.Trigger, Runner: id.Runner, Run: id.Run, Signer: id.Signer,
	}
}

func logOf(log *provenance.Log) *jsonLog {
	if log == nil {
		return nil
	}
	return &jsonLog{log.Index, log.Time.UTC().Format(time.RFC3339)}
}

// stamp is a time in UTC, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// factsUnsaid names the facts that a lockfile of this kind does not keep.
func factsUnsaid(e dep.Entry) []string {
	if e.Unsaid == 0 {
		return nil
	}
	var out []string
	for _, f := range factNames() {
		if e.Unsaid.Has(f.fact) {
			out = append(out, f.name)
		}
	}
	return out
}

type factName struct {
	fact dep.Facts
	name string
}

func factNames() []factName {
	return []factName{
		{dep.FactDigest, "digest"}, {dep.FactScope, "scope"}, {dep.FactDirect, "direct"},
		{dep.FactBundled, "bundled"}, {dep.FactInstallScript, "install_script"}, {dep.FactDependencies, "dependencies"},
	}
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
	if !bytes.ContainsFunc(text, func(r rune) bool { return r != '\n' && hidden(r) }) {
		return text // nearly always
	}
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

package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// CycloneDX writes the packages as a bill of materials in CycloneDX 1.6 JSON, with what
// was found out about each as properties named "bonafide:…". Removed packages are left
// out. version is the program's, "" where nobody knows. The same report makes the same
// text: it has no serial number.
func CycloneDX(w io.Writer, r Report, version string) error {
	found, others := weighed(r)
	s := newStream(w)
	s.open("", "{")
	s.put("$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json")
	s.put("bomFormat", "CycloneDX")
	s.put("specVersion", "1.6")
	s.put("version", 1)
	s.put("metadata", cdxMetadataOf(r, version, others))
	s.open("components", "[")
	seen := make(map[string]int)
	for _, p := range r.Packages {
		if p.Change != dep.Removed {
			s.put("", componentOf(p, found[place{p.Entry.Package, p.Entry.Lockfile}], seen))
		}
	}
	s.shut("]")
	s.shut("}")
	return s.close("CycloneDX")
}

type cdxMetadata struct {
	Timestamp  string        `json:"timestamp,omitempty"`
	Tools      cdxTools      `json:"tools"`
	Properties []cdxProperty `json:"properties"`
}

type cdxTools struct {
	Components []cdxTool `json:"components"`
}

type cdxTool struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type cdxComponent struct {
	Type       string         `json:"type"`
	Ref        string         `json:"bom-ref"`
	Group      string         `json:"group,omitempty"`
	Name       string         `json:"name"`
	Version    string         `json:"version,omitempty"`
	Scope      string         `json:"scope,omitempty"`
	Hashes     []cdxHash      `json:"hashes,omitempty"`
	PURL       string         `json:"purl,omitempty"`
	References []cdxReference `json:"externalReferences,omitempty"`
	Properties []cdxProperty  `json:"properties"`
	Evidence   *cdxEvidence   `json:"evidence,omitempty"`
}

type cdxHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type cdxReference struct {
	Type    string `json:"type"`
	URL     string `json:"url"`
	Comment string `json:"comment,omitempty"`
}

type cdxProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type cdxEvidence struct {
	Occurrences []cdxOccurrence `json:"occurrences"`
}

type cdxOccurrence struct {
	Location string `json:"location"`
	Line     int    `json:"line,omitempty"`
}

func cdxMetadataOf(r Report, version string, others []remark) cdxMetadata {
	out := cdxMetadata{Tools: cdxTools{[]cdxTool{{"application", "bonafide", version}}}}
	if !r.At.IsZero() {
		out.Timestamp = r.At.UTC().Format(time.RFC3339)
	}
	out.Properties = []cdxProperty{{"bonafide:report", string(r.Kind)}, {"bonafide:conclusion", string(r.Conclusion)}}
	if r.Demo {
		out.Properties = append(out.Properties, cdxProperty{"bonafide:demo", "true"})
	}
	for _, o := range others {
		out.Properties = append(out.Properties, cdxProperty{"bonafide:finding", strings.TrimSpace(o.text + " " + o.lockfile)})
	}
	return out
}

// componentOf describes one row; seen counts the package URLs, of which one may stand in
// several lockfiles, or come from several sources.
func componentOf(p Package, findings []string, seen map[string]int) cdxComponent {
	j := packageOf(p)
	out := cdxComponent{
		Type: "library", Ref: j.PURL, Name: j.PURL, PURL: j.PURL, Scope: cdxScope(p.Entry), Hashes: cdxHashes(p),
		References: cdxReferences(j.Provenance.Identity), Properties: cdxProperties(p, j, findings),
	}
	if seen[j.PURL]++; seen[j.PURL] > 1 {
		out.Ref += "#" + strconv.Itoa(seen[j.PURL])
	}
	if name := p.Entry.Package.Name; name != "" {
		out.Name, out.Version = name, clip(p.Entry.Package.Version, MaxCycloneDXVersion)
	}
	if scope, name, ok := strings.Cut(out.Name, "/"); ok && strings.HasPrefix(scope, "@") && p.Entry.Package.Ecosystem == dep.NPM {
		out.Group, out.Name = scope, name
	}
	if p.Entry.Lockfile != "" {
		out.Evidence = &cdxEvidence{[]cdxOccurrence{{p.Entry.Lockfile, max(p.Entry.Line, 0)}}}
	}
	return out
}

// cdxScope is "" where the lockfile does not say.
func cdxScope(e dep.Entry) string {
	switch {
	case e.Unsaid.Has(dep.FactScope):
		return ""
	case e.Scope == dep.Dev:
		return "excluded"
	case e.Scope == dep.Optional:
		return "optional"
	case e.Scope == dep.Prod, e.Scope == dep.Peer:
		return "required"
	}
	return ""
}

// cdxHashes are the digests of the package's archive: the lockfile's, or, where it has
// none, the one that registry and attestation agree on.
func cdxHashes(p Package) (out []cdxHash) {
	digests := p.Entry.Digests
	if p.Entry.OwnDigest {
		digests = nil // of what the package manager made of the archive
	}
	if len(digests) == 0 && p.digest().State == provenance.Verified {
		if stated, err := dep.ParseSRI(p.Evidence.Digest.Registry); err == nil {
			digests = stated
		}
	}
	names := map[string]string{"sha512": "SHA-512", "sha384": "SHA-384", "sha256": "SHA-256", "sha1": "SHA-1", "md5": "MD5"}
	for _, d := range digests {
		if name := names[d.Algorithm]; name != "" {
			out = append(out, cdxHash{name, d.Hex})
		}
	}
	return out
}

// cdxReferences are the addresses that a verified certificate names, where their shape is
// known.
func cdxReferences(id *jsonIdentity) (out []cdxReference) {
	if id == nil {
		return nil
	}
	links := linksOf(provenance.Identity{Repository: id.Repository, Commit: id.Commit, Workflow: id.Workflow, Run: id.Run})
	if links.repository != "" {
		out = append(out, cdxReference{"vcs", links.repository, "named by the certificate of the build provenance"})
	}
	if links.run != "" {
		out = append(out, cdxReference{"build-system", links.run, "the workflow run that built it, by the same certificate"})
	}
	return out
}

// cdxProperties say what was found out, in the words of the JSON; what is empty is left
// out.
func cdxProperties(p Package, j jsonPackage, findings []string) (out []cdxProperty) {
	say := func(name, value string) {
		if value != "" {
			out = append(out, cdxProperty{"bonafide:" + name, value})
		}
	}
	say("change", j.Change)
	say("from", j.From)
	if !p.Entry.Unsaid.Has(dep.FactDirect) || j.Direct {
		say("direct", strconv.FormatBool(j.Direct))
	}
	if j.Source != string(dep.Registry) {
		say("source", j.Source)
		say("resolved", p.Entry.Resolved)
	}
	say("trust", j.Trust)
	say("signature", j.Signature.State)
	say("signature:reason", j.Signature.Reason)
	say("publish", j.Publish.State)
	say("publish:reason", j.Publish.Reason)
	say("provenance", j.Provenance.State)
	say("provenance:reason", j.Provenance.Reason)
	say("digest", j.Digest.State)
	say("digest:reason", j.Digest.Reason)
	if id := j.Provenance.Identity; id != nil {
		say("provenance:issuer", id.Issuer)
		say("provenance:repository", id.Repository)
		say("provenance:commit", id.Commit)
		say("provenance:ref", id.Ref)
		say("provenance:workflow", id.Workflow)
		say("provenance:run", id.Run)
		say("provenance:signer", id.Signer)
	}
	if log := j.Provenance.Log; log != nil {
		say("provenance:log", fmt.Sprintf("entry %d of %s", log.Index, log.Time))
	}
	say("published", published(p))
	for _, text := range findings {
		say("finding", text)
	}
	return out
}

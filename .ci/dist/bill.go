package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// The bill of materials is CycloneDX 1.6, as far as it is needed here.
type bill struct {
	Schema      string      `json:"$schema"`
	Format      string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    metadata    `json:"metadata"`
	Components  []component `json:"components"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Type       string      `json:"type"`
	Ref        string      `json:"bom-ref"`
	Name       string      `json:"name"`
	Version    string      `json:"version"`
	PURL       string      `json:"purl"`
	References []reference `json:"externalReferences,omitempty"`
	Properties []property  `json:"properties,omitempty"`
}

type reference struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// billOf lists what is linked into the programs, as the Go toolchain recorded it in them:
// the standard library, and each module with its checksum of go.sum. What is not in all of
// the programs says in which. The same commit makes the same text: there is no serial
// number, and the time is the commit's.
func billOf(binaries []binary, at time.Time) (file, error) {
	main := binaries[0].info.Main
	product := component{
		Type: "application", Ref: purl(main.Path, main.Version), Name: "bonafide", Version: binaries[0].version(), PURL: purl(main.Path, main.Version),
		References: []reference{{"vcs", "https://" + main.Path}, {"license", "https://www.apache.org/licenses/LICENSE-2.0"}},
	}
	for _, s := range binaries[0].info.Settings {
		if s.Key == "vcs.revision" {
			product.Properties = append(product.Properties, property{"bonafide:commit", s.Value})
		}
	}
	found, in := map[string]component{}, map[string][]string{}
	add := func(b binary, name, version, sum string) {
		c := component{Type: "library", Ref: purl(name, version), Name: name, Version: version, PURL: purl(name, version)}
		if sum != "" {
			c.Properties = []property{{"bonafide:go.sum", sum}}
		}
		found[c.Ref] = c
		in[c.Ref] = append(in[c.Ref], b.platform)
	}
	for _, b := range binaries {
		add(b, "std", strings.TrimPrefix(b.info.GoVersion, "go"), "")
		for _, d := range b.info.Deps {
			if d.Replace != nil {
				d = d.Replace
			}
			add(b, d.Path, d.Version, d.Sum)
		}
	}
	out := bill{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata: metadata{at.UTC().Format(time.RFC3339), product},
	}
	for _, ref := range slices.SortedFunc(maps.Keys(found), cmp.Compare) {
		c := found[ref]
		if len(in[ref]) < len(binaries) {
			c.Properties = append(c.Properties, property{"bonafide:platforms", strings.Join(in[ref], " ")})
		}
		out.Components = append(out.Components, c)
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(out)
	return file{"bonafide_" + binaries[0].version() + ".cdx.json", text.Bytes()}, err
}

// purl is the package URL of a Go module, whose version keeps its v. The plus sign of
// +incompatible is escaped, as in a query.
func purl(path, version string) string {
	return "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
}

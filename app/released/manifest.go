package released

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// Manifest is what a package.json says of the package that is published from its folder.
type Manifest struct {
	Path          string // "packages/web/package.json"
	Name, Version string // "" where it says none
	Private       bool
	Registry      string // publishConfig.registry
	Access        string // publishConfig.access: "public", "restricted"
	Workspaces    []string
}

func (m Manifest) folder() string {
	if dir := path.Dir(m.Path); dir != "." {
		return dir
	}
	return ""
}

// ReadManifest reads a package.json. What has another type than it must have counts as
// not said.
//
// https://docs.npmjs.com/cli/v11/configuring-npm/package-json
func ReadManifest(name string, data []byte) (Manifest, error) {
	m := Manifest{Path: name}
	if len(data) > MaxManifestBytes {
		return m, fmt.Errorf("it has more than %d bytes", MaxManifestBytes)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &all); err != nil {
		return m, fmt.Errorf("it is not JSON: %w", err)
	}
	m.Name, m.Version = text(all["name"]), text(all["version"])
	m.Private = string(all["private"]) == "true"
	publish := object(all["publishConfig"])
	m.Registry, m.Access = text(publish["registry"]), text(publish["access"])
	m.Workspaces = texts(all["workspaces"])
	if m.Workspaces == nil {
		m.Workspaces = texts(object(all["workspaces"])["packages"])
	}
	return m, nil
}

// PatternFiles are the files beside the root's package.json that name workspaces, too.
func PatternFiles() []string { return []string{"pnpm-workspace.yaml", "lerna.json"} }

// ReadPatterns reads the patterns of workspaces from one of the PatternFiles.
//
// https://pnpm.io/pnpm-workspace_yaml
// https://lerna.js.org/docs/api-reference/configuration
func ReadPatterns(name string, data []byte) ([]string, error) {
	if len(data) > MaxManifestBytes {
		return nil, fmt.Errorf("it has more than %d bytes", MaxManifestBytes)
	}
	if name == "lerna.json" {
		var all map[string]json.RawMessage
		if err := json.Unmarshal(data, &all); err != nil {
			return nil, fmt.Errorf("it is not JSON: %w", err)
		}
		return texts(all["packages"]), nil
	}
	var settings struct {
		Packages []string `yaml:"packages"`
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return nil, fmt.Errorf("set up the YAML reader: %w", err)
	}
	if err := loader.Load(&settings); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("it is not read as YAML: %w", err)
	}
	return settings.Packages, nil
}

// Workspaces are the manifests among paths that patterns name, sorted. What follows a "!"
// is taken out again. What was installed is none.
func Workspaces(patterns, paths []string) (out []string) {
	patterns = patterns[:min(len(patterns), maxPatterns)]
	for _, p := range paths {
		dir := path.Dir(p)
		if path.Base(p) != "package.json" || dir == "." || slices.Contains(strings.Split(dir, "/"), "node_modules") {
			continue
		}
		in := false
		for _, pattern := range patterns {
			glob, not := strings.CutPrefix(pattern, "!")
			glob = strings.TrimSuffix(strings.TrimPrefix(glob, "./"), "/")
			if len(glob) > maxPattern {
				continue
			}
			if matches, err := doublestar.Match(glob, dir); err == nil && matches {
				in = !not
			}
		}
		if in {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// placeholder is a version that release tools leave in the file and replace while they
// publish: "0.0.0-development", "0.0.0-semantically-released", "0.0.0".
var placeholder = regexp.MustCompile(`^0\.0\.0(-|$)`)

// Of are the packages that a tag is about, each with the version that is to be published.
// Where the tag and the only packages that it can be about have different versions,
// disagree are these, with the version that the file has.
func (t Tag) Of(manifests []Manifest) (about, disagree []Manifest) {
	var candidates []Manifest
	for _, m := range manifests {
		if m.Name != "" && !m.Private && (t.About == "" || t.names(m)) {
			candidates = append(candidates, m)
		}
	}
	if len(candidates) == 0 && t.About != "" { // "release-1.2.3": it names nothing that there is
		return Tag{Name: t.Name, Version: t.Version}.Of(manifests)
	}
	for _, m := range candidates {
		switch {
		case m.Version == t.Version:
			about = append(about, m)
		case m.Version == "" || placeholder.MatchString(m.Version):
			m.Version = t.Version
			about = append(about, m)
		default:
			disagree = append(disagree, m)
		}
	}
	if len(about) > 0 { // of packages that have versions of their own, the others belong to other tags
		disagree = nil
	}
	return about, disagree
}

func text(raw json.RawMessage) (s string) {
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func texts(raw json.RawMessage) (list []string) {
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

func object(raw json.RawMessage) (o map[string]json.RawMessage) {
	if json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

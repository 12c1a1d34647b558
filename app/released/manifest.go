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

	"github.com/bonafide-app/bonafide/app/publish"
)

// Manifest is what a package.json says of the package that is published from its folder.
type Manifest struct {
	Path string // "packages/web/package.json"
	publish.Package
}

func (m Manifest) folder() string {
	if dir := path.Dir(m.Path); dir != "." {
		return dir
	}
	return ""
}

// ReadManifest reads a package.json. Its errors are sentences.
func ReadManifest(name string, data []byte) (Manifest, error) {
	p, err := publish.ReadPackage(data)
	return Manifest{name, p}, err
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
// publish: "0.0.0-development", "0.0.0-semantically-released".
var placeholder = regexp.MustCompile(`^0\.0\.0-`)

// unset says whether a file has no version of its own. It may be replaced while it is
// published, or belong to a package that was never released.
func unset(v string) bool { return v == "" || v == "0.0.0" }

// Of are the packages of a repository that a tag is about, each with the version that is to
// be published. Where they can only have come from the tag and have another version,
// disagree are these, with the version that the file has.
//
// What marks itself as private is in neither, but it counts: a tag may be about it alone.
// A tag that names something else, as a chart or a part in another language, is about
// none. One that names nothing is about the packages with its version; those that go their
// own ways, with versions of their own, wait for tags of their own.
func (t Tag) Of(repository string, manifests []Manifest) (about, disagree []Manifest) {
	var candidates []Manifest
	for _, m := range manifests {
		if m.Name != "" && t.names(m) {
			candidates = append(candidates, m)
		}
	}
	whole := len(candidates) == 0 && (t.About == "" || strings.EqualFold(t.About, repository))
	if whole {
		candidates = slices.DeleteFunc(slices.Clone(manifests), func(m Manifest) bool { return m.Name == "" })
	}
	taken := slices.ContainsFunc(candidates, func(m Manifest) bool { return m.Version == t.Version })
	versions := map[string]bool{}
	for _, m := range candidates {
		switch {
		case m.Private:
		case m.Version == t.Version || placeholder.MatchString(m.Version) || unset(m.Version) && !taken:
			m.Version = t.Version
			about = append(about, m)
		default:
			disagree = append(disagree, m)
			versions[m.Version] = true
		}
	}
	if taken || len(about) > 0 || whole && len(versions) > 1 {
		disagree = nil
	}
	return about, disagree
}

func texts(raw json.RawMessage) (list []string) {
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

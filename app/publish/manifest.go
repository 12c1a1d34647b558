package publish

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// readManifest reads a package.json.
func readManifest(file string, data []byte) (*manifest, error) {
	d, err := newDocument(file, data, true)
	if err != nil {
		return nil, err
	}
	if d.root.Kind != yaml.MappingNode {
		return nil, unreadableAt(1, "The file is no manifest: it is not an object.")
	}
	m := &manifest{place: d.at(d.root, false), Dir: folder(file), tools: map[string]*release{}}
	for _, k := range d.members(d.root) {
		switch k.key {
		case "name":
			m.Name = k.words()
		case "version":
			m.Version = k.words()
		case "private":
			m.Private = truthy(k.value)
		case "packageManager":
			m.Manager = k.text()
		case "repository":
			m.RepositoryAt = k.place
			if m.Repository = k.text(); k.value.Kind == yaml.MappingNode {
				m.Repository = d.get(k.value, "url").text()
				m.Directory = d.get(k.value, "directory").text()
			}
		case "publishConfig":
			m.Publish = k.place
			m.Provenance = d.get(k.value, "provenance").text()
			m.Access = d.get(k.value, "access").words()
			m.Registry = d.get(k.value, "registry").words()
			m.PublishDir = d.get(k.value, "directory").text()
		case "scripts":
			m.Scripts = byName(m.Scripts, d.block(k).Settings)
		case "dependencies", "devDependencies", "optionalDependencies", "peerDependencies":
			m.Dependencies = byName(m.Dependencies, d.block(k).Settings)
		case "workspaces":
			if k.value.Kind == yaml.MappingNode {
				k = d.get(k.value, "packages")
			}
			if k.value != nil && k.value.Kind == yaml.SequenceNode {
				m.Workspaces = d.texts(k)
			}
		case "devEngines":
			m.Runtime = d.engine(k, "runtime", "node")
			if managers := d.items(d.get(k.value, "packageManager").value); len(managers) > 0 {
				m.DevManager = d.get(managers[0].value, "name").text()
			}
			if !m.Manager.stated() {
				for _, name := range []string{"npm", "pnpm", "yarn", "bun"} {
					if t := d.engine(k, "packageManager", name); t.stated() {
						m.Manager = text{t.place, name + "@" + t.Value}
					}
				}
			}
		case "engines":
			m.Engine = d.get(k.value, "node").text()
		case "volta":
			m.Volta = d.get(k.value, "node").text()
		case "lerna":
			m.tools["lerna"] = d.release("lerna", k)
		case "release":
			m.tools["semantic-release"] = d.release("semantic-release", k)
		case "release-it":
			m.tools["release-it"] = d.release("release-it", k)
		}
	}
	return m, nil
}

// byName adds settings to a map; the first of a name stays.
func byName(all map[string]text, list []setting) map[string]text {
	if all == nil {
		all = make(map[string]text, len(list))
	}
	for _, s := range list {
		if _, there := all[s.Name]; !there {
			all[s.Name] = s.text
		}
	}
	return all
}

// engine is the version that devEngines asks of one of its kind; not stated where it names
// another, or no version. There may be a list of them.
// (https://docs.npmjs.com/cli/v11/configuring-npm/package-json#devengines)
func (d *document) engine(engines member, kind, name string) text {
	for _, e := range d.items(d.get(engines.value, kind).value) {
		if d.get(e.value, "name").text().Value == name {
			return d.get(e.value, "version").text()
		}
	}
	return text{}
}

// depends is what the manifest asks of a package; not stated where it does not.
func (m *manifest) depends(name string) text {
	if m == nil {
		return text{}
	}
	return m.Dependencies[name]
}

// script is a script of the manifest.
func (m *manifest) script(name string) text {
	if m == nil {
		return text{}
	}
	return m.Scripts[name]
}

// private says whether npm refuses to publish it.
func (m *manifest) private() bool { return m != nil && m.Private }

// words is text of JSON for what must be a string: what has another type is not stated.
func (m member) words() text {
	if m.value == nil || m.value.Tag != "!!str" {
		return text{}
	}
	return m.text()
}

// truthy says whether JavaScript takes a value of JSON for true, as npm does with "private".
//
// https://github.com/npm/cli/blob/latest/lib/commands/publish.js
func truthy(n *yaml.Node) bool {
	switch {
	case n.Kind != yaml.ScalarNode:
		return true
	case n.Tag == "!!str":
		return n.Value != ""
	}
	zero, err := strconv.ParseFloat(n.Value, 64)
	return n.Value != "null" && n.Value != "false" && (err != nil || zero != 0)
}

// readNpmrc reads an .npmrc: lines of key = value, where "; " and "#" begin comments.
// (https://docs.npmjs.com/cli/v11/configuring-npm/npmrc)
func readNpmrc(file string, data []byte) *npmrc {
	n := &npmrc{place: place{File: file, Line: 1, Column: 1}, Dir: folder(file)}
	lines := splitLines(string(data[:min(len(data), maxFileBytes)]))
	n.End = max(len(lines), 1)
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' || line[0] == '[' {
			continue
		}
		key, v, ok := strings.Cut(line, "=")
		if !ok {
			v = "true"
		}
		n.Settings = append(n.Settings, setting{
			Name: strings.Trim(strings.TrimSpace(key), `"`),
			text: text{place{File: file, Line: i + 1, End: i + 1, Column: 1}, strings.Trim(strings.TrimSpace(v), `"'`)},
		})
	}
	return n
}

// readYarnrc reads what yarn's .yarnrc.yml says of publishing.
func readYarnrc(file string, data []byte) (*npmrc, error) {
	d, err := newDocument(file, data, false)
	if err != nil {
		return nil, err
	}
	n := &npmrc{place: place{File: file, Line: 1, End: max(len(d.lines), 1), Column: 1}, Dir: folder(file), Yarn: true}
	n.Settings = d.flat(nil, "", d.root, 0)
	return n, nil
}

// readRelease reads the settings of a release tool. A program is not run and not read.
func readRelease(file string, data []byte) (*release, error) {
	tool := releaseTool(file)
	dir := folder(file)
	if tool == "changesets" {
		dir, _ = join(dir, "..")
	}
	switch path.Ext(file) {
	case ".js", ".cjs", ".mjs", ".ts":
		return &release{place: place{File: file, Line: 1, End: 1, Column: 1}, Tool: tool, Dir: dir, Code: true}, nil
	}
	isJSON := path.Ext(file) == ".json"
	if path.Base(file) == ".releaserc" { // it may be either
		isJSON = strings.HasPrefix(strings.TrimSpace(string(data[:min(len(data), maxFileBytes)])), "{")
	}
	d, err := newDocument(file, data, isJSON)
	if err != nil {
		return nil, err
	}
	if d.root == nil {
		return &release{place: place{File: file, Line: 1, End: 1, Column: 1}, Tool: tool, Dir: dir}, nil
	}
	s := d.release(tool, member{d.at(d.root, false), "", d.root})
	s.Dir = dir
	return s, nil
}

// release are the settings of a tool: scalars at any depth, by their path with dots.
func (d *document) release(tool string, m member) *release {
	s := &release{place: m.place, Tool: tool, Dir: folder(d.file)}
	s.Settings = d.flat(nil, "", m.value, 0)
	plugins := d.get(m.value, "plugins")
	for _, p := range d.items(plugins.value) {
		plugin := releasePlugin{place: p.place}
		if t := p.text(); t.stated() {
			plugin.Name = t.Value
		} else if parts := d.items(p.value); len(parts) > 0 {
			plugin.Name = parts[0].text().Value
			if len(parts) > 1 {
				plugin.Options = d.block(parts[1]).Settings
			}
		}
		s.Plugins = append(s.Plugins, plugin)
	}
	s.PluginsAt, s.ExtendsAt = plugins.place, d.get(m.value, "extends").place
	s.Packages = d.texts(d.get(m.value, "packages"))
	return s
}

func (d *document) flat(list []setting, prefix string, n *yaml.Node, depth int) []setting {
	if depth > 6 {
		return list
	}
	for _, k := range d.members(n) {
		if t := k.text(); t.stated() {
			list = append(list, setting{prefix + k.key, t})
		} else if k.value.Kind == yaml.MappingNode {
			list = d.flat(list, prefix+k.key+".", k.value, depth+1)
		}
	}
	return list
}

// get is a setting by its path with dots.
func (s *release) get(key string) text {
	if s == nil {
		return text{}
	}
	return block{Settings: s.Settings}.get(key)
}

// plugin is the plugin of that name; nil where there is none.
func (s *release) plugin(name string) *releasePlugin {
	if s == nil {
		return nil
	}
	if i := slices.IndexFunc(s.Plugins, func(p releasePlugin) bool { return p.Name == name }); i >= 0 {
		return &s.Plugins[i]
	}
	return nil
}

// npmSetting is a setting of the .npmrc files that hold in a folder: npm reads that of
// the package and that of the workspace's root.
func (r *repository) npmSetting(dir string, yarn bool, name string) text {
	for _, d := range []string{dir, ""} {
		for _, n := range r.npmrcs {
			if n.Dir == d && n.Yarn == yarn {
				if t := (block{Settings: n.Settings}).get(name); t.stated() {
					return t
				}
			}
		}
	}
	return text{}
}

// manager is the package manager of a folder, with its version: what the manifest names
// ("pnpm@10.2.0"), that of the root, or else the settings of one that lie beside them. The
// version is "" where no file says it.
func (r *repository) manager(dir string) (name, version string, at text) {
	for _, d := range []string{dir, ""} {
		if m := r.manifestAt(d); m != nil && m.Manager.stated() {
			name, version, _ = strings.Cut(m.Manager.Value, "@")
			version, _, _ = strings.Cut(version, "+")
			if strings.ContainsAny(version, "<> |*") {
				version = "" // any of many
			}
			return name, version, m.Manager
		}
	}
	for _, d := range []string{dir, ""} {
		if n := find(r.npmrcs, func(n *npmrc) bool { return n.Yarn && n.Dir == d }); n != nil {
			path := block{Settings: n.Settings}.get("yarnPath")
			if _, v, ok := strings.Cut(path.Value, "yarn-"); ok {
				if _, parts := parseVersion(v); parts == 3 {
					return "yarn", strings.TrimSuffix(v, ".cjs"), path
				}
			}
			return "yarn", "", text{n.place, n.File}
		}
		if s := find(r.releases, func(s *release) bool { return s.Tool == "pnpm" && s.Dir == d }); s != nil {
			return "pnpm", "", text{s.place, s.File}
		}
	}
	return "", "", text{}
}

// dependency is what the manifest of a folder, or of the root, asks of a package.
func (r *repository) dependency(dir, name string) text {
	for _, d := range []string{dir, ""} {
		if t := r.manifestAt(d).depends(name); t.stated() {
			return t
		}
	}
	return text{}
}

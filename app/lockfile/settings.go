package lockfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Settings are what a project's files say about where its packages come from. Most
// lockfiles leave the registry out, so this is what tells private names from public
// ones. Addresses are as stated; environment variables in them are not replaced.
type Settings struct {
	Default string            // the registry of whatever has none of its own, "" where not said
	Scopes  map[string]string // the registries of scopes: "@acme"
}

// SettingsFiles are the names of the files that ParseSettings reads. They lie beside a
// lockfile or above it.
func SettingsFiles() []string {
	return []string{".npmrc", ".yarnrc.yml", "pnpm-workspace.yaml", "bunfig.toml"}
}

// ParseSettings reads one of the SettingsFiles. Of several that say something, each
// may count: package managers differ about which one wins.
//
// https://docs.npmjs.com/cli/v11/configuring-npm/npmrc
// https://yarnpkg.com/configuration/yarnrc#npmScopes
// https://pnpm.io/settings#registry--authentication-settings
// https://bun.com/docs/runtime/bunfig#install-scopes
func ParseSettings(name string, data []byte) (Settings, error) {
	s := Settings{Scopes: map[string]string{}}
	if len(data) > MaxSettingsBytes {
		return s, fmt.Errorf("%s has %d bytes and at most %d are read", name, len(data), MaxSettingsBytes)
	}
	var err error
	switch path.Base(name) {
	case ".npmrc":
		s.readNpmrc(string(data))
	case ".yarnrc.yml", "pnpm-workspace.yaml":
		err = s.readYAML(data)
	case "bunfig.toml":
		err = s.readBunfig(data)
	default:
		err = errors.New("not a file of settings")
	}
	if err != nil {
		return s, fmt.Errorf("read %s: %w", name, err)
	}
	return s, nil
}

// set takes "registry" and "@scope:registry"; everything else is another setting.
func (s *Settings) set(key, value string) {
	if scope, ok := strings.CutSuffix(key, ":registry"); ok && strings.HasPrefix(scope, "@") {
		s.Scopes[scope] = value
	} else if key == "registry" {
		s.Default = value
	}
}

// readNpmrc reads npm's kind of INI: what follows a section's header is not npm's. The
// keys of what is commented out, "# registry", are none that are looked for.
func (s *Settings) readNpmrc(text string) {
	for line := range strings.Lines(strings.ReplaceAll(text, "\r", "\n")) {
		header := strings.HasPrefix(line, "[")
		line = strings.TrimSpace(line)
		if header && strings.IndexByte(line, ']') == len(line)-1 {
			return // what only begins like a header is a setting to npm, and others follow it
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		name, address := iniText(key), iniText(value)
		if strings.Contains(name, "${") && strings.Contains(address, ":") {
			name = "registry" // npm puts variables into keys, too: it can be any
		}
		s.set(name, address)
	}
}

// iniText is a key or a value as npm reads it: quoted, it is JSON; else a semicolon or
// a hash begins a comment where no backslash stands before it.
// https://github.com/npm/ini
func iniText(s string) string {
	s = strings.TrimSpace(s)
	if n := len(s); n >= 2 && s[0] == s[n-1] && (s[0] == '"' || s[0] == '\'') {
		if s[0] == '\'' {
			s = s[1 : n-1]
		}
		var text string
		if json.Unmarshal([]byte(s), &text) == nil {
			return text
		}
		return s
	}
	var out strings.Builder
	escaped := false
	for _, c := range s {
		switch {
		case escaped:
			if !strings.ContainsRune(`\;#`, c) {
				out.WriteByte('\\')
			}
			out.WriteRune(c)
			escaped = false
		case c == '\\':
			escaped = true
		case c == ';' || c == '#':
			return strings.TrimSpace(out.String())
		default:
			out.WriteRune(c)
		}
	}
	if escaped {
		out.WriteByte('\\')
	}
	return strings.TrimSpace(out.String())
}

// yamlRoot is what a file of YAML holds, nil for nothing.
func yamlRoot(data []byte) (*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(MaxDepth))))
	if err != nil {
		return nil, fmt.Errorf("set up the YAML reader: %w", err)
	}
	var doc yaml.Node
	if err := loader.Load(&doc); errors.Is(err, io.EOF) || err == nil && len(doc.Content) != 1 {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return doc.Content[0], nil
}

func (s *Settings) readYAML(data []byte) error {
	root, err := yamlRoot(data)
	if root == nil || err != nil {
		return err
	}
	for key, value := range members(root) {
		switch key {
		case "npmRegistryServer": // yarn's
			s.Default = value.Value
		case "npmScopes":
			for scope, settings := range members(value) {
				for name, address := range members(settings) {
					if name == "npmRegistryServer" {
						s.Scopes["@"+strings.TrimPrefix(scope, "@")] = address.Value
					}
				}
			}
		case "registries": // pnpm's
			for scope, address := range members(value) {
				if scope == "default" {
					s.Default = address.Value
				} else if strings.HasPrefix(scope, "@") {
					s.Scopes[scope] = address.Value
				}
			}
		default:
			s.set(key, value.Value)
		}
	}
	return nil
}

// members are those of a mapping; an alias stands for what it names.
func members(n *yaml.Node) func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			value := n.Content[i+1]
			if value.Kind == yaml.AliasNode {
				value = value.Alias
			}
			if !yield(n.Content[i].Value, value) {
				return
			}
		}
	}
}

// readBunfig reads bun's settings; a registry is an address, or a table with a url.
func (s *Settings) readBunfig(data []byte) error {
	var file struct {
		Install struct {
			Registry any            `toml:"registry"`
			Scopes   map[string]any `toml:"scopes"`
		} `toml:"install"`
	}
	if err := toml.Unmarshal(data, &file); err != nil {
		return err
	}
	address := func(v any) string {
		if table, ok := v.(map[string]any); ok {
			v = table["url"]
		}
		text, _ := v.(string)
		return text
	}
	s.Default = address(file.Install.Registry)
	for scope, v := range file.Install.Scopes {
		s.Scopes["@"+strings.TrimPrefix(scope, "@")] = address(v)
	}
	return nil
}

// BaseOf is a registry's address in the form of RegistryBase; ok is false where no
// lockfile could name it so (no https, a variable in it).
func BaseOf(registry string) (base string, ok bool) {
	probe := dep.Package{Ecosystem: dep.NPM, Name: "x", Version: "1.0.0"}
	return RegistryBase(strings.TrimRight(registry, "/")+"/x/-/x-1.0.0.tgz", probe)
}

package lockfile

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Manifest is what a manifest asks for, as far as lockfiles keep it.
type Manifest struct {
	Wants map[Want]Wanted
	// PackageManager is the package manager that it names, "pnpm@9.1.0+sha512.…".
	PackageManager Wanted
	// Trusted are the packages whose install scripts bun and pnpm run, each with its line.
	Trusted map[string]int
}

// Want is one thing that a manifest asks for: the section, and the name in it. Names of
// nested overrides are joined by " > ".
type Want struct{ Section, Name string }

// Wanted is what is asked for, as stated, and the 1-based line at which it is.
type Wanted struct {
	Spec string
	Line int
}

// IsManifest says whether ParseManifest reads a file of that path, and whether it is of
// the repository and not of what was installed.
func IsManifest(name string) bool {
	if isInstalled(name) {
		return false
	}
	switch path.Base(name) {
	case "package.json", "deno.json", "deno.jsonc", "pnpm-workspace.yaml":
		return true
	}
	return false
}

func isInstalled(name string) bool {
	return strings.HasPrefix(name, "node_modules/") || strings.Contains(name, "/node_modules/")
}

// ParseManifest reads package.json, deno.json and what pnpm-workspace.yaml asks for.
// Errors are an *Error, or say that the YAML cannot be read.
//
// https://docs.npmjs.com/cli/v11/configuring-npm/package-json
// https://docs.deno.com/runtime/fundamentals/configuration
// https://pnpm.io/settings
func ParseManifest(name string, data []byte) (Manifest, error) {
	m := Manifest{Wants: map[Want]Wanted{}, Trusted: map[string]int{}}
	if len(data) > MaxManifestBytes {
		return m, &Error{name, 0, Limit, fmt.Sprintf("the file has %d bytes and at most %d are read", len(data), MaxManifestBytes)}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(data)) == 0 {
		return m, &Error{name, 0, Empty, "the file is empty"}
	}
	if at := invalidUTF8(data); at >= 0 {
		return m, &Error{name, lineAt(data, at), NotUTF8, "the file has bytes that are not UTF-8"}
	}
	const again = "mend it"
	f := file{name, data}
	switch path.Base(name) {
	case "pnpm-workspace.yaml":
		return m, m.readWorkspace(data)
	case "deno.json", "deno.jsonc":
		r, err := newJSONCReader(f, again)
		if err != nil {
			return m, err
		}
		return m, m.readDeno(r)
	}
	return m, m.readPackage(newJSONReader(f, again))
}

func (m *Manifest) readPackage(r *jsonReader) error {
	return r.document(func(key string, _ int) error {
		switch key {
		case "dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "overrides", "resolutions":
			return m.readSection(r, key, "")
		case "trustedDependencies":
			return m.readTrusted(r)
		case "catalog", "catalogs": // bun's; it reads them below "workspaces", too
			return m.readSection(r, "bun.catalog", "")
		case "workspaces":
			if r.dec.PeekKind() == '{' {
				return r.object(func(key string, _ int) error {
					if key == "catalog" || key == "catalogs" {
						return m.readSection(r, "bun.catalog", "")
					}
					return r.skip()
				})
			}
		case "packageManager":
			if r.dec.PeekKind() == '"' {
				text, err := r.str()
				m.PackageManager = Wanted{text, r.here()}
				return err
			}
		case "pnpm":
			if r.dec.PeekKind() == '{' {
				return r.object(func(key string, _ int) error {
					if key == "overrides" {
						return m.readSection(r, "pnpm.overrides", "")
					}
					if key == "onlyBuiltDependencies" {
						return m.readTrusted(r)
					}
					return r.skip()
				})
			}
		}
		return r.skip()
	})
}

// readTrusted reads a list of names.
func (m *Manifest) readTrusted(r *jsonReader) error {
	if r.dec.PeekKind() != '[' {
		return r.skip()
	}
	return r.array(func() error {
		if r.dec.PeekKind() != '"' {
			return r.skip()
		}
		name, err := r.str()
		if m.Trusted[name] == 0 {
			m.Trusted[name] = r.here()
		}
		if err == nil && len(m.Trusted) > MaxWants {
			return r.tooMany(r.here(), MaxWants, "packages that may run scripts")
		}
		return err
	})
}

// readSection reads names and what is asked for by them; overrides are nested.
func (m *Manifest) readSection(r *jsonReader, section, above string) error {
	if r.dec.PeekKind() != '{' {
		return r.skip()
	}
	return r.object(func(name string, line int) error {
		switch r.dec.PeekKind() {
		case '"':
			text, err := r.str()
			m.Wants[Want{section, above + name}] = Wanted{text, line}
			if err == nil && len(m.Wants) > MaxWants {
				return r.tooMany(line, MaxWants, "dependencies")
			}
			return err
		case '{':
			if len(above) > maxQuote*maxQuote {
				return r.fail(Limit, "overrides are nested too deep")
			}
			return m.readSection(r, section, above+name+" > ")
		}
		return r.skip()
	})
}

func (m *Manifest) readDeno(r *jsonReader) error {
	return r.document(func(key string, _ int) error {
		if key != "imports" || r.dec.PeekKind() != '{' {
			return r.skip()
		}
		return r.object(func(name string, line int) error {
			if r.dec.PeekKind() != '"' {
				return r.skip()
			}
			text, err := r.str()
			if strings.HasPrefix(text, "npm:") || strings.HasPrefix(text, "jsr:") { // others are addresses and own files
				m.Wants[Want{key, name}] = Wanted{text, line}
			}
			if err == nil && len(m.Wants) > MaxWants {
				return r.tooMany(line, MaxWants, "dependencies")
			}
			return err
		})
	})
}

// readWorkspace reads what pnpm's settings ask for in place of what packages do.
func (m *Manifest) readWorkspace(data []byte) error {
	root, err := yamlRoot(data)
	if root == nil || err != nil {
		return err
	}
	section := func(name, above string, n *yaml.Node) {
		for key, value := range members(n) {
			if len(m.Wants) < MaxWants && value.Kind == yaml.ScalarNode {
				m.Wants[Want{name, above + key}] = Wanted{value.Value, value.Line}
			}
		}
	}
	for key, value := range members(root) {
		switch key {
		case "overrides":
			section("pnpm.overrides", "", value)
		case "catalog":
			section(key, "", value)
		case "catalogs":
			for name, catalog := range members(value) {
				section("catalog", name+" > ", catalog)
			}
		}
	}
	return nil
}

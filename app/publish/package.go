package publish

import "strings"

// Package is what a package.json says of the package that is published from its folder; ""
// for what it does not say, or says in another type than npm takes.
type Package struct {
	Name, Version    string
	Private          bool // npm refuses to publish it
	Registry, Access string
	Workspaces       []string // patterns
}

// ReadPackage reads a package.json. Its errors are sentences.
//
// https://docs.npmjs.com/cli/v11/configuring-npm/package-json
func ReadPackage(data []byte) (Package, error) {
	m, err := readManifest("package.json", data)
	if err != nil {
		return Package{}, err
	}
	p := Package{
		Name: m.Name.Value, Version: cleanVersion(m.Version.Value), Private: m.Private,
		Registry: m.Registry.Value, Access: m.Access.Value,
	}
	for _, w := range m.Workspaces {
		p.Workspaces = append(p.Workspaces, w.Value)
	}
	return p, nil
}

// cleanVersion is a version as npm publishes it: without what stands before the number, and
// without the build.
//
// https://github.com/npm/node-semver/blob/main/functions/clean.js
func cleanVersion(v string) string {
	v, _, _ = strings.Cut(strings.TrimLeft(strings.TrimSpace(v), "=v"), "+")
	return v
}

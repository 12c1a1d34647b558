package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Registries are the registries that an operator names beside --npm-registry: the file of
// --registries.
type Registries struct {
	All     []Registry
	Mirrors []string // addresses that serve what --npm-registry has; they are not asked themselves
	Private []string // scopes ("@my-org") that nobody is asked about
}

// Registry is one that is asked for what comes from it.
type Registry struct {
	URL    string   // with a slash at the end
	Scopes []string // whose packages come from it, also where nothing says so
	Token  Secret   // sent to it alone; empty for none
	Keys   []byte   // that it signs with, as --npm-keys takes them; nil: it need not sign

	tokenFile, keysFile string
}

// Hosts are the addresses of all, for messages.
func (r Registries) Hosts() []string {
	var out []string
	for _, one := range r.All {
		out = append(out, strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(one.URL, "/"), "https://"), "http://"))
	}
	return out
}

// Registries reads the file of --registries, and the files of tokens and keys that it names, from
// its folder on. notes are sentences that the operator should read. A mistake in the file is an
// Errors.
func (e *Evidence) Registries() (r Registries, notes []string, err error) {
	if e.RegistriesFile == "" {
		return r, nil, nil
	}
	data, err := readAtMost(e.RegistriesFile, MaxPolicyBytes)
	if err != nil {
		return r, nil, fmt.Errorf("--registries cannot be read: %w", err)
	}
	if r, err = ParseRegistries(e.RegistriesFile, data); err != nil {
		return Registries{}, nil, err
	}
	folder := filepath.Dir(e.RegistriesFile)
	beside := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(folder, name)
	}
	for i := range r.All {
		one := &r.All[i]
		if one.tokenFile != "" {
			var note string
			if one.Token, note, err = readToken(beside(one.tokenFile)); err != nil {
				return Registries{}, nil, fmt.Errorf("the token of the registry %s: %w", one.URL, err)
			} else if note != "" {
				notes = append(notes, note)
			}
		}
		if one.keysFile != "" {
			if one.Keys, err = readAtMost(beside(one.keysFile), MaxPolicyBytes); err != nil {
				return Registries{}, nil, fmt.Errorf("the keys of the registry %s cannot be read: %w", one.URL, err)
			}
		}
	}
	return r, notes, nil
}

// maxToken bounds a token, in bytes: servers take few kB of headers.
const maxToken = 4096

// token is what can be sent in a header.
var token = regexp.MustCompile(`^[\x21-\x7e]+$`)

// readToken reads a token. Its error never quotes it.
func readToken(file string) (t Secret, note string, err error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return t, "", fmt.Errorf("its file cannot be read: %w", err)
	case info.Mode().Perm()&0o002 != 0:
		return t, "", fmt.Errorf("%s can be written to by everybody on this machine, who could put another token there: chmod 0600 it", file)
	case info.Mode().Perm()&0o004 != 0:
		note = fmt.Sprintf("%s can be read by everybody on this machine (%04o); chmod 0600 it, unless nobody else is there, as in a container", file, info.Mode().Perm())
	}
	data, err := readSmall(file)
	if err != nil {
		return t, "", fmt.Errorf("its file cannot be read: %w", err)
	}
	text := strings.TrimSpace(string(data))
	if len(text) > maxToken || !token.MatchString(text) {
		return t, "", fmt.Errorf("%s must hold the token and nothing else, on one line", file)
	}
	return NewSecret(text), note, nil
}

// ParseRegistries reads the file of --registries as strictly as ParsePolicy reads a policy. It
// opens no other file.
func ParseRegistries(source string, data []byte) (Registries, error) {
	p := parser{source: source, what: "the file of registries"}
	var r Registries
	if root := p.root(data); root != nil {
		p.registriesFile(root, &r)
	} else if len(p.errs) == 0 {
		p.failAt(0, 0, "the file is empty; write \"version: 1\" and what there is.")
	}
	if len(p.errs) > 0 {
		return Registries{}, p.errors()
	}
	return r, nil
}

func (p *parser) registriesFile(root *yaml.Node, r *Registries) {
	seen := p.mapping(root, "", map[string]field{
		"version":    p.version,
		"registries": func(_, n *yaml.Node) { p.each(n, r) },
		"mirrors":    func(_, n *yaml.Node) { r.Mirrors = p.addresses(n, "mirrors") },
		"private":    func(_, n *yaml.Node) { r.Private = p.scopes(n, "private") },
	})
	p.versioned(root, seen)
	for _, one := range r.All {
		if base, ok := registryBase(one.URL); ok && slices.Contains(r.Mirrors, base) {
			p.fail(root, "%s is a registry and a mirror: it is either asked itself, or stands for the public one.", one.URL)
		}
		for _, s := range one.Scopes {
			if slices.Contains(r.Private, s) {
				p.fail(root, "%s is private, so that nobody is asked about it, and a scope of %s: leave one of them out.", s, one.URL)
			}
		}
	}
}

// each reads the registries that are asked.
func (p *parser) each(n *yaml.Node, r *Registries) {
	if n.Kind == yaml.SequenceNode && len(n.Content) > MaxRegistries {
		p.fail(n, "registries has %d elements; %d are allowed.", len(n.Content), MaxRegistries)
		return
	}
	p.sequence(n, "registries", func(n *yaml.Node) {
		var one Registry
		seen := p.mapping(n, "an element of registries", map[string]field{
			"url": func(_, n *yaml.Node) {
				s, ok := p.text(n, "url")
				if !ok {
					return
				}
				u, err := address("url", s)
				switch {
				case err != nil:
					p.fail(n, "%s.", err.Error())
				default:
					one.URL = withSlash(u)
				}
				if base, ok := registryBase(one.URL); ok && base == "https://registry.npmjs.org" {
					p.fail(n, "the public registry is the one of --npm-registry; leave it out here.")
				}
			},
			"scopes":     func(_, n *yaml.Node) { one.Scopes = p.scopes(n, "scopes") },
			"token_file": func(_, n *yaml.Node) { one.tokenFile, _ = p.text(n, "token_file") },
			"keys_file":  func(_, n *yaml.Node) { one.keysFile, _ = p.text(n, "keys_file") },
		})
		p.require(n, "an element of registries", seen, "url")
		if n.Kind != yaml.MappingNode {
			if isNull(n) {
				p.fail(n, "an element of registries needs the key url.")
			}
			return
		}
		for _, other := range r.All {
			if other.URL == one.URL && one.URL != "" {
				p.fail(n, "%s is listed twice.", one.URL)
			}
			for _, s := range one.Scopes {
				if slices.Contains(other.Scopes, s) {
					p.fail(n, "%s is a scope of %s already.", s, other.URL)
				}
			}
		}
		r.All = append(r.All, one)
	})
}

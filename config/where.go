package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/bonafide-app/bonafide/app/lockfile"
)

// registries reads where a repository's packages come from. A list stands in the place of
// that of an extended policy.
func (p *parser) registries(_, n *yaml.Node) {
	p.mapping(n, "registries", map[string]field{
		"mirrors": func(_, n *yaml.Node) {
			p.policy.Registries.Mirrors = p.addresses(n, "registries.mirrors")
			p.set("registries.mirrors", n)
		},
		"private": func(_, n *yaml.Node) {
			p.policy.Registries.Private = p.scopes(n, "registries.private")
			p.set("registries.private", n)
		},
	})
}

// addresses reads a list of addresses of registries, as a lockfile can name them.
func (p *parser) addresses(n *yaml.Node, where string) (out []string) {
	p.bounded(n, where, func(n *yaml.Node) {
		s, ok := p.text(n, "an address of "+where)
		if !ok {
			return
		}
		base, plain := registryBase(s)
		switch {
		case !plain:
			p.fail(n, "%q is not the address of a registry: write it like https://mirror.example.com/npm/, without user, query and fragment.", quoted(s))
		case lockfile.IsPublicBase(base):
			p.fail(n, "%q is the public registry itself.", quoted(s))
		case slices.Contains(out, base):
			p.fail(n, "%q is listed twice.", quoted(s))
		default:
			out = append(out, base)
		}
	})
	return out
}

// registryBase is the one form of a registry's address that is compared.
func registryBase(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(address, "?#") {
		return "", false
	}
	return lockfile.BaseOf(address)
}

// scoped is a scope as the npm registry takes it.
var scoped = regexp.MustCompile(`^@[a-z0-9~-][a-z0-9._~-]{0,212}$`)

// scopes reads a list of scopes.
func (p *parser) scopes(n *yaml.Node, where string) (out []string) {
	p.bounded(n, where, func(n *yaml.Node) {
		s, ok := p.text(n, "a scope of "+where)
		switch {
		case !ok:
		case !scoped.MatchString(s) && (s != "@*" || !p.anyScope):
			p.fail(n, "%q is not a scope: write it like \"@my-org\", in lower case, with quotes.", quoted(s))
		case slices.Contains(out, s):
			p.fail(n, "%q is listed twice.", quoted(s))
		default:
			out = append(out, s)
		}
	})
	return out
}

// bounded reads a list of at most MaxPatterns elements.
func (p *parser) bounded(n *yaml.Node, where string, read func(*yaml.Node)) {
	if n.Kind == yaml.SequenceNode && len(n.Content) > MaxPatterns {
		p.fail(n, "%s has %d elements; %d are allowed.", where, len(n.Content), MaxPatterns)
		return
	}
	p.sequence(n, where, read)
}

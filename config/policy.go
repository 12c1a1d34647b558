// Package config reads what people configure: a repository's bonafide.yml, and the
// operator's settings of the server.
package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// ParsePolicy reads a bonafide.yml. It is strict: unknown keys, wrong types,
// impossible values, duplicate keys, anchors, aliases, merge keys, tags and a second
// document are errors with line and column. The error is an Errors with everything
// that is wrong with the file. An empty file is the default policy.
//
// source names the file in errors and becomes Policy.Source. With an error the
// policy is the default one.
func ParsePolicy(source string, data []byte) (policy.Policy, error) {
	f, err := ParseFile(source, data, policy.Default())
	if err != nil {
		return f.Policy, err
	}
	return f.Alone(), nil
}

// read reads the whole file, or notes what is wrong with it.
func (p *parser) read(data []byte) {
	if root := p.root(data); root != nil {
		p.file(root)
	}
}

// root is what a file of plain YAML holds; nil for an empty one, or with an error noted.
func (p *parser) root(data []byte) *yaml.Node {
	if len(data) > MaxPolicyBytes {
		p.failAt(0, 0, "the file has %d bytes; %d are allowed.", len(data), MaxPolicyBytes)
		return nil
	}
	if line, column := firstNoText(data); line > 0 {
		p.failAt(line, column, "there is something here that is no text; save the file as UTF-8, without control characters.")
		return nil
	}
	if root := p.load(data); root != nil && p.plain(root) {
		return root
	}
	return nil
}

type parser struct {
	source string
	policy policy.Policy
	errs   Errors

	what     string // what the file is called, "" for a policy
	anyScope bool   // "@*" is a scope here

	extended  *Extends
	floor     *policy.Floor
	floorLine int
}

func (p *parser) failAt(line, column int, format string, args ...any) {
	p.errs = append(p.errs, &Error{Source: p.source, Line: line, Column: column, Message: fmt.Sprintf(format, args...)})
}

// set notes where a key stands that was set.
func (p *parser) set(key string, n *yaml.Node) {
	if p.policy.Places == nil {
		p.policy.Places = map[string]policy.Place{}
	}
	p.policy.Places[key] = policy.Place{Line: n.Line}
}

func (p *parser) fail(n *yaml.Node, format string, args ...any) {
	p.failAt(n.Line, n.Column, format, args...)
}

// errors are the collected mistakes in the order of the file, bounded.
func (p *parser) errors() Errors {
	slices.SortStableFunc(p.errs, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	if more := len(p.errs) - MaxPolicyErrors; more > 0 {
		p.errs = p.errs[:MaxPolicyErrors]
		last := *p.errs[MaxPolicyErrors-1]
		last.Message += fmt.Sprintf(" There are %d more errors.", more)
		p.errs[MaxPolicyErrors-1] = &last
	}
	return p.errs
}

// firstNoText is the place of the first byte that is not UTF-8, or is a control
// character; 0 if there is none.
func firstNoText(data []byte) (line, column int) {
	line, column = 1, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == '\n':
			line, column = line+1, 0
		case r == utf8.RuneError && size == 1, r < ' ' && r != '\t' && r != '\r', r == 0x7f:
			return line, column
		}
		column++
		data = data[size:]
	}
	return 0, 0
}

// load reads the one document; nil for an empty file, or with an error noted.
func (p *parser) load(data []byte) *yaml.Node {
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(MaxPolicyDepth))))
	if err != nil {
		p.failAt(0, 0, "the YAML reader could not be set up: %v.", err)
		return nil
	}
	var doc, second yaml.Node
	if err := loader.Load(&doc); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		p.syntax(err)
		return nil
	}
	if err := loader.Load(&second); err == nil {
		p.fail(&second, "a second document starts here; %s is one document.", p.named(""))
		return nil
	} else if !errors.Is(err, io.EOF) {
		p.syntax(err)
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil
	}
	root := doc.Content[0]
	if isNull(root) && !marked(root) {
		return nil
	}
	return root
}

// syntax notes an error of the YAML reader with its place.
func (p *parser) syntax(err error) {
	var at *yaml.LoadError
	if errors.As(err, &at) {
		line, column := at.Mark.Line, at.Mark.Column
		p.failAt(line, column, "this is not valid YAML: %s.", strings.TrimSuffix(quoted(at.Message), "."))
		return
	}
	p.failAt(0, 0, "this is not valid YAML: %s.", quoted(err.Error()))
}

func marked(n *yaml.Node) bool {
	return n.Anchor != "" || n.Kind == yaml.AliasNode || n.Style&yaml.TaggedStyle != 0
}

// plain refuses what makes YAML say things that one does not see: anchors, aliases,
// merge keys, tags. It says whether there were none.
func (p *parser) plain(n *yaml.Node) bool {
	before := len(p.errs)
	switch {
	case n.Kind == yaml.AliasNode:
		p.fail(n, "aliases (*%s) are not allowed; write the value out.", quoted(n.Value))
	case n.Anchor != "":
		p.fail(n, "anchors (&%s) are not allowed; write the value out.", quoted(n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		p.fail(n, "tags (%s) are not allowed; write the plain value.", quoted(n.Tag))
	}
	if n.Kind != yaml.AliasNode {
		for i, child := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 0 && child.ShortTag() == "!!merge" {
				p.fail(child, "merge keys (<<) are not allowed; write the values out.")
				continue
			}
			p.plain(child)
		}
	}
	return len(p.errs) == before
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// field reads the value of one key.
type field func(key, value *yaml.Node)

// mapping reads a mapping whose keys are all known. where names it in errors: "" for
// the file itself. It returns the keys that were there. A mapping without a value
// is an empty one: people comment the last key out.
func (p *parser) mapping(n *yaml.Node, where string, fields map[string]field) map[string]*yaml.Node {
	seen := map[string]*yaml.Node{}
	if isNull(n) {
		return seen
	}
	if n.Kind != yaml.MappingNode {
		p.fail(n, "%s must be a mapping (key: value), not %s.", p.named(where), kind(n))
		return seen
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			p.fail(key, "a key must be a plain word, not %s.", kind(key))
			continue
		}
		if first, twice := seen[key.Value]; twice {
			p.fail(key, "%s is set twice; it stands on line %d already.", quoted(key.Value), first.Line)
			continue
		}
		seen[key.Value] = key
		read, known := fields[key.Value]
		if !known {
			p.fail(key, "%s does not know the key %q.%s", p.named(where), quoted(key.Value), suggest(key.Value, slices.Sorted(maps.Keys(fields))))
			continue
		}
		read(key, value)
	}
	return seen
}

// sequence reads a list, each element by read.
func (p *parser) sequence(n *yaml.Node, where string, read func(*yaml.Node)) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		p.fail(n, "%s must be a list, not %s.", where, kind(n))
		return
	}
	if len(n.Content) > MaxBlocks {
		p.fail(n, "%s has %d elements; %d are allowed.", where, len(n.Content), MaxBlocks)
		return
	}
	for _, element := range n.Content {
		read(element)
	}
}

// require notes the keys that are missing.
func (p *parser) require(n *yaml.Node, where string, seen map[string]*yaml.Node, keys ...string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for _, key := range keys {
		if seen[key] == nil {
			p.fail(n, "%s needs the key %s.", p.named(where), key)
		}
	}
}

// named is what errors call a part of the file, "" for all of it.
func (p *parser) named(where string) string { return cmp.Or(where, p.what, "the policy") }

// file reads the whole policy.
func (p *parser) file(root *yaml.Node) {
	seen := p.mapping(root, "", map[string]field{
		"version":    p.version,
		"extends":    p.extends,
		"enforce":    p.enforce,
		"mode":       p.mode,
		"lockfiles":  p.lockfiles,
		"registries": p.registries,
		"on_unknown": p.onUnknown,
		"comments":   p.comments,
		"publish":    p.publish,
		"rules":      p.rules,
		"provenance": p.provenance,
		"cooldown":   p.cooldown,
		"accept":     p.accept,
		"packages":   p.packages,
		"exceptions": p.exceptions,
	})
	p.versioned(root, seen)
}

// versioned wants the version of the format.
func (p *parser) versioned(root *yaml.Node, seen map[string]*yaml.Node) {
	if root.Kind == yaml.MappingNode && seen["version"] == nil {
		p.fail(root, "%s needs the key version; write \"version: 1\".", p.named(""))
	}
}

func (p *parser) version(_, n *yaml.Node) {
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int":
		p.fail(n, "version must be the number 1, not %s.", kind(n))
	case n.Value != "1":
		p.fail(n, "version %s is not known to this Bonafide; it reads version 1.", quoted(n.Value))
	}
}

func (p *parser) mode(_, n *yaml.Node) {
	if s, ok := p.choice(n, "mode", "enforce", "observe"); ok {
		p.policy.Mode = policy.Mode(s)
		p.set("mode", n)
	}
}

func (p *parser) onUnknown(_, n *yaml.Node) {
	if s, ok := p.choice(n, "on_unknown", "fail", "neutral"); ok {
		p.policy.OnUnknown = policy.OnUnknown(s)
		p.set("on_unknown", n)
	}
}

func (p *parser) comments(_, n *yaml.Node) {
	if s, ok := p.choice(n, "comments", "off", "errors", "all"); ok {
		p.policy.Comments = policy.Comments(s)
		p.set("comments", n)
	}
}

func (p *parser) publish(_, n *yaml.Node) {
	if s, ok := p.choice(n, "publish", "off", "verify"); ok {
		p.policy.Publish = policy.Publish(s)
		p.set("publish", n)
	}
}

func (p *parser) lockfiles(_, n *yaml.Node) {
	p.mapping(n, "lockfiles", map[string]field{
		"ignore": func(_, n *yaml.Node) {
			if n.Kind == yaml.SequenceNode && len(n.Content) > MaxPatterns {
				p.fail(n, "lockfiles.ignore has %d patterns; %d are allowed.", len(n.Content), MaxPatterns)
				return
			}
			var ignore []string // in the place of what an extended policy ignores
			p.sequence(n, "lockfiles.ignore", func(n *yaml.Node) {
				glob, ok := p.pattern(n, "a pattern of lockfiles.ignore")
				switch {
				case !ok:
				case strings.HasPrefix(glob, "/") || strings.HasPrefix(glob, "./") || strings.HasPrefix(glob, "../"):
					p.fail(n, "the pattern %q never matches: paths start at the repository's root, without \"/\" or \"./\".", quoted(glob))
				default:
					ignore = append(ignore, glob)
				}
			})
			p.policy.Ignore = ignore
		},
	})
}

func (p *parser) rules(_, n *yaml.Node) {
	p.severities(n, "rules", func(policy.Rule) string { return "" }, func(rule policy.RuleName, s policy.Severity, at *yaml.Node) {
		p.policy.Rules[rule] = s
		p.set("rules."+string(rule), at)
	})
}

// severities reads how much rules weigh. refuses says why a rule cannot be set here, ""
// where it can.
func (p *parser) severities(n *yaml.Node, where string, refuses func(policy.Rule) string, set func(policy.RuleName, policy.Severity, *yaml.Node)) {
	fields := map[string]field{}
	for _, rule := range policy.Rules() {
		fields[string(rule.Name)] = func(key, n *yaml.Node) {
			switch why := refuses(rule); {
			case rule.Fixed && rule.Name == policy.RuleUnverified:
				p.fail(key, "the rule %s cannot be set. Use on_unknown instead.", rule.Name)
			case rule.Fixed:
				p.fail(key, "the rule %s cannot be set.", rule.Name)
			case why != "":
				p.fail(key, "%s", why)
			default:
				if s, ok := p.choice(n, "the rule "+string(rule.Name), "error", "warning", "notice", "off"); ok {
					set(rule.Name, policy.Severity(s), n)
				}
			}
		}
	}
	p.mapping(n, where, fields)
}

func (p *parser) provenance(_, n *yaml.Node) {
	p.mapping(n, "provenance", map[string]field{
		"require": func(_, n *yaml.Node) {
			if s, ok := p.need(n, "provenance.require"); ok {
				p.policy.Require = s
				p.set("provenance.require", n)
			}
		},
		"min_coverage": func(_, n *yaml.Node) {
			if v, ok := p.percent(n, "provenance.min_coverage"); ok {
				p.policy.MinCoverage = v
				p.set("provenance.min_coverage", n)
			}
		},
		"max_coverage_drop": func(_, n *yaml.Node) {
			if v, ok := p.percent(n, "provenance.max_coverage_drop"); ok {
				p.policy.MaxCoverageDrop = v
				p.set("provenance.max_coverage_drop", n)
			}
		},
	})
}

// need reads whose provenance is required.
func (p *parser) need(n *yaml.Node, where string) (string, bool) {
	return p.choice(n, where, "none", "direct", "new", "all")
}

func (p *parser) cooldown(_, n *yaml.Node) {
	if d, ok := p.duration(n, "cooldown"); ok {
		p.policy.Cooldown = d
		p.set("cooldown", n)
	}
}

func (p *parser) accept(_, n *yaml.Node) {
	p.mapping(n, "accept", map[string]field{
		"by": func(_, n *yaml.Node) {
			if s, ok := p.choice(n, "accept.by", "admin", "maintain", "write", "nobody"); ok {
				p.policy.AcceptBy = s
				p.set("accept.by", n)
			}
		},
		"author": func(_, n *yaml.Node) {
			if b, ok := p.boolean(n, "accept.author"); ok {
				p.policy.AcceptAuthor = b
				p.set("accept.author", n)
			}
		},
	})
}

func (p *parser) packages(_, n *yaml.Node) {
	p.sequence(n, "packages", func(n *yaml.Node) {
		rule := policy.PackageRule{Line: n.Line}
		seen := p.mapping(n, "an element of packages", map[string]field{
			"match": func(_, n *yaml.Node) { rule.Match = p.packagePattern(n, "match") },
			"require": func(_, n *yaml.Node) {
				rule.Require, _ = p.need(n, "require")
			},
			"identity": func(_, n *yaml.Node) { rule.Identity = p.identity(n) },
			"cooldown": func(_, n *yaml.Node) {
				if d, ok := p.duration(n, "cooldown"); ok {
					rule.Cooldown = &d
				}
			},
			"rules": func(_, n *yaml.Node) { rule.Rules = p.packageRules(n) },
		})
		p.require(n, "an element of packages", seen, "match")
		if isNull(n) || n.Kind == yaml.MappingNode && seen["require"] == nil && seen["identity"] == nil && seen["cooldown"] == nil && seen["rules"] == nil {
			p.fail(n, "an element of packages needs require, identity, cooldown or rules; without them it says nothing.")
		}
		p.policy.Packages = append(p.policy.Packages, rule)
	})
}

// packageRules reads how much rules weigh for some packages.
func (p *parser) packageRules(n *yaml.Node) map[policy.RuleName]policy.Severity {
	out := map[policy.RuleName]policy.Severity{}
	p.severities(n, "rules", func(r policy.Rule) string {
		if r.AboutFiles() {
			return fmt.Sprintf("the rule %s is about files, not about packages; set it under rules for the whole repository.", r.Name)
		}
		return ""
	}, func(rule policy.RuleName, s policy.Severity, _ *yaml.Node) { out[rule] = s })
	if isNull(n) || n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		p.fail(n, "rules names at least one rule.")
	}
	return out
}

func (p *parser) identity(n *yaml.Node) (pin policy.IdentityPin) {
	seen := p.mapping(n, "identity", map[string]field{
		"issuer": func(_, n *yaml.Node) {
			if s, ok := p.text(n, "issuer"); ok {
				if !strings.HasPrefix(s, "https://") {
					p.fail(n, "issuer must be an https address, for example https://token.actions.githubusercontent.com.")
				}
				pin.Issuer = s
			}
		},
		"repository": func(_, n *yaml.Node) {
			if s, ok := p.pattern(n, "repository"); ok {
				if strings.Contains(s, "://") || !strings.Contains(s, "/") {
					p.fail(n, "repository is written like github.com/OWNER/NAME, without a scheme; * stands for any.")
				}
				pin.Repository = s
			}
		},
		"workflow": func(_, n *yaml.Node) {
			if s, ok := p.pattern(n, "workflow"); ok {
				if strings.HasPrefix(s, "/") || strings.HasPrefix(s, "./") {
					p.fail(n, "workflow is a path in the repository, for example .github/workflows/release.yml.")
				}
				pin.Workflow = s
			}
		},
		"ref": func(_, n *yaml.Node) {
			if s, ok := p.pattern(n, "ref"); ok {
				if !strings.HasPrefix(s, "refs/") && !strings.HasPrefix(s, "*") {
					p.fail(n, "ref is written in full, for example refs/tags/* or refs/heads/main.")
				}
				pin.Ref = s
			}
		},
	})
	if isNull(n) || n.Kind == yaml.MappingNode && len(seen) == 0 {
		p.fail(n, "identity needs at least one of issuer, repository, workflow and ref.")
	}
	return pin
}

func (p *parser) exceptions(_, n *yaml.Node) {
	p.sequence(n, "exceptions", func(n *yaml.Node) {
		e := policy.Exception{Line: n.Line}
		var grave []*yaml.Node // rules that need a version and a digest
		seen := p.mapping(n, "an exception", map[string]field{
			"package": func(_, n *yaml.Node) { e.Package = p.packagePattern(n, "package") },
			"rules": func(_, n *yaml.Node) {
				p.sequence(n, "rules", func(n *yaml.Node) {
					if name, ok := p.ruleName(n); ok {
						e.Rules = append(e.Rules, name)
						if policy.Grave(name) {
							grave = append(grave, n)
						}
					}
				})
				if isNull(n) || n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
					p.fail(n, "an exception names at least one rule.")
				}
			},
			"integrity": func(_, n *yaml.Node) { e.Integrity = p.integrity(n) },
			"reason":    func(_, n *yaml.Node) { e.Reason, _ = p.text(n, "reason") },
			"owner":     func(_, n *yaml.Node) { e.Owner, _ = p.text(n, "owner") },
			"expires":   func(_, n *yaml.Node) { e.Expires, _ = p.date(n, "expires") },
		})
		if isNull(n) {
			p.fail(n, "an exception is a mapping with package, rules, reason, owner and expires.")
			return
		}
		p.require(n, "an exception", seen, "package", "rules", "reason", "owner", "expires")
		if pattern, err := policy.ParsePattern(e.Package); err == nil && (seen["integrity"] == nil || !pattern.One()) {
			for _, n := range grave {
				p.fail(n, "%s can be excepted for one version and one digest alone: write package: \"npm:NAME@VERSION\" and integrity: sha512-….", n.Value)
			}
		}
		p.policy.Exceptions = append(p.policy.Exceptions, e)
	})
}

// integrity reads the digests of an exception, as a lockfile writes them.
func (p *parser) integrity(n *yaml.Node) string {
	s, ok := p.text(n, "integrity")
	if !ok {
		return ""
	}
	digests, err := dep.ParseSRI(s)
	if err != nil || slices.ContainsFunc(digests, func(d dep.Digest) bool { return !d.Comparable() }) {
		p.fail(n, "integrity is the lockfile's digest of the package, sha256 or better, for example sha512-…; %q is not.", quoted(s))
		return ""
	}
	return s
}

func (p *parser) ruleName(n *yaml.Node) (policy.RuleName, bool) {
	s, ok := p.text(n, "a rule")
	if !ok {
		return "", false
	}
	var names []string
	for _, r := range policy.Rules() {
		if r.Fixed {
			if string(r.Name) == s {
				p.fail(n, "there is no exception to the rule %s.", r.Name)
				return "", false
			}
			continue
		}
		if string(r.Name) == s && r.AboutFiles() {
			p.fail(n, "the rule %s is about files, and an exception is about packages; it would never match.", r.Name)
			return "", false
		}
		if string(r.Name) == s {
			return r.Name, true
		}
		names = append(names, string(r.Name))
	}
	p.fail(n, "there is no rule %q.%s", quoted(s), suggest(s, names))
	return "", false
}

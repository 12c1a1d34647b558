package config

import (
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/bonafide-app/bonafide/app/policy"
)

// enforce reads an organisation's floor. What it says of mode, on_unknown and
// lockfiles.ignore is the strict side where it says nothing: a floor that one line of a
// repository's file switches off is none.
func (p *parser) enforce(key, n *yaml.Node) {
	p.floorLine = key.Line
	// The settings are those of a policy, so that they are read as such, by a parser of
	// their own, and over one that sets nothing.
	sub := parser{source: p.source, policy: policy.Policy{MaxCoverageDrop: 100, AcceptAuthor: true, Rules: map[policy.RuleName]policy.Severity{}}}
	floor := &policy.Floor{Source: p.source}
	sub.mapping(n, "enforce", map[string]field{
		"mode":       sub.mode,
		"on_unknown": sub.onUnknown,
		"rules":      sub.rules,
		"provenance": sub.provenance,
		"cooldown":   sub.cooldown,
		"accept":     sub.accept,
		"lockfiles":  sub.lockfiles,
		"registries": func(key, n *yaml.Node) { sub.anyScope = true; sub.registries(key, n) },
		"packages":   sub.packages,
		"exceptions": func(_, n *yaml.Node) { sub.exceptable(n, floor) },
	})
	p.errs = append(p.errs, sub.errs...)
	s := sub.policy
	floor.Mode, floor.OnUnknown, floor.Rules = s.Mode, s.OnUnknown, s.Rules
	floor.Require, floor.MinCoverage, floor.MaxCoverageDrop = s.Require, s.MinCoverage, s.MaxCoverageDrop
	floor.Cooldown, floor.AcceptBy, floor.BarAuthor = s.Cooldown, s.AcceptBy, !s.AcceptAuthor
	floor.Registries = s.Registries
	floor.Ignore, floor.Packages = s.Ignore, s.Packages
	if floor.Mode == "" {
		floor.Mode = policy.Enforce
	}
	if floor.OnUnknown == "" {
		floor.OnUnknown = policy.UnknownFails
	}
	for i := range floor.Packages {
		floor.Packages[i].File = p.source
	}
	p.floor = floor
}

// exceptable reads which enforced rules may be excepted, and for how long.
func (p *parser) exceptable(n *yaml.Node, floor *policy.Floor) {
	p.mapping(n, "enforce.exceptions", map[string]field{
		"rules": func(_, n *yaml.Node) {
			p.sequence(n, "enforce.exceptions.rules", func(n *yaml.Node) {
				if name, ok := p.ruleName(n); ok {
					floor.Exceptable = append(floor.Exceptable, name)
				}
			})
		},
		"max_days": func(_, n *yaml.Node) {
			days, err := strconv.Atoi(n.Value)
			if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || days < 1 || days > maxExceptionDays {
				p.fail(n, "max_days must be a number of days from 1 to %d, not %s.", maxExceptionDays, kind(n))
				return
			}
			floor.MaxDays = days
		},
	})
}

// maxExceptionDays bounds max_days: ten years are no bound any more.
const maxExceptionDays = 3650

package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Explanation is what a policy says about one package, and which line of it says so.
type Explanation struct {
	Package dep.Package // without a version, where none was asked about
	Source  string      // of the policy
	// Blocks are the ones for the package, the most specific first, each with why it goes
	// before the next one.
	Blocks []BlockMatch
	// Some are blocks that are for some versions of the package alone, where none was named.
	Some       []BlockMatch
	Settings   []Decision // require, cooldown, identity
	Rules      []Decision // every rule that can be set for a package
	Exceptions []ExceptionMatch
}

// BlockMatch is a block that is for the package.
type BlockMatch struct {
	Match string
	Place Place
	Sets  []string // its keys
	Why   string   // it goes before the next one, "" for the last
}

// Decision is what holds for one key, and what decided.
type Decision struct {
	Key, Value string
	Place      Place  // Line is 0 for the default, and for what a floor says of all packages
	Block      string // the pattern of the block that decided, "" where none did
	Floor      bool   // the organisation's floor decided
	Over       []Lost // what else is set, and does not count for this package
}

// Lost is a setting that another one goes before.
type Lost struct {
	Value string
	Place Place
	Block string // "" for the whole repository's
}

// ExceptionMatch is an exception that is for the package.
type ExceptionMatch struct {
	Exception
	Expired bool
	Some    bool // for some versions alone, where none was named
}

// Explain says what a policy says about a package at a time. Without a version it says
// what holds for those versions that no block names.
func Explain(p Policy, pkg dep.Package, at time.Time) Explanation {
	out := Explanation{Package: pkg, Source: p.Source}
	var blocks []PackageRule
	for _, i := range p.blocks(pkg) {
		blocks = append(blocks, p.Packages[i])
	}
	if pkg.Version == "" {
		blocks = slices.DeleteFunc(blocks, func(b PackageRule) bool { return splitPattern(b.Match).Versions != "" })
	}
	for i, b := range blocks {
		m := matchOf(b)
		if i+1 < len(blocks) {
			m.Why = cmp.Or(splitPattern(b.Match).moreSpecific(splitPattern(blocks[i+1].Match)), "it stands later in the file")
		}
		out.Blocks = append(out.Blocks, m)
	}
	for _, b := range p.Packages {
		if t := splitPattern(b.Match); pkg.Version == "" && t.Versions != "" && t.MatchesName(pkg) {
			out.Some = append(out.Some, matchOf(b))
		}
	}
	e := explainer{p, pkg, blocks}
	out.Settings, out.Rules = e.settings(), e.rules()
	for _, x := range p.Exceptions {
		switch t := splitPattern(x.Package); {
		case pkg.Version == "" && t.Versions != "" && t.MatchesName(pkg):
			out.Exceptions = append(out.Exceptions, ExceptionMatch{x, x.Expired(at), true})
		case t.Matches(pkg):
			out.Exceptions = append(out.Exceptions, ExceptionMatch{x, x.Expired(at), false})
		}
	}
	return out
}

// explainer finds out what decides about one package.
type explainer struct {
	policy Policy
	pkg    dep.Package
	blocks []PackageRule // for the package, the most specific first
}

func (e explainer) settings() []Decision {
	p := e.policy
	least, cooldown := "", ""
	if f := p.Floor; f != nil && rankNeed(f.Require) > 0 {
		least = f.Require
	}
	if f := p.Floor; f != nil && f.Cooldown > 0 {
		cooldown = Days(f.Cooldown)
	}
	pins := append(p.PinsOf(e.pkg), PackageRule{})
	out := []Decision{
		e.decide("require", "provenance.require", p.Require, p.RequireOf(e.pkg), least, func(b PackageRule) string { return b.Require }),
		e.decide("cooldown", "cooldown", Days(p.Cooldown), Days(p.CooldownOf(e.pkg)), cooldown, func(b PackageRule) string {
			if b.Cooldown == nil {
				return ""
			}
			return Days(*b.Cooldown)
		}),
		e.decide("identity", "", "anybody", cmp.Or(pins[0].Identity.String(), "anybody"), "", func(b PackageRule) string { return b.Identity.String() }),
	}
	if scope, _, scoped := strings.Cut(e.pkg.Name, "/"); scoped && slices.Contains(p.Registries.Private, scope) {
		out = append(out, Decision{Key: "looked up", Value: "nobody is asked", Place: p.Places["registries.private"]})
	}
	if len(pins) > 2 {
		b := pins[1]
		out = append(out, Decision{Key: "identity, too", Value: b.Identity.String(), Place: Place{b.File, b.Line}, Block: b.Match, Floor: true})
	}
	return out
}

func (e explainer) rules() (out []Decision) {
	for _, r := range Rules() {
		if r.Fixed || r.AboutFiles() {
			continue
		}
		least := ""
		if f := e.policy.Floor; f != nil && f.Least(r.Name) != Off {
			least = string(f.Least(r.Name))
		}
		out = append(out, e.decide(string(r.Name), "rules."+string(r.Name), string(e.policy.Severity(r.Name)), string(e.policy.SeverityOf(r.Name, e.pkg)), least,
			func(b PackageRule) string { return string(b.Rules[r.Name]) }))
	}
	return out
}

// decide says what holds for a key, which stands at path where it is set for the whole
// repository, and why. least is what the floor asks of all packages, "" for nothing.
func (e explainer) decide(key, path, whole, holds, least string, of func(PackageRule) string) Decision {
	d := Decision{Key: key}
	set := func(value, block string, place Place) {
		if d.Value == "" {
			d.Value, d.Block, d.Place = value, block, place
		} else {
			d.Over = append(d.Over, Lost{value, place, block})
		}
	}
	for _, b := range e.blocks {
		if value := of(b); value != "" {
			set(value, b.Match, Place{b.File, b.Line})
		}
	}
	if place, isSet := e.policy.Places[path]; isSet || d.Value == "" {
		set(whole, "", place)
	}
	if b, ok := e.policy.Floor.blockFor(e.pkg, func(b PackageRule) bool { return of(b) != "" }); ok && holds != d.Value {
		d.Over = slices.Insert(d.Over, 0, Lost{d.Value, d.Place, d.Block})
		d.Value, d.Block, d.Place, d.Floor = holds, b.Match, Place{b.File, b.Line}, true
	} else if d.Block == "" && d.Value == least {
		d.Place, d.Floor = Place{}, true
	}
	return d
}

func matchOf(b PackageRule) BlockMatch {
	m := BlockMatch{Match: b.Match, Place: Place{b.File, b.Line}}
	if b.Require != "" {
		m.Sets = append(m.Sets, "require")
	}
	if b.Identity != (IdentityPin{}) {
		m.Sets = append(m.Sets, "identity")
	}
	if b.Cooldown != nil {
		m.Sets = append(m.Sets, "cooldown")
	}
	if len(b.Rules) > 0 {
		m.Sets = append(m.Sets, "rules")
	}
	return m
}

// Days writes a duration the way a policy file does: "3d", "36h", "1d12h".
func Days(d time.Duration) string {
	days, hours := int(d.Hours())/24, int(d.Hours())%24
	switch {
	case days == 0:
		return fmt.Sprintf("%dh", hours)
	case hours == 0:
		return fmt.Sprintf("%dd", days)
	}
	return fmt.Sprintf("%dd%dh", days, hours)
}

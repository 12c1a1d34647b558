package report

import (
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Filter narrows the list of packages. Its conditions add up; the zero Filter keeps
// all.
type Filter struct {
	WithoutProvenance bool   // without verified provenance, for whatever reason
	Lost              bool   // provenance or the trusted publisher was lost
	Prod              bool   // not for development only
	Repo              string // built in this repository, per certificate: OWNER/NAME, or its address
	// Rules: a finding of one of these is about it. Findings of other rules are left out.
	Rules []policy.RuleName
}

// all says that a filter keeps all.
func (f Filter) all() bool {
	return !f.WithoutProvenance && !f.Lost && !f.Prod && f.Repo == "" && len(f.Rules) == 0
}

// words say which packages are kept: they complete "3 packages".
func (f Filter) words() string {
	var parts []string
	if f.WithoutProvenance {
		parts = append(parts, "without provenance")
	}
	if f.Lost {
		parts = append(parts, "that lost provenance or the trusted publisher")
	}
	if len(f.Rules) > 0 {
		names := make([]string, len(f.Rules))
		for i, rule := range f.Rules {
			names[i] = Terminal(string(rule))
		}
		parts = append(parts, "with a finding of "+strings.Join(names, " or "))
	}
	if f.Repo != "" {
		parts = append(parts, "built in "+termName(f.Repo))
	}
	if f.Prod {
		parts = append(parts, "for production")
	}
	return and(parts)
}

// Narrow keeps the packages that pass the filter, and of the findings those of its rules.
// Verdict and counts stay those of the whole.
func Narrow(r Report, f Filter) Report {
	if f.all() {
		return r
	}
	r.said = title(r)
	lost := make(map[place]bool)
	for _, found := range r.Findings {
		if found.Rule == policy.RuleProvenanceLost || found.Rule == policy.RulePublisherLost {
			at := place{found.Package, found.Lockfile}
			lost[at] = lost[at] || found.Severity != policy.Notice && !found.Unknown
		}
	}
	found := make(map[place]bool)
	if len(f.Rules) > 0 {
		other := func(x policy.Finding) bool { return !slices.Contains(f.Rules, x.Rule) }
		r.Findings = slices.DeleteFunc(slices.Clone(r.Findings), other)
		r.Excepted = slices.DeleteFunc(slices.Clone(r.Excepted), func(x policy.Excepted) bool { return other(x.Finding) })
		for _, x := range r.Findings {
			found[place{x.Package, x.Lockfile}] = true
		}
		for _, x := range r.Excepted {
			found[place{x.Package, x.Lockfile}] = true
		}
	}
	r.Packages = slices.Collect(func(yield func(Package) bool) {
		for _, p := range r.Packages {
			at := place{p.Entry.Package, p.Entry.Lockfile}
			if (len(f.Rules) == 0 || found[at]) && f.keeps(p, lost[at]) && !yield(p) {
				return
			}
		}
	})
	return r
}

func (f Filter) keeps(p Package, lost bool) bool {
	switch {
	case f.WithoutProvenance && (p.Change == dep.Removed || p.provenance().State == provenance.Verified):
		return false
	case f.Lost && !lost && !p.lost():
		return false
	case f.Prod && p.Entry.Scope == dep.Dev:
		return false
	case f.Repo != "" && !p.builtIn(f.Repo):
		return false
	}
	return true
}

// lost says whether the version that was replaced is proven to have had what this
// one is known not to have.
func (p Package) lost() bool {
	if p.Replaced == nil || p.Change == dep.Removed || p.NotLookedUp != "" || p.Replaced.Provenance.State != provenance.Verified {
		return false
	}
	switch p.provenance().State {
	case provenance.Unknown:
		return false
	case provenance.Verified:
		return p.Replaced.Trust() == provenance.TrustTrustedPublisher && p.trust() != provenance.TrustTrustedPublisher
	}
	return true
}

func (p Package) builtIn(repository string) bool {
	id := p.Evidence.Provenance.Identity
	if id == nil || p.provenance().State != provenance.Verified {
		return false
	}
	plain := func(s string) string {
		s = strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(s), "https://"), "/")
		return strings.TrimPrefix(s, "github.com/")
	}
	return plain(id.Repository) == plain(repository)
}

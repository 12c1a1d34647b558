// Package stock compares what could be proven of the packages that a default branch has
// locked with what can be proven of them now. It is pure: no I/O, no clock.
package stock

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

// Kind sorts news.
type Kind string

// The kinds of news, the worst first.
const (
	Malware        Kind = "malware"         // an advisory names the release
	Removed        Kind = "removed"         // the registry had it, and has it no more
	KeyWithdrawn   Kind = "key-withdrawn"   // the registry's signature held, and holds no more
	ProvenanceGone Kind = "provenance-gone" // the provenance was verified, and cannot be any more
	Deprecated     Kind = "deprecated"      // the maintainers say since that it is not to be used
)

// Kinds are all kinds, the worst first.
func Kinds() []Kind { return []Kind{Malware, Removed, KeyWithdrawn, ProvenanceGone, Deprecated} }

// News is what has changed about a package that is in use.
type News struct {
	PURL   string
	Kind   Kind
	Detail string // one sentence; it may quote outside text
	Since  time.Time
}

// Look is one look at a default branch.
type Look struct {
	Report report.Report
	Policy policy.Policy // by which it was judged
	// First says that nothing was known before.
	First bool
	// Before is what the look before found, and Known what was news by then.
	Before report.Report
	Known  []News
	At     time.Time
}

// News is all there is: what is new since the look before, and what was news and is not
// well again, with the time since when. Only packages with the same digest on both looks are
// compared: another digest is for the review of the change to judge. What could not be found
// out is no news, and makes nothing well. Malware is news at the first look, too.
func (l Look) News() []News {
	out, before := map[string]News{}, l.before()
	was := map[string]News{}
	for _, n := range l.Known {
		was[n.key()] = n
	}
	say := func(n News) {
		n.Since = l.At
		if old, known := was[n.key()]; known {
			n.Since = old.Since
		}
		out[n.key()] = n
	}
	advised := malware(l.Report)
	unasked := slices.ContainsFunc(l.Report.Findings, func(f policy.Finding) bool {
		return f.Rule == policy.RuleKnownMalware && f.Unknown
	})
	for _, p := range l.Report.Packages {
		purl := p.Entry.Package.PURL()
		if detail, named := advised[p.Entry.Package]; named {
			say(News{PURL: purl, Kind: Malware, Detail: detail})
		} else if old, known := was[(News{PURL: purl, Kind: Malware}).key()]; known && unasked {
			say(old)
		}
		old, both := before[identity(p)]
		for _, kind := range []Kind{Removed, KeyWithdrawn, ProvenanceGone, Deprecated} {
			if kind == Deprecated && l.Policy.SeverityOf(policy.RuleDeprecated, p.Entry.Package) == policy.Off {
				continue // nobody wants to know
			}
			n := News{PURL: purl, Kind: kind}
			known, news := was[n.key()]
			switch is, detail := turned(kind, p); {
			case is == bad && news, is == bad && both && wasWell(kind, old):
				n.Detail = detail
				say(n)
			case is == unknown && news:
				say(known)
			}
		}
	}
	list := slices.Collect(maps.Values(out))
	slices.SortFunc(list, compare)
	return list
}

// Loses says that something that was known of a package is not known now, because it could
// not be asked: what is kept of the look before says more.
func (l Look) Loses() bool {
	before := l.before()
	return slices.ContainsFunc(l.Report.Packages, func(p report.Package) bool {
		old, both := before[identity(p)]
		return both && (loses(p, old.Evidence.Signature.Check, p.Evidence.Signature.Check) || loses(p, old.Evidence.Provenance.Check, p.Evidence.Provenance.Check))
	})
}

// Kept is the report with what was known before of packages that could not be asked now, so
// that what vanishes meanwhile is news to the look that finds it out.
func (l Look) Kept() report.Report {
	before, out := l.before(), l.Report
	out.Packages = slices.Clone(out.Packages)
	for i := range out.Packages {
		p := &out.Packages[i]
		old, both := before[identity(*p)]
		if !both {
			continue
		}
		if loses(*p, old.Evidence.Signature.Check, p.Evidence.Signature.Check) {
			p.Evidence.Signature = old.Evidence.Signature
		}
		if loses(*p, old.Evidence.Provenance.Check, p.Evidence.Provenance.Check) {
			p.Evidence.Provenance = old.Evidence.Provenance
		}
		if p.NotLookedUp == "" && !p.Evidence.Gone && p.Evidence.Release == nil {
			p.Evidence.Release = old.Evidence.Release
		}
	}
	out.Summary = report.Summarise(out.Packages)
	return out
}

// loses says that a check of a package is not known any more, because it could not be asked.
func loses(p report.Package, was, is provenance.Check) bool {
	return p.NotLookedUp == "" && !p.Evidence.Gone && known(was.State) && !known(is.State)
}

// before are the packages of the look before, none where there was none.
func (l Look) before() map[string]report.Package {
	out := map[string]report.Package{}
	if l.First {
		return out
	}
	for _, p := range l.Before.Packages {
		out[identity(p)] = p
	}
	return out
}

// standing is how a package stands in one respect.
type standing int

const (
	well standing = iota
	bad
	unknown
)

// turned says how a package stands now, and what is to be said where that is bad.
func turned(kind Kind, p report.Package) (standing, string) {
	if p.NotLookedUp != "" {
		return well, "" // nobody answers for it any more: the settings name another registry
	}
	e := p.Evidence
	switch kind {
	case Removed:
		switch {
		case e.Gone:
			return bad, "The registry has this release no more."
		case e.Release == nil:
			return unknown, ""
		}
		return well, ""
	case KeyWithdrawn:
		return byState(e.Signature.Check, e, "The registry's signature held, and holds no more")
	case ProvenanceGone:
		return byState(e.Provenance.Check, e, "The provenance was verified, and is not any more")
	case Deprecated:
		switch {
		case e.Release == nil:
			return unknown, ""
		case strings.TrimSpace(e.Release.Deprecated) == "":
			return well, ""
		}
		return bad, "Its maintainers deprecated it: " + strings.TrimSpace(e.Release.Deprecated)
	}
	return well, ""
}

func byState(c provenance.Check, e provenance.Evidence, says string) (standing, string) {
	switch {
	case e.Gone, !known(c.State): // that it is gone is said for itself
		return unknown, ""
	case c.State == provenance.Verified:
		return well, ""
	}
	if c.Reason == "" {
		return bad, says + "."
	}
	return bad, says + ": " + c.Reason
}

// wasWell says whether a package stood well, for sure, at the look before.
func wasWell(kind Kind, p report.Package) bool {
	e := p.Evidence
	answered := p.NotLookedUp == "" && !e.Gone && (known(e.Signature.State) || known(e.Provenance.State))
	switch kind {
	case Removed:
		return answered
	case KeyWithdrawn:
		return answered && e.Signature.State == provenance.Verified
	case ProvenanceGone:
		return answered && e.Provenance.State == provenance.Verified
	case Deprecated:
		return answered && (e.Release == nil || strings.TrimSpace(e.Release.Deprecated) == "")
	}
	return false
}

// malware are the releases that advisories name, and that nobody excepted.
func malware(r report.Report) map[dep.Package]string {
	out := map[dep.Package]string{}
	for _, f := range r.Findings {
		if f.Rule == policy.RuleKnownMalware && f.Package != (dep.Package{}) {
			out[f.Package] = f.Message
		}
	}
	return out
}

func known(s provenance.State) bool { return s != "" && s != provenance.Unknown }

// identity tells packages apart by what is installed. Two lockfiles may have the same.
func identity(p report.Package) string {
	digest := p.Evidence.Digest.Lockfile
	switch {
	case p.Entry.OwnDigest:
		digest = p.Entry.Integrity
	case digest == "" && len(p.Entry.Digests) > 0:
		digest = dep.Strongest(p.Entry.Digests).SRI()
	}
	return p.Entry.Package.PURL() + " " + p.Entry.Lockfile + " " + digest
}

func (n News) key() string { return n.PURL + " " + string(n.Kind) }

func compare(a, b News) int {
	return cmp.Or(cmp.Compare(slices.Index(Kinds(), a.Kind), slices.Index(Kinds(), b.Kind)), cmp.Compare(a.PURL, b.PURL))
}

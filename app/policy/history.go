package policy

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// asset is something that releases have and a later one can come without.
type asset struct {
	name string // "build provenance"
	rule RuleName
	// announced is the registry's word for an earlier release, proven what was found out
	// of one. lacks says whether what enters is known to come without.
	announced func(registry.Past) bool
	proven    func(provenance.Evidence) provenance.Check
	lacks     func(provenance.Evidence) bool
}

// byRelease is an asset that the registry states beside the release.
func byRelease(name string, of func(registry.Publisher) string) asset {
	return asset{
		name: name, rule: RulePublisherLost,
		announced: func(p registry.Past) bool { return of(p.Publisher) != "" },
		proven: func(e provenance.Evidence) provenance.Check {
			switch {
			case e.Release == nil:
				return provenance.Check{State: provenance.Unknown, Reason: e.Provenance.Reason}
			case of(e.Release.Publisher) == "":
				return provenance.Check{State: provenance.Absent}
			}
			return provenance.Check{State: provenance.Verified}
		},
		lacks: func(e provenance.Evidence) bool { return e.Release != nil && of(e.Release.Publisher) == "" },
	}
}

func buildProvenance() asset {
	return asset{
		name: "build provenance", rule: RuleProvenanceLost,
		announced: func(p registry.Past) bool { return p.Announced },
		proven:    func(e provenance.Evidence) provenance.Check { return e.Provenance.Check },
		lacks:     func(e provenance.Evidence) bool { return e.Provenance.State == provenance.Absent },
	}
}

func fromTrustedPublisher() asset {
	return byRelease("trusted publisher", func(p registry.Publisher) string { return p.TrustedPublisher })
}

func approved() asset {
	return byRelease("approval by a person", func(p registry.Publisher) string { return p.Approver })
}

// Wanted are the earlier releases whose evidence decides about a subject, as few as can
// be: for each thing that it comes without, the newest of its line that is announced
// with it, and the newest of those that did not come just before it, unless a version
// that it is compared with anyway answers; and one to compare who built it, where it is
// compared with none.
func Wanted(s Subject) []dep.Package {
	if !s.comparable() || s.History == nil {
		return nil
	}
	var out []dep.Package
	l := s.lineage()
	add := func(p registry.Past) {
		wanted := dep.Package{Ecosystem: s.Change.Entry.Package.Ecosystem, Name: s.Change.Entry.Package.Name, Version: p.Version}
		asked := slices.ContainsFunc(s.compared(), func(b before) bool { return b.entry.Package == wanted && !s.discounted(b.evidence) })
		if !asked && !slices.Contains(out, wanted) {
			out = append(out, wanted)
		}
	}
	for _, a := range []asset{buildProvenance(), fromTrustedPublisher(), approved()} {
		if _, answered := s.hadBefore(a); answered || !a.lacks(s.Evidence) {
			continue
		}
		for _, b := range s.announced(a, l) {
			add(b.Past)
		}
	}
	if p, _, ok := s.builtBefore(); ok {
		add(p)
	}
	return out
}

// candidate is a release of the lineage that may be proven to have had something.
type candidate struct {
	registry.Past
	below bool // of a line below
}

// announced are the releases that are asked whether they had something, newest first: one
// whose announcement does not hold must not speak for those before it.
func (s Subject) announced(a asset, l lineage) (out []candidate) {
	if s.uncounted(a) {
		return nil
	}
	p, below, ok := l.newest(a.announced)
	if !ok {
		return nil
	}
	out = append(out, candidate{p, below})
	if q, below, ok := l.rested(a.announced); ok && q.Version != p.Version {
		out = append(out, candidate{q, below})
	}
	return out
}

// uncounted says whether a release comes without something only because what the registry has of
// it does not count (it comes from a mirror): against its line, it has lost nothing.
func (s Subject) uncounted(a asset) bool {
	return s.Uncounted != "" && a.rule == RuleProvenanceLost && s.discounted(s.Evidence)
}

// discounted says whether evidence may be without provenance only because it comes from a mirror:
// of the line, the registry itself is asked.
func (s Subject) discounted(e provenance.Evidence) bool {
	return s.Mirror && e.Release != nil && e.Release.ProvenanceAnnounced && e.Provenance.State == provenance.Absent
}

// comparable says whether there is something to hold against earlier releases. A release
// that was repinned is the one that it was.
func (s Subject) comparable() bool {
	return s.lookedAt() && s.Evidence.Release != nil && s.Change.Kind != dep.Repinned
}

// hadBefore is the version in the lockfile that weighs and is proven to have had it.
func (s Subject) hadBefore(a asset) (before, bool) {
	for _, b := range s.compared() {
		if b.weighs && a.proven(b.evidence).State == provenance.Verified {
			return b, true
		}
	}
	return before{}, false
}

// builtBefore is the newest release of its line that is announced with provenance, for a
// release that has some and is compared with no version in the lockfile that has and weighs; for
// the first ones of a line, that of the line below. What came out just before it counts
// only where there is nothing else: it may be from the same hands, whosever those are.
func (s Subject) builtBefore() (p registry.Past, below, ok bool) {
	if !s.builtAlone() {
		return registry.Past{}, false, false
	}
	l, has := s.lineage(), buildProvenance().announced
	if p, below, ok = l.rested(has); ok {
		return p, below, true
	}
	return l.newest(has)
}

// builtAlone says whether it is proven who built a release, and of nothing in the lockfile
// that weighs. A version from before the project had provenance vouches for nobody.
func (s Subject) builtAlone() bool {
	return s.comparable() && identity(s.Evidence) != nil &&
		!slices.ContainsFunc(s.locked(), func(b before) bool { return b.weighs && identity(b.evidence) != nil })
}

// builderUnread is why it could not be compared with its line who built a release, ""
// where it could, or need not.
func (s Subject) builderUnread() string {
	if !s.builtAlone() {
		return ""
	}
	if s.History == nil {
		return sentence(s.HistoryUnread)
	}
	l := s.lineage()
	if _, _, ok := s.builtBefore(); !ok && slices.ContainsFunc(l.undated, buildProvenance().announced) {
		return l.why
	}
	return ""
}

// witnessed is an earlier release of the history as a version to compare with.
func (s Subject) witnessed(p registry.Past, below bool) before {
	b := before{weighs: true, past: "published before it in the same release line"}
	if below {
		b.past = "the newest before it in the release line below"
	}
	b.entry.Package = dep.Package{Ecosystem: s.Change.Entry.Package.Ecosystem, Name: s.Change.Entry.Package.Name, Version: p.Version}
	b.entry.Source = dep.Registry
	for _, w := range s.Witnesses {
		if w.Package == b.entry.Package {
			b.evidence = w.Evidence
		}
	}
	for _, c := range s.compared() {
		if c.entry.Package == b.entry.Package && !s.discounted(c.evidence) {
			b.evidence = c.evidence
		}
	}
	return b
}

// loss is what a release came without, held against the one that had it.
type loss struct {
	before
	// since are the releases of the line that came without, the one that is judged last;
	// nil where the lockfile's own versions are compared.
	since   []registry.Past
	settled bool // long enough ago to weigh less
}

// loses says what a release has lost: against a version in the lockfile that weighs, else
// against its line, else against a version of a newer line, which is information.
func (s Subject) loses(a asset, v view) (loss, bool) {
	if !a.lacks(s.Evidence) {
		return loss{}, false
	}
	if b, ok := s.hadBefore(a); ok {
		return loss{before: b}, true
	}
	if s.comparable() && s.History != nil {
		l := s.lineage()
		for _, p := range s.announced(a, l) {
			if b := s.witnessed(p.Past, p.below); a.proven(b.evidence).State == provenance.Verified {
				since := l.since(p.Past)
				settled := len(since) > LossReleases && v.at.reached(since[0].Published.Add(LossTime))
				return loss{b, since, settled}, true
			}
		}
	}
	for _, b := range s.compared() {
		if a.proven(b.evidence).State == provenance.Verified {
			return loss{before: b}, true
		}
	}
	return loss{}, false
}

// atMost caps what the loss may weigh.
func (l loss) atMost(most Severity) Severity {
	if l.settled && most == "" {
		most = Warning
	}
	return l.before.atMost(most)
}

// sinceWhen completes a sentence about a loss: "; the line has come without it since …".
func (l loss) sinceWhen() string {
	if len(l.since) < 2 {
		return ""
	}
	text := fmt.Sprintf("; lost since %s, published on %s", quote(l.since[0].Version), l.since[0].Published.UTC().Format(time.DateOnly))
	if l.settled {
		text += fmt.Sprintf(", %d releases ago", len(l.since)-1)
	}
	return text
}

// lineUnknown says that nobody can say whether a release lost something that others of
// its line have: the history could not be read, or does not say enough, or the evidence of the one
// that counts is unknown. It is silent where the rule unverified says something about
// the package already, or too-new that the history is not known.
func (s Subject) lineUnknown(a asset, v view) []draft {
	if !s.comparable() || !a.lacks(s.Evidence) {
		return nil
	}
	reason, help, benign := s.lineUnread(a)
	if reason == "" || s.historyTold(v) || len(unverified(s, v)) > 0 {
		return nil
	}
	d := about(a.rule, s, fmt.Sprintf("%s has no %s, and whether it lost any that earlier releases of its line had could not be found out: %s.", id(s.Change.Entry.Package), a.name, reason), help).benign(benign)
	d.atMost, d.Unknown, d.cause = Warning, true, "line "+a.name+reason
	d.many = fmt.Sprintf("have no %s, and whether they lost any that earlier releases of their lines had could not be found out: %s", a.name, reason)
	return []draft{d}
}

// lineUnread is why an asset could not be compared with the line, "" where it could.
func (s Subject) lineUnread(a asset) (reason, help, benign string) {
	help = "Run the check again when the registry answers, and compare who published the releases before."
	if s.History == nil {
		return sentence(s.HistoryUnread), help, ""
	}
	l := s.lineage()
	asked := s.announced(a, l)
	if len(asked) == 0 && !s.uncounted(a) && slices.ContainsFunc(l.undated, a.announced) {
		return l.why, "Look up yourself who published the releases before, or name a registry that states when (--npm-registry).", "a mirror that leaves the dates out."
	}
	for _, p := range asked {
		b := s.witnessed(p.Past, p.below)
		if check := a.proven(b.evidence); state(check) == provenance.Unknown {
			return fmt.Sprintf("of %s, %s", id(b.entry.Package), cmp.Or(sentence(check.Reason), "nothing was asked")), help, ""
		}
	}
	return "", "", ""
}

// unproven is the release of the line that is announced with something, of which nothing
// that could be asked is proven to have had it.
func (s Subject) unproven(a asset) (before, bool) {
	if !s.comparable() || s.History == nil || !a.lacks(s.Evidence) {
		return before{}, false
	}
	asked := s.announced(a, s.lineage())
	if len(asked) == 0 {
		return before{}, false
	}
	return s.witnessed(asked[0].Past, asked[0].below), true
}

// Hasty says whether a loss would be found of a release that is so young that its
// evidence may still be on its way: it is worth asking again before it is judged.
func Hasty(s Subject, p Policy, at time.Time) bool {
	if s.History == nil {
		return false
	}
	past, ok := s.History.Find(s.Change.Entry.Package.Version)
	if !ok || past.Published.IsZero() || at.Sub(past.Published) >= SettleTime {
		return false
	}
	v := view{policy: p, at: clockAt(at)}
	return slices.ContainsFunc(append(provenanceLost(s, v), publisherLost(s, v)...), func(d draft) bool {
		return !d.Unknown && rank(d.severity(p)) >= rank(Warning)
	})
}

package policy

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

// past is one release of a history, published some days ago (never, where that is
// negative). marks: P provenance, T trusted publisher, A approved by a person.
func past(version string, daysAgo int, marks string) registry.Past {
	p := registry.Past{Version: version, Publisher: registry.Publisher{Name: "robin"}}
	if daysAgo >= 0 {
		p.Published = now().AddDate(0, 0, -daysAgo)
	}
	p.Announced = strings.Contains(marks, "P")
	if strings.Contains(marks, "T") {
		p.Publisher = registry.Publisher{Name: "GitHub Actions", TrustedPublisher: "github", OIDCConfigID: "oidc:1"}
	}
	if strings.Contains(marks, "A") {
		p.Publisher.Approver = "sam"
	}
	return p
}

// as is the evidence in which everything that is announced of a release is proven.
func as(p registry.Past) func(*provenance.Evidence) {
	return func(ev *provenance.Evidence) {
		ev.Release.Publisher = p.Publisher
		if !p.Announced {
			bare := signed(entry(ev.Package.ID()))
			ev.Publish, ev.Provenance = bare.Publish, bare.Provenance
			ev.Release.Attested, ev.Release.ProvenanceAnnounced = false, false
		}
	}
}

func proven(name string, p registry.Past) (dep.Entry, provenance.Evidence) {
	e := entry(name + "@" + p.Version)
	return e, attested(e, as(p))
}

// remembering gives a subject a history, oldest first, with what it is itself in it, and
// the witnesses that are wanted, proven as announced.
func remembering(s Subject, releases []registry.Past, edits ...func(*provenance.Evidence)) Subject {
	s.History = &registry.History{Name: s.Change.Entry.Package.Name, Releases: releases}
	for _, p := range Wanted(s) {
		announced, _ := s.History.Find(p.Version)
		_, ev := proven(p.Name, announced)
		for _, edit := range edits {
			edit(&ev)
		}
		s.Witnesses = append(s.Witnesses, Witness{Package: p, Evidence: ev})
	}
	return s
}

// arrives is an added release, the last of the history given.
func arrives(releases ...registry.Past) Subject {
	return remembering(added(proven("axios", releases[len(releases)-1])), releases)
}

// moves is an update between two releases of the history given.
func moves(from, to string, releases ...registry.Past) Subject {
	h := registry.History{Name: "axios", Releases: releases}
	a, _ := h.Find(from)
	b, _ := h.Find(to)
	old, was := proven("axios", a)
	e, is := proven("axios", b)
	return remembering(updated(old, was, e, is), releases)
}

func unreadBecause(s Subject, why string) Subject {
	s.History, s.HistoryUnread, s.Witnesses = nil, why, nil
	return s
}

func spoilt(s Subject, edit func(*provenance.Evidence)) Subject {
	s.Witnesses = nil
	return remembering(s, s.History.Releases, edit)
}

func witnessDown(ev *provenance.Evidence) { *ev = down(entry(ev.Package.ID())) }
func witnessInvalid(ev *provenance.Evidence) {
	ev.Provenance.Check = invalid("its log entry is missing")
}

func witnessUnsupported(ev *provenance.Evidence) {
	ev.Provenance = provenance.Provenance{Check: absent("its issuer is not known"), Unsupported: true}
}

// only is an edit of the evidence of one version.
func only(version string, edit func(*provenance.Evidence)) func(*provenance.Evidence) {
	return func(ev *provenance.Evidence) {
		if ev.Package.Version == version {
			edit(ev)
		}
	}
}

func provenanceLostByLine() []example {
	lost := []registry.Past{past("1.13.0", 90, "P"), past("1.14.0", 60, "P"), past("1.14.1", 2, "")}
	undated := slices.Clone(lost)
	undated[2].Published = time.Time{}
	hidden := slices.Clone(lost)
	hidden[0].Published, hidden[1].Published = time.Time{}, time.Time{}
	var many []Subject
	for i, name := range []string{"a", "b", "c", "d", "e"} {
		e := entry(name+"@1.0.0", at(20+i))
		many = append(many, unreadBecause(added(e, signed(e)), "the registry answered 503"))
	}
	gone := moves("1.14.0", "1.14.1", lost...)
	gone.Replaced = []provenance.Evidence{{Package: gone.Replaced[0].Package, Gone: true}}
	gone = remembering(gone, []registry.Past{lost[0], lost[2]})
	repinned := moves("1.14.0", "1.14.1", lost...)
	repinned.Change.Kind, repinned.Change.Replaces, repinned.Replaced = dep.Repinned, []dep.Entry{repinned.Change.Entry}, []provenance.Evidence{repinned.Evidence}
	audited := arrives(lost...)
	audited.Change.Kind = ""
	ageless := Default().With(RuleTooNew, Off)
	known := moves("6.20.0", "6.21.0", past("6.20.0", 60, "P"), past("6.21.0", 2, ""))
	known.Change.Entry.Package.Name, known.Evidence.Package.Name = "undici-types", "undici-types"
	return []example{
		{name: "line: added, the release before it had it", subject: []Subject{arrives(lost...)}, want: []string{"error"}},
		{name: "line: as it stands in a lockfile", subject: []Subject{audited}, want: []string{"error"}},
		{name: "line: the second without, after one that was replaced", subject: []Subject{moves("1.14.1", "1.14.2", append(lost, past("1.14.2", 1, ""))...)}, want: []string{"error"}},
		{name: "line: the third, long after", subject: []Subject{arrives(past("1.0.0", 900, "P"), past("1.0.1", 800, ""), past("1.0.2", 700, ""), past("1.0.3", 600, ""))}, want: []string{"error"}},
		{name: "line: the fourth within 30 days", subject: []Subject{arrives(past("1.0.0", 90, "P"), past("1.0.1", 20, ""), past("1.0.2", 19, ""), past("1.0.3", 18, ""), past("1.0.4", 17, ""))}, want: []string{"error"}},
		{name: "line: the fourth, long after", subject: []Subject{arrives(past("1.0.0", 900, "P"), past("1.0.1", 800, ""), past("1.0.2", 700, ""), past("1.0.3", 600, ""), past("1.0.4", 2, ""))}, want: []string{"warning"}},
		{name: "line: what is replaced speaks first", subject: []Subject{moves("1.14.0", "1.14.1", lost...)}, want: []string{"error"}},
		{name: "line: what is replaced is gone", subject: []Subject{gone}, want: []string{"error", "notice"}},
		{name: "line: repinned is the same release", subject: []Subject{repinned}},
		{name: "line: never had it", subject: []Subject{arrives(past("1.0.0", 90, ""), past("1.0.1", 2, ""))}},
		{name: "line: still has it", subject: []Subject{arrives(past("1.0.0", 90, "P"), past("1.0.1", 2, "P"))}},
		{name: "line: only later ones have it", subject: []Subject{arrives(past("1.0.2", 1, "P"), past("1.0.0", 90, ""), past("1.0.1", 80, ""))}},
		{name: "line: a newer line has it", subject: []Subject{arrives(past("1.0.0", 900, ""), past("2.0.0", 90, "PT"), past("1.0.1", 2, ""))}},
		{name: "line: the first of a new line", subject: []Subject{arrives(past("1.9.0", 90, "P"), past("2.0.0", 2, ""))}, want: []string{"error"}},
		{name: "line: the first of a new line, and that before began later", subject: []Subject{arrives(past("1.9.0", 90, ""), past("2.0.0", 60, ""), past("1.9.1", 50, "P"), past("2.0.1", 2, ""))}},
		{name: "line: the line before the one before is no measure", subject: []Subject{arrives(past("1.9.0", 900, "P"), past("2.0.0", 90, ""), past("3.0.0", 2, ""))}},
		{name: "line: below 1.0.0 a minor version is one", subject: []Subject{arrives(past("0.2.9", 900, ""), past("0.3.0", 90, "P"), past("0.2.10", 2, ""))}},
		{name: "line: below 1.0.0", subject: []Subject{arrives(past("0.2.9", 900, "P"), past("0.2.10", 2, ""))}, want: []string{"error"}},
		{name: "line: a stable release is not held against a prerelease", subject: []Subject{arrives(past("2.0.0-rc.0", 9, "P"), past("2.0.0", 2, ""))}},
		{name: "line: a prerelease is held against all", subject: []Subject{arrives(past("2.0.0", 9, "P"), past("2.1.0-rc.0", 2, ""))}, want: []string{"error"}},
		{name: "line: in the place of a newer one, the own line speaks", subject: []Subject{moves("2.0.0", "1.0.1", past("1.0.0", 90, "P"), past("2.0.0", 60, "P"), past("1.0.1", 2, ""))}, want: []string{"error"}},
		{name: "line: in the place of a newer one, the own line never had it", subject: []Subject{moves("2.0.0", "1.0.1", past("1.0.0", 90, ""), past("2.0.0", 60, "P"), past("1.0.1", 2, ""))}, want: []string{"notice"}},
		{name: "line: the witness does not hold", subject: []Subject{spoilt(arrives(lost...), witnessInvalid)}, want: []string{"warning"}},
		{name: "line: the witness is of a kind that is not known", subject: []Subject{spoilt(arrives(lost...), witnessUnsupported)}, want: []string{"warning"}},
		{name: "line: the newest that is announced does not hold, one from before does", subject: []Subject{spoilt(
			arrives(past("1.0.0", 60, "P"), past("1.0.1", 3, "P"), past("1.0.2", 2, "")), only("1.0.1", witnessInvalid))}, want: []string{"error"}},
		{name: "line: the newest that is announced came without all the same", subject: []Subject{spoilt(
			arrives(past("1.0.0", 60, "P"), past("1.0.1", 3, "P"), past("1.0.2", 2, "")), only("1.0.1", witnessUnsupported))}, want: []string{"error"}},
		{name: "line: a line of an hour does not stand for what was before it", subject: []Subject{arrives(past("1.9.0", 90, "P"), past("98.0.0", 3, ""), past("99.0.0", 2, ""))}, want: []string{"error"}},
		{name: "line: nor does one that came after the own line", subject: []Subject{arrives(past("1.9.0", 90, "P"), past("99.0.0", 3, ""), past("98.0.0", 3, ""), past("99.0.1", 2, ""))}, want: []string{"error"}},
		{name: "line: the witness is unknown", subject: []Subject{spoilt(arrives(lost...), witnessDown)}, want: []string{"unknown"}},
		{name: "line: the history is unread: too-new says so", subject: []Subject{unreadBecause(arrives(lost...), "the registry answered 503")}},
		{name: "line: the history is unread, and too-new is switched off", subject: []Subject{unreadBecause(arrives(lost...), "the registry answered 503")}, policy: &ageless, want: []string{"unknown"}},
		{name: "line: many histories are unread", subject: many, policy: &ageless, want: []string{"unknown"}},
		{name: "line: its own time is missing", subject: []Subject{remembering(added(proven("axios", lost[2])), undated)}, want: []string{"unknown"}},
		{name: "line: the times of the others are missing", subject: []Subject{remembering(added(proven("axios", lost[2])), hidden)}, want: []string{"unknown"}},
		{name: "line: no time, and nothing to lose", subject: []Subject{arrives(past("1.0.0", -1, ""), past("1.0.1", -1, ""))}},
		{name: "line: it is not listed", subject: []Subject{remembering(added(proven("axios", lost[2])), lost[:2])}, want: []string{"unknown"}},
		{name: "line: an unread history of what has all", subject: []Subject{unreadBecause(arrives(past("1.0.0", 2, "PT")), "the registry answered 503")}},
		{name: "line: known to be benign", subject: []Subject{known}, want: []string{"notice"}},
	}
}

func publisherLostByLine() []example {
	ageless := Default().With(RuleTooNew, Off)
	return []example{
		{name: "line: the release before it came from one", subject: []Subject{arrives(past("1.0.0", 60, "PT"), past("1.0.1", 2, ""))}, want: []string{"error"}},
		{name: "line: same repository and workflow", subject: []Subject{arrives(past("1.0.0", 60, "PT"), past("1.0.1", 2, "P"))}, want: []string{"warning"}},
		{name: "line: a person approved", subject: []Subject{arrives(past("1.0.0", 60, "PT"), past("1.0.1", 2, "A"))}, want: []string{"warning"}},
		{name: "line: long after", subject: []Subject{arrives(past("1.0.0", 900, "T"), past("1.0.1", 800, ""), past("1.0.2", 700, ""), past("1.0.3", 600, ""), past("1.0.4", 2, ""))}, want: []string{"warning"}},
		{name: "line: a newer line comes from one", subject: []Subject{arrives(past("1.0.0", 900, ""), past("2.0.0", 60, "PT"), past("1.0.1", 2, ""))}},
		{name: "line: one without provenance is unknown", subject: []Subject{spoilt(arrives(past("1.0.0", 60, "T"), past("1.0.1", 2, "")), witnessDown)}, want: []string{"unknown"}},
		{name: "line: vite 6.4.1 after 7.x", subject: []Subject{arrives(past("6.4.0", 60, "P"), past("7.1.0", 50, "PT"), past("6.4.1", 2, "P"))}},
		{name: "line: the history is unread", subject: []Subject{unreadBecause(arrives(past("1.0.0", 2, "P")), "the registry answered 503")}, policy: &ageless, want: []string{"unknown"}},
		{name: "line: the witness is unknown", subject: []Subject{spoilt(arrives(past("1.0.0", 60, "PT"), past("1.0.1", 2, "P")), witnessDown)}, want: []string{"unknown"}},
		{name: "approval: the replaced one had it", subject: []Subject{moves("1.0.0", "1.0.1", past("1.0.0", 60, "PTA"), past("1.0.1", 2, "PT"))}, want: []string{"warning"}},
		{name: "approval: the line had it", subject: []Subject{arrives(past("1.0.0", 60, "PTA"), past("1.0.1", 2, "PT"))}, want: []string{"warning"}},
		{name: "approval: the line had it long ago", subject: []Subject{arrives(past("1.0.0", 900, "PTA"), past("1.0.1", 800, "PT"), past("1.0.2", 700, "PT"), past("1.0.3", 600, "PT"), past("1.0.4", 2, "PT"))}, want: []string{"notice"}},
		{name: "approval: the witness is unknown", subject: []Subject{spoilt(arrives(past("1.0.0", 60, "PTA"), past("1.0.1", 2, "PT")), witnessDown)}, want: []string{"unknown"}},
		{name: "approval: kept", subject: []Subject{arrives(past("1.0.0", 60, "PTA"), past("1.0.1", 2, "PTA"))}},
		{name: "approval: lost with the publisher, said once", subject: []Subject{arrives(past("1.0.0", 60, "PTA"), past("1.0.1", 2, "P"))}, want: []string{"warning"}},
	}
}

// built is an added release whose line has releases of the same builder, edited.
func built(edits ...func(*provenance.Evidence)) Subject {
	s := arrives(past("1.0.0", 90, "PT"), past("1.1.0", 60, "PT"), past("1.2.0", 2, "PT"))
	for _, edit := range edits {
		edit(&s.Evidence)
	}
	return s
}

// movedAgo is an added release of so many days ago that is not built as its line was.
func movedAgo(days int, edit func(*provenance.Evidence)) Subject {
	s := arrives(past("1.1.0", days+60, "PT"), past("1.2.0", days, "PT"))
	edit(&s.Evidence)
	return s
}

// lately is one of the releases of the last days, each of which was edited.
func lately(version string, edit func(*provenance.Evidence)) Subject {
	releases := []registry.Past{past("1.0.0", 90, "P"), past("1.0.1", 2, "P"), past("1.0.2", 2, "P"), past("2.0.0", 2, "P"), past("2.0.1", 1, "P")}
	e, ev := proven("axios", past(version, 2, "P"))
	edit(&ev)
	return remembering(added(e, ev), releases, func(ev *provenance.Evidence) {
		if ev.Package.Version != "1.0.0" {
			edit(ev)
		}
	})
}

// leaps is an update from before the package had provenance, over a release that has.
func leaps(edit func(*provenance.Evidence)) Subject {
	s := moves("0.9.0", "0.9.2", past("0.9.0", 900, ""), past("0.9.1", 90, "P"), past("0.9.2", 2, "P"))
	edit(&s.Evidence)
	return s
}

func repositoryByLine() []example {
	taken := func(ev *provenance.Evidence) {
		i := ev.Provenance.Identity
		i.Repository, i.RepositoryID, i.OwnerID = "https://github.com/mallory/axios", "2000", "9"
	}
	replacing := moves("1.1.0", "1.2.0", past("1.1.0", 860, "PT"), past("1.2.0", 800, "PT"))
	taken(&replacing.Evidence)
	old := built(taken)
	old.Change.Kind, old.Change.Replaces = dep.Updated, []dep.Entry{entry("axios@2.0.0")}
	old.Replaced = []provenance.Evidence{attested(old.Change.Replaces[0], taken)}
	ageless := Default().With(RuleTooNew, Off)
	undated := remembering(built(), []registry.Past{past("1.1.0", -1, "P"), past("1.2.0", 2, "PT")})
	return []example{
		{name: "line: added, built as those before it", subject: []Subject{built()}},
		{name: "line: added, from elsewhere", subject: []Subject{built(taken)}, want: []string{"error"}},
		{name: "line: added, from elsewhere since 29 days", subject: []Subject{movedAgo(29, taken)}, want: []string{"error"}},
		{name: "line: added, from elsewhere since 30 days", subject: []Subject{movedAgo(30, taken)}, want: []string{"warning"}},
		{name: "line: added, from elsewhere since years", subject: []Subject{movedAgo(800, taken)}, want: []string{"warning"}},
		{name: "line: from elsewhere since years, but the lockfile had the one before", subject: []Subject{replacing}, want: []string{"error"}},
		{name: "line: in the place of a newer one, from elsewhere", subject: []Subject{remembering(old, old.History.Releases)}, want: []string{"error"}},
		{name: "line: the first of its line", subject: []Subject{arrives(past("1.0.0", 90, "P"), past("2.0.0", 2, "P"))}},
		{name: "line: the first of its line, from elsewhere", subject: []Subject{lately("2.0.0", taken)}, want: []string{"error"}},
		{name: "line: in the place of one without provenance, from elsewhere", subject: []Subject{leaps(taken)}, want: []string{"error"}},
		{name: "line: in the place of one without provenance", subject: []Subject{leaps(func(*provenance.Evidence) {})}},
		{name: "line: beside one with provenance, and in the place of one without, from elsewhere", subject: []Subject{beside(leaps(taken), entry("axios@1.0.0"), attested(entry("axios@1.0.0")))}, want: []string{"error"}},
		{name: "line: the second from elsewhere", subject: []Subject{lately("1.0.2", taken)}, want: []string{"error"}},
		{name: "line: the second of its line, from elsewhere", subject: []Subject{lately("2.0.1", taken)}, want: []string{"error"}},
		{name: "line: the second of its line", subject: []Subject{lately("2.0.1", func(*provenance.Evidence) {})}},
		{name: "line: the witness is unknown", subject: []Subject{spoilt(built(), witnessDown)}, want: []string{"unknown"}},
		{name: "line: the witness does not hold", subject: []Subject{spoilt(built(), witnessInvalid)}},
		{name: "line: the history is unread", subject: []Subject{unreadBecause(built(), "the registry answered 503")}, policy: &ageless, want: []string{"unknown"}},
		{name: "line: the time of the one before it is missing", subject: []Subject{undated}, want: []string{"unknown"}},
	}
}

func identityByLine() []example {
	byHand := func(ev *provenance.Evidence) { ev.Provenance.Identity.Trigger = "workflow_dispatch" }
	anew := func(ev *provenance.Evidence) { ev.Release.Publisher.OIDCConfigID = "oidc:2" }
	return []example{
		{name: "line: added, built as those before it", subject: []Subject{built()}},
		{name: "line: added, by another trigger", subject: []Subject{built(byHand)}, want: []string{"warning"}},
		{name: "line: added, by another trigger since years", subject: []Subject{movedAgo(800, byHand)}, want: []string{"notice"}},
		{name: "line: added, another publisher configuration", subject: []Subject{built(anew)}, want: []string{"warning"}},
	}
}

func TestWantedAreAsFewAsCanBe(t *testing.T) {
	for name, x := range map[string]struct {
		subject Subject
		want    []string
	}{
		"nothing to lose":                       {arrives(past("1.0.0", 60, ""), past("1.0.1", 2, "")), nil},
		"the newest that had it":                {arrives(past("1.0.0", 90, "P"), past("1.0.1", 60, "P"), past("1.0.2", 9, ""), past("1.0.3", 2, "")), []string{"axios@1.0.1"}},
		"one for both":                          {arrives(past("1.0.0", 90, "PT"), past("1.0.1", 2, "")), []string{"axios@1.0.0"}},
		"one for each":                          {arrives(past("1.0.0", 90, "PTA"), past("1.0.1", 80, "PT"), past("1.0.2", 70, "P"), past("1.0.3", 2, "")), []string{"axios@1.0.2", "axios@1.0.1", "axios@1.0.0"}},
		"the replaced one answers everything":   {moves("1.0.0", "1.0.1", past("1.0.0", 90, "PT"), past("1.0.1", 2, "")), nil},
		"the replaced one has lost it already":  {moves("1.0.1", "1.0.2", past("1.0.0", 90, "P"), past("1.0.1", 9, ""), past("1.0.2", 2, "")), []string{"axios@1.0.0"}},
		"added, to compare who built it":        {arrives(past("1.0.0", 90, "PT"), past("1.0.1", 60, "PT"), past("1.0.2", 2, "PT")), []string{"axios@1.0.1"}},
		"updated, the replaced one is compared": {moves("1.0.1", "1.0.2", past("1.0.0", 90, "PT"), past("1.0.1", 60, "PT"), past("1.0.2", 2, "PT")), nil},
		"removed":                               {remembering(removed(entry("axios@1.0.1")), []registry.Past{past("1.0.0", 90, "P"), past("1.0.1", 2, "")}), nil},
	} {
		var got []string
		for _, p := range Wanted(x.subject) {
			got = append(got, p.ID())
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, expected %v", name, got, x.want)
		}
	}
}

func TestOnlyALossOfTheLastHourIsHasty(t *testing.T) {
	lost := arrives(past("1.0.0", 60, "P"), past("1.0.1", 2, ""))
	published := now().AddDate(0, 0, -2)
	for after, want := range map[time.Duration]bool{0: true, 59 * time.Minute: true, time.Hour: false, -5 * time.Minute: true, 48 * time.Hour: false} {
		if got := Hasty(lost, Default(), published.Add(after)); got != want {
			t.Errorf("after %s: %t", after, got)
		}
	}
	off := Default().With(RuleProvenanceLost, Off).With(RulePublisherLost, Off)
	here, elsewhere := off, Default()
	here.Packages = []PackageRule{{Match: "npm:axios", Rules: map[RuleName]Severity{RuleProvenanceLost: Error}}}
	elsewhere.Packages = []PackageRule{{Match: "npm:axios", Rules: map[RuleName]Severity{RuleProvenanceLost: Off, RulePublisherLost: Notice}}}
	if !Hasty(lost, here, published) {
		t.Error("not hasty where the loss weighs for this package alone")
	}
	for name, hasty := range map[string]bool{
		"nothing lost":   Hasty(arrives(past("1.0.0", 60, ""), past("1.0.1", 2, "")), Default(), published),
		"switched off":   Hasty(lost, off, published),
		"off for it":     Hasty(lost, elsewhere, published),
		"without a time": Hasty(remembering(lost, []registry.Past{past("1.0.0", 60, "P"), past("1.0.1", -1, "")}), Default(), published),
		"unread":         Hasty(unreadBecause(lost, "503"), Default(), published),
		"unknown":        Hasty(spoilt(lost, witnessDown), Default(), published),
	} {
		if hasty {
			t.Errorf("%s: hasty", name)
		}
	}
}

// Peers took an error for absence, the weakest of several versions for the one that was
// replaced, a newer line's evidence for what an older one lost, and a missing date for an
// old release.

func TestAnErrorOfTheRegistryIsNeverALoss(t *testing.T) {
	lost := []registry.Past{past("1.0.0", 60, "PT"), past("1.0.1", 2, "")}
	newDown := moves("1.0.0", "1.0.1", lost...)
	newDown.Evidence = down(newDown.Change.Entry)
	oldDown := moves("1.0.0", "1.0.1", lost...)
	oldDown.Replaced = []provenance.Evidence{down(oldDown.Change.Replaces[0])}
	oldDown.History, oldDown.Witnesses = nil, nil
	for name, s := range map[string]Subject{
		"of the new one": newDown, "of the old one": oldDown,
		"of the witness":     spoilt(arrives(lost...), witnessDown),
		"of the history":     unreadBecause(arrives(lost...), "timeout"),
		"of everything":      unreadBecause(newDown, "timeout"),
		"no time is no age":  remembering(added(proven("axios", lost[1])), []registry.Past{past("1.0.0", -1, "PT"), past("1.0.1", -1, "")}),
		"an unlisted one is": remembering(added(proven("axios", lost[1])), lost[:1]),
	} {
		v := Judge(Input{Subjects: []Subject{s}}, Default(), now())
		said := false
		for _, f := range v.Findings {
			said = said || f.Unknown
			if (f.Rule == RuleProvenanceLost || f.Rule == RulePublisherLost) && !f.Unknown {
				t.Errorf("%s: %s", name, f.Message)
			}
		}
		if !said {
			t.Errorf("%s: nothing says what could not be found out", name)
		}
	}
}

func TestOtherMajorVersionsAreNoMeasure(t *testing.T) {
	semver := []registry.Past{past("6.3.0", 2600, ""), past("7.5.0", 1300, "P"), past("7.5.3", 1250, "P"), past("6.3.1", 1200, "")}
	vite := []registry.Past{past("6.4.0", 60, "P"), past("7.1.0", 50, "PT"), past("7.1.9", 40, "PT"), past("6.4.1", 2, "P")}
	for name, releases := range map[string][]registry.Past{"semver": semver, "vite": vite} {
		for _, s := range []Subject{
			remembering(added(proven("left-pad", releases[3])), releases), // under a name that is on no list
			func() Subject {
				old, was := proven("left-pad", releases[0])
				e, is := proven("left-pad", releases[3])
				return remembering(updated(old, was, e, is), releases)
			}(),
		} {
			for _, d := range append(provenanceLost(s, view{policy: Default(), at: clockAt(now())}), publisherLost(s, view{policy: Default(), at: clockAt(now())})...) {
				t.Errorf("%s: %s", name, d.Message)
			}
		}
	}
}

func TestTheBestOfSeveralReplacedVersionsSpeaks(t *testing.T) {
	releases := []registry.Past{past("0.19.0", 900, ""), past("1.14.0", 60, "P"), past("1.14.1", 2, "")}
	s := moves("1.14.0", "1.14.1", releases...)
	old, was := proven("axios", releases[0])
	s.Change.Replaces, s.Replaced = append([]dep.Entry{old}, s.Change.Replaces...), append([]provenance.Evidence{was}, s.Replaced...)
	ds := provenanceLost(s, view{policy: Default(), at: clockAt(now())})
	if len(ds) != 1 || ds[0].atMost != "" {
		t.Errorf("%+v", ds)
	}
}

// Every version of real packages, as an update from the one before it in its line and as an
// addition, four days and one hour after it was published: nothing was lost but what these
// releases really came without.
func TestBenignHistories(t *testing.T) {
	truly := []string{"nuxt@4.0.0-alpha.1", "nuxt@4.0.0-alpha.2", "nuxt@4.0.0-alpha.3", "nuxt@4.0.0-alpha.4", "nuxt@4.0.0-rc.0"}
	z := realdata.Open(t, "fixtures.zip")
	files, err := fs.Glob(z, "npm/packuments/*.json")
	if err != nil {
		t.Fatal(err)
	}
	judged := 0
	var alarms []string
	for _, file := range files {
		data := realdata.Read(t, z, file)
		if len(realdata.Versions(t, data)) == 0 || strings.Contains(file, "abbreviated") {
			continue // the document of one version; no dates
		}
		h, err := registry.ParseHistory(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		before := map[line]registry.Past{}
		for _, p := range h.Releases {
			its, _, ok := lineOf(p.Version)
			if !ok {
				t.Fatalf("%s: the line of %s is not known", path.Base(file), p.Version)
			}
			e, is := proven(h.Name, p)
			subjects := []Subject{remembering(added(e, is), h.Releases)}
			if last, ok := before[its]; ok {
				old, was := proven(h.Name, last)
				subjects = append(subjects, remembering(updated(old, was, e, is), h.Releases))
			}
			before[its] = p
			for _, s := range subjects {
				if wanted := len(s.Witnesses); wanted > 3 {
					t.Errorf("%s: %d releases are asked about", e.Package, wanted)
				}
				for _, after := range []time.Duration{time.Hour, 4 * 24 * time.Hour} {
					judged++
					for _, f := range Judge(Input{Subjects: []Subject{s}}, Default(), p.Published.Add(after)).Findings {
						if f.Severity == Error && (f.Rule == RuleProvenanceLost || f.Rule == RulePublisherLost) {
							alarms = append(alarms, e.Package.ID())
							if !slices.Contains(truly, e.Package.ID()) {
								t.Errorf("%s: %s", f.Rule, f.Message)
							}
						}
						if f.Unknown {
							t.Errorf("unknown: %s", f.Message)
						}
					}
				}
			}
		}
	}
	slices.Sort(alarms)
	alarms = slices.Compact(alarms)
	if judged < 1500 || len(alarms) == 0 || len(alarms) > len(truly) {
		t.Errorf("%d judged, alarms for %v", judged, alarms)
	}
}

func TestTheListOfBenignReleasesIsExactAndHasItsSources(t *testing.T) {
	seen := map[string]bool{}
	for _, h := range known() {
		if h.why == "" || strings.HasSuffix(h.why, ".") || !strings.HasPrefix(h.source, "https://github.com/") || len(h.versions) == 0 || seen[h.name] {
			t.Errorf("%+v", h)
		}
		seen[h.name] = true
		for _, v := range h.versions {
			if err := registry.ValidPackage(dep.Package{Ecosystem: dep.NPM, Name: h.name, Version: v}); err != nil {
				t.Error(fmt.Errorf("%s@%s: %w", h.name, v, err))
			}
		}
	}
}

func TestPlainVersionsAreOfTheLineThatOthersWouldBeOf(t *testing.T) {
	for version, want := range map[string]string{
		"1.2.3": "1.0", "0.2.3": "0.2", "0.0.3": "0.0", "10.20.30": "10.0", "1.2.3-rc.1": "1.0 pre", "0.3.0-alpha-2": "0.3 pre", "1.2.3+build": "1.0", "1.2.3-rc+b": "1.0 pre",
		"1.2": "1.0", "1.2.3.4": "", "01.2.3": "1.0", "1.02.3": "1.0", "a.b.c": "", "": "", "..": "", "-": "", "1.2.3-": "", "1.2.x": "", "99999999999999999999.0.0": "",
	} {
		l, pre, ok := lineOf(version)
		got := ""
		if ok {
			if got = fmt.Sprintf("%d.%d", l.major, l.minor); pre {
				got += " pre"
			}
		}
		plain, plainPre, isPlain := plainLine(version)
		if isPlain && (plain != l || plainPre != pre) {
			t.Errorf("%s: %v, %v", version, plain, l)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", version, got, want)
		}
	}
}

func TestManySpecsOfOnePackageAreReadOnce(t *testing.T) {
	e := entry("a@1.0.0")
	for i := range 30_000 { // quadratic work would be seen
		e.Dependencies = append(e.Dependencies, dep.Spec{Name: fmt.Sprint("x", i), Range: "acme/x"})
	}
	if got := exoticSpecs(added(e, signed(e)), view{policy: Default()}); len(got) != 1 || !strings.Contains(got[0].Message, "29995 more") {
		t.Errorf("%+v", got)
	}
}

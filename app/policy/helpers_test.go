package policy

import (
	"crypto/sha512"
	"encoding/hex"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// The clock of all tests here.
func now() time.Time { return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) }

// digest is a strong digest made up from a seed.
func digest(seed string) dep.Digest {
	sum := sha512.Sum512([]byte(seed))
	return dep.Digest{Algorithm: "sha512", Hex: hex.EncodeToString(sum[:])}
}

func sha1(seed string) dep.Digest {
	return dep.Digest{Algorithm: "sha1", Hex: digest(seed).Hex[:40]}
}

// entry is an ordinary registry entry: "name@version".
func entry(id string, edits ...func(*dep.Entry)) dep.Entry {
	at := strings.LastIndexByte(id, '@')
	p := dep.Package{Ecosystem: dep.NPM, Name: id[:at], Version: id[at+1:]}
	base := p.Name[strings.LastIndexByte(p.Name, '/')+1:]
	e := dep.Entry{
		Package: p, Lockfile: "package-lock.json", Location: "node_modules/" + p.Name, Line: 10,
		Source: dep.Registry, Scope: dep.Prod,
		Resolved: "https://registry.npmjs.org/" + p.Name + "/-/" + base + "-" + p.Version + ".tgz",
	}
	setDigests(&e, digest(id))
	for _, edit := range edits {
		edit(&e)
	}
	return e
}

func setDigests(e *dep.Entry, ds ...dep.Digest) {
	e.Digests, e.Integrity = ds, ""
	for _, d := range ds {
		e.Integrity = strings.TrimSpace(e.Integrity + " " + d.SRI())
	}
}

func digests(ds ...dep.Digest) func(*dep.Entry) {
	return func(e *dep.Entry) { setDigests(e, ds...) }
}

func from(kind dep.SourceKind, address string) func(*dep.Entry) {
	return func(e *dep.Entry) {
		e.Source, e.Resolved = kind, address
		if kind != dep.Registry {
			setDigests(e)
		}
	}
}

func at(line int) func(*dep.Entry)        { return func(e *dep.Entry) { e.Line = line } }
func in(lockfile string) func(*dep.Entry) { return func(e *dep.Entry) { e.Lockfile = lockfile } }

// signed is the evidence of most packages: signed, without provenance.
func signed(e dep.Entry, edits ...func(*provenance.Evidence)) provenance.Evidence {
	sri := dep.Strongest(e.Digests).SRI()
	ev := provenance.Evidence{
		Package:    e.Package,
		Release:    &registry.Release{Package: e.Package, Integrity: sri, Publisher: registry.Publisher{Name: "robin"}},
		Signature:  provenance.Signature{Check: provenance.Check{State: provenance.Verified}, KeyID: "SHA256:demo"},
		Publish:    provenance.Publish{Check: absent("the registry has no attestations")},
		Provenance: provenance.Provenance{Check: absent("the registry has no attestations")},
		Digest:     provenance.Digest{Check: provenance.Check{State: provenance.Verified}, Lockfile: sri, Registry: sri},
	}
	for _, edit := range edits {
		edit(&ev)
	}
	return ev
}

// attested is the evidence of a package from a trusted publisher with provenance.
func attested(e dep.Entry, edits ...func(*provenance.Evidence)) provenance.Evidence {
	ev := signed(e)
	ev.Release.Attested, ev.Release.ProvenanceAnnounced = true, true
	ev.Release.Publisher = registry.Publisher{Name: "GitHub Actions", TrustedPublisher: "github", OIDCConfigID: "oidc:1"}
	ev.Publish = provenance.Publish{Check: provenance.Check{State: provenance.Verified}}
	ev.Provenance = provenance.Provenance{
		Check:     provenance.Check{State: provenance.Verified},
		Announced: true,
		Identity: &provenance.Identity{
			Issuer:       "https://token.actions.githubusercontent.com",
			Repository:   "https://github.com/acme/" + e.Package.Name,
			RepositoryID: "1000", OwnerID: "7",
			Commit:   "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
			Ref:      "refs/tags/v" + e.Package.Version,
			Workflow: ".github/workflows/release.yml",
			Trigger:  "push",
		},
	}
	for _, edit := range edits {
		edit(&ev)
	}
	return ev
}

// down is the evidence where the registry did not answer.
func down(e dep.Entry) provenance.Evidence {
	c := unknownCheck("the registry answered 503")
	return provenance.Evidence{
		Package: e.Package, Retry: true,
		Signature: provenance.Signature{Check: c}, Publish: provenance.Publish{Check: c},
		Provenance: provenance.Provenance{Check: c}, Digest: provenance.Digest{Check: c},
	}
}

func absent(reason string) provenance.Check {
	return provenance.Check{State: provenance.Absent, Reason: reason}
}
func invalid(reason string) provenance.Check {
	return provenance.Check{State: provenance.Invalid, Reason: reason}
}
func unknownCheck(reason string) provenance.Check {
	return provenance.Check{State: provenance.Unknown, Reason: reason}
}

// bundleOf is what the release above says of an entry that is marked as bundled.
func bundleOf(e dep.Entry) (c provenance.Check) {
	if e.Bundled {
		c.State = provenance.Verified
	}
	return c
}

func added(e dep.Entry, ev provenance.Evidence) Subject {
	return Subject{Bundle: bundleOf(e), Change: dep.Change{Kind: dep.Added, Entry: e, Occurrences: []dep.Entry{e}}, Evidence: ev}
}

func updated(old dep.Entry, oldEvidence provenance.Evidence, e dep.Entry, ev provenance.Evidence) Subject {
	return Subject{
		Change:   dep.Change{Kind: dep.Updated, Entry: e, Occurrences: []dep.Entry{e}, Replaces: []dep.Entry{old}},
		Evidence: ev, Replaced: []provenance.Evidence{oldEvidence}, Bundle: bundleOf(e),
	}
}

func repin(old, e dep.Entry) Subject {
	s := updated(old, signed(old), e, signed(e))
	s.Change.Kind = dep.Repinned
	if e.Source != dep.Registry {
		s.Evidence = provenance.Evidence{}
	}
	return s
}

func removed(e dep.Entry) Subject {
	return Subject{Change: dep.Change{Kind: dep.Removed, Entry: e, Occurrences: []dep.Entry{e}}, NotLookedUp: "was removed"}
}

func unlooked(s Subject, why string) Subject {
	s.Evidence, s.NotLookedUp = provenance.Evidence{}, why
	return s
}

// beside adds a version of the same release line that stays in the lockfile.
func beside(s Subject, stay dep.Entry, ev provenance.Evidence) Subject {
	s.Change.Stays, s.Stays = append(s.Change.Stays, stay), append(s.Stays, ev)
	return s
}

// displacing says what stood until now at the place of an entry.
func displacing(s Subject, old dep.Entry) Subject {
	old.Location = s.Change.Entry.Location
	s.Change.Displaces = append(s.Change.Displaces, old)
	return s
}

// installedAs is an entry under the name of another package.
func installedAs(alias string) func(*dep.Entry) {
	return func(e *dep.Entry) { e.Alias, e.Location = alias, "node_modules/"+alias }
}

func unasked(e *dep.Entry) { e.AliasUnasked = true }

func inBundle(e *dep.Entry) {
	setDigests(e)
	e.Bundled, e.Resolved, e.Location = true, "", "node_modules/npm/node_modules/"+e.Package.Name
}

func sha256(seed string) dep.Digest {
	return dep.Digest{Algorithm: "sha256", Hex: digest(seed).Hex[:64]}
}

// comparedWithNothing is the evidence where the lockfile's digest had no counterpart;
// what the registry states, if anything, is given.
func comparedWithNothing(why string, registryHas ...dep.Digest) func(*provenance.Evidence) {
	return func(ev *provenance.Evidence) {
		ev.Digest = provenance.Digest{Check: absent("the two cannot be compared"), Lockfile: ev.Digest.Lockfile, NotComparable: why, Registry: dep.Strongest(registryHas).SRI()}
		ev.Release.Digests, ev.Release.Integrity = registryHas, ""
		if strongest := dep.Strongest(registryHas); strongest.Comparable() {
			ev.Release.Integrity = strongest.SRI()
		}
	}
}

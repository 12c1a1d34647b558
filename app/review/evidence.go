package review

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// lookup decides which packages may be asked about: only names that are public, as
// far as the lockfile tells, are sent to a registry.
type lookup struct {
	registries map[string]bool // bases whose packages may be looked up
	// private are the scopes that come from other registries, as this lockfile's
	// addresses or the repository's settings say. Most lockfiles leave addresses out,
	// so that an entry without one may be private, too.
	private map[string]bool
	// public are the scopes that settings name a known registry for; private goes before.
	public map[string]bool
	// elsewhere says why nothing without an address may be asked about, "" where it may:
	// it completes "the package …".
	elsewhere string
}

// lookupFor learns the private scopes from the settings and both sides of a lockfile.
func (r *Reviewer) lookupFor(f File, sides ...[]dep.Entry) lookup {
	l := lookup{registries: r.registries, private: map[string]bool{}, public: map[string]bool{}}
	known := func(registry string) bool {
		base, ok := lockfile.BaseOf(registry)
		return ok && r.registries[base]
	}
	// What the base keeps private by its default, the head alone cannot make public.
	private := func(s lockfile.Settings) bool { return s.Default != "" && !known(s.Default) }
	mayPublish := f.Settings
	if slices.ContainsFunc(f.BaseSettings, private) {
		mayPublish = f.BaseSettings
	}
	for _, s := range mayPublish {
		for scope, registry := range s.Scopes {
			if known(registry) {
				l.public[scope] = true
			}
		}
	}
	for _, s := range f.Settings {
		for scope, registry := range s.Scopes {
			if !known(registry) {
				l.private[scope] = true
			}
		}
		if private(s) {
			l.elsewhere = "has no address, and the repository's settings name a registry that Bonafide was not told about; its name is not sent to another one"
		}
	}
	if f.SettingsUnread != "" {
		l.elsewhere = "has no address, and the settings that say which registry it comes from cannot be read: " + f.SettingsUnread
		l.public = nil
	}
	for _, entries := range sides {
		for _, e := range entries {
			if base, ok := lockfile.RegistryBase(e.Resolved, e.Package); ok && !l.registries[base] {
				l.private[strings.Clone(scope(e.Package))] = true
			}
		}
	}
	delete(l.private, "")
	return l
}

// scope is "@scope" of a scoped name, else "".
func scope(p dep.Package) string {
	s, _, ok := strings.Cut(p.Name, "/")
	if !ok {
		return ""
	}
	return s
}

// refuses says why no evidence is asked for an entry, "" where it is asked.
func (l lookup) refuses(e dep.Entry) string {
	if e.Package.Ecosystem == dep.JSR {
		return "comes from JSR, whose evidence is not read yet"
	}
	switch e.Source {
	case dep.Registry:
	case dep.Patch:
		return "is the patched form of another entry of this lockfile; the evidence stands with that one"
	case dep.Git:
		return "comes from git, no registry answers for it"
	case dep.URL:
		return "comes from an address that is not the registry's for this name and version"
	default:
		return "comes from a file or folder, no registry answers for it"
	}
	if e.Bundled && e.Resolved == "" && e.Integrity == "" {
		return "is delivered inside the tarball of the package that bundles it"
	}
	if e.Resolved == "" {
		switch s := scope(e.Package); {
		case l.private[s]:
			return "has no address, and its scope comes from a registry that Bonafide was not told about; its name is not sent to another one"
		case l.public[s]:
			return ""
		}
		return l.elsewhere // "" where the address is left out because it is the default registry's
	}
	base, ok := lockfile.RegistryBase(e.Resolved, e.Package)
	if !ok {
		return "comes from an address that is not the registry's for this name and version"
	}
	if !l.registries[base] {
		return "comes from a registry that Bonafide was not told about; its name is not sent to another one"
	}
	return ""
}

// evidenceKey is what a verification depends on.
func evidenceKey(e dep.Entry) string {
	if e.OwnDigest {
		return e.Package.String() + " of its own kind" // nothing of the digest is asked
	}
	return e.Package.String() + " " + e.Integrity
}

// subjectOf is what is to be verified about an entry.
func subjectOf(e dep.Entry) provenance.Subject {
	return provenance.Subject{
		Package: e.Package, Digests: e.Digests, OwnDigest: e.OwnDigest,
		Standalone: e.Lockfile == "" && len(e.Digests) == 0, // it was asked for by itself
	}
}

// gather asks for the evidence of entries, each distinct one once.
func (r *Reviewer) gather(ctx context.Context, entries []dep.Entry) map[string]provenance.Evidence {
	distinct := map[string]dep.Entry{}
	for _, e := range entries {
		distinct[evidenceKey(e)] = e
	}
	return each(r.concurrency, distinct, func(e dep.Entry) provenance.Evidence { return r.verify(ctx, subjectOf(e)) }, r.progress)
}

// each answers questions, at most limit at a time. progress may be nil; it is called
// from one goroutine.
func each[Q, A any](limit int, questions map[string]Q, ask func(Q) A, progress func(done, total int)) map[string]A {
	type result struct {
		key    string
		answer A
	}
	results := make(chan result)
	go func() {
		defer close(results)
		var g errgroup.Group // no shared context: one failure must not end the others
		g.SetLimit(limit)
		for key, q := range questions {
			g.Go(func() error {
				results <- result{key, ask(q)}
				return nil
			})
		}
		_ = g.Wait() // the functions never fail
	}()
	answers := make(map[string]A, len(questions))
	for res := range results {
		answers[res.key] = res.answer
		if progress != nil {
			progress(len(answers), len(questions))
		}
	}
	return answers
}

// verify asks for the evidence of one release.
func (r *Reviewer) verify(ctx context.Context, s provenance.Subject) provenance.Evidence {
	failed := provenance.Check{State: provenance.Unknown, Reason: "Bonafide failed while it verified this package (an internal fault)."}
	fault := provenance.Evidence{Package: s.Package}
	fault.Signature.Check, fault.Publish.Check, fault.Provenance.Check, fault.Digest.Check = failed, failed, failed, failed
	room := RoomOf(ctx)
	if room.Short() != nil {
		return fault // all of it is done anew, with more room
	}
	e := contained(ctx, "verifying "+s.Package.String(), func() provenance.Evidence { return r.verifier.Verify(ctx, s) }, fault)
	if room.Take(evidenceSize(e)) != nil {
		return fault
	}
	return e
}

// contained keeps a panic inside, and answers with fault: what runs on a goroutine of its
// own nobody else can catch, and one package must not end the server.
func contained[T any](ctx context.Context, doing string, ask func() T, fault T) (answer T) {
	defer func() {
		if p := recover(); p != nil {
			zerolog.Ctx(ctx).Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("panic while " + doing)
			answer = fault
		}
	}()
	return ask()
}

// change is one change of one lockfile, with who may be asked about it.
type change struct {
	dep.Change
	lookup lookup
	head   []dep.Entry // all of the lockfile
}

// subjects joins changes with the evidence for what enters, and for what it is
// compared with: that of the version before says whether something was lost, and
// whether what is proven comes from the same hands.
func (r *Reviewer) subjects(ctx context.Context, changes []change) []policy.Subject {
	var asked []dep.Entry
	for _, c := range changes {
		if c.Kind == dep.Removed {
			continue
		}
		for _, e := range slices.Concat([]dep.Entry{c.Entry}, c.Replaces, c.Stays) {
			if c.lookup.refuses(e) == "" {
				asked = append(asked, e)
			}
		}
	}
	found := r.gather(ctx, asked)
	of := func(entries []dep.Entry) []provenance.Evidence {
		out := make([]provenance.Evidence, len(entries))
		for i, e := range entries {
			out[i] = found[evidenceKey(e)]
		}
		return out
	}

	subjects := make([]policy.Subject, 0, len(changes))
	for _, c := range changes {
		s := policy.Subject{Change: c.Change}
		if c.Kind == dep.Removed {
			s.NotLookedUp = "was removed"
			subjects = append(subjects, s)
			continue
		}
		if s.NotLookedUp = c.lookup.refuses(c.Entry); s.NotLookedUp == "" {
			s.Evidence = found[evidenceKey(c.Entry)]
		}
		s.Replaced, s.Stays = of(c.Replaces), of(c.Stays)
		subjects = append(subjects, s)
	}
	return subjects
}

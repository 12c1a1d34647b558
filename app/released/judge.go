package released

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// State is what came of looking at a package that was to be published.
type State string

// The states, the worst first.
const (
	Wrong        State = "wrong"         // it is there, and not what this repository would have published
	NotPublished State = "not-published" // the registry does not have the version
	NoProvenance State = "no-provenance" // it is there, and nothing proves who built it
	Disagrees    State = "disagrees"     // the tag names another version than the file
	Awaited      State = "awaited"       // the registry may have it later, and is asked again
	Unknown      State = "unknown"       // it could not be found out
	Aside        State = "aside"         // built here, with something that somebody should look at
	Proven       State = "proven"        // built here, from the tagged commit
)

// Look is what a package is held against.
type Look struct {
	Tag
	Repository   string   // "github.com/acme/web"
	RepositoryID int64    // GitHub's number of it, which stays where it is renamed
	Commit       string   // that the tag is at
	Parents      []string // of the commit
}

// Found is what was found out about a package.
type Found struct {
	Package  dep.Package
	Path     string // of its manifest
	Evidence provenance.Evidence
	Run      policy.Run // that the provenance names
}

// Outcome is what is said of one package.
type Outcome struct {
	Package dep.Package
	Path    string
	State   State
	Words   []string // sentences that may quote outside text
	Run     string   // address of the run that built it, "" where none is proven
	// Soon says that the registry, or what stands behind it, may answer otherwise after a while.
	Soon bool
}

// Judge says what a package's evidence comes to.
func (l Look) Judge(f Found) Outcome {
	o := Outcome{Package: f.Package, Path: f.Path}
	say := func(s State, words string, args ...any) Outcome {
		o.State, o.Words = s, append(o.Words, fmt.Sprintf(words, args...))
		return o
	}
	e := f.Evidence
	for _, piece := range []struct {
		name string
		provenance.Check
	}{{"signature", e.Signature.Check}, {"publish attestation", e.Publish.Check}, {"provenance", e.Provenance.Check}, {"digest", e.Digest.Check}} {
		if piece.State == provenance.Invalid {
			o.Words = append(o.Words, fmt.Sprintf("Its %s does not hold: %s.", piece.name, reason(piece.Reason)))
		}
	}
	p := e.Provenance
	switch {
	case e.Gone:
		o.Soon = true
		return say(NotPublished, "The registry does not have it.")
	case len(o.Words) > 0:
		o.State = Wrong
		return o
	case e.Release == nil:
		o.Soon = e.Retry
		return say(Unknown, "The registry could not be asked about it: %s.", reason(p.Reason))
	case p.State == provenance.Absent && p.Announced:
		o.Soon = true
		return say(Wrong, "The registry announces provenance and does not have it.")
	case p.State == provenance.Absent:
		return say(NoProvenance, "It was published without provenance%s.", by(e))
	case p.State != provenance.Verified || p.Identity == nil:
		o.Soon = e.Retry
		return say(Unknown, "Whether it has provenance could not be found out: %s.", reason(p.Reason))
	}
	return l.identity(o, f, *p.Identity)
}

// Await makes of what may be otherwise soon something that is waited for.
func (o Outcome) Await() Outcome {
	if o.Soon {
		o.State = Awaited
	}
	return o
}

// identity holds who built a package against the repository and the tag.
func (l Look) identity(o Outcome, f Found, id provenance.Identity) Outcome {
	o.Run = id.Run
	wrong := func(words string, args ...any) {
		o.State, o.Words = Wrong, append(o.Words, fmt.Sprintf(words, args...))
	}
	aside := func(words string, args ...any) {
		if o.State != Wrong {
			o.State = Aside
		}
		o.Words = append(o.Words, fmt.Sprintf(words, args...))
	}
	o.State = Proven
	if !id.OfGitHub() {
		wrong("It was not built by GitHub Actions, but by what %s vouches for.", id.Issuer)
		return o
	}
	if !l.built(id) {
		wrong("It was built from %s, which is not this repository.", id.Repository)
		return o // the rest is about another repository
	}
	tag := "refs/tags/" + l.Name
	switch {
	case id.Commit == l.Commit && (id.Ref == tag || strings.HasPrefix(id.Ref, "refs/heads/")):
	case id.Commit == l.Commit && strings.HasPrefix(id.Ref, "refs/tags/"):
		aside("It was built for another tag at the same commit: %s.", id.Ref)
	case id.Commit == l.Commit:
		wrong("It was built from the tagged commit as %s, which is neither the tag nor a branch.", id.Ref)
	case slices.Contains(l.Parents, id.Commit) && strings.HasPrefix(id.Ref, "refs/heads/"):
		aside("It was built from %s (%s), the commit before the tagged one: so it is with release tools that commit the new version after the build began.", short(id.Commit), id.Ref)
	default:
		wrong("It was built from the commit %s (%s), and the tag is at %s.", short(id.Commit), id.Ref, short(l.Commit))
	}
	switch r := f.Run; {
	case r.Commit != "" && r.Commit != id.Commit:
		wrong("The workflow run that it names ran at another commit: %s.", short(r.Commit))
	case slices.Contains([]string{"failure", "cancelled", "timed_out"}, r.Conclusion):
		aside("The workflow run that published it ended as %q.", r.Conclusion)
	case r.Looked == policy.Gone:
		o.Words = append(o.Words, "GitHub does not have the workflow run that it names any more.")
	case r.Commit == "" && (r.Looked == policy.Unreachable || r.Looked == policy.LeftOut):
		o.Words = append(o.Words, fmt.Sprintf("The workflow run that it names was not looked at: %s.", reason(r.Reason)))
	}
	if stated := f.Evidence.Release.Repository; stated == "" {
		aside("Its package.json names no repository, so that nobody finds the source by it.")
	} else if declared, ok := lockfile.SourceRepository(stated); ok && !l.is(declared) && !sameAddress(declared, id.Repository) {
		wrong("Its package.json names another repository: %s.", stated)
	}
	return o
}

// built says whether an identity is of this repository: by the number, which survives
// renames, else by the name.
func (l Look) built(id provenance.Identity) bool {
	if id.RepositoryID != "" && l.RepositoryID > 0 {
		return id.RepositoryID == strconv.FormatInt(l.RepositoryID, 10)
	}
	at, ok := lockfile.SourceRepository(id.Repository)
	return ok && l.is(at)
}

// is says whether an address, in the spelling of lockfile.SourceRepository, is this
// repository as it is called now.
func (l Look) is(address string) bool { return sameAddress(address, "https://"+l.Repository) }

// sameAddress says whether an address in that spelling is that of another one. A repository
// that was renamed since is the one that it was called when it was built.
func sameAddress(address, other string) bool {
	at, ok := lockfile.SourceRepository(other)
	return ok && address == at
}

// Disagree is what is said of a package whose file has another version than the tag.
func (l Look) Disagree(m Manifest) Outcome {
	return Outcome{
		Package: dep.Package{Ecosystem: dep.NPM, Name: m.Name, Version: m.Version}, Path: m.Path, State: Disagrees,
		Words: []string{fmt.Sprintf("The tag says %s, and %s says %s. The registry was not asked.", l.Version, m.Path, m.Version)},
	}
}

// by says who published, as the registry states it.
func by(e provenance.Evidence) string {
	if e.Release == nil || e.Release.Publisher.Name == "" {
		return ""
	}
	return ", by the account " + e.Release.Publisher.Name
}

func reason(s string) string {
	if s = strings.TrimSuffix(s, "."); s == "" {
		return "no reason was recorded"
	}
	return s
}

func short(sha string) string { return sha[:min(len(sha), 7)] }

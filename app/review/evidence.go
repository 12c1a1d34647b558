package review

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// notLookedUp says why no evidence is asked for an entry, "" where it is asked.
// Only names that are public, as far as the lockfile tells, are sent to a registry.
func (r *Reviewer) notLookedUp(e dep.Entry) string {
	switch e.Source {
	case dep.Registry:
	case dep.Git:
		return "comes from git, no registry answers for it"
	case dep.URL:
		return "comes from an address that is not the registry's for this name and version"
	default:
		return "is part of the repository, no registry answers for it"
	}
	if bundled(e) {
		return "is delivered inside the tarball of the package that bundles it"
	}
	if e.Resolved == "" {
		return "" // npm leaves the address out where it is the default registry's
	}
	host, ok := lockfile.RegistryTarball(e.Resolved, e.Package)
	if !ok {
		return "comes from an address that is not the registry's for this name and version"
	}
	if !r.public[host] {
		return "comes from a registry that Bonafide was not told about; its name is not sent to another one"
	}
	return ""
}

// bundled says whether an entry can only come out of its parent's tarball: it is
// marked so, lies under a parent, and names neither a digest nor an address of its
// own. A mark alone is not believed: it would be a way to stay unverified.
func bundled(e dep.Entry) bool {
	return e.Bundled && e.Resolved == "" && e.Integrity == "" && strings.Count(e.Location, "node_modules/") > 1
}

// evidenceKey is what a verification depends on.
func evidenceKey(e dep.Entry) string { return e.Package.String() + " " + e.Integrity }

// gather asks for the evidence of entries, each distinct one once, at most
// r.concurrency at a time.
func (r *Reviewer) gather(ctx context.Context, entries []dep.Entry) map[string]provenance.Evidence {
	distinct := map[string]dep.Entry{}
	for _, e := range entries {
		if r.notLookedUp(e) == "" {
			distinct[evidenceKey(e)] = e
		}
	}
	type result struct {
		key      string
		evidence provenance.Evidence
	}
	results := make(chan result)
	go func() {
		defer close(results)
		var g errgroup.Group // no shared context: one failure must not end the others
		g.SetLimit(r.concurrency)
		for key, e := range distinct {
			g.Go(func() error {
				results <- result{key, r.verifier.Verify(ctx, provenance.Subject{Package: e.Package, Digests: e.Digests})}
				return nil
			})
		}
		_ = g.Wait() // the functions never fail
	}()
	found := make(map[string]provenance.Evidence, len(distinct))
	for res := range results {
		found[res.key] = res.evidence
		if r.progress != nil {
			r.progress(len(found), len(distinct))
		}
	}
	return found
}

// subjects joins changes with the evidence for what enters, and for what it
// replaces where a comparison could say something: what has both provenance and a
// trusted publisher has lost nothing.
func (r *Reviewer) subjects(ctx context.Context, changes []dep.Change) []policy.Subject {
	var entering []dep.Entry
	for _, c := range changes {
		if c.Kind != dep.Removed {
			entering = append(entering, c.Entry)
		}
	}
	found := r.gather(ctx, entering)

	var replaced []dep.Entry
	for _, c := range changes {
		e := found[evidenceKey(c.Entry)]
		if c.Kind == dep.Removed || e.Trust() == provenance.TrustTrustedPublisher {
			continue
		}
		replaced = append(replaced, c.Replaces...)
	}
	before := r.gather(ctx, replaced)

	subjects := make([]policy.Subject, 0, len(changes))
	for _, c := range changes {
		s := policy.Subject{Change: c}
		if c.Kind == dep.Removed {
			s.NotLookedUp = "was removed"
			subjects = append(subjects, s)
			continue
		}
		s.NotLookedUp = r.notLookedUp(c.Entry)
		if s.NotLookedUp == "" {
			s.Evidence = found[evidenceKey(c.Entry)]
		}
		s.Replaced = make([]provenance.Evidence, len(c.Replaces))
		for i, old := range c.Replaces {
			s.Replaced[i] = before[evidenceKey(old)]
		}
		subjects = append(subjects, s)
	}
	return subjects
}

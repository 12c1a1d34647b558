package review

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/released"
)

// Tagged is the commit that a tag is at.
type Tagged struct {
	Head    string
	Parents []string // of the commit
}

// Waits for a registry to have what was just released, each with its reason.
const (
	// registryPatience is how long after the event the registry may take: a workflow that
	// begins with the tag builds and tests first.
	registryPatience = time.Hour
	// registryFirst and registryLongest bound the pauses between two looks.
	registryFirst   = 15 * time.Second
	registryLongest = 5 * time.Minute
)

// Publishes is the policy by which what a repository releases is looked at, that of its
// default branch: whoever tags a commit does not choose it. asked is false where it does not
// want that. A file with an error asks for nothing.
func (r *Runner) Publishes(ctx context.Context, repo Repository, home Home) (p policy.Policy, asked bool, err error) {
	if home.Head == "" {
		return p, false, nil
	}
	if p, _, err = r.forge.Policy(ctx, repo, home.Head); err != nil {
		return p, false, fmt.Errorf("read the policy at %s: %w", short(home.Head), err)
	}
	return p, p.Publish == policy.PublishVerify, nil
}

// Released looks at what a registry has of the packages that a tag is about, in a repository
// that is public or not. age is how long ago they were released: again is when to look once
// more, for an hour, where the registry may have something later, which the check then says
// that it waits for; 0 for never. nothing is true where nothing that is public is released
// there.
func (r *Runner) Released(ctx context.Context, repo Repository, tag released.Tag, at Tagged, public bool, p policy.Policy, age time.Duration, try Try) (c released.Check, again time.Duration, nothing bool, err error) {
	judging(ctx, at.Head)
	leave, err := r.memory.Do(WithFresh(ctx), try.patience(ctx), func(ctx context.Context) (err error) {
		c, err = r.released(ctx, repo, tag, at, public, p)
		return err
	})
	defer leave()
	if err != nil {
		return c, 0, false, fmt.Errorf("look at what was released as %s: %w", tag.Name, err)
	}
	if age < registryPatience {
		for i, o := range c.Outcomes {
			c.Outcomes[i] = o.Await()
		}
	}
	if c.Waits() {
		again = max(min(max(age/2, registryFirst), registryLongest), r.reviewer.rest())
	}
	return c, again, len(c.Outcomes) == 0 && len(c.Unread) == 0, nil
}

func (r *Runner) released(ctx context.Context, repo Repository, tag released.Tag, at Tagged, public bool, p policy.Policy) (c released.Check, err error) {
	tree, err := r.forge.Tree(ctx, repo, at.Head)
	if err != nil {
		return c, fmt.Errorf("read the tree of %s: %w", short(at.Head), err)
	}
	if err := RoomOf(ctx).Take(treeWeight(len(tree.Entries()))); err != nil {
		return c, err
	}
	c = released.Check{Mode: p.Mode, Demo: r.reviewer.demo, Look: released.Look{
		Tag: tag, Repository: "github.com/" + repo.Owner + "/" + repo.Name, RepositoryID: repo.ID, Commit: at.Head, Parents: at.Parents,
	}}
	read := publishable{tree: index(tree), atlas: r.reviewer.atlas.with(p.Registries), private: !public}
	manifests, err := read.manifests(ctx, tag.About)
	if err != nil {
		return c, err
	}
	c.Unread = read.unread
	about, disagree := tag.Of(repo.Name, manifests)
	for _, m := range disagree {
		c.Outcomes = append(c.Outcomes, c.Disagree(m))
	}
	for _, f := range r.reviewer.published(ctx, about, r.forge.Hub(repo)) {
		c.Outcomes = append(c.Outcomes, c.Judge(f))
	}
	if err := errors.Join(ctx.Err(), RoomOf(ctx).Short()); err != nil {
		return c, fmt.Errorf("the look was stopped: %w", err)
	}
	return c, nil
}

// published asks for the evidence of packages, and for the runs that it names.
func (r *Reviewer) published(ctx context.Context, manifests []released.Manifest, hub Hub) (out []released.Found) {
	questions := map[string]released.Found{}
	for _, m := range manifests {
		questions[m.Path] = released.Found{Path: m.Path, Package: dep.Package{Ecosystem: dep.NPM, Name: m.Name, Version: m.Version}}
	}
	answers := each(r.concurrency, questions, func(f released.Found) released.Found {
		f.Evidence = r.verifier.Verify(ctx, provenance.Subject{Package: f.Package, Standalone: true, Fresh: true})
		if id := f.Evidence.Provenance.Identity; id != nil && f.Evidence.Provenance.State == provenance.Verified {
			asking, cancel := context.WithTimeout(ctx, r.hubBudget)
			defer cancel()
			f.Run = hub.Run(asking, *id)
		}
		return f
	}, nil)
	for _, m := range manifests {
		out = append(out, answers[m.Path])
	}
	return out
}

// publishable finds the packages of a repository that may be asked about.
type publishable struct {
	tree    side
	atlas   atlas
	private bool     // the repository is
	unread  []string // sentences
}

// manifests are those of the root, of its workspaces and of the folder that a tag names, ""
// for none. Marked as private is also what nobody here may ask about.
func (p *publishable) manifests(ctx context.Context, folder string) (out []released.Manifest, err error) {
	root, ok, err := p.manifest(ctx, "package.json")
	if err != nil {
		return nil, err
	}
	var patterns []string
	if ok {
		patterns, out = root.Workspaces, append(out, root)
	}
	for _, name := range released.PatternFiles() {
		data, err := p.file(ctx, name)
		if err != nil {
			return nil, err
		}
		if data == nil {
			continue
		}
		more, err := released.ReadPatterns(name, data)
		if err != nil {
			p.unread = append(p.unread, fmt.Sprintf("%s: %v.", name, err))
		}
		patterns = append(patterns, more...)
	}
	var paths []string
	for at := range p.tree.paths {
		if path.Base(at) == "package.json" {
			paths = append(paths, at)
		}
	}
	named := path.Join(folder, "package.json")
	stands := folder != "" && slices.Contains(paths, named)
	if paths = released.Workspaces(patterns, paths); stands && !slices.Contains(paths, named) {
		paths = append([]string{named}, paths...)
	}
	if more := len(paths) - released.MaxPackages; more > 0 {
		p.unread = append(p.unread, fmt.Sprintf("%d workspaces beyond the first %d.", more, released.MaxPackages))
		paths = paths[:released.MaxPackages]
	}
	for _, at := range paths {
		m, ok, err := p.manifest(ctx, at)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, m)
		}
	}
	for i, m := range out {
		ask, err := p.mayAsk(ctx, m)
		if err != nil {
			return nil, err
		}
		out[i].Private = !ask
	}
	return out, nil
}

// mayAsk says whether a package's name may be told to the registry: nothing that marks itself
// as private, or belongs to a registry that is not asked here; in a private repository
// nothing but what says that it is public.
func (p *publishable) mayAsk(ctx context.Context, m released.Manifest) (bool, error) {
	valid := registry.ValidPackage(dep.Package{Ecosystem: dep.NPM, Name: m.Name, Version: "1.0.0"}) == nil
	public := func(address string) bool { return p.atlas.toRegistry(address) == route{} }
	switch {
	case m.Private || !valid || m.Access == "restricted":
		return false, nil
	case p.private && m.Access != "public":
		return false, nil
	case m.Registry != "" && !public(m.Registry):
		return false, nil
	}
	scope, _, _ := strings.Cut(m.Name, "/")
	if p.atlas.private[scope] || p.atlas.scopes[scope] != "" {
		return false, nil
	}
	if m.Registry != "" {
		return true, nil
	}
	for _, name := range slices.Compact([]string{path.Join(path.Dir(m.Path), ".npmrc"), ".npmrc"}) {
		said := len(p.unread)
		data, err := p.file(ctx, name)
		if err != nil || len(p.unread) > said { // nobody knows whose name it is
			return false, err
		}
		settings, err := lockfile.ParseSettings(".npmrc", data)
		if err != nil {
			p.unread = append(p.unread, fmt.Sprintf("%s: %v.", name, err))
			return false, nil //nolint:nilerr // it is said
		}
		if at := settings.Scopes[scope]; at != "" {
			return public(at), nil
		}
		if settings.Default != "" {
			return public(settings.Default), nil
		}
	}
	return true, nil
}

// manifest reads a package.json; ok is false where there is none that can be read.
func (p *publishable) manifest(ctx context.Context, name string) (m released.Manifest, ok bool, err error) {
	data, err := p.file(ctx, name)
	if err != nil || data == nil {
		return m, false, err
	}
	if m, err = released.ReadManifest(name, data); err != nil {
		p.unread = append(p.unread, fmt.Sprintf("%s: %v", name, err))
		return m, false, nil
	}
	return m, true, nil
}

// file reads a file of the tree, nil where there is none.
func (p *publishable) file(ctx context.Context, name string) ([]byte, error) {
	e, err := p.tree.resolve(ctx, name)
	var link *linkError
	switch {
	case errors.As(err, &link):
		p.unread = append(p.unread, fmt.Sprintf("%s: %v.", name, err))
		return nil, nil
	case err != nil || e == nil:
		return nil, err
	case e.Size > released.MaxManifestBytes:
		p.unread = append(p.unread, fmt.Sprintf("%s: it has more than %d bytes.", name, released.MaxManifestBytes))
		return nil, nil
	}
	data, err := p.tree.tree.Read(ctx, *e)
	if errors.Is(err, ErrTooLarge) {
		p.unread = append(p.unread, fmt.Sprintf("%s: it is too large.", name))
		return nil, nil
	}
	return data, err
}

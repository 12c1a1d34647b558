package review

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
)

// manifests finds the manifests that ask for something else than before while the
// lockfile that covers them is as it was: whoever installs next lets something in that
// nobody has looked at. One problem for each lockfile, at the first of its manifests.
func (c *comparison) manifests(ctx context.Context, ignores func(path string) bool) ([]policy.Problem, error) {
	changed := c.changedFiles(lockfile.IsManifest)
	var out []policy.Problem
	said := map[string][]restless{} // by the lockfile's path
	for i, p := range changed {
		locks, err := c.covering(ctx, p)
		if err != nil {
			return nil, err
		}
		lock, err := c.untouched(ctx, locks)
		if err != nil {
			return nil, err
		}
		if lock == "" || ignores(lock) {
			continue
		}
		if i >= MaxManifests {
			out = append(out, policy.Problem{Kind: policy.ManifestAlone, Lockfile: p,
				Detail: fmt.Sprintf("More than %d manifests changed: from %s on they were not held against their lockfiles.", MaxManifests, p)})
			break
		}
		found, err := c.restless(ctx, p, lock)
		if err != nil {
			return nil, err
		}
		if len(found.asks) > 0 {
			said[lock] = append(said[lock], found)
		}
	}
	for lock, found := range said {
		out = append(out, alone(lock, found))
	}
	slices.SortFunc(out, func(a, b policy.Problem) int { return cmp.Compare(a.Lockfile, b.Lockfile) })
	return out, nil
}

// restless is a manifest that asks for something else, in words, and the first line.
type restless struct {
	path string
	asks []string
	line int
}

// changedFiles are the paths of files that stand on both sides with other content, sorted.
func (c *comparison) changedFiles(among func(path string) bool) (out []string) {
	for p, h := range c.head.paths {
		if b, stood := c.base.paths[p]; stood && among(p) && h.Kind == Blob && b.Kind == Blob && b.ID != h.ID {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// covering are the lockfiles of the head for a manifest: those in its folder, else those
// of the nearest folder above it that name the folder as a workspace.
func (c *comparison) covering(ctx context.Context, manifest string) ([]string, error) {
	folder, name := path.Dir(manifest), path.Base(manifest)
	in := func(dir, manifest string) (out []string) {
		for _, p := range c.head.lockfiles {
			f, ok := lockfile.Recognise(p)
			fits := slices.Contains(f.Manifests(), manifest) || manifest == "pnpm-workspace.yaml" && f.Name == "pnpm"
			if path.Dir(p) == dir && ok && f.Supported && fits {
				out = append(out, p)
			}
		}
		return out
	}
	if here := in(folder, name); len(here) > 0 || name != "package.json" {
		return here, nil
	}
	for above, workspace := range foldersAbove(folder) {
		var out []string
		for _, p := range in(above, name) {
			named, err := c.workspacesOf(ctx, p)
			if err != nil {
				return nil, err
			}
			if named[workspace] {
				out = append(out, p)
			}
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	return nil, nil
}

// untouched is the first of the lockfiles where none of them changed, else "".
func (c *comparison) untouched(ctx context.Context, locks []string) (string, error) {
	for _, p := range locks {
		b, bErr := c.base.resolve(ctx, p)
		h, hErr := c.head.resolve(ctx, p)
		if err := errors.Join(readFailure(bErr), readFailure(hErr)); err != nil {
			return "", err
		}
		if bErr != nil || hErr != nil || b == nil || h == nil || b.ID != h.ID {
			return "", nil //nolint:nilerr // it is reviewed, or cannot be, which is said
		}
	}
	if len(locks) == 0 {
		return "", nil
	}
	return locks[0], nil
}

// restless compares what a manifest asks for on both sides, as far as the lockfile keeps
// it.
func (c *comparison) restless(ctx context.Context, p, lock string) (restless, error) {
	found := restless{path: p}
	sides, err := c.readManifest(ctx, p)
	if err != nil {
		return found, err
	}
	if broken := sides[1].broken; broken != "" {
		found.asks = []string{"cannot be read: " + broken}
	}
	if sides[0].broken != "" || sides[1].broken != "" {
		return found, nil // a base that cannot be read is mended
	}
	locked, err := c.text(ctx, lock)
	if err != nil {
		return found, err
	}
	format, _ := lockfile.Recognise(lock)
	base, head := sides[0].Wants, sides[1].Wants
	type difference struct {
		line  int
		words string
	}
	var all []difference
	for w, now := range head {
		was, stood := base[w]
		switch {
		case !keeps(format.Name, w.Section) || stood && was.Spec == now.Spec || keyed(format.Name, locked, w, now.Spec):
		case stood:
			all = append(all, difference{now.Line, fmt.Sprintf("%s %s instead of %s", excerpt(w.Name), excerpt(now.Spec), excerpt(was.Spec))})
		case w.Section != "catalog" && w.Section != "bun.catalog": // what nobody asks for by it yet is in no lockfile
			all = append(all, difference{now.Line, fmt.Sprintf("%s %s", excerpt(w.Name), excerpt(now.Spec))})
		}
	}
	for w := range base {
		// yarn keeps no list of who asks: another package may ask for the same. What leaves
		// a catalog may not have been used.
		if _, stays := head[w]; !stays && keeps(format.Name, w.Section) && format.Name != "yarn" && w.Section != "catalog" && w.Section != "bun.catalog" {
			all = append(all, difference{1 << 30, excerpt(w.Name) + " no longer"})
		}
	}
	slices.SortFunc(all, func(a, b difference) int { return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.words, b.words)) })
	for _, d := range all {
		found.asks = append(found.asks, d.words)
	}
	if len(all) > 0 && all[0].line < 1<<30 {
		found.line = all[0].line
	}
	return found, nil
}

// readManifest reads a manifest on both sides.
func (c *comparison) readManifest(ctx context.Context, p string) (sides [2]manifest, err error) {
	for i, s := range []side{c.base, c.head} {
		e := s.paths[p]
		key := path.Base(p) + " " + e.ID
		if known, ok := c.manifest[key]; ok {
			sides[i] = known
			continue
		}
		if e.Size > lockfile.MaxManifestBytes {
			sides[i].broken = ErrTooLarge.Error()
			continue
		}
		data, err := s.tree.Read(ctx, e)
		if err != nil && !errors.Is(err, ErrTooLarge) {
			return sides, fmt.Errorf("read %s: %w", p, err)
		}
		if err == nil {
			sides[i].Manifest, err = lockfile.ParseManifest(p, data)
		}
		if err != nil {
			sides[i].broken = err.Error()
		}
		c.manifest[key] = sides[i]
	}
	return sides, nil
}

// manifest is one that was read, or what is wrong with it.
type manifest struct {
	lockfile.Manifest
	broken string // "" where it could be read
}

// keeps says whether lockfiles of a format keep what a section of a manifest asks for.
func keeps(format, section string) bool {
	switch section {
	case "bun.catalog":
		return format == "bun"
	case "peerDependencies":
		return format == "npm" || format == "bun"
	case "overrides":
		return format == "npm" || format == "bun"
	case "resolutions":
		return format == "yarn" || format == "bun" || format == "pnpm"
	case "pnpm.overrides", "catalog":
		return format == "pnpm"
	}
	return true
}

// keyed says whether a yarn.lock has an entry for a spec already, so that it need not
// change: it is a list of specs, and not of who asks. Links are not in it.
func keyed(format string, locked []byte, w lockfile.Want, spec string) bool {
	if format != "yarn" || w.Section == "resolutions" {
		return false
	}
	if scheme, _, ok := strings.Cut(spec, ":"); ok && (scheme == "link" || scheme == "portal" || scheme == "workspace") {
		return true
	}
	for _, key := range []string{w.Name + "@" + spec, w.Name + "@npm:" + spec} {
		for rest := locked; ; {
			i := bytes.Index(rest, []byte(key))
			if i < 0 {
				break
			}
			end := i + len(key)
			begins := i == 0 || strings.IndexByte("\n\" ,", rest[i-1]) >= 0
			if begins && end < len(rest) && strings.IndexByte("\",:", rest[end]) >= 0 {
				return true
			}
			rest = rest[end:]
		}
	}
	return false
}

// text is the content of a lockfile of the head, nil where it is too large.
func (c *comparison) text(ctx context.Context, p string) ([]byte, error) {
	if format, _ := lockfile.Recognise(p); format.Name != "yarn" || c.held > MaxTotalBytes {
		return nil, nil // no other is asked for it
	}
	if text, ok := c.texts[p]; ok {
		return text, nil
	}
	e, err := c.head.resolve(ctx, p)
	if err := readFailure(err); err != nil || e == nil {
		return nil, err
	}
	data, err := c.load(ctx, c.head, e)
	if err != nil && !errors.Is(err, ErrTooLarge) {
		return nil, fmt.Errorf("read %s at the head: %w", p, err)
	}
	c.texts[p] = data
	return data, nil
}

// alone is the problem about a lockfile and the manifests that it no longer fits.
func alone(lock string, found []restless) policy.Problem {
	first := found[0]
	about, asks := "asks for something else than before", few(first.asks, "")
	if others := found[1:]; len(others) > 0 {
		var paths []string
		for _, f := range others {
			paths = append(paths, excerpt(f.path))
		}
		about = fmt.Sprintf("and %s ask for something else than before", counted(len(others), "another manifest", "other manifests"))
		asks += "; the others: " + few(paths, "")
	}
	return policy.Problem{Kind: policy.ManifestAlone, Lockfile: first.path, Line: first.line,
		Detail: fmt.Sprintf("%s %s (%s), and %s was not changed with it: what the next install brings in was not looked at.", excerpt(first.path), about, asks, excerpt(lock))}
}

func counted(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf("%d %s", n, many)
}

package review

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
)

// Compare finds the lockfiles that differ between two trees and reads them whole
// on both sides. What cannot be read, what is not looked at, and what went away is
// a problem in the answer; an error is a failure to read the trees themselves.
//
// Names are matched without regard to case. A symlinked lockfile is resolved
// inside its tree, on each side: its content counts, wherever the link leads.
func Compare(ctx context.Context, base, head Tree, ignores func(path string) bool) (Request, error) {
	if err := RoomOf(ctx).Take(treeWeight(len(base.Entries()) + len(head.Entries()))); err != nil {
		return Request{}, err
	}
	c := &comparison{base: index(base), head: index(head), known: map[string]lockfile.Settings{}, workspaces: map[string]map[string]bool{}, texts: map[string][]byte{}, manifest: map[string]manifest{}}
	if err := c.ahead(ctx, ignores); err != nil {
		return Request{}, err
	}
	var req Request
	for _, p := range c.candidates() {
		format, _ := lockfile.Recognise(p)
		b, bErr := c.base.resolve(ctx, p)
		h, hErr := c.head.resolve(ctx, p)
		if err := errors.Join(readFailure(bErr), readFailure(hErr)); err != nil {
			return Request{}, err
		}
		switch {
		case bErr == nil && hErr == nil && b == nil && h == nil:
			continue
		case bErr == nil && hErr == nil && b != nil && h != nil && b.ID == h.ID:
			continue // the content is the same on both sides
		case bErr != nil && hErr != nil && c.base.sameEntry(c.head, p):
			continue // broken before, untouched now
		}
		if ignores(p) {
			req.Ignored = append(req.Ignored, p)
			continue
		}
		if !format.Supported {
			if h != nil || hErr != nil {
				req.Problems = append(req.Problems, unsupported(p))
			}
			continue
		}
		if hErr != nil {
			req.Problems = append(req.Problems, unreadable(policy.Unreadable, p, hErr))
			continue
		}
		if bErr != nil {
			req.Problems = append(req.Problems, unreadable(policy.UnreadableBase, p, bErr))
		}
		if h == nil {
			problem, err := c.removed(ctx, p, format, ignores)
			if err != nil {
				return Request{}, err
			}
			if problem != nil {
				req.Problems = append(req.Problems, *problem)
			}
			continue
		}
		if len(req.Files) == MaxLockfiles {
			req.Problems = append(req.Problems, policy.Problem{Kind: policy.Unreadable, Lockfile: p,
				Detail: fmt.Sprintf("More than %d lockfiles changed: from %s on they were not looked at. Split the change.", MaxLockfiles, p)})
			break
		}
		f := File{Path: p}
		problem, err := c.read(ctx, &f, b, h)
		if err != nil {
			return Request{}, err
		}
		if problem != nil {
			req.Problems = append(req.Problems, *problem)
			if problem.Kind == policy.Unreadable {
				continue
			}
		}
		if b == nil && bErr == nil {
			problem, err := c.former(ctx, &f, h)
			if err != nil {
				return Request{}, err
			}
			if problem != nil {
				req.Problems = append(req.Problems, *problem)
			}
		}
		if err := c.settings(ctx, &f); err != nil {
			return Request{}, err
		}
		if c.held > MaxTotalBytes {
			req.Problems = append(req.Problems, policy.Problem{Kind: policy.Unreadable, Lockfile: p,
				Detail: fmt.Sprintf("The changed lockfiles have more than %d MiB together: from %s on they were not looked at. Split the change.", MaxTotalBytes>>20, p)})
			break
		}
		req.Files = append(req.Files, f)
	}
	req.Problems = append(req.Problems, c.submodules()...)
	manifests, err := c.manifests(ctx, ignores)
	if err != nil {
		return Request{}, err
	}
	req.Problems = append(req.Problems, manifests...)
	req.Configs, err = c.configs(ctx, ignores)
	return req, err
}

type comparison struct {
	base, head side
	held       int                          // bytes of all lockfiles read so far
	known      map[string]lockfile.Settings // by their name and the id of their content
	workspaces map[string]map[string]bool   // that lockfiles of the head name, by their paths
	manifest   map[string]manifest          // by their name and the id of their content
	texts      map[string][]byte            // of lockfiles of the head that manifests are held against
}

// side is a tree with its paths indexed.
type side struct {
	paths     map[string]TreeEntry
	lockfiles []string // the paths that are named like one, sorted
	tree      weighed
}

func index(t Tree) side {
	entries := t.Entries()
	s := side{paths: make(map[string]TreeEntry, len(entries)), tree: weighed{t, map[string][]byte{}}}
	for _, e := range entries {
		s.paths[e.Path] = e
		if _, ok := lockfile.Recognise(e.Path); ok {
			s.lockfiles = append(s.lockfiles, e.Path)
		}
	}
	sort.Strings(s.lockfiles)
	return s
}

// candidates are the paths of both sides that are named like a lockfile, sorted.
func (c *comparison) candidates() []string {
	out := slices.Concat(c.head.lockfiles, c.base.lockfiles)
	sort.Strings(out)
	return slices.Compact(out)
}

// linkError says why a symlink, or what stands at a path, gives no file. It is the
// pull request's doing, not a failure to ask.
type linkError struct{ reason string }

func (e *linkError) Error() string { return e.reason }

// readFailure keeps the errors that are not the tree's content's fault.
func readFailure(err error) error {
	var link *linkError
	if err == nil || errors.As(err, &link) {
		return nil
	}
	return err
}

func unreadable(kind policy.ProblemKind, p string, err error) policy.Problem {
	return policy.Problem{Kind: kind, Lockfile: p, Detail: fmt.Sprintf("%s cannot be read: %v.", p, err)}
}

func unsupported(p string) policy.Problem {
	return policy.Problem{Kind: policy.Unsupported, Lockfile: p,
		Detail: fmt.Sprintf("%s is a lockfile of a kind that is not read yet: what it brings in was not looked at.", p)}
}

// resolve follows symlinks from p to a blob. nil without an error: nothing there.
func (s side) resolve(ctx context.Context, p string) (*TreeEntry, error) {
	first := p
	for range MaxSymlinks {
		e, ok := s.paths[p]
		if !ok {
			// A folder on the way may itself be a symlink.
			dir, rest, found, err := s.linkedFolder(ctx, p)
			switch {
			case err != nil:
				return nil, err
			case found:
				p = path.Join(dir, rest)
				continue
			case p == first:
				return nil, nil
			}
			return nil, &linkError{fmt.Sprintf("it is a symbolic link to %q, which is not in the repository", p)}
		}
		switch e.Kind {
		case Blob:
			return &e, nil
		case Submodule:
			return nil, &linkError{"a submodule stands at its path"}
		}
		target, err := s.target(ctx, e)
		if err != nil {
			return nil, err
		}
		p = target
	}
	return nil, &linkError{"its symbolic link leads in a circle"}
}

// target is where a symlink leads, as a path of the tree.
func (s side) target(ctx context.Context, e TreeEntry) (string, error) {
	raw, err := s.tree.Read(ctx, e)
	if err != nil {
		return "", fmt.Errorf("read the symbolic link %s: %w", e.Path, err)
	}
	t := string(raw)
	if t == "" || path.IsAbs(t) || strings.ContainsRune(t, 0) {
		return "", &linkError{"it is a symbolic link that leads out of the repository"}
	}
	t = path.Join(path.Dir(e.Path), t)
	if t == ".." || strings.HasPrefix(t, "../") {
		return "", &linkError{"it is a symbolic link that leads out of the repository"}
	}
	return t, nil
}

// linkedFolder finds the first folder of p that is a symlink, and where it leads.
func (s side) linkedFolder(ctx context.Context, p string) (dir, rest string, found bool, err error) {
	for i := range p {
		if p[i] != '/' {
			continue
		}
		if e, ok := s.paths[p[:i]]; ok && e.Kind == Symlink {
			dir, err := s.target(ctx, e)
			return dir, p[i+1:], err == nil, err
		}
	}
	return "", "", false, nil
}

// sameEntry says whether the very same thing stands at p on both sides.
func (s side) sameEntry(o side, p string) bool {
	a, okA := s.paths[p]
	b, okB := o.paths[p]
	return okA && okB && a.Kind == b.Kind && a.ID == b.ID
}

// removed is the problem of a lockfile that went away, nil where nothing is left to pin
// or another one pins it.
func (c *comparison) removed(ctx context.Context, p string, format lockfile.Format, ignores func(path string) bool) (*policy.Problem, error) {
	manifest := c.manifestStays(p, format)
	if manifest == "" {
		return nil, nil
	}
	for _, pins := range []func(context.Context, string, func(string) bool) (bool, error){c.stillPinned, c.pinnedAbove} {
		if pinned, err := pins(ctx, p, ignores); err != nil || pinned {
			return nil, err
		}
	}
	return &policy.Problem{Kind: policy.LockfileRemoved, Lockfile: p,
		Detail: fmt.Sprintf("%s was removed while %s stays: what gets installed is no longer pinned.", p, manifest)}, nil
}

// stillPinned says whether a twin of a lockfile that went away holds its place: one
// that can be read, and that is looked at.
func (c *comparison) stillPinned(ctx context.Context, p string, ignores func(path string) bool) (bool, error) {
	for _, twin := range c.head.twins(p) {
		e, err := c.head.resolve(ctx, twin)
		if err := readFailure(err); err != nil {
			return false, err
		}
		if err == nil && e != nil && !ignores(twin) {
			return true, nil
		}
	}
	return false, nil
}

// pinnedAbove says whether the folder of a lockfile that went away is a workspace of
// another one above it, which names what it asks for: lockfiles that became one. Not
// every format says which workspaces there are.
func (c *comparison) pinnedAbove(ctx context.Context, p string, ignores func(path string) bool) (bool, error) {
	for above, workspace := range foldersAbove(path.Dir(p)) {
		for _, other := range c.head.lockfilesLike(p, func(o string) bool { return path.Dir(o) == above }) {
			if ignores(other) {
				continue
			}
			named, err := c.workspacesOf(ctx, other)
			if err != nil || named[workspace] {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// foldersAbove are the folders above one, the nearest first, and what the one is called from
// each of them.
func foldersAbove(folder string) iter.Seq2[string, string] {
	return func(yield func(above, name string) bool) {
		for above := folder; above != "." && above != "/"; {
			above = path.Dir(above)
			name := folder
			if above != "." {
				name = strings.TrimPrefix(folder, above+"/")
			}
			if !yield(above, name) {
				return
			}
		}
	}
}

// workspacesOf are the workspaces that a lockfile of the head names, none where it
// cannot be read. Each is read once.
func (c *comparison) workspacesOf(ctx context.Context, p string) (map[string]bool, error) {
	if named, ok := c.workspaces[p]; ok {
		return named, nil
	}
	e, err := c.head.resolve(ctx, p)
	if err := readFailure(err); err != nil {
		return nil, err
	}
	named := map[string]bool{}
	c.workspaces[p] = named
	if err != nil || e == nil {
		return named, nil //nolint:nilerr // a link that leads nowhere names none
	}
	data, err := c.load(ctx, c.head, e)
	if errors.Is(err, ErrTooLarge) || c.held > MaxTotalBytes {
		return named, nil
	} else if err != nil {
		return nil, fmt.Errorf("read %s at the head: %w", p, err)
	}
	entries, err := lockfile.Parse(p, data)
	if err != nil {
		return named, nil //nolint:nilerr // it is said where the lockfile is reviewed
	}
	for _, e := range entries {
		for _, w := range e.Workspaces {
			named[w] = true
		}
	}
	return named, nil
}

// manifestStays is the manifest of a lockfile that is in the head, "" for none.
func (c *comparison) manifestStays(p string, f lockfile.Format) string {
	for _, name := range f.Manifests() {
		manifest := path.Join(path.Dir(p), name)
		if _, stays := c.head.paths[manifest]; stays {
			return manifest
		}
	}
	return ""
}

// read fills in both sides of a file. A base that is too large is a problem that
// comes with the head.
func (c *comparison) read(ctx context.Context, f *File, b, h *TreeEntry) (*policy.Problem, error) {
	var err error
	if f.Head, err = c.load(ctx, c.head, h); errors.Is(err, ErrTooLarge) {
		p := unreadable(policy.Unreadable, f.Path, tooLarge())
		return &p, nil
	} else if err != nil {
		return nil, fmt.Errorf("read %s at the head: %w", f.Path, err)
	}
	if f.Base, err = c.load(ctx, c.base, b); errors.Is(err, ErrTooLarge) {
		p := unreadable(policy.UnreadableBase, f.Path, tooLarge())
		return &p, nil
	} else if err != nil {
		return nil, fmt.Errorf("read %s at the base: %w", f.Path, err)
	}
	return nil, nil
}

func (c *comparison) load(ctx context.Context, s side, e *TreeEntry) ([]byte, error) {
	if e == nil {
		return nil, nil
	}
	if _, named := lockfile.Recognise(e.Path); !named { // a symlink led to it
		if err := RoomOf(ctx).Take(parseWeight(max(e.Size, 0))); err != nil {
			return nil, err
		}
	}
	data, err := s.tree.Read(ctx, *e)
	c.held += len(data)
	return data, err
}

// former finds what a lockfile without a base is compared with: its twin in the same
// folder, by whatever package manager, else every such lockfile that went away. Where
// the very same content is among these, it only moved, and no other one says anything.
func (c *comparison) former(ctx context.Context, f *File, h *TreeEntry) (*policy.Problem, error) {
	paths := c.base.twins(f.Path)
	if len(paths) == 0 {
		paths = c.gone(f.Path)
	}
	own, _ := lockfile.Recognise(f.Path)
	for _, p := range paths {
		format, _ := lockfile.Recognise(p)
		if e, err := c.base.resolve(ctx, p); err == nil && e != nil && e.ID == h.ID && format.Name == own.Name {
			paths = []string{p}
			break
		}
	}
	for _, p := range paths[:min(len(paths), MaxLockfiles)] {
		e, err := c.base.resolve(ctx, p)
		var link *linkError
		switch {
		case errors.As(err, &link) || err == nil && e == nil:
			continue // nothing that could be read stood there
		case err != nil:
			return nil, err
		}
		data, err := c.load(ctx, c.base, e)
		if errors.Is(err, ErrTooLarge) {
			problem := unreadable(policy.UnreadableBase, p, tooLarge())
			return &problem, nil
		} else if err != nil {
			return nil, fmt.Errorf("read %s at the base: %w", p, err)
		}
		f.Former = append(f.Former, Former{p, data})
	}
	return nil, nil
}

// settings reads what the files beside a lockfile and above it say about registries,
// on both sides. What a file cannot say counts as if it named one that nobody knows.
func (c *comparison) settings(ctx context.Context, f *File) error {
	if strings.Count(f.Path, "/") > MaxSettingsFolders {
		f.SettingsUnread = fmt.Sprintf("the lockfile lies in more than %d folders", MaxSettingsFolders)
		return nil
	}
	for dir := path.Dir(f.Path); ; dir = path.Dir(dir) {
		for _, name := range lockfile.SettingsFiles() {
			seen := ""
			var before lockfile.Settings
			for i, s := range []side{c.base, c.head} {
				p := path.Join(dir, name)
				e, err := s.resolve(ctx, p)
				if err := readFailure(err); err != nil {
					return err
				}
				if err == nil && e != nil && e.ID == seen {
					f.HeadSettings = append(f.HeadSettings, before)
				}
				if err == nil && (e == nil || e.ID == seen) {
					continue
				}
				var found lockfile.Settings
				if err == nil {
					seen = e.ID
					found, err = c.readSettings(ctx, s, *e, p)
				}
				if err := readFailure(err); err != nil {
					return err
				}
				if err != nil {
					f.SettingsUnread = err.Error()
					continue
				}
				f.Settings = append(f.Settings, found)
				if i == 0 {
					f.BaseSettings, before = append(f.BaseSettings, found), found
				} else {
					f.HeadSettings = append(f.HeadSettings, found)
				}
			}
		}
		if dir == "." || dir == "/" {
			return nil
		}
	}
}

// readSettings reads one file of settings, each content of a name once. What is wrong with the
// file is a linkError: it is the repository's doing.
func (c *comparison) readSettings(ctx context.Context, s side, e TreeEntry, p string) (lockfile.Settings, error) {
	key := path.Base(p) + " " + e.ID // files of another name are read otherwise
	if found, ok := c.known[key]; ok {
		return found, nil
	}
	if e.Size > lockfile.MaxSettingsBytes {
		return lockfile.Settings{}, &linkError{p + " is too large"}
	}
	data, err := s.tree.Read(ctx, e)
	if errors.Is(err, ErrTooLarge) {
		return lockfile.Settings{}, &linkError{p + " is too large"}
	} else if err != nil {
		return lockfile.Settings{}, fmt.Errorf("read %s: %w", p, err)
	}
	found, err := lockfile.ParseSettings(p, data)
	if err != nil {
		return found, &linkError{err.Error()}
	}
	c.known[key] = found
	return found, nil
}

// twins are the other lockfiles for the same manifest in the same folder, of the
// kind that is read.
func (s side) twins(p string) []string {
	return s.lockfilesLike(p, func(other string) bool { return other != p && path.Dir(other) == path.Dir(p) })
}

// gone are the base's lockfiles for manifests of the same name, by whatever package
// manager, that the head has no more.
func (c *comparison) gone(p string) []string {
	return c.base.lockfilesLike(p, func(other string) bool {
		_, stays := c.head.paths[other]
		return !stays
	})
}

// lockfilesLike are the lockfiles of the kind that is read, for manifests of the same
// name as that of p, among some of the paths.
func (s side) lockfilesLike(p string, among func(other string) bool) []string {
	own, _ := lockfile.Recognise(p)
	var out []string
	for _, other := range s.lockfiles {
		if !among(other) {
			continue
		}
		if f, ok := lockfile.Recognise(other); ok && f.Supported && f.Manifest == own.Manifest {
			out = append(out, other)
		}
	}
	return out
}

func tooLarge() error {
	return fmt.Errorf("it is larger than %d MiB", MaxLockfileBytes>>20)
}

// submodules says which submodules moved: their lockfiles are not looked at.
func (c *comparison) submodules() []policy.Problem {
	var out []policy.Problem
	for p, h := range c.head.paths {
		if b := c.base.paths[p]; h.Kind == Submodule && (b.Kind != Submodule || b.ID != h.ID) {
			out = append(out, policy.Problem{Kind: policy.SubmoduleMoved, Lockfile: p,
				Detail: fmt.Sprintf("The submodule %s moved to another commit: lockfiles in it were not looked at.", p)})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Lockfile < out[j].Lockfile })
	return out
}

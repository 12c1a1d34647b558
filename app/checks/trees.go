package checks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/bonafide-app/bonafide/app/review"
)

// objectKey names an immutable git object. The repository is part of it: an object
// is shown only through a repository that has it.
type objectKey struct {
	review.Repository
	sha  string
	kind string
}

// directory is the kind of an entry of a listing that is a tree itself.
const directory review.EntryKind = "tree"

// listing is one answer of the trees API, with directories.
type listing struct {
	entries   []review.TreeEntry
	truncated bool // GitHub left entries out
}

// Trees reads the merge base of base and head, and head, both through repo: a
// fork's commits can be read there as long as a pull request names them.
func (f *Forge) Trees(ctx context.Context, repo review.Repository, base, head string) (review.Tree, review.Tree, error) {
	if err := errors.Join(needSHA(base), needSHA(head)); err != nil {
		return nil, nil, err
	}
	w := walk{forge: f, repo: repo, left: MaxTreeRequests,
		base: &side{forge: f, repo: repo}, head: &side{forge: f, repo: repo}}
	var ancestor string
	g, both := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		defer recovered(f.logger(ctx), &err)
		ancestor, err = f.mergeBase(both, repo, base, head)
		return err
	})
	g.Go(func() (err error) {
		defer recovered(f.logger(ctx), &err)
		all, err := f.listTree(both, repo, head, true)
		w.known = &all
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	if err := w.compare(ctx, "", ancestor, head); err != nil {
		return nil, nil, fmt.Errorf("list the files of %s and %s: %w", short(ancestor), short(head), err)
	}
	return w.base, w.head, nil
}

// mergeBase is the best common ancestor. Histories that share none are compared
// directly: whatever differs from the base then counts as a change.
func (f *Forge) mergeBase(ctx context.Context, repo review.Repository, base, head string) (string, error) {
	key := objectKey{repo, base + "..." + head, "merge base"} // of two commits it never changes
	if kept, ok := f.objects.get(key); ok {
		return kept.(string), nil
	}
	var answer struct {
		MergeBase struct {
			SHA string `json:"sha"`
		} `json:"merge_base_commit"`
	}
	what := fmt.Sprintf("compare %s with %s", short(head), short(base))
	// The files of a comparison, with their patches, come on its first page only, so
	// that the second one is small. A server that says less on it is asked for the first.
	q := request{what: what, path: "compare/" + base + "..." + head, query: url.Values{"per_page": {"1"}, "page": {"2"}}, once: true}
	_, err := f.do(ctx, repo, q, &answer)
	if err == nil && answer.MergeBase.SHA == "" {
		q.query.Set("page", "1")
		_, err = f.do(ctx, repo, q, &answer)
	}
	if status(err) == http.StatusNotFound {
		// Either there is no common ancestor, or a commit is gone. Reading the trees tells.
		return base, nil
	}
	if err != nil {
		return "", err
	}
	if needSHA(answer.MergeBase.SHA) != nil {
		return "", &review.Later{After: FailureWait, Reason: what + ": GitHub's answer names no merge base"}
	}
	f.objects.put(key, answer.MergeBase.SHA, 300)
	return answer.MergeBase.SHA, nil
}

// walk compares two trees. Usually one listing per side says everything. Where
// GitHub cuts a listing, the two sides are walked level by level, and only into
// folders that differ (git's trees are Merkle trees).
type walk struct {
	forge      *Forge
	repo       review.Repository
	left       int      // requests
	known      *listing // of all folders of the head, until it is used
	base, head *side
}

// compare adds the entries below two trees, "" where a side has none. Trees that
// are the same are left out on both sides.
func (w *walk) compare(ctx context.Context, prefix, base, head string) error {
	if base == head {
		return nil
	}
	b, h, err := w.list(ctx, base, head, true)
	if err != nil {
		return err
	}
	if !b.truncated && !h.truncated {
		return errors.Join(w.base.add(prefix, b), w.head.add(prefix, h))
	}
	w.base.partial, w.head.partial = true, true
	b, h, err = w.list(ctx, base, head, false)
	if err != nil {
		return err
	}
	if b.truncated || h.truncated {
		return fmt.Errorf("the folder %.200q has more entries than GitHub lists: the change cannot be compared", "/"+prefix)
	}
	if err := errors.Join(w.base.add(prefix, b), w.head.add(prefix, h)); err != nil {
		return err
	}
	below, other := b.directories(), h.directories()
	names := slices.Collect(maps.Keys(below))
	for name := range other {
		if _, both := below[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if err := w.compare(ctx, prefix+name+"/", below[name], other[name]); err != nil {
			return err
		}
	}
	return nil
}

// list reads both sides at once.
func (w *walk) list(ctx context.Context, base, head string, recursive bool) (b, h listing, err error) {
	if w.left -= 2; w.left < 0 {
		return b, h, fmt.Errorf("more than %d listings would have to be read: the repository and the change are too large to be compared", MaxTreeRequests)
	}
	g, ctx := errgroup.WithContext(ctx)
	read := func(sha string, to *listing) {
		g.Go(func() (err error) {
			defer recovered(w.forge.logger(ctx), &err)
			*to, err = w.forge.listTree(ctx, w.repo, sha, recursive)
			return err
		})
	}
	read(base, &b)
	if known := w.known; known != nil && recursive {
		h, w.known = *known, nil
	} else {
		read(head, &h)
	}
	err = g.Wait()
	return b, h, err
}

// recovered turns a panic of a goroutine into its error: nobody else could.
func recovered(log *zerolog.Logger, err *error) {
	if p := recover(); p != nil {
		log.Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("panic while reading from GitHub")
		*err = errors.New("an internal error (a panic)")
	}
}

// listTree reads the entries of a tree or of a commit's root tree; of all folders
// below it too where recursive. The tree "" is empty.
func (f *Forge) listTree(ctx context.Context, repo review.Repository, sha string, recursive bool) (listing, error) {
	if sha == "" {
		return listing{}, nil
	}
	key := objectKey{repo, sha, "tree"}
	q := request{what: "list the files of " + short(sha), path: "git/trees/" + sha, once: true}
	if recursive {
		key.kind, q.query = "trees", url.Values{"recursive": {"1"}}
	}
	room := review.RoomOf(ctx)
	taken := func(all listing) (listing, error) {
		return all, room.Take(int64(len(all.entries)) * review.ListedBytes)
	}
	if kept, ok := f.objects.get(key); ok {
		return taken(kept.(listing))
	}
	all, joined, err := f.flights.listing(ctx, key, func() (listing, error) { return f.readTree(ctx, repo, key, q) })
	if err == nil && joined {
		return taken(all)
	}
	return all, err
}

// readTree asks for a listing, and keeps it.
func (f *Forge) readTree(ctx context.Context, repo review.Repository, key objectKey, q request) (listing, error) {
	answer := treeAnswer{room: review.RoomOf(ctx)}
	_, err := f.do(ctx, repo, q, &answer)
	var odd *oddTree
	switch {
	case errors.As(err, &odd):
		return listing{}, fmt.Errorf("%s: %w", q.what, odd)
	case err != nil:
		return listing{}, err
	case answer.sha == "" || !answer.listed:
		return listing{}, &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer is not a tree"}
	}
	out := answer.listing
	if out.truncated {
		out.entries = nil // never looked at: a part is no listing
	}
	f.objects.put(key, out, answer.cost+64)
	return out, nil
}

// kindOf sorts git's modes; 100664 stands in old repositories.
func kindOf(mode string) (review.EntryKind, bool) {
	switch mode {
	case "100644", "100755", "100664":
		return review.Blob, true
	case "120000":
		return review.Symlink, true
	case "160000":
		return review.Submodule, true
	case "040000", "40000":
		return directory, true
	}
	return "", false
}

func (l listing) directories() map[string]string {
	out := map[string]string{}
	for _, e := range l.entries {
		if e.Kind == directory {
			out[e.Path] = e.ID
		}
	}
	return out
}

// side is one side of a comparison.
type side struct {
	forge   *Forge
	repo    review.Repository
	entries []review.TreeEntry
	partial bool
}

// Partial says that folders were left out, which are the same on both sides.
func (s *side) Partial() bool { return s.partial }

// Entries lists every blob, symlink and submodule.
func (s *side) Entries() []review.TreeEntry { return s.entries }

// Distant says that many can be read at the same time.
func (s *side) Distant() {}

// Read returns the content of a blob or the target of a symlink.
func (s *side) Read(ctx context.Context, e review.TreeEntry) ([]byte, error) {
	if e.Kind != review.Blob && e.Kind != review.Symlink {
		return nil, fmt.Errorf("%.200q is a %s: it has no content", e.Path, e.Kind)
	}
	data, err := s.forge.blob(ctx, s.repo, e.ID, e.Size, review.MaxLockfileBytes)
	if err != nil {
		return nil, fmt.Errorf("read %.200q: %w", e.Path, err)
	}
	return data, nil
}

func (s *side) add(prefix string, l listing) error {
	for _, e := range l.entries {
		if e.Kind == directory {
			continue
		}
		e.Path = prefix + e.Path
		s.entries = append(s.entries, e)
	}
	if len(s.entries) > MaxTreeEntries {
		return fmt.Errorf("more than %d files differ or stand beside files that do: the change cannot be compared", MaxTreeEntries)
	}
	return nil
}

// find looks up one path in the tree of a commit. A folder on the way that is a
// symlink is not followed.
func (f *Forge) find(ctx context.Context, repo review.Repository, commit, path string) (e review.TreeEntry, found bool, err error) {
	all, err := f.listTree(ctx, repo, commit, true)
	if err != nil {
		return e, false, err
	}
	if !all.truncated {
		i := slices.IndexFunc(all.entries, func(e review.TreeEntry) bool { return e.Path == path })
		if i < 0 {
			return e, false, nil
		}
		return all.entries[i], true, nil
	}
	tree, rest := commit, path
	for {
		name, below, deeper := strings.Cut(rest, "/")
		level, err := f.listTree(ctx, repo, tree, false)
		if err != nil {
			return e, false, err
		}
		if level.truncated {
			return e, false, fmt.Errorf("look for %s: its folder has more entries than GitHub lists", path)
		}
		i := slices.IndexFunc(level.entries, func(e review.TreeEntry) bool { return e.Path == name })
		switch {
		case i < 0:
			return e, false, nil
		case !deeper:
			return level.entries[i], true, nil
		case level.entries[i].Kind != directory:
			return e, false, nil
		}
		tree, rest = level.entries[i].ID, below
	}
}

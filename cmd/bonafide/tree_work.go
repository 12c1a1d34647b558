package main

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // git's own name for a blob, held against git's; nothing rests on it
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/review"
)

// openWorkTree is the working tree of the checkout whose top folder is given: what lies
// on the disk, with what is not committed yet and without what git ignores. A file that
// is as it was in base has the id that it has there.
func openWorkTree(ctx context.Context, top string, base *gitTree) (*dirTree, error) {
	tracked, err := git(ctx, maxListing, "ls-files", "-z", "-s", "-t", "--full-name", "--", ":/")
	if err != nil {
		return nil, fmt.Errorf("list the files of the working tree: %w", err)
	}
	others, err := git(ctx, maxListing, "ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--", ":/")
	if err != nil {
		return nil, fmt.Errorf("list the new files of the working tree: %w", err)
	}
	root, err := os.OpenRoot(top)
	if err != nil {
		return nil, fmt.Errorf("open the working tree: %w", err)
	}
	w := &workTree{dirTree: &dirTree{root: root}, was: make(map[string]review.TreeEntry, len(base.entries)), seen: map[string]bool{}, commit: base.commit}
	for _, e := range base.entries {
		w.was[e.Path] = e
	}
	if err := errors.Join(w.tracked(ctx, string(tracked)), w.others(ctx, string(others))); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("read the working tree: %w", err)
	}
	return w.dirTree, nil
}

// workTree is a working tree that is being listed.
type workTree struct {
	*dirTree
	was    map[string]review.TreeEntry // in the base, by path
	seen   map[string]bool
	commit string // of the base
}

// tracked adds what is in git's index: "<tag> <mode> <id> <stage>\t<path>".
func (w *workTree) tracked(ctx context.Context, listing string) error {
	for line := range strings.SplitSeq(listing, "\x00") {
		if line == "" {
			continue
		}
		meta, path, ok := strings.Cut(line, "\t")
		f := strings.Fields(meta)
		if !ok || len(f) != 4 {
			return fmt.Errorf("git printed %q", line)
		}
		if w.seen[path] { // several stages of a merge
			continue
		}
		switch was, stood := w.was[path]; {
		case f[1] == "160000":
			w.seen[path] = true
			w.entries = append(w.entries, review.TreeEntry{Path: path, ID: f[2], Kind: review.Submodule, Size: -1})
		case f[0] == "S" && stood && was.ID == f[2]: // left out by a sparse checkout: as it was
			w.seen[path] = true
			w.entries = append(w.entries, was)
		default:
			if err := w.add(ctx, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// others adds what git does not know yet and does not ignore.
func (w *workTree) others(ctx context.Context, listing string) error {
	for path := range strings.SplitSeq(listing, "\x00") {
		installed := slices.Contains(strings.Split(path, "/"), "node_modules")
		if path == "" || installed || strings.HasSuffix(path, "/") { // a repository inside this one
			continue
		}
		if err := w.add(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

// add adds what lies on the disk at a path; what was deleted there is not there.
func (w *workTree) add(ctx context.Context, path string) error {
	info, err := w.root.Lstat(filepath.FromSlash(path))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(w.entries) == maxDirEntries:
		return fmt.Errorf("it has more than %d files", maxDirEntries)
	}
	e := review.TreeEntry{Path: path, Kind: review.Blob, Size: info.Size(), ID: "working tree\x00" + path}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		e.Kind = review.Symlink
	case !info.Mode().IsRegular():
		return nil // a folder where a file was, a socket, a device
	}
	w.seen[path] = true
	was, stood := w.was[path]
	// Only a file of the same size, or a larger one that has other line ends, can be as it was.
	if stood && was.Kind == e.Kind && info.Size() >= was.Size && info.Size() <= review.MaxLockfileBytes {
		data, err := w.Read(ctx, e)
		if err != nil {
			return err
		}
		if w.blobID(data) == was.ID || w.blobID(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))) == was.ID {
			e.ID = was.ID
		}
	}
	w.entries = append(w.entries, e)
	return nil
}

// blobID is git's name for a content, by the kind of names that the repository has.
func (w *workTree) blobID(data []byte) string {
	var h hash.Hash = sha1.New() //nolint:gosec // see the import
	if len(w.commit) == 2*sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

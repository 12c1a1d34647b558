package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/review"
)

// maxDirEntries bounds the files of a folder that is compared. The largest
// repositories have a few hundred thousand.
const maxDirEntries = 2_000_000

// dirTree is a folder as a tree, without .git and node_modules. It reads through
// os.Root, so that no symlink leads out of it.
type dirTree struct {
	root    *os.Root
	entries []review.TreeEntry
}

func openDirTree(dir string) (*dirTree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, unopened(dir, err)
	}
	t := &dirTree{root: root}
	err = fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); p != "." && (name == ".git" || name == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		if len(t.entries) == maxDirEntries {
			return fmt.Errorf("%s has more than %d files", dir, maxDirEntries)
		}
		// A file that no lockfile is named like gets an id of this folder's own: should a
		// symlinked lockfile lead to it, its content is read and compared.
		e := review.TreeEntry{Path: filepath.ToSlash(p), Kind: review.Blob, ID: dir + "\x00" + p, Size: -1}
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			e.Kind = review.Symlink
		case !d.Type().IsRegular():
			return nil // a socket or a device is no file of a repository
		}
		if _, ok := lockfile.Recognise(e.Path); ok || e.Kind == review.Symlink || slices.Contains(lockfile.SettingsFiles(), path.Base(e.Path)) {
			if e.ID, err = t.contentID(e); err != nil {
				return err
			}
		}
		t.entries = append(t.entries, e)
		return nil
	})
	if err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("read %s: %w", dir, err)
	}
	return t, nil
}

// contentID is equal for equal contents. A file that is too large to be read has
// an id of its own, so that it counts as changed and its size is said.
func (t *dirTree) contentID(e review.TreeEntry) (string, error) {
	data, err := t.Read(context.Background(), e)
	if errors.Is(err, review.ErrTooLarge) {
		return "too large: " + e.Path, nil
	} else if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

func (t *dirTree) Entries() []review.TreeEntry { return t.entries }

func (t *dirTree) Read(_ context.Context, e review.TreeEntry) ([]byte, error) {
	if e.Kind == review.Symlink {
		target, err := t.root.Readlink(filepath.FromSlash(e.Path))
		return []byte(filepath.ToSlash(target)), err
	}
	f, err := t.root.Open(filepath.FromSlash(e.Path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLimited(f, e.Path)
}

func (t *dirTree) Close() { _ = t.root.Close() }

// readLimited reads a whole lockfile, or fails with review.ErrTooLarge.
func readLimited(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, review.MaxLockfileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > review.MaxLockfileBytes {
		return nil, fmt.Errorf("%s: %w", name, review.ErrTooLarge)
	}
	return data, nil
}

// emptyTree is the other side of an audit: nothing was there before.
type emptyTree struct{}

func (emptyTree) Entries() []review.TreeEntry { return nil }
func (emptyTree) Read(_ context.Context, e review.TreeEntry) ([]byte, error) {
	return nil, fmt.Errorf("%s: %w", path.Clean(e.Path), fs.ErrNotExist)
}

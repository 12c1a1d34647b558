package review

import (
	"context"
	"errors"
)

// ErrTooLarge is wrapped by Tree.Read for a file over MaxLockfileBytes.
var ErrTooLarge = errors.New("the file is larger than the limit")

// EntryKind says what stands at a path of a tree.
type EntryKind string

// The kinds of tree entries (git modes 100644/100755, 120000, 160000).
const (
	Blob      EntryKind = "blob"
	Symlink   EntryKind = "symlink"
	Submodule EntryKind = "submodule"
)

// TreeEntry is one path of a tree.
type TreeEntry struct {
	Path string // slash separated, relative to the root, as git states it
	Kind EntryKind
	// ID is equal on both sides if and only if the contents are (a git object id).
	ID   string
	Size int64 // bytes, -1 where not known
}

// Tree is one side of a comparison: the files of a repository at a commit, or of
// a folder.
type Tree interface {
	// Entries lists every blob, symlink and submodule, in any order. Subtrees that
	// are the same on both sides of a comparison may be left out on both.
	Entries() []TreeEntry
	// Read returns the whole content of a blob, or the target of a symlink. It never
	// returns a part: over MaxLockfileBytes it fails with ErrTooLarge.
	Read(ctx context.Context, e TreeEntry) ([]byte, error)
}

// Distant is a Tree whose Read takes its way to somebody else and back, and may be called
// from several goroutines.
type Distant interface {
	Tree
	Distant()
}

// Partial is a Tree that knows whether folders were left out of its entries.
type Partial interface {
	Tree
	Partial() bool
}

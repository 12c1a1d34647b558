// Package lockfile turns the bytes of a lockfile into entries, and two sets of
// entries into changes. It does no I/O, and it never follows what a lockfile names.
//
// Adding a format takes one new file with its parse function, and one line in
// Recognise.
package lockfile

import (
	"bytes"
	"unicode/utf8"

	"github.com/bonafide-app/bonafide/app/dep"
)

// file is what a format's parser is given: text that is not empty, is UTF-8
// without a byte order mark, and is within MaxBytes. Of a binary format it is bytes.
type file struct {
	name string // path in the repository
	data []byte
}

// theOnesRead says which names would do.
const theOnesRead = "the ones that are read are package-lock.json, npm-shrinkwrap.json, yarn.lock, pnpm-lock.yaml, bun.lock and deno.lock"

// Parse reads a lockfile. name is its path in the repository, and its base name
// says which format it is. The entries are every locked package, in the order of
// the file; the repository's own code (root, workspaces, links, folders) is left out.
//
// Errors are always an *Error. No entries come with one, except for Inconsistent:
// then the entries are everything that any part of the file says, so that a base
// which contradicts itself can still be compared with.
func Parse(name string, data []byte) ([]dep.Entry, error) {
	format, ok := Recognise(name)
	switch {
	case !ok:
		return nil, &Error{name, 0, NotRead, "this is not the name of a lockfile; " + theOnesRead}
	case format.parse == nil:
		return nil, &Error{name, 0, NotRead, "lockfiles of " + format.Name + " are not read yet; " + theOnesRead}
	case len(data) > MaxBytes:
		return nil, tooLarge(name, len(data))
	case IsLFSPointer(data):
		return nil, &Error{name, 1, LFSPointer, "this is a Git LFS pointer and not the lockfile itself; take the file out of Git LFS (git lfs untrack) and commit it as text"}
	case format.binary:
		return format.parse(file{name, data})
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, &Error{name, 1, NotUTF8, "the file is UTF-16; save it as UTF-8"}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // package managers strip it too
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &Error{name, 0, Empty, "the file is empty, which does not mean that there are no dependencies; " + format.again}
	}
	if at := invalidUTF8(data); at >= 0 {
		return nil, &Error{name, lineAt(data, at), NotUTF8, "the file has bytes that are not UTF-8; " + format.again}
	}
	return format.parse(file{name, data})
}

// IsLFSPointer says whether the bytes are what Git LFS commits in place of a file.
// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
func IsLFSPointer(data []byte) bool {
	return len(data) < 1024 &&
		(bytes.HasPrefix(data, []byte("version https://git-lfs.github.com/spec/")) ||
			bytes.HasPrefix(data, []byte("version https://hawser.github.com/spec/")))
}

// invalidUTF8 is the offset of the first byte that is not UTF-8, -1 if all are.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// lineAt is the 1-based line of an offset. Lines end with LF, as git and GitHub
// count them.
func lineAt(data []byte, offset int) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), len(data))], []byte("\n"))
}

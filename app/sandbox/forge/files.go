package forge

import (
	"bytes"
	"fmt"
	"strings"
)

// Files are the paths that a commit touches, slash separated, and what becomes of each.
type Files map[string]File

// File is what a commit does to one path.
type File struct {
	mode    string
	content []byte
}

// Git's modes, and our word for a path that goes.
const (
	modeFile       = "100644"
	modeExecutable = "100755"
	modeSymlink    = "120000"
	modeSubmodule  = "160000"
	modeTree       = "040000"
	modeDeleted    = "deleted"
)

// Text is a regular file.
func Text(content string) File { return File{modeFile, []byte(content)} }

// Bytes is a regular file, of any content.
func Bytes(content []byte) File { return File{modeFile, bytes.Clone(content)} }

// Executable is a regular file with its executable bit set.
func Executable(content string) File { return File{modeExecutable, []byte(content)} }

// Symlink is a symbolic link.
func Symlink(target string) File { return File{modeSymlink, []byte(target)} }

// Submodule is a link to a commit of another repository (40 hex digits).
func Submodule(commit string) File { return File{modeSubmodule, []byte(commit)} }

// Deleted removes a file or a folder.
func Deleted() File { return File{mode: modeDeleted} }

func (f Files) check() error {
	for path, file := range f {
		if path == "" || strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0) {
			return fmt.Errorf("%q is no path of a file in a repository", path)
		}
		if file.mode == "" {
			return fmt.Errorf("%s: make files with Text, Bytes, Symlink, Submodule or Deleted", path)
		}
		if file.mode == modeSubmodule && !isSHA(string(file.content)) {
			return fmt.Errorf("%s: a submodule names a commit with 40 hex digits", path)
		}
	}
	return nil
}

// isSHA says whether s is a full SHA-1 in hex.
func isSHA(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}

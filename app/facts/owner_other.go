//go:build !unix

package facts

import "io/fs"

// Where there are no modes, the user's own folders are nobody else's to write to.

func ours(fs.FileInfo) bool { return true }

func writable(fs.FileInfo) bool { return false }

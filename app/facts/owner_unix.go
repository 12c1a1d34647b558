//go:build unix

package facts

import (
	"io/fs"
	"os"
	"syscall"
)

// ours says whether this user has made it.
func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// writable says whether others may write to it.
func writable(info fs.FileInfo) bool { return info.Mode().Perm()&0o022 != 0 }

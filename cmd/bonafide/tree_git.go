package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/bonafide-app/bonafide/app/review"
)

// maxListing bounds git's listing of a tree: about 130 bytes per file.
const maxListing = 512 << 20

// gitTree is a commit of the repository in the current folder.
type gitTree struct {
	commit  string
	entries []review.TreeEntry
}

// resolveCommit turns a git ref into a commit id.
func resolveCommit(ctx context.Context, ref string) (string, error) {
	out, err := git(ctx, 1<<10, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if err != nil {
		return "", usage("%q is no file, no directory and no git ref here", ref)
	}
	return strings.TrimSpace(string(out)), nil
}

// mergeBase is the commit that a pull request is compared with.
func mergeBase(ctx context.Context, a, b string) (string, error) {
	out, err := git(ctx, 1<<10, "merge-base", a, b)
	if err != nil {
		return "", usage("%s and %s have no common commit: fetch more of the history", a, b)
	}
	return strings.TrimSpace(string(out)), nil
}

func openGitTree(ctx context.Context, commit string) (*gitTree, error) {
	out, err := git(ctx, maxListing, "ls-tree", "-r", "-z", "-l", "--full-tree", commit)
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", commit, err)
	}
	t := &gitTree{commit: commit}
	for line := range strings.SplitSeq(string(out), "\x00") {
		if line == "" {
			continue
		}
		// "<mode> <type> <id> <size>\t<path>"
		meta, path, ok := strings.Cut(line, "\t")
		f := strings.Fields(meta)
		if !ok || len(f) != 4 {
			return nil, fmt.Errorf("list the files of %s: git printed %q", commit, line)
		}
		e := review.TreeEntry{Path: path, ID: f[2], Kind: review.Blob, Size: -1}
		switch f[0] {
		case "120000":
			e.Kind = review.Symlink
		case "160000":
			e.Kind = review.Submodule
		}
		if n, err := strconv.ParseInt(f[3], 10, 64); err == nil {
			e.Size = n
		}
		t.entries = append(t.entries, e)
	}
	return t, nil
}

func (t *gitTree) Entries() []review.TreeEntry { return t.entries }

func (t *gitTree) Read(ctx context.Context, e review.TreeEntry) ([]byte, error) {
	if e.Size > review.MaxLockfileBytes {
		return nil, fmt.Errorf("%s: %w", e.Path, review.ErrTooLarge)
	}
	return git(ctx, review.MaxLockfileBytes, "cat-file", "blob", e.ID)
}

// git runs a plumbing command that neither writes nor runs anything of the
// repository, and returns up to limit bytes of its output.
func git(ctx context.Context, limit int, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.fsmonitor=false"}, args...)...)
	var out, complaint bytes.Buffer
	cmd.Stdout = &limitedWriter{&out, limit}
	cmd.Stderr = &limitedWriter{&complaint, 4 << 10}
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, usage("git is not installed")
		}
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return out.Bytes(), nil
}

// limitedWriter refuses more than left bytes.
type limitedWriter struct {
	to   *bytes.Buffer
	left int
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, errors.New("more output than the limit allows")
	}
	w.left -= len(p)
	return w.to.Write(p)
}

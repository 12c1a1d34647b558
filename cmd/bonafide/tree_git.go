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
	switch {
	case isUsage(err):
		return "", err
	case err != nil:
		return "", usage("%q is no file, no directory and no git ref here; look at the spelling, or fetch it: git fetch origin %s", ref, ref)
	}
	return strings.TrimSpace(string(out)), nil
}

// mergeBase is the commit that a pull request is compared with. The names are for people.
func mergeBase(ctx context.Context, a, b, nameA, nameB string) (string, error) {
	out, err := git(ctx, 1<<10, "merge-base", a, b)
	switch {
	case err == nil:
		return strings.TrimSpace(string(out)), nil
	case isUsage(err) || ctx.Err() != nil:
		return "", err
	}
	if shallow, err := git(ctx, 1<<10, "rev-parse", "--is-shallow-repository"); err == nil && strings.TrimSpace(string(shallow)) == "true" {
		return "", usage("where %s and %s part is not known here: this is a shallow clone. Fetch the rest of the history: git fetch --unshallow", nameA, nameB)
	}
	return "", usage("%s and %s have no commit in common; give two lockfiles or two directories instead", nameA, nameB)
}

// checkout is the top folder of the working tree that the current folder is in.
func checkout(ctx context.Context) (string, error) {
	inside, err := git(ctx, 1<<10, "rev-parse", "--is-inside-work-tree")
	switch {
	case isUsage(err) || ctx.Err() != nil:
		return "", err
	case err != nil && strings.Contains(err.Error(), "not a git repository"):
		return "", usage("this folder is in no git checkout; go into one, or give two lockfiles or two directories: bonafide diff BEFORE AFTER")
	case err != nil:
		return "", usage("git cannot read this checkout: %v", err)
	case strings.TrimSpace(string(inside)) != "true":
		return "", usage("this repository has no working tree here (it is bare, or this is its .git); give two git refs: bonafide diff BASE HEAD")
	}
	top, err := git(ctx, 64<<10, "rev-parse", "--show-toplevel")
	if err != nil {
		return "", fmt.Errorf("find the top of the working tree: %w", err)
	}
	return strings.TrimSuffix(string(top), "\n"), nil
}

// defaultBranch names what pull requests are usually opened into: the remote's default
// branch, as far as it was fetched.
func defaultBranch(ctx context.Context) (string, error) {
	if out, err := git(ctx, 1<<10, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"); err == nil {
		name := strings.TrimSpace(string(out))
		if _, err := resolveCommit(ctx, name); err == nil { // else it points to a branch that is gone
			return name, nil
		}
	}
	names := []string{"origin/main", "origin/master", "main", "master"}
	for _, name := range names {
		if _, err := resolveCommit(ctx, name); err == nil {
			return name, nil
		}
	}
	return "", usage("no branch to compare with is known here (looked for origin/HEAD, %s); name one: bonafide diff BASE", strings.Join(names, ", "))
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
// repository, and returns up to limit bytes of its output. A folder that has the files of
// a repository is none: a pull request can bring it, and its settings name programs.
func git(ctx context.Context, limit int, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit"}, args...)...)
	var out, complaint bytes.Buffer
	cmd.Stdout = &limitedWriter{&out, limit}
	cmd.Stderr = &limitedWriter{&complaint, 4 << 10}
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, usage("git is not installed, or not on PATH; give two lockfiles or two directories instead")
		}
		if strings.Contains(complaint.String(), "safe.bareRepository") {
			return nil, usage("this repository has no working tree here (it is bare, or this is its .git), and what was checked out can bring such a folder, with programs for git to run; if it is your own, say so: GIT_DIR=. bonafide diff BASE HEAD")
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

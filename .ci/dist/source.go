package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// source is the commit that is built.
type source struct {
	dir    string // of the repository
	commit string
	time   time.Time // of the commit: the time of everything that is made of it
	env    []string  // for git
}

// openSource looks at the checkout in the working directory. Git is asked without the
// user's settings, which could change what is checked out, and also where the checkout
// belongs to somebody else, as it does in containers.
func openSource(ctx context.Context, work string) (*source, error) {
	settings := filepath.Join(work, "gitconfig")
	if err := os.WriteFile(settings, []byte("[safe]\n\tdirectory = *\n[advice]\n\tdetachedHead = false\n"), 0o600); err != nil {
		return nil, err
	}
	s := &source{env: append(os.Environ(), "GIT_CONFIG_GLOBAL="+settings, "GIT_CONFIG_NOSYSTEM=1", "TZ=UTC")}
	top, err := s.git(ctx, "", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf("a release is built of a git commit: %w", err)
	}
	s.dir = top
	head, err := s.git(ctx, s.dir, "log", "-1", "--format=%H %ct")
	if err != nil {
		return nil, err
	}
	commit, at, _ := strings.Cut(head, " ")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the time of commit %s: %w", commit, err)
	}
	s.commit, s.time = commit, time.Unix(seconds, 0).UTC()
	return s, nil
}

// changed lists what differs from the commit.
func (s *source) changed(ctx context.Context) (string, error) {
	return s.git(ctx, s.dir, "status", "--porcelain")
}

// clone makes a checkout of the commit, with all tags: the Go toolchain reads the version there.
func (s *source) clone(ctx context.Context, dir string) error {
	if _, err := s.git(ctx, "", "clone", "--quiet", "--no-checkout", "--no-hardlinks", s.dir, dir); err != nil {
		return err
	}
	_, err := s.git(ctx, dir, "checkout", "--quiet", "--detach", s.commit)
	return err
}

func (s *source) git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = dir, s.env
	out, err := cmd.Output()
	if err != nil {
		said := ""
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			said = ": " + strings.TrimSpace(string(exit.Stderr))
		}
		return "", fmt.Errorf("git %s: %w%s", args[0], err, said)
	}
	return strings.TrimSpace(string(out)), nil
}

// estrange gives the files of a checkout another time, and takes from them what a strict
// umask would have.
func estrange(tree string) error {
	return filepath.WalkDir(tree, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Type()&fs.ModeSymlink != 0 {
			return err
		}
		if e.IsDir() && e.Name() == ".git" {
			return filepath.SkipDir
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if err := os.Chmod(path, info.Mode().Perm()&0o700); err != nil {
			return err
		}
		old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
		return os.Chtimes(path, old, old)
	})
}

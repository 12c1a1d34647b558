package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/publish"
)

// publishDir is a folder whose files say how it publishes: the top of the checkout that it
// is in, else the folder itself. Everything is read through os.Root, so that no symlink
// leads out of it.
type publishDir struct {
	name  string // of the top
	above bool   // it is not the folder that was given
	git   string // the folder that holds git's config, "" where it is no checkout
	root  *os.Root
}

func openPublishDir(given string) (*publishDir, error) {
	full, err := filepath.Abs(given)
	if err != nil {
		return nil, unopened(given, err)
	}
	d := &publishDir{name: given}
	for top := full; ; top = filepath.Dir(top) {
		if d.git = gitFolder(filepath.Join(top, ".git")); d.git != "" {
			if d.above = top != full; d.above {
				d.name = top
			}
			break
		}
		if top == filepath.Dir(top) {
			break
		}
	}
	if d.root, err = os.OpenRoot(d.name); err != nil {
		return nil, unopened(given, err)
	}
	return d, nil
}

func (d *publishDir) close() { _ = d.root.Close() }

// read reads the files that are wanted. What cannot be read is named; it does not keep the
// others from being read.
func (d *publishDir) read(ctx context.Context) (publish.Files, []publish.Unread, error) {
	paths, unread, err := d.list(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list the files of %s: %w", d.name, err)
	}
	files, held := publish.Files{}, int64(0)
	for _, p := range paths {
		skip := func(format string, args ...any) {
			unread = append(unread, publish.Unread{File: p, Reason: fmt.Sprintf(format, args...)})
		}
		info, err := d.root.Lstat(filepath.FromSlash(p))
		switch {
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
			continue // deleted, and not committed yet
		case err != nil:
			skip("It could not be read: %v.", reason(err))
			continue
		case info.Mode()&fs.ModeSymlink != 0:
			skip("It is a symlink, which is not followed.")
			continue
		case !info.Mode().IsRegular():
			skip("It is no regular file.")
			continue
		case info.Size() > publish.MaxFileBytes:
			skip("It has more than %d kB.", publish.MaxFileBytes>>10)
			continue
		case len(files) == publish.MaxFiles:
			skip("Only %d files are read.", publish.MaxFiles)
			continue
		case held+info.Size() > publish.MaxAllBytes:
			skip("Only %d MB are read of all files.", publish.MaxAllBytes>>20)
			continue
		}
		data, err := d.file(p)
		if err != nil {
			skip("It could not be read: %v.", reason(err))
			continue
		}
		files[p] = data
		held += int64(len(data))
	}
	return files, unread, nil
}

// reason is what is wrong with a file, without its name, which stands beside it.
func reason(err error) error {
	if at := new(fs.PathError); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// list names the wanted files: in a checkout those that git knows or does not ignore, else
// all. A repository inside this one is another one. A folder that cannot be listed is named.
func (d *publishDir) list(ctx context.Context) (paths []string, unread []publish.Unread, err error) {
	if d.git != "" {
		out, err := git(ctx, maxListing, "-C", d.name, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
		if err == nil {
			for p := range strings.SplitSeq(string(out), "\x00") {
				if publish.Wanted(p) {
					paths = append(paths, p)
				}
			}
			slices.Sort(paths)
			return slices.Compact(paths), nil, nil // each stage of a merge is listed
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
	}
	entries := 0
	err = fs.WalkDir(d.root.FS(), ".", func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && p == ".":
			return err
		case err != nil:
			unread = append(unread, publish.Unread{File: p, Reason: fmt.Sprintf("It could not be read: %v.", reason(err))})
			return nil
		}
		if entries++; entries > maxDirEntries {
			return fmt.Errorf("it has more than %d files", maxDirEntries)
		}
		switch name := e.Name(); {
		case ctx.Err() != nil:
			return ctx.Err()
		case e.IsDir() && p != "." && (name == ".git" || name == "node_modules" || d.isCheckout(p)):
			return fs.SkipDir
		case !e.IsDir() && publish.Wanted(p):
			paths = append(paths, p)
		}
		return nil
	})
	return paths, unread, err
}

func (d *publishDir) isCheckout(p string) bool {
	_, err := d.root.Lstat(filepath.FromSlash(path.Join(p, ".git")))
	return err == nil
}

// file reads a file of at most publish.MaxFileBytes.
func (d *publishDir) file(p string) ([]byte, error) {
	f, err := d.root.Open(filepath.FromSlash(p))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, publish.MaxFileBytes+1))
	if err == nil && len(data) > publish.MaxFileBytes {
		err = fmt.Errorf("%s has grown to more than %d kB", p, publish.MaxFileBytes>>10) // while it was read
	}
	return data, err
}

// write replaces files, each as a whole: a reader sees the old or the new one. One that is
// no longer what was read stops it.
func (d *publishDir) write(before, after publish.Files) error {
	order := slices.Sorted(maps.Keys(after))
	for _, p := range order {
		if now, err := d.file(p); err != nil {
			return fmt.Errorf("--fix: %w", err)
		} else if !bytes.Equal(now, before[p]) {
			return fmt.Errorf("--fix: %s was changed meanwhile; nothing is written, run it again", p)
		}
	}
	for i, p := range order {
		if err := d.replace(filepath.FromSlash(p), after[p]); err != nil {
			return fmt.Errorf("--fix: write %s: %w; written are %s", p, err, cmp.Or(strings.Join(order[:i], ", "), "no files"))
		}
	}
	return nil
}

func (d *publishDir) replace(name string, data []byte) error {
	info, err := d.root.Stat(name)
	if err != nil {
		return err
	}
	beside := filepath.Join(filepath.Dir(name), ".bonafide-"+rand.Text())
	f, err := d.root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer func() { _ = d.root.Remove(beside) }() // fails where it was renamed
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := errors.Join(f.Chmod(info.Mode().Perm()), f.Close()); err != nil {
		return err
	}
	return d.root.Rename(beside, name)
}

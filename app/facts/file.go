// Package facts keeps what a run on a terminal learnt for the next one, in one file. It
// implements provenance.Cache and registry.Shelf.
package facts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolt "go.etcd.io/bbolt/errors"
)

// The errors that Open and Save wrap, beside those of the file system.
var (
	// ErrForeign: others could have written what would be believed.
	ErrForeign = errors.New("others could have written it")
	// ErrBusy: other runs held the file for too long.
	ErrBusy = errors.New("another run holds it")
)

// name is of the file, and of the folder that it has for itself: who may write to a folder
// can replace what is in it.
const folder, name = "facts", "facts.db"

var bucket = []byte("facts")

// File is the file. What is in it is read as it is asked for; what is new is written by Save,
// all of it at once. Any number of runs may have it open: they read together, and write one
// after the other. It is safe for concurrent use.
type File struct {
	path string
	now  func() time.Time

	opened fs.FileInfo // the file that was there; nil: none was

	mu      sync.RWMutex
	db      *bbolt.DB // open for reading; nil: there is nothing to read
	damaged bool
	added   map[string][]byte // as they are written
	bytes   int               // of added
}

// Open opens the file below a folder, which is made where it is missing. An error that
// wraps ErrForeign says why it must not be believed. A damaged file reads as an empty one, and
// Save puts another one in its place. now may be nil: time.Now.
func Open(dir string, now func() time.Time) (*File, error) {
	if now == nil {
		now = time.Now
	}
	dir = filepath.Join(dir, folder)
	f := &File{path: filepath.Join(dir, name), now: now, added: map[string][]byte{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of what is kept: %w", err)
	}
	if err := own(dir, fs.ModeDir); err != nil {
		return nil, err
	}
	err := own(f.path, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	} else if err != nil {
		return nil, err
	}
	if f.opened, err = os.Stat(f.path); err != nil || f.opened.Size() == 0 { // another run is making it
		return f, err
	}
	db, err := f.open(true, readWait)
	switch {
	case errors.Is(err, ErrBusy): // it is as if it were empty
	case err != nil:
		f.damaged = true
	default:
		f.db = db
	}
	return f, nil
}

// own refuses what somebody else has made, or others may write to.
func own(path string, kind fs.FileMode) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case info.Mode().Type() != kind:
		return fmt.Errorf("%s: %w: it is a link, or no ordinary file or folder", path, ErrForeign)
	case !ours(info):
		return fmt.Errorf("%s: %w: it belongs to somebody else", path, ErrForeign)
	case writable(info):
		return fmt.Errorf("%s: %w: its mode is %v", path, ErrForeign, info.Mode().Perm())
	}
	return nil
}

// open opens the database. A page that is no page makes the library panic.
func (f *File) open(readOnly bool, wait time.Duration) (db *bbolt.DB, err error) {
	defer contain(&err)()
	db, err = bbolt.Open(f.path, 0o600, &bbolt.Options{ReadOnly: readOnly, Timeout: wait})
	if errors.Is(err, bolt.ErrTimeout) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, err
	}
	if err = whole(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// whole says whether the file ends where it should: what is cut off cannot be read.
func whole(db *bbolt.DB) error {
	info, err := os.Stat(db.Path())
	if err != nil {
		return err
	}
	return db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return errDamaged
		}
		return nil
	})
}

var errDamaged = errors.New("the file of what is kept is damaged")

// contain makes errors of the panics, and of the faults in memory that is mapped from a
// file, of what is called until the function ends.
func contain(err *error) func() {
	before := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(before)
		if recover() != nil {
			*err = errDamaged
		}
	}
}

// Get implements provenance.Cache.
func (f *File) Get(_ context.Context, key string) (value []byte, ok bool, err error) {
	f.mu.RLock()
	if raw, new := f.added[key]; new {
		f.mu.RUnlock()
		e, err := decode(key, raw)
		return e.value, err == nil && !e.expired(f.now()), err
	}
	if f.db == nil || f.damaged {
		f.mu.RUnlock()
		return nil, false, nil
	}
	e, ok, err := f.read(key)
	f.mu.RUnlock()
	if err != nil {
		f.mu.Lock()
		f.damaged = true
		f.mu.Unlock()
		return nil, false, nil //nolint:nilerr // it is asked for anew, and Save makes another file
	}
	return e.value, ok && !e.expired(f.now()), nil
}

func (f *File) read(key string) (e entry, ok bool, err error) {
	defer contain(&err)()
	err = f.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		if b == nil {
			return nil
		}
		raw := b.Get([]byte(key))
		if raw == nil {
			return nil
		}
		ok = true
		e, err = decode(key, raw)
		return err
	})
	return e, ok, err
}

// Put implements provenance.Cache. It is written by Save.
func (f *File) Put(_ context.Context, key string, value []byte, ttl time.Duration) error {
	if key == "" || len(key) > maxKey || len(value) > maxValue || ttl <= 0 {
		return fmt.Errorf("keep a fact: the key has %d bytes and the value %d, for %v", len(key), len(value), ttl)
	}
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	size := len(key) + len(value)
	if f.bytes+size > maxAdded {
		return nil // the next run adds it
	}
	f.bytes += size
	f.added[key] = entry{value: value, written: now.Unix(), expires: now.Add(ttl).Unix()}.encode(key)
	return nil
}

// Save writes what is new and closes the file. It wraps ErrBusy where other runs hold the
// file: then nothing was written.
func (f *File) Save() error {
	damaged, added, err := f.take()
	if err != nil || len(added) == 0 && !damaged {
		return err
	}
	if now, err := os.Stat(f.path); damaged && err == nil && os.SameFile(now, f.opened) { // else another run has done so
		if err := f.setAside(); err != nil {
			return err
		}
	}
	err = f.write(added)
	if err != nil && !errors.Is(err, ErrBusy) && unreadable(err) {
		if err = f.setAside(); err == nil {
			err = f.write(added)
		}
	}
	if err != nil {
		return fmt.Errorf("keep what was learnt in %s: %w", f.path, err)
	}
	return nil
}

// Close closes the file without writing. After Save it does nothing.
func (f *File) Close() error {
	_, _, err := f.take()
	return err
}

// take ends the reading.
func (f *File) take() (damaged bool, added map[string][]byte, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer contain(&err)()
	damaged, added = f.damaged, f.added
	f.damaged, f.added, f.bytes = false, map[string][]byte{}, 0
	db := f.db
	f.db = nil
	if db != nil {
		err = db.Close()
	}
	return damaged, added, err
}

// unreadable says whether an error is the file's own.
func unreadable(err error) bool {
	return errors.Is(err, errDamaged) || errors.Is(err, bolt.ErrInvalid) || errors.Is(err, bolt.ErrVersionMismatch) || errors.Is(err, bolt.ErrChecksum) || errors.Is(err, bolt.ErrInvalidMapping)
}

// setAside lets the damaged file be looked at, and its name be used anew. Who has it open
// goes on with it.
func (f *File) setAside() error {
	if err := os.Rename(f.path, f.path+".damaged"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("set a damaged file aside: %w", err)
	}
	return nil
}

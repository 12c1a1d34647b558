package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// ErrLocked is wrapped by Open where another server has the database file open.
var ErrLocked = errors.New("another server has it open")

// openSQLite opens the file, makes it and its folder (for the owner's eyes only) where
// they are missing, and keeps other servers out of it.
func (s *Store) openSQLite(ctx context.Context) error {
	if err := s.create(); err != nil {
		return err
	}
	lock := flock.New(s.path+".lock", flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return fmt.Errorf("it cannot be locked: name a file in a folder that this user may write to%s: %w", mayWrite(s.path, err), err)
	case !locked:
		return fmt.Errorf("%w: stop it, or give this one another database file", ErrLocked)
	}
	s.lock = lock
	if err := s.look(); err != nil {
		return err
	}
	// FULL: a delivery is answered only after it would survive a power cut. One
	// connection: SQLite has one writer, and lets who waits for it look again and again.
	db, err := s.sqlite(1, "rwc", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)")
	if err != nil {
		return err
	}
	s.writer = newWriter(db)
	if err := s.migrate(ctx, db, goose.DialectSQLite3); err != nil {
		return err
	}
	if err := s.dropLeases(ctx); err != nil {
		return err
	}
	if s.reader, err = s.sqlite(readers, "ro"); err != nil { // never waits for the writer
		return err
	}
	s.opened, err = os.Stat(s.path)
	return err
}

// create makes the file where it is missing and resolves symlinks, so that one file
// has one lock. An existing file is not opened: closing it again would drop the
// locks that SQLite holds in this process.
func (s *Store) create() error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return fmt.Errorf("its folder cannot be made: name a file in a folder that this user may write to%s: %w", mayWrite(filepath.Dir(s.path), err), err)
	}
	// SQLite gives its other files the permissions of this one.
	file, err := os.OpenFile(s.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	switch {
	case err == nil:
		if err := file.Close(); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return fmt.Errorf("it cannot be made: name a file in a folder that this user may write to%s: %w", mayWrite(s.path, err), err)
	}
	if s.path, err = filepath.EvalSymlinks(s.path); err != nil {
		return err
	}
	info, err := os.Stat(s.path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a folder: name a file in it")
	case !info.Mode().IsRegular():
		return errors.New("it is no ordinary file: name one, or one that does not exist yet")
	}
	return nil
}

// sqliteHeader begins every database. https://www.sqlite.org/fileformat.html
const sqliteHeader = "SQLite format 3\x00"

// look makes sure that the file is a database, or empty. It is called with the lock
// held: until then SQLite might have the file open in this process.
func (s *Store) look() error {
	file, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("it cannot be read and written: let this user do both, or name another file%s: %w", mayWrite(s.path, err), err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	header := make([]byte, len(sqliteHeader))
	switch n, err := io.ReadFull(file, header); {
	case n == 0 && errors.Is(err, io.EOF):
		return nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case string(header) != sqliteHeader:
		return errors.New("it is a file of another kind: name a Bonafide database, or a file that does not exist yet")
	}
	return nil
}

func (s *Store) sqlite(connections int, mode string, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"mode": {mode}, "_pragma": append(pragmas, fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))}
	if mode != "ro" {
		query.Set("_txlock", "immediate") // a transaction waits at its start, not in its middle
	}
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(s.path), RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

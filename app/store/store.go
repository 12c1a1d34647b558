// Package store keeps what outlives a process: reports, cached facts, and, through
// package queue, the jobs. It is one SQLite file that one server has open.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrLocked is wrapped by Open where another server has the database open.
var ErrLocked = errors.New("another server has it open")

// ErrNewer is wrapped by Open where a newer Bonafide has written the database.
var ErrNewer = errors.New("it was written by a newer version")

// Store is the open database. It is safe for concurrent use.
type Store struct {
	path   string
	lock   *flock.Flock
	writer *sql.DB // one connection: SQLite has one writer, and waiting for it in Go is fair
	reader *sql.DB // never waits for the writer
	now    func() time.Time
	swept  atomic.Int64 // when expired facts were last deleted, unix ms
}

// Open opens the database file, makes it and its folder (for the owner's eyes only)
// where they are missing, and brings its tables up to date. It fails with ErrLocked
// while another server has the file open; two never share one.
func Open(ctx context.Context, path string) (*Store, error) {
	if path == "" {
		return nil, errors.New("no path was given for the database file")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	s := &Store{path: path, now: time.Now}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, err), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := s.create(); err != nil {
		return err
	}
	lock := flock.New(s.path+".lock", flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return fmt.Errorf("lock it: %w", err)
	case !locked:
		return fmt.Errorf("%w: stop it, or give this one another database file", ErrLocked)
	}
	s.lock = lock
	if err := s.look(); err != nil {
		return err
	}

	var err error
	// FULL: a delivery is answered only after it would survive a power cut.
	if s.writer, err = s.pool(1, "rwc", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if s.reader, err = s.pool(readers, "ro"); err != nil {
		return err
	}
	return s.sweep(ctx)
}

// create makes the file where it is missing and resolves symlinks, so that one file
// has one lock. An existing file is not opened: closing it again would drop the
// locks that SQLite holds in this process.
func (s *Store) create() error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return fmt.Errorf("its folder cannot be made: name a file in a folder that this user may write to: %w", err)
	}
	// SQLite gives its other files the permissions of this one.
	file, err := os.OpenFile(s.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	switch {
	case err == nil:
		if err := file.Close(); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return fmt.Errorf("it cannot be made: name a file in a folder that this user may write to: %w", err)
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
		return fmt.Errorf("it cannot be read and written: let this user do both, or name another file: %w", err)
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

func (s *Store) pool(connections int, mode string, pragmas ...string) (*sql.DB, error) {
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

func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.writer, files)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read its version: %w", err)
	}
	if have > want {
		return fmt.Errorf("%w (%d, this one knows %d): install that version, or restore a backup", ErrNewer, have, want)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring its tables up to date: %w", err)
	}
	return nil
}

// DB is the writing pool, for package queue. It has one connection: code that holds
// a transaction on it must not ask it for another.
func (s *Store) DB() *sql.DB { return s.writer }

// Ping says whether the database can be written, by writing.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.writer.ExecContext(ctx, `INSERT INTO pulse (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at`,
		s.now().UnixMilli())
	if err != nil {
		return fmt.Errorf("the database cannot be written: %w", err)
	}
	return nil
}

// Close closes the database and lets another server have it. Nobody may use the
// store or its DB any more.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.reader, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	return errors.Join(errs...)
}

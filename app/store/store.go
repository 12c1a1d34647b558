// Package store keeps what outlives a process: reports, cached facts, and, through
// package queue, the jobs. It is a SQLite file that one server has open, or a
// PostgreSQL database that several share. Every statement is one text for both.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewer is wrapped by Open where a newer Bonafide has written the database.
var ErrNewer = errors.New("it was written by a newer version")

// Store is the open database. It is safe for concurrent use.
type Store struct {
	name   string        // for operators
	path   string        // SQLite's file
	opened fs.FileInfo   // what is open: the path may come to name another one
	lock   *flock.Flock  // nil on PostgreSQL
	pool   *pgxpool.Pool // nil on SQLite
	writer *writer
	reader *sql.DB // the writer, on PostgreSQL
	now    func() time.Time
	clock  string       // SQL: what time the database has, as ms in one row
	swept  atomic.Int64 // when expired facts were last deleted, unix ms
	keep   time.Duration
}

// Option changes what Open does.
type Option func(*Store)

// KeepReports says how long reports, the verdicts before them, and what became of packages
// that left, are kept; 0 is the default, 100 days.
func KeepReports(d time.Duration) Option {
	return func(s *Store) { s.keep = cmp.Or(d, keepReports) }
}

// Open opens a database and brings its tables up to date. What begins with
// "postgres://" or "postgresql://" is the address of a PostgreSQL database, which any
// number of servers may have open; it is never shown with its password. Everything
// else is the path of a SQLite file, which is made where it is missing: Open fails
// with ErrLocked while another server has it open.
func Open(ctx context.Context, database string, options ...Option) (*Store, error) {
	if database == "" {
		return nil, errors.New("no database was given: name a file, or the address of a PostgreSQL database")
	}
	s := &Store{now: time.Now, clock: clockSQLite, keep: keepReports}
	for _, option := range options {
		option(s)
	}
	open := s.openSQLite
	var err error
	if IsPostgres(database) {
		config, err := postgresConfig(database)
		if err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		s.name, open = nameOf(config), func(ctx context.Context) error { return s.openPostgres(ctx, config) }
	} else if s.path, err = filepath.Abs(database); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	} else {
		s.name = s.path
	}
	if err = open(ctx); err == nil {
		err = s.sweep(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", s.name, explained(err)), s.Close())
	}
	return s, nil
}

// What Store.clock is.
const (
	clockSQLite   = `SELECT CAST(round(unixepoch('subsec') * 1000) AS BIGINT) AS ms`
	clockPostgres = `SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS ms`
)

// IsPostgres says whether a database is named by the address of a PostgreSQL, not by
// the path of a file.
func IsPostgres(database string) bool {
	scheme, _, found := strings.Cut(database, "://")
	return found && (scheme == "postgres" || scheme == "postgresql")
}

func (s *Store) migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, db, files)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read its version: %w", err)
	}
	if have > want {
		return s.newer(have, want)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring its tables up to date: %w", err)
	}
	return nil
}

// Name is the database's path, or its address without the password.
func (s *Store) Name() string { return s.name }

// DB is the writing pool, for package queue. On SQLite it has one connection: code
// that holds a transaction on it must not ask it for another.
func (s *Store) DB() *sql.DB { return s.writer.DB }

// Reader is the pool for what only reads. On SQLite it never waits for the writer.
func (s *Store) Reader() *sql.DB { return s.reader }

// Pool is PostgreSQL's pool, which DB uses too; nil on SQLite.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Alone runs a function while no other server of this database runs one: what changes
// tables.
func (s *Store) Alone(ctx context.Context, do func(context.Context) error) error {
	if s.pool == nil {
		return do(ctx) // the lock file keeps the others out
	}
	return s.alonePostgres(ctx, do)
}

// There says whether SQLite's file is still the one that was opened. SQLite goes on with
// one that was deleted or replaced, and what it stores is gone with the process.
func (s *Store) There() error {
	if s.opened == nil {
		return nil
	}
	if now, err := os.Stat(s.path); err != nil || !os.SameFile(now, s.opened) {
		return errGone
	}
	return nil
}

// Ping says whether the database can be written, by writing.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.There(); err != nil {
		return err
	}
	_, err := s.writer.ExecContext(ctx, `INSERT INTO pulse (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at`,
		s.now().UnixMilli())
	if err != nil {
		return fmt.Errorf("the database cannot be written: %w", explained(err))
	}
	return nil
}

// Close closes the database and lets another server have it. Nobody may use the
// store or its DB any more.
func (s *Store) Close() error {
	var errs []error
	if s.reader != nil && (s.writer == nil || s.reader != s.writer.DB) {
		errs = append(errs, s.reader.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	if s.pool != nil {
		errs = append(errs, s.closePool())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	return errors.Join(errs...)
}

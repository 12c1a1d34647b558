package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// aloneKey is the number of the advisory lock that Alone holds: "bonafide" in ASCII.
const aloneKey int64 = 0x626f6e6166696465

// postgresConfig reads an address. Its errors show nothing of it: what does not parse
// may be a part of the password.
func postgresConfig(address string) (*pgxpool.Config, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address does not parse: write postgres://USER@HOST:5432/NAME, the password as :PASSWORD behind USER, other characters than letters and digits of the password as %XX")
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the address has a parameter, a host or a port that PostgreSQL's do not have: write postgres://USER@HOST:5432/NAME?sslmode=verify-full, the password as :PASSWORD behind USER")
	}
	// pgx fills in a default: only the address tells what the operator chose.
	if !u.Query().Has("pool_max_conns") {
		config.MaxConns = connections
	}
	if config.MaxConns < 4 {
		return nil, fmt.Errorf("pool_max_conns=%d is too few: give it 4 at least, one of them is held while the tables are brought up to date and one listens for jobs", config.MaxConns)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	config.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool { return p.IdleDuration >= restAsked }
	parameters := config.ConnConfig.RuntimeParams
	if parameters["statement_timeout"] == "" {
		parameters["statement_timeout"] = strconv.FormatInt(statementTimeout.Milliseconds(), 10)
	}
	if parameters["application_name"] == "" {
		parameters["application_name"] = "bonafide"
	}
	return config, nil
}

// nameOf names a database without its password.
func nameOf(config *pgxpool.Config) string {
	c := config.ConnConfig
	if strings.HasPrefix(c.Host, "/") { // a socket
		return fmt.Sprintf("postgres://%s@/%s?host=%s", c.User, c.Database, c.Host)
	}
	return fmt.Sprintf("postgres://%s@%s/%s", c.User, net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), c.Database)
}

func (s *Store) openPostgres(ctx context.Context, config *pgxpool.Config) error {
	var err error
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return reachable(config, err)
	}
	s.writer = &writer{DB: stdlib.OpenDBFromPool(s.pool)}
	s.reader = s.writer.DB // readers wait for nobody there
	s.clock = clockPostgres
	if err := s.pool.Ping(ctx); err != nil {
		return reachable(config, err)
	}
	// What changes the tables takes as long as there are rows; Alone bounds it.
	patient := config.ConnConfig.Copy()
	patient.RuntimeParams["statement_timeout"] = "0"
	db := stdlib.OpenDB(*patient)
	err = s.Alone(ctx, func(ctx context.Context) error { return s.migrate(ctx, db, goose.DialectPostgres) })
	if err := s.mendRights(ctx, config, err); err != nil {
		return errors.Join(err, db.Close())
	}
	return db.Close()
}

// SQLSTATEs that an operator can do something about.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	wrongAuthorization = "28000"
	wrongPassword      = "28P01"
	noSuchDatabase     = "3D000"
	noPrivilege        = "42501"
	tooMany            = "53300"
	diskFull           = "53100"
	readOnly           = "25006"
)

// ErrAway is wrapped by Open where PostgreSQL is not there, or takes nobody now: asking again
// may help, without anything being changed.
var ErrAway = errors.New("it cannot be connected to")

// reachable says what to do about a connection that cannot be had. pgx names user and
// database in its errors, never the password.
func reachable(config *pgxpool.Config, err error) error {
	var refused *pgconn.PgError
	todo := "see that it runs, that this machine may reach it, and that its address and sslmode are right"
	if mend := mendConnection(config, err); mend != "" {
		return fmt.Errorf("it cannot be connected to: %s: %s", mend, oneLine(err))
	}
	if errors.As(err, &refused) && refused.Code == tooMany {
		todo = "raise PostgreSQL's max_connections, or lower pool_max_conns in the address"
	}
	return fmt.Errorf("%w: %s: %s", ErrAway, todo, oneLine(err))
}

// oneLine is an error of pgx, which has a line for each way that it tried, in one line
// that says nothing twice.
func oneLine(err error) string {
	var said []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); !slices.Contains(said, line) {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}

// explainedPostgres adds to an error of PostgreSQL what is to be done about it. It is shown
// at /readyz, which may be public: where the database is, and who asks it, is left out.
func explainedPostgres(err error) error {
	var refused *pgconn.PgError
	var unreachable *pgconn.ConnectError
	if errors.As(err, &refused) {
		switch refused.Code {
		case diskFull:
			return fmt.Errorf("the disk of PostgreSQL is full: make room (%w)", err)
		case readOnly:
			return fmt.Errorf("PostgreSQL may only be read here: name the primary, or several hosts and target_session_attrs=read-write (%w)", err)
		case noPrivilege:
			return fmt.Errorf("the user may not make or write tables there: make it the owner of the database (%w)", err)
		}
	}
	if errors.As(err, &unreachable) {
		return unanswered{err}
	}
	return err
}

// unanswered is an error of a connection without its details.
type unanswered struct{ err error }

func (unanswered) Error() string   { return "PostgreSQL cannot be connected to; the log says more" }
func (u unanswered) Unwrap() error { return u.err }

// alonePostgres holds an advisory lock in a transaction of its own, so that it ends
// with the connection, whatever becomes of this process.
func (s *Store) alonePostgres(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, aloneTimeout)
	defer cancel()
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// The wait, and the time that the transaction then does nothing, are bounded by ctx.
		for _, setting := range []string{`SET LOCAL statement_timeout = 0`, `SET LOCAL lock_timeout = 0`, `SET LOCAL idle_in_transaction_session_timeout = 0`} {
			if _, err := tx.Exec(ctx, setting); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, aloneKey); err != nil {
			return fmt.Errorf("wait for another server that brings its tables up to date: %w", err)
		}
		return do(ctx)
	})
}

// closePool closes the pool. It waits for connections that are in use, but not for
// ever: a job that does not end has one.
func (s *Store) closePool() error {
	closed := make(chan struct{})
	go func() { defer close(closed); s.pool.Close() }()
	late := time.NewTimer(closeTimeout)
	defer late.Stop()
	select {
	case <-closed:
		return nil
	case <-late.C:
		return fmt.Errorf("%d connections to PostgreSQL are still in use", s.pool.Stat().AcquiredConns())
	}
}

package store

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/bonafide-app/bonafide/app/mask"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestServersOpenOneNewPostgreSQLAtTheSameTime(t *testing.T) {
	database := enginetest.Postgres(t)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			s, err := Open(t.Context(), database)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Put(t.Context(), fmt.Sprint(i), []byte("x"), 0); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s := open(t, database)
	var facts, versions int
	err := s.DB().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM fact), (SELECT count(*) FROM goose_db_version WHERE version_id = 1)`).Scan(&facts, &versions)
	if err != nil || facts != 4 || versions != 1 {
		t.Errorf("%d facts, migration 1 was done %d times, %v", facts, versions, err)
	}
}

func TestOnlyOneServerAtATimeIsAlone(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		one := open(t, database)
		other := one
		if IsPostgres(database) {
			other = open(t, database)
		}
		inside, leave, entered := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			entered <- one.Alone(t.Context(), func(context.Context) error { close(inside); <-leave; return nil })
		}()
		<-inside
		if one != other {
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := other.Alone(ended, func(context.Context) error { return nil }); err == nil {
				t.Error("a second was alone")
			}
		}
		close(leave)
		if err := <-entered; err != nil {
			t.Fatal(err)
		}
		if err := other.Alone(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAPasswordIsNeverInAnError(t *testing.T) {
	const password = "hunter2"
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()
	type test struct{ name, address, says string }
	tests := []test{
		{"nobody listens", "postgres://user:hunter2@" + nobody + "/db", "cannot be connected to: see that it runs"},
		{"the password as a parameter", "postgres://user@" + nobody + "/db?password=hunter2", "cannot be connected to"},
		{"a password that is not escaped", "postgres://user:hunter2%@" + nobody + "/db", "as %XX"},
		{"a slash in the password", "postgres://user:hunter2/x@" + nobody + "/db", "as %XX"},
		{"no sslmode", "postgres://user:hunter2@" + nobody + "/db?sslmode=hunter2", "a parameter"},
		{"too few connections", "postgresql://user:hunter2@" + nobody + "/db?pool_max_conns=2", "too few"},
	}
	if enginetest.Programs() != "" {
		s := enginetest.StartServer(t, "fsync=off")
		u, err := url.Parse(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword("postgres", password)
		u.Path = "/missing"
		tests = append(tests, test{"no such database", u.String(), "create the database"})
		u.User, u.Path = url.UserPassword("stranger", password), "/postgres"
		tests = append(tests, test{"no such user", u.String(), "give the user and the password"})
		tests = append(tests, test{"a user who may not make tables", guest(t, s), "make it the owner"})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := Open(t.Context(), test.address)
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			for _, said := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
				if strings.Contains(said, password) {
					t.Errorf("the password is shown: %s", said)
				}
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v does not say %q", err, test.says)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %v", err)
			}
			if told := mask.Text(err.Error()); strings.Contains(told, "[") {
				t.Errorf("what it says looks like a secret: %s", told)
			}
		})
	}
}

// guest is the address of a database whose user may connect to it and no more.
func guest(t *testing.T, s *enginetest.Server) string {
	t.Helper()
	database := s.Database(t)
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `CREATE USER guest PASSWORD 'hunter2'`); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("guest", "hunter2")
	return u.String()
}

func TestADatabaseThatWasRestartedIsUsedAgain(t *testing.T) {
	server := enginetest.StartServer(t)
	s := open(t, server.Database(t))
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("while it is down: %v", err)
	} else if strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "\n") {
		t.Errorf("who may ask whether it is ready reads: %v", err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

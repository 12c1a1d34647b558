// Package enginetest runs tests on each database that the store can be kept in: on a
// SQLite file, and on a PostgreSQL server that it starts for the test process where
// the machine has one, or that BONAFIDE_TEST_POSTGRES names. Only tests import it.
package enginetest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Variable names a PostgreSQL server whose user may create databases:
// "postgres://user@host/postgres".
const Variable = "BONAFIDE_TEST_POSTGRES"

// Each runs a test on every engine, each time with what --database would name: a file
// that does not exist yet, and an empty PostgreSQL database. Where no PostgreSQL is
// found the second is skipped, and says so.
func Each(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite names a database file that does not exist yet.
func SQLite(t testing.TB) string { return filepath.Join(t.TempDir(), "bonafide.db") }

// Postgres gives the address of an empty PostgreSQL database that is dropped when the
// test ends, or skips the test. With -short it is skipped unless a server is named.
func Postgres(t testing.TB) string {
	t.Helper()
	if address := os.Getenv(Variable); address != "" {
		return fresh(t, address)
	}
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	if Programs() == "" {
		t.Skip("skipped: no PostgreSQL on this machine (initdb) and none named by " + Variable)
	}
	server, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return server.Database(t)
}

// shared is the one server of this test process. It ends with the process, however
// that ends: to start one for each test would take a second each.
var shared = sync.OnceValues(func() (*Server, error) { return NewServer("fsync=off") })

// fresh makes a database on the server at an address and drops it when the test ends.
func fresh(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(Variable + " is not an address")
	}
	name := "bonafide_" + strings.ToLower(rand.Text())
	do := func(statement string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		conn, err := pgx.Connect(ctx, address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(ctx) }()
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	do(`CREATE DATABASE ` + name)
	t.Cleanup(func() { do(`DROP DATABASE IF EXISTS ` + name + ` WITH (FORCE)`) })
	u.Path = "/" + name
	return u.String()
}

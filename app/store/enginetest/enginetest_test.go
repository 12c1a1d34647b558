package enginetest

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestAServerKeepsWhatItStoredOverARestart(t *testing.T) {
	s := StartServer(t)
	database := s.Database(t)
	do := func(statement string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), database)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	do(`CREATE TABLE a (b TEXT)`)
	for _, again := range []func() error{s.Restart, func() error {
		if err := s.Kill(); err != nil {
			return err
		}
		if _, err := pgx.Connect(t.Context(), database); err == nil {
			t.Error("it answers while it is stopped")
		}
		return s.Start()
	}} {
		if err := again(); err != nil {
			t.Fatal(err)
		}
		do(`INSERT INTO a VALUES ('c')`)
	}
}

func TestEachTestHasAnEmptyDatabase(t *testing.T) {
	for range 2 {
		Each(t, func(t *testing.T, database string) {
			if !strings.HasPrefix(database, "postgres://") {
				if _, err := os.Stat(database); !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
				return
			}
			conn, err := pgx.Connect(t.Context(), database)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			if _, err := conn.Exec(t.Context(), `CREATE TABLE a (b TEXT)`); err != nil {
				t.Fatal(err)
			}
		})
	}
}

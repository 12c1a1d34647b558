package store

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhoWritesComesInTurn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bonafide.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.DB().Exec(`CREATE TABLE came (id INTEGER PRIMARY KEY AUTOINCREMENT, n BIGINT)`); err != nil {
			t.Fatal(err)
		}
		busy, err := s.writer.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if _, err := s.writer.ExecContext(t.Context(), `INSERT INTO came (n) VALUES ($1)`, i); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait() // it waits behind those before it
		}
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.writer.ExecContext(late, `DELETE FROM came`); err == nil {
			t.Error("it did not wait")
		}
		if err := busy.Rollback(); err != nil {
			t.Fatal(err)
		}
		all.Wait()
		order, err := list(t.Context(), s.Reader(), func(scan func(...any) error) (n int, err error) { return n, scan(&n) }, `SELECT n FROM came ORDER BY id`)
		if err != nil || len(order) != 20 || !slices.IsSorted(order) {
			t.Errorf("%v, %v", order, err)
		}
	})
}

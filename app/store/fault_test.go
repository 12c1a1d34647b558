package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAFullDatabaseSaysSoAndHeals(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "b.db"))
	exec := func(statement string) {
		t.Helper()
		if _, err := s.writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	report := Report{Installation: 1, Owner: "o", Repo: "r", Head: "h", JSON: make([]byte, 1<<20), At: time.UnixMilli(0)}
	exec("PRAGMA max_page_count = 1") // as many as there are
	if err := s.SaveReport(t.Context(), report); err == nil {
		t.Fatal("it was stored")
	} else if got := explained(err); !strings.Contains(got.Error(), "make room") {
		t.Error(got)
	}
	exec("PRAGMA max_page_count = 1000000")
	if err := s.SaveReport(t.Context(), report); err != nil {
		t.Error(err)
	}
}

func TestADatabaseThatMayOnlyBeReadSaysSoAndHeals(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "b.db"))
	for _, on := range []string{"1", "0"} {
		if _, err := s.writer.ExecContext(t.Context(), "PRAGMA query_only = "+on); err != nil {
			t.Fatal(err)
		}
		err := s.Ping(t.Context())
		if readOnly := err != nil && strings.Contains(err.Error(), "may only be read"); readOnly != (on == "1") {
			t.Errorf("query_only %s: %v", on, err)
		}
	}
}

func TestADamagedDatabaseIsRefusedWithWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 100; i < len(data); i++ { // all but SQLite's header
		data[i] ^= 0xff
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err == nil {
		s.Close()
		t.Fatal("it was opened")
	}
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "restore a backup") {
		t.Error(err)
	}
}

func TestAnAcceptanceThatCannotBeReadDoesNotCount(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "b.db"))
	list := []Acceptance{{Installation: 1, Repository: 2, Number: 3, Name: "good"}, {Installation: 1, Repository: 2, Number: 3, Name: "odd"}}
	if err := s.Accept(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.ExecContext(t.Context(), `UPDATE acceptance SET author = 'garbage' WHERE name = 'odd'`); err != nil {
		t.Fatal(err)
	}
	got, err := s.Accepted(t.Context(), 1, 2, 3)
	if err != nil || len(got) != 1 || got[0].Name != "good" {
		t.Errorf("%+v, %v", got, err)
	}
}

// SQLite stores what it is given: a row of garbage is said, and is never a row that is not
// there.
func TestRowsOfGarbageAreSaid(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "b.db"))
	for _, statement := range []string{
		`INSERT INTO report (installation, owner, repo, number, head, json, at) VALUES (1, 'o', 'r', 2, 'h', '{}', 'garbage')`,
		`INSERT INTO pause (installation, until, reason) VALUES (1, 'garbage', '')`,
	} {
		if _, err := s.writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok, err := s.Report(t.Context(), 1, "o", "r", 2, "h"); ok || err == nil || !strings.Contains(err.Error(), "read the report of o/r") {
		t.Errorf("the report: %v, %v", ok, err)
	}
	if until, _, err := s.Paused(t.Context(), 1); !until.IsZero() || err == nil || !strings.Contains(err.Error(), "installation 1") {
		t.Errorf("the pause: %v, %v", until, err)
	}
}

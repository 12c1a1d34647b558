package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestWhatIsStoredIsThereAfterReopening(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		report := Report{Installation: 7, Owner: "Acme", Repo: "Web", Number: 12, Head: "abc", JSON: []byte(`{"a":"\u0000<é>"}`), At: time.Now().UTC().Truncate(time.Millisecond)}
		s := open(t, database)
		if err := s.SaveReport(t.Context(), report); err != nil {
			t.Fatal(err)
		}
		if err := s.Put(t.Context(), "fact", []byte{0, 255, 'x'}, 0); err != nil {
			t.Fatal(err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		s = open(t, database)
		got, ok, err := s.Report(t.Context(), 7, "acme", "WEB", 12, "abc")
		if err != nil || !ok || !bytes.Equal(got.JSON, report.JSON) || !got.At.Equal(report.At) {
			t.Errorf("%+v, %v, %v", got, ok, err)
		}
		if at, ok, err := s.ReportAt(t.Context(), 7, "acme", "WEB", 12, "abc"); err != nil || !ok || !at.Equal(report.At) {
			t.Errorf("%v, %v, %v", at, ok, err)
		}
		if _, ok, err := s.ReportAt(t.Context(), 7, "acme", "web", 12, "abd"); err != nil || ok {
			t.Errorf("of another head: %v, %v", ok, err)
		}
		value, ok, err := s.Get(t.Context(), "fact")
		if err != nil || !ok || !bytes.Equal(value, []byte{0, 255, 'x'}) {
			t.Errorf("%v, %v, %v", value, ok, err)
		}
	})
}

func TestTheFilesAreForTheOwnersEyesOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := open(t, filepath.Join(dir, "b.db"))
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range append(files, nil) {
		path := dir
		if f != nil {
			path = filepath.Join(dir, f.Name())
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestTwoServersNeverShareOneFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "b.db")
	first := open(t, path)
	link := filepath.Join(dir, "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, second := range []string{path, link} {
		if s, err := Open(t.Context(), second); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), second) || !strings.Contains(err.Error(), "stop it") {
			t.Fatalf("%v, %v", s, err)
		}
	}
	if err := first.Ping(t.Context()); err != nil {
		t.Fatalf("the first was disturbed: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, link)
}

func TestADatabaseOfANewerVersionIsRefused(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		if _, err := s.DB().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if _, err := Open(t.Context(), database); !errors.Is(err, ErrNewer) {
			t.Fatal(err)
		}
	})
}

func TestWhatIsNoDatabaseIsRefusedAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	text := bytes.Repeat([]byte("my notes\n"), 100)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); err == nil {
		t.Fatal("it was opened")
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, text) {
		t.Fatal("it was changed")
	}
	for _, path := range []string{"", t.TempDir(), filepath.Join(path, "below-a-file.db")} {
		if _, err := Open(t.Context(), path); err == nil {
			t.Errorf("%q was opened", path)
		}
	}
}

func TestFactsExpireAndAreReplaced(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		now := time.Now()
		s.now = func() time.Time { return now }
		has := func(key, want string) {
			t.Helper()
			value, ok, err := s.Get(t.Context(), key)
			if err != nil || ok != (want != "") || string(value) != want {
				t.Errorf("%s: %q, %v, %v; want %q", key, value, ok, err, want)
			}
		}
		put := func(key, value string, ttl time.Duration) {
			t.Helper()
			if err := s.Put(t.Context(), key, []byte(value), ttl); err != nil {
				t.Fatal(err)
			}
		}
		put("for ever", "a", 0)
		put("an hour", "b", time.Hour)
		put("again", "c", time.Hour)
		put("again", "d", 0)
		has("for ever", "a")
		has("an hour", "b")
		has("missing", "")
		now = now.Add(time.Hour)
		has("for ever", "a")
		has("an hour", "")
		has("again", "d")
		put("an hour later", "e", 0)
		var rows int
		if err := s.reader.QueryRowContext(t.Context(), `SELECT count(*) FROM fact`).Scan(&rows); err != nil || rows != 3 {
			t.Errorf("%d rows are left, %v", rows, err)
		}
		for name, err := range map[string]error{
			"empty key":  s.Put(t.Context(), "", nil, 0),
			"long key":   s.Put(t.Context(), strings.Repeat("k", maxKey+1), nil, 0),
			"long value": s.Put(t.Context(), "k", make([]byte, maxFact+1), 0),
			"past":       s.Put(t.Context(), "k", nil, -1),
		} {
			if err == nil {
				t.Errorf("%s was taken", name)
			}
		}
		if err := s.Put(t.Context(), "nothing", nil, 0); err != nil {
			t.Error(err)
		}
	})
}

func TestReportsAreKeptApartAndForgotten(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		save := func(installation int64, number int, head, json string) {
			t.Helper()
			if err := s.SaveReport(t.Context(), Report{Installation: installation, Owner: "o", Repo: "r", Number: number, Head: head, JSON: []byte(json), At: time.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		has := func(installation int64, number int, head, want string) {
			t.Helper()
			got, ok, err := s.Report(t.Context(), installation, "o", "r", number, head)
			if err != nil || ok != (want != "") || string(got.JSON) != want {
				t.Errorf("%d %d %s: %s, %v, %v; want %q", installation, number, head, got.JSON, ok, err, want)
			}
		}
		save(1, 5, "a", "first")
		save(1, 5, "a", "second")
		save(1, 6, "a", "other pull request")
		save(1, 5, "b", "other head")
		save(2, 5, "a", "other installation")
		has(1, 5, "a", "second")
		has(1, 6, "a", "other pull request")
		has(1, 5, "b", "other head")
		has(1, 7, "a", "")
		if err := s.Forget(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		has(1, 5, "a", "")
		has(2, 5, "a", "other installation")
		if err := s.SaveReport(t.Context(), Report{Owner: "o", JSON: make([]byte, maxReport+1)}); err == nil {
			t.Error("a huge report was taken")
		}
	})
}

func TestReadersDoNotWaitForTheWriter(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "b.db"))
	if err := s.Put(t.Context(), "k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	tx, err := s.DB().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`DELETE FROM fact`); err != nil {
		t.Fatal(err)
	}
	if value, ok, err := s.Get(t.Context(), "k"); err != nil || !ok || string(value) != "v" {
		t.Fatalf("%s, %v, %v", value, ok, err)
	}
	if _, err := s.reader.Exec(`DELETE FROM fact`); err == nil {
		t.Fatal("the reading pool can write")
	}
}

func TestPingFailsWhereNothingCanBeWritten(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "b.db"))
	if _, err := s.DB().Exec(`PRAGMA query_only = 1`); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Ping(ended); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestEveryCommitReachesTheDisk(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "b.db"))
	var synchronous int
	var journal string
	if err := s.DB().QueryRow(`PRAGMA synchronous`).Scan(&synchronous); err != nil || synchronous != 2 {
		t.Errorf("synchronous = %d, %v; want 2 (FULL)", synchronous, err)
	}
	if err := s.DB().QueryRow(`PRAGMA journal_mode`).Scan(&journal); err != nil || journal != "wal" {
		t.Errorf("journal_mode = %s, %v", journal, err)
	}
	if n := s.DB().Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d writers", n)
	}
}

func TestWhatWasAcceptedIsKeptApartAndForgotten(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		first := Acceptance{Installation: 1, Repository: 11, Number: 7, Place: "review", Remark: 3, Ecosystem: "npm", Name: "a", Version: "1.0.0",
			Digest: "sha512-x", Source: "registry x", Lockfile: "package-lock.json", Rule: "too-new", Reason: "ours", By: "keeper", Role: "maintain", ByAuthor: true}
		with := func(change func(*Acceptance)) Acceptance { a := first; change(&a); return a }
		all := []Acceptance{
			first,
			with(func(a *Acceptance) { a.Lockfile = "web/package-lock.json" }),
			with(func(a *Acceptance) { a.Remark = 4 }),
			with(func(a *Acceptance) { a.Place, a.Remark = "review_comment", 3 }),
			with(func(a *Acceptance) { a.Number = 8 }),
			with(func(a *Acceptance) { a.Installation = 2 }),
			with(func(a *Acceptance) { a.Repository = 12 }),
		}
		must(s.Accept(t.Context(), all))
		must(s.Accept(t.Context(), []Acceptance{with(func(a *Acceptance) { a.Reason = "another" })})) // the same, once
		count := func(installation, repository int64, number int) int {
			t.Helper()
			list, err := s.Accepted(t.Context(), installation, repository, number)
			must(err)
			return len(list)
		}
		list, err := s.Accepted(t.Context(), 1, 11, 7)
		must(err)
		if len(list) != 4 || !slices.Contains(list, first) {
			t.Errorf("%+v", list)
		}
		if got := []int{count(1, 11, 8), count(1, 11, 0), count(2, 11, 7), count(1, 12, 0)}; !slices.Equal(got, []int{1, 5, 1, 1}) {
			t.Errorf("%v", got)
		}
		must(s.Retract(t.Context(), 1, 11, 7, "review", 3))
		if n := count(1, 11, 7); n != 2 {
			t.Errorf("%d are left", n)
		}
		must(s.EndAcceptances(t.Context(), 1, 11, 7))
		must(s.Forget(t.Context(), 2))
		if got := []int{count(1, 11, 7), count(1, 11, 8), count(2, 11, 7), count(1, 12, 0)}; !slices.Equal(got, []int{0, 1, 0, 1}) {
			t.Errorf("%v", got)
		}
	})
}

func TestFloorsAreRememberedUntilTheyAreWithdrawn(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		has := func(installation int64, owner, want string) {
			t.Helper()
			got, ok, err := s.Floor(t.Context(), installation, owner)
			if err != nil || ok != (want != "") || got != want {
				t.Errorf("%d %s: %q, %v, %v; want %q", installation, owner, got, ok, err, want)
			}
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		has(1, "acme", "")
		must(s.SaveFloor(t.Context(), 1, "Acme", "at 1"))
		must(s.SaveFloor(t.Context(), 1, "acme", "at 2"))
		must(s.SaveFloor(t.Context(), 2, "acme", "another's"))
		must(s.Close())
		s = open(t, database)
		has(1, "ACME", "at 2")
		must(s.ForgetFloor(t.Context(), 1, "aCme"))
		has(1, "acme", "")
		has(2, "acme", "another's")
		must(s.Forget(t.Context(), 2))
		has(2, "acme", "")
	})
}

func TestWhatIsNoTextIsKeptAsText(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		odd := Acceptance{Installation: 1, Repository: 2, Number: 3, Place: "review", Remark: 4, Name: "a", Reason: "a\x00b\xffc"}
		if err := s.Accept(t.Context(), []Acceptance{odd}); err != nil {
			t.Fatal(err)
		}
		list, err := s.Accepted(t.Context(), 1, 2, 3)
		if err != nil || len(list) != 1 || list[0].Reason != "a\ufffdb\ufffdc" {
			t.Errorf("%+v, %v", list, err)
		}
		if err := s.SaveReport(t.Context(), Report{Installation: 1, JSON: []byte("\x00\xff")}); err != nil {
			t.Error(err)
		}
		for _, key := range []string{"a\x00", "a\xff"} {
			if err := s.Put(t.Context(), key, nil, 0); err == nil {
				t.Errorf("the key %q was taken", key)
			}
			if _, ok, err := s.Get(t.Context(), key); ok || err != nil {
				t.Errorf("%q: %v, %v", key, ok, err)
			}
		}
	})
}

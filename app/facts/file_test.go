package facts

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func at(when time.Time) func() time.Time { return func() time.Time { return when } }

// run opens the file, does something with it, and saves.
func run(t *testing.T, dir string, now time.Time, do func(*File)) {
	t.Helper()
	f, err := Open(dir, at(now))
	must(t, err)
	if do != nil {
		do(f)
	}
	must(t, f.Save())
	must(t, f.Close())
}

func put(t *testing.T, key, value string) func(*File) {
	return func(f *File) { must(t, f.Put(t.Context(), key, []byte(value), time.Hour)) }
}

// holds says what of keys there is.
func holds(t *testing.T, dir string, now time.Time, keys ...string) (found []string) {
	t.Helper()
	f, err := Open(dir, at(now))
	must(t, err)
	for _, key := range keys {
		value, ok, err := f.Get(t.Context(), key)
		must(t, err)
		if ok {
			found = append(found, string(value))
		}
	}
	must(t, f.Close())
	return found
}

func file(dir string) string { return filepath.Join(dir, folder, name) }

func TestWhatARunLearntTheNextKnows(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	run(t, dir, monday, func(f *File) {
		put(t, "a", "1")(f)
		if value, ok, err := f.Get(t.Context(), "a"); !ok || err != nil || string(value) != "1" {
			t.Errorf("in the same run: %s, %v, %v", value, ok, err)
		}
	})
	run(t, dir, monday, func(f *File) { put(t, "b", "2")(f); put(t, "a", "3")(f) })
	if got := holds(t, dir, monday, "a", "b", "c"); fmt.Sprint(got) != "[3 2]" {
		t.Errorf("%q", got)
	}
	if got := holds(t, dir, monday.Add(time.Hour), "a", "b"); got != nil {
		t.Errorf("what has expired is given: %q", got)
	}
	for path, mode := range map[string]os.FileMode{file(dir): 0o600, filepath.Dir(file(dir)): 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	before, err := os.ReadFile(file(dir))
	must(t, err)
	run(t, dir, monday, nil)
	if after, err := os.ReadFile(file(dir)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a run that learnt nothing writes: %v", err)
	}
	f, err := Open(dir, at(monday))
	must(t, err)
	put(t, "d", "4")(f)
	must(t, f.Close())
	must(t, f.Save())
	if got := holds(t, dir, monday, "d"); got != nil {
		t.Errorf("a run that was given up has kept %q", got)
	}
}

func TestRunsAtTheSameTimeDoNotHarmEachOther(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			f, err := Open(dir, at(monday))
			if err != nil {
				t.Error(err)
				return
			}
			for key := range 4 {
				_, _, _ = f.Get(t.Context(), fmt.Sprint(n, key))
				if err := f.Put(t.Context(), fmt.Sprint(n, key), []byte("x"), time.Hour); err != nil {
					t.Error(err)
				}
			}
			if err := f.Save(); err != nil && !errors.Is(err, ErrBusy) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := os.Stat(file(dir) + ".damaged"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a whole file was set aside: %v", err)
	}
	run(t, dir, monday, put(t, "last", "y"))
	if got := holds(t, dir, monday, "last"); len(got) != 1 {
		t.Error("nothing is kept any more")
	}
}

func TestADamagedFileIsSetAsideAndMadeAnew(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"another kind":      func(b []byte) []byte { return bytes.Repeat([]byte("no database\n"), 4096) },
		"a few bytes":       func(b []byte) []byte { return b[:7] },
		"cut off":           func(b []byte) []byte { return b[:len(b)/4] },
		"both heads zeroed": func(b []byte) []byte { clear(b[:2*os.Getpagesize()]); return b },
		"zeroes behind":     func(b []byte) []byte { clear(b[2*os.Getpagesize():]); return b },
		"noise behind": func(b []byte) []byte {
			for i := 2 * os.Getpagesize(); i < len(b); i++ {
				b[i] = byte(i*7 + i>>8)
			}
			return b
		},
		"a value changed": func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("yyyy"), []byte("yyny")) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			run(t, dir, monday, func(f *File) {
				for n := range 300 {
					put(t, fmt.Sprint("key", n), strings.Repeat("y", 2000))(f)
				}
			})
			whole, err := os.ReadFile(file(dir))
			must(t, err)
			must(t, os.WriteFile(file(dir), spoil(whole), 0o600))
			run(t, dir, monday, func(f *File) {
				for n := range 300 {
					if value, ok, err := f.Get(t.Context(), fmt.Sprint("key", n)); err != nil || ok && string(value) != strings.Repeat("y", 2000) {
						t.Fatalf("given is %.40q, %v", value, err)
					}
				}
				put(t, "new", "1")(f)
			})
			if got := holds(t, dir, monday, "new"); len(got) != 1 {
				t.Error("nothing is kept any more")
			}
			if _, err := os.Stat(file(dir) + ".damaged"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatOthersCouldHaveWrittenIsNotBelieved(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"a file for the group":   func(dir string) error { return os.Chmod(file(dir), 0o660) },
		"a file for everybody":   func(dir string) error { return os.Chmod(file(dir), 0o606) },
		"a folder for everybody": func(dir string) error { return os.Chmod(filepath.Dir(file(dir)), 0o777) },
		"a link to a file": func(dir string) error {
			return errors.Join(os.Rename(file(dir), file(dir)+"x"), os.Symlink(file(dir)+"x", file(dir)))
		},
		"a link to a folder": func(dir string) error {
			return errors.Join(os.Rename(filepath.Dir(file(dir)), dir+"/x"), os.Symlink(dir+"/x", filepath.Dir(file(dir))))
		},
		"a folder of that name":    func(dir string) error { return errors.Join(os.Remove(file(dir)), os.Mkdir(file(dir), 0o700)) },
		"a file of somebody else":  func(dir string) error { return chown(t, file(dir)) },
		"a folder of another user": func(dir string) error { return chown(t, filepath.Dir(file(dir))) },
	} {
		dir := t.TempDir()
		run(t, dir, monday, put(t, "a", "1"))
		must(t, spoil(dir))
		if _, err := Open(dir, at(monday)); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// chown gives a file away, which root alone can; else it makes it one that is refused.
func chown(t *testing.T, path string) error {
	t.Helper()
	if os.Geteuid() != 0 {
		return os.Chmod(path, 0o777)
	}
	return os.Chown(path, 12345, 12345)
}

func TestOldAndTooMuchGoes(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, monday, put(t, "short", "1"))
	run(t, dir, monday.Add(26*time.Hour), put(t, "later", "2"))
	f, err := Open(dir, at(monday))
	must(t, err)
	if _, ok, _ := f.read("short"); ok {
		t.Error("what has expired is still in the file")
	}
	if _, ok, _ := f.read("later"); !ok {
		t.Error("what has not expired is gone")
	}
	must(t, f.Close())
}

func TestTheOldestGoesFirst(t *testing.T) {
	dir := t.TempDir()
	db, err := bbolt.Open(filepath.Join(dir, "x.db"), 0o600, nil)
	must(t, err)
	defer db.Close()
	notWritten := errors.New("not written")
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket(bucket)
		must(t, err)
		value := make([]byte, 1000)
		for n := range 12 {
			key := fmt.Sprintf("%02d", n)
			must(t, b.Put([]byte(key), entry{value, monday.Unix() - int64(n), monday.Add(time.Hour).Unix()}.encode(key)))
		}
		must(t, sweep(tx, b, monday, 8000))
		var left []string
		must(t, b.ForEach(func(k, _ []byte) error { left = append(left, string(k)); return nil }))
		if got := strings.Join(left, " "); got != "00 01 02 03 04 05 06 "+swept {
			t.Errorf("left is %s", got)
		}
		return notWritten
	})
	if !errors.Is(err, notWritten) {
		t.Error(err)
	}
}

func TestBounds(t *testing.T) {
	f, err := Open(t.TempDir(), at(monday))
	must(t, err)
	for _, err := range []error{
		f.Put(t.Context(), "", nil, time.Hour), f.Put(t.Context(), strings.Repeat("k", maxKey+1), nil, time.Hour),
		f.Put(t.Context(), "k", make([]byte, maxValue+1), time.Hour), f.Put(t.Context(), "k", nil, 0),
	} {
		if err == nil {
			t.Error("it is taken")
		}
	}
	big := make([]byte, maxValue)
	for n := range 2 * maxAdded / maxValue {
		must(t, f.Put(t.Context(), fmt.Sprint(n), big, time.Hour))
	}
	if f.bytes > maxAdded {
		t.Errorf("%d bytes wait", f.bytes)
	}
}

func FuzzEntry(f *testing.F) {
	f.Add("key", entry{[]byte("value"), 1, 2}.encode("key"))
	f.Fuzz(func(t *testing.T, key string, raw []byte) {
		if e, err := decode(key, raw); err == nil && !bytes.Equal(e.encode(key), raw) {
			t.Errorf("%q is read from %q", e.value, raw)
		}
	})
}

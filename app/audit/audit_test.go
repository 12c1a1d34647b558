package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func TestALineIsBoundedAndHarmless(t *testing.T) {
	e := Event{Event: SignedIn, Installation: 1 << 53, RepositoryID: 1, PullRequest: 1, Lines: 1}
	hostile := strings.Repeat("\x1b\x9b\u202e\u2028\U000e0041\"\xff\n", 1000)
	v := reflect.ValueOf(&e).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String {
			f.SetString(hostile)
		}
	}
	for range 1000 {
		e.Rules = append(e.Rules, hostile)
	}
	line, err := e.line()
	if err != nil || len(line) > 512<<10 || bytes.Count(line, []byte("\n")) != 1 || bytes.ContainsAny(line, "\x1b\u202e\u2028\u009b") {
		t.Errorf("%d bytes, %v: %.200q", len(line), err, line)
	}
	var back Event
	if err := json.Unmarshal(line, &back); err != nil || !strings.HasPrefix(back.Who, "\x1b\ufffd\u202e\u2028\U000e0041\"\ufffd\n") {
		t.Errorf("%v: %.50q", err, back.Who)
	}
}

// disk takes lines, or does not.
type disk struct {
	bytes.Buffer
	full bool
}

func (d *disk) Write(line []byte) (int, error) {
	if d.full {
		return 0, errors.New("no space left on device")
	}
	return d.Buffer.Write(line)
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{full: true}
		var said bytes.Buffer
		l := New(d, func() time.Time { return monday }, zerolog.New(&said))
		go l.Run()
		for _, who := range []string{"a", "b"} {
			l.Write(Event{Event: SignedIn, Who: who})
		}
		synctest.Wait()
		if since, ok := l.Failing(); !ok || !since.Equal(monday) || strings.Count(said.String(), "cannot be written") != 1 {
			t.Errorf("failing since %v, %v; it was said: %s", since, ok, &said)
		}
		d.full = false
		l.Write(Event{Event: SignedIn, Who: "c"})
		synctest.Wait()
		if _, ok := l.Failing(); ok || !strings.Contains(said.String(), "written again") {
			t.Errorf("failing: %v; it was said: %s", ok, &said)
		}
		if err := l.Close(t.Context()); err != nil {
			t.Error(err)
		}
		const begin = `{"schema":"bonafide.audit/v1","at":"2026-03-02T09:00:00Z","event":`
		if want := begin + `"lost","lines":2}` + "\n" + begin + `"signed-in","who":"c"}` + "\n"; d.String() != want {
			t.Errorf("got\n%swant\n%s", d, want)
		}
		l.Write(Event{Event: SignedIn, Who: "d"}) // too late, and no harm
	})
}

// stuck is a disk that does not answer.
type stuck chan struct{}

func (s stuck) Write(line []byte) (int, error) { <-s; return len(line), nil }

func TestNobodyWaitsForADisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := make(stuck)
		l := New(d, time.Now, zerolog.New(t.Output()))
		go l.Run()
		for range maxWaiting + 10 {
			l.Write(Event{Event: SignedIn})
		}
		if _, ok := l.Failing(); !ok {
			t.Error("more lines wait than there is room for, and nobody is told")
		}
		close(d)
		if err := l.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestNoLogWritesNothing(t *testing.T) {
	l := New(nil, time.Now, zerolog.Nop())
	l.Write(Event{})
	l.Run()
	if _, ok := l.Failing(); ok || l.Close(t.Context()) != nil {
		t.Error("something was done")
	}
}

func TestAFileIsAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	write := func(lines ...string) {
		t.Helper()
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if n, err := f.Write([]byte(line)); n != len(line) || err != nil {
				t.Fatal(n, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write("1\n", "2\n")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	write("3\n")
	half, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = half.WriteString("hal")
		err = errors.Join(err, half.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	write("4\n", "5\n")
	if got, err := os.ReadFile(path); err != nil || string(got) != "1\n2\n3\nhal\n4\n5\n" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a folder was opened")
	}
	if _, err := Open(filepath.Join(path, "in-a-file")); err == nil || errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
}

//go:build linux

package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/samples"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// world is where the commands of a page are run: a folder, and the registry of the demo.
//
//	folder    an empty folder
//	SAMPLE    a checkout in which the change of that sample, or incident, is not committed yet
//	corpus/CASE  a checkout of that repository of app/publish/testdata/corpus
type world struct {
	*shop
	sample samples.Sample
	dated  bool     // there are dates of releases, which move with the day
	last   []string // the last command
}

// worlds are the registry, and what is changed in the checkouts.
type worlds struct {
	samples map[string]samples.Sample
	corpus  string // the folder of app/publish
	now     time.Time
}

func newWorlds(t *testing.T) *worlds {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	corpus, err := filepath.Abs("../../app/publish/testdata")
	if err != nil {
		t.Fatal(err)
	}
	w := &worlds{samples: map[string]samples.Sample{}, corpus: corpus, now: time.Now().UTC()}
	clock := func() time.Time { return w.now }
	s := &shop{t: t, dir: t.TempDir()}
	trust, err := sigstore.New(clock)
	s.must(err)
	registry, err := npm.New(trust, clock)
	s.must(err)
	s.must(samples.World(registry))
	s.must(samples.IncidentWorld(registry))
	registry.Mend("glob-sieve")
	server := httptest.NewServer(registry)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"BONAFIDE_NPM_REGISTRY": server.URL, "BONAFIDE_TRUSTED_ROOT": s.write("trusted_root.json", string(trust.TrustedRoot())),
		"BONAFIDE_NPM_KEYS": s.write("keys.json", string(trust.KeysNPM())), "NO_COLOR": "1", "GITHUB_TOKEN": "", "GH_TOKEN": "",
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1",
	} {
		t.Setenv(name, value)
	}
	all, err := samples.Samples()
	s.must(err)
	for _, sample := range all {
		w.samples[sample.Name] = sample
	}
	incidents, err := samples.Incidents()
	s.must(err)
	for _, incident := range incidents {
		w.samples[incident.Name] = incident.Sample
	}
	return w
}

func (w *worlds) open(t *testing.T, name string) *world {
	t.Helper()
	at := &world{shop: &shop{t: t, dir: t.TempDir()}}
	t.Chdir(at.dir)
	if name == "folder" {
		return at
	}
	if strings.HasPrefix(name, "corpus/") {
		at.must(os.CopyFS(at.dir, os.DirFS(filepath.Join(w.corpus, filepath.FromSlash(name), "before"))))
		at.git("init", "-q")
		at.git("remote", "add", "origin", "https://github.com/example/widgets.git")
		return at
	}
	sample, known := w.samples[name]
	if !known {
		t.Fatalf("there is no world %q", name)
	}
	at.sample, at.dated = sample, true
	lay := func(tree samples.Tree) {
		for name, content := range tree {
			at.write(name, content)
		}
	}
	at.git("init", "-q")
	lay(sample.Main)
	at.git("add", ".")
	at.git("commit", "-qm", name)
	lay(sample.Head)
	return at
}

// steady takes out of an output what differs from run to run: keys and digests are
// shortened, dates are moved to as many days before one that stays.
func (w *worlds) steady(at *world, out string) string {
	out = strings.ReplaceAll(out, at.dir+string(filepath.Separator), "")
	out = regexp.MustCompile(`merge base \w+`).ReplaceAllString(out, "merge base 1a2b3c4")
	out = regexp.MustCompile(`SHA256:[A-Za-z0-9+/]+`).ReplaceAllString(out, "SHA256:…")
	out = regexp.MustCompile(`(sha512-[A-Za-z0-9+/]{12})[A-Za-z0-9+/]+=*`).ReplaceAllString(out, "$1…")
	out = regexp.MustCompile(`in \d+(\.\d+)?m?s\b`).ReplaceAllString(out, "in 0.2s")
	if !at.dated {
		return out
	}
	return regexp.MustCompile(`\d{4}-\d\d-\d\d(T[0-9:]+Z)?`).ReplaceAllStringFunc(out, func(date string) string {
		day, err := time.Parse(time.DateOnly, date[:10])
		if err != nil {
			return date
		}
		ago := w.now.Truncate(24 * time.Hour).Sub(day)
		moved := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC).Add(-ago).Format(time.DateOnly)
		if len(date) > 10 {
			moved += "T12:00:00Z"
		}
		return moved
	})
}

// do is one command of a page, and what it shows.
func (w *worlds) do(at *world, line string) string {
	at.t.Helper()
	words, err := split(line)
	at.must(err)
	switch {
	case len(words) > 1 && words[0] == "bonafide":
		for i, word := range words {
			words[i] = at.whole(word)
		}
		at.last = words[1:]
		shown, stderr := recorded(at.t, at.last...)
		return w.steady(at, stderr+shown)
	case len(words) == 2 && words[0] == "cat":
		data, err := os.ReadFile(words[1])
		at.must(err)
		return string(data)
	case line == "echo $?" && at.last != nil:
		status, _, _ := command(at.t, at.last...) // once more
		return fmt.Sprintln(status)
	}
	at.t.Fatalf("the documentation has a command that is not run here: %s", line)
	return ""
}

// whole is a word with a shortened digest in full, as a lockfile of the sample has it.
func (at *world) whole(word string) string {
	short, cut := strings.CutSuffix(word, "…")
	if !cut {
		return word
	}
	full := regexp.MustCompile(regexp.QuoteMeta(short) + `[A-Za-z0-9+/]+=*`).FindString(at.sample.Main["package-lock.json"] + at.sample.Head["package-lock.json"])
	if full == "" {
		at.t.Fatalf("no lockfile has %s", word)
	}
	return full
}

// played is a page with what its commands show here.
func (w *worlds) played(t *testing.T, name, page string) string {
	t.Helper()
	var at *world
	var out strings.Builder
	done := 0
	for _, b := range blocks(t, name, page) {
		kind, rest, _ := strings.Cut(b.mark, ": ")
		if kind != "runnable" && kind != "file" {
			continue
		}
		if place, named := strings.CutPrefix(rest, "world "); named && kind == "runnable" {
			at = w.open(t, place)
		} else if at == nil {
			at = w.open(t, "folder")
		}
		if kind == "file" {
			at.write(rest, b.text)
			continue
		}
		out.WriteString(page[done:b.begin])
		done = b.end
		for line := range strings.Lines(b.text) {
			if command, is := strings.CutPrefix(strings.TrimRight(line, "\n"), "$ "); is {
				out.WriteString(line + strings.TrimRight(w.do(at, command), "\n") + "\n")
			}
		}
	}
	return out.String() + page[done:]
}

func TestTheDocumentationShowsWhatTheTerminalShows(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	pages := documentation(t)
	w := newWorlds(t)
	for name, page := range pages {
		got := w.played(t, name, page)
		if got == page {
			continue
		}
		if *update {
			if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(name)), []byte(got), 0o644); err != nil {
				t.Error(err)
			}
			continue
		}
		line := 1
		for i := 0; i < min(len(got), len(page)) && got[i] == page[i]; i++ {
			if got[i] == '\n' {
				line++
			}
		}
		t.Errorf("%s:%d shows something else; look at it and run with -update if it is meant: %s", name, line, strings.Join(strings.SplitAfter(got, "\n")[line-1:min(line+19, strings.Count(got, "\n"))], ""))
	}
}

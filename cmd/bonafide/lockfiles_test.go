package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

// Every pair of real lockfiles, as a user would compare it: without a network all
// evidence is unknown, and the packages that changed are listed with their lines.
func TestDiffListsWhatChangedInEveryRealPair(t *testing.T) {
	data := realdata.Open(t, "lockfiles.zip")
	names, err := fs.Glob(data, "*/*/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, name := range names {
		var want struct {
			Lockfile       string
			Added, Removed []struct {
				Name, Version, Integrity string
				Line                     int
			}
		}
		if err := json.Unmarshal(realdata.Read(t, data, name), &want); err != nil {
			t.Fatal(err)
		}
		if format, ok := lockfile.Recognise(want.Lockfile); !ok || !format.Supported {
			continue
		}
		ran++
		t.Run(path.Dir(name), func(t *testing.T) {
			dir := t.TempDir()
			for _, side := range []string{"base.", "head."} {
				file := side + want.Lockfile
				if err := os.WriteFile(filepath.Join(dir, file), realdata.Read(t, data, path.Join(path.Dir(name), file)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			status, stdout, stderr := command(t, "diff", filepath.Join(dir, "base."+want.Lockfile), filepath.Join(dir, "head."+want.Lockfile), "--offline", "--format", "json")
			var got struct {
				Conclusion string
				Packages   []struct {
					PURL, Change, From, Lockfile, Source string
					Line                                 int
					Provenance, Signature                struct{ State, Reason string }
				}
			}
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatalf("%v, exit status %d: %s", err, status, stderr)
			}
			in, out := map[string]int{}, map[string]bool{}
			for _, p := range got.Packages {
				id := idOf(t, p.PURL)
				switch {
				case p.Change == "removed":
					out[id] = true
					continue
				case p.Change == "added" || p.Change == "updated":
					if line, seen := in[id]; !seen || p.Line < line {
						in[id] = p.Line
					}
				}
				if p.Change == "updated" && p.From != "" {
					name := id[:strings.LastIndexByte(id, '@')]
					out[name+"@"+p.From] = true
				}
				if p.Lockfile != want.Lockfile || p.Line < 1 || p.Provenance.Reason == "" || p.Provenance.State != "unknown" && p.Provenance.State != "absent" {
					t.Errorf("%+v", p)
				}
			}
			lines := map[string]int{}
			for _, row := range want.Added {
				id := row.Name + "@" + row.Version
				if line, seen := lines[id]; !seen || row.Line < line {
					lines[id] = row.Line
				}
			}
			for id, line := range lines {
				if in[id] != line {
					t.Errorf("%s is on line %d, listed with %d", id, line, in[id])
				}
			}
			for id := range in {
				if lines[id] == 0 {
					t.Errorf("%s is listed and did not come", id)
				}
			}
			for _, row := range want.Removed {
				// What an update replaces beside its nearest predecessor has no row.
				updated := slices.ContainsFunc(want.Added, func(a struct {
					Name, Version, Integrity string
					Line                     int
				}) bool {
					return a.Name == row.Name
				})
				if id := row.Name + "@" + row.Version; !out[id] && !updated {
					t.Errorf("%s went and is not listed", id)
				}
			}
			// What comes from JSR is listed as not looked at, which is a warning, and so is a
			// direct git source that moved on.
			if got.Conclusion == "success" && len(in) > 0 && !strings.HasPrefix(got.Packages[0].PURL, "pkg:jsr/") && got.Packages[0].Source != "git" {
				t.Errorf("%d packages came in unverified, and the conclusion is success", len(in))
			}
		})
	}
	if ran < 31 {
		t.Errorf("only %d pairs", ran)
	}
}

// A lockfile of another ecosystem is listed as not looked at, also where it was asked
// for by its name.
func TestLockfilesOfOtherEcosystemsAreListedAsNotLookedAt(t *testing.T) {
	data := realdata.Open(t, "lockfiles.zip")
	for _, dir := range []string{"cargo/deno-std-v3-to-v4/head.Cargo.lock", "hostile/gosum-conflict/head.go.sum"} {
		_, name, _ := strings.Cut(path.Base(dir), ".")
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, realdata.Read(t, data, dir), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"audit", file}, {"diff", file, file}, {"audit", filepath.Dir(file)}} {
			status, stdout, stderr := command(t, append(args, "--offline", "--format", "json")...)
			if status != 0 || strings.Count(stdout, `"unsupported-lockfile"`) != 1 || !strings.Contains(stdout, "was not looked at") {
				t.Errorf("%v: exit status %d\n%s%s", args, status, stdout, stderr)
			}
		}
	}
}

// idOf is name@version of a package URL.
func idOf(t *testing.T, purl string) string {
	t.Helper()
	_, rest, ok := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	if !ok {
		t.Fatalf("the package URL %q", purl)
	}
	return strings.NewReplacer("%40", "@", "%2B", "+").Replace(rest)
}

package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/lockfile"
)

func TestErrorsSayWhatToDo(t *testing.T) {
	s := newShop(t)
	lock := s.write("package-lock.json", s.lock("tide@1.0.0"))
	odd, broken := s.write("notes.txt", ""), s.write("broken.json", "{")
	ghost := s.write("ghost/package-lock.json", strings.ReplaceAll(s.lock("sand@2.0.0"), "sand", "ghost"))
	empty := filepath.Join(s.dir, "empty")
	s.must(os.Mkdir(empty, 0o755))
	t.Chdir(s.dir)
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close() // nobody listens there any more
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		says   []string
	}{
		{"no such lockfile", []string{"audit", "nothing"}, exitUsage, []string{"bonafide: nothing: no such file or directory"}},
		{"a file of another name", []string{"audit", odd}, exitUsage, []string{"is not named like a lockfile; known are package-lock.json", "deno.lock"}},
		{"a folder without one", []string{"audit", empty}, exitUsage, []string{"holds no lockfile; known are package-lock.json"}},
		{"no such policy", []string{"audit", "--policy", "none.yml"}, exitUsage, []string{"--policy", "no such file", "Try `bonafide audit --help`."}},
		{"no such policy to check", []string{"policy", "check", "none.yml"}, exitUsage, []string{"bonafide: none.yml: no such file or directory"}},
		{"a policy that is there already", []string{"policy", "init", "--write", odd}, exitUsage, []string{"exists, and is not written over; give another name, or remove it"}},
		{"a package without a version", []string{"verify", "tide"}, exitUsage, []string{"names no version: write npm:NAME@VERSION"}},
		{"a range", []string{"verify", "tide@^1.0.0"}, exitUsage, []string{"write the exact version of one release: npm:NAME@1.2.3. Ranges and tags are not looked up"}},
		{"a tag", []string{"verify", "tide@latest"}, exitUsage, []string{"write the exact version of one release"}},
		{"another ecosystem", []string{"verify", "pypi:requests@2.0.0"}, exitUsage, []string{`"pypi" is not supported yet, only npm is`}},
		{"a package URL that is none", []string{"verify", "pkg:npm/%"}, exitUsage, []string{"write pkg:npm/NAME@VERSION"}},
		{"a digest that is none", []string{"verify", "tide@1.0.0", "--integrity", "sha512-x"}, exitUsage, []string{"--integrity: not a digest", "write it as a lockfile does: sha512-<base64>"}},
		{"a flag with a slip", []string{"audit", "--fromat", "json"}, exitUsage, []string{`did you mean "--format"?`, "Try `bonafide audit --help`."}},
		{"a command with a slip", []string{"adit"}, exitUsage, []string{`did you mean "audit"?`, "Try `bonafide --help`."}},
		{"a command below another with a slip", []string{"policy", "chekc"}, exitUsage, []string{`did you mean "check"?`, "Try `bonafide policy --help`."}},
		{"an argument is missing", []string{"verify"}, exitUsage, []string{"give a package", "--file", "Try `bonafide verify --help`."}},
		{"a flag of another command", []string{"verify", "tide@1.0.0", "--lost"}, exitUsage, []string{"--lost", "Try `bonafide verify --help`."}},
		{"a trusted root that is none", []string{"audit", lock, "--trusted-root", broken}, exitUsage, []string{"--trusted-root: not a Sigstore trusted root", "give the trusted_root.json of"}},
		{"keys that are none", []string{"audit", lock, "--npm-keys", broken}, exitUsage, []string{"--npm-keys: not a registry key file", "/-/npm/v1/keys"}},
		{"no such keys", []string{"audit", lock, "--npm-keys", "none"}, exitUsage, []string{"--npm-keys ", "none: no such file or directory"}},
		{"a registry that is no address", []string{"audit", lock, "--npm-registry", "npm"}, exitUsage, []string{"write it like https://example.com/"}},
		{"offline, and nothing was saved", []string{"audit", lock, "--offline"}, exitCouldNotCheck, []string{"Run it once with --evidence FILE, then with --offline --evidence FILE."}},
		{"offline, and not this was saved", []string{"audit", lock, "--offline", "--evidence", "none.json"}, exitUsage, []string{"was not saved yet; run once without --offline"}},
		{"offline, and it is broken", []string{"audit", lock, "--offline", "--evidence", broken}, exitUsage, []string{"run once without --offline to save it anew"}},
		{"nobody answers", []string{"verify", "tide@1.0.0", "--npm-registry", down.URL}, exitCouldNotCheck, []string{"the registry " + down.URL + " answered about no package", "--npm-registry URL", "--ca-file FILE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, out, stderr := command(t, tt.args...)
			if status != tt.status || (status == exitUsage) != (out == "") {
				t.Errorf("status %d, want %d\n%s%s", status, tt.status, out, stderr)
			}
			for _, says := range tt.says {
				if !strings.Contains(stderr, says) {
					t.Errorf("%q is wanted in\n%s", says, stderr)
				}
			}
			if strings.Contains(stderr, "stat ") && !strings.Contains(stderr, "--policy") || strings.Contains(stderr, "%!") {
				t.Errorf("that is no sentence for people: %s", stderr)
			}
		})
	}
	if status, _, stderr := s.run("audit", ghost); status != exitCouldNotCheck || strings.Contains(stderr, "answered about no package") {
		t.Errorf("the registry did answer: status %d\n%s", status, stderr)
	}
}

func TestEveryLockfileThatIsNamedIsRead(t *testing.T) {
	for name := range strings.SplitSeq(strings.Replace(lockfileNames, " and ", ", ", 1), ", ") {
		if f, ok := lockfile.Recognise(name); !ok || !f.Supported {
			t.Errorf("%s is not read", name)
		}
	}
}

func TestErrorsAreHarmlessForATerminal(t *testing.T) {
	const hostile = "no\x1b[31m\u202e"
	for _, args := range [][]string{{"audit", hostile}, {"audit", "--" + hostile}, {"diff", hostile, "x"}, {"verify", hostile}, {hostile}, {"policy", "check", hostile}} {
		status, _, stderr := command(t, args...)
		if status != exitUsage || !strings.Contains(stderr, "no") || strings.ContainsAny(stderr, "\x1b\u202e") {
			t.Errorf("%q: status %d: %q", args, status, stderr)
		}
	}
}

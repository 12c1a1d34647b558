package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/bonafide-app/bonafide/"

type room struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// rooms lists every package of the module with what it imports outside of tests.
func rooms(t *testing.T) []room {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "../...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("skipped: the go command is not on the path")
	}
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var list []room
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var r room
		if err := dec.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	if len(list) < 10 {
		t.Fatalf("only %d packages were found", len(list))
	}
	return list
}

func within(path string, folders ...string) bool {
	for _, f := range folders {
		if path == module+f || strings.HasPrefix(path, module+f+"/") {
			return true
		}
	}
	return false
}

func TestWhoMayImportWhom(t *testing.T) {
	outside := []string{ // GitHub's API, queues and databases
		"github.com/google/go-github", "github.com/palantir/go-githubapp", "github.com/bradleyfalzon/ghinstallation",
		"github.com/riverqueue/", "modernc.org/sqlite", "github.com/prometheus/", "github.com/jackc/pgx", "github.com/pressly/goose",
		module + "app/queue", module + "app/store", module + "app/checks", module + "handlers",
	}
	for _, r := range rooms(t) {
		if within(r.ImportPath, "app/dep") {
			for _, i := range r.Imports {
				if strings.HasPrefix(i, module) {
					t.Errorf("%s imports %s: dep imports nothing of ours", r.ImportPath, i)
				}
			}
		}
		if within(r.ImportPath, "app/dep", "app/lockfile", "app/registry", "app/provenance", "app/policy", "app/publish", "app/report") {
			for _, d := range r.Deps {
				for _, bad := range outside {
					if strings.HasPrefix(d, bad) {
						t.Errorf("%s reaches %s", r.ImportPath, d)
					}
				}
			}
		}
		for _, i := range r.Imports {
			if within(i, "app/sandbox", "cmd") && !within(r.ImportPath, "app/sandbox", "cmd") {
				t.Errorf("%s imports %s: only the command wires the sandbox", r.ImportPath, i)
			}
			if strings.HasPrefix(i, "github.com/google/go-github") && !within(r.ImportPath, "app/checks") {
				t.Errorf("%s imports %s: checks is the room that calls GitHub", r.ImportPath, i)
			}
			if strings.HasPrefix(i, "github.com/prometheus/") && !within(r.ImportPath, "app/metrics") {
				t.Errorf("%s imports %s: rooms tell functions that they are given, metrics counts", r.ImportPath, i)
			}
			if (within(i, "app/facts") || strings.HasPrefix(i, "go.etcd.io/bbolt")) && !within(r.ImportPath, "app/facts", "cmd") {
				t.Errorf("%s imports %s: only the command line keeps facts in a file", r.ImportPath, i)
			}
			if within(i, "app/metrics") && r.ImportPath != module+"app" {
				t.Errorf("%s imports %s: only app wires it", r.ImportPath, i)
			}
			if strings.HasPrefix(i, "github.com/getkin/kin-openapi") && !within(r.ImportPath, "app/sandbox/contract") {
				t.Errorf("%s imports %s: GitHub's description is held against exchanges in tests only", r.ImportPath, i)
			}
			if strings.HasPrefix(i, "github.com/vektah/gqlparser") && !within(r.ImportPath, "app/sandbox") {
				t.Errorf("%s imports %s: the sandbox reads GraphQL, checks only sends it", r.ImportPath, i)
			}
			if within(i, "app/store/enginetest", "app/outbound/proxytest") && !within(r.ImportPath, "app/outbound/proxytest") {
				t.Errorf("%s imports %s outside of a test", r.ImportPath, i)
			}
			if within(i, "app/sandbox/contract", "app/sandbox/realdata") && !within(r.ImportPath, "app/sandbox/contract") {
				t.Errorf("%s imports %s outside of a test", r.ImportPath, i)
			}
		}
	}
}

// What goes out goes by one way, so that a proxy and a certificate authority hold for all of it.
func TestEverythingGoesOutByOneWay(t *testing.T) {
	own := regexp.MustCompile(`http\.(DefaultClient|DefaultTransport|ProxyFromEnvironment)\b|http\.Transport\{|http\.(Get|Head|Post|PostForm)\(`)
	for _, r := range rooms(t) {
		if within(r.ImportPath, "app/outbound", "app/registry", "app/sandbox") || !within(r.ImportPath, "app", "cmd", "config", "handlers") {
			continue
		}
		files, err := filepath.Glob(filepath.Join("..", strings.TrimPrefix(r.ImportPath, module), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if way := own.Find(source); way != nil && !strings.HasSuffix(file, "_test.go") && filepath.Base(file) != "healthcheck.go" { // it asks this machine
				t.Errorf("%s has a way out of its own, %s: outbound.Route has the one that is configured", file, way)
			}
		}
	}
}

// Rules and reports are pure: the same evidence at the same time comes to the same verdict.
func TestRulesAndReportsDoNoIOAndHaveNoClock(t *testing.T) {
	clock := regexp.MustCompile(`\btime\.(Now|Since|Until|After|Tick|NewTimer|NewTicker|Sleep)\(`)
	for _, r := range rooms(t) {
		if !within(r.ImportPath, "app/dep", "app/policy", "app/publish", "app/report") {
			continue
		}
		for _, i := range r.Imports {
			if slices.Contains([]string{"os", "os/exec", "net", "net/http", "io/fs", "log", "log/slog", "database/sql", "context", "math/rand", "math/rand/v2"}, i) {
				t.Errorf("%s imports %s", r.ImportPath, i)
			}
		}
		files, err := filepath.Glob(filepath.Join("..", strings.TrimPrefix(r.ImportPath, module), "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %d files", r.ImportPath, err, len(files))
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if call := clock.Find(source); call != nil && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s calls %s)", file, call)
			}
		}
	}
}

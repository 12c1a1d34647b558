package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bonafide-app/bonafide/app/sandbox/contract"
)

var at = time.Date(2026, 11, 23, 14, 15, 4, 0, time.UTC)

func sample(platform string, deps ...*debug.Module) binary {
	return binary{platform: platform, data: []byte("program of " + platform), info: &buildinfo.BuildInfo{
		GoVersion: "go1.26.1", Main: debug.Module{Path: "github.com/bonafide-app/bonafide", Version: "v1.2.3"}, Deps: deps,
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0"}},
	}}
}

// project makes a repository with a commit of a program that stands for the real one, and
// works in it.
func project(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module github.com/bonafide-app/bonafide\n\ngo 1.26.0\n", "cmd/bonafide/main.go": "package main\n\nfunc main() { println(\"hello\") }\n",
		"LICENSE": "free\n", "README.md": "# Small\n",
	} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"commit", "-qm", "small"}, {"tag", "v1.2.3"}} {
		cmd := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, args...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	t.Chdir(dir)
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAReleaseIsBuiltTwiceOfTheCommit(t *testing.T) {
	dir := project(t)
	o := options{out: "dist", platforms: []string{"linux/amd64", "windows/arm64"}}
	must(t, run(t.Context(), o))
	made, err := os.ReadDir("dist")
	must(t, err)
	var names []string
	for _, e := range made {
		names = append(names, e.Name())
	}
	want := []string{"SHA256SUMS", "bonafide_1.2.3.cdx.json", "bonafide_1.2.3_linux_amd64.tar.gz", "bonafide_1.2.3_windows_arm64.zip"}
	if !slices.Equal(names, want) {
		t.Errorf("it made %q", names)
	}
	if _, err := exec.LookPath("sha256sum"); err == nil {
		cmd := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
		cmd.Dir = filepath.Join(dir, "dist")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	must(t, os.WriteFile("LICENSE", []byte("changed\n"), 0o644))
	o.check, o.platforms = true, o.platforms[:1]
	if err := run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "LICENSE") {
		t.Errorf("with a change that is not committed: %v", err)
	}
	o.uncommitted = true
	must(t, run(t.Context(), o))
	o.platforms = []string{"linux"}
	if err := run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "GOOS/GOARCH") {
		t.Errorf("of no platform: %v", err)
	}
}

func TestBuildsThatDifferAreNamed(t *testing.T) {
	one := []file{{"a", []byte("1")}, {"b", []byte("1")}}
	two := []file{{"a", []byte("1")}, {"b", []byte("2")}}
	if err := same(one, one); err != nil {
		t.Error(err)
	}
	if err := same(one, two); err == nil || !strings.Contains(err.Error(), "b (") || strings.Contains(err.Error(), "a (") {
		t.Errorf("it says %v", err)
	}
}

func TestArchivesHoldNothingOfTheMachine(t *testing.T) {
	beside := []entry{{"README.md", 0o644, []byte("read")}, {"LICENSE", 0o644, []byte("free")}}
	packed, err := sample("linux/arm64").pack(beside, at)
	must(t, err)
	gz, err := gzip.NewReader(bytes.NewReader(packed.data))
	must(t, err)
	if !gz.ModTime.IsZero() || gz.Name != "" {
		t.Errorf("the gzip header has %v %q", gz.ModTime, gz.Name)
	}
	var names []string
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if err != nil {
			break
		}
		names = append(names, h.Name)
		if !h.ModTime.Equal(at) || h.Uid != 0 || h.Gid != 0 || h.Uname != "root" || (h.Mode == 0o755) != (h.Name == "bonafide") {
			t.Errorf("%s: %+v", h.Name, h)
		}
	}
	if !slices.Equal(names, []string{"LICENSE", "README.md", "bonafide"}) {
		t.Errorf("it holds %q", names)
	}
	packed, err = sample("windows/amd64").pack(beside, at)
	must(t, err)
	z, err := zip.NewReader(bytes.NewReader(packed.data), int64(len(packed.data)))
	must(t, err)
	if packed.name != "bonafide_1.2.3_windows_amd64.zip" || len(z.File) != 3 || z.File[2].Name != "bonafide.exe" || !z.File[2].Modified.Equal(at) {
		t.Errorf("%s holds %+v", packed.name, z.File)
	}
}

func TestTheBillOfMaterialsIsValidAndTheSameTwice(t *testing.T) {
	a, b := &debug.Module{Path: "example.com/a", Version: "v1.0.0+incompatible", Sum: "h1:a="}, &debug.Module{Path: "example.com/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/c", Version: "v2.0.0", Sum: "h1:c="}}
	binaries := []binary{sample("linux/amd64", a, b), sample("windows/amd64", a)}
	made, err := billOf(binaries, at)
	must(t, err)
	again, err := billOf(binaries, at)
	must(t, err)
	if !bytes.Equal(made.data, again.data) || made.name != "bonafide_1.2.3.cdx.json" {
		t.Errorf("%s differs the second time", made.name)
	}
	for _, want := range []string{`"pkg:golang/std@1.26.1"`, `"pkg:golang/example.com/a@v1.0.0%2Bincompatible"`, `"pkg:golang/example.com/c@v2.0.0"`, `"value": "linux/amd64"`, `"2026-11-23T14:15:04Z"`} {
		if !strings.Contains(string(made.data), want) {
			t.Errorf("%s is not in\n%s", want, made.data)
		}
	}
	if strings.Contains(string(made.data), "example.com/b") {
		t.Error("a module stands there that another stands in for")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(made.data))
	must(t, err)
	if err := schema(t).Validate(doc); err != nil {
		t.Error(err)
	}
	doc.(map[string]any)["components"].([]any)[0].(map[string]any)["type"] = "thing"
	if schema(t).Validate(doc) == nil {
		t.Error("the schema takes anything")
	}
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, name := range []string{"spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json", "bom-1.6.SNAPSHOT.schema.json"} {
		data, err := os.ReadFile(filepath.Join(contract.NodeModules(t), "@cyclonedx/cyclonedx-library/res/schema", name))
		if os.IsNotExist(err) {
			t.Skip("skipped: the schemas are missing; `npm ci --ignore-scripts` in .ci installs them")
		}
		must(t, err)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		must(t, err)
		must(t, c.AddResource("http://cyclonedx.org/schema/"+name, doc))
	}
	s, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.SNAPSHOT.schema.json")
	must(t, err)
	return s
}

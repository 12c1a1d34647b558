package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// runner is a GitHub runner as far as the action's script sees one.
type runner struct {
	*shop
	env  map[string]string
	path string // of the checkout
}

// newRunner has a checkout whose main has tide@1.0.0, with a branch update to tide@1.0.1,
// which lost its provenance.
func newRunner(t *testing.T) *runner {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("skipped: sh is not on PATH")
	}
	s := checkoutShop(t)
	s.write("web/package-lock.json", s.lock("tide@1.0.1"))
	s.write(".github/lenient.yml", "version: 1\nmode: observe\n")
	s.git("add", "web", ".github")
	s.git("commit", "-qm", "update")
	return &runner{shop: s, path: s.dir, env: map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": t.TempDir(), "GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1",
		"RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RUNNER_TEMP": t.TempDir(),
		"GITHUB_STEP_SUMMARY": filepath.Join(t.TempDir(), "summary"), "GITHUB_OUTPUT": filepath.Join(t.TempDir(), "output"),
		"INPUT_BASE": "main", "INPUT_HEAD": "update", "INPUT_FAIL_ON": "unverified",
	}}
}

// act runs the script with some of the inputs changed, and returns what it printed and its outputs.
func (r *runner) act(root string, inputs ...string) (status int, out string, outputs map[string]string) {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "sh", filepath.Join(root, ".github/action/run.sh"))
	cmd.Dir = r.path
	cmd.Env = append(cmd.Env, "GITHUB_ACTION_PATH="+root)
	for name, value := range r.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, inputs...)
	_ = os.Remove(r.env["GITHUB_OUTPUT"])
	_ = os.Remove(r.env["GITHUB_STEP_SUMMARY"])
	text, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		status = exit.ExitCode()
	} else {
		r.must(err)
	}
	outputs = map[string]string{}
	written, _ := os.ReadFile(r.env["GITHUB_OUTPUT"])
	for line := range strings.Lines(string(written)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		outputs[name] = value
	}
	return status, string(text), outputs
}

// root is the repository's, before the test goes elsewhere.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// script writes a program that sh runs.
func (r *runner) script(name, text string) string {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), name)
	r.must(os.WriteFile(file, []byte("#!/bin/sh\n"+text), 0o755))
	return file
}

func TestTheActionJudgesByTheBase(t *testing.T) {
	top := root(t)
	program := filepath.Join(t.TempDir(), "bonafide")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r := newRunner(t)
	// Its flags are the registry's and the trust of this test.
	wrapped := "INPUT_PROGRAM=" + r.script("bonafide", fmt.Sprintf("shift\nexec %q diff %s \"$@\"\n", program, strings.Join(r.flags, " ")))

	status, out, outputs := r.act(top, wrapped)
	if status != exitFailed || outputs["conclusion"] != "failure" || outputs["status"] != "1" || !strings.Contains(out, "provenance-lost") {
		t.Errorf("status %d, %v\n%s", status, outputs, out)
	}
	summary, err := os.ReadFile(r.env["GITHUB_STEP_SUMMARY"])
	if err != nil || !strings.Contains(string(summary), "**Failed:**") {
		t.Errorf("the summary: %v\n%s", err, summary)
	}
	for _, name := range []string{"report", "sarif"} {
		text, err := os.ReadFile(outputs[name])
		if err != nil || json.Unmarshal(text, new(any)) != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	if begin, end := strings.Index(out, "::stop-commands::"), strings.Index(out, "provenance-lost"); begin < 0 || begin > end {
		t.Errorf("what a package is called may become a command:\n%s", out)
	}
	for _, tt := range []struct {
		name   string
		inputs []string
		status int
		says   string
	}{
		{"the same commit", []string{"INPUT_HEAD=main"}, 0, ""},
		{"nothing fails", []string{"INPUT_FAIL_ON=never"}, 0, "provenance-lost"},
		{"only what failed fails", []string{"INPUT_FAIL_ON=failed"}, 1, "provenance-lost"},
		{"a mistyped fail-on", []string{"INPUT_FAIL_ON=sometimes"}, 2, "::error title=Bonafide::fail-on"},
		{"a policy that only the head has", []string{"INPUT_POLICY=.github/lenient.yml"}, 2, "there is no file .github/lenient.yml at the base"},
		{"a folder in place of a policy", []string{"INPUT_POLICY=web"}, 2, "there is no file web at the base"},
		{"no base", []string{"INPUT_BASE="}, 2, "names none"},
		{"a new branch", []string{"INPUT_BASE=0000000000000000000000000000000000000000"}, 2, "names none"},
		{"a commit that is not there", []string{"INPUT_BASE=1111111111111111111111111111111111111111"}, 2, "fetch-depth: 0"},
		{"an option in place of a commit", []string{"INPUT_HEAD=--exec=touch sprung"}, 2, "is no commit"},
		{"a registry that is none", []string{"INPUT_NPM_REGISTRY=ftp://x"}, 2, "made no report"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, out, _ := r.act(top, append([]string{wrapped}, tt.inputs...)...)
			if status != tt.status || !strings.Contains(out, tt.says) {
				t.Errorf("status %d\n%s", status, out)
			}
		})
	}
	r.git("checkout", "-q", "main")
	r.write(".github/lenient.yml", "version: 1\nmode: observe\n")
	r.git("add", ".github")
	r.git("commit", "-qm", "the base has it, too")
	if status, out, outputs := r.act(top, wrapped, "INPUT_POLICY=.github/lenient.yml"); status != 0 || outputs["conclusion"] != "success" {
		t.Errorf("by a policy of the base: status %d, %v\n%s", status, outputs, out)
	}
}

// Git takes a folder for a repository that has the files of one. A pull request can bring
// them, and in them what the base is, and programs for git to run.
func TestTheActionTakesNoRepositoryThatTheHeadBrings(t *testing.T) {
	top := root(t)
	r := newRunner(t)
	head, err := exec.Command("git", "rev-parse", "update").Output()
	r.must(err)
	r.write("web/HEAD", "ref: refs/heads/main\n")
	r.write("web/config", "[core]\n\tbare = true\n")
	r.write("web/refs/heads/main", string(head))
	r.write("web/objects/info/alternates", "../../.git/objects\n")
	r.git("add", "web")
	r.git("commit", "-qm", "a repository")
	r.path = filepath.Join(r.dir, "web")
	ran := filepath.Join(t.TempDir(), "ran")
	program := "INPUT_PROGRAM=" + r.script("bonafide", "touch '"+ran+"'\n")
	for _, base := range []string{"main", "refs/heads/main", strings.TrimSpace(string(head))} {
		status, out, _ := r.act(top, program, "INPUT_BASE="+base, "INPUT_HEAD=main")
		if status != exitUsage || !strings.Contains(out, "::error title=Bonafide::working-directory: ") {
			t.Errorf("base %s: status %d\n%s", base, status, out)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("it was run there")
	}
	r.path = r.env["RUNNER_TEMP"]
	if status, out, _ := r.act(top, program); status != exitUsage || !strings.Contains(out, "not a git repository") {
		t.Errorf("in no checkout: status %d\n%s", status, out)
	}
}

// release is a server with a release whose program prints what it was asked, and reports.
func (r *runner) release(files map[string][]byte) string {
	r.t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, ok := files[strings.TrimPrefix(q.URL.Path, "/")]
		if !ok {
			http.NotFound(w, q)
			return
		}
		_, _ = w.Write(body)
	}))
	r.t.Cleanup(s.Close)
	return "INPUT_RELEASES=" + s.URL
}

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func TestTheActionVerifiesWhatItDownloadsBeforeItRunsIt(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("skipped: curl is not on PATH")
	}
	top := root(t)
	r := newRunner(t)
	ran := filepath.Join(t.TempDir(), "ran")
	program := "#!/bin/sh\ntouch '" + ran + "'\nfor f; do case $f in json=*) printf '{\\n  \"conclusion\": \"success\"\\n}\\n' >\"${f#json=}\" ;; summary=*) echo fine >\"${f#summary=}\" ;; esac; done\n"
	var packed bytes.Buffer
	gz := gzip.NewWriter(&packed)
	w := tar.NewWriter(gz)
	r.must(w.WriteHeader(&tar.Header{Name: "bonafide", Mode: 0o755, Size: int64(len(program))}))
	_, err := w.Write([]byte(program))
	r.must(err)
	r.must(w.Close())
	r.must(gz.Close())
	const name = "bonafide_1.2.3_linux_amd64.tar.gz"
	archive := packed.Bytes()
	files := map[string][]byte{
		"v1.2.3/" + name: archive, "v1.2.3/" + name + ".sigstore.json": []byte("{}"), "v1.2.3/SHA256SUMS": []byte(sha(archive) + "  " + name + "\n"),
		"v2.0.0/bonafide_2.0.0_linux_amd64.tar.gz": archive, "v2.0.0/SHA256SUMS": []byte(strings.Repeat("0", 64) + "  bonafide_2.0.0_linux_amd64.tar.gz\n"),
	}
	served := r.release(files)
	// The GitHub CLI says what this test wants, and writes down what it was asked.
	asked := filepath.Join(t.TempDir(), "asked")
	willing := filepath.Dir(r.script("gh", "printf '%s\\n' \"$@\" >'"+asked+"'\n"))
	unwilling := filepath.Dir(r.script("gh", "exit 1\n"))
	bare := t.TempDir() // a PATH with all that the script needs, but the GitHub CLI
	for _, tool := range []string{"sh", "git", "curl", "tar", "gzip", "grep", "sed", "tr", "cut", "cat", "mkdir", "mktemp", "head", "od", "touch", "sha256sum", "shasum", "perl"} {
		if path, err := exec.LookPath(tool); err == nil {
			r.must(os.Symlink(path, filepath.Join(bare, tool)))
		}
	}
	for _, tt := range []struct {
		name   string
		inputs []string
		status int
		says   string
	}{
		{"the GitHub CLI verifies it", []string{"PATH=" + willing + ":" + bare}, 0, ""},
		{"its digest is known", []string{"PATH=" + bare, "INPUT_SHA256=" + sha(archive)}, 0, ""},
		{"another digest", []string{"INPUT_SHA256=" + strings.Repeat("0", 64)}, 2, "It was not run."},
		{"not built by the release workflow", []string{"PATH=" + unwilling + ":" + bare}, 2, "could not be verified to be built by the release workflow"},
		{"nothing to verify with", []string{"PATH=" + bare}, 2, "give the archive's digest as sha256"},
		{"a wrong checksum", []string{"INPUT_VERSION=v2.0.0"}, 2, "is not what the release's SHA256SUMS says"},
		{"no such release", []string{"INPUT_VERSION=v9.9.9"}, 2, "is v9.9.9 a release"},
		{"no release for the processor", []string{"RUNNER_ARCH=ARM64"}, 2, "There is no bonafide_1.2.3_linux_arm64.tar.gz"},
		{"a processor that nothing is built for", []string{"RUNNER_ARCH=ARM"}, 2, "There is no Bonafide for ARM:"},
		{"a system that nothing is built for", []string{"RUNNER_OS=Plan9"}, 2, "There is no Bonafide for Plan9:"},
		{"a version that leads elsewhere", []string{"INPUT_VERSION=v1.2.3/../../x"}, 2, "is not one like v1.2.3"},
		{"a version that says a command", []string{"INPUT_VERSION=v1\n::warning::x"}, 2, `version: "v1 ::warning::x"`},
		{"a version with a second line", []string{"INPUT_VERSION=v1.2.3\n/../x"}, 2, "is not one like v1.2.3"},
		{"before the first release", []string{"INPUT_VERSION="}, 2, "No release was made"},
		{"an address without TLS", []string{"INPUT_RELEASES=http://releases.example"}, 2, "is not an address with https"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_ = os.Remove(ran)
			status, out, outputs := r.act(top, append([]string{served, "INPUT_VERSION=v1.2.3"}, tt.inputs...)...)
			if status != tt.status || !strings.Contains(out, tt.says) {
				t.Errorf("status %d\n%s", status, out)
			}
			if _, err := os.Stat(ran); (err == nil) != (tt.status == 0) || (outputs["conclusion"] == "success") != (tt.status == 0) {
				t.Errorf("it ran: %v; outputs %v\n%s", err == nil, outputs, out)
			}
			for line := range strings.Lines(out) {
				if strings.HasPrefix(line, "::") && !strings.HasPrefix(line, "::error title=Bonafide::") && tt.status != 0 {
					t.Errorf("a command to the runner: %s", line)
				}
			}
		})
	}
	text, err := os.ReadFile(asked)
	r.must(err)
	want := []string{"attestation", "verify", name, "--bundle", name + ".sigstore.json", "--repo", "bonafide-app/bonafide",
		"--cert-identity", "https://github.com/bonafide-app/bonafide/.github/workflows/release.yml@refs/tags/v1.2.3",
		"--cert-oidc-issuer", "https://token.actions.githubusercontent.com", "--deny-self-hosted-runners"}
	if got := strings.Fields(string(text)); !slices.Equal(got, want) {
		t.Errorf("the GitHub CLI was asked %q", got)
	}
}

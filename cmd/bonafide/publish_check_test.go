package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/publish"
)

// project is a folder with files, in a git checkout or not.
type project struct {
	t   *testing.T
	dir string
}

func newProject(t *testing.T, files map[string]string) *project {
	t.Helper()
	p := &project{t, t.TempDir()}
	for name, text := range files {
		p.write(name, text)
	}
	return p
}

func (p *project) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *project) read(name string) string {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(name)))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

func (p *project) git(args ...string) {
	p.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", p.dir, "-c", "init.defaultBranch=main"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// wrongWords finds every word "wrong", and mends the first of a line.
func wrongWords(files publish.Files, facts publish.Facts) publish.Report {
	r := publish.Report{Schema: "bonafide.publish/v1"}
	for name, data := range files {
		for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
			line = strings.TrimSuffix(line, "\r")
			for range strings.Count(line, "wrong") {
				r.Findings = append(r.Findings, publish.Finding{Rule: "word", Severity: publish.Warning, File: name, Line: i + 1, Message: "It says wrong in " + facts.Repository + ".",
					Edits: []publish.Edit{{File: name, From: i + 1, To: i + 1, Lines: []string{strings.Replace(line, "wrong", "right", 1)}}}})
			}
			if strings.Contains(line, "person") {
				r.Findings = append(r.Findings, publish.Finding{Rule: "person", Severity: publish.Error, File: name, Line: i + 1, Message: "A person must decide."})
			}
		}
	}
	slices.SortFunc(r.Findings, func(a, b publish.Finding) int { return strings.Compare(a.File, b.File) })
	return r
}

// publishChecked runs the command with wrongWords.
func publishChecked(t *testing.T, c publishCheckCommand) (status int, out, stderr string) {
	t.Helper()
	if c.Format == "" {
		c.Format = "table"
	}
	c.Color = "never"
	if c.Target == "" {
		c.Target = "."
	}
	var o, e bytes.Buffer
	tty := terminal{&o, &e}
	if err := c.check(t.Context(), tty, wrongWords); err != nil {
		status = exitCouldNotCheck
		if s, ok := err.(*statusError); ok { //nolint:errorlint // as run does, at the top
			status = s.status
			if s.err != nil {
				tty.complain(s.err.Error())
			}
		} else {
			tty.complain(err.Error())
		}
	}
	return status, o.String(), e.String()
}

func TestPublishCheckMendsAndSaysWhatIsLeft(t *testing.T) {
	files := map[string]string{".github/workflows/a.yml": "a: wrong wrong\r\nb: 1\r\nc: wrong", ".github/workflows/b.yml": "a: person\n", "package.json": "{}\n"}
	p := newProject(t, files)
	status, diff, _ := publishChecked(t, publishCheckCommand{Target: p.dir, Format: "diff"})
	if status != exitFailed || !strings.HasPrefix(diff, "diff --git a/.github/workflows/a.yml ") || p.read(".github/workflows/a.yml") != files[".github/workflows/a.yml"] {
		t.Errorf("status %d, the patch is\n%s", status, diff)
	}
	// The patch is what --fix writes.
	other := newProject(t, files)
	other.git("init", "-q")
	other.write("patch", diff)
	other.git("apply", "--whitespace=nowarn", "patch")
	if err := os.Chmod(filepath.Join(p.dir, ".github/workflows/a.yml"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, _ := publishChecked(t, publishCheckCommand{Target: p.dir, Fix: true})
	if status != exitFailed || !strings.Contains(out, "written: .github/workflows/a.yml\n") || !strings.Contains(out, "A person must decide.") || strings.Contains(out, "warning: word") {
		t.Errorf("status %d\n%s", status, out)
	}
	if got := p.read(".github/workflows/a.yml"); got != "a: right right\r\nb: 1\r\nc: right" || got != other.read(".github/workflows/a.yml") {
		t.Errorf("it is %q, and %q by the patch", got, other.read(".github/workflows/a.yml"))
	}
	info, err := os.Stat(filepath.Join(p.dir, ".github/workflows/a.yml"))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(p.dir, ".github/workflows/.bonafide*")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v %v", left, err)
	}
	p.write(".github/workflows/b.yml", "a: 1\n")
	if status, out, _ = publishChecked(t, publishCheckCommand{Target: p.dir, Fix: true}); status != exitPassed || strings.Contains(out, "written") {
		t.Errorf("status %d\n%s", status, out)
	}
}

func TestPublishCheckWritesNothingOverOthersChanges(t *testing.T) {
	p := newProject(t, map[string]string{"package.json": "a"})
	d, err := openPublishDir(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if err := d.write(publish.Files{"package.json": []byte("b")}, publish.Files{"package.json": []byte("c")}); err == nil || !strings.Contains(err.Error(), "changed meanwhile") || p.read("package.json") != "a" {
		t.Errorf("%v, %q", err, p.read("package.json"))
	}
}

func TestPublishCheckReadsTheCheckoutAsGitDoes(t *testing.T) {
	p := newProject(t, map[string]string{
		".gitignore": "dist/\n", "package.json": "wrong", "dist/package.json": "wrong", "node_modules/a/package.json": "wrong", "web/package.json": "wrong",
		"other/package.json": "wrong", "notes.txt": "wrong", "outside.txt": "wrong",
	})
	long := strings.Repeat("x", publish.MaxFileBytes+1)
	p.write("big/package.json", long)
	p.write("gone/package.json", "wrong")
	if err := os.Symlink("../outside.txt", filepath.Join(p.dir, "web", "link.json")); err != nil {
		t.Skipf("skipped: no symlinks: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(p.dir, "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../outside.txt", filepath.Join(p.dir, "lib", "package.json")); err != nil {
		t.Fatal(err)
	}
	found := func(c publishCheckCommand) (files, unread []string, repository string) {
		t.Helper()
		c.Format = "json"
		_, out, _ := publishChecked(t, c)
		var doc struct {
			Repository       string
			Findings, Unread []struct{ File string }
		}
		if err := json.Unmarshal([]byte(out), &doc); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, f := range doc.Findings {
			files = append(files, f.File)
		}
		for _, u := range doc.Unread {
			unread = append(unread, u.File)
		}
		return files, unread, doc.Repository
	}
	files, unread, repository := found(publishCheckCommand{Target: p.dir})
	if want := []string{"dist/package.json", "gone/package.json", "other/package.json", "package.json", "web/package.json"}; !slices.Equal(files, want) || repository != "" {
		t.Errorf("without git: %v of %q", files, repository)
	}
	if want := []string{"big/package.json", "lib/package.json"}; !slices.Equal(unread, want) {
		t.Errorf("unread: %v", unread)
	}
	p.git("init", "-q")
	p.git("add", "gone")
	p.git("remote", "add", "origin", "https://somebody:secret@github.com/harbour/tide.git")
	p.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
	(&project{t, filepath.Join(p.dir, "other")}).git("init", "-q")
	if err := os.RemoveAll(filepath.Join(p.dir, "gone")); err != nil {
		t.Fatal(err)
	}
	files, _, repository = found(publishCheckCommand{Target: filepath.Join(p.dir, "web")})
	if want := []string{"package.json", "web/package.json"}; !slices.Equal(files, want) || repository != "github.com/harbour/tide" {
		t.Errorf("in the checkout: %v of %q", files, repository)
	}
	d, err := openPublishDir(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if facts := d.facts(); facts.DefaultBranch != "trunk" || facts.Private != nil {
		t.Errorf("%+v", facts)
	}
}

// What cannot be read is named, and the rest is read.
func TestPublishCheckNamesWhatItCannotRead(t *testing.T) {
	p := newProject(t, map[string]string{"package.json": "{}", "file/package.json": "{}", "link/package.json": "{}"})
	p.git("init", "-q")
	p.git("add", ".")
	if err := os.RemoveAll(filepath.Join(p.dir, "file")); err != nil {
		t.Fatal(err)
	}
	p.write("file", "no folder any more")
	if err := os.RemoveAll(filepath.Join(p.dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(os.TempDir(), filepath.Join(p.dir, "link")); err != nil {
		t.Skipf("skipped: no symlinks: %v", err)
	}
	t.Chdir(p.dir) // the path of a socket is short
	socket, err := net.Listen("unix", ".npmrc")
	if err != nil {
		t.Skipf("skipped: no sockets in folders: %v", err)
	}
	defer socket.Close()
	look := func(want ...string) {
		t.Helper()
		d, err := openPublishDir(".")
		if err != nil {
			t.Fatal(err)
		}
		defer d.close()
		files, unread, err := d.read(t.Context())
		if err != nil || len(files) != 1 {
			t.Fatalf("%v, %v", files, err)
		}
		var got []string
		for _, u := range unread {
			got = append(got, u.File+": "+u.Reason)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	}
	look("file/package.json: It could not be read: not a directory.", "link/package.json: It could not be read: path escapes from parent.")
	if err := os.RemoveAll(".git"); err != nil {
		t.Fatal(err)
	}
	look(".npmrc: It is no regular file.")
	many := fewUnread(make([]publish.Unread, 2_000_000))
	if last := many[len(many)-1]; len(many) != maxUnread || last.Reason != "1999501 more files were not read, and are not listed." {
		t.Errorf("%d, %+v", len(many), last)
	}
}

func TestAWorktreeKnowsItsRepository(t *testing.T) {
	p := newProject(t, map[string]string{
		"main/.git/config": "[remote \"origin\"]\n\turl = git@github.com:harbour/tide.git\n", "main/.git/worktrees/w/commondir": "../..\n",
		"w/.git": "gitdir: ../main/.git/worktrees/w\n", "odd/.git": "nothing",
	})
	d := &publishDir{git: gitFolder(filepath.Join(p.dir, "w", ".git"))}
	if got := d.facts().Repository; got != "github.com/harbour/tide" {
		t.Errorf("%q in %q", got, d.git)
	}
	if got := gitFolder(filepath.Join(p.dir, "odd", ".git")); got != "" {
		t.Errorf("%q", got)
	}
}

func TestRepositoriesOfRemotes(t *testing.T) {
	for remote, want := range map[string]string{
		"https://github.com/harbour/tide.git": "github.com/harbour/tide", "https://GitHub.com/harbour/tide/": "github.com/harbour/tide", "git@github.com:harbour/tide": "github.com/harbour/tide",
		"ssh://git@github.com:22/harbour/tide.git": "github.com/harbour/tide", "https://x-token:ghs_secret@git.example.com/harbour/tide": "git.example.com/harbour/tide",
		"https://gitlab.example.com/a/b/c": "", "/srv/git/tide.git": "", "../tide": "", `C:\tide`: "", "": "", "https://github.com/harbour/..": "", "https://%": "",
	} {
		if got := repositoryOf(remote); got != want {
			t.Errorf("%s is %q", remote, got)
		}
	}
	const config = "[core]\n\turl = no\n[remote \"upstream\"]\n\turl = no\n[remote \"origin\"]\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n\tURL = \"https://github.com/harbour/tide\"\n[branch \"main\"]\n\turl = no\n"
	if got := remoteURL(config); got != "https://github.com/harbour/tide" {
		t.Errorf("%q", got)
	}
}

func TestPublishCheckReadsARepositoryOnGitHub(t *testing.T) {
	const sha, blob = "1111111111111111111111111111111111111111", "8e933d077e0ba4c07d874614d263816eb5092902"
	answers := map[string]string{
		"/repos/harbour/tide":                    `{"html_url":"https://github.com/harbour/tide","private":true,"default_branch":"main"}`,
		"/repos/harbour/tide/git/ref/heads/main": fmt.Sprintf(`{"ref":"refs/heads/main","object":{"sha":%q}}`, sha),
		"/repos/harbour/tide/git/trees/" + sha:   fmt.Sprintf(`{"sha":%q,"truncated":false,"tree":[{"path":"package.json","mode":"100644","type":"blob","sha":%q,"size":6}]}`, sha, blob),
		"/repos/harbour/tide/git/blobs/" + blob:  "wrong\n",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.Path]
		switch {
		case r.Header.Get("Authorization") != "Bearer ghp_secret":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/repos/harbour/busy":
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(20*time.Minute).Unix()))
			w.WriteHeader(http.StatusForbidden)
		case !ok:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"message":"Not Found"}`)
		default:
			fmt.Fprint(w, answer)
		}
	}))
	t.Cleanup(server.Close)
	t.Chdir(t.TempDir())
	c := publishCheckCommand{Target: "harbour/tide", Format: "json", GitHubAPIURL: server.URL}
	if err := c.GitHubToken.UnmarshalText([]byte("ghp_secret")); err != nil {
		t.Fatal(err)
	}
	status, out, stderr := publishChecked(t, c)
	if status != exitFailed || !strings.Contains(out, `"private": true`) || !strings.Contains(out, `"default_branch": "main"`) || !strings.Contains(out, "It says wrong in github.com/harbour/tide.") || stderr != "" {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
	c.Target = "harbour/busy"
	if status, _, stderr = publishChecked(t, c); status != exitCouldNotCheck || !strings.Contains(stderr, "rate limit is used up; run it again in ") || !strings.Contains(stderr, "clone harbour/busy") {
		t.Errorf("status %d: %s", status, stderr)
	}
	c.Target = "harbour/sand"
	if status, _, stderr = publishChecked(t, c); status != exitUsage || !strings.Contains(stderr, "harbour/sand is not there, or the token may not see it") {
		t.Errorf("status %d: %s", status, stderr)
	}
	c.Fix = true
	if status, _, stderr = publishChecked(t, c); status != exitUsage || !strings.Contains(stderr, "clone harbour/sand") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestPublishCheckOnTheCommandLine(t *testing.T) {
	p := newProject(t, map[string]string{
		"job.log":  "2026-11-20T08:00:00.0000000Z npm error code ENEEDAUTH\n2026-11-20T08:00:00.0000000Z npm error need auth This command requires you to be logged in\n",
		"odd.log":  "##[error]The tide is out\n",
		"good.log": "+ tide@1.4.0\n", "empty/.keep": "", "empty.log": "", "logs.zip": "PK\x03\x04\x14\x00", "wide.log": "\xff\xfen\x00p\x00m\x00",
	})
	t.Chdir(p.dir)
	t.Setenv("GITHUB_TOKEN", "")
	t.Setenv("GH_TOKEN", "")
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"empty"}, exitPassed, "passed: nothing was found here that publishes packages"},
		{[]string{"empty", "--format", "json"}, exitPassed, `"schema": "bonafide.publish/v1"`},
		{[]string{"empty", "--format", "sarif"}, exitPassed, `"version": "2.1.0"`},
		{[]string{"empty", "--format", "diff"}, exitPassed, ""},
		{[]string{"empty", "--fix"}, exitPassed, "passed"},
		{[]string{"none"}, exitUsage, "none is no folder here, and no OWNER/NAME"},
		{[]string{"job.log"}, exitUsage, "--log job.log"},
		{[]string{"harbour/tide"}, exitUsage, "give a token"},
		{[]string{"--log", "job.log"}, exitFailed, "actions/setup-node needs `registry-url"},
		{[]string{"--log", "job.log", "--format", "json"}, exitFailed, `"code": "ENEEDAUTH"`},
		{[]string{"--log", "odd.log"}, exitCouldNotCheck, "none of which this version knows"},
		{[]string{"--log", "good.log"}, exitPassed, "nothing in the log"},
		{[]string{"--log", "none.log"}, exitUsage, "--log none.log: no such file"},
		{[]string{"--log", "empty"}, exitUsage, "is a folder"},
		{[]string{"--log", "empty.log"}, exitUsage, "it is empty"},
		{[]string{"--log", "logs.zip"}, exitUsage, "unpack it"},
		{[]string{"--log", "wide.log"}, exitUsage, "Out-File -Encoding utf8"},
		{[]string{"--log", "job.log", "empty"}, exitUsage, "leave empty away"},
		{[]string{"--log", "job.log", "--fix"}, exitUsage, "mends nothing"},
		{[]string{"--log", "job.log", "--format", "sarif"}, exitUsage, "table or json"},
		{[]string{"empty", "--format", "csv"}, exitUsage, "--format"},
	} {
		status, out, stderr := command(t, append([]string{"publish-check"}, tt.args...)...)
		if said := strings.Join(strings.Fields(out+stderr), " "); status != tt.status || !strings.Contains(said, tt.says) {
			t.Errorf("%v: status %d\n%s%s", tt.args, status, out, stderr)
		}
	}
	stdin := os.Stdin
	t.Cleanup(func() { os.Stdin = stdin })
	log, err := os.Open("job.log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	os.Stdin = log
	if status, out, stderr := command(t, "publish-check", "--log", "-"); status != exitFailed || !strings.Contains(out, "ENEEDAUTH") {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
}

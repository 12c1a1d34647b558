package app_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/publish"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

// wantsIDToken finds "contents: read" without "id-token: write" below it, and mends it.
func wantsIDToken(o *app.Options, _ *sandbox.World) {
	o.Publishing = &review.PublishCheck{
		Wanted: func(p string) bool { return path.Dir(p) == ".github/workflows" },
		Check: func(files publish.Files, _ publish.Facts) (r publish.Report) {
			for name, data := range files {
				lines := strings.Split(string(data), "\n")
				for i, line := range lines {
					if strings.TrimSpace(line) == "contents: read" && !strings.Contains(lines[i+1], "id-token: write") {
						r.Findings = append(r.Findings, publish.Finding{Rule: "id-token-missing", File: name, Line: i, Message: "The job publishes without id-token: write.", Help: "Add it.",
							Edits: []publish.Edit{{File: name, From: i + 2, To: i + 1, Lines: []string{"      id-token: write"}}}})
					}
				}
			}
			return r
		},
	}
}

func TestAWorkflowThatPublishesWronglyIsToldAtItsLineWithASuggestion(t *testing.T) {
	const file = ".github/workflows/release.yml"
	workflow := func(job, more string) forge.File {
		return forge.Text("on: push\njobs:\n  " + job + ":\n    permissions:\n      contents: read\n" + more + "    steps: []\n")
	}
	p := withFiles(emptyStage(t, true, wantsIDToken), forge.Files{
		"bonafide.yml": forge.Text("version: 1\ncomments: all\n"), file: workflow("publish", "      id-token: write\n"),
		".github/workflows/old.yml": workflow("old", ""),
	})
	p.settle()
	pull := p.pull(forge.Files{file: workflow("publish", "")})
	run := p.ends(pull.HeadSHA(), "success", "publish-workflow", "without id-token: write")
	if a := run.Annotations; len(a) != 1 || a[0].Path != file || a[0].StartLine != 4 || a[0].Level != "notice" {
		t.Errorf("%+v", a)
	}
	comments := pull.ReviewComments()
	if len(comments) != 1 || comments[0].Path != file || fmt.Sprint(comments[0].StartLine, comments[0].Line) != "0 5" ||
		!strings.Contains(comments[0].Body, "```suggestion\n      contents: read\n      id-token: write\n```\n") {
		t.Errorf("%+v", comments)
	}
	_, err := pull.Push(p.ctx, forge.Files{file: workflow("publish", "      id-token: write\n"), "README.md": forge.Text("x\n")})
	p.must(err)
	p.settle()
	p.ends(pull.HeadSHA(), "success")
	if c := pull.ReviewComments(); len(c) != 1 || !strings.Contains(c[0].Body, "Resolved in") {
		t.Errorf("%+v", c)
	}
}

// rightly publishes packages/web as a trusted publisher.
const rightly = `name: Release
on:
  push:
    tags: ['v*']
permissions: {}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      id-token: write
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-node@v5
        with:
          node-version: 24
          registry-url: https://registry.npmjs.org
      - run: npm publish
        working-directory: packages/web
`

// publishes is a repository that publishes rightly, under a policy.
func publishes(t *testing.T, rest string) *play {
	p := withFiles(emptyStage(t, true), forge.Files{
		"bonafide.yml": forge.Text("version: 1\n" + rest), ".github/workflows/release.yml": forge.Text(rightly),
		"package.json":              forge.Text(`{"name":"root","private":true,"workspaces":["packages/*"]}`),
		"packages/web/package.json": forge.Text(`{"name":"@acme/web","version":"1.0.0","repository":"github:acme/web","publishConfig":{"provenance":true,"access":"public"}}`),
	})
	p.settle()
	return p
}

func TestWhatAPullRequestBreaksAboutPublishingWeighsAsThePolicySays(t *testing.T) {
	const file = ".github/workflows/release.yml"
	broken := forge.Files{file: forge.Text(strings.Replace(rightly, "      id-token: write\n", "", 1))}
	for _, c := range []struct {
		policy, conclusion, level string
		comments                  int
	}{
		{"", "success", "notice", 0},
		{"comments: all\n", "success", "notice", 1},
		{"rules: { publish-workflow: warning }\n", "success", "warning", 0},
		{"rules: { publish-workflow: error }\n", "failure", "failure", 1},
		{"rules: { publish-workflow: error }\ncomments: off\n", "failure", "failure", 0},
		{"rules: { publish-workflow: error }\nmode: observe\n", "success", "warning", 1},
		{"rules: { publish-workflow: off }\ncomments: all\n", "success", "", 0},
	} {
		t.Run(c.policy, func(t *testing.T) {
			p := publishes(t, c.policy)
			fork, err := p.repo.Fork(p.ctx, "mallory")
			p.must(err)
			_, err = fork.Push(p.ctx, forge.Change{Branch: "update", Files: broken})
			p.must(err)
			pull, err := p.repo.OpenPull(p.ctx, forge.PullSpec{From: fork, Head: "update"})
			p.must(err)
			p.settle()
			run := p.ends(pull.HeadSHA(), c.conclusion)
			level := ""
			for _, a := range run.Annotations {
				if level = a.Level; a.Path != file {
					t.Errorf("%+v", a)
				}
			}
			comments := pull.ReviewComments()
			if level != c.level || len(comments) != c.comments || len(run.Annotations) > 1 {
				t.Errorf("%+v, %d comments", run.Annotations, len(comments))
			}
			for _, comment := range comments {
				if !strings.Contains(comment.Body, "```suggestion\n") || !strings.Contains(comment.Body, "id-token: write") {
					t.Errorf("no suggestion: %s", comment.Body)
				}
			}
		})
	}
}

func TestAnOrdinaryChangeOfAWorkflowIsToldNothing(t *testing.T) {
	const file = ".github/workflows/release.yml"
	for name, files := range map[string]forge.Files{
		"another line":      {file: forge.Text(strings.Replace(rightly, "ubuntu-latest", "ubuntu-24.04", 1))},
		"another name":      {file: forge.Text("# moved\n" + rightly)},
		"one that is gone":  {file: forge.Deleted()},
		"one that is moved": {file: forge.Deleted(), ".github/workflows/publish.yml": forge.Text(rightly)},
		"one beside it":     {".github/workflows/test.yml": forge.Text("on: pull_request\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v5\n      - run: npm test\n")},
	} {
		for _, cut := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, listings cut %v", name, cut), func(t *testing.T) {
				p := publishes(t, "comments: all\n")
				p.GitHub.SetQuirks(forge.Quirks{TruncateTrees: cut})
				pull := p.pull(files)
				if run := p.ends(pull.HeadSHA(), "success"); len(run.Annotations) > 0 {
					t.Errorf("%+v", run.Annotations)
				}
			})
		}
	}
}

func TestWhatWasNotListedIsNotGuessed(t *testing.T) {
	second := strings.Replace(rightly, "packages/web\n", "packages/web\n        env:\n          NODE_AUTH_TOKEN: ${{ secrets.NPM }}\n", 1)
	for cut, want := range map[bool]string{
		false: "Publishing to npm rests on a long-lived token",
		true:  "Whether provenance is asked for depends on what no file says. Publishing to npm rests on a long-lived token",
	} {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			p := publishes(t, "")
			p.GitHub.SetQuirks(forge.Quirks{TruncateTrees: cut})
			pull := p.pull(forge.Files{".github/workflows/second.yml": forge.Text(second)})
			var got []string
			for _, a := range p.ends(pull.HeadSHA(), "success").Annotations {
				said, _, _ := strings.Cut(a.Message, "\n")
				got = append(got, said)
				if strings.Contains(a.Message, "`") {
					t.Errorf("no plain text: %s", a.Message)
				}
			}
			if text := strings.Join(got, " "); !strings.HasPrefix(text, want) {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestAWorkflowThatCannotBeReadAnyMoreIsSaid(t *testing.T) {
	const file = ".github/workflows/release.yml"
	p := publishes(t, "comments: all\n")
	pull := p.pull(forge.Files{file: forge.Text(strings.Replace(rightly, "      id-token: write\n", "", 1))})
	_, err := pull.Push(p.ctx, forge.Files{file: forge.Text(rightly + "  <b>: [`\n")})
	p.must(err)
	p.settle()
	run := p.ends(pull.HeadSHA(), "success", "cannot be read")
	if a := run.Annotations; len(a) != 1 || a[0].Path != file || a[0].Level != "notice" {
		t.Errorf("%+v", a)
	}
	comments := pull.ReviewComments()
	for _, c := range comments {
		if strings.Contains(c.Body, "Resolved") {
			t.Errorf("what nobody could read is not mended: %s", c.Body)
		}
	}
	if _, err = pull.Push(p.ctx, forge.Files{file: forge.Text(rightly + "# mended\n")}); err != nil || len(comments) == 0 {
		t.Fatal(err, comments)
	}
	p.settle()
	if c := pull.ReviewComments(); !strings.Contains(c[0].Body, "Resolved") {
		t.Errorf("%s", c[0].Body)
	}
}

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

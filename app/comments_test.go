package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

// asked is locked with one package that package.json asks for.
func (p *play) asked(id string) forge.Files {
	p.t.Helper()
	name, version, _ := strings.Cut(id, "@")
	var doc map[string]any
	p.must(json.Unmarshal([]byte(p.lock(id)), &doc))
	doc["packages"].(map[string]any)[""].(map[string]any)["dependencies"] = map[string]any{name: "^" + version}
	out, err := json.MarshalIndent(doc, "", "  ")
	p.must(err)
	return forge.Files{
		"package-lock.json": forge.Text(string(out) + "\n"),
		"package.json":      forge.Text(fmt.Sprintf("{\n  \"name\": \"web\",\n  \"dependencies\": {\n    %q: \"^%s\"\n  }\n}\n", name, version)),
	}
}

func TestADraftGetsItsCommentsWhenItIsReady(t *testing.T) {
	p := newPlay(t, true, nil)
	_, err := p.repo.Push(p.ctx, forge.Change{Branch: "draft", Files: p.asked(lost)})
	p.must(err)
	pull, err := p.repo.OpenPull(p.ctx, forge.PullSpec{Head: "draft", Draft: true})
	p.must(err)
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
	if n := len(pull.Reviews()) + len(pull.ReviewComments()); n != 0 {
		t.Errorf("the draft has %d comments", n)
	}
	p.must(pull.Ready(p.ctx))
	p.settle()
	if n := len(p.repo.CheckRuns(pull.HeadSHA())); n != 1 {
		t.Errorf("%d checks", n)
	}
	comments := pull.ReviewComments()
	if len(comments) != 1 || len(pull.Reviews()) != 1 {
		t.Fatalf("%d comments, %d reviews", len(comments), len(pull.Reviews()))
	}
	if c := comments[0]; c.Path != "package.json" || c.Line != 4 || !strings.Contains(c.Body, "provenance-lost") || !strings.Contains(c.Body, "/bonafide accept npm:tide@1.0.1 provenance-lost REASON") {
		t.Errorf("%s:%d: %s", c.Path, c.Line, c.Body)
	}

	_, err = pull.Push(p.ctx, p.asked(mended))
	p.must(err)
	p.settle()
	if after := pull.ReviewComments(); len(after) != 1 || !strings.Contains(after[0].Body, "Resolved in "+pull.HeadSHA()) {
		t.Errorf("%+v", after)
	}
}

func TestThePolicySaysWhatIsCommentedOn(t *testing.T) {
	for comments, want := range map[string]string{"off": "", "all": "error warning"} {
		t.Run(comments, func(t *testing.T) {
			p := newPlay(t, true, forge.Files{".github/bonafide.yml": forge.Text(oneError + "comments: " + comments + "\n")})
			pull := p.pull(p.asked(lost))
			p.ends(pull.HeadSHA(), "failure", "provenance-lost")
			said := ""
			for _, c := range pull.ReviewComments() {
				said += c.Body
			}
			for _, weight := range []string{"error", "warning"} {
				if strings.Contains(said, weight+" **") != strings.Contains(want, weight) {
					t.Errorf("%s: %s", weight, said)
				}
			}
			if n := len(pull.Reviews()); n != min(len(want), 1) {
				t.Errorf("%d reviews", n)
			}
		})
	}
}

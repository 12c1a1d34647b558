package forge_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

// numbers is a text with a number on each line.
func numbers(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintln(&b, i)
	}
	return b.String()
}

// actions lists hooks as "event.action".
func actions(hooks []hook) []string {
	var all []string
	for _, h := range hooks {
		var body struct{ Action string }
		_ = json.Unmarshal(h.payload, &body) // the receiver validated it
		all = append(all, strings.TrimSuffix(h.event+"."+body.Action, "."))
	}
	return all
}

func TestPullRequestsSendWhatGitHubSends(t *testing.T) {
	w := newWorld(t)
	w.forge.SetQuirks(forge.Quirks{MultiSelectProperties: true})
	w.must(w.forge.Ping(w.ctx))
	p := w.change("update", numbers(1, 20)+"new\n"+numbers(21, 40))
	_, err := p.Push(w.ctx, forge.Files{"README.md": forge.Text("# changed\n")})
	w.must(err)
	tip, err := w.repo.Tip(w.ctx, "main")
	w.must(err)
	_, err = w.repo.Push(w.ctx, forge.Change{Branch: "stable", From: tip, Files: forge.Files{"x": forge.Text("x")}})
	w.must(err)
	w.must(p.Retarget(w.ctx, "stable"))
	w.must(p.Rename(w.ctx, "Another title"))
	w.must(p.Close(w.ctx))
	w.must(p.Reopen(w.ctx))
	_, err = w.repo.MergeGroup(w.ctx, p)
	w.must(err)
	got := actions(w.hooks())
	want := []string{"installation.created", "ping", "push", "check_suite.requested", "pull_request.opened", "push", "check_suite.requested", "pull_request.synchronize",
		"push", "check_suite.requested", "pull_request.edited", "pull_request.edited", "pull_request.closed", "pull_request.reopened", "merge_group.checks_requested"}
	if !slices.Equal(got, want) {
		t.Errorf("events\n%v\nwant\n%v", got, want)
	}
}

func TestCheckRunsKeepGitHubsRules(t *testing.T) {
	w := newWorld(t)
	p := w.change("update", numbers(2, 40))
	create := func(o github.CreateCheckRunOptions) (*github.CheckRun, error) {
		run, _, err := w.client.Checks.CreateCheckRun(w.ctx, "acme", "web", o)
		return run, err
	}
	if _, err := create(github.CreateCheckRunOptions{Name: "bonafide", HeadSHA: strings.Repeat("1", 40)}); refused(err) != 422 {
		t.Errorf("a check run on an unknown commit: %v", err)
	}
	run, err := create(github.CreateCheckRunOptions{Name: "bonafide", HeadSHA: p.HeadSHA(), Status: github.String("in_progress"), ExternalID: github.String("pr/1")})
	w.must(err)
	fifty := make([]*github.CheckRunAnnotation, 50)
	for i := range fifty {
		fifty[i] = &github.CheckRunAnnotation{Path: github.String("package-lock.json"), StartLine: github.Int(i + 1), EndLine: github.Int(i + 1),
			AnnotationLevel: github.String("failure"), Message: github.String(fmt.Sprint("line ", i+1)), Title: github.String("title")}
	}
	update := func(client *github.Client, title, text string, annotations []*github.CheckRunAnnotation) error {
		_, _, err := client.Checks.UpdateCheckRun(w.ctx, "acme", "web", run.GetID(), github.UpdateCheckRunOptions{Name: "bonafide",
			Output: &github.CheckRunOutput{Title: &title, Summary: github.String("summary"), Text: &text, Annotations: annotations}})
		return err
	}
	w.must(update(w.client, "first", "text", fifty))
	w.must(update(w.client, "second", strings.Repeat("é", 40_000), fifty))
	if err := update(w.unjudged, "third", "", append(fifty, fifty[0])); refused(err) != 422 {
		t.Errorf("51 annotations: %v", err)
	}
	_, _, err = w.client.Checks.UpdateCheckRun(w.ctx, "acme", "web", run.GetID(), github.UpdateCheckRunOptions{Name: "bonafide",
		Output: &github.CheckRunOutput{Title: github.String("t"), Summary: github.String(strings.Repeat("é", 40_000))}})
	if refused(err) != 422 {
		t.Errorf("a summary of 80,000 bytes: %v", err)
	}
	_, _, err = w.unjudged.Checks.UpdateCheckRun(w.ctx, "acme", "web", run.GetID(), github.UpdateCheckRunOptions{Name: "bonafide", Status: github.String("completed")})
	if refused(err) != 422 {
		t.Errorf("completed without a conclusion: %v", err)
	}
	_, _, err = w.client.Checks.UpdateCheckRun(w.ctx, "acme", "web", run.GetID(), github.UpdateCheckRunOptions{Name: "bonafide", Conclusion: github.String("failure")})
	w.must(err)
	kept := w.repo.CheckRuns(p.HeadSHA())
	if len(kept) != 1 || len(kept[0].Annotations) != 100 || kept[0].Title != "second" || kept[0].Status != "completed" || kept[0].Completed.IsZero() {
		t.Fatalf("annotations are appended, the output is replaced, a conclusion completes: %+v", kept)
	}
	if n := len(kept[0].Text); n != 65_534 {
		t.Errorf("text is cut silently at 65,535 bytes, between characters; %d are left", n)
	}
	var listed []*github.CheckRunAnnotation
	for page := 1; page > 0; {
		part, resp, err := w.client.Checks.ListCheckRunAnnotations(w.ctx, "acme", "web", run.GetID(), &github.ListOptions{PerPage: 30, Page: page})
		w.must(err)
		listed, page = append(listed, part...), resp.NextPage
	}
	if len(listed) != 100 || listed[99].GetMessage() != "line 50" {
		t.Errorf("%d annotations listed", len(listed))
	}
	// A second run of the name hides the first one, unless all are asked for.
	_, err = create(github.CreateCheckRunOptions{Name: "bonafide", HeadSHA: p.HeadSHA(), Conclusion: github.String("success"), Status: github.String("completed")})
	w.must(err)
	other, err := w.repo.AddForeignCheckRun(w.ctx, "impostor", "bonafide", p.HeadSHA(), "success")
	w.must(err)
	for filter, want := range map[string]int{"latest": 1, "all": 2} {
		list, _, err := w.client.Checks.ListCheckRunsForRef(w.ctx, "acme", "web", p.HeadSHA(), &github.ListCheckRunsOptions{
			CheckName: github.String("bonafide"), AppID: github.Int64(w.forge.AppID()), Filter: &filter})
		w.must(err)
		if list.GetTotal() != want {
			t.Errorf("filter %s lists %d", filter, list.GetTotal())
		}
	}
	_, _, err = w.client.Checks.UpdateCheckRun(w.ctx, "acme", "web", other, github.UpdateCheckRunOptions{Name: "bonafide", Conclusion: github.String("failure")})
	if refused(err) != 403 {
		t.Errorf("writing another App's check run: %v", err)
	}
	w.hooks()
	w.must(w.forge.RerequestRun(w.ctx, run.GetID()))
	w.must(w.forge.RequestAction(w.ctx, "", run.GetID(), "again"))
	w.must(w.repo.RerequestSuite(w.ctx, p.HeadSHA()))
	if got := actions(w.hooks()); !slices.Equal(got, []string{"check_run.rerequested", "check_run.requested_action", "check_suite.rerequested"}) {
		t.Errorf("events %v", got)
	}
	suites, _, err := w.client.Checks.ListCheckSuitesForRef(w.ctx, "acme", "web", p.HeadSHA(), &github.ListCheckSuiteOptions{AppID: github.Int(int(w.forge.AppID()))})
	w.must(err)
	if suites.GetTotal() != 1 || suites.CheckSuites[0].GetConclusion() != "success" {
		t.Errorf("suites %+v", suites)
	}
	runs, _, err := w.client.Checks.ListCheckRunsCheckSuite(w.ctx, "acme", "web", suites.CheckSuites[0].GetID(), nil)
	w.must(err)
	if runs.GetTotal() != 1 {
		t.Errorf("runs of the suite %+v", runs)
	}
}

func TestOneCommentOffTheDiffRefusesTheWholeReview(t *testing.T) {
	w := newWorld(t)
	p := w.change("update", numbers(1, 20)+"new\n"+numbers(21, 40)) // line 21 is new; 18 to 24 are shown
	review := func(lines ...int) error {
		var comments []*github.DraftReviewComment
		for _, line := range lines {
			comments = append(comments, &github.DraftReviewComment{Path: github.String("package-lock.json"), Line: github.Int(line), Side: github.String("RIGHT"), Body: github.String("look")})
		}
		_, _, err := w.client.PullRequests.CreateReview(w.ctx, "acme", "web", p.Number, &github.PullRequestReviewRequest{
			CommitID: github.String(p.HeadSHA()), Event: github.String("COMMENT"), Body: github.String("body"), Comments: comments})
		return err
	}
	if err := review(21, 30); refused(err) != 422 || !strings.Contains(err.Error(), "Line could not be resolved") {
		t.Errorf("a line off the diff: %v", err)
	}
	if got := p.Reviews(); len(got) != 0 {
		t.Fatalf("a refused review left %+v", got)
	}
	w.must(review(21, 18))
	got := p.Reviews()
	if len(got) != 1 || len(got[0].Comments) != 2 || !strings.HasSuffix(got[0].Comments[0].Hunk, "\n+new") || got[0].State != "COMMENTED" {
		t.Errorf("review %+v", got)
	}
	file := func(path, subject string, line *int) error {
		_, _, err := w.client.PullRequests.CreateComment(w.ctx, "acme", "web", p.Number, &github.PullRequestComment{
			Body: github.String("whole file"), CommitID: github.String(p.HeadSHA()), Path: &path, SubjectType: &subject, Line: line})
		return err
	}
	w.must(file("package-lock.json", "file", nil))
	if err := file("README.md", "file", nil); refused(err) != 422 {
		t.Errorf("a comment on a file that is not in the diff: %v", err)
	}
	if err := file("package-lock.json", "line", github.Int(1)); refused(err) != 422 || !strings.Contains(err.Error(), "must be part of the diff") {
		t.Errorf("a comment off the diff: %v", err)
	}
	listed, _, err := w.client.PullRequests.ListComments(w.ctx, "acme", "web", p.Number, nil)
	w.must(err)
	if len(listed) != 3 || listed[0].GetLine() != 21 || listed[0].GetPosition() != 4 || listed[2].GetSubjectType() != "file" {
		t.Errorf("comments %+v", listed)
	}
	foreign, err := p.Remark(w.ctx, "reviewer", "package-lock.json", 21, "mine")
	w.must(err)
	edit := func(id int64) error {
		_, _, err := w.client.PullRequests.EditComment(w.ctx, "acme", "web", id, &github.PullRequestComment{Body: github.String("mended")})
		return err
	}
	w.must(edit(listed[0].GetID()))
	if err := edit(foreign); refused(err) != 403 {
		t.Errorf("editing another's comment: %v", err)
	}
	_, err = w.client.PullRequests.DeleteComment(w.ctx, "acme", "web", listed[1].GetID())
	w.must(err)
	// A push makes the rest outdated.
	_, err = p.Push(w.ctx, forge.Files{"package-lock.json": forge.Text(numbers(1, 41))})
	w.must(err)
	one, _, err := w.client.PullRequests.GetComment(w.ctx, "acme", "web", listed[0].GetID())
	w.must(err)
	if one.Line != nil || one.GetOriginalLine() != 21 || one.GetBody() != "mended" {
		t.Errorf("an outdated comment %+v", one)
	}
	if err := review(21); refused(err) != 0 && refused(err) != 422 {
		t.Error(err)
	}
	comment, _, err := w.client.Issues.CreateComment(w.ctx, "acme", "web", p.Number, &github.IssueComment{Body: github.String("hello")})
	w.must(err)
	_, _, err = w.client.Issues.EditComment(w.ctx, "acme", "web", comment.GetID(), &github.IssueComment{Body: github.String("hello again")})
	w.must(err)
	talk, _, err := w.client.Issues.ListComments(w.ctx, "acme", "web", p.Number, nil)
	w.must(err)
	if len(talk) != 1 || talk[0].GetBody() != "hello again" || talk[0].GetUser().GetLogin() != "bonafide[bot]" {
		t.Errorf("timeline %+v", talk)
	}
}

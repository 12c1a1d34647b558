package forge_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

func TestTheSameCallsMakeTheSameCommits(t *testing.T) {
	first, second := newWorld(t).change("update", numbers(2, 40)), newWorld(t).change("update", numbers(2, 40))
	if first.HeadSHA() != second.HeadSHA() {
		t.Errorf("%s and %s", first.HeadSHA(), second.HeadSHA())
	}
}

func TestAForkIsReadThroughTheBaseEvenOnceItIsGone(t *testing.T) {
	w := newWorld(t)
	fork, err := w.repo.Fork(w.ctx, "stranger")
	w.must(err)
	_, err = fork.Push(w.ctx, forge.Change{Branch: "patch", Files: forge.Files{"package-lock.json": forge.Text(numbers(1, 39))}})
	w.must(err)
	// The base goes on meanwhile: the merge base stays where the fork left.
	root, err := w.repo.Tip(w.ctx, "main")
	w.must(err)
	_, err = w.repo.Push(w.ctx, forge.Change{Branch: "main", Files: forge.Files{"other": forge.Text("x")}})
	w.must(err)
	p, err := w.repo.OpenPull(w.ctx, forge.PullSpec{Head: "patch", From: fork})
	w.must(err)
	w.hooks()
	run, _, err := w.client.Checks.CreateCheckRun(w.ctx, "acme", "web", github.CreateCheckRunOptions{Name: "bonafide", HeadSHA: p.HeadSHA(), Status: github.String("in_progress")})
	w.must(err)
	w.must(w.forge.RerequestRun(w.ctx, run.GetID()))
	for _, h := range w.hooks() {
		if h.event == "check_run" && !bytes.Contains(h.payload, []byte(`"pull_requests":[]`)) {
			t.Errorf("a fork's pull request is named in %s", h.payload)
		}
	}
	w.must(fork.Delete(w.ctx))
	pull, _, err := w.client.PullRequests.Get(w.ctx, "acme", "web", p.Number)
	w.must(err)
	if pull.Head.Repo != nil || pull.GetState() != "open" || pull.GetHead().GetLabel() != "stranger:patch" {
		t.Errorf("head %+v", pull.Head)
	}
	compared, _, err := w.client.Repositories.CompareCommits(w.ctx, "acme", "web", pull.GetBase().GetSHA(), p.HeadSHA(), nil)
	w.must(err)
	if compared.GetMergeBaseCommit().GetSHA() != root || compared.GetStatus() != "diverged" || len(compared.Files) != 1 {
		t.Errorf("merge base %s, want %s; %d files", compared.GetMergeBaseCommit().GetSHA(), root, len(compared.Files))
	}
	data, _, err := w.client.Git.GetBlobRaw(w.ctx, "acme", "web", compared.Files[0].GetSHA())
	w.must(err)
	if string(data) != numbers(1, 39) {
		t.Errorf("content %q", data)
	}
	ref, _, err := w.client.Git.GetRef(w.ctx, "acme", "web", fmt.Sprintf("pull/%d/head", p.Number))
	w.must(err)
	if ref.GetObject().GetSHA() != p.HeadSHA() {
		t.Errorf("refs/pull/%d/head is %s", p.Number, ref.GetObject().GetSHA())
	}
	for _, quirk := range []bool{false, true} {
		w.forge.SetQuirks(forge.Quirks{NoPullsOfForkCommits: quirk})
		pulls, _, err := w.client.PullRequests.ListPullRequestsWithCommit(w.ctx, "acme", "web", p.HeadSHA(), nil)
		w.must(err)
		if (len(pulls) == 0) != quirk {
			t.Errorf("commits/SHA/pulls lists %d", len(pulls))
		}
	}
}

func TestFilesOfAPullRequestHaveGitsStatusAndGitHubsLimits(t *testing.T) {
	w := newWorld(t)
	_, err := w.repo.Push(w.ctx, forge.Change{Branch: "main", Files: forge.Files{
		"old.txt": forge.Text(numbers(1, 100)), "gone.txt": forge.Text("gone\n"), "turned": forge.Text("a file\n"), "link": forge.Symlink("old.txt"),
		"binary": forge.Bytes([]byte{0, 1, 2}), "vendored": forge.Submodule(strings.Repeat("a", 40)), `odd "name"` + "\n": forge.Text("x\n")}})
	w.must(err)
	long, wide := numbers(1, 20_001), strings.Repeat(strings.Repeat("x", 999)+"\n", 501)
	_, err = w.repo.Push(w.ctx, forge.Change{Branch: "all", From: "main", Files: forge.Files{
		"old.txt": forge.Deleted(), "new.txt": forge.Text(numbers(1, 101)), "gone.txt": forge.Deleted(), "turned": forge.Symlink("link"),
		"link": forge.Symlink("new.txt"), "binary": forge.Bytes([]byte{0, 1, 2, 3}), "vendored": forge.Submodule(strings.Repeat("b", 40)),
		"long": forge.Text(long), "wide": forge.Text(wide), `odd "name"` + "\n": forge.Text("y\n"), "a/b/package-lock.json": forge.Executable("{}\n")}})
	w.must(err)
	p, err := w.repo.OpenPull(w.ctx, forge.PullSpec{Head: "all"})
	w.must(err)
	files, _, err := w.client.PullRequests.ListFiles(w.ctx, "acme", "web", p.Number, &github.ListOptions{PerPage: 100})
	w.must(err)
	got := map[string]string{}
	for _, f := range files {
		got[f.GetFilename()] = fmt.Sprintf("%s %d+ %d- %t %s", f.GetStatus(), f.GetAdditions(), f.GetDeletions(), f.Patch != nil, f.GetPreviousFilename())
	}
	want := map[string]string{
		"new.txt": "renamed 1+ 0- true old.txt", "gone.txt": "removed 0+ 1- true ", "turned": "changed 1+ 1- false ", "link": "modified 1+ 1- true ",
		"binary": "modified 0+ 0- false ", "vendored": "modified 1+ 1- true ", "long": "added 20001+ 0- false ", "wide": "added 501+ 0- false ",
		`odd "name"` + "\n": "modified 1+ 1- true ", "a/b/package-lock.json": "added 1+ 0- true ",
	}
	for path, facts := range want {
		if got[path] != facts {
			t.Errorf("%q is %q, want %q", path, got[path], facts)
		}
	}
	if len(got) != len(want) {
		t.Errorf("files %v", got)
	}
	_, _, err = w.client.PullRequests.CreateComment(w.ctx, "acme", "web", p.Number, &github.PullRequestComment{Body: github.String("x"), CommitID: github.String(p.HeadSHA()),
		Path: github.String("long"), Line: github.Int(1), Side: github.String("RIGHT")})
	if refused(err) != 422 || !strings.Contains(err.Error(), "path diff too large") {
		t.Errorf("a comment on a diff that is too large: %v", err)
	}
}

func TestListsOfFilesEndWhereGitHubEndsThem(t *testing.T) {
	w := newWorld(t)
	many := forge.Files{}
	for i := range 3_005 {
		many[fmt.Sprintf("d%d/f%04d", i%7, i)] = forge.Text(fmt.Sprint(i))
	}
	_, err := w.repo.Push(w.ctx, forge.Change{Branch: "many", Files: many})
	w.must(err)
	p, err := w.repo.OpenPull(w.ctx, forge.PullSpec{Head: "many"})
	w.must(err)
	seen, pages := 0, 0
	for page := 1; page > 0; pages++ {
		files, resp, err := w.client.PullRequests.ListFiles(w.ctx, "acme", "web", p.Number, &github.ListOptions{Page: page, PerPage: 100})
		w.must(err)
		seen, page = seen+len(files), resp.NextPage
	}
	pull, _, err := w.client.PullRequests.Get(w.ctx, "acme", "web", p.Number)
	w.must(err)
	if seen != 3_000 || pages != 30 || pull.GetChangedFiles() != 3_005 {
		t.Errorf("%d files on %d pages, %d changed", seen, pages, pull.GetChangedFiles())
	}
	compared, _, err := w.client.Repositories.CompareCommits(w.ctx, "acme", "web", "main", p.HeadSHA(), &github.ListOptions{PerPage: 100})
	w.must(err)
	if len(compared.Files) != 300 {
		t.Errorf("compare lists %d files", len(compared.Files))
	}
}

func TestTreesBlobsAndContents(t *testing.T) {
	w := newWorld(t)
	big := bytes.Repeat([]byte("0123456789abcde\n"), 70_000) // 1.12 MB
	sha, err := w.repo.Push(w.ctx, forge.Change{Branch: "main", Files: forge.Files{
		"a/b/c.json": forge.Text("{}\n"), "a/link": forge.Symlink("b/c.json"), "a/out": forge.Symlink("../../etc/passwd"), "big": forge.Bytes(big),
		"vendored": forge.Submodule(strings.Repeat("a", 40)), "a b/#1%?.json": forge.Text("odd\n")}})
	w.must(err)
	for _, truncated := range []bool{false, true} {
		w.forge.SetQuirks(forge.Quirks{TruncateTrees: truncated})
		tree, _, err := w.client.Git.GetTree(w.ctx, "acme", "web", sha, true)
		w.must(err)
		if tree.GetTruncated() != truncated {
			t.Errorf("truncated is %t", tree.GetTruncated())
		}
		if truncated {
			continue
		}
		var got []string
		for _, e := range tree.Entries {
			got = append(got, e.GetMode()+" "+e.GetType()+" "+e.GetPath())
		}
		want := []string{"100644 blob README.md", "040000 tree a b", "100644 blob a b/#1%?.json", "040000 tree a", "040000 tree a/b", "100644 blob a/b/c.json",
			"120000 blob a/link", "120000 blob a/out", "100644 blob big", "100644 blob package-lock.json", "160000 commit vendored"}
		if !slices.Equal(got, want) {
			t.Errorf("tree\n%v\nwant\n%v", got, want)
		}
	}
	file := func(path string) *github.RepositoryContent {
		t.Helper()
		f, _, _, err := w.client.Repositories.GetContents(w.ctx, "acme", "web", path, &github.RepositoryContentGetOptions{Ref: sha})
		w.must(err)
		return f
	}
	for path, want := range map[string]string{"a/b/c.json": "file", "a/link": "file", "a/out": "symlink", "vendored": "submodule", "a b/#1%?.json": "file"} {
		if got := file(path); got.GetType() != want {
			t.Errorf("%s is a %s", path, got.GetType())
		}
	}
	if text, err := file("a/link").GetContent(); err != nil || text != "{}\n" {
		t.Errorf("a link is followed: %q, %v", text, err)
	}
	if got := file("big"); got.GetEncoding() != "none" || got.GetSize() != len(big) {
		t.Errorf("a file over 1 MB: encoding %q, size %d", got.GetEncoding(), got.GetSize())
	}
	req, err := w.client.NewRequest(http.MethodGet, "repos/acme/web/contents/big?ref="+sha, nil)
	w.must(err)
	req.Header.Set("Accept", "application/vnd.github.raw+json")
	var raw bytes.Buffer
	_, err = w.client.Do(w.ctx, req, &raw)
	w.must(err)
	if !bytes.Equal(raw.Bytes(), big) {
		t.Errorf("the raw media type gives %d bytes", raw.Len())
	}
	_, folder, _, err := w.client.Repositories.GetContents(w.ctx, "acme", "web", "a", &github.RepositoryContentGetOptions{Ref: "main"})
	w.must(err)
	if len(folder) != 3 || folder[0].GetPath() != "a/b" || folder[0].GetType() != "dir" {
		t.Errorf("folder %+v", folder)
	}
	_, _, _, err = w.client.Repositories.GetContents(w.ctx, "acme", "web", "none", nil)
	if refused(err) != 404 {
		t.Errorf("a missing file: %v", err)
	}
	blob, _, err := w.client.Git.GetBlob(w.ctx, "acme", "web", file("a/b/c.json").GetSHA())
	w.must(err)
	if blob.GetEncoding() != "base64" || blob.GetContent() != "e30K\n" {
		t.Errorf("blob %+v", blob)
	}
	commit, _, err := w.client.Repositories.GetCommit(w.ctx, "acme", "web", "main", nil)
	w.must(err)
	branch, _, err := w.client.Repositories.GetBranch(w.ctx, "acme", "web", "main", 0)
	w.must(err)
	if commit.GetSHA() != sha || branch.GetCommit().GetSHA() != sha {
		t.Errorf("main is %s and %s, want %s", commit.GetSHA(), branch.GetCommit().GetSHA(), sha)
	}
}

func TestForcePushesMergesAndQueuesMoveWhatTheyMove(t *testing.T) {
	w := newWorld(t)
	base, err := w.repo.Tip(w.ctx, "main")
	w.must(err)
	one := w.change("one", numbers(2, 40))
	two := w.change("two", numbers(1, 41))
	before := one.HeadSHA()
	_, err = w.repo.Push(w.ctx, forge.Change{Branch: "one", From: base, Message: "again", Files: forge.Files{"package-lock.json": forge.Text(numbers(3, 40))}})
	w.must(err)
	if one.HeadSHA() == before {
		t.Error("a force-push does not move the pull request")
	}
	if files, _, err := w.client.PullRequests.ListFiles(w.ctx, "acme", "web", one.Number, nil); err != nil || len(files) != 1 || files[0].GetDeletions() != 2 {
		t.Errorf("files %+v, %v", files, err)
	}
	group, err := w.repo.MergeGroup(w.ctx, one, two)
	w.must(err)
	compared, _, err := w.client.Repositories.CompareCommits(w.ctx, "acme", "web", group.BaseSHA, group.HeadSHA, nil)
	w.must(err)
	if group.BaseSHA != base || compared.GetAheadBy() != 4 || !strings.HasPrefix(group.HeadRef, "refs/heads/gh-readonly-queue/main/pr-2-") {
		t.Errorf("group %+v is %d commits ahead", group, compared.GetAheadBy())
	}
	w.hooks()
	w.must(group.Destroy(w.ctx, "dequeued"))
	w.must(one.Merge(w.ctx))
	if got := actions(w.hooks()); !slices.Equal(got, []string{"merge_group.destroyed", "push", "check_suite.requested", "pull_request.closed"}) {
		t.Errorf("events %v", got)
	}
	pull, _, err := w.client.PullRequests.Get(w.ctx, "acme", "web", one.Number)
	w.must(err)
	if !pull.GetMerged() || pull.GetMergeCommitSHA() == "" || pull.GetChangedFiles() != 1 {
		t.Errorf("merged pull request %+v", pull)
	}
	w.must(w.repo.DeleteBranch(w.ctx, "two"))
	if two.Open() {
		t.Error("a pull request outlives its branch")
	}
}

func TestPullRequestsAreFilteredSortedAndPaged(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.change(fmt.Sprintf("b%d", i+1), numbers(1, 50+i))
	}
	second, err := w.repo.Pull(2)
	w.must(err)
	w.must(second.Close(w.ctx))
	list := func(o github.PullRequestListOptions) ([]*github.PullRequest, *github.Response) {
		t.Helper()
		pulls, resp, err := w.client.PullRequests.List(w.ctx, "acme", "web", &o)
		w.must(err)
		return pulls, resp
	}
	pulls, resp := list(github.PullRequestListOptions{ListOptions: github.ListOptions{PerPage: 3}})
	if len(pulls) != 3 || pulls[0].GetNumber() != 5 || resp.NextPage != 2 || resp.LastPage != 2 {
		t.Errorf("%d pull requests, the first is %d, next page %d", len(pulls), pulls[0].GetNumber(), resp.NextPage)
	}
	pulls, resp = list(github.PullRequestListOptions{ListOptions: github.ListOptions{PerPage: 3, Page: 2}})
	if len(pulls) != 1 || pulls[0].GetNumber() != 1 || resp.NextPage != 0 || resp.PrevPage != 1 {
		t.Errorf("the second page has %d pull requests, next page %d", len(pulls), resp.NextPage)
	}
	if pulls, _ = list(github.PullRequestListOptions{State: "all", Sort: "created", Direction: "asc"}); len(pulls) != 5 || pulls[0].GetNumber() != 1 {
		t.Errorf("all, oldest first: %+v", pulls)
	}
	if pulls, _ = list(github.PullRequestListOptions{State: "closed"}); len(pulls) != 1 || pulls[0].GetNumber() != 2 {
		t.Errorf("closed %+v", pulls)
	}
	if pulls, _ = list(github.PullRequestListOptions{Head: "acme:b4"}); len(pulls) != 1 || pulls[0].GetNumber() != 4 {
		t.Errorf("head %+v", pulls)
	}
	if pulls, _ = list(github.PullRequestListOptions{Base: "none"}); len(pulls) != 0 {
		t.Errorf("base %+v", pulls)
	}
}

func TestReadingALargeBlobIsWhole(t *testing.T) {
	w := newWorld(t)
	large := bytes.Repeat([]byte("x"), 20<<20)
	_, err := w.repo.Push(w.ctx, forge.Change{Branch: "main", Files: forge.Files{"large": forge.Bytes(large)}})
	w.must(err)
	tree, _, err := w.client.Git.GetTree(w.ctx, "acme", "web", "main", false)
	w.must(err)
	at := slices.IndexFunc(tree.Entries, func(e *github.TreeEntry) bool { return e.GetPath() == "large" })
	data, _, err := w.client.Git.GetBlobRaw(w.ctx, "acme", "web", tree.Entries[at].GetSHA())
	if err != nil || !bytes.Equal(data, large) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

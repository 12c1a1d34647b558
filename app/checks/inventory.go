package checks

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/review"
)

// inventoryName is what is added to the check's name for the one about an inventory. It is a
// check of its own: rules of a branch that ask for the other one never mean it.
const inventoryName = " inventory"

// Home is the default branch with its tip.
func (f *Forge) Home(ctx context.Context, repo review.Repository) (review.Home, error) {
	var answer struct {
		ID            int64  `json:"id"`
		DefaultBranch string `json:"default_branch"`
		Private       *bool  `json:"private"` // true also for what an enterprise alone sees
		Archived      bool   `json:"archived"`
		Disabled      bool   `json:"disabled"`
	}
	q := request{what: "read the repository"}
	if _, err := f.do(ctx, repo, q, &answer); err != nil {
		return review.Home{}, err
	}
	switch {
	case answer.ID <= 0 || answer.DefaultBranch == "":
		return review.Home{}, &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer names no repository or no branch"}
	case repo.ID != 0 && answer.ID != repo.ID:
		return review.Home{}, fmt.Errorf("%s/%s is repository %d now, and no longer %d: %w", repo.Owner, repo.Name, answer.ID, repo.ID, review.ErrGone)
	case answer.Archived || answer.Disabled:
		return review.Home{}, fmt.Errorf("%s/%s is archived or disabled: %w", repo.Owner, repo.Name, review.ErrGone)
	}
	home := review.Home{Branch: answer.DefaultBranch, Public: answer.Private != nil && !*answer.Private}
	ref, err := escapeRef(home.Branch)
	if err != nil {
		return review.Home{}, fmt.Errorf("%s: %w", q.what, err)
	}
	var branch struct {
		Name   string `json:"name"`
		Commit struct {
			SHA string `json:"sha"`
		} `json:"commit"`
	}
	q = request{what: fmt.Sprintf("read the branch %q", home.Branch), path: "branches/" + ref}
	_, err = f.do(ctx, repo, q, &branch)
	switch {
	case status(err) == http.StatusNotFound: // there is the repository: nobody has pushed to it yet
		return home, nil
	case err != nil:
		return review.Home{}, err
	case branch.Name != home.Branch || needSHA(branch.Commit.SHA) != nil:
		return review.Home{}, &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer is about something else"}
	}
	home.Head = branch.Commit.SHA
	return home, nil
}

// Tree is everything at a commit.
func (f *Forge) Tree(ctx context.Context, repo review.Repository, sha string) (review.Tree, error) {
	if err := needSHA(sha); err != nil {
		return nil, err
	}
	w := walk{forge: f, repo: repo, left: MaxTreeRequests, base: &side{forge: f, repo: repo}, head: &side{forge: f, repo: repo}}
	if err := w.compare(ctx, "", "", sha); err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", short(sha), err)
	}
	return w.head, nil
}

// CameBy is the pull request that a branch came by from one commit to the next; 0 where that
// is not sure: nothing was merged, more came at once, or the commit before is not known.
func (f *Forge) CameBy(ctx context.Context, repo review.Repository, branch, before, head string) (int, error) {
	known := func(sha string) bool { return needSHA(sha) == nil }
	if !known(before) || !known(head) || before == head {
		return 0, nil
	}
	var commit struct {
		Parents []struct {
			SHA string `json:"sha"`
		} `json:"parents"`
	}
	// The files of a commit, with their patches, come on its first page only.
	q := request{what: "read the commit " + short(head), path: "commits/" + head, query: url.Values{"per_page": {"1"}, "page": {"2"}}, once: true}
	if _, err := f.do(ctx, repo, q, &commit); err != nil {
		return 0, err
	}
	if len(commit.Parents) == 0 || commit.Parents[0].SHA != before {
		return 0, nil
	}
	var found []int
	q = request{what: "list the pull requests of " + short(head), path: "commits/" + head + "/pulls", once: true}
	_, err := pages(ctx, f, repo, q, 1, func(p struct {
		Number         int        `json:"number"`
		MergedAt       *time.Time `json:"merged_at"`
		MergeCommitSHA string     `json:"merge_commit_sha"`
		Base           struct {
			Ref string `json:"ref"`
		} `json:"base"`
	},
	) bool {
		if p.Number > 0 && p.MergedAt != nil && p.MergeCommitSHA == head && p.Base.Ref == branch {
			found = append(found, p.Number)
		}
		return true
	})
	if err != nil || len(found) != 1 {
		return 0, err
	}
	return found[0], nil
}

// Beside is what a check of ours says that is about no pull request.
type Beside struct {
	Conclusion     policy.Conclusion
	Title, Summary string // Markdown, escaped and within GitHub's limits
	// Again says that somebody asked for it. GitHub sets the suite of such a check to queued
	// until it is written, also where it says the same.
	// https://docs.github.com/en/rest/checks/runs#rerequest-a-check-run
	Again bool
}

// InventoryPage is the address of the page with a repository's inventory, "" for none.
func (f *Forge) InventoryPage(repo review.Repository) string {
	if f.page == nil {
		return ""
	}
	return f.page(repo)
}

// PublishInventory makes a commit's check about the inventory say what it is to say.
// Nothing is written where it does already.
func (f *Forge) PublishInventory(ctx context.Context, repo review.Repository, sha string, c Beside) error {
	return f.publishBeside(ctx, repo, sha, aboutInventory, f.name+inventoryName, f.InventoryPage(repo), c)
}

// publishBeside completes the check run of a commit that has a name, about what it says
// that it is about.
func (f *Forge) publishBeside(ctx context.Context, repo review.Repository, sha, about, name, page string, c Beside) error {
	conclusion := conclusionOf(c.Conclusion)
	runs, err := f.runsNamed(ctx, repo, sha, name)
	if err != nil {
		return err
	}
	x := externalID{about: about, output: digest(conclusion + "\n" + c.Title + "\n" + c.Summary)}
	var id int64
	if len(runs) > 0 {
		if was := runs[0]; !c.Again && was.Status == completed && was.Conclusion == conclusion && was.ExternalID == x.String() {
			return nil
		}
		id = runs[0].ID
	}
	now := &github.Timestamp{Time: f.clock().UTC()}
	output := &github.CheckRunOutput{Title: &c.Title, Summary: &c.Summary}
	if id > 0 {
		_, err = f.patch(ctx, repo, id, github.UpdateCheckRunOptions{
			Name: name, Status: github.String(completed), Conclusion: &conclusion, CompletedAt: now,
			ExternalID: github.String(x.String()), DetailsURL: text(page), Output: output,
		}, false)
		return err
	}
	q := request{what: fmt.Sprintf("create the check run %q at %s", name, short(sha)), method: http.MethodPost, path: "check-runs", body: github.CreateCheckRunOptions{
		Name: name, HeadSHA: sha, Status: github.String(completed), Conclusion: &conclusion, CompletedAt: now,
		ExternalID: github.String(x.String()), DetailsURL: text(page), Output: output,
	}}
	_, err = f.do(ctx, repo, q, nil)
	return err
}

package checks

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/bonafide-app/bonafide/app/review"
)

// pull is the part of a pull request that is read. Its head's repository is left
// out on purpose: it is null where the fork was deleted, and everything is read
// through the base repository.
type pull struct {
	Number int    `json:"number"`
	State  string `json:"state"` // "open" or "closed"
	Draft  bool   `json:"draft"`
	Head   struct {
		SHA   string `json:"sha"`
		Label string `json:"label"` // "OWNER:BRANCH"
	} `json:"head"`
	Base struct {
		Ref  string `json:"ref"`
		SHA  string `json:"sha"`
		Repo *struct {
			ID int64 `json:"id"`
		} `json:"repo"`
	} `json:"base"`
	User *account `json:"user"` // null where the account was deleted
	// ReviewComments is in the answer for one pull request, not in lists.
	ReviewComments *int `json:"review_comments"`
}

// thread is what is remembered of a pull request between reading it and commenting
// on it: that it has no review comments at all.
type thread struct{ silent bool }

// checked is the pull request in that repository. Names change hands: where another
// repository has the name by now, none of its pull requests is the one that was meant, and
// what was accepted on that holds for none of them.
func (p pull) checked(repo review.Repository) (review.Pull, error) {
	if base := p.Base.Repo; base != nil && repo.ID != 0 && base.ID != repo.ID {
		return review.Pull{}, fmt.Errorf("%s/%s is repository %d now, and no longer %d: %w", repo.Owner, repo.Name, base.ID, repo.ID, review.ErrGone)
	}
	if p.Number <= 0 || needSHA(p.Head.SHA) != nil || needSHA(p.Base.SHA) != nil || p.Base.Ref == "" {
		return review.Pull{}, &review.Later{After: FailureWait, Reason: "GitHub's answer about a pull request lacks its number, head or base"}
	}
	out := review.Pull{
		Number: p.Number, Open: p.State == "open", Draft: p.Draft,
		HeadSHA: p.Head.SHA, BaseRef: p.Base.Ref, BaseSHA: p.Base.SHA,
	}
	if p.User != nil {
		out.AuthorID = p.User.ID
	}
	return out, nil
}

// PullRequest reads the live state.
func (f *Forge) PullRequest(ctx context.Context, repo review.Repository, number int) (review.Pull, error) {
	if number <= 0 {
		return review.Pull{}, fmt.Errorf("%d is not a pull request", number)
	}
	var p pull
	if _, err := f.do(ctx, repo, request{what: fmt.Sprintf("read pull request %d", number), path: fmt.Sprintf("pulls/%d", number)}, &p); err != nil {
		return review.Pull{}, err
	}
	out, err := p.checked(repo)
	if err == nil && out.Number != number {
		err = fmt.Errorf("GitHub answered with pull request %d for %d", out.Number, number)
	}
	if err != nil {
		return review.Pull{}, err
	}
	f.threads.put(pullKey{repo, number}, thread{silent: p.ReviewComments != nil && *p.ReviewComments == 0}, 1)
	f.labels.put(headKey{repo, out.HeadSHA}, p.Head.Label, 1)
	return out, nil
}

// OpenPulls lists the open pull requests with this head. GitHub has no question
// for it that is sure to answer for forks, so that the open ones are listed. Where
// there are too many, they are also asked for by commit and by the head's branch.
func (f *Forge) OpenPulls(ctx context.Context, repo review.Repository, sha string) ([]review.Pull, error) {
	if err := needSHA(sha); err != nil {
		return nil, err
	}
	found := map[int]review.Pull{}
	var wrong error
	collect := func(p pull) bool {
		if p.State != "open" || p.Head.SHA != sha {
			return true
		}
		out, err := p.checked(repo)
		if err != nil {
			wrong = err
			return false
		}
		found[out.Number] = out
		return true
	}
	what := "list the pull requests at " + short(sha)
	more, err := pages(ctx, f, repo, request{what: what, path: "pulls", query: url.Values{"state": {"open"}}}, MaxPullPages, collect)
	if err == nil && more {
		_, err = pages(ctx, f, repo, request{what: what, path: "commits/" + sha + "/pulls"}, MaxPullPages, collect)
		if label, ok := f.labels.get(headKey{repo, sha}); ok && label != "" && err == nil {
			query := url.Values{"state": {"open"}, "head": {label}}
			_, err = pages(ctx, f, repo, request{what: what, path: "pulls", query: query}, MaxPullPages, collect)
		}
	}
	if err = errors.Join(err, wrong); err != nil {
		return nil, err
	}
	out := make([]review.Pull, 0, len(found))
	for _, p := range found {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b review.Pull) int { return a.Number - b.Number })
	return out, nil
}

// AllPulls lists the open pull requests, those first that were touched last, up to
// 1,000.
func (f *Forge) AllPulls(ctx context.Context, repo review.Repository) ([]review.Pull, error) {
	var out []review.Pull
	var wrong error
	q := request{what: "list the open pull requests", path: "pulls",
		query: url.Values{"state": {"open"}, "sort": {"updated"}, "direction": {"desc"}}}
	_, err := pages(ctx, f, repo, q, MaxPullPages, func(p pull) bool {
		checked, err := p.checked(repo)
		if err != nil {
			wrong = err
			return false
		}
		if checked.Open {
			out = append(out, checked)
		}
		return true
	})
	if err = errors.Join(err, wrong); err != nil {
		return nil, err
	}
	return out, nil
}

// Tip is the commit at the tip of a branch.
func (f *Forge) Tip(ctx context.Context, repo review.Repository, branch string) (string, error) {
	what := fmt.Sprintf("read the branch %q", branch)
	ref, err := escapeRef(branch)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	var answer struct {
		Ref    string `json:"ref"`
		Object struct {
			SHA string `json:"sha"`
		} `json:"object"`
	}
	if _, err := f.do(ctx, repo, request{what: what, path: "git/ref/heads/" + ref}, &answer); err != nil {
		return "", err
	}
	if answer.Ref != "refs/heads/"+branch || needSHA(answer.Object.SHA) != nil {
		return "", &review.Later{After: FailureWait, Reason: what + ": GitHub's answer is about something else"}
	}
	return answer.Object.SHA, nil
}

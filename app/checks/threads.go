package checks

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/bonafide-app/bonafide/app/review"
)

// settle rewrites a comment of ours that is about nothing any more, and then hides it. The
// text says it already, so that nothing is lost where GitHub does not let us hide it.
func (t *talk) settle(ctx context.Context, c remark, body string) error {
	if err := t.edit(ctx, c.ID, body); err != nil {
		return err
	}
	err := t.hide(ctx, c)
	if err == nil || ctx.Err() != nil || errors.Is(err, review.ErrSuperseded) {
		return err
	}
	t.logger(ctx).Info().Err(err).Int("pull_request", t.pull.Number).Msg("a comment that is mended was not hidden")
	return nil
}

// revive gives a comment that was settled what holds again. It is shown first: a run that
// dies on the way leaves the mark by which the next one tries again. A comment that GitHub
// does not let us show stays as it is but for its marks, so that what it said is said anew.
func (t *talk) revive(ctx context.Context, c remark, body string) (hidden bool, err error) {
	if hidden, err = t.show(ctx, c); err != nil {
		return false, err
	}
	if hidden {
		body = retired(c.Body)
	}
	return hidden, t.edit(ctx, c.ID, body)
}

// retired is a body without the marks of what it says.
func retired(body string) string {
	var out strings.Builder
	for line := range strings.Lines(body) {
		if l := strings.TrimRight(line, "\r\n"); commentMark.MatchString(l) || findingMark.MatchString(l) {
			continue
		}
		out.WriteString(line)
	}
	return out.String()
}

// hide resolves a comment's thread, or else minimises the comment. What people replied to
// is theirs, and stays open.
func (t *talk) hide(ctx context.Context, c remark) error {
	if t.answered[c.ID] {
		return nil
	}
	if !t.denied(resolveThread) {
		all, err := t.discussions(ctx)
		if err != nil {
			return err
		}
		d, found := all[c.ID]
		switch {
		case d.Resolved:
			return nil
		case found && !d.CanResolve:
			t.deny(ctx, resolveThread, "resolve a thread", errors.New("GitHub says that the App cannot"))
		case found:
			if done, err := t.try(ctx, "resolve a thread", resolveThread, d.ID); done || err != nil {
				return err
			}
		}
	}
	if c.NodeID == "" {
		return nil
	}
	_, err := t.try(ctx, "minimise a comment of ours", minimizeComment, c.NodeID)
	return err
}

// show makes a comment visible again, and says whether it stays hidden. What people hid for
// reasons of their own, as spam or as off topic, is left to them.
func (t *talk) show(ctx context.Context, c remark) (hidden bool, err error) {
	all, err := t.discussions(ctx)
	if err != nil {
		return false, err
	}
	d := all[c.ID]
	if d.Resolved {
		done := false
		if d.CanUnresolve {
			if done, err = t.try(ctx, "reopen a thread", unresolveThread, d.ID); err != nil {
				return false, err
			}
		}
		hidden = !done
	}
	if d.minimised && !hidden {
		done, err := t.try(ctx, "show a comment of ours again", unminimizeComment, c.NodeID)
		if err != nil {
			return false, err
		}
		hidden = !done
	}
	return hidden, nil
}

// discussion is the thread that a comment began.
type discussion struct {
	ID           string `json:"id"`
	Resolved     bool   `json:"isResolved"`
	CanResolve   bool   `json:"viewerCanResolve"`
	CanUnresolve bool   `json:"viewerCanUnresolve"`
	Comments     struct {
		Nodes []struct {
			ID        json.Number `json:"fullDatabaseId"` // a string, as it may have more than 32 bits
			Minimised bool        `json:"isMinimized"`
			Reason    string      `json:"minimizedReason"`
		} `json:"nodes"`
	} `json:"comments"`

	minimised bool // the comment is, as resolved
}

// discussions are the pull request's threads by their first comments. They are asked for
// once for all comments, and only when there is something to hide or to show. Where
// GitHub refuses them there are none.
// https://docs.github.com/en/graphql/reference/objects#pullrequestreviewthread
func (t *talk) discussions(ctx context.Context) (map[int64]discussion, error) {
	if t.threadsByComment != nil {
		return t.threadsByComment, nil
	}
	const what = "list the threads of the pull request"
	out := map[int64]discussion{}
	variables := map[string]any{"owner": t.repo.Owner, "name": t.repo.Name, "number": t.pull.Number, "after": nil}
	for range MaxThreadPages {
		if t.denied(listThreads) {
			break
		}
		var data struct {
			Repository *struct {
				PullRequest *struct {
					ReviewThreads struct {
						PageInfo struct {
							HasNextPage bool   `json:"hasNextPage"`
							EndCursor   string `json:"endCursor"`
						} `json:"pageInfo"`
						Nodes []discussion `json:"nodes"`
					} `json:"reviewThreads"`
				} `json:"pullRequest"`
			} `json:"repository"`
		}
		err := t.graphQL(ctx, t.repo, what, listThreads, variables, &data)
		if err == nil && (data.Repository == nil || data.Repository.PullRequest == nil) {
			err = &refusal{what: what, kind: "NOT_FOUND", message: "GitHub shows no such pull request"}
		}
		if err != nil {
			if err = t.refused(ctx, listThreads, what, err); err != nil {
				return nil, err
			}
			break
		}
		page := data.Repository.PullRequest.ReviewThreads
		for _, d := range page.Nodes {
			if len(d.Comments.Nodes) == 0 {
				continue
			}
			first := d.Comments.Nodes[0]
			d.minimised = first.Minimised && strings.EqualFold(first.Reason, "resolved")
			if id, err := first.ID.Int64(); err == nil {
				out[id] = d
			}
		}
		if !page.PageInfo.HasNextPage || page.PageInfo.EndCursor == "" {
			break
		}
		variables["after"] = page.PageInfo.EndCursor
	}
	t.threadsByComment = out
	return out, nil
}

// try sends a mutation of one thread or comment, unless GitHub refused the installation one
// of its kind lately. It says whether it is done.
func (t *talk) try(ctx context.Context, what, mutation, id string) (done bool, err error) {
	if t.denied(mutation) {
		return false, nil
	}
	if err = t.mutate(ctx, t.repo, what, mutation, map[string]any{"id": id}); err != nil {
		return false, t.refused(ctx, mutation, what, err)
	}
	return true, nil
}

// refused takes note of a refusal. What is none, such as a limit, is returned.
func (t *talk) refused(ctx context.Context, document, what string, err error) error {
	var r *refusal
	graphQL := errors.As(err, &r)
	code := status(err)
	switch {
	case graphQL && r.forGood(), code == http.StatusForbidden, code == http.StatusNotFound:
		t.deny(ctx, document, what, err)
	case graphQL, code != 0: // the comment is gone, or is none that can be hidden
		t.logger(ctx).Info().Err(err).Int("pull_request", t.pull.Number).Msg("a comment stays as it is")
	default:
		return err
	}
	return nil
}

// denial names what GitHub does not let an installation do.
type denial struct {
	installation int64
	document     string
}

func (t *talk) denied(document string) bool {
	until, known := t.denials.get(denial{t.repo.Installation, document})
	return known && t.clock().Before(until)
}

func (t *talk) deny(ctx context.Context, document, what string, err error) {
	t.denials.put(denial{t.repo.Installation, document}, t.clock().Add(KeepDenials), 1)
	t.logger(ctx).Info().Err(err).Int64("installation", t.repo.Installation).Dur("for", KeepDenials).Msg("GitHub does not let the App " + what + ": it is not tried for a while")
}

// The documents of GraphQL that are sent. Resolving asks for the permission contents: write,
// which the App does not ask for; some owners grant it.
//
// https://docs.github.com/en/graphql/reference/mutations#resolvereviewthread
// https://docs.github.com/en/graphql/reference/mutations#minimizecomment
const (
	resolveThread = `mutation($id: ID!) {
  resolveReviewThread(input: {threadId: $id}) { thread { isResolved } }
}`
	unresolveThread = `mutation($id: ID!) {
  unresolveReviewThread(input: {threadId: $id}) { thread { isResolved } }
}`
	minimizeComment = `mutation($id: ID!) {
  minimizeComment(input: {subjectId: $id, classifier: RESOLVED}) { minimizedComment { isMinimized } }
}`
	unminimizeComment = `mutation($id: ID!) {
  unminimizeComment(input: {subjectId: $id}) { unminimizedComment { isMinimized } }
}`
	listThreads = `query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id isResolved viewerCanResolve viewerCanUnresolve
          comments(first: 1) { nodes { fullDatabaseId isMinimized minimizedReason } }
        }
      }
    }
  }
}`
)

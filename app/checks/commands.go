package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bonafide-app/bonafide/app/review"
)

// account is who did something.
type account struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Type  string `json:"type"`
}

// Remark reads a review or a comment. That it was edited is not read from its dates: a
// comment of a review is younger when that is submitted, and a review has no date of
// its last edit. Its text is held against the digest of what was written instead.
//
// https://docs.github.com/en/rest/pulls/reviews#get-a-review-for-a-pull-request
// https://docs.github.com/en/rest/pulls/comments#get-a-review-comment-for-a-pull-request
// https://docs.github.com/en/rest/issues/comments#get-an-issue-comment (where an operator lets it be read)
func (f *Forge) Remark(ctx context.Context, repo review.Repository, number int, ref review.RemarkRef) (review.Remark, error) {
	var path, of string
	switch ref.Kind {
	case review.InReview:
		path, of = fmt.Sprintf("pulls/%d/reviews/%d", number, ref.ID), "pulls"
	case review.InReviewComment:
		path, of = fmt.Sprintf("pulls/comments/%d", ref.ID), "pulls"
	case review.InConversation:
		path, of = fmt.Sprintf("issues/comments/%d", ref.ID), "issues"
	default:
		return review.Remark{}, fmt.Errorf("%.80q is not a kind of remark", ref.Kind)
	}
	var answer struct {
		ID      int64     `json:"id"`
		NodeID  string    `json:"node_id"`
		Body    string    `json:"body"`
		User    *account  `json:"user"`  // null where the account was deleted
		State   string    `json:"state"` // of a review
		Pull    string    `json:"pull_request_url"`
		Issue   string    `json:"issue_url"`
		Through *struct{} `json:"performed_via_github_app"` // of a comment in the conversation
	}
	q := request{what: "read a command", path: path}
	if _, err := f.do(ctx, repo, q, &answer); err != nil {
		return review.Remark{}, err
	}
	// "…/repos/acme/web/pulls/7"
	if answer.ID != ref.ID || !strings.HasSuffix(answer.Pull+answer.Issue, fmt.Sprintf("/%s/%d", of, number)) {
		return review.Remark{}, fmt.Errorf("%s: GitHub's answer is about another one, or another pull request", q.what)
	}
	out := review.Remark{RemarkRef: ref, Number: number, NodeID: answer.NodeID, Body: answer.Body}
	if answer.User != nil {
		out.Author, out.AuthorID = answer.User.Login, answer.User.ID
		out.Person = answer.User.Type == "User" && answer.Through == nil
	}
	out.Withdrawn = answer.State == "DISMISSED" || answer.State == "PENDING"
	return out, nil
}

// Role is what an account may do in the repository now. GitHub states it in several
// ways; the least of them counts. A maintainer's permission is called "write", and a role
// of an organisation's own making has any name.
// https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
func (f *Forge) Role(ctx context.Context, repo review.Repository, login string, id int64) (review.Role, error) {
	if login == "" || login == "." || login == ".." || id <= 0 {
		return review.NoRole, nil
	}
	var answer struct {
		Permission string `json:"permission"` // admin, write, read or none
		RoleName   string `json:"role_name"`
		User       *struct {
			account
			Permissions *struct {
				Pull, Triage, Push, Maintain, Admin bool
			} `json:"permissions"`
		} `json:"user"`
	}
	q := request{what: "ask what " + login + " may do", path: "collaborators/" + url.PathEscape(login) + "/permission"}
	_, err := f.do(ctx, repo, q, &answer)
	if errors.Is(err, review.ErrGone) {
		return review.NoRole, nil
	} else if err != nil {
		return review.NoRole, err
	}
	if answer.User == nil || answer.User.ID != id {
		return review.NoRole, nil // another account has the name now
	}
	most := map[string]review.Role{"admin": review.AdminRole, "write": review.MaintainRole, "read": review.TriageRole}[answer.Permission]
	p := answer.User.Permissions
	switch {
	case p == nil && (answer.RoleName == "admin" || answer.RoleName == "maintain" || answer.RoleName == "triage"):
		return min(most, review.RoleOf(answer.RoleName)), nil
	case p == nil:
		return min(most, review.RoleOf(answer.Permission)), nil
	case p.Admin:
		return min(most, review.AdminRole), nil
	case p.Maintain:
		return min(most, review.MaintainRole), nil
	case p.Push:
		return min(most, review.WriteRole), nil
	case p.Triage:
		return min(most, review.TriageRole), nil
	case p.Pull:
		return min(most, review.ReadRole), nil
	}
	return review.NoRole, nil
}

// React adds a reaction. GitHub has no address for those to a review but in GraphQL.
//
// https://docs.github.com/en/rest/reactions/reactions#create-reaction-for-a-pull-request-review-comment
// https://docs.github.com/en/rest/reactions/reactions#create-reaction-for-an-issue-comment
// https://docs.github.com/en/graphql/reference/reactions#addreaction
func (f *Forge) React(ctx context.Context, repo review.Repository, remark review.Remark, reaction review.Reaction) error {
	content, name := "confused", "CONFUSED"
	if reaction == review.Accepted {
		content, name = "+1", "THUMBS_UP"
	}
	q := request{what: "react to a command", method: http.MethodPost, body: map[string]string{"content": content}}
	switch remark.Kind {
	case review.InReviewComment:
		q.path = fmt.Sprintf("pulls/comments/%d/reactions", remark.ID)
	case review.InConversation:
		q.path = fmt.Sprintf("issues/comments/%d/reactions", remark.ID)
	default:
		return f.mutate(ctx, repo, q.what, addReaction, map[string]any{"subject": remark.NodeID, "content": name})
	}
	_, err := f.do(ctx, repo, q, nil)
	return err
}

const addReaction = `mutation($subject: ID!, $content: ReactionContent!) {
  addReaction(input: {subjectId: $subject, content: $content}) { clientMutationId }
}`

// Merged are the second parents of the merges between a group's base and its head.
func (f *Forge) Merged(ctx context.Context, repo review.Repository, g review.Group) ([]string, error) {
	if err := errors.Join(needSHA(g.BaseSHA), needSHA(g.HeadSHA)); err != nil {
		return nil, err
	}
	parents := map[string][]string{}
	q := request{
		what: fmt.Sprintf("list the commits from %s to %s", short(g.BaseSHA), short(g.HeadSHA)),
		path: "compare/" + g.BaseSHA + "..." + g.HeadSHA, query: url.Values{"per_page": {fmt.Sprint(PageSize)}},
	}
	for page := 1; page <= MaxGroupPages; page++ {
		q.query.Set("page", fmt.Sprint(page))
		var answer struct {
			Commits []struct {
				SHA     string `json:"sha"`
				Parents []struct {
					SHA string `json:"sha"`
				} `json:"parents"`
			} `json:"commits"`
		}
		resp, err := f.do(ctx, repo, q, &answer)
		if err != nil {
			return nil, err
		}
		for _, c := range answer.Commits {
			list := []string{}
			for _, p := range c.Parents {
				list = append(list, p.SHA)
			}
			parents[c.SHA] = list
		}
		if resp.NextPage <= page {
			break
		}
	}
	return mergedBetween(parents, g.BaseSHA, g.HeadSHA), nil
}

// mergedBetween walks from head to base along first parents: the commits that GitHub
// itself made for the group. What was merged inside of a pull request is not on the way.
func mergedBetween(parents map[string][]string, base, head string) []string {
	var out []string
	for at := head; at != base; {
		list, known := parents[at]
		if !known || len(list) == 0 {
			return nil // it does not lead to the base, or was not listed: nothing is certain
		}
		if len(list) == 2 {
			out = append(out, list[1])
		}
		delete(parents, at) // no commit is its own ancestor; a false answer must not hold us
		at = list[0]
	}
	return out
}

package forge

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// listPulls filters by state, head ("owner:branch") and base, sorts and pages.
func listPulls(c *call) (reply, error) {
	q := c.r.URL.Query()
	pulls := slices.Clone(c.repo.pulls)
	pulls = slices.DeleteFunc(pulls, func(p *Pull) bool {
		switch q.Get("state") {
		case "closed":
			if p.open {
				return true
			}
		case "all":
		default:
			if !p.open {
				return true
			}
		}
		label := p.headOwner.login + ":" + p.headBranch
		return q.Get("head") != "" && !strings.EqualFold(q.Get("head"), label) || q.Get("base") != "" && q.Get("base") != p.baseBranch
	})
	newestFirst := q.Get("direction") == "desc" || q.Get("direction") == "" && (q.Get("sort") == "" || q.Get("sort") == "created")
	slices.SortStableFunc(pulls, func(a, b *Pull) int {
		order := cmp.Compare(a.Number, b.Number)
		if q.Get("sort") == "updated" {
			order = cmp.Or(a.updated.Compare(b.updated), order)
		}
		if newestFirst {
			return -order
		}
		return order
	})
	list, header := page(c, pulls)
	return reply{status: http.StatusOK, header: header, body: shapes(list, c.pullSimpleJSON)}, nil
}

// pullAsked finds the pull request in the address.
func (c *call) pullAsked() (*Pull, error) {
	if p := c.repo.pull(int(c.number("number"))); p != nil {
		return p, nil
	}
	return nil, errMissing
}

func getPull(c *call) (reply, error) {
	p, err := c.pullAsked()
	if err != nil {
		return reply{}, err
	}
	o, err := c.pullJSON(c.ctx(), p)
	if err != nil {
		return reply{}, err
	}
	return ok(o)
}

func listFiles(c *call) (reply, error) {
	p, err := c.pullAsked()
	if err != nil {
		return reply{}, err
	}
	files, err := p.diff(c.ctx(), p.headSHA)
	if err != nil {
		return reply{}, err
	}
	list, header := page(c, files[:min(len(files), maxPullFiles)])
	return reply{status: http.StatusOK, header: header, body: shapes(list, func(f fileDiff) object { return c.fileJSON(c.repo, p.headSHA, f) })}, nil
}

func listReviews(c *call) (reply, error) {
	p, err := c.pullAsked()
	if err != nil {
		return reply{}, err
	}
	list, header := page(c, p.reviews)
	return reply{status: http.StatusOK, header: header, body: shapes(list, c.reviewJSON)}, nil
}

// commentRequest is a comment in a review or by itself.
type commentRequest struct {
	Path        string `json:"path"`
	Body        string `json:"body"`
	CommitID    string `json:"commit_id"`
	Position    int    `json:"position"`
	Line        int    `json:"line"`
	Side        string `json:"side"`
	StartLine   int    `json:"start_line"`
	StartSide   string `json:"start_side"`
	SubjectType string `json:"subject_type"`
	InReplyTo   int64  `json:"in_reply_to"`
}

func (q commentRequest) comment(c *call, p *Pull, commit string) *reviewComment {
	return &reviewComment{pull: p, author: c.app.bot, body: q.Body, path: q.Path, commit: commit, wholeFile: q.SubjectType == "file",
		line: q.Line, side: q.Side, startLine: q.StartLine, startSide: q.StartSide, position: q.Position}
}

// belongs says whether a commit is one of the pull request's.
func (c *call) belongs(p *Pull, commit string) (bool, error) {
	commits, err := p.commits(c.ctx())
	return slices.Contains(commits, commit), err
}

// createReview takes all of its comments or none.
func createReview(c *call) (reply, error) {
	p, err := c.pullAsked()
	if err != nil {
		return reply{}, err
	}
	var q struct {
		CommitID string           `json:"commit_id"`
		Body     string           `json:"body"`
		Event    string           `json:"event"`
		Comments []commentRequest `json:"comments"`
	}
	if err := c.decode(&q); err != nil {
		return reply{}, err
	}
	refuse := func(words ...string) (reply, error) {
		return reply{}, &fail{http.StatusUnprocessableEntity, "Unprocessable Entity", words}
	}
	state, known := map[string]string{"": "PENDING", "COMMENT": "COMMENTED", "APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED"}[q.Event]
	switch {
	case !known:
		return refuse("Variable $event of type PullRequestReviewEvent was provided invalid value")
	case q.Body == "" && (q.Event == "REQUEST_CHANGES" || q.Event == "COMMENT" && len(q.Comments) == 0):
		return refuse("Review body can't be blank")
	case q.Event == "" && slices.ContainsFunc(p.reviews, func(r *review) bool { return r.state == "PENDING" && r.author == c.app.bot }):
		return refuse("User can only have one pending review per pull request")
	case len([]rune(q.Body)) > maxCommentBody:
		return refuse("Body is too long (maximum is 65536 characters)")
	}
	if q.CommitID == "" {
		q.CommitID = p.headSHA
	}
	if own, err := c.belongs(p, q.CommitID); err != nil {
		return reply{}, err
	} else if !own {
		return refuse("The commit is not part of the pull request")
	}
	r := &review{id: c.nextID(), pull: p, author: c.app.bot, body: q.Body, state: state, commit: q.CommitID, submitted: c.now()}
	var comments []*reviewComment
	for _, k := range q.Comments {
		if k.Body == "" {
			return refuse("Review comment body can't be blank")
		}
		if k.SubjectType != "" {
			return refuse("A review takes no file-level comments")
		}
		comment := k.comment(c, p, q.CommitID)
		problem, err := comment.place(c.ctx())
		if err != nil {
			return reply{}, err
		}
		if problem != nil {
			return refuse(problem.words)
		}
		comments = append(comments, comment)
	}
	p.keep(nil, r)
	for _, k := range comments {
		p.keep(k, r)
	}
	return ok(c.reviewJSON(r))
}

const commentResource = "PullRequestReviewComment"

func createReviewComment(c *call) (reply, error) {
	p, err := c.pullAsked()
	if err != nil {
		return reply{}, err
	}
	var q commentRequest
	if err := c.decode(&q); err != nil {
		return reply{}, err
	}
	if err := checkBody(commentResource, q.Body); err != nil {
		return reply{}, err
	}
	comment := q.comment(c, p, q.CommitID)
	if q.InReplyTo != 0 {
		parent := p.comment(q.InReplyTo)
		if parent == nil {
			return reply{}, invalid(commentResource, "invalid", "in_reply_to", "")
		}
		whole := *parent
		whole.author, whole.body, whole.replyTo, whole.reactions, whole.minimized = c.app.bot, q.Body, parent.thread.id, nil, ""
		comment = &whole
	} else {
		if q.SubjectType != "" && q.SubjectType != "line" && q.SubjectType != "file" {
			return reply{}, invalid(commentResource, "invalid", "subject_type", "")
		}
		if own, err := c.belongs(p, q.CommitID); err != nil {
			return reply{}, err
		} else if !own {
			return reply{}, invalid(commentResource, "custom", "pull_request_review_thread.base", "commit_id is not part of the pull request")
		}
		problem, err := comment.place(c.ctx())
		if err != nil {
			return reply{}, err
		}
		if problem != nil {
			f := invalid(commentResource, "custom", problem.field, problem.says)
			f.errors = append(f.errors.([]object), object{"resource": commentResource, "code": "missing_field", "field": "pull_request_review_thread.diff_hunk"})
			return reply{}, f
		}
	}
	p.keep(comment, &review{id: c.nextID(), pull: p, author: c.app.bot, state: "COMMENTED", commit: comment.commit, submitted: c.now()})
	return created(c.reviewCommentJSON(comment))
}

func (p *Pull) comment(id int64) *reviewComment {
	for _, k := range p.comments {
		if k.id == id {
			return k
		}
	}
	return nil
}

func listReviewComments(c *call) (reply, error) {
	p, err := c.pullAsked()
	if err != nil {
		return reply{}, err
	}
	list, header := page(c, p.comments)
	return reply{status: http.StatusOK, header: header, body: shapes(list, c.reviewCommentJSON)}, nil
}

// reviewCommentAsked finds the comment in the address.
func (c *call) reviewCommentAsked() (*reviewComment, error) {
	for _, p := range c.repo.pulls {
		if k := p.comment(c.number("id")); k != nil {
			return k, nil
		}
	}
	return nil, errMissing
}

func getReviewComment(c *call) (reply, error) {
	k, err := c.reviewCommentAsked()
	if err != nil {
		return reply{}, err
	}
	return ok(c.reviewCommentJSON(k))
}

// newBody is the body of an edit. Only one's own comments can be edited.
func (c *call) newBody(resource string, author *user) (string, error) {
	if author != c.app.bot {
		return "", errInaccessible
	}
	var q struct {
		Body string `json:"body"`
	}
	if err := c.decode(&q); err != nil {
		return "", err
	}
	return q.Body, checkBody(resource, q.Body)
}

func updateReviewComment(c *call) (reply, error) {
	k, err := c.reviewCommentAsked()
	if err != nil {
		return reply{}, err
	}
	body, err := c.newBody(commentResource, k.author)
	if err != nil {
		return reply{}, err
	}
	k.body, k.updated = body, c.now()
	return ok(c.reviewCommentJSON(k))
}

// deleteReviewComment removes a comment, and its review if nothing is left of it.
func deleteReviewComment(c *call) (reply, error) {
	k, err := c.reviewCommentAsked()
	if err != nil {
		return reply{}, err
	}
	if k.author != c.app.bot {
		return reply{}, errInaccessible
	}
	p := k.pull
	p.comments = slices.DeleteFunc(p.comments, func(o *reviewComment) bool { return o == k })
	if k.review.body == "" && !slices.ContainsFunc(p.comments, func(o *reviewComment) bool { return o.review == k.review }) {
		p.reviews = slices.DeleteFunc(p.reviews, func(r *review) bool { return r == k.review })
	}
	return nothing(http.StatusNoContent)
}

const issueCommentResource = "IssueComment"

func listIssueComments(c *call) (reply, error) {
	p, err := c.pullAsked()
	if err != nil {
		return reply{}, err
	}
	list, header := page(c, p.talk)
	return reply{status: http.StatusOK, header: header, body: shapes(list, c.issueCommentJSON)}, nil
}

func createIssueComment(c *call) (reply, error) {
	p, err := c.pullAsked()
	if err != nil {
		return reply{}, err
	}
	body, err := c.newBody(issueCommentResource, c.app.bot)
	if err != nil {
		return reply{}, err
	}
	k := &issueComment{id: c.nextID(), pull: p, author: c.app.bot, body: body, created: c.now(), updated: c.now()}
	p.talk = append(p.talk, k)
	return created(c.issueCommentJSON(k))
}

func (c *call) issueCommentAsked() (*issueComment, error) {
	id := c.number("id")
	for _, p := range c.repo.pulls {
		for _, k := range p.talk {
			if k.id == id {
				return k, nil
			}
		}
	}
	return nil, errMissing
}

func updateIssueComment(c *call) (reply, error) {
	k, err := c.issueCommentAsked()
	if err != nil {
		return reply{}, err
	}
	body, err := c.newBody(issueCommentResource, k.author)
	if err != nil {
		return reply{}, err
	}
	k.body, k.updated = body, c.now()
	return ok(c.issueCommentJSON(k))
}

func deleteIssueComment(c *call) (reply, error) {
	k, err := c.issueCommentAsked()
	if err != nil {
		return reply{}, err
	}
	if k.author != c.app.bot {
		return reply{}, errInaccessible
	}
	k.pull.talk = slices.DeleteFunc(k.pull.talk, func(o *issueComment) bool { return o == k })
	return nothing(http.StatusNoContent)
}

func (s *Server) reviewJSON(r *review) object {
	p := r.pull
	html, pull := s.html("/%s/pull/%d#pullrequestreview-%d", p.repository.FullName(), p.Number, r.id), s.api("/repos/%s/pulls/%d", p.repository.FullName(), p.Number)
	o := object{"id": r.id, "node_id": fmt.Sprintf("PRR_%d", r.id), "user": s.userJSON(r.author), "body": r.body, "state": r.state, "commit_id": r.commit,
		"html_url": html, "pull_request_url": pull, "author_association": "NONE", "_links": object{"html": object{"href": html}, "pull_request": object{"href": pull}}}
	if r.state != "PENDING" {
		o["submitted_at"] = stampJSON(r.submitted)
	}
	return o
}

// reviewCommentJSON leaves the place null once the comment's commit is not the head any more.
func (s *Server) reviewCommentJSON(k *reviewComment) object {
	p := k.pull
	self := s.api("/repos/%s/pulls/comments/%d", p.repository.FullName(), k.id)
	html, pull := s.html("/%s/pull/%d#discussion_r%d", p.repository.FullName(), p.Number, k.id), s.api("/repos/%s/pulls/%d", p.repository.FullName(), p.Number)
	o := object{"url": self, "id": k.id, "node_id": k.node(), "pull_request_review_id": k.review.id, "diff_hunk": k.hunk, "path": k.path,
		"commit_id": k.commit, "original_commit_id": k.commit, "user": s.userJSON(k.author), "body": k.body, "created_at": stampJSON(k.created),
		"updated_at": stampJSON(k.updated), "html_url": html, "pull_request_url": pull, "author_association": "NONE", "subject_type": "line",
		"_links": object{"self": object{"href": self}, "html": object{"href": html}, "pull_request": object{"href": pull}}}
	if k.replyTo != 0 {
		o["in_reply_to_id"] = k.replyTo
	}
	if k.wholeFile {
		o["subject_type"] = "file"
		return o
	}
	o["side"], o["original_line"], o["original_position"], o["line"], o["position"] = k.side, k.line, k.position, k.line, k.position
	if k.startLine != 0 {
		o["start_line"], o["original_start_line"], o["start_side"] = k.startLine, k.startLine, k.startSide
	}
	if k.commit != p.headSHA {
		for _, place := range []string{"line", "position", "start_line"} {
			delete(o, place)
		}
	}
	return o
}

func (s *Server) issueCommentJSON(k *issueComment) object {
	p := k.pull
	return object{"id": k.id, "node_id": fmt.Sprintf("IC_%d", k.id), "url": s.api("/repos/%s/issues/comments/%d", p.repository.FullName(), k.id),
		"html_url":  s.html("/%s/pull/%d#issuecomment-%d", p.repository.FullName(), p.Number, k.id),
		"issue_url": s.api("/repos/%s/issues/%d", p.repository.FullName(), p.Number), "user": s.userJSON(k.author), "body": k.body,
		"created_at": stampJSON(k.created), "updated_at": stampJSON(k.updated), "author_association": "NONE"}
}

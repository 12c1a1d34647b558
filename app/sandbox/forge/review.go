package forge

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// review is a review of a pull request.
type review struct {
	id        int64
	pull      *Pull
	author    *user
	body      string
	state     string // PENDING, COMMENTED, APPROVED, CHANGES_REQUESTED
	commit    string
	submitted time.Time
	reactions []string
}

// reviewComment is a comment on a line, on several, or on a whole file.
type reviewComment struct {
	id        int64
	pull      *Pull
	review    *review
	author    *user
	body      string
	path      string
	commit    string
	wholeFile bool
	line      int
	side      string
	startLine int // 0 if one line
	startSide string
	position  int
	hunk      string
	replyTo   int64
	created   time.Time
	updated   time.Time
	reactions []string
	thread    *reviewThread
	minimized string // why it is hidden: "resolved"; "" where it is not
}

func (c *reviewComment) node() string { return fmt.Sprintf("PRRC_%d", c.id) }

// reviewThread is a comment with its replies.
type reviewThread struct {
	id       int64 // of the comment
	resolved bool
}

func (t *reviewThread) node() string { return fmt.Sprintf("PRRT_%d", t.id) }

// threads are those that have a comment left, in the order of their first ones.
func (p *Pull) threads() []*reviewThread {
	var all []*reviewThread
	for _, c := range p.comments {
		if !slices.Contains(all, c.thread) {
			all = append(all, c.thread)
		}
	}
	return all
}

// issueComment is a comment on the pull request's timeline.
type issueComment struct {
	id      int64
	pull    *Pull
	author  *user
	body    string
	created time.Time
	updated time.Time

	reactions []string
}

// Review is a review as it stands, a copy.
type Review struct {
	ID                  int64
	Author, Body, State string
	Commit              string
	Comments            []Comment
}

// Comment is a review comment or, without a path, one on the timeline; a copy.
type Comment struct {
	ID           int64
	Author, Body string
	Path         string
	Commit       string
	WholeFile    bool
	StartLine    int // 0 if one line
	Line         int
	Side         string // LEFT, RIGHT
	Hunk         string // the diff down to the line
	Outdated     bool
	ReplyTo      int64
	Resolved     bool   // its thread is
	Minimized    string // why it is hidden: "resolved", "off-topic"; "" where it is not
}

// Reviews lists the pull request's reviews with their comments, oldest first.
func (p *Pull) Reviews() []Review {
	p.repository.server.mu.RLock()
	defer p.repository.server.mu.RUnlock()
	var all []Review
	for _, r := range p.reviews {
		shown := Review{ID: r.id, Author: r.author.login, Body: r.body, State: r.state, Commit: r.commit}
		for _, c := range p.comments {
			if c.review == r {
				shown.Comments = append(shown.Comments, c.copy())
			}
		}
		all = append(all, shown)
	}
	return all
}

// ReviewComments lists all review comments, oldest first.
func (p *Pull) ReviewComments() []Comment {
	p.repository.server.mu.RLock()
	defer p.repository.server.mu.RUnlock()
	var all []Comment
	for _, c := range p.comments {
		all = append(all, c.copy())
	}
	return all
}

// Comments lists the comments on the timeline, oldest first.
func (p *Pull) Comments() []Comment {
	p.repository.server.mu.RLock()
	defer p.repository.server.mu.RUnlock()
	var all []Comment
	for _, c := range p.talk {
		all = append(all, Comment{ID: c.id, Author: c.author.login, Body: c.body})
	}
	return all
}

// Say lets a person comment on the timeline.
func (p *Pull) Say(author, body string) int64 {
	s := p.repository.server
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &issueComment{id: s.nextID(), pull: p, author: s.person(author), body: body, created: s.now(), updated: s.now()}
	p.talk = append(p.talk, c)
	return c.id
}

// Remark lets a person comment on a line of the newest commit's diff (side RIGHT).
func (p *Pull) Remark(ctx context.Context, author, path string, line int, body string) (int64, error) {
	s := p.repository.server
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &reviewComment{pull: p, author: s.person(author), body: body, path: path, commit: p.headSHA, line: line, side: right}
	problem, err := c.place(ctx)
	if err != nil {
		return 0, err
	}
	if problem != nil {
		return 0, fmt.Errorf("comment on %s:%d: %s", path, line, problem.words)
	}
	p.keep(c, &review{id: s.nextID(), pull: p, author: c.author, state: "COMMENTED", commit: p.headSHA, submitted: s.now()})
	return c.id, nil
}

func (c *reviewComment) copy() Comment {
	return Comment{ID: c.id, Author: c.author.login, Body: c.body, Path: c.path, Commit: c.commit, WholeFile: c.wholeFile,
		StartLine: c.startLine, Line: c.line, Side: c.side, Hunk: c.hunk, Outdated: c.commit != c.pull.headSHA, ReplyTo: c.replyTo,
		Resolved: c.thread.resolved, Minimized: c.minimized}
}

// keep adds a review, and one comment of it if there is one.
func (p *Pull) keep(c *reviewComment, r *review) {
	s := p.repository.server
	if !slices.Contains(p.reviews, r) {
		p.reviews = append(p.reviews, r)
	}
	if c != nil {
		c.id, c.review, c.created, c.updated = s.nextID(), r, s.now(), s.now()
		if c.thread == nil {
			c.thread = &reviewThread{id: c.id}
		}
		p.comments = append(p.comments, c)
	}
	p.updated = s.now()
}

// problem says why a comment cannot stand where it is to stand.
type problem struct {
	words string // as the review endpoint says it
	field string // as the comment endpoint says it
	says  string // the message of that field
}

// place finds the comment's place in the diff, or says that there is none.
func (c *reviewComment) place(ctx context.Context) (*problem, error) {
	files, err := c.pull.diff(ctx, c.commit)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(files, func(f fileDiff) bool { return f.path == c.path })
	if i < 0 {
		return &problem{words: "Path could not be resolved", field: "pull_request_review_thread.path", says: "pull_request_review_thread.path is invalid"}, nil
	}
	if c.wholeFile {
		return nil, nil
	}
	file := &files[i]
	if file.tooLarge {
		return &problem{words: "Path diff too large", field: "path", says: "path diff too large"}, nil
	}
	if c.position > 0 {
		line, side, found := file.atPosition(c.position)
		if !found {
			return &problem{words: "Position could not be resolved", field: "position", says: "position is invalid"}, nil
		}
		c.line, c.side = line, side
	}
	if c.side == "" {
		c.side = right
	}
	at := file.hunkAt(c.line, c.side)
	if at < 0 {
		return &problem{words: "Line could not be resolved", field: "pull_request_review_thread.line", says: "pull_request_review_thread.line must be part of the diff"}, nil
	}
	if c.startLine != 0 {
		if c.startSide == "" {
			c.startSide = c.side
		}
		if c.startSide == c.side && c.startLine >= c.line {
			return &problem{words: "Start line must precede the end line.", field: "pull_request_review_thread.start_line",
				says: "pull_request_review_thread.start_line must precede the end line."}, nil
		}
		if file.hunkAt(c.startLine, c.startSide) != at {
			return &problem{words: "Start line must be part of the same hunk as the line.", field: "pull_request_review_thread.start_line",
				says: "pull_request_review_thread.start_line must be part of the same hunk as the line."}, nil
		}
	}
	c.hunk = file.hunks[at].upTo(c.line, c.side)
	c.position = file.position(c.line, c.side)
	return nil, nil
}

// checkBody refuses empty and overlong bodies.
func checkBody(resource, body string) error {
	switch n := utf8.RuneCountInString(body); {
	case n == 0:
		return invalid(resource, "missing_field", "body", "body can't be blank")
	case n > maxCommentBody:
		return invalid(resource, "custom", "body", "body is too long (maximum is 65536 characters)")
	}
	return nil
}

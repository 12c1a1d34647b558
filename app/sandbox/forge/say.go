package forge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Review lets a person review the newest commit, without comments on lines. An author
// "x[bot]" is a bot.
func (p *Pull) Review(ctx context.Context, author, body string) (int64, error) {
	var id int64
	err := p.say(ctx, author, func(u *user) error {
		if body == "" {
			return errors.New("a review needs a text")
		}
		r := &review{id: p.repository.server.nextID(), pull: p, author: u, body: body, state: "COMMENTED", commit: p.headSHA, submitted: p.repository.server.now()}
		p.keep(nil, r)
		id = r.id
		p.repository.server.emitReview(r, "submitted", u, nil)
		return nil
	})
	return id, err
}

// Reply lets a person reply to a review comment.
func (p *Pull) Reply(ctx context.Context, author string, to int64, body string) (int64, error) {
	var id int64
	err := p.say(ctx, author, func(u *user) error {
		s, parent := p.repository.server, p.comment(to)
		if parent == nil {
			return fmt.Errorf("comment %d: %w", to, ErrNotFound)
		}
		reply := *parent
		reply.author, reply.body, reply.replyTo, reply.reactions, reply.minimized = u, body, parent.thread.id, nil, ""
		p.keep(&reply, &review{id: s.nextID(), pull: p, author: u, state: "COMMENTED", commit: reply.commit, submitted: s.now()})
		id = reply.id
		s.emitReviewComment(&reply, "created", u, nil)
		s.emitReview(reply.review, "submitted", u, nil)
		return nil
	})
	return id, err
}

// Tell lets a person comment in the conversation, and sends the event of it.
func (p *Pull) Tell(ctx context.Context, author, body string) (int64, error) {
	var id int64
	err := p.say(ctx, author, func(u *user) error {
		s := p.repository.server
		c := &issueComment{id: s.nextID(), pull: p, author: u, body: body, created: s.now(), updated: s.now()}
		p.talk = append(p.talk, c)
		id = c.id
		s.emitIssueComment(c, "created", u, nil)
		return nil
	})
	return id, err
}

// Edit lets somebody edit a review, or a comment, by its id.
func (p *Pull) Edit(ctx context.Context, editor string, id int64, body string) error {
	return p.say(ctx, editor, func(u *user) error {
		s := p.repository.server
		changed := func(from string) object { return object{"changes": object{"body": object{"from": from}}} }
		for _, r := range p.reviews {
			if r.id == id {
				was := r.body
				r.body = body
				s.emitReview(r, "edited", u, changed(was))
				return nil
			}
		}
		if k := p.comment(id); k != nil {
			was := k.body
			k.body, k.updated = body, s.now()
			s.emitReviewComment(k, "edited", u, changed(was))
			return nil
		}
		return fmt.Errorf("review or comment %d: %w", id, ErrNotFound)
	})
}

// Minimize lets somebody hide a review comment: as "spam", "off-topic" or "resolved".
func (p *Pull) Minimize(id int64, reason string) error {
	p.repository.server.mu.Lock()
	defer p.repository.server.mu.Unlock()
	k := p.comment(id)
	if k == nil {
		return fmt.Errorf("comment %d: %w", id, ErrNotFound)
	}
	k.minimized = reason
	return nil
}

// Delete lets somebody delete a review comment.
func (p *Pull) Delete(ctx context.Context, who string, id int64) error {
	return p.say(ctx, who, func(u *user) error {
		k := p.comment(id)
		if k == nil {
			return fmt.Errorf("comment %d: %w", id, ErrNotFound)
		}
		p.comments = slices.DeleteFunc(p.comments, func(o *reviewComment) bool { return o == k })
		p.repository.server.emitReviewComment(k, "deleted", u, nil)
		return nil
	})
}

// Reactions are what was answered to a review or comment: "+1", "confused".
func (p *Pull) Reactions(id int64) []string {
	p.repository.server.mu.RLock()
	defer p.repository.server.mu.RUnlock()
	if list := p.reactions(id); list != nil {
		return slices.Clone(*list)
	}
	return nil
}

func (p *Pull) reactions(id int64) *[]string {
	for _, r := range p.reviews {
		if r.id == id {
			return &r.reactions
		}
	}
	for _, k := range p.comments {
		if k.id == id {
			return &k.reactions
		}
	}
	for _, k := range p.talk {
		if k.id == id {
			return &k.reactions
		}
	}
	return nil
}

// say lets somebody do something on the pull request, and sends the events of it.
func (p *Pull) say(ctx context.Context, who string, do func(*user) error) error {
	s := p.repository.server
	s.mu.Lock()
	kind := "User"
	if strings.HasSuffix(who, "[bot]") {
		kind = "Bot"
	}
	err := do(s.user(who, kind))
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("pull request %d of %s: %w", p.Number, p.repository.FullName(), err)
	}
	return s.flush(ctx)
}

// emitReview sends a review as events carry it: its state is in lower case.
func (s *Server) emitReview(r *review, action string, sender *user, extra object) {
	shape := s.reviewJSON(r)
	shape["state"], shape["body"] = strings.ToLower(r.state), orNil(r.body)
	s.emitRemark(r.pull, "pull_request_review", action, sender, object{"review": shape}, extra)
}

// emitReviewComment sends a comment as events carry it: what it has not is null there.
func (s *Server) emitReviewComment(k *reviewComment, action string, sender *user, extra object) {
	shape := s.reviewCommentJSON(k)
	for _, field := range []string{"line", "original_line", "start_line", "original_start_line", "start_side", "position"} {
		if _, there := shape[field]; !there {
			shape[field] = nil
		}
	}
	reactions := object{"url": s.api("/repos/%s/pulls/comments/%d/reactions", k.pull.repository.FullName(), k.id), "total_count": len(k.reactions)}
	for content := range contents {
		reactions[content] = 0
		if slices.Contains(k.reactions, content) {
			reactions[content] = 1
		}
	}
	shape["reactions"] = reactions
	s.emitRemark(k.pull, "pull_request_review_comment", action, sender, object{"comment": shape}, extra)
}

func (s *Server) emitRemark(p *Pull, event, action string, sender *user, extras ...object) {
	in, payload := s.about(p.repository, event, sender)
	if in == nil || !permits(in.permissions, "pull_requests", "read") {
		return
	}
	payload["pull_request"] = s.pullSimpleJSON(p)
	for _, extra := range extras {
		for key, value := range extra {
			payload[key] = value
		}
	}
	s.emit(event, action, in, p.repository, payload)
}

// emitIssueComment is heard where an operator asked for the event and its permission.
func (s *Server) emitIssueComment(k *issueComment, action string, sender *user, extra object) {
	p := k.pull
	in, payload := s.about(p.repository, "issue_comment", sender)
	if in == nil || !permits(in.permissions, "issues", "read") {
		return
	}
	payload["comment"] = s.issueCommentJSON(k)
	payload["issue"] = object{"id": p.id, "number": p.Number, "title": p.title, "user": s.userJSON(p.author),
		"pull_request": object{"url": s.api("/repos/%s/pulls/%d", p.repository.FullName(), p.Number)}}
	for key, value := range extra {
		payload[key] = value
	}
	s.emit("issue_comment", action, in, p.repository, payload)
}

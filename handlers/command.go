package handlers

import (
	"encoding/json"
	"fmt"

	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/review"
)

// spoken is an event about a review or a comment.
type spoken struct {
	place
	Sender  *author `json:"sender"`
	Changes struct {
		Body struct {
			From string `json:"from"` // the text until now
		} `json:"body"`
	} `json:"changes"`
	PullRequest struct {
		Number int `json:"number"`
		Head   struct {
			SHA string `json:"sha"`
		} `json:"head"`
	} `json:"pull_request"`
	Review, Comment json.RawMessage
}

// remark is the review or the comment itself. Its text is not stored: the job reads it
// again, and holds it against its digest.
type remark struct {
	kind     review.RemarkKind
	ID       int64   `json:"id"`
	Body     string  `json:"body"`      // null where it has none
	CommitID string  `json:"commit_id"` // of a review: what was looked at
	User     *author `json:"user"`      // null where the account was deleted
}

// author is who wrote, or sent, something.
type author struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Type  string `json:"type"` // "User", "Bot", "Organization", "Mannequin"
}

func (a *author) person() bool { return a != nil && a.Type == "User" }

// heard reads an event and what was said in it. The event's name is not signed, so the
// body has to show what it is.
func heard(payload []byte, kind review.RemarkKind) (e spoken, r remark, err error) {
	if err := decode(payload, &e); err != nil {
		return e, r, err
	}
	said, other := e.Comment, e.Review
	if kind == review.InReview {
		said, other = other, said
	}
	if !present(said) || present(other) {
		return e, r, fmt.Errorf("%w: it is another event", ErrPayload)
	}
	r.kind = kind
	return e, r, decode(said, &r)
}

// command is the job of a remark that was just made. One without a command, or by
// somebody who is no person, makes none.
func (e spoken) command(r remark) []queue.Job {
	if !review.IsCommand(r.Body) || !e.Sender.person() || !r.User.person() {
		return nil
	}
	job := e.about(queue.Command, r)
	job.Digest, job.EventHead = review.RemarkDigest(r.Body), e.PullRequest.Head.SHA
	if r.kind == review.InReview && r.CommitID != "" {
		job.EventHead = r.CommitID
	}
	return []queue.Job{job}
}

// retraction is the job of a remark that was changed or taken back. Where it was no
// command, nothing rests on it.
func (e spoken) retraction(r remark) []queue.Job {
	if !review.IsCommand(r.Body) && !review.IsCommand(e.Changes.Body.From) {
		return nil
	}
	return []queue.Job{e.about(queue.Retract, r)}
}

func (e spoken) about(what queue.JobKind, r remark) queue.Job {
	job := e.job(what)
	job.Number, job.Remark, job.RemarkKind = e.PullRequest.Number, r.ID, string(r.kind)
	return job
}

// Package handlers turns webhook deliveries into jobs: one file per event, each
// only translates. Nothing here calls GitHub.
//
// Payloads are decoded into small structs of our own: go-github's event types fail
// on every repository with a multi-select custom property.
package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/palantir/go-githubapp/githubapp"

	"github.com/bonafide-app/bonafide/app/queue"
)

// ErrPayload is wrapped by the error for a payload that is signed but lacks what
// its event must have. It is answered 422: the delivery is not lost silently, and
// sending it again would not help.
var ErrPayload = errors.New("the payload is not what its event must be")

// ErrStore is wrapped by the error for jobs that could not be stored. It is
// answered 503, so that GitHub's delivery log keeps the delivery as failed.
var ErrStore = errors.New("the delivery could not be stored")

// All returns a handler for every event that Bonafide acts on. appID is the App's
// id: check runs and suites of other Apps are not ours to run again.
func All(appID int64, q queue.Queue) []githubapp.EventHandler {
	ours := checksOfOurs{appID}
	return []githubapp.EventHandler{
		handler{"pull_request", pullRequest, q},
		handler{"pull_request_review", pullRequestReview, q},
		handler{"pull_request_review_comment", pullRequestReviewComment, q},
		handler{"issue_comment", issueComment, q},
		handler{"merge_group", mergeGroup, q},
		handler{"check_run", ours.run, q},
		handler{"check_suite", ours.suite, q},
		handler{"push", push, q},
		handler{"release", release, q},
		handler{"repository", aboutRepository, q},
		handler{"installation", installation, q},
		handler{"installation_repositories", installationRepositories, q},
	}
}

// handler stores the jobs that one event translates into.
type handler struct {
	event     string
	translate func(payload []byte) ([]queue.Job, error)
	queue     queue.Queue
}

// Handles names the event.
func (h handler) Handles() []string { return []string{h.event} }

// Handle returns after every job of the delivery was stored. Where one of several
// is not, sending the delivery again stores the rest: a job is stored once.
func (h handler) Handle(ctx context.Context, event, delivery string, payload []byte) error {
	jobs, err := h.translate(payload)
	if err != nil {
		return fmt.Errorf("%s: %w", event, err)
	}
	for _, job := range jobs {
		if err := validate(job); err != nil {
			return fmt.Errorf("%s: %w", event, err)
		}
	}
	got := receiptOf(ctx)
	for _, job := range jobs {
		job.Delivery = delivery
		if err := h.queue.Enqueue(ctx, job); err != nil {
			got.failed = &job
			return fmt.Errorf("%w: %s: %w", ErrStore, event, err)
		}
		got.stored++
		log := job.Log(loggerOf(ctx))
		log.Info().Str("event", event).Str("reason", job.Reason).Msg("stored a job")
	}
	return nil
}

// repository is the part of a repository that every event with one carries.
type repository struct {
	ID       int64  `json:"id"`
	FullName string `json:"full_name"` // "OWNER/NAME"
}

// place is where the event happened.
type place struct {
	Action       string `json:"action"`
	Installation struct {
		ID int64 `json:"id"`
	} `json:"installation"`
	Repository repository `json:"repository"`
}

// job starts a job at the event's place.
func (p place) job(kind queue.JobKind) queue.Job { return p.jobAt(kind, p.Repository) }

func (p place) jobAt(kind queue.JobKind, r repository) queue.Job {
	owner, name, _ := strings.Cut(r.FullName, "/")
	return queue.Job{
		Kind: kind, Installation: p.Installation.ID, RepositoryID: r.ID, Owner: owner, Repo: name, Reason: p.Action,
	}
}

// decode reads a payload into v. Unknown fields are GitHub's to add.
func decode(payload []byte, v any) error {
	if err := json.Unmarshal(payload, v); err != nil {
		return fmt.Errorf("%w: %w", ErrPayload, err)
	}
	return nil
}

// present says whether a field was there and not null.
func present(m json.RawMessage) bool { return len(m) > 0 && string(m) != "null" }

var (
	// Enterprise Managed Users carry an underscore.
	ownerShape = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9_])?$`)
	nameShape  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	shaShape   = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

	digestShape = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// validate holds a job against the shapes that the rest of Bonafide builds request
// paths from.
func validate(j queue.Job) error {
	wrong := func(what string, value any) error {
		return fmt.Errorf("%w: %s %.120q", ErrPayload, what, fmt.Sprint(value))
	}
	if j.Installation <= 0 {
		return wrong("installation", j.Installation)
	}
	if j.Kind == queue.Removed && j.RepositoryID == 0 && j.Owner == "" && j.Repo == "" {
		return nil // about all that went
	}
	if j.Kind == queue.Evict || j.Kind == queue.Installed && j.RepositoryID == 0 && j.Owner == "" && j.Repo == "" {
		return nil // about the installation as a whole
	}
	switch {
	case j.RepositoryID <= 0:
		return wrong("repository id", j.RepositoryID)
	case !ownerShape.MatchString(j.Owner):
		return wrong("repository owner", j.Owner)
	case !nameShape.MatchString(j.Repo) || j.Repo == "." || j.Repo == "..":
		return wrong("repository name", j.Repo)
	case j.Head != "" && !shaShape.MatchString(j.Head):
		return wrong("head SHA", j.Head)
	case j.EventHead != "" && !shaShape.MatchString(j.EventHead):
		return wrong("head SHA", j.EventHead)
	}
	switch j.Kind {
	case queue.PullRequest:
		if j.Number <= 0 {
			return wrong("pull request number", j.Number)
		}
	case queue.Command, queue.Retract:
		switch {
		case j.Number <= 0:
			return wrong("pull request number", j.Number)
		case j.Remark <= 0:
			return wrong("comment id", j.Remark)
		case j.Kind == queue.Command && !digestShape.MatchString(j.Digest):
			return wrong("digest", j.Digest)
		}
	case queue.Button:
		switch {
		case j.Number <= 0:
			return wrong("pull request number", j.Number)
		case j.Head == "":
			return wrong("head SHA", j.Head)
		case j.ByID <= 0:
			return wrong("account id", j.ByID)
		case !ownerShape.MatchString(j.By):
			return wrong("account", j.By)
		}
	case queue.Pushed:
		switch {
		case j.Head == "":
			return wrong("head SHA", j.Head)
		case !branchShape(j.BaseRef, maxRefBytes):
			return wrong("branch", j.BaseRef)
		}
	case queue.Release:
		if !branchShape(j.Tag, maxRefBytes) {
			return wrong("tag", j.Tag)
		}
	case queue.Renamed:
		if !nameShape.MatchString(j.Former) {
			return wrong("former name", j.Former)
		}
	case queue.Close, queue.Commit:
		if j.Head == "" {
			return wrong("head SHA", j.Head)
		}
	case queue.MergeGroup:
		switch {
		case j.Head == "":
			return wrong("head SHA", j.Head)
		case !shaShape.MatchString(j.Base):
			return wrong("base SHA", j.Base)
		case !branchShape(j.BaseRef, maxRefBytes):
			return wrong("base branch", j.BaseRef)
		case j.HeadRef != "" && !branchShape(j.HeadRef, maxGroupRefBytes):
			return wrong("head branch", j.HeadRef)
		}
	}
	return nil
}

// branchShape keeps out what git refuses and what would change a request path.
// https://git-scm.com/docs/git-check-ref-format
func branchShape(ref string, max int) bool {
	if ref == "" || len(ref) > max || strings.ContainsAny(ref, " ~^:?*[\\\x7f") {
		return false
	}
	for _, r := range ref {
		if r < ' ' || r == '\uFFFD' {
			return false
		}
	}
	for part := range strings.SplitSeq(ref, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.Contains(part, "..") {
			return false
		}
	}
	return true
}

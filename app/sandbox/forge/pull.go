package forge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Pull is a pull request. Number never changes; Head, Base and State ask.
type Pull struct {
	Number int

	id          int64
	repository  *Repository // the base
	title, body string
	author      *user
	head        *Repository // nil once its repository is deleted
	headOwner   *user
	headBranch  string
	headSHA     string
	baseBranch  string
	baseSHA     string // as of the last opening, push or retargeting
	open, draft bool
	created     time.Time
	updated     time.Time
	closed      time.Time
	merged      time.Time
	mergeCommit string
	reviews     []*review
	comments    []*reviewComment
	talk        []*issueComment
}

// PullSpec describes a new pull request.
type PullSpec struct {
	Title, Body string
	Head        string      // branch
	From        *Repository // where Head is; nil: the same repository
	Base        string      // default: the default branch
	Author      string      // default: the owner of the fork, else the contributor
	Draft       bool
}

// OpenPull opens a pull request into the repository.
func (r *Repository) OpenPull(ctx context.Context, spec PullSpec) (*Pull, error) {
	if spec.From == nil {
		spec.From = r
	}
	if spec.Base == "" {
		spec.Base = r.defaultBranch
	}
	if spec.Author == "" && spec.From != r {
		spec.Author = spec.From.Owner
	}
	if spec.Title == "" {
		spec.Title = "Update " + spec.Head
	}
	s := r.server
	s.mu.Lock()
	p, err := r.openPull(ctx, spec)
	if err == nil {
		s.emitPull(ctx, p, "opened", p.author, nil)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("open a pull request in %s: %w", r.FullName(), err)
	}
	return p, s.flush(ctx)
}

func (r *Repository) openPull(ctx context.Context, spec PullSpec) (*Pull, error) {
	s := r.server
	if spec.From.git != r.git {
		return nil, fmt.Errorf("%s is no fork of it", spec.From.FullName())
	}
	head, err := spec.From.tip(ctx, spec.Head)
	if err != nil {
		return nil, err
	}
	base, err := r.tip(ctx, spec.Base)
	if err != nil {
		return nil, err
	}
	for _, p := range r.pulls {
		if p.open && p.head == spec.From && p.headBranch == spec.Head && p.baseBranch == spec.Base {
			return nil, fmt.Errorf("pull request %d from %s into %s is open already", p.Number, spec.Head, spec.Base)
		}
	}
	if common, err := r.git.mergeBase(ctx, base, head); err != nil {
		return nil, err
	} else if common == "" {
		return nil, errors.New("the branches have no commit in common")
	} else if common == head {
		return nil, errors.New("there is no commit between the branches")
	}
	r.lastNumber++
	p := &Pull{Number: r.lastNumber, id: s.nextID(), repository: r, title: spec.Title, body: spec.Body, author: s.person(spec.Author),
		head: spec.From, headOwner: spec.From.owner, headBranch: spec.Head, headSHA: head, baseBranch: spec.Base, baseSHA: base,
		open: true, draft: spec.Draft, created: s.now(), updated: s.now()}
	if err := r.git.updateRef(ctx, p.ref(), head); err != nil {
		return nil, err
	}
	r.pulls = append(r.pulls, p)
	return p, nil
}

// Push commits files to the pull request's branch, wherever that is.
func (p *Pull) Push(ctx context.Context, files Files) (string, error) {
	head := p.Source()
	if head == nil {
		return "", fmt.Errorf("push to pull request %d: its repository is gone", p.Number)
	}
	return head.Push(ctx, Change{Branch: p.headBranch, Files: files, Sender: p.author.login})
}

// Close closes the pull request without merging it.
func (p *Pull) Close(ctx context.Context) error {
	return p.turn(ctx, "closed", nil, func() error {
		if !p.open {
			return errors.New("it is closed already")
		}
		p.close()
		return nil
	})
}

// Reopen opens a closed pull request again, at the branch's tip if that is still there.
func (p *Pull) Reopen(ctx context.Context) error {
	return p.turn(ctx, "reopened", nil, func() error {
		if p.open || !p.merged.IsZero() {
			return errors.New("it is not closed, or it is merged")
		}
		p.open, p.closed = true, time.Time{}
		if p.head != nil && !p.head.deleted {
			tip, err := p.head.tip(ctx, p.headBranch)
			if err != nil {
				return err
			}
			return p.moveHead(ctx, tip)
		}
		return nil
	})
}

// Retarget changes the base branch.
func (p *Pull) Retarget(ctx context.Context, base string) error {
	changes := object{}
	return p.turn(ctx, "edited", object{"changes": changes}, func() error {
		tip, err := p.repository.tip(ctx, base)
		if err != nil {
			return err
		}
		changes["base"] = object{"ref": object{"from": p.baseBranch}, "sha": object{"from": p.baseSHA}}
		p.baseBranch, p.baseSHA = base, tip
		return nil
	})
}

// Rename changes the title, which is an edit that changes nothing about the code.
func (p *Pull) Rename(ctx context.Context, title string) error {
	changes := object{}
	return p.turn(ctx, "edited", object{"changes": changes}, func() error {
		changes["title"] = object{"from": p.title}
		p.title = title
		return nil
	})
}

// Ready turns a draft into an ordinary pull request.
func (p *Pull) Ready(ctx context.Context) error {
	return p.turn(ctx, "ready_for_review", nil, func() error {
		p.draft = false
		return nil
	})
}

// Merge merges the pull request into its base branch.
func (p *Pull) Merge(ctx context.Context) error {
	return p.turn(ctx, "closed", nil, func() error {
		if !p.open {
			return errors.New("it is not open")
		}
		r, s := p.repository, p.repository.server
		tip, err := r.tip(ctx, p.baseBranch)
		if err != nil {
			return err
		}
		merged, err := r.git.merge(ctx, tip, p.headSHA, fmt.Sprintf("Merge pull request #%d", p.Number), s.nextDate())
		if err != nil {
			return err
		}
		p.close()
		p.merged, p.mergeCommit = p.closed, merged
		return r.move(ctx, p.baseBranch, merged, p.author)
	})
}

// turn changes a pull request and sends the event of it.
func (p *Pull) turn(ctx context.Context, action string, extra object, change func() error) error {
	s := p.repository.server
	s.mu.Lock()
	err := change()
	if err == nil {
		p.updated = s.now()
		s.emitPull(ctx, p, action, p.author, extra)
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("pull request %d of %s: %w", p.Number, p.repository.FullName(), err)
	}
	return s.flush(ctx)
}

func (p *Pull) close() {
	p.open = false
	p.closed = p.repository.server.now()
	p.updated = p.closed
}

func (p *Pull) moveHead(ctx context.Context, sha string) error {
	base, err := p.repository.tip(ctx, p.baseBranch)
	if err != nil {
		return err
	}
	p.headSHA, p.baseSHA, p.updated = sha, base, p.repository.server.now()
	return p.repository.git.updateRef(ctx, p.ref(), sha)
}

func (p *Pull) ref() string { return fmt.Sprintf("%spull/%d/head", p.repository.refs(), p.Number) }

// HeadSHA is the newest commit.
func (p *Pull) HeadSHA() string {
	p.repository.server.mu.RLock()
	defer p.repository.server.mu.RUnlock()
	return p.headSHA
}

// Open says whether the pull request is open.
func (p *Pull) Open() bool {
	p.repository.server.mu.RLock()
	defer p.repository.server.mu.RUnlock()
	return p.open
}

// Base is the repository that the pull request belongs to.
func (p *Pull) Base() *Repository { return p.repository }

// Source is the repository that the pull request comes from, nil once it is deleted.
func (p *Pull) Source() *Repository {
	p.repository.server.mu.RLock()
	defer p.repository.server.mu.RUnlock()
	return p.source()
}

func (p *Pull) source() *Repository {
	if p.head == nil || p.head.deleted {
		return nil
	}
	return p.head
}

// URL is the address of the pull request's page.
func (p *Pull) URL() string {
	return fmt.Sprintf("%s/%s/pull/%d", p.repository.server.URL(), p.repository.FullName(), p.Number)
}

// Pull finds a pull request by its number.
func (r *Repository) Pull(number int) (*Pull, error) {
	r.server.mu.RLock()
	defer r.server.mu.RUnlock()
	if p := r.pull(number); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("pull request %d of %s: %w", number, r.FullName(), ErrNotFound)
}

func (r *Repository) pull(number int) *Pull {
	i := slices.IndexFunc(r.pulls, func(p *Pull) bool { return p.Number == number })
	if i < 0 {
		return nil
	}
	return r.pulls[i]
}

// pullsFrom lists the open pull requests from a branch, by number, into whatever repository.
func (s *Server) pullsFrom(r *Repository, branch string) []*Pull {
	var pulls []*Pull
	for _, base := range s.repositories {
		for _, p := range base.pulls {
			if p.open && p.head == r && p.headBranch == branch {
				pulls = append(pulls, p)
			}
		}
	}
	return pulls
}

// from is where the pull request begins: the merge base of its head with the base
// branch as that is now, or was when it merged.
func (p *Pull) from(ctx context.Context) (string, error) {
	tip, err := p.repository.tip(ctx, p.baseBranch)
	if errors.Is(err, ErrNotFound) {
		tip, err = p.baseSHA, nil
	}
	if err != nil {
		return "", err
	}
	if !p.merged.IsZero() {
		tip = p.baseSHA
	}
	return p.repository.git.mergeBase(ctx, tip, p.headSHA)
}

// diff is the pull request's diff, as of one of its commits.
func (p *Pull) diff(ctx context.Context, at string) ([]fileDiff, error) {
	from, err := p.from(ctx)
	if err != nil {
		return nil, err
	}
	return p.repository.server.diffs.of(ctx, p.repository.git, from, at)
}

// commits lists the pull request's commits, oldest first.
func (p *Pull) commits(ctx context.Context) ([]string, error) {
	from, err := p.from(ctx)
	if err != nil {
		return nil, err
	}
	return p.repository.git.between(ctx, from, p.headSHA)
}

// MergeGroup is a group of a merge queue.
type MergeGroup struct {
	HeadSHA, HeadRef string // HeadRef: "refs/heads/gh-readonly-queue/main/pr-1-…"
	BaseSHA, BaseRef string // BaseRef: "refs/heads/main"

	repository *Repository
}

// MergeGroup puts pull requests with one base branch into the merge queue together
// and asks for the group's checks.
func (r *Repository) MergeGroup(ctx context.Context, pulls ...*Pull) (*MergeGroup, error) {
	if len(pulls) == 0 {
		return nil, errors.New("a merge group needs a pull request")
	}
	s := r.server
	s.mu.Lock()
	group, err := r.mergeGroup(ctx, pulls)
	if err == nil {
		err = s.emitMergeGroup(ctx, group, "checks_requested", nil)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("merge group of %s: %w", r.FullName(), err)
	}
	return group, s.flush(ctx)
}

func (r *Repository) mergeGroup(ctx context.Context, pulls []*Pull) (*MergeGroup, error) {
	branch := pulls[0].baseBranch
	base, err := r.tip(ctx, branch)
	if err != nil {
		return nil, err
	}
	head := base
	for _, p := range pulls {
		if p.repository != r || p.baseBranch != branch || !p.open {
			return nil, fmt.Errorf("pull request %d is not open into %s", p.Number, branch)
		}
		if head, err = r.git.merge(ctx, head, p.headSHA, fmt.Sprintf("Merge pull request #%d", p.Number), r.server.nextDate()); err != nil {
			return nil, err
		}
	}
	name := fmt.Sprintf("gh-readonly-queue/%s/pr-%d-%s", branch, pulls[len(pulls)-1].Number, base)
	if err := r.git.updateRef(ctx, r.branchRef(name), head); err != nil {
		return nil, err
	}
	return &MergeGroup{HeadSHA: head, HeadRef: "refs/heads/" + name, BaseSHA: base, BaseRef: "refs/heads/" + branch, repository: r}, nil
}

// Destroy takes the group out of the queue; reason is merged, invalidated or dequeued.
func (m *MergeGroup) Destroy(ctx context.Context, reason string) error {
	s := m.repository.server
	s.mu.Lock()
	err := s.emitMergeGroup(ctx, m, "destroyed", object{"reason": reason})
	if err == nil {
		err = m.repository.git.deleteRef(ctx, m.HeadRef)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.flush(ctx)
}

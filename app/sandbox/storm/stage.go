package storm

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/sandbox/samples"
)

// stage is the GitHub of a storm: what stands there, and what was meant by it.
type stage struct {
	world        *sandbox.World
	contents     contents
	repositories []*repository
	pushes       int

	mu    sync.Mutex // guards pulls and what is in them and in repositories
	pulls map[int]*pull
}

// repository is one of the plan's.
type repository struct {
	*forge.Repository
	project Project
	fork    *forge.Repository // nil until there is one
	relaxed bool
	kinds   map[string]Kind // by commit
}

// pull is one of the plan's pull requests.
type pull struct {
	*forge.Pull
	repository *repository
	number     int // in the plan
	branch     string
	base       string
	tree       samples.Tree
	heads      []string // every head that it had
}

// newStage makes the repositories and installs the App on all of them.
func newStage(ctx context.Context, w *sandbox.World, plan Plan) (*stage, error) {
	s := &stage{world: w, pulls: map[int]*pull{}}
	var err error
	if s.contents, err = newContents(w.NPM); err != nil {
		return nil, err
	}
	if err := w.PublishSamples(); err != nil {
		return nil, err
	}
	if err := w.PublishIncidents(); err != nil {
		return nil, err
	}
	installed := map[string]bool{}
	for _, r := range plan.Repositories {
		main, next := s.contents.main(r.Project), maps.Clone(s.contents.next(r.Project))
		repo, err := w.GitHub.CreateRepository(ctx, forge.RepositorySpec{Owner: r.Owner, Name: r.Name, DefaultBranch: samples.Main, Files: sandbox.Files(nil, main)})
		if err != nil {
			return nil, err
		}
		next["NEXT.md"] = "What is next.\n"
		if _, err := repo.Push(ctx, forge.Change{Branch: samples.Next, From: samples.Main, Files: sandbox.Files(main, next)}); err != nil {
			return nil, err
		}
		s.repositories = append(s.repositories, &repository{Repository: repo, project: r.Project, kinds: map[string]Kind{}})
	}
	for _, r := range plan.Repositories {
		if installed[r.Owner] {
			continue
		}
		installed[r.Owner] = true
		if _, err := w.GitHub.Install(ctx, r.Owner); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// act does a step.
func (s *stage) act(ctx context.Context, step Step) error {
	repo := s.repositories[step.Repository]
	p := s.pulls[step.Pull]
	var err error
	switch step.Do {
	case Open:
		err = s.open(ctx, repo, step)
	case Twin:
		err = s.twin(ctx, p, step)
	case Push:
		err = s.push(ctx, p, step.Kind)
	case Close:
		err = p.Close(ctx)
	case Reopen:
		if err = p.Reopen(ctx); err == nil {
			s.note(p)
		}
	case Retarget:
		if err = p.Retarget(ctx, step.Base); err == nil {
			p.base = step.Base
		}
	case Ready:
		err = p.Ready(ctx)
	case Rename:
		err = p.Rename(ctx, fmt.Sprintf("Pull request %d, by another name", step.Pull))
	case Relax:
		repo.relaxed = true
		_, err = repo.Push(ctx, forge.Change{Branch: samples.Main, Message: "Relax the policy", Files: forge.Files{policyPath: forge.Text(relaxedPolicy)}})
	default:
		err = fmt.Errorf("nobody knows how to %q", step.Do)
	}
	if err != nil {
		return fmt.Errorf("%s pull request %d of the plan: %w", step.Do, step.Pull, err)
	}
	return nil
}

func (s *stage) open(ctx context.Context, repo *repository, step Step) error {
	from := samples.Main
	if step.Kind == OutOfNext {
		from = samples.Next
	}
	source := repo.Repository
	if step.Fork {
		if repo.fork == nil {
			var err error
			if repo.fork, err = repo.Repository.Fork(ctx, "forker-"+repo.Owner); err != nil {
				return err
			}
		}
		source = repo.fork
	}
	p := &pull{repository: repo, number: step.Pull, branch: fmt.Sprintf("work-%d", step.Pull), base: step.Base}
	p.tree = s.contents.main(repo.project)
	if from == samples.Next {
		p.tree = s.contents.next(repo.project)
	}
	sha, err := s.commit(ctx, p, source, from, step.Kind)
	if err != nil {
		return err
	}
	if p.Pull, err = repo.OpenPull(ctx, forge.PullSpec{Title: fmt.Sprintf("Pull request %d: %s", step.Pull, step.Kind), Head: p.branch, From: source, Base: step.Base, Draft: step.Draft}); err != nil {
		return err
	}
	p.heads = append(p.heads, sha)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulls[step.Pull] = p
	return nil
}

func (s *stage) twin(ctx context.Context, first *pull, step Step) error {
	p := &pull{repository: first.repository, number: step.Twin, branch: first.branch, base: step.Base, tree: first.tree}
	var err error
	if p.Pull, err = p.repository.OpenPull(ctx, forge.PullSpec{Title: fmt.Sprintf("Pull request %d: a twin", step.Twin), Head: p.branch, Base: step.Base}); err != nil {
		return err
	}
	s.mu.Lock()
	s.pulls[step.Twin] = p
	s.mu.Unlock()
	s.note(p)
	return nil
}

func (s *stage) push(ctx context.Context, p *pull, k Kind) error {
	if _, err := s.commit(ctx, p, p.Source(), "", k); err != nil {
		return err
	}
	for _, other := range s.pulls { // twins move too
		if other.repository == p.repository && other.branch == p.branch {
			s.note(other)
		}
	}
	return nil
}

// commit pushes a tree of a kind, and remembers the commit's kind.
func (s *stage) commit(ctx context.Context, p *pull, into *forge.Repository, from string, k Kind) (string, error) {
	s.pushes++
	tree, err := s.contents.tree(k, s.pushes)
	if err != nil {
		return "", err
	}
	tree = maps.Clone(tree)
	tree["CHANGES.md"] = fmt.Sprintf("Push %d.\n", s.pushes) // no two commits are the same
	sha, err := into.Push(ctx, forge.Change{Branch: p.branch, From: from, Message: string(k), Files: sandbox.Files(p.tree, tree)})
	if err != nil {
		return "", err
	}
	p.tree = tree
	s.mu.Lock()
	defer s.mu.Unlock()
	p.repository.kinds[sha] = k
	return sha, nil
}

// note remembers the head that a pull request has now.
func (s *stage) note(p *pull) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if head := p.HeadSHA(); len(p.heads) == 0 || p.heads[len(p.heads)-1] != head {
		p.heads = append(p.heads, head)
	}
}

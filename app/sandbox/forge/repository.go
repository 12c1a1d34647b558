package forge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ErrNotFound is wrapped where a repository, branch, pull request or check run
// that was asked for is not there.
var ErrNotFound = errors.New("not found")

// Repository is one repository of the server. ID, Owner and Name never change.
type Repository struct {
	ID          int64
	Owner, Name string

	server        *Server
	owner         *user
	git           *git
	parent        *Repository // of a fork
	private       bool
	defaultBranch string
	created       time.Time
	pushed        time.Time
	deleted       bool
	pulls         []*Pull
	lastNumber    int
	people        map[string]string        // roles by login, lower case
	required      map[string][]requirement // checks by branch
}

// RepositorySpec describes a new repository.
type RepositorySpec struct {
	Owner, Name string
	// Person makes the owner a user account instead of an organisation, where this
	// is the owner's first repository.
	Person        bool
	Private       bool
	DefaultBranch string // default "main"
	Files         Files  // of the first commit
}

var (
	ownerName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,38})$`)
	repoName  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
)

// CreateRepository makes a repository with one commit on its default branch.
func (s *Server) CreateRepository(ctx context.Context, spec RepositorySpec) (*Repository, error) {
	if !ownerName.MatchString(spec.Owner) || !repoName.MatchString(spec.Name) || strings.Trim(spec.Name, ".") == "" {
		return nil, fmt.Errorf("%q is no name of a repository", spec.Owner+"/"+spec.Name)
	}
	if spec.DefaultBranch == "" {
		spec.DefaultBranch = "main"
	}
	if err := errors.Join(spec.Files.check(), checkBranch(spec.DefaultBranch)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.repository(spec.Owner, spec.Name) != nil {
		return nil, fmt.Errorf("there is a repository %s/%s already", spec.Owner, spec.Name)
	}
	kind := "Organization"
	if spec.Person {
		kind = "User"
	}
	dir := filepath.Join(s.dir, spec.Owner, spec.Name+".git")
	if _, err := os.Stat(dir); err == nil {
		return nil, fmt.Errorf("%s is there already: give the sandbox GitHub an empty folder", dir)
	}
	g, err := initGit(ctx, s.program, dir)
	if err != nil {
		return nil, err
	}
	owner := s.user(spec.Owner, kind)
	r := &Repository{ID: s.nextID(), Owner: owner.login, Name: spec.Name, server: s, owner: owner, git: g,
		private: spec.Private, defaultBranch: spec.DefaultBranch, created: s.now(), pushed: s.now()}
	sha, err := g.write(ctx, "", "Initial commit", spec.Files, s.nextDate())
	if err != nil {
		return nil, err
	}
	if err := g.updateRef(ctx, r.branchRef(spec.DefaultBranch), sha); err != nil {
		return nil, err
	}
	if _, err := g.run(ctx, nil, "symbolic-ref", "HEAD", "refs/heads/"+spec.DefaultBranch); err != nil {
		return nil, err
	}
	s.repositories = append(s.repositories, r)
	return r, nil
}

// Fork makes a person's fork of the repository. It shares the objects of its parent.
func (r *Repository) Fork(ctx context.Context, owner string) (*Repository, error) {
	if !ownerName.MatchString(owner) {
		return nil, fmt.Errorf("%q is no account's name", owner)
	}
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.deleted || s.repository(owner, r.Name) != nil {
		return nil, fmt.Errorf("%s cannot be forked to %s", r.FullName(), owner)
	}
	u := s.user(owner, "User")
	fork := &Repository{ID: s.nextID(), Owner: u.login, Name: r.Name, server: s, owner: u, git: r.git, parent: r,
		private: r.private, defaultBranch: r.defaultBranch, created: s.now(), pushed: s.now()}
	branches, err := r.git.refs(ctx, r.refs()+"heads/")
	if err != nil {
		return nil, err
	}
	for _, b := range branches {
		name := strings.TrimPrefix(b.name, r.refs()+"heads/")
		if err := r.git.updateRef(ctx, fork.branchRef(name), b.sha); err != nil {
			return nil, err
		}
	}
	s.repositories = append(s.repositories, fork)
	return fork, nil
}

// Delete removes the repository. Pull requests from it stay open, without a head
// repository; their commits stay readable through the base.
func (r *Repository) Delete(ctx context.Context) error {
	s := r.server
	s.mu.Lock()
	r.deleted = true
	s.repositories = slices.DeleteFunc(s.repositories, func(o *Repository) bool { return o == r })
	for _, in := range s.installations {
		in.repositories = slices.DeleteFunc(in.repositories, func(o *Repository) bool { return o == r })
	}
	var err error
	if r.parent != nil {
		var branches []ref
		if branches, err = r.git.refs(ctx, r.refs()+"heads/"); err == nil {
			for _, b := range branches {
				err = errors.Join(err, r.git.deleteRef(ctx, b.name))
			}
		}
	}
	s.mu.Unlock()
	return err
}

// Change is a commit that is pushed to a branch.
type Change struct {
	Branch string
	// From is the branch or commit that the new commit follows. Empty: the branch
	// itself, or the default branch where the branch is new. Anything else than the
	// branch's own tip makes the push a forced one.
	From    string
	Message string // default "Update"
	Files   Files
	// Sender pushed it; default is the repository's contributor.
	Sender string
}

// Push commits to a branch and returns the commit. Open pull requests from the
// branch move with it, and events are sent as GitHub would.
func (r *Repository) Push(ctx context.Context, c Change) (string, error) {
	if c.Message == "" {
		c.Message = "Update"
	}
	if err := errors.Join(c.Files.check(), checkBranch(c.Branch)); err != nil {
		return "", err
	}
	s := r.server
	s.mu.Lock()
	sha, err := r.commit(ctx, c)
	if err == nil {
		err = r.move(ctx, c.Branch, sha, s.person(c.Sender))
	}
	s.mu.Unlock()
	if err != nil {
		return "", fmt.Errorf("push to %s of %s: %w", c.Branch, r.FullName(), err)
	}
	return sha, s.flush(ctx)
}

// ForcePush sets a branch to a commit that is already there.
func (r *Repository) ForcePush(ctx context.Context, branch, commit string) error {
	if err := checkBranch(branch); err != nil {
		return err
	}
	s := r.server
	s.mu.Lock()
	sha, err := r.resolve(ctx, commit)
	if err == nil {
		err = r.move(ctx, branch, sha, s.person(""))
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("push to %s of %s: %w", branch, r.FullName(), err)
	}
	return s.flush(ctx)
}

// DeleteBranch removes a branch and closes the pull requests from it.
func (r *Repository) DeleteBranch(ctx context.Context, branch string) error {
	s := r.server
	s.mu.Lock()
	err := r.git.deleteRef(ctx, r.branchRef(branch))
	for _, p := range s.pullsFrom(r, branch) {
		p.close()
		s.emitPull(ctx, p, "closed", p.author, nil)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.flush(ctx)
}

// Tip is the commit at the tip of a branch.
func (r *Repository) Tip(ctx context.Context, branch string) (string, error) {
	r.server.mu.RLock()
	defer r.server.mu.RUnlock()
	return r.tip(ctx, branch)
}

// FullName is "owner/name".
func (r *Repository) FullName() string { return r.Owner + "/" + r.Name }

// commit writes the commit of a change, and moves nothing.
func (r *Repository) commit(ctx context.Context, c Change) (string, error) {
	from := c.From
	if from == "" {
		from = c.Branch
		if _, err := r.tip(ctx, c.Branch); errors.Is(err, ErrNotFound) {
			from = r.defaultBranch
		}
	}
	parent, err := r.resolve(ctx, from)
	if err != nil {
		return "", err
	}
	return r.git.write(ctx, parent, c.Message, c.Files, r.server.nextDate())
}

// move sets a branch and tells whom it concerns.
func (r *Repository) move(ctx context.Context, branch, sha string, sender *user) error {
	s := r.server
	before, err := r.tip(ctx, branch)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if before == sha {
		return nil
	}
	if err := r.git.updateRef(ctx, r.branchRef(branch), sha); err != nil {
		return err
	}
	r.pushed = s.now()
	if err := s.emitPush(ctx, r, branch, before, sha, sender); err != nil {
		return err
	}
	for _, p := range s.pullsFrom(r, branch) {
		if err := p.moveHead(ctx, sha); err != nil {
			return err
		}
		s.emitPull(ctx, p, "synchronize", sender, object{"before": before, "after": sha})
	}
	return nil
}

// refs is where the repository's references stand in the shared git directory.
func (r *Repository) refs() string {
	if r.parent == nil {
		return "refs/"
	}
	return fmt.Sprintf("refs/forks/%d/", r.ID)
}

func (r *Repository) branchRef(name string) string { return r.refs() + "heads/" + name }

func (r *Repository) tip(ctx context.Context, branch string) (string, error) {
	if checkBranch(branch) == nil {
		sha, err := r.git.resolve(ctx, r.branchRef(branch))
		if err == nil || !errors.Is(err, errNoObject) {
			return sha, err
		}
	}
	return "", fmt.Errorf("branch %s of %s: %w", branch, r.FullName(), ErrNotFound)
}

// resolve finds the commit that a branch, a reference ("heads/main", "tags/v1", "refs/pull/1/head")
// or a SHA names. Objects are shared between a repository and its forks, as at GitHub.
func (r *Repository) resolve(ctx context.Context, name string) (string, error) {
	var candidates []string
	if checkBranch(name) == nil {
		short := strings.TrimPrefix(name, "refs/")
		if strings.HasPrefix(short, "heads/") || strings.HasPrefix(short, "tags/") || strings.HasPrefix(short, "pull/") {
			candidates = append(candidates, r.refs()+short)
		}
		candidates = append(candidates, r.branchRef(name))
	}
	if len(name) >= 7 && len(name) <= 40 && strings.Trim(name, "0123456789abcdef") == "" {
		candidates = append(candidates, name)
	}
	for _, c := range candidates {
		sha, err := r.git.resolve(ctx, c)
		if err == nil || !errors.Is(err, errNoObject) {
			return sha, err
		}
	}
	return "", fmt.Errorf("commit %q of %s: %w", name, r.FullName(), ErrNotFound)
}

// checkBranch refuses what git would not take as a branch's name, and everything
// that means something to its revision syntax.
func checkBranch(name string) error {
	if name == "" || strings.HasPrefix(name, "-") || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") || strings.HasSuffix(name, ".") ||
		strings.HasSuffix(name, ".lock") || strings.Contains(name, "..") || strings.Contains(name, "//") || strings.Contains(name, "@{") ||
		strings.Contains(name, "/.") || strings.HasPrefix(name, ".") || strings.ContainsAny(name, " ~^:?*[\\\x7f") ||
		strings.ContainsFunc(name, func(c rune) bool { return c < 0x20 }) {
		return fmt.Errorf("%q is no name of a branch", name)
	}
	return nil
}

// Repository finds a repository by its full name.
func (s *Server) Repository(owner, name string) (*Repository, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.repository(owner, name); r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("repository %s/%s: %w", owner, name, ErrNotFound)
}

// Names are compared without regard to case, as GitHub does.
func (s *Server) repository(owner, name string) *Repository {
	for _, r := range s.repositories {
		if strings.EqualFold(r.Owner, owner) && strings.EqualFold(r.Name, name) {
			return r
		}
	}
	return nil
}

// person is the account of a login; without one, that of somebody who contributes.
func (s *Server) person(login string) *user {
	if login == "" {
		login = "contributor"
	}
	if strings.HasSuffix(login, "[bot]") {
		return s.user(login, "Bot")
	}
	return s.user(login, "User")
}

package forge

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Installation is the App installed on one account.
type Installation struct {
	ID int64

	server       *Server
	account      *user
	all          bool // every repository of the account, also later ones
	repositories []*Repository
	permissions  map[string]string
	created      time.Time
	suspended    time.Time
	deleted      bool
	tokens       map[string]*token
	used         int // requests of the current rate window
	window       time.Time
}

// token is an installation token.
type token struct {
	expires      time.Time
	permissions  map[string]string
	repositories []*Repository // nil: those of the installation
}

// Install installs the App on an account: on the named repositories, or on all of
// them when none is named.
func (s *Server) Install(ctx context.Context, owner string, repositories ...*Repository) (*Installation, error) {
	s.mu.Lock()
	in, err := s.install(owner, repositories)
	if err == nil {
		s.emitInstallation(in, "created")
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return in, s.flush(ctx)
}

func (s *Server) install(owner string, repositories []*Repository) (*Installation, error) {
	account := s.user(owner, "Organization")
	if slices.ContainsFunc(s.installations, func(in *Installation) bool { return in.account == account }) {
		return nil, fmt.Errorf("the App is installed on %s already", owner)
	}
	for _, r := range repositories {
		if r.owner != account {
			return nil, fmt.Errorf("%s does not belong to %s", r.FullName(), owner)
		}
	}
	in := &Installation{ID: s.nextID(), server: s, account: account, all: len(repositories) == 0, repositories: slices.Clone(repositories),
		permissions: maps.Clone(s.app.permissions), created: s.now(), tokens: map[string]*token{}}
	s.installations = append(s.installations, in)
	return in, nil
}

// Add adds repositories to an installation on selected ones.
func (in *Installation) Add(ctx context.Context, repositories ...*Repository) error {
	return in.turn(ctx, func() {
		in.repositories = append(in.repositories, repositories...)
		in.server.emitInstallationRepositories(in, "added", repositories)
	})
}

// Remove takes repositories out of an installation on selected ones.
func (in *Installation) Remove(ctx context.Context, repositories ...*Repository) error {
	return in.turn(ctx, func() {
		in.repositories = slices.DeleteFunc(in.repositories, func(r *Repository) bool { return slices.Contains(repositories, r) })
		in.server.emitInstallationRepositories(in, "removed", repositories)
	})
}

// Suspend stops the installation's access until Unsuspend.
func (in *Installation) Suspend(ctx context.Context) error {
	return in.turn(ctx, func() {
		in.suspended = in.server.now()
		in.server.emitInstallation(in, "suspend")
	})
}

// Unsuspend gives access back.
func (in *Installation) Unsuspend(ctx context.Context) error {
	return in.turn(ctx, func() {
		in.suspended = time.Time{}
		in.server.emitInstallation(in, "unsuspend")
	})
}

// Delete uninstalls the App. Its tokens are void at once.
func (in *Installation) Delete(ctx context.Context) error {
	return in.turn(ctx, func() {
		in.server.emitInstallation(in, "deleted")
		in.deleted = true
		clear(in.tokens)
		in.server.installations = slices.DeleteFunc(in.server.installations, func(o *Installation) bool { return o == in })
	})
}

// SetPermissions replaces the permissions that the owner granted.
func (in *Installation) SetPermissions(ctx context.Context, permissions map[string]string) error {
	return in.turn(ctx, func() {
		in.permissions = maps.Clone(permissions)
		in.server.emitInstallation(in, "new_permissions_accepted")
	})
}

// ExpireTokens makes every token handed out so far an expired one.
func (in *Installation) ExpireTokens() {
	in.server.mu.Lock()
	defer in.server.mu.Unlock()
	for _, t := range in.tokens {
		t.expires = time.Time{}
	}
}

func (in *Installation) turn(ctx context.Context, change func()) error {
	in.server.mu.Lock()
	change()
	in.server.mu.Unlock()
	return in.server.flush(ctx)
}

// covered lists the repositories that the installation reaches.
func (in *Installation) covered() []*Repository {
	if !in.all {
		return in.repositories
	}
	var all []*Repository
	for _, r := range in.server.repositories {
		if r.owner == in.account {
			all = append(all, r)
		}
	}
	return all
}

// installationOf finds the installation that covers a repository, nil if none.
func (s *Server) installationOf(r *Repository) *Installation {
	for _, in := range s.installations {
		if slices.Contains(in.covered(), r) {
			return in
		}
	}
	return nil
}

// newToken makes an opaque token of about GitHub's length.
func (in *Installation) newToken(permissions map[string]string, repositories []*Repository) (string, *token) {
	random := make([]byte, 384)
	rand.Read(random) // never fails
	name := fmt.Sprintf("ghs_%d_%s", in.server.app.id, base64.RawURLEncoding.EncodeToString(random))
	t := &token{expires: in.server.now().Add(tokenLifetime), permissions: permissions, repositories: repositories}
	in.tokens[name] = t
	return name, t
}

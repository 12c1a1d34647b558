package store

import (
	"context"
	"fmt"
)

// OpenPulls are the verdicts on the open pull requests of a repository, the newest first, up
// to max.
func (s *Store) OpenPulls(ctx context.Context, installation, repository int64, max int) ([]Verdict, error) {
	return s.verdictsBy(ctx, "number DESC", `installation = $1 AND repository = $2`, max, installation, repository)
}

// OpenAcceptances are what was accepted on the open pull requests of a repository, the oldest
// first, up to max.
func (s *Store) OpenAcceptances(ctx context.Context, installation, repository int64, max int) ([]Acceptance, error) {
	list, err := s.acceptances(ctx, installation, repository, 0, max)
	if err != nil {
		return nil, fmt.Errorf("read what was accepted in repository %d: %w", repository, err)
	}
	return list, nil
}

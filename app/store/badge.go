package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// BadgeGeneration is which links to a repository's badge hold, 0 where none was made.
func (s *Store) BadgeGeneration(ctx context.Context, installation, repository int64) (generation int64, err error) {
	err = s.reader.QueryRowContext(ctx, `SELECT generation FROM badge WHERE installation = $1 AND repository = $2`,
		installation, repository).Scan(&generation)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read the badge of repository %d: %w", repository, err)
	}
	return generation, nil
}

// RenewBadge revokes the links to a repository's badge, and is the generation that holds
// now. It is a time in ms, so that none comes again once the repository was forgotten.
func (s *Store) RenewBadge(ctx context.Context, installation, repository int64) (generation int64, err error) {
	err = s.writer.QueryRowContext(ctx, `INSERT INTO badge (installation, repository, generation) VALUES ($1, $2, $3)
		ON CONFLICT (installation, repository) DO UPDATE SET generation =
			CASE WHEN badge.generation < excluded.generation THEN excluded.generation ELSE badge.generation + 1 END
		RETURNING generation`, installation, repository, s.now().UnixMilli()).Scan(&generation)
	if err != nil {
		return 0, fmt.Errorf("renew the badge of repository %d: %w", repository, err)
	}
	return generation, nil
}

package store

import (
	"context"
	"fmt"
)

// Judged says whether a completed verdict of ours on that head of that pull request is
// known.
func (s *Store) Judged(ctx context.Context, installation, _ int64, number int, head string) (bool, error) {
	var n int
	err := s.reader.QueryRowContext(ctx, `SELECT count(*) FROM report WHERE installation = $1 AND number = $2 AND head = $3`, installation, number, head).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for the verdict on pull request %d: %w", number, err)
	}
	return n > 0, nil
}

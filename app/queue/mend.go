package queue

import (
	"context"
	"fmt"
)

// mendSQLite ends jobs whose rows are damaged: River reads what is next in one statement,
// which SQLite fails as a whole, so that one of them would keep all others waiting for
// ever. PostgreSQL stores no JSON that does not read.
const mendSQLite = `UPDATE river_job SET state = 'cancelled', finalized_at = datetime('now', 'subsec'),
		args = jsonb('{}'), metadata = jsonb('{}'), tags = jsonb('[]'), errors = NULL, attempted_by = NULL
	WHERE state NOT IN ('completed', 'cancelled') AND NOT (json_valid(args, 9) AND json_valid(metadata, 9) AND json_valid(tags, 9)
		AND coalesce(json_valid(errors, 9), 1) AND coalesce(json_valid(attempted_by, 9), 1))`

// Mend gives up jobs whose rows are damaged. What they were about is found by looking at
// the open pull requests.
func (r *River) Mend(ctx context.Context) error {
	if r.mend == "" {
		return nil
	}
	result, err := r.db.ExecContext(ctx, r.mend)
	if err != nil {
		return fmt.Errorf("queue: look for damaged jobs: %w", err)
	}
	if n, err := result.RowsAffected(); err == nil && n > 0 {
		r.log.Error().Int64("jobs", n).Msg("stored jobs are damaged and are given up; what they were about is found by looking at the open pull requests")
	}
	return nil
}

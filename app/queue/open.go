package queue

import (
	"context"
	"encoding/json"
	"fmt"
)

// Waiting is a stored job that is not done.
type Waiting struct {
	Job
	GivenUp bool // it will not be tried again
}

// Open lists a repository's jobs (0: those that are about no repository) that are not
// done, and those that were given up within the last days, up to 1,000. One whose row
// does not read is left out.
func (r *River) Open(ctx context.Context, repositoryID int64) ([]Waiting, error) {
	rows, err := r.reader.QueryContext(ctx, `SELECT CAST(`+r.args+` -> 'job' AS TEXT), CASE WHEN state = 'discarded' THEN 1 ELSE 0 END FROM river_job
		WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled', 'discarded')
		AND CAST(`+r.args+` -> 'job' ->> 'repository_id' AS BIGINT) = $1 ORDER BY id DESC LIMIT $2`, repositoryID, maxOpen)
	if err != nil {
		return nil, fmt.Errorf("queue: list the jobs of a repository: %w", err)
	}
	defer rows.Close()
	var out []Waiting
	for rows.Next() {
		var text []byte
		var w Waiting
		if err := rows.Scan(&text, &w.GivenUp); err != nil {
			return nil, fmt.Errorf("queue: list the jobs of a repository: %w", err)
		}
		if json.Unmarshal(text, &w.Job) == nil {
			out = append(out, w)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("queue: list the jobs of a repository: %w", err)
	}
	return out, nil
}

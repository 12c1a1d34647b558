package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Depth is how much there is to do.
type Depth struct {
	Jobs []Count
	// OldestDue is since when the job waits for a worker that waits longest; zero: none does.
	OldestDue time.Time
	// OldestOpen is when the oldest job was stored that is neither done nor given up;
	// zero: all are.
	OldestOpen time.Time
}

// Count is a number of jobs that are neither done nor given up.
type Count struct {
	State string // River's: "available", "running", "retryable", "scheduled", "pending"
	Kind  JobKind
	N     int
}

// unfinished are the states of jobs that are neither done nor given up.
const unfinished = `('available', 'running', 'retryable', 'scheduled', 'pending')`

// Depth counts, up to maxCounted jobs, in the database: it is right for all servers
// that share it.
func (r *River) Depth(ctx context.Context) (Depth, error) {
	var d Depth
	// -> and ->> mean the same to SQLite and to PostgreSQL.
	rows, err := r.reader.QueryContext(ctx, `SELECT state, args -> 'job' ->> 'kind' AS kind, count(*) FROM
		(SELECT state, `+r.args+` AS args FROM river_job WHERE state IN `+unfinished+` LIMIT `+fmt.Sprint(maxCounted)+`) AS opened
		GROUP BY state, args -> 'job' ->> 'kind'`)
	if err != nil {
		return Depth{}, fmt.Errorf("queue: count its jobs: %w", err)
	}
	defer func() { _ = rows.Close() }() // a failure shows in Err
	for rows.Next() {
		var c Count
		var kind sql.NullString
		if err := rows.Scan(&c.State, &kind, &c.N); err != nil {
			return Depth{}, fmt.Errorf("queue: count its jobs: %w", err)
		}
		c.Kind = JobKind(kind.String)
		d.Jobs = append(d.Jobs, c)
	}
	if err := rows.Err(); err != nil {
		return Depth{}, fmt.Errorf("queue: count its jobs: %w", err)
	}
	for query, at := range map[string]*time.Time{
		`SELECT scheduled_at FROM river_job WHERE state = 'available' ORDER BY scheduled_at LIMIT 1`:     &d.OldestDue,
		`SELECT created_at FROM river_job WHERE state IN ` + unfinished + ` ORDER BY created_at LIMIT 1`: &d.OldestOpen,
	} {
		if err := r.reader.QueryRowContext(ctx, query).Scan(at); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return Depth{}, fmt.Errorf("queue: find its oldest job: %w", err)
		}
	}
	return d, nil
}

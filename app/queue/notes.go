package queue

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// note is what is known of a job beside what River counts. It is kept in the job's
// metadata, which River leaves alone but for its own keys.
type note struct {
	Snoozes int       `json:"snoozes"` // River's: it takes them off the attempts
	First   time.Time `json:"first"`   // when the first attempt began
	Crashes int       `json:"crashes"` // how often in a row the process ended in the middle of it
}

// notes writes to the jobs' metadata.
type notes struct{ db *sql.DB }

// of reads a job's note. One that does not read is an empty one: the job then counts
// as tried for the first time.
func (notes) of(row *rivertype.JobRow) note {
	var n note
	if err := json.Unmarshal(row.Metadata, &n); err != nil {
		return note{}
	}
	return n
}

// begin notes when the first attempt began. It is told from the time when the job
// was stored, because a job may have to wait for its turn.
func (n notes) begin(ctx context.Context, row *rivertype.JobRow, now time.Time) error {
	return n.set(ctx, row, "$.first", now.UTC().Format(time.RFC3339Nano))
}

// ended notes that an attempt ended by itself.
func (n notes) ended(ctx context.Context, row *rivertype.JobRow) error {
	return n.set(ctx, row, "$.crashes", 0)
}

func (n notes) set(ctx context.Context, row *rivertype.JobRow, path string, value any) error {
	_, err := n.db.ExecContext(ctx, `UPDATE river_job SET metadata = jsonb_set(metadata, $1, $2) WHERE id = $3`, path, value, row.ID)
	if err != nil {
		return fmt.Errorf("queue: note in a job: %w", err)
	}
	return nil
}

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
	// How often the process ended in the middle of the job: in a row, as the start-up
	// recovery counts them (SQLite), and all that River's rescuer counted
	// (PostgreSQL), of which an attempt that ended by itself forgives those before it.
	Recovered int `json:"crashes"`
	Rescued   int `json:"river:rescue_count"`
	Forgiven  int `json:"forgiven"`
	// Rests are the snoozes that a limit asked for, and Rested how long they were: neither
	// counts as trying.
	Rests  int           `json:"rests"`
	Rested time.Duration `json:"rested"`
	Waited int           `json:"waited"` // the crash that it has waited for
}

// crashes is how often in a row the process ended in the middle of the job.
func (n note) crashes() int { return n.Recovered + max(n.Rescued-n.Forgiven, 0) }

// notes writes to the jobs' metadata.
type notes struct {
	db    *sql.DB
	merge string // SQL that merges $1, a JSON object, into the metadata of job $2
}

// What notes.merge is. Both databases keep JSON in a form of their own.
const (
	mergeSQLite   = `UPDATE river_job SET metadata = jsonb_patch(metadata, $1) WHERE id = $2`
	mergePostgres = `UPDATE river_job SET metadata = metadata || CAST($1 AS jsonb) WHERE id = $2`
)

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
	return n.set(ctx, row, map[string]any{"first": now.UTC().Format(time.RFC3339Nano)})
}

// waited notes that the job is about to wait because of its last crash.
func (n notes) waited(ctx context.Context, row *rivertype.JobRow, known note) error {
	return n.set(ctx, row, map[string]any{"waited": known.crashes()})
}

// ended notes that an attempt ended by itself.
func (n notes) ended(ctx context.Context, row *rivertype.JobRow, known note) error {
	return n.set(ctx, row, map[string]any{"crashes": 0, "forgiven": known.Rescued, "waited": 0})
}

// rest notes that the job is about to sleep because of a limit.
func (n notes) rest(ctx context.Context, row *rivertype.JobRow, known note, wait time.Duration) error {
	return n.set(ctx, row, map[string]any{"rested": known.Rested + wait, "rests": known.Rests + 1})
}

// set has a time of its own: some notes are written after the attempt's has run out.
func (n notes) set(ctx context.Context, row *rivertype.JobRow, what map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	text, err := json.Marshal(what)
	if err == nil {
		_, err = n.db.ExecContext(ctx, n.merge, string(text), row.ID)
	}
	if err != nil {
		return fmt.Errorf("queue: note in a job: %w", err)
	}
	return nil
}

package queue

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// suspected lets a job wait that the process ended in the middle of more than once in a
// row. Whether the job ended it or was only there cannot be known: with a pause that
// grows, bystanders get through in between, and a job that does end it does not keep the
// server from all others. A job waits once for each crash.
func (w *worker) suspected(ctx context.Context, row *rivertype.JobRow, job Job, known note) error {
	if known.crashes() < 2 || known.crashes() >= maxCrashes || known.Waited == known.crashes() {
		return nil
	}
	if err := w.notes.waited(ctx, row, known); err != nil {
		return err
	}
	wait := crashWait(w.o.crashPause, known.crashes())
	log := job.Log(w.o.Logger)
	log.Warn().Int("crashes", known.crashes()).Dur("wait", wait).
		Msg("the server ended in the middle of the job more than once; it waits before it is tried again")
	return river.JobSnooze(wait)
}

// crashWait is the pause after so many crashes in a row.
func crashWait(first time.Duration, crashes int) time.Duration {
	return min(first<<min(crashes-2, 6), longestCrashPause)
}

package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"github.com/bonafide-app/bonafide/app/review"
)

// subject is what a running job is about, and is interrupted for where an event brings
// news of it: a pull request, or a commit.
type subject struct {
	installation, repository int64
	name                     string // "" for none
}

func (j Job) on(name string) subject { return subject{j.Installation, j.RepositoryID, name} }

func pullName(number int) string   { return fmt.Sprintf("pull/%d", number) }
func commitName(sha string) string { return "commit/" + sha }

// subject is what a job is about.
func (j Job) subject() subject {
	switch {
	case j.Kind == PullRequest:
		return j.on(pullName(j.Number))
	case (j.Kind == Commit || j.Kind == MergeGroup) && j.Head != "":
		return j.on(commitName(j.Head))
	}
	return subject{}
}

// news is that what is being done about a subject is out of date. The same mark twice is
// no news.
type news struct {
	subject
	mark string
}

// news is what a job says about others: a pull request has another head, or was closed,
// and a commit is no longer what it was the head of.
func (j Job) news() (out []news) {
	switch {
	case j.Kind == PullRequest && j.EventHead != "":
		out = append(out, news{j.on(pullName(j.Number)), j.EventHead})
	case j.Kind == Close && j.Number > 0:
		out = append(out, news{j.on(pullName(j.Number)), "closed"})
	}
	if (j.Kind == PullRequest || j.Kind == Close) && j.Head != "" {
		out = append(out, news{j.on(commitName(j.Head)), j.Delivery})
	}
	return out
}

// inserter stores jobs together with their news, in one transaction: all or none. No
// two of them are the same.
func inserter[TTx any](c *river.Client[TTx], driver riverdriver.Driver[TTx],
	place func(context.Context, []args) ([]*river.InsertOpts, error), clock func() time.Time, stored func(lane string),
) func(context.Context, []args) error {
	return func(ctx context.Context, jobs []args) error {
		opts, err := place(ctx, jobs)
		if err != nil {
			return err
		}
		params := make([]river.InsertManyParams, len(jobs))
		for i, a := range jobs {
			params[i] = river.InsertManyParams{Args: a, InsertOpts: opts[i]}
		}
		tx, err := driver.GetExecutor().Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // does nothing after Commit
		results, err := c.InsertManyTx(ctx, driver.UnwrapTx(tx), params)
		if err != nil {
			return err
		}
		var told []news
		for i, r := range results {
			if !r.UniqueSkippedAsDuplicate {
				told = append(told, jobs[i].Job.news()...)
			}
		}
		slices.SortStableFunc(told, news.compare) // so that no two servers wait for each other
		for _, n := range told {
			err := tx.Exec(ctx, `INSERT INTO subject (installation, repository, name, seq, mark, at) VALUES ($1, $2, $3, 1, $4, $5)
				ON CONFLICT (installation, repository, name) DO UPDATE SET seq = subject.seq + 1, mark = excluded.mark, at = excluded.at
				WHERE subject.mark <> excluded.mark`, n.installation, n.repository, n.name, n.mark, clock().UnixMilli())
			if err != nil {
				return fmt.Errorf("tell of %s: %w", n.name, err)
			}
		}
		if err := tx.Commit(ctx); err != nil || stored == nil {
			return err
		}
		for _, o := range opts {
			stored(o.Queue)
		}
		return nil
	}
}

func (n news) compare(other news) int {
	return cmp.Or(cmp.Compare(n.installation, other.installation), cmp.Compare(n.repository, other.repository), cmp.Compare(n.name, other.name))
}

// guard watches one attempt at a job: whether it is still this server's, and about what
// is so.
type guard struct {
	w   *worker
	row *rivertype.JobRow
	of  subject
	seq int64
}

// guarded is the context of an attempt: it ends, and nothing is written under it any
// more, where another job has taken over.
func (w *worker) guarded(ctx context.Context, rj *river.Job[args]) (_ context.Context, end func(), err error) {
	g := guard{w: w, row: rj.JobRow, of: rj.Args.Job.subject()}
	if _, g.seq, err = g.read(ctx); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.watch(ctx, cancel)
	}()
	return review.WithFence(ctx, g.stands), func() { cancel(context.Canceled); <-done }, nil
}

// stands is the attempt's review.Fence.
func (g guard) stands(ctx context.Context) error {
	running, seq, err := g.read(ctx)
	switch {
	case err != nil:
		return &review.Later{After: fenceWait, Reason: "the database does not say whether this job is still to be done here", Err: err}
	case !running:
		return fmt.Errorf("attempt %d is not the job's last: %w", g.row.Attempt, review.ErrSuperseded)
	case seq != g.seq:
		return fmt.Errorf("%s moved on: %w", g.of.name, review.ErrSuperseded)
	}
	return nil
}

// read says whether the attempt is the one that runs, and how often there was news.
func (g guard) read(ctx context.Context) (running bool, seq int64, err error) {
	err = g.w.reader.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM river_job WHERE id = $1 AND attempt = $2 AND state = 'running') > 0,
		coalesce((SELECT seq FROM subject WHERE installation = $3 AND repository = $4 AND name = $5), 0)`,
		g.row.ID, g.row.Attempt, g.of.installation, g.of.repository, g.of.name).Scan(&running, &seq)
	if err != nil {
		err = fmt.Errorf("queue: look whether a job is still to be done: %w", err)
	}
	return running, seq, err
}

// watch interrupts the attempt where it no longer stands. That this cannot be found out
// is no reason to: nothing is written until it can.
func (g guard) watch(ctx context.Context, interrupt context.CancelCauseFunc) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		heard := g.w.bell.next(g.of)
		if err := g.stands(ctx); errors.Is(err, review.ErrSuperseded) {
			interrupt(err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-heard:
		case <-tick.C:
		}
	}
}

// bell wakes the watches of this process when it has stored news of what they are about
// itself: each looks into the database then. Few others wake with them.
type bell struct {
	seed maphash.Seed
	mu   sync.Mutex
	ch   [bells]chan struct{} // each closed at the next ring; guarded by mu
}

func newBell() *bell { return &bell{seed: maphash.MakeSeed()} }

func (b *bell) next(of subject) <-chan struct{} {
	i := maphash.Comparable(b.seed, of) % bells
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch[i] == nil {
		b.ch[i] = make(chan struct{})
	}
	return b.ch[i]
}

func (b *bell) ring(of subject) {
	i := maphash.Comparable(b.seed, of) % bells
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch[i] != nil {
		close(b.ch[i])
		b.ch[i] = nil
	}
}

package store

import (
	"context"
	"database/sql"

	"golang.org/x/sync/semaphore"
)

// writer lets what writes to SQLite, which has one connection for it, come in turn:
// database/sql gives a connection to any of those that wait for it, so that one of many
// may wait for long. One waits there at a time, beside the queue, which has to be quick;
// the others wait for that.
type writer struct {
	*sql.DB
	turn *semaphore.Weighted // nil where there are connections for all
}

func newWriter(db *sql.DB) *writer { return &writer{db, semaphore.NewWeighted(1)} }

// await waits for the turn, until end is called.
func (w *writer) await(ctx context.Context) (end func(), err error) {
	if w.turn == nil {
		return func() {}, nil
	}
	if err := w.turn.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { w.turn.Release(1) }, nil
}

// ExecContext is sql.DB's.
func (w *writer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	end, err := w.await(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	return w.DB.ExecContext(ctx, query, args...)
}

// BeginTx is sql.DB's. With the transaction begun it is the next one's turn to wait.
func (w *writer) BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error) {
	end, err := w.await(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	return w.DB.BeginTx(ctx, o)
}

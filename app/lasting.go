package app

import (
	"context"

	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/store"
)

// lasting refuses jobs that would be lost with the process, because the database's file is
// not where it was.
type lasting struct {
	queue.Queue
	store *store.Store
}

// Enqueue implements queue.Queue.
func (l lasting) Enqueue(ctx context.Context, job queue.Job) error {
	if err := l.store.There(); err != nil {
		return err
	}
	return l.Queue.Enqueue(ctx, job)
}

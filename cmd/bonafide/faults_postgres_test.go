package main

import (
	"context"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/storm"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

// Two servers at one database, which restarts twice.
func TestFaultsOnPostgreSQL(t *testing.T) {
	if testing.Short() || !whole() {
		t.Skip("skipped: it takes minutes, and go test -run Faults ./... asks for it")
	}
	database := enginetest.StartServer(t, "fsync=off")
	raise(t, "postgres", func(o *storm.Options) {
		o.Servers, o.Database, o.Calm = 2, database.Database(t), 7*time.Minute
		o.Restart = func(context.Context) error { return database.Restart() }
	})
}

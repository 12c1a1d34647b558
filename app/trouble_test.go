package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

// trouble is something that a database has for a while.
type trouble struct {
	begin, end func() error
	reason     string // what /readyz says of it; "": what is small may still be stored
}

// While a database cannot store, deliveries are refused and /readyz says why. Afterwards
// everything goes on by itself, and nothing is lost.
func TestADatabaseInTroubleHealsByItself(t *testing.T) {
	// A connection whose statement was interrupted is replaced by one without the setting.
	pragma := func(s *stage, begin, end string) trouble {
		exec := func(statement string) error {
			_, err := s.server.Store().DB().ExecContext(s.ctx, "PRAGMA "+statement)
			return err
		}
		over, done := make(chan struct{}), make(chan struct{})
		return trouble{begin: func() error {
			go func() {
				defer close(done)
				for tick := time.Tick(time.Millisecond); exec(begin) == nil; {
					select {
					case <-tick:
					case <-over:
						return
					}
				}
			}()
			return exec(begin)
		}, end: func() error {
			close(over)
			<-done
			return exec(end)
		}}
	}
	t.Run("full", func(t *testing.T) {
		passes(t, "", func(s *stage) trouble {
			x := pragma(s, "max_page_count = 1", "max_page_count = 1000000")
			begin := x.begin
			x.begin = func() error { return errors.Join(begin(), fill(s)) }
			return x
		})
	})
	t.Run("read only", func(t *testing.T) {
		passes(t, "", func(s *stage) trouble {
			x := pragma(s, "query_only = 1", "query_only = 0")
			x.reason = "it may only be read"
			return x
		})
	})
	t.Run("moved away", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "b.db")
		passes(t, file, func(*stage) trouble {
			return trouble{func() error { return os.Rename(file, file+".old") }, func() error { return os.Rename(file+".old", file) }, "deleted or replaced"}
		})
	})
	t.Run("PostgreSQL is down", func(t *testing.T) {
		server := enginetest.StartServer(t, "fsync=off")
		passes(t, server.Database(t), func(*stage) trouble { return trouble{server.Stop, server.Start, "cannot be written"} })
	})
}

// fill stores jobs that are done until there is no room for more.
func fill(s *stage) error {
	db := s.server.Store().DB()
	var columns string
	if err := db.QueryRowContext(s.ctx, `SELECT group_concat(name) FROM pragma_table_info('river_job') WHERE name <> 'id'`).Scan(&columns); err != nil {
		return err
	}
	job := `INSERT INTO river_job (` + columns + `) SELECT ` + strings.Replace(columns, "unique_key", "NULL", 1) + ` FROM river_job WHERE state = 'completed' LIMIT 1`
	for {
		switch result, err := db.ExecContext(s.ctx, job); {
		case err != nil && strings.Contains(err.Error(), "full"):
			return nil
		case err != nil:
			return err
		default:
			if n, err := result.RowsAffected(); n != 1 {
				return fmt.Errorf("%d jobs were stored, %w", n, err)
			}
		}
	}
}

// passes lets a trouble come and go.
func passes(t *testing.T, database string, of func(*stage) trouble) {
	address := ""
	s := emptyStage(t, false, rounds(app.Rounds{SweepEvery: time.Second, SweepAge: time.Millisecond, ReconcileEvery: never, WatchdogEvery: never}),
		func(o *app.Options, _ *sandbox.World) {
			address = "http://" + o.Listener.Addr().String()
			if database != "" {
				o.Database = database
			}
		})
	p := withFiles(s, nil)
	p.settle()
	x := of(s)
	p.must(x.begin())
	pull := p.open(p.locked(lost))
	for tries := 0; !p.refused(); tries++ {
		if tries == 100 {
			t.Fatal("every delivery was taken")
		}
		_, err := p.repo.Push(p.ctx, forge.Change{Branch: "x", From: "x", Files: forge.Files{"a": forge.Text(strings.Repeat("x", tries))}})
		p.must(err)
	}
	if x.reason != "" {
		p.readiness(address, http.StatusServiceUnavailable, x.reason)
	}
	p.must(x.end())
	p.readiness(address, http.StatusOK, "")
	p.until(pull.HeadSHA())
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
}

// refused says whether a delivery was, when all were made.
func (p *play) refused() bool {
	p.t.Helper()
	p.must(p.GitHub.Flush(p.ctx))
	return slices.ContainsFunc(p.GitHub.Deliveries(), func(d forge.Delivery) bool { return d.StatusCode == http.StatusServiceUnavailable })
}

// readiness waits until /readyz says so.
func (p *play) readiness(address string, status int, reason string) {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(p.ctx, http.MethodGet, address+"/readyz", nil)
		p.must(err)
		resp, err := http.DefaultClient.Do(req)
		p.must(err)
		var said struct{ Reason string }
		p.must(json.NewDecoder(resp.Body).Decode(&said))
		p.must(resp.Body.Close())
		if resp.StatusCode == status && strings.Contains(said.Reason, reason) {
			return
		}
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			p.t.Fatalf("/readyz says %d %q", resp.StatusCode, said.Reason)
		}
	}
}

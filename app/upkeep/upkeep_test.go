package upkeep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/review"
)

// claims are Claims in memory.
type claims struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (c *claims) Claim(_ context.Context, task string, every time.Duration) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, ok := c.at[task]; ok && time.Since(last) < every {
		return false, nil
	}
	c.at[task] = time.Now()
	return true, nil
}

func TestARoundIsDoneByOneOfSeveralServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Hour)
		defer cancel()
		var rounds, starts atomic.Int32
		shared := &claims{at: map[string]time.Time{}}
		var servers sync.WaitGroup
		for range 3 {
			k, err := New(shared, zerolog.Nop(),
				Task{Name: "hourly", Every: time.Hour, Do: func(context.Context) error { rounds.Add(1); return errors.New("it fails") }},
				Task{Name: "started", Every: 100 * time.Hour, AtStart: true, Do: func(context.Context) error { starts.Add(1); panic("a mistake") }})
			if err != nil {
				t.Fatal(err)
			}
			servers.Go(func() { k.Run(ctx) })
		}
		servers.Wait()
		if n := rounds.Load(); n < 9 || n > 11 {
			t.Errorf("%d rounds in ten hours", n)
		}
		if n := starts.Load(); n != 4 { // three starts and the one claim
			t.Errorf("%d rounds at the start", n)
		}
	})
}

func TestATaskWithoutATimeIsRefused(t *testing.T) {
	if _, err := New(&claims{}, zerolog.Nop(), Task{Name: "x", Do: func(context.Context) error { return nil }}); err == nil {
		t.Error("it was taken")
	}
}

func TestAFailedRoundSaysToOperatorsWhatWasBehindIt(t *testing.T) {
	var log bytes.Buffer
	failed := &review.Later{Reason: "GitHub could not be reached", Err: errors.New("no such host")}
	k, err := New(&claims{at: map[string]time.Time{}}, zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	k.do(t.Context(), Task{Name: "some", Do: func(context.Context) error { return fmt.Errorf("list: %w", failed) }})
	if !strings.Contains(log.String(), `"cause":"no such host"`) {
		t.Error(log.String())
	}
}

package app

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestReadinessIsLookedAtOnceForAllWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks, full := 0, error(nil)
		r := newReadiness(func(context.Context) error {
			looks++ // one at a time, or the race detector says so
			time.Sleep(100 * time.Millisecond)
			return full
		}, time.Now)
		ask := func(n int, want error) {
			t.Helper()
			var all sync.WaitGroup
			for range n {
				all.Go(func() {
					if err := r.check(t.Context()); !errors.Is(err, want) {
						t.Errorf("%v", err)
					}
				})
			}
			all.Wait()
		}
		ask(50, nil)
		if looks != 1 {
			t.Errorf("%d looks for 50 who asked", looks)
		}
		full = errors.New("the disk is full")
		time.Sleep(readyFor)
		ask(50, full)
		full = nil
		time.Sleep(readyFor)
		ask(50, nil)
		if looks != 3 {
			t.Errorf("%d looks in three times", looks)
		}
	})
}

func TestADatabaseThatHangsIsNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReadiness(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, time.Now)
		hasty, cancel := context.WithTimeout(t.Context(), readyTime/2)
		defer cancel()
		var both sync.WaitGroup
		both.Go(func() {
			if err := r.check(t.Context()); !errors.Is(err, errSlow) {
				t.Errorf("%v", err)
			}
		})
		both.Go(func() {
			synctest.Wait()
			if err := r.check(hasty); !errors.Is(err, errSlow) {
				t.Errorf("%v", err)
			}
		})
		both.Wait()
	})
}

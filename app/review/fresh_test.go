package review

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// doubting counts what is asked past everything that was kept.
type doubting struct {
	*verifier
	fresh *atomic.Int64
}

func (v doubting) Verify(ctx context.Context, s provenance.Subject) provenance.Evidence {
	if s.Fresh {
		v.fresh.Add(1)
	}
	return v.verifier.Verify(ctx, s)
}

func TestWhatWasKeptIsUsedUnlessSomebodyDoubts(t *testing.T) {
	v := doubting{lost(), new(atomic.Int64)}
	review := func(ctx context.Context) int64 {
		v.fresh.Store(0)
		if err := runner(t, scene(), v).PullRequest(ctx, repo, 7, Event{}, Try{}); err != nil {
			t.Fatal(err)
		}
		return v.fresh.Load()
	}
	if n := review(t.Context()); n != 0 {
		t.Errorf("a push asks for %d releases anew", n)
	}
	if n := review(WithFresh(t.Context())); n == 0 {
		t.Error("what is to be asked anew is not")
	}
	v.fresh.Store(0)
	if _, err := stocked(t, scene(), v, Try{}); err != nil || v.fresh.Load() == 0 {
		t.Errorf("the look at a default branch asks for %d releases anew: %v", v.fresh.Load(), err)
	}
}

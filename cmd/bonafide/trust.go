package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

// trust is what a command verifies with. It is refreshed while the registry is asked,
// and who needs it waits for that, so that all of a run rests on one and the same.
type trust struct {
	source *provenance.Source
	cancel context.CancelFunc
	done   chan struct{}
	err    error // why it was not refreshed; read after done
}

// startTrust begins with initial, and unless that is the user's own material refreshes it
// at once; offline, it takes what an earlier refresh has kept. What is downloaded is kept in
// the options' folder, for a day in which nobody is asked again; "" keeps nothing. end must
// be called.
func startTrust(ctx context.Context, initial *provenance.TrustRoot, offline bool, o provenance.SourceOptions) (*trust, error) {
	source, err := provenance.NewSource(initial, o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	t := &trust{source: source, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		if offline {
			source.TakeUp(ctx)
			return
		}
		t.err = source.RefreshIfDue(ctx)
	}()
	return t, nil
}

// current is the trust root to verify with.
func (t *trust) current() *provenance.TrustRoot {
	<-t.done
	return t.source.Current()
}

// end ends a refresh that nobody waited for.
func (t *trust) end() {
	t.cancel()
	<-t.done
}

// stale says what a run rests on that could not refresh its trust root, "" where it could.
func (t *trust) stale() string {
	<-t.done
	if t.err == nil {
		return ""
	}
	used := "the one that came with this version was used"
	if at := t.source.Status().Refreshed; !at.IsZero() {
		used = "the one of " + at.UTC().Format("2006-01-02") + " was used"
	}
	why := t.err
	var request *url.Error // without what it was asked for
	if errors.As(why, &request) {
		why = request
	}
	return fmt.Sprintf("the keys and certificates that evidence is held against are older than a day: %s (%s).", used, report.Terminal(why.Error()))
}

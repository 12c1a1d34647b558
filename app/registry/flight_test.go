package registry

import (
	"context"
	"errors"
	"testing"
)

func TestAnAbandonedRequestIsNotSharedWithWhoComesLater(t *testing.T) {
	var f flights
	started, hang := make(chan struct{}), make(chan struct{})
	defer close(hang)
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-started; leave() }()
	_, err := f.do(ctx, "key", func(context.Context) (any, error) {
		close(started)
		<-hang // it has not noticed yet that nobody waits
		return "abandoned", nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	got, err := f.do(t.Context(), "key", func(ctx context.Context) (any, error) { return "new", ctx.Err() })
	if err != nil || got != "new" {
		t.Fatalf("%v, %v", got, err)
	}
}

package access

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// answers keep what GitHub said, for a while. They are safe for concurrent use. The same
// question is asked once at a time, and what fails is not kept.
type answers struct {
	clock  func() time.Time
	flight singleflight.Group

	mu    sync.Mutex
	cost  int
	order *list.List // of *answer, the last used first
	items map[question]*list.Element
}

// question is what is asked for whom.
type question struct {
	session string // "": for everybody, as the installation
	about   string
}

type answer struct {
	question
	value any
	asked time.Time
	cost  int
}

func newAnswers(clock func() time.Time) *answers {
	return &answers{clock: clock, order: list.New(), items: map[question]*list.Element{}}
}

// of is the answer to a question, one that is younger than fresh if there is. cost is how
// many repositories an answer names.
func of[T any](ctx context.Context, a *answers, q question, fresh time.Duration, cost func(T) int, ask func(context.Context) (T, error)) (T, error) {
	if v, ok := a.get(q, fresh); ok {
		return v.(T), nil //nolint:forcetypeassert // a question has one kind of answer
	}
	// Who asked first may leave; who waits beside them wants the answer all the same.
	done := a.flight.DoChan(q.session+"\n"+q.about, func() (_ any, err error) {
		defer func() { // of a page it would end the request, here it would end the server
			if p := recover(); p != nil {
				err = fmt.Errorf("a question to GitHub panicked: %v", p)
			}
		}()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), AnswerTime)
		defer cancel()
		asked := a.clock()
		v, err := ask(ctx)
		if err == nil {
			a.put(&answer{q, v, asked, max(1, cost(v))})
		}
		return v, err
	})
	var none T
	select {
	case <-ctx.Done():
		return none, context.Cause(ctx)
	case result := <-done:
		if result.Err != nil {
			return none, result.Err
		}
		return result.Val.(T), nil //nolint:forcetypeassert // as above
	}
}

func (a *answers) get(q question, fresh time.Duration) (any, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, ok := a.items[q]
	if !ok {
		return nil, false
	}
	kept := e.Value.(*answer) //nolint:forcetypeassert // nothing else is in the list
	if a.clock().Sub(kept.asked) >= fresh {
		return nil, false
	}
	a.order.MoveToFront(e)
	return kept.value, true
}

func (a *answers) put(kept *answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drop(kept.question)
	a.items[kept.question] = a.order.PushFront(kept)
	for a.cost += kept.cost; a.cost > MaxKept; {
		a.drop(a.order.Back().Value.(*answer).question) //nolint:forcetypeassert // as above
	}
}

// forget drops the answers of a session.
func (a *answers) forget(session string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for q := range a.items {
		if q.session == session {
			a.drop(q)
		}
	}
}

func (a *answers) drop(q question) {
	if e, ok := a.items[q]; ok {
		a.cost -= e.Value.(*answer).cost //nolint:forcetypeassert // as above
		a.order.Remove(e)
		delete(a.items, q)
	}
}

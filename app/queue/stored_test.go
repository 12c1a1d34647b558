package queue

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

// Nobody waits for River to look: here it would do so in an hour, and finds no
// notifications in its table.
func TestAStoredJobIsBegunAtOnce(t *testing.T) {
	ran := make(chan error)
	q := openQueue(t, enginetest.SQLite(t), Options{poll: time.Hour}, func(_ context.Context, _ Job, _ Attempt) error {
		ran <- nil
		return nil
	})
	_, err := q.store.DB().ExecContext(t.Context(), `CREATE TRIGGER mute AFTER INSERT ON river_notification BEGIN DELETE FROM river_notification WHERE id = new.id; END`)
	if err != nil {
		t.Fatal(err)
	}
	q.start()
	for _, bulk := range []bool{false, true, false} {
		j := job(time.Now().String())
		j.Bulk = bulk
		q.enqueue(j)
		if err := q.await("it runs", ran); err != nil {
			t.Fatal(err)
		}
	}
}

// table is a listener that hears what is sent, when it is asked to stop at the latest.
type table struct {
	riverdriver.Listener
	n *riverdriver.Notification
}

func (l table) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	<-ctx.Done()
	if l.n != nil {
		return l.n, nil
	}
	return nil, ctx.Err()
}

func TestAListenerLosesNothing(t *testing.T) {
	cancelled := &riverdriver.Notification{Topic: "river_control", Payload: "{}"}
	s := newStored()
	l := &listener{Listener: table{n: cancelled}, stored: s}
	s.put(events)
	s.put(events) // is one
	s.put(bulk)
	go func() { s.put(crowd) }()
	var got []string
	for range 3 {
		n, err := l.WaitForNotification(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == cancelled {
			t.Fatal("it did not come yet")
		}
		got = append(got, n.Payload)
	}
	if got[0] != `{"queue": "default"}` || got[1] != `{"queue": "bulk"}` || got[2] != `{"queue": "crowd"}` {
		t.Errorf("%q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := l.WaitForNotification(ctx); err != nil || n != cancelled {
		t.Errorf("%v, %v", n, err)
	}
	l.Listener = table{}
	if _, err := l.WaitForNotification(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNewsWakesHardlyAnyOther(t *testing.T) {
	b := newBell()
	about := job("d").on(pullName(1))
	mine := b.next(about)
	var others []<-chan struct{}
	for i := range 100 {
		others = append(others, b.next(job("d").on(pullName(i+2))))
	}
	b.ring(about)
	woken := 0
	for _, other := range others {
		select {
		case <-other:
			woken++
		default:
		}
	}
	select {
	case <-mine:
	default:
		t.Error("whom it is about still sleeps")
	}
	if woken > 10 {
		t.Errorf("%d of %d others woke", woken, len(others))
	}
}

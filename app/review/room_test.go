package review

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAReviewThatLacksRoomBeginsAnewWithMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(40, 100)
		other, err := m.Do(t.Context(), time.Minute, func(ctx context.Context) error { return RoomOf(ctx).Take(60) })
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, other)
		began, rounds := time.Now(), 0
		leave, err := m.Do(t.Context(), time.Minute, func(ctx context.Context) error {
			rounds++
			return RoomOf(ctx).Take(70)
		})
		if err != nil || rounds != 2 || time.Since(began) != time.Second {
			t.Errorf("%v after %d rounds and %v", err, rounds, time.Since(began))
		}
		leave()
	})
}

func TestWhatNeedsLittleDoesNotQueueBehindWhatNeedsMuch(t *testing.T) {
	m := NewMemory(40, 100)
	leave, err := m.Do(t.Context(), time.Minute, func(ctx context.Context) error {
		return RoomOf(ctx).Take(1 << 40) // more than there is: it is alone
	})
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	small, err := m.Do(t.Context(), time.Minute, func(ctx context.Context) error { return RoomOf(ctx).Take(10) })
	if err != nil {
		t.Error(err)
	}
	defer small()
	var later *Later
	if _, err := m.Do(t.Context(), time.Millisecond, func(ctx context.Context) error { return RoomOf(ctx).Take(11) }); !errors.As(err, &later) {
		t.Errorf("a second large one: %v", err)
	}
}

func TestAReviewThatNeedsMoreThanItKeptComesToItsEnd(t *testing.T) {
	m := NewMemory(40, 100)
	rounds := 0
	leave, err := m.Do(t.Context(), time.Minute, func(ctx context.Context) error {
		rounds++
		room := RoomOf(ctx)
		if err := room.Take(80); err != nil {
			return err
		}
		room.Shrink(20, 10)
		if rounds == 1 { // another one takes what was given back
			if !m.large.TryAcquire(70) {
				t.Fatal("nothing was given back")
			}
			defer m.large.Release(70)
		}
		return room.Take(50)
	})
	if err != nil || rounds != 2 {
		t.Errorf("%v after %d rounds", err, rounds)
	}
	leave()
	if !m.large.TryAcquire(100) || !m.small.TryAcquire(40) {
		t.Error("something is held that nobody has")
	}
}

func TestWaitingForRoomEndsWithTheContext(t *testing.T) {
	m := NewMemory(40, 100)
	leave, err := m.Do(t.Context(), time.Minute, func(ctx context.Context) error { return RoomOf(ctx).Take(100) })
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = m.Do(ctx, time.Minute, func(ctx context.Context) error {
		defer cancel()
		return RoomOf(ctx).Take(100)
	})
	if err == nil {
		t.Error("it had room")
	}
}

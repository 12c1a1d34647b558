package review

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
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

func TestAPanicGivesTheRoomBack(t *testing.T) {
	m := NewMemory(40, 100)
	func() {
		defer func() { _ = recover() }()
		_, _ = m.Do(t.Context(), time.Minute, func(ctx context.Context) error {
			_ = RoomOf(ctx).Take(60)
			panic("a fault")
		})
	}()
	if !m.empty() {
		t.Error("it is held for ever")
	}
}

func TestNothingIsTakenByWhatIsLate(t *testing.T) {
	m := NewMemory(40, 100)
	var late *Room
	leave, err := m.Do(t.Context(), time.Minute, func(ctx context.Context) error {
		late = RoomOf(ctx)
		return late.Take(60)
	})
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if late.Take(10) == nil || !m.empty() {
		t.Error("it is held for ever")
	}
	leave() // twice is once
}

func TestWhatCameOfTooLittleRoomIsNoResult(t *testing.T) {
	m := NewMemory(40, 100)
	ctx, cancel := context.WithCancel(t.Context())
	leave, err := m.Do(ctx, time.Minute, func(ctx context.Context) error {
		_ = RoomOf(ctx).Take(200) // nobody looks at what it says
		cancel()
		return nil
	})
	leave()
	if !errors.Is(err, context.Canceled) || !m.empty() {
		t.Error(err)
	}
}

// empty says whether nobody holds anything.
func (m *Memory) empty() bool {
	small, large := m.small.TryAcquire(m.small.size), m.large.TryAcquire(m.large.size)
	if small {
		m.small.Release(m.small.size)
	}
	if large {
		m.large.Release(m.large.size)
	}
	return small && large
}

// Whatever reviews take, keep, and fail of: together they never hold more than there is,
// but for one that needs more than that by itself; each comes to its end after a few
// rounds; and nothing is held then.
func TestManyReviewsInOneMemory(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		reviews := rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(drawStep), 1, 8), 1, 8).Draw(r, "reviews")
		synctest.Test(t, func(t *testing.T) {
			for _, fault := range together(t.Context(), NewMemory(40, 100), reviews) {
				r.Error(fault)
			}
		})
	})
}

// together does reviews at the same time, and says what was not as it should be.
func together(ctx context.Context, m *Memory, reviews [][]step) (faults []string) {
	const mostRounds = 12
	var mu sync.Mutex // guards what follows, and faults
	used := map[*Room]int64{}
	fault := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		faults = append(faults, what)
	}
	note := func(room *Room) {
		room.mu.Lock()
		now := min(room.used, room.held) // what is above it is that of one that is alone
		over := room.used > room.held && (room.share != &m.large || room.held < m.large.size)
		room.mu.Unlock()
		mu.Lock()
		used[room] = now
		var sum int64
		for _, n := range used {
			sum += n
		}
		mu.Unlock()
		if over || sum > m.small.size+m.large.size {
			fault(fmt.Sprintf("%d are held by all, %d by this one", sum, now))
		}
	}
	var group sync.WaitGroup
	for _, steps := range reviews {
		group.Go(func() {
			defer func() { _ = recover() }()
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			rounds := 0
			leave, _ := m.Do(ctx, time.Hour, func(ctx context.Context) error {
				if rounds++; rounds > mostRounds {
					fault("a review begins anew without end")
					cancel()
				}
				room := RoomOf(ctx)
				defer func() {
					mu.Lock()
					defer mu.Unlock()
					delete(used, room)
				}()
				for _, s := range steps {
					time.Sleep(s.takes)
					if err := s.do(room, cancel); err != nil {
						return err
					}
					note(room)
				}
				return nil
			})
			time.Sleep(time.Second)
			leave()
		})
	}
	group.Wait()
	if !m.empty() {
		faults = append(faults, "something is held that nobody has")
	}
	return faults
}

// step is something that a review does.
type step struct {
	what  string
	bytes int64
	takes time.Duration
}

func drawStep(t *rapid.T) step {
	return step{
		rapid.SampledFrom([]string{"take", "take", "take", "ahead", "shrink", "keep", "fail", "panic", "cancel"}).Draw(t, "what"),
		rapid.Int64Range(0, 60).Draw(t, "bytes"),
		time.Duration(rapid.IntRange(0, 3).Draw(t, "seconds")) * time.Second,
	}
}

func (s step) do(r *Room, cancel func()) error {
	switch s.what {
	case "take":
		return r.Take(s.bytes)
	case "ahead":
		return r.Ahead(s.bytes)
	case "shrink":
		r.Shrink(s.bytes, s.bytes/2)
	case "keep":
		r.Keep(s.bytes)
	case "fail":
		return errors.New("it failed")
	case "panic":
		panic("a fault")
	case "cancel":
		cancel()
	}
	return nil
}

package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// crowd is a host that bears so many requests at a time, and each takes a second.
type crowd struct {
	host
	now, most, bears int
}

func newCrowd(bears int) *crowd {
	c := &crowd{bears: bears}
	c.answer = func(*http.Request) (int, string, error) {
		c.mu.Lock()
		c.now++
		c.most = max(c.most, c.now)
		tooMany := c.now > c.bears
		c.mu.Unlock()
		time.Sleep(time.Second)
		c.mu.Lock()
		c.now--
		c.mu.Unlock()
		if tooMany {
			return 429, "1", nil
		}
		return 200, "", nil
	}
	return c
}

func TestAHostIsAskedAsMuchAsItBears(t *testing.T) {
	for name, x := range map[string]struct {
		bears, rounds int
		perHost       int
		least, most   int // at a time, in the end
	}{
		"it bears everything":    {bears: 1000, rounds: 20, perHost: 135, least: 135, most: 135},
		"the operator sets less": {bears: 1000, rounds: 2, perHost: 7, least: 7, most: 7},
		"it bears few":           {bears: 20, rounds: 12, least: 4, most: 22},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(x.bears)
				client, err := New(Options{Transport: c, RetryWait: time.Second, PerHost: x.perHost})
				if err != nil {
					t.Fatal(err)
				}
				npm, err := NewNPM(client, "https://npm.example/")
				if err != nil {
					t.Fatal(err)
				}
				for range x.rounds {
					c.most = 0
					ask(t, npm, 200)
					if most := int(client.hosts["npm.example"].places.most); c.most > most {
						t.Fatalf("%d at a time, more than %d", c.most, most)
					}
				}
				if c.most < x.least || c.most > x.most {
					t.Errorf("%d at a time, want %d to %d", c.most, x.least, x.most)
				}
			})
		})
	}
}

func TestTheNumberOfPlacesIsLessenedOnceForWhatWasInFlightTogether(t *testing.T) {
	p := newPlaces(beginPerHost, defaultPerHost)
	at := time.Now()
	for _, x := range []struct {
		after time.Duration
		want  float64
	}{{0, 64}, {0, 64}, {lessenEvery - 1, 64}, {lessenEvery, 32}, {2 * lessenEvery, 16}, {3 * lessenEvery, 8}, {4 * lessenEvery, leastPlaces}, {5 * lessenEvery, leastPlaces}} {
		if p.fewer(at.Add(x.after)); p.limit != x.want {
			t.Errorf("after %v: %v, want %v", x.after, p.limit, x.want)
		}
	}
	if p.more(); p.limit != leastPlaces {
		t.Error("more, though not all were used")
	}
	if few := newPlaces(beginPerHost, 2); few.limit != 2 {
		t.Error(few.limit)
	} else if few.fewer(at); few.limit != 2 {
		t.Error("an operator's few are not few enough:", few.limit)
	}
}

func TestATimeoutIsASignOfTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		npm, client := behind(t, &host{answer: func(r *http.Request) (int, string, error) {
			<-r.Context().Done()
			return 0, "", r.Context().Err()
		}})
		ask(t, npm, failuresToOpen-1)
		if limit := client.hosts["npm.example"].places.limit; limit != beginPerHost/2 {
			t.Error(limit)
		}
	})
}

func TestPlacesAreGivenInTheOrderOfAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(1, 1)
		if err := p.take(t.Context()); err != nil {
			t.Fatal(err)
		}
		impatient, leave := context.WithCancel(t.Context())
		served := make(chan string, 10)
		wait := func(ctx context.Context, name string) {
			go func() {
				if err := p.take(ctx); err != nil {
					name += " left"
				}
				served <- name
			}()
			synctest.Wait()
		}
		wait(impatient, "a")
		wait(t.Context(), "b")
		wait(impatient, "c")
		wait(t.Context(), "d")
		leave()
		synctest.Wait()
		if got := []string{<-served, <-served}; fmt.Sprint(got) != "[a left c left]" && fmt.Sprint(got) != "[c left a left]" {
			t.Error(got)
		}
		p.free()
		synctest.Wait()
		p.free()
		if got := []string{<-served, <-served}; fmt.Sprint(got) != "[b d]" {
			t.Error(got)
		}
		p.free()
		if err := p.take(impatient); !errors.Is(err, context.Canceled) || p.taken != 0 || len(p.waiting) != 0 {
			t.Errorf("%v, %d taken, %d waiting", err, p.taken, len(p.waiting))
		}
	})
}

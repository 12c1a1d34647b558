package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var (
	web    = Repository{Installation: 5, ID: 7, Owner: "acme", Name: "web", Private: true}
	secret = Repository{Installation: 5, ID: 8, Owner: "acme", Name: "secret", Private: true, Write: true, Admin: true}
)

func stored(r Repository) Repository {
	return Repository{Installation: r.Installation, ID: r.ID, Owner: r.Owner, Name: r.Name}
}

func TestWhoMaySeeWhat(t *testing.T) {
	w := newWorld(t)
	w.hub.readers["ada"] = []Repository{web, secret}
	w.hub.readers["bob"] = []Repository{web}
	ada, bob, nobody := w.browser(), w.browser(), w.browser()
	ada.signIn("ada")
	bob.signIn("bob")
	if got, err := ada.see(stored(secret)); err != nil || got != secret {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := bob.see(stored(web)); err != nil || got != web {
		t.Errorf("%+v, %v", got, err)
	}
	// What is not to be seen looks like what is not there, and costs as much.
	before := w.hub.questions()
	_, hidden := bob.see(stored(secret))
	between := w.hub.questions()
	_, missing := bob.see(Repository{Owner: "acme", Name: "none"})
	if !errors.Is(hidden, ErrNone) || hidden.Error() != missing.Error() || between-before != 1 || w.hub.questions()-between != 1 {
		t.Errorf("%v, %v, after %d and %d questions", hidden, missing, between-before, w.hub.questions()-between)
	}
	before = w.hub.questions()
	for _, r := range []Repository{stored(web), stored(secret), {Owner: "acme", Name: "none"}} {
		if _, err := nobody.see(r); !errors.Is(err, ErrNone) {
			t.Errorf("somebody who has not signed in: %v", err)
		}
	}
	if all, err := w.gate.Repositories(t.Context(), Viewer{}); len(all) != 0 || err != nil || w.hub.questions() != before {
		t.Errorf("somebody who has not signed in costs questions: %v, %v", all, err)
	}
	if _, err := ada.see(Repository{Owner: strings.Repeat("a", MaxName+1), Name: "x"}); !errors.Is(err, ErrNone) || w.hub.questions() != before {
		t.Errorf("a name that is none: %v", err)
	}
}

func TestARepositoryIsItsNumber(t *testing.T) {
	w := newWorld(t)
	another := web
	another.ID = 99
	w.hub.readers["ada"] = []Repository{another}
	b := w.browser()
	b.signIn("ada")
	if _, err := b.see(stored(web)); !errors.Is(err, ErrNone) {
		t.Errorf("another one took its name: %v", err)
	}
	// Of one with reports alone the number is not known, but its installation is.
	unnumbered := stored(web)
	unnumbered.ID = 0
	if got, err := b.see(unnumbered); err != nil || got.ID != 99 || got.Installation != 5 {
		t.Errorf("%+v, %v", got, err)
	}
	unnumbered.Installation = 6
	if _, err := b.see(unnumbered); !errors.Is(err, ErrNone) {
		t.Errorf("of another installation: %v", err)
	}
	if _, err := b.see(Repository{Owner: "acme", Name: "web"}); !errors.Is(err, ErrNone) {
		t.Errorf("one that the App does not know: %v", err)
	}
}

func TestAccessThatIsTakenAwayIsNoticed(t *testing.T) {
	w := newWorld(t)
	w.hub.readers["ada"] = []Repository{web}
	b := w.browser()
	b.signIn("ada")
	v, _ := b.viewer()
	list := func() int {
		all, err := w.gate.Repositories(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if _, err := b.see(stored(web)); err != nil || list() != 1 {
		t.Fatal(err)
	}
	w.hub.set(func() { w.hub.readers["ada"] = nil })
	w.now = w.now.Add(KeepAnswer - time.Second)
	if _, err := b.see(stored(web)); err != nil || list() != 1 || w.hub.questions() != 2 {
		t.Errorf("an answer is asked for again too soon: %v, %d questions", err, w.hub.questions())
	}
	w.now = w.now.Add(time.Second)
	if _, err := b.see(stored(web)); !errors.Is(err, ErrNone) || list() != 0 {
		t.Errorf("after five minutes: %v", err)
	}
	w.hub.set(func() { w.hub.readers["ada"] = []Repository{web} })
	w.now = w.now.Add(KeepAnswer)
	if _, err := b.see(stored(web)); err != nil {
		t.Errorf("given back: %v", err)
	}
}

func TestWhatFailsIsNoAnswer(t *testing.T) {
	w := newWorld(t)
	w.hub.readers["ada"] = []Repository{web}
	b := w.browser()
	b.signIn("ada")
	w.hub.set(func() { w.hub.fail = errors.New("GitHub is away") })
	if _, err := b.see(stored(web)); err == nil || errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
	w.hub.set(func() { w.hub.fail = nil })
	if _, err := b.see(stored(web)); err != nil {
		t.Errorf("it was kept: %v", err)
	}
}

func TestARevokedTokenEndsTheSession(t *testing.T) {
	w := newWorld(t)
	w.hub.readers["ada"] = []Repository{web}
	b := w.browser()
	b.signIn("ada")
	w.hub.set(func() { w.hub.fail = fmt.Errorf("asked: %w", ErrSignedOut) })
	if _, err := b.see(stored(web)); !errors.Is(err, ErrSignedOut) {
		t.Errorf("%v", err)
	}
	if _, ok := b.viewer(); ok || len(w.rows.all) != 0 {
		t.Error("the session goes on")
	}
	w.hub.set(func() { w.hub.fail = nil })
	if _, err := b.see(stored(web)); !errors.Is(err, ErrNone) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestASessionHasNothingOfAnother(t *testing.T) {
	w := newWorld(t)
	w.hub.readers["ada"] = []Repository{secret}
	b := w.browser()
	b.signIn("ada")
	if _, err := b.see(stored(secret)); err != nil {
		t.Fatal(err)
	}
	b.ask("POST", "/logout")
	for q := range w.gate.answers.items {
		t.Errorf("an answer is left: %v", q)
	}
	b.signIn("bob")
	if _, err := b.see(stored(secret)); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
}

func TestAPageCostsOneQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.hub.readers["ada"] = []Repository{web}
		b := w.browser()
		b.signIn("ada")
		v, _ := b.viewer()
		w.hub.wait = make(chan struct{})
		var wait sync.WaitGroup
		for range 10 {
			wait.Go(func() {
				if _, err := w.gate.Repository(t.Context(), v, stored(web)); err != nil {
					t.Error(err)
				}
			})
		}
		impatient, leave := context.WithCancel(t.Context())
		wait.Go(func() {
			if _, err := w.gate.Repository(impatient, v, stored(web)); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		close(w.hub.wait)
		wait.Wait()
		if n := w.hub.questions(); n != 1 {
			t.Errorf("%d questions", n)
		}
	})
}

func TestPublicReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.PublicReports = true })
		w.hub.public[web.ID] = true
		b := w.browser()
		took := func(r Repository) (time.Duration, error) {
			began := time.Now()
			_, err := b.see(r)
			return time.Since(began), err
		}
		if after, err := took(stored(web)); err != nil || after != 0 {
			t.Errorf("a public one: %v after %v", err, after)
		}
		for name, r := range map[string]Repository{"a private one": stored(secret), "none": {Owner: "acme", Name: "none"}} {
			if after, err := took(r); !errors.Is(err, ErrNone) || after != RefusalTime {
				t.Errorf("%s: %v after %v", name, err, after)
			}
		}
		if n := w.hub.questions(); n != 2 {
			t.Errorf("%d questions: what is not known must not be asked", n)
		}
		w.hub.set(func() { w.hub.public[web.ID] = false })
		w.now = w.now.Add(KeepAnswer)
		if _, err := took(stored(web)); !errors.Is(err, ErrNone) {
			t.Errorf("made private: %v", err)
		}
		// GitHub being away looks no different.
		w.hub.set(func() { w.hub.fail = errors.New("away") })
		w.now = w.now.Add(KeepAnswer)
		if after, err := took(stored(secret)); !errors.Is(err, ErrNone) || after != RefusalTime {
			t.Errorf("%v after %v", err, after)
		}
		if !strings.Contains(w.log.String(), "not known") {
			t.Error("the operator is not told")
		}
		// An answer that takes too long is none, and there for the next one.
		w.hub.set(func() { w.hub.fail, w.hub.wait, w.hub.public[web.ID] = nil, make(chan struct{}), true })
		if after, err := took(stored(web)); !errors.Is(err, ErrNone) || after != RefusalTime {
			t.Errorf("%v after %v", err, after)
		}
		close(w.hub.wait)
		synctest.Wait()
		if _, err := took(stored(web)); err != nil {
			t.Errorf("%v", err)
		}
	})
}

func TestBadgesAskNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.hub.public[web.ID] = true
		is := func(r Repository) bool {
			public, err := w.gate.Public(t.Context(), r)
			if public == errors.Is(err, ErrNone) {
				t.Errorf("%v %v", public, err)
			}
			return public
		}
		for range 2 {
			if !is(stored(web)) || w.hub.questions() != 1 {
				t.Errorf("%d questions", w.hub.questions())
			}
		}
		w.hub.set(func() { w.hub.public[web.ID] = false })
		w.now = w.now.Add(KeepVisibility)
		if is(stored(web)) {
			t.Error("made private, and still shown")
		}
		// Nobody makes the server ask without end.
		before := w.hub.questions()
		for i := range 10 * PublicBurst {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if public, _ := w.gate.Public(ctx, Repository{Installation: 5, ID: int64(1000 + i), Owner: "acme", Name: fmt.Sprint(i)}); public {
				t.Error("shown")
			}
			cancel()
		}
		if n := w.hub.questions() - before; n > PublicBurst {
			t.Errorf("%d questions", n)
		}
	})
}

func TestAnswersAreBounded(t *testing.T) {
	a := newAnswers(time.Now)
	for i := range 10 {
		_, err := of(t.Context(), a, question{"s", fmt.Sprint(i)}, time.Hour, func(int) int { return MaxKept / 4 }, func(context.Context) (int, error) { return i, nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(a.items) != 4 || a.cost != MaxKept || a.order.Len() != 4 {
		t.Errorf("%d are kept, of %d", len(a.items), a.cost)
	}
	if _, err := of(t.Context(), a, question{"s", "x"}, time.Hour, one[int], func(context.Context) (int, error) { panic("odd") }); err == nil {
		t.Error("a panic is no answer")
	}
}

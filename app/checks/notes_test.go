package checks

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
)

// diary are Notes that say what GitHub had when they were taken.
type diary struct {
	hub   *hub
	lines []string
	full  error // Begun fails with it
}

func (d *diary) note(what string) {
	state := "none"
	if n := len(d.hub.runs); n > 0 {
		state = d.hub.runs[n-1].Status
	}
	d.lines = append(d.lines, what+" "+state)
}

func (d *diary) Begun(context.Context, review.Repository, string) error {
	d.note("begun")
	return d.full
}

func (d *diary) Ended(context.Context, review.Repository, string) error {
	d.note("ended")
	return nil
}

func TestACheckIsNotedBeforeItIsBegunAndUntilItIsCompleted(t *testing.T) {
	h := newHub(t)
	f := h.forge()
	d := &diary{hub: h}
	f.notes = d
	is := func(want ...string) {
		t.Helper()
		if !slices.Equal(d.lines, want) {
			t.Errorf("%q, want %q", d.lines, want)
		}
		d.lines = nil
	}
	publish(t, f, ground, check(policy.Success, 1, 0))
	is("begun none", "ended completed")
	publish(t, f, ground, check(policy.Success, 1, 0)) // nothing is begun
	is("ended completed")
	if _, err := f.Begin(t.Context(), web, head, ground+" again"); err != nil {
		t.Fatal(err)
	}
	is("begun completed")
	if err := f.Cancel(t.Context(), web, head, "x"); err != nil {
		t.Fatal(err)
	}
	is("ended completed")
	d.full = errors.New("the disk is full")
	if _, err := f.Begin(t.Context(), web, head, ground); !errors.Is(err, d.full) || h.latest().Conclusion != "cancelled" {
		t.Errorf("%v: what is not noted is not begun", err)
	}
}

func TestAVerdictStandsOnItsGroundAlone(t *testing.T) {
	h := newHub(t)
	f := h.forge()
	stands := func(on string, want bool) {
		t.Helper()
		if got, err := f.Stands(t.Context(), web, head, on); err != nil || got != want {
			t.Errorf("%q: %v, %v", on, got, err)
		}
	}
	stands(ground, false)
	publish(t, f, ground, check(policy.Success, 1, 0))
	stands(ground, true)
	stands(ground+" x", false)
	publish(t, f, "no verdict", report.Check{Broken: "boom"})
	stands(ground, false)
}

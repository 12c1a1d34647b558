package main

import (
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store"
)

func TestTheDemosPastRisesToToday(t *testing.T) {
	today := store.Coverage{Day: time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC), Packages: 12, Signed: 12, Proven: 5}
	days := madeUp(today)
	if len(days) != pastDays {
		t.Fatalf("%d days", len(days))
	}
	for i, d := range days {
		next := today
		if i+1 < len(days) {
			next = days[i+1]
		}
		if !d.Day.AddDate(0, 0, 1).Equal(next.Day) || d.Proven > next.Proven || d.Packages > next.Packages || d.Proven > d.Packages || d.Signed > d.Packages || d.Proven < 0 {
			t.Errorf("%+v before %+v", d, next)
		}
	}
	if days[0].Proven >= today.Proven {
		t.Errorf("it does not rise: %+v", days[0])
	}
	for _, d := range madeUp(store.Coverage{Day: today.Day}) {
		if d.Packages != 0 || d.Proven != 0 {
			t.Errorf("of nothing came %+v", d)
		}
	}
}

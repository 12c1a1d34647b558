package store

import (
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestAPauseOutlivesTheProcessAndIsNeverShortened(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		noon := time.UnixMilli(1762250400123)
		for _, until := range []time.Time{noon, noon.Add(time.Minute), noon.Add(time.Second)} {
			if err := s.Pause(t.Context(), 7, until, "until "+until.Format(time.TimeOnly)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, database)
		want := noon.Add(time.Minute)
		if until, reason, err := s.Paused(t.Context(), 7); err != nil || !until.Equal(want) || reason != "until "+want.Format(time.TimeOnly) {
			t.Errorf("%v, %q, %v", until, reason, err)
		}
		if until, _, err := s.Paused(t.Context(), 8); err != nil || !until.IsZero() {
			t.Errorf("another installation: %v, %v", until, err)
		}
		if err := s.Forget(t.Context(), 7); err != nil {
			t.Fatal(err)
		}
		if until, _, err := s.Paused(t.Context(), 7); err != nil || !until.IsZero() {
			t.Errorf("after it was forgotten: %v, %v", until, err)
		}
	})
}

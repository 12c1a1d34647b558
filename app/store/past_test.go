package store

import (
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestCoverageOfADayThatIsStoredStays(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
		for _, proven := range []int{3, 4} {
			if err := s.SaveCoverage(t.Context(), 1, 2, []Coverage{{Day: noon, Head: "a", Packages: 9, Signed: 8, Proven: proven}, {Day: noon.AddDate(0, 0, -1), Packages: 9}}); err != nil {
				t.Fatal(err)
			}
		}
		var n, proven int
		var day int64
		if err := s.Reader().QueryRowContext(t.Context(), `SELECT count(*), max(proven), max(day) FROM coverage`).Scan(&n, &proven, &day); err != nil {
			t.Fatal(err)
		}
		if n != 2 || proven != 3 || day != noon.Truncate(24*time.Hour).UnixMilli() {
			t.Errorf("%d rows, %d proven, the last of %v", n, proven, time.UnixMilli(day).UTC())
		}
	})
}

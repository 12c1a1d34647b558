package provenance

import (
	"testing"
	"time"
)

// The page about metrics tells operators what this date is for.
func TestTheTrustThatShipsLastsForYears(t *testing.T) {
	trust, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if end := trust.Expires(); end.Before(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)) || end.After(time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("it ends at %v", end)
	}
}

package queue

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestWhatIsSaidAgainAndAgainIsWrittenOnceInAWhile(t *testing.T) {
	var out bytes.Buffer
	h := newSparing(slog.NewTextHandler(&out, nil))
	now := time.UnixMilli(0)
	say := func(message, lane string) {
		t.Helper()
		record := slog.NewRecord(now, slog.LevelError, message, 0)
		if err := h.WithAttrs([]slog.Attr{slog.String("queue", lane)}).Handle(t.Context(), record); err != nil {
			t.Fatal(err)
		}
	}
	say("a database is gone", "first")
	for range 50 {
		say("a database is gone", "other")
	}
	say("something else", "first")
	now = now.Add(sayAgain)
	say("a database is gone", "again")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], "something else") || !strings.Contains(lines[2], "left_out=50") || !strings.Contains(lines[2], "queue=again") {
		t.Errorf("written were %q", lines)
	}
}

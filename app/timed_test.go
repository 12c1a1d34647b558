package app

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/metrics"
	"github.com/bonafide-app/bonafide/app/upkeep"
)

func TestEveryRoundIsCountedWithWhatCameOfIt(t *testing.T) {
	m, err := metrics.New("test", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	a := &App{metrics: m}
	broken := errors.New("no")
	for name, do := range map[string]func(context.Context) error{
		"done":   func(context.Context) error { return nil },
		"failed": func(context.Context) error { return broken },
		"panic":  func(context.Context) error { panic("a mistake") },
	} {
		task := a.timed([]upkeep.Task{{Name: "task-" + name, Do: do}})[0]
		func() {
			defer func() {
				if p := recover(); (p != nil) != (name == "panic") {
					t.Errorf("%s: the panic is %v", name, p)
				}
			}()
			if err := task.Do(t.Context()); (err != nil) != (name == "failed") {
				t.Errorf("%s: %v", name, err)
			}
		}()
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		if want := `bonafide_upkeep_round_duration_seconds_count{result="` + name + `",task="task-` + name + `"} 1`; !strings.Contains(w.Body.String(), want) {
			t.Errorf("it lacks %s", want)
		}
	}
}

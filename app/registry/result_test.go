package registry

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryRequestIsToldWithItsResult(t *testing.T) {
	for path, tt := range map[string]struct {
		status int
		body   string
		want   Result
	}{
		"ok":        {200, `{"name":"x","versions":{},"time":{}}`, ResultOK},
		"missing":   {404, ``, ResultNotFound},
		"limited":   {429, ``, ResultLimited},
		"forbidden": {403, ``, ResultRefused},
		"trouble":   {503, ``, ResultTrouble},
		"html":      {200, `<html>`, ResultWrong},
	} {
		t.Run(path, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "3600") // it is not asked again
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer server.Close()
			var told []string
			c, err := New(Options{Transport: http.DefaultTransport, RetryWait: time.Millisecond, Seen: func(host string, r Result, took time.Duration) {
				told = append(told, host+" "+string(r))
				if took <= 0 {
					t.Errorf("it took %v", took)
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			npm, err := NewNPM(c, server.URL)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = npm.History(t.Context(), "x")
			if want := strings.TrimPrefix(server.URL, "http://") + " " + string(tt.want); !slices.Equal(told, []string{want}) {
				t.Errorf("%q is told, want %q", told, want)
			}
		})
	}
	for err, want := range map[error]Result{context.Canceled: ResultEnded, context.DeadlineExceeded: ResultTimeout, errPrivate: ResultFailed, errTruncated: ResultWrong} {
		if got := resultOf(err); got != want {
			t.Errorf("%v is %s, want %s", err, got, want)
		}
	}
}

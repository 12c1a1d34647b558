package handlers

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestALineAboutADeliverySaysWhatItIsAbout(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		says []string
	}{
		"stored":     {nil, []string{`"level":"info"`, `"message":"stored a job"`}},
		"not stored": {errors.New("the disk is full"), []string{`"level":"error"`, "the disk is full"}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			endpoint, err := NewEndpoint(secret, ours, &memory{err: tt.err}, zerolog.New(&log))
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(Watched(endpoint, func(string, string, string) {}))
			send(t, delivery(t, server.URL, "pull_request", []byte(opened)))
			server.Close() // every request has ended
			if n := strings.Count(log.String(), "\n"); n != 1 {
				t.Errorf("%d lines: %s", n, &log)
			}
			for _, want := range append(tt.says, `"delivery":"`, `"kind":"pull_request"`, `"installation":`, `"repository":"`, `"pull_request":`, `"head":"`) {
				if !strings.Contains(log.String(), want) {
					t.Errorf("it does not say %s: %s", want, &log)
				}
			}
		})
	}
}

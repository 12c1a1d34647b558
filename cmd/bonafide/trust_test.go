package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// What a run rests on is said where it could not be renewed, and nothing where that was
// not wanted.
func TestATrustRootThatCannotBeRefreshedIsSaid(t *testing.T) {
	s := newShop(t)
	var asked atomic.Int32
	tuf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer tuf.Close()
	const words = "older than a day: the one that came with this version was used"
	for _, tt := range []struct {
		name      string
		args      []string
		asks, say bool
	}{
		{"neither", []string{"--npm-registry", s.server.URL}, true, true},
		{"a folder", []string{"--npm-registry", s.server.URL, "--cache-dir", t.TempDir()}, true, true},
		{"offline", []string{"--npm-registry", s.server.URL, "--offline"}, false, false},
		{"pinned", s.flags, false, false},
		{"keys alone", append([]string{}, s.flags[0], s.flags[1], s.flags[4], s.flags[5]), false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked.Store(0)
			var out, err bytes.Buffer
			status := run(context.Background(), append([]string{"verify", "sand@2.0.0"}, tt.args...), terminal{&out, &err}, provenance.SourceOptions{Repository: tuf.URL})
			if status == exitUsage || (asked.Load() > 0) != tt.asks || strings.Contains(err.String(), words) != tt.say {
				t.Errorf("status %d, %d requests\n%s", status, asked.Load(), err.String())
			}
		})
	}
}

// Whoever needs the trust root waits for its refresh, and a command that ends before ends
// it, too.
func TestVerificationWaitsForTheRefresh(t *testing.T) {
	arrived := make(chan struct{}, 1)
	tuf := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	defer tuf.Close()
	initial, err := provenance.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	trust, err := startTrust(t.Context(), initial, false, provenance.SourceOptions{Repository: tuf.URL})
	if err != nil {
		t.Fatal(err)
	}
	<-arrived
	used := make(chan *provenance.TrustRoot)
	go func() { used <- trust.current() }()
	select {
	case <-used:
		t.Error("the trust root was used before its refresh was over")
	default:
	}
	trust.end()
	if <-used != initial || trust.stale() == "" {
		t.Error("a refresh that failed changes nothing, and is said")
	}
}

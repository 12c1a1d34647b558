package app

import (
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// Everybody may look at /healthz: what the operator's network looks like is not there.
func TestHealthDoesNotSayWhereTheTrustIsRenewedFrom(t *testing.T) {
	initial, err := provenance.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	source, err := provenance.NewSource(initial, provenance.SourceOptions{Repository: "http://127.0.0.1:1/tuf"})
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Refresh(t.Context()); err == nil || !strings.Contains(source.Status().Err, "127.0.0.1") {
		t.Fatalf("it does not fail: %v", err)
	}
	a := &App{trust: source}
	if said := a.health("1")["trust_error"]; said == "" || strings.Contains(said, "127.0.0.1") {
		t.Errorf("it says %q", said)
	}
}

package app

import (
	"net"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/review"
)

func TestTimesAreSpokenInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 20 * time.Millisecond: "20ms", time.Second: "1 second", 30 * time.Second: "30 seconds", 5 * time.Minute: "5 minutes", 90 * time.Second: "1 minute 30 seconds",
		time.Hour: "1 hour", 90 * time.Minute: "1 hour 30 minutes", time.Hour + time.Second: "1 hour 1 second", 10 * time.Hour: "10 hours",
	} {
		if got := spoken(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestWhichAddressesAreOfThisMachineAlone(t *testing.T) {
	for ip, want := range map[string]bool{"127.0.0.1": true, "127.0.0.9": true, "::1": true, "0.0.0.0": false, "::": false, "10.0.0.1": false} {
		if got := atHome(&net.TCPAddr{IP: net.ParseIP(ip)}); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
	if atHome(&net.UnixAddr{}) {
		t.Error("a socket of another kind")
	}
}

func TestChecksLeadToTheirPageWherePeopleCanReachIt(t *testing.T) {
	if details("") != nil {
		t.Error("a page that nobody can reach")
	}
	repo := review.Repository{Owner: "acme", Name: "web"}
	for _, public := range []string{"https://bonafide.example.com", "https://bonafide.example.com/"} {
		if got := details(public)(repo, "abc"); got != "https://bonafide.example.com/r/acme/web/commit/abc" {
			t.Errorf("%s: %s", public, got)
		}
	}
}

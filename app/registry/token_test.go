package registry

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

// A token is shown to the addresses below its registry alone, and to nobody after a redirect.
func TestATokenIsShownToItsRegistryAlone(t *testing.T) {
	var mu sync.Mutex
	shown := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		shown[r.URL.Path] = r.Header.Get("Authorization")
		mu.Unlock()
		if r.URL.Path == "/team/moved/1.0.0" {
			http.Redirect(w, r, "/team/elsewhere/1.0.0", http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	client, err := New(Options{Registries: []string{server.URL}, Tokens: []Token{
		{server.URL + "/team/", "of the team"}, {server.URL + "/team/inner", "of the inner one"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{"", "/team", "/team/inner", "/teams"} {
		npm, err := NewNPM(client, server.URL+base)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "moved"} {
			_, err = npm.Release(t.Context(), dep.Package{Ecosystem: dep.NPM, Name: name, Version: "1.0.0"})
			var failure *Failure
			if !errors.As(err, &failure) || strings.Contains(err.Error(), "of the") {
				t.Errorf("%s: %v", base, err)
			}
		}
	}
	for path, want := range map[string]string{
		"/a/1.0.0": "", "/teams/a/1.0.0": "", "/team/a/1.0.0": "Bearer of the team", "/team/inner/a/1.0.0": "Bearer of the inner one",
		"/team/moved/1.0.0": "Bearer of the team", "/team/elsewhere/1.0.0": "",
	} {
		if got, asked := shown[path]; !asked || got != want {
			t.Errorf("%s was shown %q, want %q (asked: %v)", path, got, want, asked)
		}
	}
}

// Every registry that is configured may lead into the network, and no other.
func TestOnlyConfiguredRegistriesLeadIntoTheNetwork(t *testing.T) {
	reached := 0
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reached++; w.WriteHeader(http.StatusNotFound) })
	first, second, third := httptest.NewServer(handler), httptest.NewServer(handler), httptest.NewServer(handler)
	for _, s := range []*httptest.Server{first, second, third} {
		defer s.Close()
	}
	client, err := New(Options{Registries: []string{first.URL, second.URL + "/team"}})
	if err != nil {
		t.Fatal(err)
	}
	for address, may := range map[string]bool{first.URL: true, second.URL + "/team": true, third.URL: false} {
		npm, err := NewNPM(client, address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = npm.Release(t.Context(), dep.Package{Ecosystem: dep.NPM, Name: "a", Version: "1.0.0"})
		if errors.Is(err, ErrNotFound) != may {
			t.Errorf("%s: %v", address, err)
		}
	}
	if reached != 4 { // the version and the whole package, at two
		t.Errorf("%d requests arrived", reached)
	}
}

// A redirect of a configured registry to another one, also a configured one, is not followed.
func TestARedirectFromOneRegistryToAnotherIsNotFollowed(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/secret", http.StatusFound)
	}))
	defer server.Close()
	client, err := New(Options{Registries: []string{server.URL, other.URL}, Tokens: []Token{{server.URL, "x"}, {other.URL, "y"}}})
	if err != nil {
		t.Fatal(err)
	}
	npm, err := NewNPM(client, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = npm.Release(t.Context(), dep.Package{Ecosystem: dep.NPM, Name: "a", Version: "1.0.0"})
	var failure *Failure
	if !errors.As(err, &failure) || !strings.Contains(err.Error(), "which is not followed") || asked != 0 {
		t.Errorf("%v, asked %d times", err, asked)
	}
}

package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWherePeopleReachTheServer(t *testing.T) {
	for given, want := range map[string]string{
		"": "", "https://bonafide.example.com": "https://bonafide.example.com", "https://Bonafide.Example.com:443/": "https://bonafide.example.com",
		"https://bonafide.example.com:8443": "https://bonafide.example.com:8443", "http://127.0.0.1:8080": "http://127.0.0.1:8080", "http://localhost": "http://localhost",
	} {
		s := Server{}
		s.PublicURL = given
		if p, err := s.People(); err != nil || p.PublicURL != want {
			t.Errorf("%q: %q, %v", given, p.PublicURL, err)
		}
	}
	for given, want := range map[string]string{
		"http://bonafide.example.com": "must begin with https://", "bonafide.example.com": "is not an address", "https://example.com/bonafide": "has a path, /bonafide",
		"https://user:hunter2@example.com": "user or password", "https://example.com?a=b": "query", "https://bücher.example": "xn--",
	} {
		s := Server{}
		s.PublicURL = given
		if _, err := s.People(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", given, err)
		}
	}
}

func TestWhatPeopleSignInWith(t *testing.T) {
	file := filepath.Join(t.TempDir(), "client-secret")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := func(id, secret, file string) Server {
		s := Server{}
		s.PublicURL, s.ClientID, s.ClientSecret, s.ClientSecretFile = "https://bonafide.example.com", id, NewSecret(secret), file
		return s
	}
	for name, s := range map[string]Server{"a value": settings("Iv23abc", "hunter2", ""), "a file": settings("Iv23abc", "", file)} {
		p, err := s.People()
		if err != nil || p.ClientID != "Iv23abc" || p.Secret.Reveal() != "hunter2" {
			t.Errorf("%s: %v", name, err)
		}
		if shown := fmt.Sprintf("%v %+v %#v", p, p, p); strings.Contains(shown, "hunter2") {
			t.Errorf("the secret is shown: %s", shown)
		}
	}
	none := settings("", "", "")
	if p, err := none.People(); err != nil || p.ClientID != "" {
		t.Errorf("neither: %v", err)
	}
	for want, s := range map[string]Server{
		"no client id":           settings("", "hunter2", ""),
		"no client secret":       settings("Iv23abc", "", ""),
		"are both set":           settings("Iv23abc", "hunter2", file),
		"cannot be read":         settings("Iv23abc", "", file+".none"),
		"no client id has":       settings("../Iv23abc", "hunter2", ""),
		"set --client-id to the": settings("", "", file),
	} {
		if _, err := s.People(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

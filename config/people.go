package config

import (
	"errors"
	"fmt"
	"strings"
)

// People are the settings of the pages for people.
type People struct {
	PublicURL string // "https://bonafide.example.com", without a slash at the end; "": none is set
	ClientID  string // "": nobody can sign in
	Secret    Secret
}

// People reads where people reach the server, and what they sign in with: both or neither,
// the secret from a file where it is in one.
func (s *Server) People() (People, error) {
	var p People
	var errs []error
	var err error
	if p.PublicURL, err = s.publicAddress(); err != nil {
		errs = append(errs, err)
	}
	p.ClientID = strings.TrimSpace(s.ClientID)
	secret := s.ClientSecret.Reveal() != "" || s.ClientSecretFile != ""
	switch {
	case p.ClientID == "" && secret:
		errs = append(errs, errors.New("a client secret is set and no client id: set --client-id to the one on the App's settings page, or leave the secret out"))
	case p.ClientID != "" && !secret:
		errs = append(errs, errors.New("--client-id is set and no client secret: set --client-secret-file, or leave the id out and nobody can sign in"))
	case p.ClientID != "":
		if strings.ContainsFunc(p.ClientID, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' }) {
			errs = append(errs, errors.New("--client-id has characters that no client id has: take the one on the App's settings page"))
		}
		if p.Secret, err = valueOrFile("--client-secret", s.ClientSecret, s.ClientSecretFile); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return People{}, errors.Join(errs...)
	}
	return p, nil
}

// publicAddress is --public-url as browsers write it, "" where none is set.
func (s *Server) publicAddress() (string, error) {
	if s.PublicURL == "" {
		return "", nil
	}
	u, err := address("--public-url", s.PublicURL)
	switch {
	case err != nil:
		return "", err
	case strings.Trim(u.Path, "/") != "":
		return "", fmt.Errorf("--public-url has a path, %s: the pages are at the root of a host of their own", u.Path)
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r > '~' }):
		return "", errors.New("--public-url has letters that do not go into a request: write the host as xn--…")
	}
	// Browsers leave out the port that goes without saying.
	host := strings.TrimSuffix(u.Host, map[string]string{"https": ":443", "http": ":80"}[u.Scheme])
	return strings.ToLower(u.Scheme + "://" + host), nil
}

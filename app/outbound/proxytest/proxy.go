// Package proxytest is a proxy that records what it is asked for. Only tests import it.
package proxytest

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Proxy connects (CONNECT) to the hosts that it knows and to no others, on loopback.
type Proxy struct {
	server *httptest.Server
	hosts  map[string]string

	mu     sync.Mutex
	refuse int
	asked  []string
	shown  []string
}

// New starts a proxy that leads "npm.example.com:443" to the address of a server:
// "127.0.0.1:1234". It ends with the test.
func New(t testing.TB, hosts map[string]string) *Proxy {
	t.Helper()
	p := &Proxy{hosts: hosts}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

// Refuse has the proxy answer everything with a status; 0: nothing.
func (p *Proxy) Refuse(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = status
}

// Host is where it listens.
func (p *Proxy) Host() string { return p.server.Listener.Addr().String() }

// URL is its address with a user and a password.
func (p *Proxy) URL(user, password string) string {
	return (&url.URL{Scheme: "http", Host: p.Host(), User: url.UserPassword(user, password)}).String()
}

// Asked are the hosts that it was asked for, once for each connection, oldest first.
func (p *Proxy) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// Shown are the users and passwords that came with that, "user:password".
func (p *Proxy) Shown() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.shown)
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Host)
	if basic, found := strings.CutPrefix(r.Header.Get("Proxy-Authorization"), "Basic "); found {
		if text, err := base64.StdEncoding.DecodeString(basic); err == nil {
			p.shown = append(p.shown, string(text))
		}
	}
	refuse := p.refuse
	p.mu.Unlock()
	to, known := p.hosts[r.Host]
	switch {
	case refuse != 0:
		w.WriteHeader(refuse)
		return
	case r.Method != http.MethodConnect || !known:
		w.WriteHeader(http.StatusForbidden)
		return
	}
	there, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = there.Close() }() // what came of it, who asked sees
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = here.Close() }()
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	both := make(chan struct{}, 2)
	pass := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from) // one of them ended
		both <- struct{}{}
	}
	go pass(there, buffered)
	go pass(here, there)
	<-both
}

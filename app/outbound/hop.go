package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Hop leads to proxies that have TLS of their own. net/http offers them HTTP/2 in its
// handshake and then asks in HTTP/1.1, which one that has taken the offer does not
// understand. So TLS to a proxy is the dialer's here, and net/http is told of a proxy
// without. It is safe for concurrent use.
type Hop struct {
	choose func(*http.Request) (*url.URL, error)
	config *tls.Config

	mu    sync.Mutex
	names map[string]string // of the proxies with TLS, by "host:port"
}

// NewHop is for the proxies that a function chooses; nil: there is none.
func NewHop(choose func(*http.Request) (*url.URL, error), config *tls.Config) *Hop {
	return &Hop{choose: choose, config: config, names: map[string]string{}}
}

// Proxy is for http.Transport.Proxy.
func (h *Hop) Proxy(r *http.Request) (*url.URL, error) {
	if h.choose == nil {
		return nil, nil
	}
	proxy, err := h.choose(r)
	if err != nil || proxy == nil || proxy.Scheme != "https" {
		return proxy, err
	}
	plain := *proxy
	plain.Scheme, plain.Host = "http", address(proxy)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.names[plain.Host] = proxy.Hostname()
	return &plain, nil
}

// Dialer is for http.Transport.DialContext: what dial gives, with TLS where it leads to a
// proxy that has it.
func (h *Hop) Dialer(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		h.mu.Lock()
		name, encrypted := h.names[strings.ToLower(address)]
		h.mu.Unlock()
		if !encrypted {
			return conn, nil
		}
		config := h.config.Clone()
		config.ServerName, config.NextProtos = name, []string{"http/1.1"}
		ctx, cancel := context.WithTimeout(ctx, connectTime)
		defer cancel()
		over := tls.Client(conn, config)
		if err := over.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return over, nil
	}
}

// address is what is dialled for a proxy with TLS.
func address(proxy *url.URL) string {
	port := proxy.Port()
	if port == "" {
		port = "443"
	}
	return strings.ToLower(net.JoinHostPort(proxy.Hostname(), port))
}

package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"

	"github.com/bonafide-app/bonafide/app/outbound"
)

// transport speaks HTTP/2 with the hosts that do, and HTTP/1.1 with the others. What a
// host speaks is learnt from the first connection to it; else each of the first requests
// would open one. Over HTTP/2 one carries all requests, and another is opened where its
// streams run out, one at a time; over HTTP/1.1 as many are kept as there are requests in
// flight.
type transport struct {
	http2, http1 http.RoundTripper

	mu    sync.Mutex
	hosts map[string]*protocol // by scheme and host; there are few: redirects lead to no other
}

// protocol is what a host speaks.
type protocol struct {
	old   bool          // HTTP/1.1
	known chan struct{} // closed when the first connection is there, or failed
	err   error         // of that
}

func newTransport(dial func(ctx context.Context, network, address string) (net.Conn, error), proxy func(*http.Request) (*url.URL, error), config *tls.Config) *transport {
	with := func(connections int, speaks *http.Protocols) *http.Transport {
		return &http.Transport{
			DialContext:            dial,
			Proxy:                  proxy,
			OnProxyConnectResponse: outbound.Connected,
			TLSClientConfig:        config.Clone(),
			TLSHandshakeTimeout:    dialTimeout,
			Protocols:              speaks,
			MaxConnsPerHost:        connections,
			MaxIdleConnsPerHost:    connections,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: maxHeader,
			HTTP2:                  &http.HTTP2Config{MaxReceiveBufferPerStream: maxUnread, SendPingTimeout: silence, PingTimeout: silence},
		}
	}
	var both, old http.Protocols
	both.SetHTTP1(true)
	both.SetHTTP2(true)
	old.SetHTTP1(true)
	return &transport{http2: with(1, &both), http1: with(perHostHTTP1, &old), hosts: map[string]*protocol{}}
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" {
		return t.http1.RoundTrip(req)
	}
	ctx, host := req.Context(), req.URL.Host
	for {
		p, first := t.protocol(host)
		if first {
			return t.open(req, p)
		}
		select {
		case <-p.known:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		switch {
		case errors.Is(p.err, errUnfinished): // who opened it was called off
			continue
		case p.err != nil:
			return nil, p.err
		case p.old:
			return t.http1.RoundTrip(req)
		}
		resp, err := t.http2.RoundTrip(req)
		if err == nil && resp.ProtoMajor == 1 { // it does not any more
			t.forget(host)
		}
		return resp, err
	}
}

// protocol is that of a host, and whether the caller is the first, who finds it out.
func (t *transport) protocol(host string) (p *protocol, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p = t.hosts[host]
	if p == nil {
		p, first = &protocol{known: make(chan struct{})}, true
		t.hosts[host] = p
	}
	return p, first
}

// open makes the first request to a host. The others go on when it has a connection; where
// it gets none, neither would they.
func (t *transport) open(req *http.Request, p *protocol) (resp *http.Response, err error) {
	var once sync.Once
	found := func(old bool, err error) {
		once.Do(func() {
			if p.old, p.err = old, err; err != nil {
				t.forget(req.URL.Host)
			}
			close(p.known)
		})
	}
	outcome := errUnfinished // also where it panics
	defer func() { found(false, outcome) }()
	resp, err = t.http2.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			c, encrypted := info.Conn.(*tls.Conn)
			found(!encrypted || c.ConnectionState().NegotiatedProtocol != "h2", nil)
		},
	})))
	if err != nil && req.Context().Err() == nil {
		outcome = err
	}
	return resp, err
}

func (t *transport) forget(host string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.hosts, host)
}

package registry

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
)

// way is how requests leave: straight, where the dialer sees each address, or through the
// proxy that the operator's environment names.
type way struct {
	configured dialer
	choose     func(*http.Request) (*url.URL, error) // nil: no proxy

	mu      sync.Mutex
	proxies dialer // "host:port" of those that were chosen: the operator's own word
}

func newWay(configured dialer, choose func(*http.Request) (*url.URL, error)) *way {
	return &way{configured: configured, choose: choose, proxies: dialer{}}
}

// proxy is for http.Transport.Proxy.
func (w *way) proxy(r *http.Request) (*url.URL, error) {
	if w.choose == nil {
		return nil, nil
	}
	proxy, err := w.choose(r)
	if proxy == nil || err != nil {
		return nil, err
	}
	if !w.mayAsk(r.URL) {
		return nil, errPrivate
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.proxies[proxyPort(proxy)] = true
	return proxy, nil
}

// mayAsk says whether a proxy may be asked for a host: what it will resolve a name to is not
// seen from here.
func (w *way) mayAsk(u *url.URL) bool {
	configured := w.configured[hostPort(u)]
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if a, err := netip.ParseAddr(host); err == nil {
		return mayDial(a, configured, true)
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	number := last != "" && last[0] >= '0' && last[0] <= '9' // "127.1", "0x7f000001": C libraries take them for addresses
	return configured || host != "localhost" && !strings.HasSuffix(host, ".localhost") && !number
}

// dial is for http.Transport.DialContext.
func (w *way) dial(ctx context.Context, network, hostPort string) (net.Conn, error) {
	w.mu.Lock()
	proxy := w.proxies[strings.ToLower(hostPort)]
	w.mu.Unlock()
	if proxy {
		return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, hostPort)
	}
	return w.configured.dial(ctx, network, hostPort)
}

// proxyPort is the address that net/http dials for a proxy.
func proxyPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}

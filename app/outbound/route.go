// Package outbound is the way that requests leave by, the same for everything that goes
// out: through the proxy of the environment, and held against the certificate authorities
// that the operator trusts.
package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Route is how requests leave. The zero value goes straight, with the system's authorities.
type Route struct {
	// Proxy is as http.Transport has it; nil: there is none.
	Proxy func(*http.Request) (*url.URL, error)
	// Roots are the authorities that are trusted; nil: the system's.
	Roots *x509.CertPool

	secrets []string
}

// Environment is the route of HTTPS_PROXY, HTTP_PROXY and NO_PROXY as they are now, and of
// the authorities in a file beside the system's ("": the system's alone). This machine
// itself is never asked through a proxy. A proxy that is not the address of one is an error:
// to go past it would be what it was set against.
func Environment(caFile string) (Route, error) {
	roots, err := Authorities(caFile, nil)
	if err != nil {
		return Route{}, fmt.Errorf("--ca-file: %w", err)
	}
	config := httpproxy.FromEnvironment()
	r := Route{Roots: roots}
	for name, address := range map[string]string{"HTTPS_PROXY": config.HTTPSProxy, "HTTP_PROXY": config.HTTPProxy} {
		password, err := proxyAddress(address)
		if err != nil {
			return Route{}, fmt.Errorf("%s %w", name, err)
		}
		if password != "" {
			r.secrets = append(r.secrets, password)
		}
	}
	choose := config.ProxyFunc()
	r.Proxy = func(req *http.Request) (*url.URL, error) { return choose(req.URL) }
	return r, nil
}

// proxyAddress refuses what is not the address of a proxy that net/http speaks with, and
// shows nothing of it: there may be a password in it.
func proxyAddress(address string) (password string, err error) {
	if address == "" {
		return "", nil
	}
	if !strings.Contains(address, "://") { // host:port alone
		address = "http://" + address
	}
	u, err := url.Parse(address)
	// Something behind the host is of a password that was not escaped, or a PAC file's address.
	plain := err == nil && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == ""
	if !plain || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return "", errors.New("is not the address of a proxy: write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with other characters than letters and digits as %XX")
	}
	password, set := u.User.Password()
	if !set { // some proxies take a token as the user
		password = u.User.Username()
	}
	return password, nil
}

// Secrets are the passwords of the proxies, for who keeps secrets out of the log.
func (r Route) Secrets() []string { return slices.Clone(r.secrets) }

// Transport takes this way, with the time that a connection may take. Everything else is the
// caller's to bound.
func (r Route) Transport() *http.Transport {
	config := &tls.Config{RootCAs: r.Roots, MinVersion: tls.VersionTLS12}
	hop := NewHop(r.Proxy, config)
	return &http.Transport{
		Proxy: hop.Proxy, OnProxyConnectResponse: Connected,
		DialContext:         hop.Dialer((&net.Dialer{Timeout: connectTime, KeepAlive: 30 * time.Second}).DialContext),
		TLSHandshakeTimeout: connectTime,
		TLSClientConfig:     config.Clone(),
		ForceAttemptHTTP2:   true,
		IdleConnTimeout:     90 * time.Second,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: silence, PingTimeout: silence},
	}
}

// Authorities are base, the system's where it is nil, and those of a file in PEM; base
// itself for no file.
func Authorities(file string, base *x509.CertPool) (*x509.CertPool, error) {
	if file == "" {
		return base, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the certificate file cannot be read: %w", err)
	}
	if base != nil {
		base = base.Clone()
	} else if base, err = x509.SystemCertPool(); err != nil {
		return nil, fmt.Errorf("the system's certificates cannot be read: %w", err)
	}
	if !base.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("the certificate file %s holds no PEM certificate: name one that does, --ca-file FILE.pem", file)
	}
	return base, nil
}

// host is a proxy without its user and password.
func host(proxy *url.URL) string { return strings.ToLower(proxy.Host) }

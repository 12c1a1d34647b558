package registry

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/outbound"
	"github.com/bonafide-app/bonafide/app/outbound/proxytest"
)

// The way to the proxy has TLS of its own, which may offer HTTP/2, though CONNECT is asked
// for in HTTP/1.1.
func TestAProxyMayHaveTLS(t *testing.T) {
	for _, offers := range []bool{false, true} {
		_, _, server := serveTLS(t, true, 250, func() {})
		p := proxytest.New(t, map[string]string{"npm.example.com:443": server.Listener.Addr().String()})
		encrypted := httptest.NewUnstartedServer(p)
		encrypted.EnableHTTP2 = offers
		encrypted.StartTLS()
		t.Cleanup(encrypted.Close)
		proxy, err := url.Parse(encrypted.URL)
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		file := writePEM(t, server.Certificate().Raw) // of both
		led := func(o *Options) { o.Proxy = func(*http.Request) (*url.URL, error) { return proxy, nil } }
		npm := newNPMAt(t, "https://npm.example.com/", led, func(o *Options) { o.CAFile = file })
		together(t, npm, 90)
		github := &http.Client{Transport: outbound.Route{Proxy: func(*http.Request) (*url.URL, error) { return proxy, nil }, Roots: roots}.Transport()}
		t.Cleanup(github.CloseIdleConnections)
		resp, err := github.Get("https://npm.example.com/-/ping")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.ProtoMajor != 2 {
			t.Errorf("it is asked in %s", resp.Proto)
		}
		if _, err := newNPMAt(t, "https://npm.example.com/", led).Release(t.Context(), pkg("a", "1.0.0")); err == nil || !strings.Contains(err.Error(), "its certificate is not trusted: --ca-file takes") {
			t.Errorf("%v", err)
		}
	}
}

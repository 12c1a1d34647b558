package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/outbound/proxytest"
)

const proxyPassword = "hunter2-of-the-proxy"

// through has a proxy with a password.
func through(t *testing.T, p *proxytest.Proxy) func(*Options) {
	t.Helper()
	proxy, err := url.Parse(p.URL("bonafide", proxyPassword))
	if err != nil {
		t.Fatal(err)
	}
	return func(o *Options) {
		o.Proxy = func(*http.Request) (*url.URL, error) { return proxy, nil }
	}
}

func TestBehindAProxyOneConnectionCarriesAllRequests(t *testing.T) {
	_, conns, server := serveTLS(t, true, 250, func() {})
	p := proxytest.New(t, map[string]string{"npm.example.com:443": server.Listener.Addr().String()})
	file := writePEM(t, server.Certificate().Raw)
	npm := newNPMAt(t, "https://npm.example.com/", through(t, p), func(o *Options) { o.CAFile = file })
	together(t, npm, 90)
	together(t, npm, 90)
	if n := conns.opened.Load(); n != 1 || fmt.Sprint(p.Asked()) != "[npm.example.com:443]" || fmt.Sprint(p.Shown()) != "[bonafide:"+proxyPassword+"]" {
		t.Errorf("%d connections, asked for %v as %v", n, p.Asked(), p.Shown())
	}
}

func TestWhatAProxyAnswersIsSaidWithWhatToDo(t *testing.T) {
	p := proxytest.New(t, nil)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, tt := range []struct {
		status int
		proxy  func(*Options)
		says   string
	}{
		{http.StatusProxyAuthRequired, through(t, p), "the proxy asks for a user and a password (status 407): set both in HTTPS_PROXY"},
		{http.StatusForbidden, through(t, p), "does not let it through (status 403): have the host allowed there"},
		{http.StatusBadGateway, through(t, p), "does not reach the host (status 502): see whether it may and can"},
		{http.StatusTeapot, through(t, p), "answered with status 418: see whether HTTPS_PROXY names a proxy"},
		{0, func(o *Options) {
			o.Proxy = func(*http.Request) (*url.URL, error) {
				return url.Parse(strings.Replace(gone.URL, "://", "://bonafide:"+proxyPassword+"@", 1))
			}
		}, "the proxy cannot be connected to (it refuses the connection)"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			p.Refuse(tt.status)
			npm := newNPMAt(t, "https://npm.example.com/", tt.proxy)
			_, err := npm.Release(t.Context(), pkg("a", "1.0.0"))
			var f *Failure
			if !errors.As(err, &f) || !strings.Contains(f.Reason, tt.says) {
				t.Errorf("it does not say %q: %v", tt.says, err)
			} else if strings.Contains(f.Reason, "127.0.0.1") { // a pull request shows it to everybody
				t.Errorf("it says where the proxy is: %s", f.Reason)
			}
			for _, said := range []string{fmt.Sprint(err), fmt.Sprintf("%+v %#v", err, f)} {
				if strings.Contains(said, proxyPassword) {
					t.Errorf("the password is shown: %s", said)
				}
			}
		})
	}
}

// What a name leads to behind a proxy cannot be seen. What says by itself that it leads into
// the network is refused unless it is configured.
func TestAProxyIsNotAskedForTheOperatorsNetwork(t *testing.T) {
	for address, want := range map[string]bool{
		"https://npm.example.com/": true, "https://104.16.0.35/": true,
		"https://10.1.2.3/": false, "https://127.0.0.1:8443/": false, "https://[::1]/": false, "https://169.254.169.254/": false,
		"https://localhost/": false, "https://npm.localhost/": false, "https://127.1/": false, "https://2130706433/": false, "https://0x7f.0x1/": false,
		"https://npm.127.example.com/": true,
	} {
		for configured, want := range map[bool]bool{false: want, true: true} {
			p := proxytest.New(t, nil)
			npm := newNPMAt(t, address, through(t, p), func(o *Options) {
				if !configured {
					o.Registries = nil
				}
			})
			_, err := npm.Release(t.Context(), pkg("a", "1.0.0"))
			if asked := len(p.Asked()) > 0; asked != want || err == nil || errors.Is(err, errPrivate) == want {
				t.Errorf("%s, configured %v: asked %v, %v", address, configured, asked, err)
			}
		}
	}
}

// Past a proxy, by NO_PROXY, every address is looked at as if there were none.
func TestPastAProxyAddressesAreLookedAt(t *testing.T) {
	p := proxytest.New(t, nil)
	w := newWay(dialer{}, func(r *http.Request) (*url.URL, error) {
		if r.URL.Hostname() == "127.0.0.1" {
			return nil, nil
		}
		return &url.URL{Scheme: "http", Host: p.Host()}, nil
	})
	if proxy, err := w.proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: "127.0.0.1:443"}}); proxy != nil || err != nil {
		t.Errorf("%v, %v", proxy, err)
	}
	if _, err := w.dial(context.Background(), "tcp", "127.0.0.1:443"); !errors.Is(err, errPrivate) {
		t.Error(err)
	}
	if _, err := w.dial(context.Background(), "tcp", p.Host()); !errors.Is(err, errPrivate) {
		t.Errorf("nothing was led through the proxy yet: %v", err)
	}
	if _, err := w.proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: "npm.example.com"}}); err != nil {
		t.Error(err)
	}
	conn, err := w.dial(context.Background(), "tcp", p.Host())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

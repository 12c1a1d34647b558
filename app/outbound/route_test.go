package outbound

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const password = "hunter2"

// environ sets the variables of a proxy, and no others.
func environ(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, variables[name])
	}
}

func TestTheEnvironmentSaysWhatGoesThroughAProxy(t *testing.T) {
	environ(t, map[string]string{
		"HTTPS_PROXY": "http://bonafide:" + password + "@proxy.example.com:3128", "HTTP_PROXY": "plain.example.com:8080",
		"NO_PROXY": "npm.internal, .corp.example,10.0.0.0/8,ghe.example.com:8443",
	})
	r, err := Environment("")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"https://registry.npmjs.org/":    "proxy.example.com:3128",
		"http://registry.example.com/":   "plain.example.com:8080",
		"https://npm.internal/x":         "",
		"https://a.npm.internal/":        "",
		"https://npm.internal.example/":  "proxy.example.com:3128",
		"https://corp.example/":          "proxy.example.com:3128",
		"https://git.corp.example/":      "",
		"https://10.1.2.3/":              "",
		"https://ghe.example.com/":       "proxy.example.com:3128",
		"https://ghe.example.com:8443/":  "",
		"https://localhost:4873/":        "",
		"http://127.0.0.1:4873/":         "",
		"https://[::1]/":                 "",
		"https://api.github.com/graphql": "proxy.example.com:3128",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		proxy, err := r.Proxy(&http.Request{URL: u})
		got := ""
		if proxy != nil {
			got = proxy.Host
		}
		if got != want || err != nil {
			t.Errorf("%s goes through %q, want %q, %v", address, got, want, err)
		}
	}
	if fmt.Sprint(r.Secrets()) != "["+password+"]" {
		t.Errorf("its secrets are %v", r.Secrets())
	}
}

func TestWithoutAProxyRequestsGoStraight(t *testing.T) {
	environ(t, nil)
	r, err := Environment("")
	if err != nil || len(r.Secrets()) > 0 {
		t.Fatal(err)
	}
	if proxy, err := r.Proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: "example.com"}}); proxy != nil || err != nil {
		t.Errorf("%v, %v", proxy, err)
	}
}

// To go past a proxy that cannot be read would be what it was set against.
func TestAProxyThatIsNoneIsRefusedAndNotShown(t *testing.T) {
	for _, address := range []string{"http://", "ftp://bonafide:hunter2@proxy.example.com", "http://bonafide:hunter2@proxy.example.com:port", "bonafide:hunter2@[", "socks4://bonafide:hunter2@proxy", "%",
		"http://u:3128#hunter2@proxy.example.com", "http://u:3128/hunter2@proxy.example.com", "u:3128?hunter2@proxy.example.com", "http://wpad.example.com/hunter2.pac"} {
		for _, variable := range []string{"HTTPS_PROXY", "HTTP_PROXY"} {
			environ(t, map[string]string{variable: address})
			_, err := Environment("")
			if err == nil || !strings.Contains(err.Error(), variable+" is not the address of a proxy: write http://HOST:PORT") || strings.Contains(err.Error(), password) {
				t.Errorf("%s=%s: %v", variable, address, err)
			}
		}
	}
	for _, address := range []string{"proxy.example.com:3128", "https://proxy.example.com", "socks5://127.0.0.1:1080", "bonafide:hunter2@proxy:3128", "http://proxy.example.com:3128/"} {
		environ(t, map[string]string{"HTTPS_PROXY": address})
		if _, err := Environment(""); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAuthoritiesThatCannotBeReadAreRefused(t *testing.T) {
	environ(t, nil)
	for file, says := range map[string]string{"nothing.pem": "cannot be read", "route_test.go": "holds no PEM certificate"} {
		if _, err := Environment(file); err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "--ca-file") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

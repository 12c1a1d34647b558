package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/outbound/proxytest"
)

const proxyPassword = "hunter2-of-the-proxy"

// behind has everything that goes out go through a proxy, which leads names that no DNS
// knows to servers with TLS. It gives the file of the authority that they are of.
func behind(t *testing.T, hosts map[string]http.Handler) (p *proxytest.Proxy, authority string) {
	t.Helper()
	to := map[string]string{}
	var issued []byte
	for host, handler := range hosts {
		server := httptest.NewTLSServer(handler)
		t.Cleanup(server.Close)
		to[host+":443"] = server.Listener.Addr().String()
		issued = server.Certificate().Raw // of example.com and its subdomains; the same for all
	}
	p = proxytest.New(t, to)
	for _, name := range []string{"https_proxy", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"} {
		t.Setenv(name, "")
	}
	t.Setenv("HTTPS_PROXY", p.URL("bonafide", proxyPassword))
	s := newShop(t)
	return p, s.write("authority.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issued})))
}

func TestOnATerminalEverythingGoesThroughTheProxy(t *testing.T) {
	s := newShop(t)
	nothing := http.NotFoundHandler()
	p, authority := behind(t, map[string]http.Handler{"npm.example.com": s.registry, "api.github.com": nothing, "tuf.example.com": nothing})
	args := []string{"verify", "tide@1.0.0", "--ca-file", authority, "--npm-registry", "https://npm.example.com/",
		"--github-token", "github_pat_of_nobody"}
	// With what the shop trusts, so that there is something to ask GitHub about.
	status, out, stderr := command(t, append(args, s.flags[2:]...)...)
	if status != exitPassed || !strings.Contains(out, "harbour/tide") {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
	// With what is built in, which is renewed.
	_, mirrored, said := command(t, append(args, "--tuf-mirror", "https://tuf.example.com/", "--cache-dir", t.TempDir())...)
	for _, host := range []string{"npm.example.com:443", "api.github.com:443", "tuf.example.com:443"} {
		if !slices.Contains(p.Asked(), host) {
			t.Errorf("the proxy was not asked for %s: %v", host, p.Asked())
		}
	}
	if slices.ContainsFunc(p.Shown(), func(s string) bool { return s != "bonafide:"+proxyPassword }) || len(p.Shown()) != len(p.Asked()) {
		t.Errorf("it was asked %v as %v", p.Asked(), p.Shown())
	}
	p.Refuse(http.StatusProxyAuthRequired)
	status, refused, complaint := command(t, append(args, "--tuf-mirror", "https://tuf.example.com/")...)
	if status != exitCouldNotCheck || !strings.Contains(refused, "asks for a user and a password (status 407)") || !strings.Contains(complaint, "asks for a user and a password (status 407)") {
		t.Errorf("status %d\n%s%s", status, refused, complaint)
	}
	for _, said := range []string{out, stderr, mirrored, said, refused, complaint} {
		if strings.Contains(said, proxyPassword) {
			t.Errorf("the password is shown:\n%s", said)
		}
	}
}

func TestTheServerGoesThroughTheProxy(t *testing.T) {
	s := newStart(t)
	trust := newShop(t)
	p, authority := behind(t, map[string]http.Handler{"github.example.com": s.hub.Handler(), "npm.example.com": trust.registry})
	s.github = "https://github.example.com"
	s.flags = append(slices.Clone(trust.flags[2:]), "--npm-registry=https://npm.example.com/", "--ca-file="+authority)
	_, stderr, end := begin(t, s.args()...)
	stderr.wait(t, `(ready for deliveries)`)
	if status := end(); status != exitPassed || strings.Contains(stderr.String(), "GitHub did not say") || strings.Contains(stderr.String(), proxyPassword) {
		t.Errorf("status %d\n%s", status, stderr)
	}
	if !slices.Contains(p.Asked(), "github.example.com:443") {
		t.Errorf("the proxy was asked for %v", p.Asked())
	}
	// A proxy that refuses is GitHub's trouble: it keeps no server from starting.
	p.Refuse(http.StatusBadGateway)
	_, stderr, end = begin(t, s.args()...)
	stderr.wait(t, `(ready for deliveries)`)
	if status := end(); status != exitPassed || !strings.Contains(stderr.String(), "does not reach the host (status 502)") || strings.Contains(stderr.String(), proxyPassword) {
		t.Errorf("status %d\n%s", status, stderr)
	}
}

func TestAMirrorOfTheTrustHasTLS(t *testing.T) {
	for address, says := range map[string]string{
		"http://tuf.example.com": "--tuf-mirror must begin with https://", "https://u:p@tuf.example.com": "--tuf-mirror contains a user", "tuf": "--tuf-mirror is not an address",
	} {
		if status, _, stderr := command(t, "verify", "sand@2.0.0", "--tuf-mirror", address); status != exitUsage || !strings.Contains(stderr, says) {
			t.Errorf("%s: status %d: %s", address, status, stderr)
		}
	}
}

// The commands on the page: the first outside, the second inside.
func TestThePageForOperatorsCrossesAnAirGap(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "<!-- run by TestThePageForOperatorsCrossesAnAirGap -->\n\n```sh\n")
	block, _, _ := strings.Cut(after, "```")
	lines := strings.Split(strings.TrimSpace(block), "\n")
	if len(lines) != 2 {
		t.Fatalf("the page has %q", lines)
	}
	s := newShop(t)
	s.write("package-lock.json", s.lock("tide@1.0.0", "sand@2.0.0"))
	t.Chdir(s.dir)
	t.Setenv("BONAFIDE_NPM_REGISTRY", s.server.URL)
	t.Setenv("BONAFIDE_CACHE_DIR", t.TempDir())
	for i, line := range lines {
		args := strings.Fields(line)[1:]
		if i == 0 { // outside it is held against the shop's trust, too
			args = append(args, s.flags[2:]...)
		} else {
			s.registry.Forget()
		}
		if status, out, stderr := command(t, args...); status != exitPassed || !strings.Contains(out, "tide") {
			t.Errorf("%s: status %d\n%s%s", line, status, out, stderr)
		}
	}
	if asked := s.registry.Asked(); len(asked) > 0 {
		t.Errorf("inside it asked for %v", asked)
	}
}

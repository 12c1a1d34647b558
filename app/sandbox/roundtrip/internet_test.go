package roundtrip_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// internet is all that the package managers can reach: an HTTP proxy on loopback,
// behind which each host has a certificate of an authority of its own. Under the
// names of the real registries they write the lockfiles that they write in the wild.
type internet struct {
	t         *testing.T
	proxy     string // "http://127.0.0.1:1234"
	authority string // the file of its certificate
	hosts     map[string]http.Handler
	sites     string // address of the server that is all the hosts
	tunnels   sync.WaitGroup
}

// connect opens an internet of these hosts. What asks for another one fails the test.
func connect(t *testing.T, hosts map[string]http.Handler) *internet {
	t.Helper()
	n := &internet{t: t, hosts: hosts, authority: filepath.Join(t.TempDir(), "ca.pem")}
	certificate, authority := certify(t, slices.Sorted(maps.Keys(hosts)))
	if err := os.WriteFile(n.authority, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	sites := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		site := hosts[req.Host]
		if site == nil {
			site = http.NotFoundHandler()
		}
		site.ServeHTTP(w, req)
	}))
	sites.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	sites.Config.ErrorLog = log.New(io.Discard, "", 0) // clients end connections as they like
	sites.StartTLS()
	n.sites = sites.Listener.Addr().String()
	proxy := httptest.NewServer(http.HandlerFunc(n.forward))
	n.proxy = proxy.URL
	t.Cleanup(func() {
		proxy.Close()
		sites.CloseClientConnections()
		sites.Close()
		n.tunnels.Wait()
	})
	return n
}

// forward is the proxy: it tunnels to the hosts that there are.
func (n *internet) forward(w http.ResponseWriter, req *http.Request) {
	host, port, _ := net.SplitHostPort(req.Host)
	if req.Method != http.MethodConnect || port != "443" || n.hosts[host] == nil {
		n.t.Errorf("a package manager asks for %s %s", req.Method, req.RequestURI)
		http.Error(w, "there is no such host", http.StatusForbidden)
		return
	}
	n.tunnels.Add(1)
	defer n.tunnels.Done()
	var dialer net.Dialer
	site, err := dialer.DialContext(req.Context(), "tcp", n.sites)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer site.Close()
	client, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		n.t.Errorf("the proxy: %v", err)
		return
	}
	defer client.Close()
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return // the client went away
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(site, buffered)
		_ = site.Close()
	}()
	_, _ = io.Copy(client, site)
	_ = client.Close()
	<-done
}

// certify makes a certificate for hosts, and the authority that issues it as PEM.
func certify(t *testing.T, hosts []string) (tls.Certificate, []byte) {
	t.Helper()
	template := func(serial int64, name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		}
	}
	issuer, leaf := template(1, "the sandbox's authority"), template(2, hosts[0])
	issuer.IsCA, issuer.KeyUsage = true, x509.KeyUsageCertSign
	leaf.DNSNames, leaf.ExtKeyUsage = hosts, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	issuerKey, key := newKey(t), newKey(t)
	root, err := x509.CreateCertificate(rand.Reader, issuer, issuer, issuerKey.Public(), issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, issuer, key.Public(), issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	var authority bytes.Buffer
	if err := pem.Encode(&authority, &pem.Block{Type: "CERTIFICATE", Bytes: root}); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, authority.Bytes()
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

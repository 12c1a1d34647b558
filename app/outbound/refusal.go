package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// Refusal is what a proxy answers that does not let a request through. Its words name the
// proxy without its user and password.
type Refusal struct {
	Proxy  string // "proxy.example.com:3128"
	Status int
}

func (r *Refusal) Error() string { return r.says("the proxy " + r.Proxy) }

func (r *Refusal) says(proxy string) string {
	switch {
	case r.Status == http.StatusProxyAuthRequired:
		return fmt.Sprintf("%s asks for a user and a password (status 407): set both in HTTPS_PROXY, http://USER:PASSWORD@HOST:PORT", proxy)
	case r.Status == http.StatusForbidden, r.Status == http.StatusUnauthorized, r.Status == http.StatusMethodNotAllowed:
		return fmt.Sprintf("%s does not let it through (status %d): have the host allowed there, or name it in NO_PROXY", proxy, r.Status)
	case r.Status >= http.StatusInternalServerError:
		return fmt.Sprintf("%s does not reach the host (status %d): see whether it may and can, or name the host in NO_PROXY", proxy, r.Status)
	}
	return fmt.Sprintf("%s answered with status %d: see whether HTTPS_PROXY names a proxy", proxy, r.Status)
}

// Connected is for http.Transport.OnProxyConnectResponse: net/http keeps nothing but the
// words of a refusal.
func Connected(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &Refusal{Proxy: host(proxy), Status: answer.StatusCode}
}

// ProxyFault says in words what a proxy has to do with an error, "" where it has nothing.
// They may stand on a pull request for everybody: where the proxy is, they do not say.
func ProxyFault(err error) string {
	var refused *Refusal
	var op *net.OpError
	switch {
	case errors.As(err, &refused):
		return refused.says("the proxy")
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "the proxy cannot be connected to" + unconnected(op.Err) + ": see that HTTPS_PROXY names it rightly and that it runs"
	}
	return ""
}

// unconnected says why there is no connection, without the addresses that errors of net hold.
func unconnected(err error) string {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.As(err, &certificate):
		return " (its certificate is not trusted: --ca-file takes the authority that it is of)"
	case errors.As(err, &record):
		return " (it does not speak TLS)"
	case errors.As(err, &name):
		return " (its name cannot be found)"
	case errors.As(err, &timeout) && timeout.Timeout():
		return " (it does not answer in time)"
	case errors.Is(err, syscall.ECONNREFUSED):
		return " (it refuses the connection)"
	}
	return ""
}

package registered

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/bonafide-app/bonafide/app/outbound"
)

// Reacher asks a server's public address whether a server of ours answers there, over TLS
// that is verified. It follows nothing.
func Reacher(userAgent string, route outbound.Route) func(ctx context.Context, url string) error {
	transport := route.Transport()
	transport.DisableKeepAlives = true
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, url string) error {
		ctx, cancel := context.WithTimeout(ctx, reachTime)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
		if err != nil {
			return errors.New("it is not an address")
		}
		r.Header.Set("User-Agent", userAgent)
		resp, err := client.Do(r)
		if err != nil {
			return unreached(err)
		}
		defer func() { _ = resp.Body.Close() }() // it was only read
		if resp.StatusCode/100 == 3 {
			return fmt.Errorf("it leads elsewhere (%d), and GitHub does not follow", resp.StatusCode)
		}
		var health struct {
			Status string `json:"status"`
		}
		err = json.NewDecoder(io.LimitReader(resp.Body, maxReachBytes)).Decode(&health)
		if resp.StatusCode != http.StatusOK || err != nil || health.Status != "alive" {
			return fmt.Errorf("what answers there (%d) is not this server", resp.StatusCode)
		}
		return nil
	}
}

// unreached says why there was no answer.
func unreached(err error) error {
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	var record tls.RecordHeaderError
	proxy := outbound.ProxyFault(err)
	switch {
	case proxy != "":
		return errors.New(proxy)
	case errors.As(err, &certificate):
		return fmt.Errorf("its certificate is not trusted: %w", certificate.Err)
	case errors.As(err, &name):
		return errors.New("its name is not known to the DNS")
	case errors.As(err, &record):
		return errors.New("what answers there does not speak TLS")
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("there is no answer within %v", reachTime)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("it is not reached from here: %w", op.Err)
	}
	return errors.New("it is not reached from here")
}

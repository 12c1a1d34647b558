package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// mute is a connection on which nothing arrives any more, and nobody says so.
type mute struct {
	net.Conn
	gone atomic.Bool
}

func (m *mute) Write(p []byte) (int, error) {
	if m.gone.Load() {
		return len(p), nil
	}
	return m.Conn.Write(p)
}

// piped is a listener for the ends of pipes.
type piped chan net.Conn

func (p piped) Accept() (net.Conn, error) {
	if conn, more := <-p; more {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (p piped) Close() error   { close(p); return nil }
func (p piped) Addr() net.Addr { return &net.TCPAddr{} }

// A proxy that went away without a word takes the requests with it that are on their way,
// and not those after them.
func TestAConnectionThatFellSilentIsLeft(t *testing.T) {
	model := httptest.NewTLSServer(nil)
	defer model.Close()
	synctest.Test(t, func(t *testing.T) {
		ends := make(piped)
		server := &http.Server{
			Handler:           http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
			TLSConfig:         &tls.Config{Certificates: model.TLS.Certificates},
			ReadHeaderTimeout: time.Minute,
		}
		ended := make(chan error)
		go func() { ended <- server.ServeTLS(ends, "", "") }()
		roots := x509.NewCertPool()
		roots.AddCert(model.Certificate())
		transport := Route{Roots: roots}.Transport()
		var latest *mute
		dialled := 0
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			ends <- there
			latest = &mute{Conn: here}
			dialled++
			return latest, nil
		}
		get := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://example.com/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(r)
			if err != nil {
				return err
			}
			if resp.ProtoMajor != 2 {
				t.Errorf("it is asked in %s", resp.Proto)
			}
			return resp.Body.Close()
		}
		if err := get(); err != nil {
			t.Fatal(err)
		}
		latest.gone.Store(true)
		began := time.Now()
		if err := get(); err == nil || time.Since(began) > 30*time.Second {
			t.Errorf("it takes %v to notice: %v", time.Since(began), err)
		}
		if err := get(); err != nil || dialled != 2 {
			t.Errorf("%d connections, %v", dialled, err)
		}
		transport.CloseIdleConnections()
		server.Close()
		<-ended
	})
}

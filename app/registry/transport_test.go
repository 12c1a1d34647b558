package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// counting counts the connections to a server.
type counting struct {
	opened, open atomic.Int32
}

func (c *counting) state(_ net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		c.opened.Add(1)
		c.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		c.open.Add(-1)
	}
}

// serveTLS serves version documents; each answer waits for what wait waits for.
func serveTLS(t *testing.T, http2 bool, streams int, wait func()) (*NPM, *counting, *httptest.Server) {
	t.Helper()
	var conns counting
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wait()
		name, version, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		io.WriteString(w, versionDocument(name, version))
	}))
	server.EnableHTTP2 = http2
	server.Config.ConnState = conns.state
	server.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: streams}
	server.Config.ErrorLog = discardLog()
	server.StartTLS()
	t.Cleanup(server.Close)
	file := writePEM(t, server.Certificate().Raw)
	return newNPMAt(t, server.URL, func(o *Options) { o.CAFile = file }), &conns, server
}

// together asks for so many releases at once.
func together(t *testing.T, npm *NPM, releases int) {
	t.Helper()
	for _, err := range ask(t, npm, releases) {
		t.Error(err)
	}
}

func TestConnectionsAreOpenedWhereStreamsRunOutAlone(t *testing.T) {
	// Until the server has said how many streams it takes, a client counts on 100: the
	// first requests may open some more.
	for streams, most := range map[int]int{250: 8, 100: 16, 10: 80} {
		t.Run(fmt.Sprint(streams, " streams"), func(t *testing.T) {
			npm, conns, _ := serveTLS(t, true, streams, func() {})
			together(t, npm, 300)
			together(t, npm, 300)
			if n := int(conns.opened.Load()); n < 1 || n > most {
				t.Errorf("%d connections, want at most %d", n, most)
			}
		})
	}
}

func TestOverHTTP1AsManyConnectionsAreKeptAsAreUsed(t *testing.T) {
	// Nothing is answered before all connections carry a request.
	all := make(chan struct{})
	var flying atomic.Int32
	npm, conns, _ := serveTLS(t, false, 0, func() {
		if flying.Add(1) == perHostHTTP1 {
			close(all)
		}
		<-all
	})
	together(t, npm, 300)
	together(t, npm, 300)
	if n := conns.opened.Load(); n != perHostHTTP1+1 { // the first one showed what is spoken
		t.Errorf("%d connections, want %d", n, perHostHTTP1+1)
	}
}

func TestALostConnectionIsOpenedOnceMoreByOne(t *testing.T) {
	npm, conns, server := serveTLS(t, true, 250, func() {})
	for round := range 3 {
		together(t, npm, 90)
		if n := int(conns.opened.Load()); n != round+1 {
			t.Fatalf("%d connections after %d losses", n, round)
		}
		server.CloseClientConnections()
		for conns.open.Load() > 0 {
			runtime.Gosched()
		}
	}
}

func TestWhereNoConnectionIsToBeHadNobodyWaitsForTheFirst(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "https://" + l.Addr().String()
	l.Close()
	npm := newNPMAt(t, address)
	var wg sync.WaitGroup
	for range failuresToOpen {
		wg.Go(func() {
			if _, err := npm.Release(t.Context(), pkg("a", "1.0.0")); err == nil {
				t.Error("an answer from nowhere")
			}
		})
	}
	wg.Wait()
}

// piped is a listener of connections within the process.
type piped chan net.Conn

func (p piped) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p piped) Close() error   { return nil }
func (p piped) Addr() net.Addr { return &net.TCPAddr{} }

// muted is a connection over which nothing comes any more.
type muted struct {
	net.Conn
	from <-chan struct{}
}

func (m *muted) Read(p []byte) (int, error) {
	for {
		n, err := m.Conn.Read(p)
		select {
		case <-m.from:
			if err == nil {
				continue
			}
		default:
		}
		return n, err
	}
}

func TestAConnectionThatDiedIsReplacedBeforeTheTimeIsOver(t *testing.T) {
	issuer := httptest.NewTLSServer(nil)
	defer issuer.Close()
	roots := x509.NewCertPool()
	roots.AddCert(issuer.Certificate())
	certificates := issuer.TLS.Certificates
	synctest.Test(t, func(t *testing.T) {
		died := make(chan struct{})
		var asked, dialled int
		server := &http.Server{
			TLSConfig: &tls.Config{Certificates: certificates}, ErrorLog: discardLog(),
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked++; asked == 1 {
					close(died)
					<-r.Context().Done()
					return
				}
				io.WriteString(w, versionDocument("a", "1.0.0"))
			}),
		}
		l := make(piped)
		served := make(chan error)
		go func() { served <- server.ServeTLS(l, "", "") }()
		transport := newTransport(func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			l <- there
			if dialled++; dialled == 1 {
				return &muted{here, died}, nil
			}
			return here, nil
		}, nil, &tls.Config{RootCAs: roots, ServerName: "example.com"})
		client, err := New(Options{Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		npm, err := NewNPM(client, "https://npm.example/")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := npm.Release(t.Context(), pkg("a", "1.0.0")); err != nil || dialled != 2 || time.Since(began) >= defaultTimeout {
			t.Errorf("%v, %d connections, after %v", err, dialled, time.Since(began))
		}
		transport.http2.(*http.Transport).CloseIdleConnections()
		close(l)
		<-served
		server.Close()
	})
}

func TestWhoIsCalledOffWhileConnectingLeavesThatToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dialled int
		transport := newTransport(func(ctx context.Context, _, _ string) (net.Conn, error) {
			if dialled++; dialled == 1 {
				time.Sleep(time.Second)
			}
			return nil, syscall.ECONNREFUSED
		}, nil, &tls.Config{})
		client, err := New(Options{Transport: transport, RetryWait: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		npm, err := NewNPM(client, "https://npm.example/")
		if err != nil {
			t.Fatal(err)
		}
		impatient, leave := context.WithCancel(t.Context())
		first, second := make(chan error), make(chan error)
		go func() { _, err := npm.Release(impatient, pkg("a", "1.0.0")); first <- err }()
		synctest.Wait()
		go func() { _, err := npm.Release(t.Context(), pkg("b", "1.0.0")); second <- err }()
		synctest.Wait()
		leave()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := <-second; !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error(err)
		}
	})
}

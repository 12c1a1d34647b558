package storm

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox"
)

// fleet are the servers of one database, and what stands before them.
type fleet struct {
	processes []*process
	front     *http.Server
	hook      string // where webhooks go
	next      atomic.Uint64
}

// frontPatience is how long a server may take to answer a delivery. GitHub waits ten
// seconds; a stopped server would hold up all deliveries for that long.
const frontPatience = 3 * time.Second

// newFleet prepares servers and starts none.
func newFleet(ctx context.Context, o Options, w *sandbox.World) (*fleet, error) {
	write := func(name string, content []byte) (string, error) {
		file := filepath.Join(o.Dir, name)
		return file, os.WriteFile(file, content, 0o600)
	}
	key, err1 := write("key.pem", w.GitHub.PrivateKeyPEM())
	root, err2 := write("trusted_root.json", w.Sigstore.TrustedRoot())
	keys, err3 := write("npm-keys.json", w.Sigstore.KeysTUF())
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	f := &fleet{}
	for i := range max(o.Servers, 1) {
		address, err := freeAddress(ctx)
		if err != nil {
			return nil, err
		}
		out, err := os.Create(filepath.Join(o.Dir, "server-"+strconv.Itoa(i+1)+".log"))
		if err != nil {
			return nil, err
		}
		args := append([]string{"serve", "--listen=" + address, "--database=" + o.Database, "--app-id=" + strconv.FormatInt(w.GitHub.AppID(), 10),
			"--private-key-file=" + key, "--github-url=" + w.GitHub.URL(), "--github-api-url=" + w.GitHub.APIURL(), "--npm-registry=" + w.NPMURL,
			"--trusted-root=" + root, "--npm-keys=" + keys}, o.Flags...)
		f.processes = append(f.processes, &process{program: o.Program, args: args, address: address, log: out,
			env: append(os.Environ(), "BONAFIDE_WEBHOOK_SECRET="+sandbox.WebhookSecret)})
	}
	l, err := sandbox.Listen(ctx)
	if err != nil {
		return nil, err
	}
	f.hook = "http://" + l.Addr().String() + "/api/github/hook"
	f.front = &http.Server{Handler: f.balance(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = f.front.Serve(l) }() // ends with close
	return f, nil
}

// balance gives each delivery to the next server, dead or alive.
func (f *fleet) balance() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			n := f.next.Add(1)
			r.SetURL(&url.URL{Scheme: "http", Host: f.processes[n%uint64(len(f.processes))].address})
		},
		Transport:    &http.Transport{ResponseHeaderTimeout: frontPatience, DisableKeepAlives: true},
		ErrorLog:     log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
}

// start starts every server that does not run, and waits until all are ready.
func (f *fleet) start(ctx context.Context) error {
	for _, p := range f.processes {
		if p.running() {
			continue
		}
		if err := p.start(ctx); err != nil {
			return err
		}
	}
	for _, p := range f.processes {
		if err := p.ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

// close ends everything at once.
func (f *fleet) close() error {
	err := f.front.Close()
	for _, p := range f.processes {
		err = errors.Join(err, p.signal(syscall.SIGKILL), p.log.Close())
	}
	return err
}

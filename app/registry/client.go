package registry

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/bonafide-app/bonafide/app/outbound"
)

// Options of a Client. The zero value is right for the public registries.
type Options struct {
	// Registries are the addresses of the registries that the operator configured.
	// Their hosts, and no others, may lead into the operator's network: a network may
	// answer for the public registry itself. Empty ones mean nothing here.
	Registries []string
	// Tokens are shown to the registries that they are for: never to another path of the
	// host, and never after a redirect.
	Tokens []Token
	// CAFile names PEM certificates to trust beside the system's.
	CAFile string
	// RootCAs replaces the system's certificates. CAFile is added to it.
	RootCAs *x509.CertPool
	// Proxy is as http.Transport has it; nil: there is none. Where a proxy leads cannot be
	// seen: behind it only literal addresses inside the operator's network, and this
	// machine's own names, are refused. The proxy itself may be anywhere.
	Proxy func(*http.Request) (*url.URL, error)
	// UserAgent is sent with every request.
	UserAgent string
	// Timeout bounds one attempt, body included; 0 is 30 s.
	Timeout time.Duration
	// PerHost bounds the requests in flight to one host, of which there are as many as it
	// bears; 0 is 192. Over HTTP/1.1 there are at most 64.
	PerHost int
	// RetryWait is the first pause between two attempts; it doubles, with jitter,
	// up to 2 s. 0 is 300 ms.
	RetryWait time.Duration
	// Transport replaces the client's own, and with it CAFile, RootCAs, Proxy and the
	// refusal of private addresses. It is for tests.
	Transport http.RoundTripper
	// Seen is told of every request, with its retries as one; may be nil.
	Seen func(host string, result Result, took time.Duration)
}

// Client asks registries over HTTP. One is shared by all registries: it bounds the
// requests in flight, shares equal ones, retries, leaves a host alone that limits
// requests or is down, and refuses what is not the document asked for. It is safe for
// concurrent use. It reads no environment.
type Client struct {
	http      *retryablehttp.Client
	flights   flights
	userAgent string
	tokens    tokens
	timeout   time.Duration
	perHost   int
	large     chan struct{} // the places for documents that hold much
	seen      func(host string, result Result, took time.Duration)

	mu    sync.Mutex
	hosts map[string]*door
}

// New makes a client. It fails where CAFile cannot be read or holds no certificate,
// and where an address of Registries is not one.
func New(o Options) (*Client, error) {
	c := &Client{userAgent: o.UserAgent, timeout: o.Timeout, perHost: o.PerHost, large: make(chan struct{}, largePlaces), seen: o.Seen, hosts: map[string]*door{}}
	if c.userAgent == "" {
		c.userAgent = "bonafide (+https://github.com/bonafide-app/bonafide)"
	}
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	if c.perHost <= 0 {
		c.perHost = defaultPerHost
	}
	if o.RetryWait <= 0 {
		o.RetryWait = defaultRetryWait
	}
	var err error
	if c.tokens, err = readTokens(o.Tokens); err != nil {
		return nil, err
	}
	transport := o.Transport
	if transport == nil {
		roots, err := outbound.Authorities(o.CAFile, o.RootCAs)
		if err != nil {
			return nil, err
		}
		configured, err := configuredHosts(o.Registries)
		if err != nil {
			return nil, err
		}
		config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		hop := outbound.NewHop(o.Proxy, config)
		way := newWay(configured, hop.Proxy)
		transport = newTransport(hop.Dialer(way.dial), way.proxy, config)
	}
	c.http = retryablehttp.NewClient()
	c.http.Logger = nil
	c.http.HTTPClient = &http.Client{Transport: transport, Timeout: c.timeout, CheckRedirect: sameHost}
	c.http.RetryMax = retries
	c.http.RetryWaitMin, c.http.RetryWaitMax = o.RetryWait, maxRetryWait
	c.http.CheckRetry = func(ctx context.Context, resp *http.Response, err error) (bool, error) {
		if resp != nil && tooMany(resp.StatusCode) {
			c.door(resp.Request.URL).places.fewer(time.Now())
		}
		return ctx.Err() == nil && worthRetrying(resp, err), nil
	}
	c.http.Backoff = pause
	c.http.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return c, nil
}

func configuredHosts(addresses []string) (dialer, error) {
	d := dialer{}
	for _, address := range addresses {
		if address == "" {
			continue
		}
		u, err := normalise(address)
		if err != nil {
			return nil, fmt.Errorf("registry address: %w", err)
		}
		d[hostPort(u)] = true
	}
	return d, nil
}

// document is what is asked for at an address.
type document[T any] struct {
	name   string // for people: "the version document"
	limit  int64  // of the body in bytes, decompressed
	etag   string // of the document that the asker has; "" if it has none
	decode func(io.Reader) (T, error)
}

// get asks for a document. Equal requests at the same time are one; the answer is
// then shared, so that nobody may change it. It returns ErrNotFound, ErrNotModified
// where the registry still has the document with that ETag, or a *Failure.
func get[T any](ctx context.Context, c *Client, address *url.URL, d document[T]) (T, stamp, error) {
	type stamped struct {
		value T
		stamp stamp
	}
	answer, err := c.flights.do(ctx, d.name+" "+address.String()+" "+d.etag, func(ctx context.Context) (any, error) {
		var out stamped
		err := c.ask(ctx, http.MethodGet, address, d.etag, func(resp *http.Response) (err error) {
			out.stamp = readStamp(resp.Header)
			out.value, err = decodeBody(ctx, resp, d, c.large)
			return err
		})
		return out, err
	})
	if err != nil {
		var zero T
		return zero, stamp{}, c.explain(address, d.name, err)
	}
	out := answer.(stamped)
	return out.value, out.stamp, nil
}

// head asks for the headers of an address.
func (c *Client) head(ctx context.Context, address *url.URL, name string) (http.Header, error) {
	answer, err := c.flights.do(ctx, "HEAD "+address.String(), func(ctx context.Context) (any, error) {
		var header http.Header
		err := c.ask(ctx, http.MethodHead, address, "", func(resp *http.Response) error {
			header = resp.Header
			return nil
		})
		return header, err
	})
	if err != nil {
		return nil, c.explain(address, name, err)
	}
	return answer.(http.Header), nil
}

// ask makes one request with its retries and hands a 200 to read, unless the host is
// left alone. The error is ErrNotFound, ErrNotModified, a refusal, a *shut, what read or the transport
// returned, or that of ctx.
func (c *Client) ask(ctx context.Context, method string, address *url.URL, etag string, read func(*http.Response) error) (err error) {
	host := c.door(address)
	leave, err := host.enter(ctx, address.Path)
	if err != nil {
		return err
	}
	outcome := errUnfinished
	defer func() { leave(outcome) }() // also where reading panics
	defer c.watch(address.Host, &err)()
	outcome = c.fetch(ctx, method, address, etag, func(resp *http.Response) error {
		if resp.ProtoMajor == 1 {
			host.places.atMost(perHostHTTP1)
		}
		return read(resp)
	})
	return outcome
}

// fetch makes one request with its retries.
func (c *Client) fetch(ctx context.Context, method string, address *url.URL, etag string, read func(*http.Response) error) error {
	req, err := retryablehttp.NewRequestWithContext(ctx, method, address.String(), nil)
	if err != nil {
		return bare(err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	c.tokens.authorize(req.Request)
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}

	// The library closes all idle connections when a request ends with an error, so
	// it is told only of those that it may retry.
	var final error
	req.SetResponseHandler(func(resp *http.Response) error {
		defer resp.Body.Close()
		final = outcome(resp, etag, read)
		if retryable(final) {
			return final
		}
		return nil
	})
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return bare(err)
	}
	if final == nil && worthRetrying(resp, nil) { // the retries ended before the handler was asked
		resp.Body.Close()
		return &refusal{status: resp.StatusCode, after: retryAfter(resp)}
	}
	return final
}

// outcome sorts an answer that is not retried for its status.
func outcome(resp *http.Response, etag string, read func(*http.Response) error) error {
	switch resp.StatusCode {
	case http.StatusOK:
		return read(resp)
	case http.StatusNotFound, http.StatusGone:
		return ErrNotFound
	case http.StatusNotModified:
		if etag != "" { // else it answers what was not asked
			return ErrNotModified
		}
	}
	return &refusal{status: resp.StatusCode, after: retryAfter(resp)}
}

// decodeBody reads a whole body as the document. What is cut off is a truncation,
// which may be retried; everything else that does not decode is wrong content.
// Where much of it is held, it waits for one of the places for that.
func decodeBody[T any](ctx context.Context, resp *http.Response, d document[T], large chan struct{}) (T, error) {
	var zero T
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Type"))), "text/html") {
		return zero, wrong("an HTML page")
	}
	if resp.ContentLength > d.limit {
		return zero, tooLarge(d.limit)
	}
	body := &bounded{r: resp.Body, left: d.limit, limit: d.limit, held: held{ctx: ctx, large: large}}
	defer body.held.leave()
	out, err := d.decode(body)
	switch {
	case err == nil:
		return out, nil
	case body.err != nil:
		return zero, body.err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return zero, fmt.Errorf("%w: %w", errTruncated, err)
	case body.html():
		return zero, wrong("an HTML page")
	}
	return zero, err
}

// bounded reads at most limit bytes, then fails. It remembers its first bytes, and
// the transport's error if there was one.
type bounded struct {
	r           io.Reader
	left, limit int64
	first       []byte
	err         error
	held        held
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.err == nil {
		b.err = b.held.grow(b.limit - b.left)
	}
	if b.err != nil {
		return 0, b.err
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if len(b.first) < 64 {
		b.first = append(b.first, p[:min(n, 64-len(b.first))]...)
	}
	if b.left -= int64(n); b.left < 0 {
		b.err = tooLarge(b.limit)
		return 0, b.err
	}
	var corrupt flate.CorruptInputError
	switch {
	case err == nil, err == io.EOF:
		return n, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		b.err = fmt.Errorf("%w: %w", errTruncated, err)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		b.err = wrong("a broken compression")
	default:
		b.err = err
	}
	return n, b.err
}

func (b *bounded) html() bool {
	return strings.HasPrefix(strings.TrimLeft(string(b.first), " \t\r\n\ufeff"), "<")
}

// door is that of a host. There are few: redirects lead to no other.
func (c *Client) door(address *url.URL) *door {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.hosts[address.Host]
	if d == nil {
		d = newDoor(address.Host, c.perHost)
		if address.Scheme == "http" {
			d.places.atMost(perHostHTTP1)
		}
		c.hosts[address.Host] = d
	}
	return d
}

// sameHost follows redirects on one host only, and never from https to http. The host keeps
// its spelling: in another one it would be a host of its own, with connections of its own.
func sameHost(req *http.Request, via []*http.Request) error {
	from := via[0].URL
	switch {
	case !strings.EqualFold(req.URL.Host, from.Host):
		return &redirectError{fmt.Sprintf("redirects to %.100q, which is not followed", req.URL.Host)}
	case req.URL.Scheme != from.Scheme:
		return &redirectError{fmt.Sprintf("redirects from %s to %.20s, which is not followed", from.Scheme, req.URL.Scheme)}
	case len(via) > maxRedirects:
		return &redirectError{fmt.Sprintf("redirects more than %d times", maxRedirects)}
	}
	req.URL.Host = from.Host
	req.Header.Del("Authorization") // it was for the address that was asked
	return nil
}

// The causes that are told apart. They never hold an address with its query.
type (
	// refusal is an HTTP status that is neither the document nor its absence.
	refusal struct {
		status int
		after  time.Duration
	}
	// contentError is an answer that is not the document asked for.
	contentError struct{ what string }
	// redirectError is a redirect that is not followed.
	redirectError struct{ what string }
)

var errTruncated = errors.New("the answer was cut off")

func (r *refusal) Error() string { return fmt.Sprintf("status %d", r.status) }

func (e *contentError) Error() string { return e.what }

func (e *redirectError) Error() string { return e.what }

func wrong(format string, args ...any) error {
	return &contentError{fmt.Sprintf(format, args...)}
}

func tooLarge(limit int64) error { return wrong("more than %d MiB", limit>>20) }

// worthRetrying says whether another attempt may help: connections that broke,
// answers that were cut off, and a server in trouble. A timeout is not repeated:
// the caller's own pause is longer and costs no place.
func worthRetrying(resp *http.Response, err error) bool {
	if err != nil {
		return retryable(bare(err))
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return retryAfter(resp) <= maxRetryAfter
	}
	return false
}

func retryable(err error) bool {
	var timeout interface{ Timeout() bool }
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case err == nil, errors.Is(err, errPrivate), errors.Is(err, context.Canceled):
		return false
	case errors.As(err, &timeout) && timeout.Timeout():
		return false
	case errors.Is(err, errTruncated), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EPIPE):
		return true
	case errors.As(err, &dns):
		return dns.IsTemporary
	case errors.As(err, &op):
		return op.Op == "read" || op.Op == "write"
	}
	// An HTTP/2 stream or connection that the peer ended: the types are not exported.
	return strings.HasPrefix(err.Error(), "http2: ") || strings.HasPrefix(err.Error(), "stream error: ")
}

// retryAfter is what an answer asks for, in seconds or as a date; 0 if it does not.
func retryAfter(resp *http.Response) time.Duration {
	if resp == nil {
		return 0
	}
	stated := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(stated, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(maxStatedWait/time.Second))) * time.Second
	}
	at, err := http.ParseTime(stated)
	if err != nil {
		return 0
	}
	return min(max(time.Until(at), 0), maxStatedWait)
}

// pause is the wait before the next attempt: what the registry asks for, else
// exponential, and always with jitter upwards.
func pause(first, longest time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := retryAfter(resp)
	if wait == 0 {
		wait = min(first<<min(attempt, 16), longest)
	}
	return wait + rand.N(wait/2+1)
}

// bare takes the address, which may hold a secret, off an error of net/http.
func bare(err error) error {
	var withURL *url.Error
	for errors.As(err, &withURL) {
		err = withURL.Err
	}
	return err
}

// explain turns the causes into a *Failure with a sentence for people.
func (c *Client) explain(address *url.URL, name string, err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	if errors.Is(err, ErrNotModified) {
		return fmt.Errorf("%s: %w", name, ErrNotModified)
	}
	f := &Failure{Err: bare(err)}
	var refused *refusal
	var closed *shut
	switch {
	case errors.As(err, &closed):
		f.RetryAfter = closed.left
	case errors.As(err, &refused):
		f.RetryAfter = refused.after
	}
	f.Reason = name + " could not be read: " + why(address.Hostname(), err)
	return f
}

// why says in words what came of asking a host.
func why(host string, err error) string {
	var (
		refused   *refusal
		closed    *shut
		content   *contentError
		redirect  *redirectError
		panicked  *panicError
		dns       *net.DNSError
		cert      *tls.CertificateVerificationError
		unknownCA x509.UnknownAuthorityError
		timeout   interface{ Timeout() bool }
	)
	proxy := outbound.ProxyFault(err)
	switch {
	case errors.Is(err, context.Canceled):
		return "the work was ended before " + host + " answered"
	case errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &refused):
		return host + " did not answer in time"
	case errors.As(err, &closed):
		return closed.Error()
	case errors.As(err, &refused):
		return statusText(host, refused)
	case errors.As(err, &content):
		return host + " answered with " + content.what
	case errors.As(err, &panicked):
		return "a fault of Bonafide, please report it"
	case errors.As(err, &redirect):
		return host + " " + redirect.what
	case proxy != "":
		return proxy
	case errors.Is(err, errPrivate):
		return host + " leads to an address inside the network, which only a configured registry may"
	case errors.Is(err, errTruncated):
		return host + " cut its answer off"
	case errors.As(err, &dns):
		return host + " cannot be found (its name could not be resolved)"
	case errors.As(err, &cert), errors.As(err, &unknownCA):
		return host + " has a TLS certificate that is not trusted"
	case errors.As(err, &timeout) && timeout.Timeout():
		return host + " did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return host + " refused the connection"
	}
	return "the connection to " + host + " failed"
}

func statusText(host string, r *refusal) string {
	switch {
	case r.status == http.StatusTooManyRequests && r.after > 0:
		return fmt.Sprintf("%s limits requests (status 429) and asks to wait %s", host, r.after)
	case r.status == http.StatusTooManyRequests:
		return host + " limits requests (status 429)"
	case r.status == http.StatusUnauthorized, r.status == http.StatusForbidden:
		return fmt.Sprintf("%s refused access (status %d)", host, r.status)
	}
	return fmt.Sprintf("%s answered with status %d", host, r.status)
}

package checks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/bonafide-app/bonafide/app/outbound"
)

// errAnswerTooLarge is the error for an answer over MaxAnswerBytes.
var errAnswerTooLarge = fmt.Errorf("the answer is larger than %d bytes", MaxAnswerBytes)

// transport is what every request to GitHub goes through, token requests too. It
// lets nothing pass to another host (the token is attached above it), and nothing
// in without end.
type transport struct {
	api  *url.URL
	next http.RoundTripper
}

func newTransport(api *url.URL, next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = Transport(outbound.Route{})
	}
	return &transport{api, next}
}

// Transport is for the configs' Transport: GitHub by a route, with limits.
func Transport(route outbound.Route) http.RoundTripper {
	t := route.Transport()
	t.ResponseHeaderTimeout = HeaderTimeout
	t.MaxIdleConnsPerHost = 32
	t.MaxResponseHeaderBytes = MaxHeaderBytes
	return t
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != t.api.Scheme || !strings.EqualFold(r.URL.Host, t.api.Host) {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, fmt.Errorf("refused to send a request to %q: only GitHub's API at %q is called", r.URL.Host, t.api.Host)
	}
	token := strings.HasSuffix(r.URL.Path, "/access_tokens")
	c := callOf(r.Context())
	if token && c != nil {
		if err := c.gates.may(r.Context(), theApp); err != nil {
			return nil, errors.Join(err, closed(r.Body))
		}
	}
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &capped{resp.Body, MaxAnswerBytes}
	limit, err := limitOf(resp)
	if err != nil {
		return nil, err
	}
	if limit != nil {
		limit.token = token
		return nil, errors.Join(limit, closed(resp.Body))
	}
	if c != nil && !token {
		c.read(resp.Header)
	}
	// Limits are seen to here. Without this header go-github has no memory of its own of
	// them, which blocks requests for too long and does not know 429.
	resp.Header.Del("X-RateLimit-Reset")
	if token && resp.StatusCode/100 != 2 {
		return resp, detach(resp)
	}
	return resp, nil
}

func closed(body io.Closer) error {
	if body == nil {
		return nil
	}
	return body.Close()
}

// detach reads the body of a refused token request and closes the connection's
// end of it: ghinstallation hands the open body to nobody.
func detach(resp *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(resp.Body, MaxErrorBytes))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return nil
}

// capped fails a body that does not end in time.
type capped struct {
	io.ReadCloser
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		// One byte more tells an end from a body that goes on.
		if n, err := c.ReadCloser.Read(make([]byte, 1)); n == 0 {
			return 0, err
		}
		return 0, errAnswerTooLarge
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.ReadCloser.Read(p)
	c.left -= int64(n)
	return n, err
}

package checks

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// limited is the error for an answer that is a rate limit. Both kinds come as 403 or as
// 429, with or without a time.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
type limited struct {
	token      bool   // the request was one for a token
	primary    bool   // the requests of the hour are used up
	retryAfter string // as stated
	reset      string // as stated, "" where the primary limit is not used up
}

func (l *limited) Error() string {
	if l.primary {
		return "GitHub's rate limit is used up"
	}
	return "GitHub's secondary rate limit asks for a pause"
}

// wait is how long the answer asks to wait, and whether it does in a way that makes
// sense: a time that has passed says nothing.
func (l *limited) wait(now time.Time) (time.Duration, bool) {
	if after, ok := statedWait(l.retryAfter, now); ok {
		return after, true
	}
	if reset, ok := unix(l.reset); ok && reset.After(now) {
		return reset.Sub(now), true
	}
	return 0, false
}

// statedWait reads Retry-After, in seconds or as a date.
func statedWait(s string, now time.Time) (time.Duration, bool) {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(n, uint64(MaxWait/time.Second))) * time.Second, true
	}
	at, err := http.ParseTime(s)
	if err != nil || !at.After(now) {
		return 0, false
	}
	return min(at.Sub(now), MaxWait), true
}

// unix reads a time in seconds, of this age.
func unix(s string) (time.Time, bool) {
	n, err := strconv.ParseUint(s, 10, 34)
	return time.Unix(int64(n), 0), err == nil
}

// limitOf says whether an answer is a rate limit, nil if it is not. The body can be read
// afterwards as before.
func limitOf(resp *http.Response) (*limited, error) {
	h := resp.Header
	l := &limited{retryAfter: h.Get("Retry-After"), primary: h.Get("X-RateLimit-Remaining") == "0"}
	if l.primary {
		l.reset = h.Get("X-RateLimit-Reset")
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return l, nil
	case resp.StatusCode != http.StatusForbidden:
		return nil, nil
	case l.primary, l.retryAfter != "":
		return l, nil
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, MaxErrorBytes))
	if err = cmp.Or(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	var said struct{ Message string }
	_ = json.Unmarshal(data, &said) // what does not read says nothing of a limit
	if m := strings.ToLower(said.Message); strings.Contains(m, "rate limit") || strings.Contains(m, "abuse detection") {
		return l, nil
	}
	return nil, nil
}

// call goes with the context of a request: it lets the transport ask before it fetches a
// token, and carries back what the answer said of the limits.
type call struct {
	gates *gates

	told             bool
	limit, remaining int
	reset            time.Time
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// read takes what an answer says of the primary limit. Other resources than the REST
// API's core have limits of their own.
func (c *call) read(h http.Header) {
	if resource := h.Get("X-RateLimit-Resource"); resource != "" && resource != "core" {
		return
	}
	limit, err := strconv.ParseUint(h.Get("X-RateLimit-Limit"), 10, 31)
	remaining, err2 := strconv.ParseUint(h.Get("X-RateLimit-Remaining"), 10, 31)
	reset, ok := unix(h.Get("X-RateLimit-Reset"))
	if err != nil || err2 != nil || !ok {
		return
	}
	c.told, c.limit, c.remaining, c.reset = true, int(limit), int(remaining), reset
}

package registry

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Result sorts what came of a request, for metrics.
type Result string

// The results of requests.
const (
	ResultOK       Result = "ok"
	ResultNotFound Result = "not_found"
	ResultLimited  Result = "limited" // 429
	ResultRefused  Result = "refused" // another status below 500
	ResultTrouble  Result = "trouble" // a status from 500
	ResultWrong    Result = "wrong"   // not the document asked for, cut off, or a redirect that is not followed
	ResultTimeout  Result = "timeout"
	ResultEnded    Result = "ended"  // by whoever asked
	ResultFailed   Result = "failed" // no connection, or a broken one
)

func resultOf(err error) Result {
	var refused *refusal
	var content *contentError
	var redirect *redirectError
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil, errors.Is(err, ErrNotModified):
		return ResultOK
	case errors.Is(err, ErrNotFound):
		return ResultNotFound
	case errors.As(err, &refused) && refused.status == http.StatusTooManyRequests:
		return ResultLimited
	case errors.As(err, &refused) && refused.status >= 500:
		return ResultTrouble
	case errors.As(err, &refused):
		return ResultRefused
	case errors.As(err, &content), errors.As(err, &redirect), errors.Is(err, errTruncated):
		return ResultWrong
	case errors.Is(err, context.Canceled):
		return ResultEnded
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return ResultTimeout
	}
	return ResultFailed
}

// watch begins a request and returns what tells of its end.
func (c *Client) watch(host string, err *error) (end func()) {
	if c.seen == nil {
		return func() {}
	}
	began := time.Now()
	return func() { c.seen(host, resultOf(*err), time.Since(began)) }
}

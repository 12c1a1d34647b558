package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/review"
)

// failed turns what came of a request into the errors that review.Forge promises:
// ErrGone, a *review.Later, or one that says what GitHub refused. what names the
// request for people: "read pull request 7".
func (f *Forge) failed(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	if errors.Is(err, errAnswerTooLarge) || errors.Is(err, review.ErrTooLarge) {
		return fmt.Errorf("%s: %w", what, err)
	}
	later := func(after time.Duration, reason string) error {
		return &review.Later{After: min(max(after, MinWait), MaxWait), Reason: what + ": " + reason, Err: err}
	}

	var primary *github.RateLimitError
	var secondary *github.AbuseRateLimitError
	var accepted *github.AcceptedError
	var token *ghinstallation.HTTPError
	var refused *github.ErrorResponse
	switch {
	case errors.As(err, &primary):
		return later(primary.Rate.Reset.Sub(f.clock()), "GitHub's rate limit is used up")
	case errors.As(err, &secondary):
		after := SecondaryWait
		if secondary.RetryAfter != nil {
			after = *secondary.RetryAfter
		}
		return later(after, "GitHub asks for a pause")
	case errors.As(err, &accepted):
		return later(FailureWait, "GitHub is not ready with the answer yet")
	case errors.As(err, &token):
		return f.tokenRefused(what, token, later)
	case errors.As(err, &refused) && refused.Response != nil:
		return f.refused(what, refused, later)
	}
	// No answer, a broken one, or one that is not JSON.
	return later(FailureWait, "GitHub could not be reached or its answer could not be read")
}

// refused sorts an answer that is no 2xx.
func (f *Forge) refused(what string, e *github.ErrorResponse, later func(time.Duration, string) error) error {
	status := e.Response.StatusCode
	wait, limited := f.limit(e.Response, e.Message)
	switch {
	case limited:
		return later(wait, "GitHub's rate limit is used up")
	case status == http.StatusNotFound, status == http.StatusGone, status == http.StatusUnavailableForLegalReasons:
		return fmt.Errorf("%s: %w: %w", what, review.ErrGone, e)
	case status == http.StatusUnauthorized:
		return later(FailureWait, "GitHub refused the token")
	case status == http.StatusRequestTimeout, status >= 500:
		return later(FailureWait, fmt.Sprintf("GitHub answered %d", status))
	case status == http.StatusForbidden:
		return fmt.Errorf("%s: GitHub refused it: the App may lack a permission, or the organisation restricts it: %w", what, e)
	}
	return fmt.Errorf("%s: %w", what, e)
}

// tokenRefused sorts the failure to get an installation's token. A suspended or
// deleted installation is gone; a wrong key or clock is the operator's to mend, and
// the job waits for it.
func (f *Forge) tokenRefused(what string, e *ghinstallation.HTTPError, later func(time.Duration, string) error) error {
	if e.Response == nil {
		return later(FailureWait, "GitHub could not be reached for a token")
	}
	status := e.Response.StatusCode
	wait, limited := f.limit(e.Response, "")
	switch {
	case limited:
		return later(wait, "GitHub's rate limit is used up")
	case status == http.StatusNotFound, status == http.StatusGone, status == http.StatusForbidden:
		return fmt.Errorf("%s: %w: GitHub gives no token for installation %d (%d)", what, review.ErrGone, e.InstallationID, status)
	case status == http.StatusUnauthorized:
		return later(SecondaryWait, "GitHub refused the App's key; is it the right one, and is this machine's clock right?")
	}
	return later(FailureWait, fmt.Sprintf("GitHub answered %d to the request for a token", status))
}

// limit says whether an answer is a rate limit, and how long it asks to wait. Both
// kinds come as 403 or 429; go-github v62 knows some of the 403s only.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
func (f *Forge) limit(r *http.Response, message string) (time.Duration, bool) {
	after, stated := seconds(r.Header.Get("Retry-After"))
	exhausted := r.Header.Get("X-RateLimit-Remaining") == "0"
	switch {
	case r.StatusCode == http.StatusTooManyRequests:
	case r.StatusCode == http.StatusForbidden && (stated || exhausted || strings.Contains(strings.ToLower(message), "rate limit")):
	default:
		return 0, false
	}
	if stated {
		return after, true
	}
	if reset, err := strconv.ParseInt(r.Header.Get("X-RateLimit-Reset"), 10, 64); exhausted && err == nil {
		return time.Unix(reset, 0).Sub(f.clock()), true
	}
	return SecondaryWait, true
}

func seconds(s string) (time.Duration, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return time.Duration(n) * time.Second, err == nil
}

// status is the status of a refused request, 0 where there was none. A request that may
// succeed later was not refused: rate limits come as 403, too.
func status(err error) int {
	var later *review.Later
	var e *github.ErrorResponse
	if !errors.As(err, &later) && errors.As(err, &e) && e.Response != nil {
		return e.Response.StatusCode
	}
	return 0
}

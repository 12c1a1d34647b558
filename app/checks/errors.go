package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/outbound"
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
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
	if errors.Is(err, errAnswerTooLarge) || errors.Is(err, review.ErrTooLarge) {
		return fmt.Errorf("%s: %w", what, err)
	}
	later := func(after time.Duration, reason string) error {
		return &review.Later{After: min(max(after, MinWait), MaxWait), Reason: what + ": " + reason, Err: err}
	}

	var paused *review.Later // the App is not to fetch a token now
	var accepted *github.AcceptedError
	var token *ghinstallation.HTTPError
	var refused *github.ErrorResponse
	switch {
	case errors.As(err, &paused):
		return named(what, paused)
	case errors.As(err, &accepted):
		return later(FailureWait, "GitHub is not ready with the answer yet")
	case errors.As(err, &token):
		return f.tokenRefused(what, token, later)
	case errors.As(err, &refused) && refused.Response != nil:
		return f.refused(what, refused, later)
	}
	if proxy := outbound.ProxyFault(err); proxy != "" {
		return later(FailureWait, "GitHub could not be reached: "+proxy)
	}
	// No answer, a broken one, or one that is not JSON.
	return later(FailureWait, "GitHub could not be reached or its answer could not be read")
}

// refused sorts an answer that is no 2xx.
func (f *Forge) refused(what string, e *github.ErrorResponse, later func(time.Duration, string) error) error {
	status := e.Response.StatusCode
	switch {
	case status == http.StatusNotFound, status == http.StatusGone, status == http.StatusUnavailableForLegalReasons:
		return fmt.Errorf("%s: %w: %w", what, review.ErrGone, e)
	case status == http.StatusUnauthorized:
		if f.personal {
			return later(FailureWait, "GitHub refused the token: it may have expired, or be another GitHub's")
		}
		return later(FailureWait, "GitHub refused the token")
	case status == http.StatusRequestTimeout, status == http.StatusNotModified, status >= 500: // 304: nothing was kept
		after, _ := statedWait(e.Response.Header.Get("Retry-After"), f.clock())
		return later(max(after, FailureWait), fmt.Sprintf("GitHub answered %d", status))
	case status == http.StatusForbidden && f.personal:
		return fmt.Errorf("%s: GitHub refused it: the token may not read this, or the organisation wants it authorised for single sign-on first: %w", what, e)
	case status == http.StatusForbidden:
		return fmt.Errorf("%s: GitHub refused it: the App may lack a permission, or the organisation restricts it: %w", what, e)
	}
	return fmt.Errorf("%s: %w", what, e)
}

// tokenRefused sorts the failure to get an installation's token. A suspended or
// deleted installation is gone; a wrong key or clock is the operator's to mend, and
// the job waits for it.
func (f *Forge) tokenRefused(what string, e *ghinstallation.HTTPError, later func(time.Duration, string) error) error {
	if proxy := outbound.ProxyFault(e); proxy != "" {
		return later(FailureWait, "GitHub could not be reached for a token: "+proxy)
	}
	if e.Response == nil {
		return later(FailureWait, "GitHub could not be reached for a token")
	}
	status := e.Response.StatusCode
	switch {
	case status == http.StatusNotFound, status == http.StatusGone, status == http.StatusForbidden:
		return fmt.Errorf("%s: %w: GitHub gives no token for installation %d (%d)", what, review.ErrGone, e.InstallationID, status)
	case status == http.StatusUnauthorized:
		return later(SecondaryWait, "GitHub refused the App's key; is it the right one, and is this machine's clock right?")
	}
	return later(FailureWait, fmt.Sprintf("GitHub answered %d to the request for a token", status))
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

package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/upkeep"
)

var _ upkeep.DeliveryLog = (*Forge)(nil)

// Deliveries reads a page of the App's delivery log, newest first: the first one for
// the cursor "". next is the cursor of the page after it, "" at the log's end. GitHub
// keeps three days. One request, with the App's own limits, not an installation's.
func (f *Forge) Deliveries(ctx context.Context, cursor string) (list []upkeep.Delivery, next string, err error) {
	// GitHub's own filter by status leaves out what got no answer at all.
	q := request{what: "read the delivery log", query: url.Values{"per_page": {fmt.Sprint(PageSize)}}}
	if cursor != "" {
		q.query.Set("cursor", cursor)
	}
	var answer []struct {
		ID          int64     `json:"id"`
		GUID        string    `json:"guid"`
		DeliveredAt time.Time `json:"delivered_at"`
		Status      string    `json:"status"` // "OK", or what went wrong
		StatusCode  int       `json:"status_code"`
		Event       string    `json:"event"`
	}
	resp, err := f.asApp(ctx, "app/hook/deliveries", q, &answer)
	if err != nil {
		return nil, "", err
	}
	for _, d := range answer {
		if d.ID <= 0 || d.GUID == "" || d.DeliveredAt.IsZero() {
			return nil, "", &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer lists something that is no delivery"}
		}
		list = append(list, upkeep.Delivery{
			ID: d.ID, GUID: d.GUID, At: d.DeliveredAt, Event: d.Event, Status: d.StatusCode, OK: d.Status == "OK" && d.StatusCode/100 == 2,
		})
	}
	if resp.Cursor == cursor { // a log that leads to itself would never end
		return list, "", nil
	}
	return list, resp.Cursor, nil
}

// Redeliver asks GitHub to send a delivery again, with its GUID. It returns before
// that is done. The error wraps review.ErrGone where the log has it no more.
func (f *Forge) Redeliver(ctx context.Context, id int64) error {
	q := request{what: fmt.Sprintf("send the delivery %d again", id), method: http.MethodPost}
	_, err := f.asApp(ctx, fmt.Sprintf("app/hook/deliveries/%d/attempts", id), q, nil)
	if accepted := (*github.AcceptedError)(nil); errors.As(err, &accepted) {
		return nil // go-github takes the 202, which says that it will be done, for a failure
	}
	return err
}

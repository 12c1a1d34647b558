package checks

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/upkeep"
)

var _ upkeep.Account = (*Forge)(nil)

// Installations lists the App's installations that are not suspended, up to 10,000:
// one request for each hundred, with the App's own limits.
func (f *Forge) Installations(ctx context.Context) ([]int64, error) {
	q := request{what: "list the App's installations", query: url.Values{"per_page": {fmt.Sprint(PageSize)}}}
	var out []int64
	for page := 1; page <= MaxInstallationPages; page++ {
		q.query.Set("page", fmt.Sprint(page))
		var answer []struct {
			ID          int64      `json:"id"`
			SuspendedAt *time.Time `json:"suspended_at"`
		}
		resp, err := f.asApp(ctx, "app/installations", q, &answer)
		if err != nil {
			return nil, err
		}
		for _, in := range answer {
			if in.ID <= 0 {
				return nil, &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer names something that is no installation"}
			}
			if in.SuspendedAt == nil {
				out = append(out, in.ID)
			}
		}
		if resp.NextPage <= page {
			return out, nil
		}
	}
	f.logger(ctx).Warn().Int("installations", len(out)).Msg("the App has more installations than are looked at")
	return out, nil
}

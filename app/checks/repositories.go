package checks

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/upkeep"
)

// Repositories lists the repositories of an installation, up to 5,000, without those
// that are archived or disabled: nothing can be published there.
func (f *Forge) Repositories(ctx context.Context, installation int64) ([]review.Repository, error) {
	pushed, err := f.Pushed(ctx, installation)
	if err != nil {
		return nil, err
	}
	out := make([]review.Repository, 0, len(pushed))
	for _, r := range pushed {
		out = append(out, r.Repository)
	}
	return out, nil
}

// Pushed is Repositories with when each was pushed to last.
func (f *Forge) Pushed(ctx context.Context, installation int64) ([]upkeep.Pushed, error) {
	q := request{what: "list the repositories of the installation", query: url.Values{"per_page": {fmt.Sprint(PageSize)}}}
	var out []upkeep.Pushed
	for page := 1; page <= MaxRepositoryPages; page++ {
		q.query.Set("page", fmt.Sprint(page))
		var answer struct {
			Repositories *[]struct {
				ID       int64  `json:"id"`
				FullName string `json:"full_name"` // "OWNER/NAME"
				Archived bool   `json:"archived"`
				Disabled bool   `json:"disabled"`
				// PushedAt is null for a repository that nobody has pushed to.
				PushedAt time.Time `json:"pushed_at"`
			} `json:"repositories"`
		}
		resp, err := f.ask(ctx, installation, "installation/repositories", q, &answer)
		if err != nil {
			return nil, err
		}
		if answer.Repositories == nil {
			return nil, &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer is not a list of repositories"}
		}
		for _, r := range *answer.Repositories {
			owner, name, _ := strings.Cut(r.FullName, "/")
			repo := review.Repository{Installation: installation, Owner: owner, Name: name, ID: r.ID}
			if _, err := repositoryPath(repo, ""); err != nil || r.ID <= 0 || strings.Contains(name, "/") {
				return nil, &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer names something that is no repository"}
			}
			if !r.Archived && !r.Disabled {
				out = append(out, upkeep.Pushed{Repository: repo, At: r.PushedAt})
			}
		}
		if resp.NextPage <= page {
			return out, nil
		}
	}
	f.logger(ctx).Warn().Int("repositories", len(out)).Msg("the installation has more repositories than are looked at")
	return out, nil
}

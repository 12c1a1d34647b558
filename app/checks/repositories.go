package checks

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/bonafide-app/bonafide/app/review"
)

// Repositories lists the repositories of an installation, up to 5,000, without those
// that are archived or disabled: nothing can be published there.
func (f *Forge) Repositories(ctx context.Context, installation int64) ([]review.Repository, error) {
	q := request{what: "list the repositories of the installation", query: url.Values{"per_page": {fmt.Sprint(PageSize)}}}
	var out []review.Repository
	for page := 1; page <= MaxRepositoryPages; page++ {
		q.query.Set("page", fmt.Sprint(page))
		var answer struct {
			Repositories *[]struct {
				ID       int64  `json:"id"`
				FullName string `json:"full_name"` // "OWNER/NAME"
				Archived bool   `json:"archived"`
				Disabled bool   `json:"disabled"`
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
				out = append(out, repo)
			}
		}
		if resp.NextPage <= page {
			return out, nil
		}
	}
	f.logger(ctx).Warn().Int("repositories", len(out)).Msg("the installation has more repositories than are looked at")
	return out, nil
}

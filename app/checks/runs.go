package checks

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/review"
)

// attempt is one attempt of a workflow run.
type attempt struct {
	owner, name string
	run, number string // decimal
}

var runShape = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(https://github\.com/` + ownerShape + `/` + nameShape + `)/actions/runs/([1-9][0-9]{0,18})/attempts/([1-9][0-9]{0,8})$`)
})

// parseRun reads the address of a run as certificates write it.
func parseRun(address string) (attempt, bool) {
	m := runShape().FindStringSubmatch(address)
	if m == nil {
		return attempt{}, false
	}
	owner, name, ok := parseRepository(m[1])
	return attempt{owner, name, m[2], m[3]}, ok
}

// Run looks up the workflow run that an identity names. Certificates before April 2023
// name none, those of other services none of GitHub's: then there is nothing to look up.
func (h *witness) Run(ctx context.Context, id provenance.Identity) policy.Run {
	owner, name, github := parseRepository(id.Repository)
	if !github || id.Run == "" {
		return policy.Run{}
	}
	a, ok := parseRun(id.Run)
	if !ok || !strings.EqualFold(a.owner, owner) || !strings.EqualFold(a.name, name) || needSHA(id.Commit) != nil {
		return policy.Run{Inquiry: policy.Inquiry{Looked: policy.LeftOut, Reason: "the certificate does not name it the way GitHub does"}}
	}
	origin, inquiry := h.origin()
	if inquiry.Looked != "" {
		return policy.Run{Inquiry: inquiry}
	}
	key := strings.Join([]string{"run", origin, strings.ToLower(id.Run), id.RepositoryID, id.Commit, id.Ref}, "\n")
	return remembered(ctx, h.forge, key, func() (policy.Run, time.Duration) {
		at, inquiry := h.public(ctx, a.owner, a.name, id.RepositoryID)
		if inquiry.Looked != policy.Answered {
			return policy.Run{Inquiry: inquiry}, keepFor(inquiry)
		}
		var r policy.Run
		var standing policy.Standing
		var g errgroup.Group
		g.Go(func() (err error) {
			defer recovered(h.forge.logger(ctx), &err)
			r = h.attempt(ctx, at, a)
			return nil
		})
		g.Go(func() (err error) {
			defer recovered(h.forge.logger(ctx), &err)
			standing, inquiry = h.standing(ctx, at, id.Commit, id.Ref)
			return nil
		})
		if err := g.Wait(); err != nil {
			return policy.Run{Inquiry: policy.Inquiry{Looked: policy.LeftOut, Reason: "Bonafide failed while it asked GitHub: " + err.Error()}}, 0
		}
		if r.Looked != policy.Answered {
			return r, keepFor(r.Inquiry)
		}
		if r.Standing = standing; inquiry.Looked != policy.Answered {
			r.Inquiry = inquiry
		}
		if r.Looked == policy.Answered && r.Conclusion != "" && r.Standing == policy.OnRef {
			return r, KeepFacts
		}
		return r, keepFor(r.Inquiry)
	})
}

// attempt reads how an attempt ended, and its jobs.
func (h *witness) attempt(ctx context.Context, at place, a attempt) policy.Run {
	var answer struct {
		ID         int64   `json:"id"`
		Event      string  `json:"event"`
		Status     string  `json:"status"`
		Conclusion *string `json:"conclusion"`
		HeadSHA    string  `json:"head_sha"`
		Path       string  `json:"path"` // ".github/workflows/release.yml", on some runs with "@REF"
	}
	what := "look up the workflow run"
	_, err := h.get(ctx, what, at.path("/actions/runs/%s/attempts/%s", a.run, a.number), nil, &answer)
	switch {
	case errors.Is(err, review.ErrGone):
		return policy.Run{Inquiry: policy.Inquiry{Looked: policy.Gone, Reason: "the repository has no such run any more"}}
	case err != nil:
		return policy.Run{Inquiry: unanswered(ctx, err)}
	case fmt.Sprint(answer.ID) != a.run || answer.Status == "":
		return policy.Run{Inquiry: policy.Inquiry{Looked: policy.Unreachable, Reason: what + ": GitHub's answer is not that run"}}
	}
	r := policy.Run{Inquiry: policy.Inquiry{Looked: policy.Answered}, Event: answer.Event, Commit: answer.HeadSHA}
	r.Workflow, _, _ = strings.Cut(answer.Path, "@")
	if answer.Status != completed || answer.Conclusion == nil {
		return r // packages are published in the middle of a run: it says nothing yet
	}
	r.Conclusion = *answer.Conclusion
	for page := 1; page <= MaxJobPages; page++ {
		var list struct {
			Jobs []struct {
				Name       string  `json:"name"`
				Conclusion *string `json:"conclusion"`
			} `json:"jobs"`
		}
		q := url.Values{"per_page": {fmt.Sprint(PageSize)}, "page": {fmt.Sprint(page)}}
		resp, err := h.get(ctx, "list the jobs of the workflow run", at.path("/actions/runs/%s/attempts/%s/jobs", a.run, a.number), q, &list)
		if err != nil {
			return policy.Run{Inquiry: unanswered(ctx, err)}
		}
		for _, j := range list.Jobs {
			if j.Conclusion == nil {
				continue
			}
			name := strings.ToValidUTF8(j.Name[:min(len(j.Name), MaxJobName)], "") // not half a character
			switch *j.Conclusion {
			case "success":
				r.Succeeded = append(r.Succeeded, name)
			case "skipped":
				r.Skipped = append(r.Skipped, name)
			case "neutral":
			default:
				r.Failed = append(r.Failed, name)
			}
		}
		if resp.NextPage <= page {
			break
		}
	}
	return r
}

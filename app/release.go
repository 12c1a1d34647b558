package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/released"
	"github.com/bonafide-app/bonafide/app/review"
)

// releaseBusy is when a job looks again that found another one busy with its tag: a release
// and the push of its tag come together.
const releaseBusy = 3 * time.Second

// taggedRelease is a tag of a repository that wants its releases looked at.
type taggedRelease struct {
	released.Tag
	review.Tagged
	policy policy.Policy
	public bool
}

// tagged reads a tag, and whether it is to be looked at. A repository that is gone, or
// archived, wants nothing; a tag that is gone is ErrGone.
func (a *App) tagged(ctx context.Context, repo review.Repository, tag released.Tag) (t taggedRelease, asked bool, err error) {
	home, err := a.forge.Home(ctx, repo)
	if errors.Is(err, review.ErrGone) {
		zerolog.Ctx(ctx).Info().Err(err).Msg("the repository is gone, or archived")
		return t, false, nil
	} else if err != nil {
		return t, false, err
	}
	t.Tag, t.public = tag, home.Public
	if t.policy, asked, err = a.runner.Publishes(ctx, repo, home); err != nil || !asked {
		return t, false, err
	}
	t.Tagged, err = a.forge.Tagged(ctx, repo, tag.Name)
	return t, err == nil, err
}

// oneRelease lets one job at a time be busy with the check of a tag, which those share that
// name the same beside the version.
func (a *App) oneRelease(ctx context.Context, repo review.Repository, tag released.Tag) (_ context.Context, free func(), err error) {
	ctx, free, held, err := leases{a.store, leaseRenew}.Take(ctx, fmt.Sprintf("release/%d/%s", repo.ID, tag.About))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("look whether another job is busy with this tag: %w", err)
	case !held:
		return nil, nil, &review.Later{After: releaseBusy, Reason: "another job is busy with this tag, or one like it"}
	}
	return ctx, free, nil
}

// release says on the tagged commit whether a registry has what was released there, built by
// this repository. The tag is read anew in every attempt: one that was moved is looked at
// where it is now, and of one that went nothing is said.
//
// While the registry may still get it, the check is completed as neutral and says that it
// waits: one in progress would hold up a workflow that publishes once all checks are done.
func (a *App) release(ctx context.Context, job queue.Job, repo review.Repository, try review.Try, stored time.Time) error {
	tag, ok := released.ParseTag(job.Tag)
	if !ok {
		return nil
	}
	ctx, free, err := a.oneRelease(ctx, repo, tag)
	if err != nil {
		return err
	}
	defer free()
	t, asked, err := a.tagged(ctx, repo, tag)
	if errors.Is(err, review.ErrGone) {
		return try.Gone(ctx, "the tag "+tag.Name, err)
	} else if err != nil || !asked {
		return err
	}
	if try.Rerun == "" { // of a release and the push of its tag one is enough
		if stands, err := a.forge.ReleaseStands(ctx, repo, t.Head, tag); err != nil || stands {
			return err
		}
	}
	check, again, nothing, err := a.runner.Released(ctx, repo, tag, t.Tagged, t.public, t.policy, a.clock().Sub(stored), try)
	if err != nil || nothing {
		return err
	}
	// The tag may have been moved while the registry was asked.
	if now, err := a.forge.Tagged(ctx, repo, tag.Name); errors.Is(err, review.ErrGone) {
		return nil
	} else if err != nil {
		return err
	} else if now.Head != t.Head {
		return &review.Later{After: releaseBusy, Reason: "the tag was moved while it was looked at"}
	}
	err = a.forge.PublishRelease(ctx, repo, t.Head, tag, checks.Beside{
		Conclusion: check.Conclusion(), Title: check.Title(), Summary: check.Summary(), Again: try.Rerun != "" && again == 0,
	})
	if err != nil || again == 0 {
		return err
	}
	return &review.Later{After: again, Reason: "the registry may have more of " + tag.Name + " later", Limit: true} // somebody else is to do something first
}

// releaseMissed lets the check say that a look failed for good, and returns why.
func (a *App) releaseMissed(ctx context.Context, job queue.Job, repo review.Repository, cause error) error {
	tag, ok := released.ParseTag(job.Tag)
	if !ok || errors.Is(cause, review.ErrGone) {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpTime)
	defer cancel()
	err := recovered(ctx, func() error {
		ctx, free, err := a.oneRelease(ctx, repo, tag)
		if err != nil {
			return err
		}
		defer free()
		t, asked, err := a.tagged(ctx, repo, tag)
		if err != nil || !asked {
			return err
		}
		return a.forge.PublishRelease(ctx, repo, t.Head, tag, checks.Beside{
			Conclusion: policy.Neutral, Title: "The release could not be looked at", Again: true,
			Summary: "The look at what was released failed; the operator's log says why. Run this check again.",
		})
	})
	return errors.Join(cause, err)
}

// releasesAgain makes jobs of what was released at a commit, all of whose checks somebody
// asked to run again.
func (a *App) releasesAgain(ctx context.Context, repo review.Repository, sha, delivery string) error {
	tags, err := a.forge.ReleaseTags(ctx, repo, sha)
	if errors.Is(err, review.ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("look for what was released at the commit: %w", err)
	}
	for _, tag := range tags {
		job := queue.Job{
			Delivery: delivery + "/release/" + tag, Kind: queue.Release, Installation: repo.Installation, RepositoryID: repo.ID,
			Owner: repo.Owner, Repo: repo.Name, Tag: tag, Reason: rerequested, Bulk: true,
		}
		if err := a.queue.Enqueue(ctx, job); err != nil {
			return fmt.Errorf("enqueue the release %s: %w", tag, err)
		}
	}
	return nil
}

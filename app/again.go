package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store"
)

// Limits of judging again, each with its reason.
const (
	// perRound bounds the jobs that one round makes: a day has room for 300,000.
	perRound = 200
	// perList bounds what is read at a time of what is to be hastened.
	perList = 500
	// perBranch bounds the pull requests into one branch that a policy is looked up for.
	perBranch = 20_000
	// outstanding is when a pull request comes due again of which a job was made: that job
	// is over by then, or was given up.
	outstanding = 4 * time.Hour
	// atOnce is how many pull requests a changed policy makes due at once; more are spread
	// over spreadPolicy.
	atOnce       = 20
	spreadPolicy = 10 * time.Minute
	// spreadTrust spreads what a new trust root makes due: all there is.
	spreadTrust = time.Hour
	// trustsKept bounds the trust roots that are remembered. There are a few a year.
	trustsKept = 20
)

// aged is the reason of a job to judge again what stands.
const aged = "aged"

// rejudge makes jobs of the pull requests that are due.
func (a *App) rejudge(ctx context.Context) error {
	due, err := a.store.Due(ctx, a.clock(), perRound)
	if err != nil {
		return err
	}
	for _, v := range due {
		job := queue.Job{
			// The same for two servers that find it at a time.
			Delivery: fmt.Sprintf("aged/%d/%d/%d/%d", v.Installation, v.Repository, v.Number, v.Due.UnixMilli()),
			Kind:     queue.PullRequest, Installation: v.Installation, RepositoryID: v.Repository, Owner: v.Owner, Repo: v.Name,
			Number: v.Number, Reason: aged, Bulk: true, Due: v.Due.UnixMilli(),
		}
		if err := a.queue.Enqueue(ctx, job); err != nil {
			return fmt.Errorf("enqueue pull request %d of %s/%s: %w", v.Number, v.Owner, v.Name, err)
		}
		if err := a.store.PutOff(ctx, v, a.clock().Add(outstanding)); err != nil {
			return err
		}
	}
	return nil
}

// again says whether a job to judge again is still to be done: one that had to wait for
// hours has others behind it.
func (a *App) again(ctx context.Context, job queue.Job) (bool, error) {
	v, ok, err := a.store.Verdict(ctx, job.Installation, job.RepositoryID, job.Number)
	return !ok || v.Digest == "" || v.Judged.UnixMilli() < job.Due, err
}

// pushed judges again what a push changed the policy of. Where it changed none, it costs
// one request, and none where nothing stands that the branch could have a policy for.
func (a *App) pushed(ctx context.Context, job queue.Job, repo review.Repository) error {
	into, err := a.store.VerdictsInto(ctx, job.Installation, job.RepositoryID, job.BaseRef, perBranch)
	if err != nil {
		return err
	}
	var extending []store.Verdict
	part := checks.ExtendedBy(repo)
	if job.Default {
		if extending, err = a.store.Extending(ctx, job.Installation, part, "\n", a.clock(), 1); err != nil {
			return err
		}
	}
	if len(into)+len(extending) > 0 {
		content, err := a.forge.PolicyContent(ctx, repo, job.Head)
		if errors.Is(err, review.ErrGone) {
			return nil
		} else if err != nil {
			return fmt.Errorf("look for the policy at %s: %w", job.Head, err)
		}
		into = slices.DeleteFunc(into, func(v store.Verdict) bool { return checks.SameContent(v.Policy, content) })
		if err := a.hasten(ctx, func(now time.Time) ([]store.Verdict, error) {
			list := into[:min(len(into), perList)]
			into = into[len(list):]
			return list, nil
		}); err != nil {
			return err
		}
		if job.Default {
			if err := a.hasten(ctx, func(now time.Time) ([]store.Verdict, error) {
				return a.store.Extending(ctx, job.Installation, part, part+content, now, perList)
			}); err != nil {
				return err
			}
		}
	}
	if job.Default && checks.HoldsFloor(repo) {
		if err := a.floored(ctx, job, repo); err != nil {
			return err
		}
	}
	return a.rejudge(ctx)
}

// floored judges again what another policy of the organisation was read for.
func (a *App) floored(ctx context.Context, job queue.Job, repo review.Repository) error {
	any, err := a.store.ByOtherFloor(ctx, job.Installation, repo.Owner, "", a.clock(), 1)
	if err != nil || len(any) == 0 {
		return err
	}
	floor, err := a.forge.FloorIdentity(ctx, repo)
	if err != nil {
		return fmt.Errorf("read the policy of %s: %w", repo.Owner, err)
	}
	return a.hasten(ctx, func(now time.Time) ([]store.Verdict, error) {
		return a.store.ByOtherFloor(ctx, job.Installation, repo.Owner, floor, now, perList)
	})
}

// hasten makes due what next lists until it lists nothing more: a few at once, more spread
// out. next leaves out what was hastened since the given time.
func (a *App) hasten(ctx context.Context, next func(now time.Time) ([]store.Verdict, error)) error {
	now, over := a.clock(), time.Duration(0)
	for {
		list, err := next(now)
		if err != nil || len(list) == 0 {
			return err
		}
		if len(list) > atOnce {
			over = spreadPolicy
		}
		if err := a.store.Hasten(ctx, list, now, over); err != nil {
			return err
		}
	}
}

// renewed judges again what rests on another trust root, once for each root that there
// ever was here: two servers with different ones do not take turns.
func (a *App) renewed(ctx context.Context) error {
	id := a.trust.Current().ID()
	cursor, err := a.store.Cursor(ctx, "trust")
	if err != nil {
		return err
	}
	seen := strings.Fields(cursor)
	if slices.Contains(seen, id) {
		return nil
	}
	for now := a.clock(); ; {
		list, err := a.store.ByOtherTrust(ctx, id, now, perList)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		if err := a.store.Hasten(ctx, list, now, spreadTrust); err != nil {
			return err
		}
	}
	seen = append(seen, id)
	return a.store.SaveCursor(ctx, "trust", strings.Join(seen[max(0, len(seen)-trustsKept):], " "))
}

// told is how far the advisories were read.
type told struct {
	Newest time.Time            `json:"newest"`
	Seen   map[string]time.Time `json:"seen"` // those of the overlap, by id, as they were updated
}

const (
	// overlap is how far before the newest advisory is read again: a database may show one
	// later than it is dated.
	overlap = time.Hour
	// firstLook is how far back is looked the first time; what is older was asked about when
	// the pull requests were judged.
	firstLook = 24 * time.Hour
	// asked is how many installations are tried for one answer.
	asked = 5
)

// malware asks GitHub for advisories of malware that are new, and has the pull requests
// judged at once that bring in what they name.
func (a *App) malware(ctx context.Context) error {
	var was told
	switch cursor, err := a.store.Cursor(ctx, "malware"); {
	case err != nil:
		return err
	case cursor != "":
		if err := json.Unmarshal([]byte(cursor), &was); err != nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("how far the advisories were read is not known; the last day is read again")
			was = told{}
		}
	}
	since := was.Newest.Add(-overlap)
	if was.Newest.IsZero() {
		since = a.clock().Add(-firstLook)
	}
	list, err := a.advisories(ctx, since)
	if err != nil || list == nil {
		return err
	}
	is := told{Newest: was.Newest, Seen: map[string]time.Time{}}
	var names []string
	for _, adv := range list {
		if adv.Updated.After(is.Newest) {
			is.Newest = adv.Updated
		}
		if now := a.clock(); is.Newest.After(now) {
			is.Newest = now // a time to come would hide what is new until then
		}
		if at, ok := was.Seen[adv.ID]; !ok || !at.Equal(adv.Updated) {
			names = append(names, adv.Packages...)
		}
	}
	for _, adv := range list {
		if !adv.Updated.Before(is.Newest.Add(-overlap)) {
			is.Seen[adv.ID] = adv.Updated
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := errors.Join(a.bringing(ctx, name), a.holding(ctx, "npm", name, advised)); err != nil {
			return err
		}
	}
	cursor, err := json.Marshal(is)
	if err != nil {
		return fmt.Errorf("how far the advisories were read: %w", err)
	}
	if err := a.store.SaveCursor(ctx, "malware", string(cursor)); err != nil {
		return err
	}
	return a.rejudge(ctx)
}

func (a *App) bringing(ctx context.Context, name string) error {
	for now := a.clock(); ; {
		list, err := a.store.BringingIn(ctx, "npm/"+name, now, perList)
		if err != nil || len(list) == 0 {
			return err
		}
		zerolog.Ctx(ctx).Info().Str("package", name).Int("pull_requests", len(list)).Msg("an advisory of malware names a package; what brings it in is judged again")
		if err := a.store.Hasten(ctx, list, now, 0); err != nil {
			return err
		}
	}
}

// advisories asks as the first installation that gets an answer; nil where none does.
func (a *App) advisories(ctx context.Context, since time.Time) ([]checks.MalwareAdvisory, error) {
	installations, err := a.store.Installations(ctx, asked)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, id := range installations {
		list, err := a.forge.MalwareSince(ctx, id, since)
		if err == nil {
			a.unasked.Store(false)
			return list, nil
		}
		failed = append(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	if len(failed) > 0 && !a.unasked.Swap(true) {
		zerolog.Ctx(ctx).Warn().Err(errors.Join(failed...)).Msg("no installation can ask for new advisories of malware now; every pull request is asked about daily all the same")
	}
	return nil, nil
}

// removed forgets what is kept of a repository, or, where none is named, of all that the
// installation no longer has.
func (a *App) removed(ctx context.Context, job queue.Job) error {
	if job.Reason == "archived" {
		return a.store.EndVerdicts(ctx, job.Installation, job.RepositoryID)
	}
	if job.Repo != "" {
		return a.forget(ctx, job.Installation, job.RepositoryID, job.Owner, job.Repo)
	}
	left, err := a.forge.Repositories(ctx, job.Installation)
	if errors.Is(err, review.ErrGone) {
		return nil // the installation itself: that is another event
	} else if err != nil {
		return fmt.Errorf("list the repositories of installation %d: %w", job.Installation, err)
	}
	known, err := a.store.Repositories(ctx, job.Installation)
	if err != nil {
		return err
	}
	for _, v := range known {
		if slices.ContainsFunc(left, func(r review.Repository) bool { return r.ID == v.Repository }) {
			continue
		}
		if err := a.forget(ctx, job.Installation, v.Repository, v.Owner, v.Name); err != nil {
			return err
		}
	}
	return nil
}

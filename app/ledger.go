package app

import (
	"context"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store"
)

// When a verdict is judged again.
const (
	// leastAge and mostAge bound the time to the daily round. Each pull request has its own
	// between them, so that they do not come together.
	leastAge, mostAge = 20 * time.Hour, 24 * time.Hour
	// afterTurn is how long after a cooldown ended, or an exception expired: no two clocks
	// are one.
	afterTurn = 5 * time.Second
	// soonAgain is for what could not be found out, or has no verdict.
	soonAgain = time.Hour
)

// ledger keeps verdicts in the store.
type ledger struct{ *App }

func (l ledger) Trust() string { return l.trust.Current().ID() }

func (l ledger) Standing(ctx context.Context, repo review.Repository, number int) (review.Verdict, bool, error) {
	v, ok, err := l.store.Verdict(ctx, repo.Installation, repo.ID, number)
	return review.Verdict{
		Number: v.Number, Head: v.Head, BaseRef: v.BaseRef, Base: v.Base, Conclusion: policy.Conclusion(v.Conclusion),
		Digest: v.Digest, Unknown: v.Unknown, Policy: v.Policy, Floor: v.Floor, Trust: v.Trust, Judged: v.Judged, Doubt: v.Doubt,
	}, ok, err
}

func (l ledger) Keep(ctx context.Context, repo review.Repository, v review.Verdict) error {
	row := store.Verdict{
		Installation: repo.Installation, Repository: repo.ID, Number: v.Number, Owner: repo.Owner, Name: repo.Name,
		Head: v.Head, BaseRef: v.BaseRef, Base: v.Base, Conclusion: string(v.Conclusion), Digest: v.Digest, Unknown: v.Unknown,
		Policy: v.Policy, Floor: v.Floor, Trust: v.Trust, Judged: v.Judged, Doubt: v.Doubt, Packages: v.Packages,
	}
	row.Due = v.Judged.Add(store.Spread(row, leastAge, mostAge))
	if turn := v.Until.Add(afterTurn); !v.Until.IsZero() && turn.Before(row.Due) {
		row.Due = turn
	}
	if soon := v.Judged.Add(soonAgain); v.Retry && soon.Before(row.Due) {
		row.Due = soon
	}
	return l.store.SaveVerdict(ctx, row)
}

func (l ledger) Doubt(ctx context.Context, repo review.Repository, number int, since time.Time) error {
	return l.store.Doubt(ctx, repo.Installation, repo.ID, number, since, l.clock().Add(soonAgain))
}

func (l ledger) Broke(ctx context.Context, repo review.Repository, head string) error {
	return l.store.Broke(ctx, repo.Installation, repo.ID, head, l.clock().Add(soonAgain))
}

func (l ledger) Drop(ctx context.Context, repo review.Repository, number int) error {
	return l.store.EndVerdict(ctx, repo.Installation, repo.ID, number)
}

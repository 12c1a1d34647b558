package review

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/policy"
)

// Button is one that a check has beside Re-run.
type Button string

// The buttons, and what they are called.
const (
	AcceptButton Button = "accept" // accept every error that may be accepted
	PinsButton   Button = "pins"   // show the pins that the check offers

	AcceptLabel = "Accept for this PR"
	PinsLabel   = "Show pins"
)

// Click is somebody's click on a button of a check.
type Click struct {
	Button  Button
	Head    string // the commit that the check is about
	Offered int64  // what AcceptButton stood for, as policy.Offered names it
	By      string // login
	ByID    int64  // of the account
}

// Click does what a click asks for. Like for a command, everything that it rests on is
// asked live, and a click of somebody who may not even triage changes nothing.
func (r *Runner) Click(ctx context.Context, repo Repository, number int, c Click, try Try) (Answer, error) {
	pull, err := r.forge.PullRequest(ctx, repo, number)
	if errors.Is(err, ErrGone) {
		return Answer{}, try.Gone(ctx, fmt.Sprintf("pull request %d", number), err)
	} else if err != nil {
		return Answer{}, fmt.Errorf("read pull request %d: %w", number, err)
	}
	if !pull.Open {
		return Answer{}, nil
	}
	role, err := r.forge.Role(ctx, repo, c.By, c.ByID)
	if err != nil && !errors.Is(err, ErrGone) {
		return Answer{}, fmt.Errorf("ask what %s may do: %w", c.By, err)
	}
	var answer Answer
	switch {
	case role < TriageRole:
	case c.Button == AcceptButton:
		answer.Judge = true
		err := r.acceptOffered(ctx, repo, pull, c, role, try)
		var refused errCommand
		if errors.As(err, &refused) {
			answer.Note = fmt.Sprintf("A click of %s on the button %s was refused: %s.", c.By, AcceptLabel, refused)
		} else if err != nil {
			return Answer{}, err
		}
	case c.Button == PinsButton:
		answer.Judge = pull.HeadSHA == c.Head // else its check is not looked at any more
	}
	zerolog.Ctx(ctx).Info().Str("by", c.By).Stringer("role", role).Str("button", string(c.Button)).Bool("judge", answer.Judge).Str("note", answer.Note).Msg("answered a click")
	return answer, nil
}

// acceptOffered stores the acceptances that a button stood for, or refuses with an
// errCommand. It stands for those alone: what was found since was not seen.
func (r *Runner) acceptOffered(ctx context.Context, repo Repository, pull Pull, c Click, role Role, try Try) error {
	if r.acceptances == nil {
		return errCommand("nothing can be kept here")
	}
	if pull.HeadSHA != c.Head {
		return errCommand("the pull request has another commit by now")
	}
	sharing, err := r.pulls(ctx, repo, c.Head, &pull)
	if err != nil {
		return err
	}
	if len(sharing) > 1 {
		return errCommand("several pull requests have this commit, so that it does not say which one is meant: write the command on that one")
	}
	stored, err := r.accepted(ctx, repo, pull.Number)
	if err != nil {
		return err
	}
	given := Acceptance{RemarkRef: RemarkRef{ByButton, c.Offered}, Role: role, ByAuthor: c.ByID == pull.AuthorID}
	var mine, others []Acceptance
	for _, a := range stored {
		if a.RemarkRef == given.RemarkRef {
			mine = append(mine, a)
		} else {
			others = append(others, a)
		}
	}
	var offered []policy.Acceptance
	var stale bool
	leave, err := r.memory.Do(ctx, try.patience(ctx), func(ctx context.Context) error {
		req, err := r.acceptableAt(ctx, repo, pull, c.Head, try)
		if err != nil {
			return err
		}
		if err := given.allowed(req.Policy); err != nil {
			return err
		}
		stale = slices.ContainsFunc(mine, func(a Acceptance) bool { return a.allowed(req.Policy) != nil })
		req.Acceptances = holding(others, req.Policy)
		offered, err = r.offered(ctx, req, c, try)
		return err
	})
	leave()
	if err != nil {
		return err
	}
	if len(mine) > 0 && !stale {
		return nil // somebody has clicked already, or an earlier attempt got this far
	}
	if stale { // whoever clicked may not accept any more: from now on it is who clicks now
		if err := r.Retract(ctx, repo, pull.Number, given.RemarkRef); err != nil {
			return err
		}
	}
	var list []Acceptance
	for _, a := range offered {
		given.Acceptance = a
		given.By, given.Number = c.By, pull.Number
		given.Reason = fmt.Sprintf("with the button %s, on commit %s", AcceptLabel, short(c.Head))
		list = append(list, given)
	}
	return r.keep(ctx, repo, pull.Number, list)
}

// offered are the acceptances that a button stood for. Where something could not be found
// out at the moment, it is looked for again later.
func (r *Runner) offered(ctx context.Context, req Request, c Click, try Try) ([]policy.Acceptance, error) {
	in, out, err := r.reviewer.look(ctx, req)
	if err != nil {
		return nil, err
	}
	offered := policy.Judge(in, req.Policy, out.At).Acceptable
	switch {
	case len(offered) > 0 && policy.Offered(offered) == c.Offered:
		return offered, nil
	case slices.ContainsFunc(in.Subjects, worthAnotherTry) && !try.Last:
		return nil, &Later{After: try.wait(), Reason: "not everything that the button stands for can be found out now"}
	}
	return nil, errCommand("what is found is not what it was when the button was shown: look at the check again")
}

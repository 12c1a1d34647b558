package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/policy"
)

// Command is a remark that begins with a command.
type Command struct {
	RemarkRef
	Digest string // of the text as it was written, by RemarkDigest
	Head   string // the commit that whoever wrote it looked at, "" where that is not known
}

// Answer is what comes of a command.
type Answer struct {
	// Judge says that the check is to be written again.
	Judge bool
	// Note is what the check is to say about the command, one sentence; "" for nothing.
	Note string
}

// Command answers a command. Everything that it rests on is asked live: the text, who
// wrote it, what that person may do, and the policy at the tip of the base.
//
// Somebody who may not even triage gets a reaction and nothing more: else everybody
// could have the check written again and again.
func (r *Runner) Command(ctx context.Context, repo Repository, number int, c Command, try Try) (Answer, error) {
	remark, err := r.forge.Remark(ctx, repo, number, c.RemarkRef)
	if errors.Is(err, ErrGone) {
		if err := try.Gone(ctx, "the command", err); err != nil {
			return Answer{}, err
		}
		fell, err := r.fall(ctx, repo, number, c.RemarkRef)
		return Answer{Judge: fell}, err
	} else if err != nil {
		return Answer{}, fmt.Errorf("read the command: %w", err)
	}
	pull, err := r.forge.PullRequest(ctx, repo, number)
	if errors.Is(err, ErrGone) {
		return Answer{}, try.Gone(ctx, fmt.Sprintf("pull request %d", number), err)
	} else if err != nil {
		return Answer{}, fmt.Errorf("read pull request %d: %w", number, err)
	}
	if !remark.Person || remark.Number != number || !pull.Open {
		return Answer{}, nil
	}
	role, err := r.forge.Role(ctx, repo, remark.Author, remark.AuthorID)
	if err != nil && !errors.Is(err, ErrGone) {
		return Answer{}, fmt.Errorf("ask what %s may do: %w", remark.Author, err)
	}
	answer, reaction := Answer{Judge: true}, Accepted
	err = r.obey(ctx, repo, pull, c, remark, role, try)
	var refused errCommand
	switch {
	case errors.As(err, &refused):
		fell, err := r.fall(ctx, repo, number, c.RemarkRef)
		if err != nil {
			return Answer{}, err
		}
		reaction = Refused
		answer.Note = fmt.Sprintf("A command of %s was refused: %s.", remark.Author, refused)
		answer.Judge = role >= TriageRole || fell
	case err != nil:
		return Answer{}, err
	}
	zerolog.Ctx(ctx).Info().Str("by", remark.Author).Stringer("role", role).Str("answer", string(reaction)).Str("note", answer.Note).Msg("answered a command")
	var later *Later
	if err := r.forge.React(ctx, repo, remark, reaction); errors.Is(err, ErrSuperseded) || errors.As(err, &later) && !try.Last {
		return Answer{}, fmt.Errorf("react to the command: %w", err)
	} else if err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("GitHub refused a reaction: the check alone answers")
	}
	return answer, nil
}

// obey does what a command asks for, or refuses with an errCommand.
func (r *Runner) obey(ctx context.Context, repo Repository, pull Pull, c Command, remark Remark, role Role, try Try) error {
	if role < TriageRole {
		return errCommand("its author may not triage in this repository")
	}
	if err := unchanged(c, remark); err != nil {
		return err
	}
	o, err := parseCommand(remark.Body)
	if err != nil || o.recheck {
		return err
	}
	return r.accept(ctx, repo, pull, c, remark, role, o, try)
}

// unchanged refuses what is no longer what its author wrote: others may edit it, too.
func unchanged(c Command, now Remark) error {
	if now.Withdrawn {
		return errCommand("its review was dismissed")
	}
	if RemarkDigest(now.Body) != c.Digest {
		return errCommand("it was edited after it was written: write it anew")
	}
	return nil
}

// accept stores what somebody accepts about the commit that they looked at.
func (r *Runner) accept(ctx context.Context, repo Repository, pull Pull, c Command, remark Remark, role Role, o order, try Try) error {
	if r.acceptances == nil {
		return errCommand("nothing can be kept here")
	}
	if why, ok := policy.Acceptable(o.rule); !ok {
		return errCommand(fmt.Sprintf("the rule %.60q %s", o.rule, why))
	}
	head := cmp.Or(c.Head, pull.HeadSHA)
	given := Acceptance{RemarkRef: c.RemarkRef, Role: role, ByAuthor: remark.AuthorID == pull.AuthorID}
	var accepted []policy.Acceptance
	leave, err := r.memory.Do(ctx, try.patience(ctx), func(ctx context.Context) error {
		req, err := r.acceptableAt(ctx, repo, pull, head, try)
		if err != nil {
			return err
		}
		if err := given.allowed(req.Policy); err != nil {
			return err
		}
		accepted, err = r.acceptable(ctx, req, o, head, try)
		return err
	})
	leave()
	if err != nil {
		return err
	}
	var list []Acceptance
	for _, a := range accepted {
		given.Acceptance = a
		given.Acceptance.Reason, given.Acceptance.By, given.Acceptance.Number = o.reason, remark.Author, pull.Number
		list = append(list, given)
	}
	if err := r.keep(ctx, repo, pull.Number, list); err != nil {
		return err
	}
	return r.stillStands(ctx, repo, pull.Number, c)
}

// acceptableAt is what is to be reviewed at a commit of a pull request, by a policy that
// can say who may accept what.
func (r *Runner) acceptableAt(ctx context.Context, repo Repository, pull Pull, head string, try Try) (Request, error) {
	tip, err := r.forge.Tip(ctx, repo, pull.BaseRef)
	if errors.Is(err, ErrGone) {
		if err := try.Gone(ctx, "the branch "+pull.BaseRef, err); err != nil {
			return Request{}, err
		}
		return Request{}, errCommand("the base branch is gone")
	} else if err != nil {
		return Request{}, fmt.Errorf("read the tip of %s: %w", pull.BaseRef, err)
	}
	req, _, err := r.request(ctx, repo, head, target{pull: pull.Number, baseRef: pull.BaseRef, base: tip, policyAt: tip})
	if errors.Is(err, ErrGone) {
		return Request{}, errCommand("the commit that it is about is gone")
	} else if err != nil {
		return Request{}, err
	}
	for _, problem := range req.Problems {
		if problem.Kind == policy.PolicyInvalid {
			return Request{}, errCommand("the policy on the base branch has an error, so that it does not say who may accept what")
		}
	}
	return req, nil
}

// acceptable are the acceptances of what an order names, one for each lockfile that has
// the finding. Where there is none yet, but could be, it is looked for again later.
func (r *Runner) acceptable(ctx context.Context, req Request, o order, head string, try Try) ([]policy.Acceptance, error) {
	in, out, err := r.reviewer.look(ctx, req)
	if err != nil {
		return nil, err
	}
	accepted, found := policy.Acceptances(in, req.Policy, out.At, o.about, o.rule)
	open := slices.ContainsFunc(in.Subjects, func(s policy.Subject) bool {
		return s.Change.Entry.Package == o.about && worthAnotherTry(s)
	})
	switch {
	case len(accepted) > 0:
		return accepted, nil
	case open && !try.Last:
		return nil, &Later{After: try.wait(), Reason: "what was found about " + o.about.ID() + " is not known yet"}
	case found || open:
		return nil, errCommand(fmt.Sprintf("what %s asks could not be found out for %.120s, so that there is nothing to accept yet", o.rule, o.about))
	}
	return nil, errCommand(fmt.Sprintf("%s finds nothing about %.120s at commit %s", o.rule, o.about, short(head)))
}

// stillStands looks at a command again once it was obeyed: an edit in the meantime has
// sent its event before there was anything to let fall.
func (r *Runner) stillStands(ctx context.Context, repo Repository, number int, c Command) error {
	now, err := r.forge.Remark(ctx, repo, number, c.RemarkRef)
	if err == nil {
		err = unchanged(c, now)
	}
	var refused errCommand
	if errors.As(err, &refused) || errors.Is(err, ErrGone) {
		return errCommand("it was edited or deleted meanwhile")
	}
	if err != nil {
		return fmt.Errorf("read the command again: %w", err)
	}
	return nil
}

// fall lets go of what an interrupted attempt at a command stored: one that is refused,
// or gone, leaves nothing behind. It says whether there was anything.
func (r *Runner) fall(ctx context.Context, repo Repository, number int, ref RemarkRef) (bool, error) {
	stored, err := r.accepted(ctx, repo, number)
	if err != nil || !slices.ContainsFunc(stored, func(a Acceptance) bool { return a.RemarkRef == ref }) {
		return false, err
	}
	return true, r.Retract(ctx, repo, number, ref)
}

// keep stores acceptances; those of the same remark that are stored already stay.
func (r *Runner) keep(ctx context.Context, repo Repository, number int, list []Acceptance) error {
	stored, err := r.acceptances.Accepted(ctx, repo, number)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(stored, func(a Acceptance) bool { return a.RemarkRef == list[0].RemarkRef })
	if len(others)+len(list) > MaxAcceptances {
		return errCommand(fmt.Sprintf("more than %d findings would be accepted on this pull request: write an exception into the policy file", MaxAcceptances))
	}
	return r.acceptances.Accept(ctx, repo, list)
}

// Retract lets fall what was accepted in a remark that was edited, deleted or dismissed.
func (r *Runner) Retract(ctx context.Context, repo Repository, number int, remark RemarkRef) error {
	if r.acceptances == nil {
		return nil
	}
	return r.acceptances.Retract(ctx, repo, number, remark)
}

// Ended lets fall what stood and what was accepted on a pull request that was merged or
// closed.
func (r *Runner) Ended(ctx context.Context, repo Repository, number int) error {
	err := r.ledger.Drop(ctx, repo, number)
	if r.acceptances == nil {
		return err
	}
	return errors.Join(err, r.acceptances.End(ctx, repo, number))
}

package review

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// RemarkKind says where something was written.
type RemarkKind string

// The kinds of remarks.
const (
	InReview        RemarkKind = "review"         // in a review's own text
	InReviewComment RemarkKind = "review_comment" // on the diff, or as a reply there
	InConversation  RemarkKind = "issue_comment"  // below the pull request's description
)

// RemarkRef names a remark of a repository.
type RemarkRef struct {
	Kind RemarkKind
	ID   int64
}

// Remark is the live state of what somebody wrote on a pull request.
type Remark struct {
	RemarkRef
	Number   int    // of the pull request
	NodeID   string // GitHub's global id
	Body     string
	Author   string // login
	AuthorID int64
	Person   bool // neither a bot nor written through an App; false where the account is gone
	// Withdrawn says that a review was dismissed.
	Withdrawn bool
}

// RemarkDigest is the SHA-256 of a remark's text, in hex. A job carries it in place of
// the text: what was edited before the job ran is not what somebody wrote.
func RemarkDigest(body string) string {
	// GitHub's events and its API may differ in how lines end.
	sum := sha256.Sum256([]byte(strings.ReplaceAll(body, "\r\n", "\n")))
	return hex.EncodeToString(sum[:])
}

// Role is what somebody may do in a repository, in GitHub's order. A role of an
// organisation's own making counts as what it includes.
// https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization
type Role int

// The roles.
const (
	NoRole Role = iota
	ReadRole
	TriageRole
	WriteRole
	MaintainRole
	AdminRole
)

var roles = [...]string{"none", "read", "triage", "write", "maintain", "admin"}

func (r Role) String() string {
	if r < NoRole || r > AdminRole {
		return roles[NoRole]
	}
	return roles[r]
}

// RoleOf reads what Role.String writes; anything else is no role.
func RoleOf(name string) Role { return Role(max(0, slices.Index(roles[:], name))) }

// needed is the role that a policy's accept.by names. ok is false where nobody's is enough.
func needed(p policy.Policy) (role Role, ok bool) {
	role = RoleOf(p.AcceptBy)
	return role, role >= WriteRole
}

// Reaction is an answer to a remark.
type Reaction string

// The reactions.
const (
	Accepted Reaction = "accepted"
	Refused  Reaction = "refused"
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

// prefix begins every command.
const prefix = "/bonafide"

// IsCommand says whether a text's first line is addressed to Bonafide.
func IsCommand(body string) bool {
	word, _, _ := strings.Cut(firstLine(body), " ")
	return word == prefix
}

// firstLine is a text's first line with every white space made one space.
func firstLine(body string) string {
	line, _, _ := strings.Cut(body, "\n")
	if len(line) > MaxCommandBytes {
		line = line[:MaxCommandBytes+1] // too long still
	}
	return strings.Join(strings.Fields(line), " ")
}

// order is what a command asks for.
type order struct {
	recheck bool
	about   dep.Package
	rule    policy.RuleName
	reason  string
}

const usage = "write /bonafide accept npm:NAME@VERSION RULE and a reason, or /bonafide recheck"

// errCommand says why a command is refused: it completes "a command was refused: …".
type errCommand string

func (e errCommand) Error() string { return string(e) }

// parseCommand reads the first line of a text. The rest of it means nothing.
func parseCommand(body string) (order, error) {
	line := firstLine(body)
	switch {
	case len(line) > MaxCommandBytes:
		return order{}, errCommand(fmt.Sprintf("its line is longer than %d bytes: %s", MaxCommandBytes, usage))
	case !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }):
		return order{}, errCommand("it has characters that cannot be seen: " + usage)
	}
	words := strings.Split(line, " ")[1:]
	switch {
	case len(words) == 1 && words[0] == "recheck":
		return order{recheck: true}, nil
	case len(words) == 0 || words[0] != "accept":
		return order{}, errCommand("there is no such command: " + usage)
	case len(words) < 3:
		return order{}, errCommand("it names no package and rule: " + usage)
	case len(words) < 4:
		return order{}, errCommand("it gives no reason: " + usage)
	}
	about, err := dep.ParsePackage(words[1])
	if err != nil || !strings.Contains(words[1], ":") {
		return order{}, errCommand(fmt.Sprintf("%.120q is not a package with its version: %s", words[1], usage))
	}
	return order{about: about, rule: policy.RuleName(words[2]), reason: strings.Join(words[3:], " ")}, nil
}

// Command answers a command. Everything that it rests on is asked live: the text, who
// wrote it, what that person may do, and the policy at the tip of the base.
//
// Somebody who may not even triage gets a reaction and nothing more: else everybody
// could have the check written again and again.
func (r *Runner) Command(ctx context.Context, repo Repository, number int, c Command, try Try) (Answer, error) {
	remark, err := r.forge.Remark(ctx, repo, number, c.RemarkRef)
	if errors.Is(err, ErrGone) {
		if err := try.gone(ctx, "the command", err); err != nil {
			return Answer{}, err
		}
		fell, err := r.fall(ctx, repo, number, c.RemarkRef)
		return Answer{Judge: fell}, err
	} else if err != nil {
		return Answer{}, fmt.Errorf("read the command: %w", err)
	}
	pull, err := r.forge.PullRequest(ctx, repo, number)
	if errors.Is(err, ErrGone) {
		return Answer{}, try.gone(ctx, fmt.Sprintf("pull request %d", number), err)
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
	if err := r.forge.React(ctx, repo, remark, reaction); errors.As(err, &later) && !try.Last {
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
	tip, err := r.forge.Tip(ctx, repo, pull.BaseRef)
	if errors.Is(err, ErrGone) {
		if err := try.gone(ctx, "the branch "+pull.BaseRef, err); err != nil {
			return err
		}
		return errCommand("the base branch is gone")
	} else if err != nil {
		return fmt.Errorf("read the tip of %s: %w", pull.BaseRef, err)
	}
	head := c.Head
	if head == "" {
		head = pull.HeadSHA
	}
	req, err := r.request(ctx, repo, head, target{pull: pull.Number, baseRef: pull.BaseRef, base: tip, policyAt: tip})
	if errors.Is(err, ErrGone) {
		return errCommand("the commit that it is about is gone")
	} else if err != nil {
		return err
	}
	for _, problem := range req.Problems {
		if problem.Kind == policy.PolicyInvalid {
			return errCommand("the policy on the base branch has an error, so that it does not say who may accept what")
		}
	}
	given := Acceptance{RemarkRef: c.RemarkRef, Role: role, ByAuthor: remark.AuthorID == pull.AuthorID}
	if err := given.allowed(req.Policy); err != nil {
		return err
	}
	in, out, err := r.reviewer.look(ctx, req)
	if err != nil {
		return err
	}
	accepted, found := policy.Acceptances(in, req.Policy, out.At, o.about, o.rule)
	if len(accepted) == 0 {
		open := false // whether asking again could tell more
		for _, s := range in.Subjects {
			open = open || s.Change.Entry.Package == o.about && worthAnotherTry(s)
		}
		switch {
		case open && !try.Last:
			return &Later{After: try.wait(), Reason: "what was found about " + o.about.ID() + " is not known yet"}
		case found || open:
			return errCommand(fmt.Sprintf("what %s asks could not be found out for %.120s, so that there is nothing to accept yet", o.rule, o.about))
		}
		return errCommand(fmt.Sprintf("%s finds nothing about %.120s at commit %s", o.rule, o.about, short(head)))
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
	// An edit in the meantime has sent its event before there was anything to let fall.
	now, err := r.forge.Remark(ctx, repo, pull.Number, c.RemarkRef)
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

// Ended lets fall what was accepted on a pull request that was merged or closed.
func (r *Runner) Ended(ctx context.Context, repo Repository, number int) error {
	if r.acceptances == nil {
		return nil
	}
	return r.acceptances.End(ctx, repo, number)
}

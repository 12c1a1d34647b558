package review

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
)

// Acceptance is what somebody accepted on a pull request, with what it rests on.
type Acceptance struct {
	policy.Acceptance
	RemarkRef      // where it was written
	Role      Role // of whoever wrote it, at the time
	ByAuthor  bool // it was the author of the pull request
}

// Acceptances keeps what was accepted on open pull requests. Package store implements
// it. A repository is known by its ID.
type Acceptances interface {
	// Accept stores acceptances; one that is there already stays as it is.
	Accept(ctx context.Context, repo Repository, list []Acceptance) error
	// Accepted are those of a pull request, of all of them where number is 0, in an
	// order that does not change.
	Accepted(ctx context.Context, repo Repository, number int) ([]Acceptance, error)
	// Retract deletes those that were written in a remark.
	Retract(ctx context.Context, repo Repository, number int, remark RemarkRef) error
	// End deletes those of a pull request.
	End(ctx context.Context, repo Repository, number int) error
}

// allowed refuses an acceptance that the policy does not let its author give.
func (a Acceptance) allowed(p policy.Policy) error {
	role, anybody := needed(p)
	switch {
	case !anybody:
		return errCommand("the policy lets nobody accept findings on pull requests")
	case a.Role < role:
		return errCommand(fmt.Sprintf("the policy lets those accept findings who may %s here; whoever asked has the role %s", role, a.Role))
	case a.ByAuthor && !p.AcceptAuthor:
		return errCommand("the policy does not let the author of a pull request accept findings on it")
	}
	return nil
}

// holding are those acceptances that hold under a policy as it is now: it may have
// become stricter since they were given.
func holding(list []Acceptance, p policy.Policy) []policy.Acceptance {
	var out []policy.Acceptance
	for _, a := range list {
		if _, ok := policy.Acceptable(a.Rule); ok && a.allowed(p) == nil {
			out = append(out, a.Acceptance)
		}
	}
	return out
}

// fingerprint names acceptances, "" where there are none.
func fingerprint(list []Acceptance) string {
	if len(list) == 0 {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", list))
	return hex.EncodeToString(sum[:8])
}

// accepted are the acceptances on a pull request.
func (r *Runner) accepted(ctx context.Context, repo Repository, number int) ([]Acceptance, error) {
	if r.acceptances == nil {
		return nil, nil
	}
	list, err := r.acceptances.Accepted(ctx, repo, number)
	if err != nil {
		return nil, fmt.Errorf("read what was accepted: %w", err)
	}
	return list, nil
}

// acceptedInGroup are the acceptances on the open pull requests that a group merges
// into its base. Which these are is GitHub's word alone, never a commit's text: the
// group's branch is named after the last one, and every merge that GitHub made between
// base and head has the head of its pull request as second parent.
//
// A group of several that are squashed or rebased names only the last: what was accepted
// on the others does not hold in it.
func (r *Runner) acceptedInGroup(ctx context.Context, repo Repository, g Group) ([]Acceptance, error) {
	all, err := r.accepted(ctx, repo, 0)
	if err != nil || len(all) == 0 {
		return nil, err // the ordinary case asks GitHub nothing
	}
	merged, err := r.forge.Merged(ctx, repo, g)
	if err != nil {
		return nil, fmt.Errorf("ask what the group merges: %w", err)
	}
	within := map[int]bool{}
	var out []Acceptance
	for _, a := range all {
		n := a.Number
		if _, asked := within[n]; !asked {
			if within[n], err = r.inGroup(ctx, repo, g, n, merged); err != nil {
				return nil, err
			}
		}
		if within[n] {
			out = append(out, a)
		}
	}
	return out, nil
}

func (r *Runner) inGroup(ctx context.Context, repo Repository, g Group, number int, merged []string) (bool, error) {
	pull, err := r.forge.PullRequest(ctx, repo, number)
	if errors.Is(err, ErrGone) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("read pull request %d: %w", number, err)
	}
	if !pull.Open || pull.BaseRef != g.BaseRef {
		return false, nil
	}
	if slices.Contains(merged, pull.HeadSHA) {
		return true, nil
	}
	if g.HeadRef != "" {
		return number == lastOf(g), nil
	}
	// A check that is run again does not say its branch. That of this pull request has a
	// name that can be asked for.
	tip, err := r.forge.Tip(ctx, repo, fmt.Sprintf("%s%d-%s", queueOf(g), number, g.BaseSHA))
	if errors.Is(err, ErrGone) {
		return false, nil
	}
	return err == nil && tip == g.HeadSHA, err
}

func queueOf(g Group) string { return "gh-readonly-queue/" + g.BaseRef + "/pr-" }

var queueEntry = regexp.MustCompile(`^([1-9][0-9]{0,9})-[0-9a-f]{40,64}$`)

// lastOf is the pull request that a group's branch is named after, 0 where it is named
// otherwise: "gh-readonly-queue/main/pr-7-SHA".
func lastOf(g Group) int {
	rest, ok := strings.CutPrefix(g.HeadRef, queueOf(g))
	m := queueEntry.FindStringSubmatch(rest)
	if !ok || m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

package checks

import (
	"context"
	"strings"

	"github.com/bonafide-app/bonafide/app/review"
)

// An identity names what a policy file says by its content, so that two commits with the
// same file have the same one:
//
//	none
//	bonafide.yml@BLOB
//	bonafide.yml@BLOB extends acme/policies:bonafide.yml@BLOB
//	unread
const (
	noPolicy     = "none"
	unreadPolicy = "unread"
)

// contents names the files that stand where a policy belongs.
func contents(entries []review.TreeEntry) string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Path + "@" + e.ID
	}
	return strings.Join(names, "+")
}

// extending names what a policy extends.
func extending(other review.Repository, parent standing) string {
	return ExtendedBy(other) + parent.named()
}

func (s standing) named() string {
	if s.identity == "" {
		return noPolicy
	}
	return s.identity
}

func (o organisation) named() string {
	if o.hidden {
		return unreadPolicy
	}
	return o.standing.named()
}

// PolicyContent is the identity of the policy file at a commit, without what it extends:
// one request, none where the commit was looked at before. It is how the identity of
// every policy with that file begins.
func (f *Forge) PolicyContent(ctx context.Context, repo review.Repository, sha string) (string, error) {
	_, _, s, _, err := f.lookUp(ctx, repo, sha)
	return s.named(), err
}

// HoldsFloor says whether a repository is the one whose policy holds for its owner's others.
func HoldsFloor(repo review.Repository) bool { return isOrganisation(repo) }

// FloorIdentity is the identity of the organisation's policy as it is now.
func (f *Forge) FloorIdentity(ctx context.Context, repo review.Repository) (string, error) {
	org, err := f.organisation(ctx, repo)
	return org.named(), err
}

// SameContent says whether a policy's identity is of a file with that content, whatever it
// extends.
func SameContent(identity, content string) bool {
	own, _, _ := strings.Cut(identity, " extends ")
	return own == content
}

// ExtendedBy is the part that stands in the identity of every policy that extends a
// repository's; with the content of that policy's file behind it, in those that were
// judged by it.
func ExtendedBy(repo review.Repository) string {
	return " extends " + strings.ToLower(repo.Owner+"/"+repo.Name) + ":"
}

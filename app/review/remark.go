package review

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// RemarkKind says where something was written.
type RemarkKind string

// The kinds of remarks.
const (
	InReview        RemarkKind = "review"         // in a review's own text
	InReviewComment RemarkKind = "review_comment" // on the diff, or as a reply there
	InConversation  RemarkKind = "issue_comment"  // below the pull request's description
	// ByButton is no text, but a click on a button of the check. Its ID is what the button
	// stood for, as policy.Offered names it: a second click on it is the same.
	ByButton RemarkKind = "button"
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

// Reaction is an answer to a remark.
type Reaction string

// The reactions.
const (
	Accepted Reaction = "accepted"
	Refused  Reaction = "refused"
)

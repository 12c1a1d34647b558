package checks

import "testing"

// The defects of tools of this kind that are about comments, by their names. The
// others stand in package review.
func TestDefectsOfPeers(t *testing.T) {
	t.Run("dependency-review-action: a comment with our mark by somebody else is ignored", TestAMarkByAnybodyElseMeansNothing)
	t.Run("dependency-review-action: a comment does not stay after the mend", TestACommentSaysThatItIsMendedAndThatItCameBack)
	t.Run("minder: a line outside of the diff is no error", TestCommentsGoToTheLineElseToTheFileElseIntoTheReview)
}

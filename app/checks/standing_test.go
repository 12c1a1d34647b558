package checks

import (
	"strings"
	"testing"
)

// GitHub compares with whatever a name stands for: once the branch is deleted, the
// beginning of a commit's name stands for the commit.
func TestABranchThatIsNamedAfterItsCommitProvesNothing(t *testing.T) {
	sha := "1a2b3c4d" + strings.Repeat("0", 32)
	for ref, want := range map[string]bool{"1a2b3c4d0": false, "1A2B": false, sha: false, "1a2": true, "1a2b3c4e": true, "v1.0.0": true} {
		h := newHub(t)
		h.on("GET /repos/acme/lib/compare/"+ref+"..."+sha, `{"status":"identical"}`)
		w := &witness{h.forge(), 1}
		if on, err := w.contains(t.Context(), place{owner: "acme", name: "lib", defaultBranch: "main"}, ref, sha); err != nil || on != want {
			t.Errorf("%s: %v, %v", ref, on, err)
		}
	}
}

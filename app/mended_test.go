package app_test

import (
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

// The life of a comment: found, mended by a push and hidden, back by another and shown again.
func TestAMendedCommentIsHiddenUntilItComesBack(t *testing.T) {
	p := newPlay(t, false, nil)
	pull := p.pull(p.locked(lost))
	said := len(pull.ReviewComments())
	if said == 0 {
		t.Fatal("nobody was told")
	}
	_, version, _ := strings.Cut(lost, "@")
	above, _, _ := strings.Cut(p.lock(lost), `"version": "`+version)
	theirs, err := pull.Remark(p.ctx, "keeper", "package-lock.json", 1+strings.Count(above, "\n"), "Why this one?")
	p.must(err)
	for _, c := range []struct {
		step   string
		files  forge.Files
		hidden bool
	}{{"mended", p.locked(plain), true}, {"back", p.locked(lost), false}} {
		_, err := pull.Push(p.ctx, c.files)
		p.must(err)
		p.settle()
		comments := pull.ReviewComments()
		if len(comments) != said+1 {
			t.Errorf("%s: %d comments, want %d", c.step, len(comments), said+1)
		}
		for _, k := range comments {
			hidden := c.hidden && k.ID != theirs
			if (k.Minimized == "resolved") != hidden || strings.Contains(k.Body, "Resolved in "+pull.HeadSHA()) != hidden || k.Resolved {
				t.Errorf("%s: %+v", c.step, k)
			}
		}
	}
}

package app_test

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/store"
)

const acceptLost = "/bonafide accept npm:tide@1.0.1 provenance-lost built by hand this once, I talked to the maintainer"

// oneError is a policy by which tide@1.0.1 has one error alone.
const oneError = "version: 1\nrules: { publisher-lost: off, fresh-and-odd: off }\n"

// withPeople is a play with a pull request that loses provenance, and people around it.
func withPeople(t *testing.T, judged bool, policy string, settings ...setting) (*play, *forge.Pull) {
	t.Helper()
	p := newPlay(t, judged, forge.Files{".github/bonafide.yml": forge.Text(oneError + policy)}, settings...)
	pull := p.pull(p.locked(lost))
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
	p.repo.Grant("boss", "admin")
	p.repo.Grant("keeper", "maintain")
	p.repo.Grant("writer", "write")
	p.repo.Grant("contributor", "maintain") // opened it
	return p, pull
}

// review lets somebody review, waits, and returns the review's id.
func (p *play) review(pull *forge.Pull, who, body string) int64 {
	p.t.Helper()
	id, err := pull.Review(p.ctx, who, body)
	p.must(err)
	p.settle()
	return id
}

// answered asserts the one reaction to a remark.
func (p *play) answered(pull *forge.Pull, id int64, want ...string) {
	p.t.Helper()
	if got := pull.Reactions(id); !slices.Equal(want, got) {
		p.t.Errorf("reactions %v, want %v", got, want)
	}
}

func TestAMaintainerAcceptsAFinding(t *testing.T) {
	for name, say := range map[string]func(p *play, pull *forge.Pull) int64{
		"in a review": func(p *play, pull *forge.Pull) int64 { return p.review(pull, "keeper", acceptLost+"\r\nand more") },
		"in a reply": func(p *play, pull *forge.Pull) int64 {
			id, err := pull.Reply(p.ctx, "keeper", pull.ReviewComments()[0].ID, acceptLost)
			p.must(err)
			p.settle()
			return id
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, pull := withPeople(t, true, "")
			id := say(p, pull)
			p.answered(pull, id, "+1")
			p.ends(pull.HeadSHA(), "success", "provenance-lost", "keeper", "built by hand this once")
			if n := len(pull.Comments()); n != 0 {
				t.Errorf("%d comments: the reaction and the check answer", n)
			}
			for _, d := range p.GitHub.Deliveries() { // the same command again
				p.must(p.GitHub.Redeliver(p.ctx, d.ID))
			}
			p.settle()
			p.ends(pull.HeadSHA(), "success", "keeper")

			// Another version is another matter; the same one, on another head, is not.
			_, err := pull.Push(p.ctx, p.locked(lost, plain))
			p.must(err)
			p.settle()
			p.ends(pull.HeadSHA(), "success", "keeper")
			p.integrity[lost] = "sha512-" + strings.Repeat("B", 85) + "A=="
			_, err = pull.Push(p.ctx, p.locked(lost))
			p.must(err)
			p.settle()
			p.ends(pull.HeadSHA(), "failure", "provenance-lost", "digest-mismatch")
		})
	}
}

func TestWhoMayAccept(t *testing.T) {
	tests := []struct{ name, settings, who, says string }{
		{"a writer where maintainers may", "", "writer", "maintain"},
		{"the author", "", "contributor", "author"},
		{"a maintainer where admins may", "accept: { by: admin }\n", "keeper", "admin"},
		{"an admin where nobody may", "accept: { by: nobody }\n", "boss", "nobody"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, pull := withPeople(t, false, tt.settings)
			id := p.review(pull, tt.who, acceptLost)
			p.answered(pull, id, "confused")
			p.ends(pull.HeadSHA(), "failure", "provenance-lost", "refused", tt.who, tt.says)
		})
	}
	t.Run("the author where the policy lets them", func(t *testing.T) {
		p, pull := withPeople(t, false, "accept: { by: write, author: true }\n")
		p.answered(pull, p.review(pull, "contributor", acceptLost), "+1")
		p.ends(pull.HeadSHA(), "success", "contributor")
		// The base's policy becomes stricter: what it would not allow now does not hold.
		_, err := p.repo.Push(p.ctx, forge.Change{Branch: "main", Files: forge.Files{".github/bonafide.yml": forge.Text(oneError)}})
		p.must(err)
		p.must(p.GitHub.RerequestRun(p.ctx, p.check(pull.HeadSHA()).ID))
		p.settle()
		p.ends(pull.HeadSHA(), "failure", "provenance-lost")
	})
}

func TestCommandsThatAreNobodysBusiness(t *testing.T) {
	p, pull := withPeople(t, false, "")
	before := p.check(pull.HeadSHA())
	p.repo.Grant("robot[bot]", "admin")
	p.answered(pull, p.review(pull, "robot[bot]", acceptLost))
	p.answered(pull, p.review(pull, "keeper", "I would not "+acceptLost))
	p.answered(pull, p.review(pull, "passer-by", acceptLost), "confused")
	p.answered(pull, p.review(pull, "passer-by", "/bonafide recheck"), "confused")
	if after := p.check(pull.HeadSHA()); after.Writes != before.Writes || after.Conclusion != "failure" {
		t.Errorf("the check was written again: %+v", after)
	}
	p.answered(pull, p.review(pull, "writer", "/bonafide recheck"), "+1")
	if after := p.check(pull.HeadSHA()); after.Writes == before.Writes {
		t.Error("the check was not written again")
	}
}

func TestWhatIsRefusedSaysWhy(t *testing.T) {
	p, pull := withPeople(t, true, "")
	for command, says := range map[string]string{
		"/bonafide": "no such command",
		"/bonafide accept npm:tide@1.0.1 provenance-lost":                     "no reason",
		"/bonafide accept npm:tide@1.0.1 provenance-lsot x":                   "does not exist",
		"/bonafide accept npm:tide@1.0.1 lockfile-unreadable x":               "always holds",
		"/bonafide accept npm:tide@1.0.1 digest-mismatch x":                   "policy file only",
		"/bonafide accept npm:tide@1.0.0 provenance-lost x":                   "finds nothing",
		"/bonafide accept npm:tide@1.0.1 known-malware x":                     "policy file only",
		"/bonafide accept tide@1.0.1 provenance-lost x":                       "not a package",
		"/bonafide accept npm:tide@1.0.1 provenance-lost " + long("why "):     "longer than",
		"/bonafide accept npm:tide@1.0.1 provenance-lost hidden \u202e words": "cannot be seen",
	} {
		id := p.review(pull, "boss", command)
		p.answered(pull, id, "confused")
		p.ends(pull.HeadSHA(), "failure", "provenance-lost", "refused", says)
	}
}

func long(word string) string { return strings.Repeat(word, 300) }

func TestAnAcceptanceFallsWithItsComment(t *testing.T) {
	for name, take := range map[string]func(p *play, pull *forge.Pull, id int64) error{
		"edited":             func(p *play, pull *forge.Pull, id int64) error { return pull.Edit(p.ctx, "keeper", id, acceptLost+"!") },
		"edited by somebody": func(p *play, pull *forge.Pull, id int64) error { return pull.Edit(p.ctx, "writer", id, "nothing") },
		"deleted":            func(p *play, pull *forge.Pull, id int64) error { return pull.Delete(p.ctx, "keeper", id) },
	} {
		t.Run(name, func(t *testing.T) {
			p, pull := withPeople(t, true, "")
			id, err := pull.Reply(p.ctx, "keeper", pull.ReviewComments()[0].ID, acceptLost)
			p.must(err)
			p.settle()
			p.ends(pull.HeadSHA(), "success", "keeper")
			p.must(take(p, pull, id))
			p.settle()
			p.ends(pull.HeadSHA(), "failure", "provenance-lost")
		})
	}
}

func TestACommandThatWasEditedBeforeItWasReadIsRefused(t *testing.T) {
	p, pull := withPeople(t, false, "")
	id, err := pull.Review(p.ctx, "keeper", "/bonafide accept npm:tide@1.0.2 provenance-lost x")
	p.must(err)
	p.must(pull.Edit(p.ctx, "writer", id, acceptLost)) // a redelivery carries the old text
	p.settle()
	for _, d := range p.GitHub.Deliveries() {
		p.must(p.GitHub.Redeliver(p.ctx, d.ID))
	}
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
}

func TestACommandThatCannotBeAnsweredIsSaid(t *testing.T) {
	p, pull := withPeople(t, false, "", givesUpSoon)
	p.GitHub.SetFault(func(r *http.Request, _ string) *forge.Fault {
		if !strings.HasSuffix(r.URL.Path, "/permission") {
			return nil
		}
		return &forge.Fault{Status: 403, Body: `{"message":"Not for you","documentation_url":"https://docs.github.com","status":"403"}`}
	})
	p.answered(pull, p.review(pull, "keeper", acceptLost))
	p.ends(pull.HeadSHA(), "failure", "provenance-lost", "could not be answered")
}

func TestAnAcceptanceEndsWithItsPullRequest(t *testing.T) {
	p, pull := withPeople(t, false, "")
	p.review(pull, "keeper", acceptLost)
	p.ends(pull.HeadSHA(), "success", "keeper")
	p.must(pull.Close(p.ctx))
	p.settle()
	p.must(pull.Reopen(p.ctx))
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
}

func TestAMergeGroupKeepsWhatWasAccepted(t *testing.T) {
	p, pull := withPeople(t, true, "")
	other := p.pull(forge.Files{"README.md": forge.Text("more\n")})
	p.review(pull, "keeper", acceptLost)
	for _, pulls := range [][]*forge.Pull{{pull}, {pull, other}, {other, pull}} {
		group, err := p.repo.MergeGroup(p.ctx, pulls...)
		p.must(err)
		p.settle()
		p.ends(group.HeadSHA, "success", "keeper")
		p.must(p.GitHub.RerequestRun(p.ctx, p.check(group.HeadSHA).ID))
		p.settle()
		p.ends(group.HeadSHA, "success", "keeper")
		p.must(group.Destroy(p.ctx, "dequeued"))
		p.settle()
	}
}

func TestAGroupTakesNothingFromAPullRequestThatIsNotInIt(t *testing.T) {
	p, pull := withPeople(t, false, "")
	p.review(pull, "keeper", acceptLost)
	// Another one with the very same change, on top of the first one's head.
	_, err := p.repo.Push(p.ctx, forge.Change{Branch: "stacked", From: pull.HeadSHA(), Message: "Merge pull request #1", Files: forge.Files{"x": forge.Text("x")}})
	p.must(err)
	stacked, err := p.repo.OpenPull(p.ctx, forge.PullSpec{Head: "stacked"})
	p.must(err)
	p.settle()
	p.ends(stacked.HeadSHA(), "failure", "provenance-lost")
	group, err := p.repo.MergeGroup(p.ctx, stacked)
	p.must(err)
	p.settle()
	p.ends(group.HeadSHA, "failure", "provenance-lost")
}

func TestWhatWasAcceptedOutlivesTheServer(t *testing.T) {
	var database string
	s := emptyStage(t, false, func(o *app.Options, _ *sandbox.World) { database = o.Database })
	p := withFiles(s, forge.Files{".github/bonafide.yml": forge.Text(oneError)})
	pull := p.pull(p.locked(lost))
	p.repo.Grant("keeper", "maintain")
	p.review(pull, "keeper", acceptLost)
	p.review(pull, "keeper", acceptLost)
	p.stop()
	db, err := store.Open(context.Background(), filepath.Clean(database))
	p.must(err)
	list, err := db.Accepted(context.Background(), p.scene.Installation.ID, p.repo.ID, pull.Number)
	p.must(err)
	if len(list) != 2 || list[0].By != "keeper" || list[0].Role != "maintain" || list[0].Name != "tide" || list[0].Lockfile != "package-lock.json" {
		t.Errorf("%+v", list)
	}
	p.must(db.Close())
}

package checks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

// grant gives the installation these permissions from the next token on.
func (w *world) grant(contents string) {
	w.t.Helper()
	w.must(w.in.SetPermissions(w.t.Context(), map[string]string{"metadata": "read", "contents": contents, "checks": "write", "pull_requests": "write"}))
	w.in.ExpireTokens()
	w.forge.Evict(w.at.Installation)
}

// push makes a new head and tells the verdict of it.
func (w *world) push(p *forge.Pull, conclusion policy.Conclusion, at ...int) {
	w.t.Helper()
	_, err := p.Push(w.t.Context(), forge.Files{"src/index.js": forge.Text(fmt.Sprint(len(w.hub.Requests()), conclusion, at))})
	w.must(err)
	pull, _ := w.read(p)
	w.tell(pull, verdict(conclusion, at...))
}

// asked counts the requests in GraphQL since the last call.
func (w *world) asked() (n int) {
	for _, r := range w.hub.Requests() {
		if strings.HasSuffix(r.Path, "/graphql") {
			n++
		}
	}
	w.hub.ForgetRequests()
	return n
}

// found opens a pull request with a finding on line 50, and has a person remark on line 48.
func (w *world) found() *forge.Pull {
	w.t.Helper()
	p, _ := w.fork()
	w.push(p, policy.Failure, 50)
	_, err := p.Remark(w.t.Context(), "keeper", "package-lock.json", 48, "Is this on purpose?")
	w.must(err)
	return p
}

// looks describes the comments of the bot: what stands, what is resolved or minimised.
func (w *world) looks(p *forge.Pull) string {
	w.t.Helper()
	var all []string
	for _, c := range p.ReviewComments() {
		if !strings.HasSuffix(c.Author, "[bot]") {
			if c.Resolved && c.ReplyTo == 0 || c.Minimized != "" {
				w.t.Errorf("a person's comment was touched: %+v", c)
			}
			continue
		}
		look := "stands"
		if strings.Contains(c.Body, "Resolved in ") {
			look = "rewritten"
		}
		if c.Resolved {
			look += ", resolved"
		}
		if c.Minimized != "" {
			look += ", minimised as " + c.Minimized
		}
		all = append(all, look)
	}
	return strings.Join(all, "; ")
}

func TestAMendedCommentIsHiddenWhereGitHubLetsTheApp(t *testing.T) {
	for name, c := range map[string]struct {
		contents      string
		quirks        forge.Quirks
		hidden        string
		asked, before int // in GraphQL, when it is mended first and when it comes back
		again         int // when it is mended once more
	}{
		"as the App is installed":      {contents: "read", hidden: "rewritten, minimised as resolved", asked: 2, before: 2, again: 1},
		"with the permission to write": {contents: "write", hidden: "rewritten, resolved", asked: 2, before: 2, again: 2},
		"where nothing is allowed":     {contents: "read", quirks: forge.Quirks{NoHiding: true}, hidden: "rewritten", asked: 2, before: 1, again: 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.hub.SetQuirks(c.quirks)
			w.grant(c.contents)
			p := w.found()
			looks := func(step, want string, asked int) {
				t.Helper()
				if got, n := w.looks(p), w.asked(); got != want || n != asked {
					t.Errorf("%s: it looks %q, want %q; %d requests in GraphQL, want %d", step, got, want, n, asked)
				}
			}
			looks("found", "stands", 0)
			w.push(p, policy.Success)
			looks("mended", c.hidden, c.asked)
			w.push(p, policy.Success)
			looks("as it was", c.hidden, 0)
			w.push(p, policy.Failure, 50)
			looks("back", "stands", c.before)
			w.push(p, policy.Failure, 50)
			looks("still there", "stands", 0)
			w.push(p, policy.Success)
			looks("mended once more", c.hidden, c.again)
		})
	}
}

func TestACommentThatStaysHiddenIsSaidAnew(t *testing.T) {
	for contents, hidden := range map[string]string{"read": "rewritten, minimised as resolved", "write": "rewritten, resolved"} {
		w := newWorld(t)
		w.grant(contents)
		p := w.found()
		w.push(p, policy.Success)
		w.hub.SetQuirks(forge.Quirks{NoHiding: true})
		w.grant("read")
		for range 2 {
			w.push(p, policy.Failure, 50)
			if got := w.looks(p); got != hidden+"; stands" {
				t.Errorf("%s: it looks %q", contents, got)
			}
		}
		w.push(p, policy.Success)
		if got := w.looks(p); got != hidden+"; rewritten" {
			t.Errorf("%s: mended again, it looks %q", contents, got)
		}
	}
}

func TestWhatPeopleTalkAboutStaysOpen(t *testing.T) {
	w := newWorld(t)
	w.grant("write")
	p := w.found()
	_, err := p.Reply(t.Context(), "keeper", p.ReviewComments()[0].ID, "We know them.")
	w.must(err)
	w.push(p, policy.Success)
	if got := w.looks(p); got != "rewritten" || w.asked() != 0 {
		t.Errorf("it looks %q", got)
	}
}

func TestWhatPeopleHidStaysHidden(t *testing.T) {
	w := newWorld(t)
	w.grant("read")
	p := w.found()
	w.must(p.Minimize(p.ReviewComments()[0].ID, "off-topic"))
	w.push(p, policy.Failure, 50)
	if got := w.looks(p); got != "stands, minimised as off-topic" {
		t.Errorf("it looks %q", got)
	}
}

func TestADeletedCommentIsNotAskedAbout(t *testing.T) {
	w := newWorld(t)
	p := w.found()
	w.must(p.Delete(t.Context(), "keeper", p.ReviewComments()[0].ID))
	w.hub.ForgetRequests()
	w.push(p, policy.Success)
	if w.looks(p) != "" || w.asked() != 0 {
		t.Errorf("it looks %q", w.looks(p))
	}
}

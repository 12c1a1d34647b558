package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/review"
)

// memory remembers floors.
type memory map[string]string

func (m memory) Floor(_ context.Context, installation int64, owner string) (string, bool, error) {
	s, ok := m[fmt.Sprint(installation, strings.ToLower(owner))]
	return s, ok, nil
}

func (m memory) SaveFloor(_ context.Context, installation int64, owner, source string) error {
	m[fmt.Sprint(installation, strings.ToLower(owner))] = source
	return nil
}

func (m memory) ForgetFloor(_ context.Context, installation int64, owner string) error {
	delete(m, fmt.Sprint(installation, strings.ToLower(owner)))
	return nil
}

// bounded makes a Forge that remembers floors.
func (h *hub) bounded(m memory, required bool) *Forge {
	h.t.Helper()
	clients, err := NewClientCreator(ClientConfig{APIURL: h.server.URL, AppID: appID, PrivateKey: testKey(), UserAgent: "bonafide/test"})
	if err != nil {
		h.t.Fatal(err)
	}
	o := Options{AppID: appID, Logger: zerolog.Nop(), RequireFloor: required}
	if m != nil {
		o.Floors = m
	}
	f, err := New(clients, o)
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}

const organisations = "5555555555555555555555555555555555555555"

// serveRepository lets a repository have a default branch with files.
func serveRepository(h *hub, name, sha string, files tree) {
	h.on("GET /repos/"+name, `{"default_branch":"trunk"}`)
	h.on("GET /repos/"+name+"/git/ref/heads/trunk", `{"ref":"refs/heads/trunk","object":{"sha":"`+sha+`"}}`)
	files.serve(h, name, sha, 100)
}

const (
	enforces = "version: 1\nenforce: { rules: { provenance-lost: error } }\n"
	laxFile  = "version: 1\nmode: observe\nrules: { provenance-lost: off }\n"
)

func TestTheFloorIsLaidOverEveryRepository(t *testing.T) {
	for name, repo := range map[string]tree{"its own file": {"bonafide.yml": laxFile}, "none": {"a": "1"}} {
		t.Run(name, func(t *testing.T) {
			h, m := newHub(t), memory{}
			repo.serve(h, "acme/web", tip, 100)
			serveRepository(h, "acme/.github", organisations, tree{"bonafide.yml": laxFile + enforces[len("version: 1\n"):]})
			p, problem, err := h.bounded(m, true).Policy(t.Context(), web, tip)
			if err != nil || problem != nil {
				t.Fatalf("%+v, %v", problem, err)
			}
			if p.Mode != policy.Enforce || p.Severity(policy.RuleProvenanceLost) != policy.Error || len(p.Notes) != 2 || p.FloorUnread != "" {
				t.Errorf("%+v", p)
			}
			if !strings.Contains(p.Source, "acme/.github bonafide.yml at 5555555") {
				t.Errorf("it came from %q", p.Source)
			}
			if len(m) != 1 {
				t.Errorf("remembered: %v", m)
			}
		})
	}
	t.Run("the .github repository itself", func(t *testing.T) {
		h := newHub(t)
		own := review.Repository{Installation: 9, Owner: "acme", Name: ".github"}
		serveRepository(h, "acme/.github", organisations, tree{"bonafide.yml": laxFile + enforces[len("version: 1\n"):]})
		p, problem, err := h.bounded(nil, false).Policy(t.Context(), own, organisations)
		if err != nil || problem != nil || p.Mode != policy.Enforce {
			t.Errorf("%+v, %+v, %v", p, problem, err)
		}
	})
	t.Run("nowhere else", func(t *testing.T) {
		h := newHub(t)
		tree{"bonafide.yml": enforces}.serve(h, "acme/web", tip, 100)
		_, problem, err := h.bounded(nil, false).Policy(t.Context(), web, tip)
		if err != nil || problem == nil || problem.Line != 2 || problem.Lockfile != "bonafide.yml" || !strings.Contains(problem.Detail, "acme/.github alone") {
			t.Errorf("%+v, %v", problem, err)
		}
	})
}

func TestAFloorThatCannotBeReadFailsWhereItMustHold(t *testing.T) {
	broken := "version: 1\nmode: sometimes\n"
	for _, c := range []struct {
		name           string
		org            tree // nil: status
		status         int
		seen, required bool
		unread         string // part of the reason; "" for none
		remembered     bool   // afterwards
	}{
		{name: "gone, never seen", status: 404},
		{name: "gone", status: 404, seen: true, unread: "does not exist, or the App may not see it. It was last seen in acme/.github before", remembered: true},
		{name: "refused, never seen", status: 403},
		{name: "refused", status: 403, seen: true, unread: "GitHub refused it", remembered: true},
		{name: "empty, never seen", status: 409},
		{name: "empty", status: 409, seen: true, unread: "it is empty", remembered: true},
		{name: "broken, never seen", org: tree{"bonafide.yml": broken}},
		{name: "broken", org: tree{"bonafide.yml": broken}, seen: true, unread: "line 2, column 7", remembered: true},
		{name: "broken, and sets one", org: tree{"bonafide.yml": broken + "enforce: {}\n"}, unread: "line 2, column 7", remembered: true},
		{name: "withdrawn with its file", org: tree{"README": "x"}, seen: true},
		{name: "withdrawn", org: tree{"bonafide.yml": observes}, seen: true},
		{name: "there again", org: tree{"bonafide.yml": enforces}, seen: true, remembered: true},
		{name: "demanded and there", org: tree{"bonafide.yml": enforces}, required: true, remembered: true},
		{name: "demanded and gone", status: 404, required: true, unread: "this server demands one"},
		{name: "demanded and not set", org: tree{"bonafide.yml": observes}, required: true, unread: "no floor (enforce) stands in the policy file of acme/.github at 5555555"},
		{name: "demanded and broken", org: tree{"bonafide.yml": broken}, required: true, unread: "line 2, column 7"},
	} {
		for _, own := range []bool{true, false} {
			t.Run(fmt.Sprint(c.name, ", own file ", own), func(t *testing.T) {
				h, m := newHub(t), memory{}
				files := tree{"a": "1"}
				if own {
					files = tree{"bonafide.yml": laxFile}
				}
				files.serve(h, "acme/web", tip, 100)
				if c.org != nil {
					serveRepository(h, "acme/.github", organisations, c.org)
				} else {
					path := "GET /repos/acme/.github"
					if c.status == 409 {
						h.on(path, `{"default_branch":"trunk"}`)
						path += "/git/ref/heads/trunk"
					}
					h.routes[path] = func(w http.ResponseWriter, _ *http.Request) { answer(w, c.status, "no") }
				}
				if c.seen {
					m["9acme"] = "acme/.github before"
				}
				p, _, err := h.bounded(m, c.required).Policy(t.Context(), web, tip)
				if err != nil {
					t.Fatal(err)
				}
				if (c.unread == "") != (p.FloorUnread == "") || !strings.Contains(p.FloorUnread, c.unread) {
					t.Errorf("the floor: %q, want %q", p.FloorUnread, c.unread)
				}
				if _, remembered := m["9acme"]; remembered != c.remembered {
					t.Errorf("remembered: %v", m)
				}
			})
		}
	}
}

func TestARateLimitIsNoAnswerAboutAPolicy(t *testing.T) {
	extending := tree{"bonafide.yml": "version: 1\nextends: acme/policies\n"}
	for name, limited := range map[string]http.HandlerFunc{
		"403 with a pause": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			answer(w, 403, "You have exceeded a limit")
		},
		"403 in words": func(w http.ResponseWriter, _ *http.Request) { answer(w, 403, "API rate limit exceeded") },
		"429":          func(w http.ResponseWriter, _ *http.Request) { answer(w, 429, "Slow down") },
	} {
		for _, of := range []string{"acme/.github", "acme/policies"} {
			t.Run(name+", "+of, func(t *testing.T) {
				h := newHub(t)
				extending.serve(h, "acme/web", tip, 100)
				serveRepository(h, "acme/.github", organisations, tree{"bonafide.yml": enforces})
				h.routes["GET /repos/"+of] = limited
				p, problem, err := h.bounded(memory{"9acme": "acme/.github before"}, true).Policy(t.Context(), web, tip)
				var later *review.Later
				if !errors.As(err, &later) {
					t.Errorf("%+v, %+v, %v: it must be asked again", p.FloorUnread, problem, err)
				}
			})
		}
	}
}

func TestWhatAPolicyExtendsIsRead(t *testing.T) {
	const policies = "7777777777777777777777777777777777777777"
	extending := "version: 1\nextends: acme/policies\nmode: enforce\n"
	for _, c := range []struct {
		name, file string
		other      tree // nil: there is none
		problem    string
	}{
		{name: "it is there", file: extending, other: tree{"bonafide.yml": "version: 1\nmode: observe\ncooldown: 9d\n"}},
		{name: "another owner's", file: "version: 1\nextends: mallory/policies\n", problem: "only repositories of acme can be extended"},
		{name: "gone", file: extending, problem: "acme/policies, which it extends, cannot be read: it does not exist"},
		{name: "without a file", file: extending, other: tree{"a": "1"}, problem: "there is no policy file at 7777777"},
		{name: "broken", file: extending, other: tree{"bonafide.yml": "version: 9"}, problem: "acme/policies bonafide.yml at 7777777 does not hold"},
		{name: "extends itself", file: extending, other: tree{"bonafide.yml": "version: 1\nextends: acme/policies\n"}, problem: "only one step is followed"},
		{name: "sets a floor", file: extending, other: tree{"bonafide.yml": enforces}, problem: "sets enforce"},
		{name: "two files", file: extending, other: tree{"bonafide.yml": observes, "bonafide.yaml": observes}, problem: "two policy files"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHub(t)
			tree{"bonafide.yml": c.file}.serve(h, "acme/web", tip, 100)
			if c.other != nil {
				serveRepository(h, "acme/policies", policies, c.other)
			}
			p, problem, err := h.bounded(nil, false).Policy(t.Context(), web, tip)
			if err != nil {
				t.Fatal(err)
			}
			if c.problem == "" {
				if problem != nil || p.Source != "acme/web bonafide.yml at 3333333, extends acme/policies at 7777777" || p.Mode != policy.Enforce || p.Cooldown.Hours() != 9*24 {
					t.Errorf("%+v, %+v", p, problem)
				}
				return
			}
			if problem == nil || problem.Kind != policy.PolicyInvalid || !strings.Contains(problem.Detail, c.problem) || problem.Lockfile != "bonafide.yml" || problem.Line != 2 {
				t.Errorf("%+v", problem)
			}
		})
	}
}

func TestWhatAPullRequestProposesIsReadAsItWillStand(t *testing.T) {
	h, m := newHub(t), memory{}
	serveRepository(h, "acme/.github", organisations, tree{"bonafide.yml": enforces})
	f := h.bounded(m, false)
	p, problem, err := f.Proposed(t.Context(), web, &review.PolicyFile{Path: "bonafide.yml", Data: []byte(laxFile)})
	if err != nil || problem != nil || p.Mode != policy.Enforce || !strings.Contains(p.Source, "bonafide.yml of the pull request") {
		t.Errorf("%+v, %+v, %v", p, problem, err)
	}
	if p, problem, err = f.Proposed(t.Context(), web, nil); err != nil || problem != nil || !strings.HasPrefix(p.Source, "acme/.github") {
		t.Errorf("without a file: %+v, %+v, %v", p, problem, err)
	}
	if _, problem, err = f.Proposed(t.Context(), web, &review.PolicyFile{Path: "bonafide.yml", Data: []byte(enforces)}); err != nil || problem == nil || problem.Line != 2 {
		t.Errorf("a floor: %+v, %v", problem, err)
	}
	own := web
	own.Name = ".github"
	if p, problem, err = f.Proposed(t.Context(), own, &review.PolicyFile{Path: "bonafide.yml", Data: []byte(laxFile)}); err != nil || problem != nil || p.Mode != policy.Observe {
		t.Errorf("a floor that is withdrawn: %+v, %+v, %v", p, problem, err)
	}
	if len(m) != 1 {
		t.Errorf("what is proposed is not remembered, what stands is: %v", m)
	}
}

package checks

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

const observes = "version: 1\nmode: observe\n"

func TestThePolicyIsFoundOrItsFaultIsSaid(t *testing.T) {
	tests := []struct {
		name    string
		repo    tree
		owners  tree // nil: there is no .github repository
		source  string
		problem string // part of its sentence
		line    int
	}{
		{name: "none at all", repo: tree{"a": "1"}, source: policy.Default().Source},
		{name: "in .github", repo: tree{".github/": tree{"bonafide.yml": observes}}, source: "acme/web .github/bonafide.yml at 3333333"},
		{name: "at the root", repo: tree{"bonafide.yml": observes}, source: "acme/web bonafide.yml at 3333333"},
		{name: "the owner's", repo: tree{"a": "1"}, owners: tree{"bonafide.yml": observes}, source: "acme/.github bonafide.yml at 5555555"},
		{name: "the owner's in .github", repo: tree{"a": "1"}, owners: tree{".github/": tree{"bonafide.yml": observes}}, source: "acme/.github .github/bonafide.yml at 5555555"},
		{name: "the owner has none", repo: tree{"a": "1"}, owners: tree{"README": "x"}, source: policy.Default().Source},
		{name: "its own before the owner's", repo: tree{"bonafide.yml": observes}, owners: tree{"bonafide.yml": "version: 9"}, source: "acme/web bonafide.yml at 3333333"},
		{name: "two", repo: tree{"bonafide.yml": observes, ".github/": tree{"bonafide.yml": observes}}, problem: "two policy files"},
		{name: "a folder", repo: tree{"bonafide.yml/": tree{"x": "1"}}, problem: "is a folder"},
		{name: "a symlink", repo: tree{".github/": tree{"bonafide.yml@": "../other.yml"}}, problem: "is a symlink"},
		{name: "a submodule", repo: tree{"bonafide.yml%": tip}, problem: "is a submodule"},
		{name: "another ending", repo: tree{".github/": tree{"bonafide.yaml": observes}}, problem: "Rename it"},
		{name: "too large", repo: tree{"bonafide.yml": observes + strings.Repeat("#", config.MaxPolicyBytes)}, problem: "larger than"},
		{name: "a mistake", repo: tree{"bonafide.yml": "version: 1\nmode: sometimes\n"}, problem: "line 2, column 7", line: 2},
		{name: "a mistake in the owner's", repo: tree{"a": "1"}, owners: tree{"bonafide.yml": "version: 1\nmode: sometimes\n"}, problem: "acme/.github bonafide.yml"},
		{name: "a file that is no policy", repo: tree{"bonafide.yml": "- 1\n"}, problem: "bonafide.yml", line: 1},
	}
	for _, tt := range tests {
		for _, limit := range []int{100, 0} { // listed at once, and walked
			t.Run(fmt.Sprint(tt.name, " ", limit), func(t *testing.T) {
				h := newHub(t)
				tt.repo.serve(h, "acme/web", tip, limit)
				if tt.owners != nil {
					h.on("GET /repos/acme/.github", `{"default_branch":"trunk","custom_properties":{"tier":["a","b"]}}`)
					h.on("GET /repos/acme/.github/git/ref/heads/trunk", `{"ref":"refs/heads/trunk","object":{"sha":"5555555555555555555555555555555555555555"}}`)
					tt.owners.serve(h, "acme/.github", "5555555555555555555555555555555555555555", limit)
				}
				p, problem, err := h.forge().Policy(t.Context(), web, tip)
				if err != nil {
					t.Fatal(err)
				}
				if tt.problem == "" {
					wantMode := policy.Observe
					if tt.source == policy.Default().Source {
						wantMode = policy.Enforce
					}
					if problem != nil || p.Source != tt.source || p.Mode != wantMode {
						t.Errorf("%q, %s, problem %+v", p.Source, p.Mode, problem)
					}
					return
				}
				if problem == nil || problem.Kind != policy.PolicyInvalid || !strings.Contains(problem.Detail, tt.problem) || problem.Line != tt.line || p.Mode != policy.Enforce {
					t.Errorf("problem %+v, mode %s", problem, p.Mode)
				}
				if tt.owners != nil && problem != nil && problem.Lockfile != "" {
					t.Errorf("a file of another repository is named as one of this: %q", problem.Lockfile)
				}
			})
		}
	}
}

func TestAPolicyThatCannotBeReadIsNotPassedOver(t *testing.T) {
	for status, want := range map[int]string{500: "later", 429: "later", 403: "problem", 404: "default", 409: "default"} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			h := newHub(t)
			tree{"a": "1"}.serve(h, "acme/web", tip, 100)
			path := "GET /repos/acme/.github"
			if status == 409 { // the repository is empty
				h.on(path, `{"default_branch":"main"}`)
				path += "/git/ref/heads/main"
			}
			h.routes[path] = func(w http.ResponseWriter, _ *http.Request) { answer(w, status, "no") }
			p, problem, err := h.forge().Policy(t.Context(), web, tip)
			var later *review.Later
			got := "default"
			switch {
			case errors.As(err, &later):
				got = "later"
			case err != nil:
				got = err.Error()
			case problem != nil:
				got = "problem"
			}
			if got != want || err == nil && p.Source != policy.Default().Source {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	h := newHub(t)
	if _, _, err := h.forge().Policy(t.Context(), web, tip); !errors.Is(err, review.ErrGone) {
		t.Errorf("a commit that is gone: %v", err)
	}
}

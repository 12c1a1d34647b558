package checks

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/review"
)

func TestSourcesAreReadAtTheTipOfTheDefaultBranch(t *testing.T) {
	h := newHub(t)
	h.on("GET /repos/acme/web", `{"html_url":"https://github.com/acme/Web","private":true,"default_branch":"trunk"}`)
	h.on("GET /repos/acme/web/git/ref/heads/trunk", fmt.Sprintf(`{"ref":"refs/heads/trunk","object":{"sha":%q}}`, tip))
	tree{
		"README.md": "no", "package.json": "{}",
		".github": tree{"workflows": tree{"a.yml": "on: push", "big.yml": strings.Repeat("x", 100), "link.yml@": "a.yml"}},
		"web":     tree{"package.json": `{"name":"web"}`},
	}.serve(h, "acme/web", tip, 1000)
	wanted := SourcesWanted{Path: func(p string) bool { return !strings.HasSuffix(p, ".md") }, Files: 3, MaxBytes: 50, Bytes: 1000}
	read := func() (Sources, error) {
		r, err := NewReader(HubConfig{APIURL: h.server.URL, Token: "ghp_secret", UserAgent: "bonafide/test"})
		if err != nil {
			t.Fatal(err)
		}
		return r.Sources(t.Context(), "acme", "web", wanted)
	}
	got, err := read()
	if err != nil || got.Repository != "github.com/acme/Web" || !got.Private || got.DefaultBranch != "trunk" {
		t.Fatalf("%+v %v", got, err)
	}
	if len(got.Files) != 3 || string(got.Files["web/package.json"]) != `{"name":"web"}` || string(got.Files[".github/workflows/a.yml"]) != "on: push" {
		t.Errorf("read %q", got.Files)
	}
	var unread []string
	for _, u := range got.Unread {
		unread = append(unread, u.Path+": "+u.Reason)
	}
	slices.Sort(unread)
	if want := []string{".github/workflows/big.yml: It has more than 0 kB.", ".github/workflows/link.yml: It is a symlink, which is not followed."}; !slices.Equal(unread, want) {
		t.Errorf("unread %q", unread)
	}
	wanted.Files = 1
	if got, err = read(); err != nil || len(got.Files) != 1 || len(got.Unread) != 4 {
		t.Errorf("%+v %v", got, err)
	}
	wanted.Files, wanted.Bytes = 3, 10
	if got, err = read(); err != nil || len(got.Files) != 2 || len(got.Unread) != 3 || !strings.Contains(fmt.Sprint(got.Unread), "All that is read") {
		t.Errorf("%+v %v", got, err)
	}
	h.on("GET /repos/acme/web/git/trees/"+tip, fmt.Sprintf(`{"sha":%q,"truncated":true,"tree":[]}`, tip))
	if _, err = read(); err == nil || !strings.Contains(err.Error(), "clone it") {
		t.Errorf("a listing that is cut: %v", err)
	}
	refuse := func(call string, status int, answer string) {
		h.routes[call] = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, answer)
		}
	}
	empty := h.routes["GET /repos/acme/web/git/ref/heads/trunk"]
	refuse("GET /repos/acme/web/git/ref/heads/trunk", 409, `{"message":"Git Repository is empty."}`)
	if got, err = read(); err != nil || len(got.Files) > 0 || got.DefaultBranch != "trunk" {
		t.Errorf("an empty repository: %+v %v", got, err)
	}
	h.routes["GET /repos/acme/web/git/ref/heads/trunk"] = empty
	refuse("GET /repos/acme/web", 403, `{"message":"Resource protected by organization SAML enforcement."}`)
	if _, err = read(); err == nil || !strings.Contains(err.Error(), "single sign-on") || strings.Contains(err.Error(), "the App") {
		t.Errorf("a token that is not authorised: %v", err)
	}
	refuse("GET /repos/acme/web", 401, `{"message":"Bad credentials"}`)
	if _, err = read(); err == nil || !strings.Contains(err.Error(), "it may have expired") {
		t.Errorf("a token that is over: %v", err)
	}
	h.on("GET /repos/acme/web", `{"private":true}`)
	var later *review.Later
	if _, err = read(); !errors.As(err, &later) {
		t.Errorf("no answer: %v", err)
	}
	delete(h.routes, "GET /repos/acme/web")
	if _, err = read(); !errors.Is(err, review.ErrGone) || !strings.Contains(err.Error(), "may not see it") {
		t.Errorf("a repository that is gone: %v", err)
	}
	if _, err = NewReader(HubConfig{APIURL: h.server.URL, UserAgent: "bonafide/test"}); err == nil {
		t.Error("no token is taken")
	}
}

package checks_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide"
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/outbound"
	"github.com/bonafide-app/bonafide/app/registered"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

func TestARegisteredAppIsRead(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	g := w.forge.Registered()
	a, at, err := g.App(ctx)
	w.must(err)
	if a.ID != w.hub.AppID() || a.Slug != "bonafide" || !a.Organised || a.ClientID == "" || a.Permissions["checks"] != "write" || len(a.Events) == 0 || time.Since(at).Abs() > time.Minute {
		t.Errorf("%+v at %v", a, at)
	}
	h, err := g.Hook(ctx)
	w.must(err)
	if h.URL == "" || h.ContentType != "json" || h.Insecure || !h.Secret {
		t.Errorf("%+v", h)
	}
	w.hub.SetHookConfig(forge.HookConfig{ContentType: "form", Insecure: true, NoSecret: true})
	h, err = g.Hook(ctx)
	w.must(err)
	if h.ContentType != "form" || !h.Insecure || h.Secret {
		t.Errorf("a careless one: %+v", h)
	}
	failed, all, err := g.Failing(ctx)
	w.must(err)
	if failed != 0 || all == 0 {
		t.Errorf("%d of %d deliveries failed", failed, all)
	}
	w.must(w.in.Suspend(ctx))
	list, err := g.Installations(ctx)
	w.must(err)
	if len(list) != 1 || list[0].Account != "acme" || !list[0].Organised || !list[0].Suspended || list[0].Permissions["contents"] != "read" {
		t.Errorf("%+v", list)
	}
}

func TestWhatABranchDemandsIsRead(t *testing.T) {
	ours := int64(1001)
	for name, tt := range map[string]struct {
		so   func(*forge.Repository)
		want string
	}{
		"nothing": {func(*forge.Repository) {}, "main []"},
		"a ruleset": {func(r *forge.Repository) {
			r.Require("main", true, forge.RequiredCheck{Name: "bonafide", App: ours}, forge.RequiredCheck{Name: "build"})
		}, "main [{bonafide 1001 a ruleset of acme/web} {build 0 a ruleset of acme/web}]"},
		"branch protection": {func(r *forge.Repository) {
			r.Require("main", false, forge.RequiredCheck{Name: "bonafide"}, forge.RequiredCheck{Name: "build", App: 15368})
		}, "main [{bonafide 0 branch protection} {build 15368 branch protection}]"},
		"both, on another branch": {func(r *forge.Repository) {
			r.Require("next", true, forge.RequiredCheck{Name: "bonafide"})
			r.Require("next", false, forge.RequiredCheck{Name: "bonafide"})
		}, "main []"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.so(w.repo)
			list, err := w.forge.Registered().Repositories(t.Context(), w.in.ID)
			w.must(err)
			if len(list) != 1 {
				t.Fatalf("%+v", list)
			}
			gate, err := w.forge.Registered().Gate(t.Context(), w.in.ID, list[0])
			w.must(err)
			if got := fmt.Sprint(gate.Branch, " ", gate.Demands); got != tt.want || gate.Hidden != "" {
				t.Errorf("%s, %s", got, gate.Hidden)
			}
		})
	}
}

func TestWhatGitHubHidesOfABranchIsSaid(t *testing.T) {
	for status, want := range map[int]string{http.StatusNotFound: "shows no rulesets", http.StatusForbidden: "does not let the App see the rulesets"} {
		w := newWorld(t)
		w.hub.SetFault(func(_ *http.Request, route string) *forge.Fault {
			if strings.Contains(route, "/rules/branches/") {
				return &forge.Fault{Status: status, Body: `{"message":"no"}`}
			}
			return nil
		})
		gate, err := w.forge.Registered().Gate(t.Context(), w.in.ID, registered.Repository{Owner: "acme", Name: "web"})
		if err != nil || !strings.Contains(gate.Hidden, want) {
			t.Errorf("%d: %+v, %v", status, gate, err)
		}
	}
}

// A key of another App is what most often goes wrong.
func TestARefusedKeySaysWhatItMayBe(t *testing.T) {
	w := newWorld(t)
	other, err := forge.New(t.TempDir(), forge.Options{Secret: "x"})
	w.must(err)
	defer other.Close()
	clients, err := checks.NewClientCreator(checks.ClientConfig{APIURL: w.hub.APIURL(), AppID: w.hub.AppID(), PrivateKey: other.PrivateKeyPEM(), UserAgent: "bonafide/test"})
	w.must(err)
	f, err := checks.New(clients, checks.Options{AppID: w.hub.AppID(), Logger: zerolog.Nop()})
	w.must(err)
	m, err := registered.Parse(bonafide.Manifest())
	w.must(err)
	lines, err := registered.Check(t.Context(), registered.Options{
		GitHub: f.Registered(), Manifest: m, Check: "bonafide", Web: w.hub.URL(), AppID: w.hub.AppID(), Clock: time.Now,
		Reach: registered.Reacher("bonafide/test", outbound.Route{}),
	})
	w.must(err)
	if len(lines) != 3 || lines[0].State != registered.Fail || !strings.Contains(lines[0].Says, "refuses the key") || lines[1].Subject != "clock" || lines[1].State != registered.OK {
		t.Errorf("%+v", lines)
	}
}

func TestAManifestIsConvertedOnce(t *testing.T) {
	w := newWorld(t)
	convert, err := checks.Converter(checks.ClientConfig{APIURL: w.hub.APIURL(), UserAgent: "bonafide/test", Transport: contract.ForTest(t).TransportForTest(t, http.DefaultTransport)})
	w.must(err)
	m, err := registered.Parse(bonafide.Manifest())
	w.must(err)
	document, err := m.Document("Mine", "https://bonafide.example.com", "http://127.0.0.1:1/callback")
	w.must(err)
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := stay.PostForm(registered.NewApp(strings.TrimSuffix(w.hub.URL(), "/"), ""), url.Values{"manifest": {string(document)}, "confirmed": {"yes"}})
	w.must(err)
	w.must(resp.Body.Close())
	back, err := resp.Location()
	w.must(err)
	a, r, err := convert(t.Context(), back.Query().Get("code"))
	w.must(err)
	if a.ID != w.hub.AppID() || a.Name != "Mine" || a.Slug != "mine" || a.Owner != "contributor" || a.Organised || r.Validate() != nil || len(m.Wider(a.Permissions)) > 0 {
		t.Errorf("%+v, %v", a, r.Validate())
	}
	for code, says := range map[string]string{back.Query().Get("code"): "good once", "": "none that GitHub gives", "a/b?c#d.......": "none that GitHub gives", "0123456789": "good once"} {
		if _, _, err := convert(t.Context(), code); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", code, err)
		}
	}
}

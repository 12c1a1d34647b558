package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/config"
)

// eavesdropper writes down what GitHub is asked beside what is the repository's own.
type eavesdropper struct {
	mu    sync.Mutex
	heard []string
}

func (e *eavesdropper) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(data)
		r.Body = io.NopCloser(strings.NewReader(body))
	}
	if !strings.Contains(r.URL.Path, "/repos/acme/web") {
		e.mu.Lock()
		e.heard = append(e.heard, r.Method+" "+r.URL.String()+" "+body)
		e.mu.Unlock()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// A pull request with packages of a registry of one's own, and private ones, is verified, and
// no name of them reaches the public registry or GitHub.
func TestNoNameOfAPrivateRegistryLeavesTheServer(t *testing.T) {
	var team *npm.Registry
	github := &eavesdropper{}
	p := newPlay(t, false, nil, func(o *app.Options, w *sandbox.World) {
		var err error
		if team, err = npm.New(w.Sigstore, time.Now); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(team)
		t.Cleanup(server.Close)
		o.Registries = config.Registries{All: []config.Registry{{URL: server.URL + "/", Scopes: []string{"@my-org"}, Keys: w.Sigstore.KeysNPM()}}, Private: []string{"@secret"}}
		o.Transport = github
	})
	for _, version := range []string{"1.0.0", "1.1.0"} {
		var err error
		p.integrity["@my-org/button@"+version], err = team.Publish(npm.Release{Name: "@my-org/button", Version: version})
		p.must(err)
		p.integrity["@secret/core@"+version] = p.integrity[missing]
	}
	lock := func(version string) forge.Files {
		packages := map[string]any{"": map[string]any{"name": "web"}, "node_modules/sand": map[string]any{"version": "2.0.0", "integrity": p.integrity[plain]}}
		for _, name := range []string{"@my-org/button", "@secret/core"} {
			packages["node_modules/"+name] = map[string]any{"version": version, "integrity": p.integrity[name+"@"+version]}
		}
		out, err := json.MarshalIndent(map[string]any{"lockfileVersion": 3, "packages": packages}, "", "  ")
		p.must(err)
		return forge.Files{"package-lock.json": forge.Text(string(out))}
	}
	_, err := p.repo.Push(p.ctx, forge.Change{Branch: "main", Files: lock("1.0.0")})
	p.must(err)
	p.settle()
	p.NPM.Forget()
	pull := p.pull(lock("1.1.0"))
	p.ends(pull.HeadSHA(), "success", "not-looked-up", "private")
	if asked := team.Asked(); !slices.Equal(asked, []string{"@my-org/button"}) {
		t.Errorf("the team's registry was asked about %v", asked)
	}
	for _, q := range p.NPM.Requests() {
		if strings.Contains(q.Path, "my-org") || strings.Contains(q.Path, "secret") {
			t.Errorf("the public registry was asked %s %s", q.Method, q.Path)
		}
	}
	github.mu.Lock()
	defer github.mu.Unlock()
	for _, q := range github.heard {
		if strings.Contains(q, "my-org") || strings.Contains(q, "@secret") {
			t.Errorf("GitHub was asked %s", q)
		}
	}
	if len(github.heard) == 0 {
		t.Error("nothing that GitHub was asked was heard")
	}
}

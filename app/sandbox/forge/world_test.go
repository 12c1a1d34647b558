package forge_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"sync"
	"testing"

	"github.com/google/go-github/v62/github"
	"github.com/palantir/go-githubapp/githubapp"

	"github.com/bonafide-app/bonafide/app/sandbox/contract"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

const secret = "a secret for tests"

// world is a forge with one repository, an installation, a client that is judged
// by GitHub's description, and a receiver of webhooks that is too.
type world struct {
	t            *testing.T
	ctx          context.Context
	forge        *forge.Server
	repo         *forge.Repository
	installation *forge.Installation
	creator      githubapp.ClientCreator
	app, client  *github.Client
	unjudged     *github.Client // for requests that are wrong on purpose
	judged       http.RoundTripper

	mu       sync.Mutex
	received []hook
}

// hook is a webhook that arrived.
type hook struct {
	event, delivery string
	payload         []byte
}

func newWorld(t *testing.T, options ...func(*forge.Options)) *world {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	validator := contract.ForTest(t)
	w := &world{t: t, ctx: t.Context()}
	receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		payload, err := github.ValidatePayload(r, []byte(secret))
		if err != nil {
			t.Errorf("webhook: %v", err)
		}
		if err := validator.Webhook(r.Header.Get("X-GitHub-Event"), payload); err != nil {
			t.Error(err)
		}
		w.mu.Lock()
		w.received = append(w.received, hook{r.Header.Get("X-GitHub-Event"), r.Header.Get("X-GitHub-Delivery"), payload})
		w.mu.Unlock()
		rw.WriteHeader(http.StatusAccepted)
		io.WriteString(rw, "stored")
	}))
	t.Cleanup(receiver.Close)
	o := forge.Options{Secret: secret, WebhookURL: receiver.URL}
	for _, option := range options {
		option(&o)
	}
	server, err := forge.New(t.TempDir(), o)
	w.must(err)
	t.Cleanup(func() { server.Close() })
	api := httptest.NewServer(server.Handler())
	t.Cleanup(api.Close)
	w.must(server.SetURL(api.URL))
	w.forge = server

	w.repo, err = server.CreateRepository(w.ctx, forge.RepositorySpec{Owner: "acme", Name: "web", Private: true, Files: forge.Files{
		"README.md": forge.Text("# web\n"), "package-lock.json": forge.Text(numbers(1, 40)),
	}})
	w.must(err)
	w.installation, err = server.Install(w.ctx, "acme")
	w.must(err)

	w.judged = validator.TransportForTest(t, http.DefaultTransport)
	var config githubapp.Config
	config.V3APIURL, config.V4APIURL = server.APIURL(), server.URL()+"/api/graphql"
	config.App.IntegrationID, config.App.PrivateKey, config.App.WebhookSecret = server.AppID(), string(server.PrivateKeyPEM()), secret
	w.creator, err = githubapp.NewDefaultCachingClientCreator(config, githubapp.WithTransport(w.judged))
	w.must(err)
	w.app, err = w.creator.NewAppClient()
	w.must(err)
	w.client, err = w.creator.NewInstallationClient(w.installation.ID)
	w.must(err)
	creator, err := githubapp.NewDefaultCachingClientCreator(config)
	w.must(err)
	w.unjudged, err = creator.NewInstallationClient(w.installation.ID)
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// hooks lists what arrived since the last call, as "event.action".
func (w *world) hooks() []hook {
	w.t.Helper()
	w.must(w.forge.Flush(w.ctx))
	w.mu.Lock()
	defer w.mu.Unlock()
	received := w.received
	w.received = nil
	return received
}

// change opens a pull request that changes lines of the lockfile.
func (w *world) change(branch, lockfile string) *forge.Pull {
	w.t.Helper()
	_, err := w.repo.Push(w.ctx, forge.Change{Branch: branch, From: "main", Files: forge.Files{"package-lock.json": forge.Text(lockfile)}})
	w.must(err)
	p, err := w.repo.OpenPull(w.ctx, forge.PullSpec{Title: "Change " + branch, Head: branch})
	w.must(err)
	return p
}

// refused says that GitHub refused, with which status.
func refused(err error) int {
	var e *github.ErrorResponse
	if errors.As(err, &e) {
		return e.Response.StatusCode
	}
	return 0
}

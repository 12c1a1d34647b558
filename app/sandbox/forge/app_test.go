package forge_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"
	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

// ask sends a request with credentials of one's own making.
func (w *world) ask(method, path, authorization, body string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx, method, w.forge.APIURL()+path, strings.NewReader(body))
	w.must(err)
	req.Header.Set("Authorization", authorization)
	resp, err := http.DefaultClient.Do(req)
	w.must(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	w.must(err)
	return resp.StatusCode, string(answer)
}

func TestOnlyAJWTOfTheAppItselfIsTheApp(t *testing.T) {
	w := newWorld(t)
	app, _, err := w.app.Apps.Get(w.ctx, "")
	w.must(err)
	if app.GetID() != w.forge.AppID() || app.GetSlug() != "bonafide" {
		t.Errorf("app %+v", app)
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(w.forge.PrivateKeyPEM())
	w.must(err)
	signed := func(method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		w.must(err)
		return "Bearer " + token
	}
	now := time.Now()
	claims := func(iss string, iat, exp time.Duration) jwt.MapClaims {
		return jwt.MapClaims{"iss": iss, "iat": now.Add(iat).Unix(), "exp": now.Add(exp).Unix()}
	}
	for name, c := range map[string]struct {
		authorization string
		want          int
	}{
		"right":            {signed(jwt.SigningMethodRS256, key, claims("1001", -time.Minute, 9*time.Minute)), 200},
		"another App":      {signed(jwt.SigningMethodRS256, key, claims("1002", -time.Minute, 9*time.Minute)), 401},
		"expired":          {signed(jwt.SigningMethodRS256, key, claims("1001", -time.Hour, -time.Minute)), 401},
		"valid too long":   {signed(jwt.SigningMethodRS256, key, claims("1001", -time.Minute, 11*time.Minute)), 401},
		"from the future":  {signed(jwt.SigningMethodRS256, key, claims("1001", 5*time.Minute, 9*time.Minute)), 401},
		"another method":   {signed(jwt.SigningMethodHS256, []byte("key"), claims("1001", -time.Minute, 9*time.Minute)), 401},
		"RS512":            {signed(jwt.SigningMethodRS512, key, claims("1001", -time.Minute, 9*time.Minute)), 401},
		"not a JWT":        {"Bearer abc", 401},
		"no authorization": {"", 401},
	} {
		if got, body := w.ask("GET", "app", c.authorization, ""); got != c.want {
			t.Errorf("%s: %d %s", name, got, body)
		}
	}
}

func TestTokensExpireAreNarrowedAndReachOnlyTheirRepositories(t *testing.T) {
	clock := new(atomic.Int64)
	w := newWorld(t, func(o *forge.Options) {
		o.Clock = func() time.Time { return time.Now().Add(time.Duration(clock.Load())) }
	})
	_, _, err := w.client.Repositories.Get(w.ctx, "acme", "web")
	w.must(err)
	token, _, err := w.app.Apps.CreateInstallationToken(w.ctx, w.installation.ID, &github.InstallationTokenOptions{
		Repositories: []string{"web"}, Permissions: &github.InstallationPermissions{Contents: github.String("read")}})
	w.must(err)
	if len(token.GetToken()) < 500 || token.GetPermissions().Checks != nil {
		t.Errorf("token %s… of %d characters, permissions %+v", token.GetToken()[:8], len(token.GetToken()), token.GetPermissions())
	}
	bearer := "token " + token.GetToken()
	head, err := w.repo.Tip(w.ctx, "main")
	w.must(err)
	run := `{"name":"x","head_sha":"` + head + `"}`
	if got, body := w.ask("POST", "repos/acme/web/check-runs", bearer, run); got != 403 || !strings.Contains(body, "Resource not accessible by integration") {
		t.Errorf("without the permission: %d %s", got, body)
	}
	_, _, err = w.app.Apps.CreateInstallationToken(w.ctx, w.installation.ID, &github.InstallationTokenOptions{
		Permissions: &github.InstallationPermissions{Contents: github.String("write")}})
	if refused(err) != 422 {
		t.Errorf("a token with more than was granted: %v", err)
	}
	for name, private := range map[string]bool{"hidden": true, "open": false} {
		_, err := w.forge.CreateRepository(w.ctx, forge.RepositorySpec{Owner: "elsewhere", Name: name, Private: private})
		w.must(err)
	}
	for path, want := range map[string]int{"hidden": 404, "open": 200, "none": 404} {
		if got, body := w.ask("GET", "repos/elsewhere/"+path, bearer, ""); got != want {
			t.Errorf("repository %s of another account: %d %s", path, got, body)
		}
	}
	if got, _ := w.ask("GET", "repos/acme/web", "token ghs_unknown", ""); got != 401 {
		t.Errorf("an unknown token: %d", got)
	}
	clock.Store(int64(61 * time.Minute))
	if got, body := w.ask("GET", "repos/acme/web", bearer, ""); got != 401 || !strings.Contains(body, "Bad credentials") {
		t.Errorf("an expired token: %d %s", got, body)
	}
	clock.Store(0)
	_, err = w.client.Apps.RevokeInstallationToken(w.ctx)
	w.must(err)
	w.must(w.installation.Suspend(w.ctx))
	if _, _, err = w.app.Apps.CreateInstallationToken(w.ctx, w.installation.ID, nil); refused(err) != 403 {
		t.Errorf("a token while suspended: %v", err)
	}
	w.must(w.installation.Unsuspend(w.ctx))
	all, _, err := w.app.Apps.ListInstallations(w.ctx, nil)
	w.must(err)
	one, _, err := w.app.Apps.FindRepositoryInstallation(w.ctx, "acme", "web")
	w.must(err)
	if len(all) != 1 || all[0].GetID() != one.GetID() {
		t.Errorf("installations %+v", all)
	}
	w.must(w.installation.Delete(w.ctx))
	if _, _, err := w.app.Apps.GetInstallation(w.ctx, one.GetID()); refused(err) != 404 {
		t.Errorf("an installation that was deleted: %v", err)
	}
}

func TestInstallationsOnSelectedRepositoriesTellOfEachChange(t *testing.T) {
	w := newWorld(t)
	a, err := w.forge.CreateRepository(w.ctx, forge.RepositorySpec{Owner: "person", Person: true, Name: "a"})
	w.must(err)
	b, err := w.forge.CreateRepository(w.ctx, forge.RepositorySpec{Owner: "person", Name: "b"})
	w.must(err)
	in, err := w.forge.Install(w.ctx, "person", a)
	w.must(err)
	client, err := w.creator.NewInstallationClient(in.ID)
	w.must(err)
	count := func() int {
		t.Helper()
		list, _, err := client.Apps.ListRepos(w.ctx, nil)
		w.must(err)
		return len(list.Repositories)
	}
	if n := count(); n != 1 {
		t.Errorf("%d repositories", n)
	}
	w.must(in.Add(w.ctx, b))
	if n := count(); n != 2 {
		t.Errorf("%d repositories", n)
	}
	w.must(in.Remove(w.ctx, a))
	w.must(in.SetPermissions(w.ctx, map[string]string{"contents": "read", "metadata": "read"}))
	_, err = a.Push(w.ctx, forge.Change{Branch: "main"}) // not ours any more
	w.must(err)
	got := actions(w.hooks())
	want := []string{"installation.created", "installation.created", "installation_repositories.added", "installation_repositories.removed", "installation.new_permissions_accepted"}
	if !slices.Equal(got, want) {
		t.Errorf("events %v", got)
	}
}

func TestDeliveriesAreLostDoubledReorderedAndRedelivered(t *testing.T) {
	w := newWorld(t)
	w.hooks()
	fates := map[string]forge.Fate{"opened": forge.Lose, "closed": forge.Double, "reopened": forge.Vanish}
	w.forge.SetFate(func(d forge.Delivery) forge.Fate {
		if d.Event != "pull_request" {
			return forge.Vanish
		}
		return fates[d.Action]
	})
	p := w.change("update", numbers(2, 40))
	w.must(p.Close(w.ctx))
	w.must(p.Reopen(w.ctx))
	received := w.hooks()
	if got := actions(received); !slices.Equal(got, []string{"pull_request.closed", "pull_request.closed"}) || received[0].delivery != received[1].delivery {
		t.Errorf("lost, doubled, vanished: %v", got)
	}
	w.forge.SetFate(func(forge.Delivery) forge.Fate { return forge.Hold })
	w.must(p.Rename(w.ctx, "first"))
	w.must(p.Close(w.ctx))
	if got := actions(w.hooks()); len(got) != 0 || len(w.forge.Held()) != 2 {
		t.Errorf("held, and yet: %v", got)
	}
	w.must(w.forge.Deliver(w.ctx, func(d []forge.Delivery) []forge.Delivery { slices.Reverse(d); return d }))
	if got := actions(w.hooks()); !slices.Equal(got, []string{"pull_request.closed", "pull_request.edited"}) {
		t.Errorf("reordered: %v", got)
	}
	w.forge.SetFate(nil)

	var log []*github.HookDelivery
	for cursor := ""; ; {
		part, resp, err := w.app.Apps.ListHookDeliveries(w.ctx, &github.ListCursorOptions{PerPage: 2, Cursor: cursor})
		w.must(err)
		log = append(log, part...)
		if cursor = resp.Cursor; cursor == "" {
			break
		}
	}
	var lost *github.HookDelivery
	for _, d := range log {
		if d.GetStatus() != "OK" {
			lost = d
		}
	}
	if len(log) != 6 || lost == nil || lost.GetAction() != "opened" || log[0].GetAction() != "edited" {
		t.Fatalf("log of %d, newest %+v, lost %+v", len(log), log[0], lost)
	}
	detail, _, err := w.app.Apps.GetHookDelivery(w.ctx, log[0].GetID())
	w.must(err)
	if !bytes.Contains(*detail.Request.RawPayload, []byte(`"edited"`)) || detail.Request.Headers["X-Github-Event"] != "pull_request" || string(*detail.Response.RawPayload) != `"stored"` {
		t.Errorf("detail %+v", detail)
	}
	_, _, err = w.app.Apps.RedeliverHookDelivery(w.ctx, lost.GetID())
	var accepted *github.AcceptedError
	if err != nil && !errors.As(err, &accepted) {
		t.Fatal(err)
	}
	received = w.hooks()
	if got := actions(received); !slices.Equal(got, []string{"pull_request.opened"}) || received[0].delivery != lost.GetGUID() {
		t.Errorf("redelivered: %v", got)
	}
	if newest := w.forge.Deliveries()[0]; !newest.Redelivery || newest.GUID != lost.GetGUID() || newest.ID == lost.GetID() || newest.Status != "OK" {
		t.Errorf("the log's newest %+v", newest)
	}
}

func TestAReceiverThatIsDownIsLogged(t *testing.T) {
	w := newWorld(t)
	w.must(w.forge.SetWebhookURL("http://127.0.0.1:1/hook"))
	w.must(w.forge.Ping(w.ctx))
	if d := w.forge.Deliveries()[0]; d.Status == "OK" || d.StatusCode != 0 || d.Event != "ping" {
		t.Errorf("%+v", d)
	}
}

func TestFaultsComeAsAsked(t *testing.T) {
	w := newWorld(t)
	get := func(ctx context.Context) (*github.Repository, error) {
		r, _, err := w.client.Repositories.Get(ctx, "acme", "web")
		return r, err
	}
	_, err := get(w.ctx)
	w.must(err)
	only := func(f *forge.Fault) {
		w.forge.SetFault(func(_ *http.Request, route string) *forge.Fault {
			if route == "GET /repos/{owner}/{repo}" {
				return f
			}
			return nil
		})
	}
	only(forge.SecondaryLimit(http.StatusTooManyRequests, 0))
	if _, err = get(w.ctx); refused(err) != 429 {
		t.Errorf("429: %v", err)
	}
	only(forge.BadGateway())
	if _, err = get(w.ctx); refused(err) != 502 {
		t.Errorf("502: %v", err)
	}
	only(&forge.Fault{Reset: true})
	if _, err = get(w.ctx); !errors.Is(err, io.EOF) {
		t.Errorf("reset: %v", err)
	}
	only(&forge.Fault{Truncate: true})
	if _, err = get(w.ctx); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("truncated: %v", err)
	}
	only(&forge.Fault{Stall: true})
	ctx, cancel := context.WithTimeout(w.ctx, 50*time.Millisecond)
	defer cancel()
	if _, err = get(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stalled: %v", err)
	}
	// The work is done, its answer is lost.
	p := w.change("update", numbers(2, 40))
	w.forge.SetFault(func(r *http.Request, _ string) *forge.Fault {
		if r.Method == http.MethodPost {
			return &forge.Fault{Reset: true, After: true}
		}
		return nil
	})
	_, _, err = w.client.Checks.CreateCheckRun(w.ctx, "acme", "web", github.CreateCheckRunOptions{Name: "bonafide", HeadSHA: p.HeadSHA()})
	if err == nil || len(w.repo.CheckRuns(p.HeadSHA())) != 1 {
		t.Errorf("error %v, %d check runs", err, len(w.repo.CheckRuns(p.HeadSHA())))
	}
	// A client that met a limit asks no more, so each has a client of its own.
	only(forge.SecondaryLimit(http.StatusForbidden, 30*time.Second))
	_, _, err = w.unjudged.Repositories.Get(w.ctx, "acme", "web")
	var abuse *github.AbuseRateLimitError
	if !errors.As(err, &abuse) || abuse.GetRetryAfter() != 30*time.Second {
		t.Errorf("a secondary limit: %v", err)
	}
	w.forge.SetFault(forge.Sometimes(7, 1, forge.PrimaryLimit(time.Now().Add(time.Hour))))
	_, err = get(w.ctx)
	var limited *github.RateLimitError
	if !errors.As(err, &limited) {
		t.Errorf("a primary limit: %v", err)
	}
}

func TestAskingAgainForWhatHasNotChangedCostsNothing(t *testing.T) {
	w := newWorld(t, func(o *forge.Options) { o.RateLimit = 4 })
	get := func(etag string) *http.Response {
		req, err := w.client.NewRequest("GET", "repos/acme/web/pulls", nil)
		w.must(err)
		if etag != "" {
			req.Header.Set("If-None-Match", etag)
		}
		resp, err := w.client.BareDo(w.ctx, req)
		if resp == nil || resp.StatusCode != http.StatusNotModified {
			w.must(err)
		}
		w.must(resp.Body.Close())
		return resp.Response
	}
	etag := get("").Header.Get("ETag")
	for range 5 {
		if resp := get(etag); resp.StatusCode != 304 || resp.Header.Get("ETag") != etag || resp.Header.Get("X-RateLimit-Remaining") != "3" {
			t.Errorf("%d, %v", resp.StatusCode, resp.Header)
		}
	}
	if resp := get(`"another"`); resp.StatusCode != 200 || resp.Header.Get("ETag") != etag || resp.Header.Get("X-RateLimit-Remaining") != "2" {
		t.Errorf("%d, %v", resp.StatusCode, resp.Header)
	}
}

func TestTheHourlyLimitIsCounted(t *testing.T) {
	w := newWorld(t, func(o *forge.Options) { o.RateLimit = 3 })
	for left := 2; left >= 0; left-- {
		_, resp, err := w.client.Repositories.Get(w.ctx, "acme", "web")
		w.must(err)
		if resp.Rate.Remaining != left || resp.Rate.Limit != 3 {
			t.Errorf("rate %+v", resp.Rate)
		}
	}
	_, _, err := w.client.Repositories.Get(w.ctx, "acme", "web")
	var limited *github.RateLimitError
	if !errors.As(err, &limited) {
		t.Errorf("beyond the limit: %v", err)
	}
}

func TestUnknownRoutesAreRemembered(t *testing.T) {
	w := newWorld(t)
	if len(w.forge.UnknownRoutes()) != 0 {
		t.Fatalf("unknown already: %+v", w.forge.UnknownRoutes())
	}
	for _, path := range []string{"repos/acme/web/nonsense", "users/somebody"} {
		if got, _ := w.ask("GET", path, "", ""); got != 404 {
			t.Errorf("%s: %d", path, got)
		}
	}
	if got, _ := w.ask("PUT", "app", "", "{}"); got != 404 {
		t.Errorf("another method: %d", got)
	}
	unknown := w.forge.UnknownRoutes()
	if len(unknown) != 3 || unknown[0].Path != "/repos/acme/web/nonsense" {
		t.Errorf("unknown %+v", unknown)
	}
}

func TestAServerWithoutASecretIsRefused(t *testing.T) {
	if _, err := forge.New(t.TempDir(), forge.Options{}); err == nil || !strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
}

func TestMissingGitIsSaid(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := forge.New(t.TempDir(), forge.Options{Secret: "x"}); err == nil || !strings.Contains(err.Error(), "needs git") {
		t.Errorf("error %v", err)
	}
}

func TestManyMayAskAtOnce(t *testing.T) {
	w := newWorld(t)
	p := w.change("update", numbers(2, 40))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 5 {
				if _, _, err := w.client.PullRequests.Get(w.ctx, "acme", "web", p.Number); err != nil {
					t.Error(err)
				}
				if _, _, err := w.client.Checks.CreateCheckRun(w.ctx, "acme", "web", github.CreateCheckRunOptions{Name: "bonafide", HeadSHA: p.HeadSHA()}); err != nil {
					t.Error(err)
				}
				w.page("/acme/web/pull/1")
				p.Reviews()
			}
		})
	}
	for i := range 3 {
		_, err := p.Push(w.ctx, forge.Files{"n": forge.Text(numbers(0, i))})
		w.must(err)
	}
	group.Wait()
}

package checks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/review"
)

const (
	readPull  = "GET /repos/acme/web/pulls/7"
	readMain  = "GET /repos/acme/web/git/ref/heads/main"
	tooMuch   = "You have exceeded a secondary rate limit"
	pastDate  = "Fri, 01 May 2026 11:00:00 GMT"
	laterDate = "Fri, 01 May 2026 12:02:00 GMT" // two minutes after now
)

// wall is what other servers and the next start see.
type wall struct {
	mu     sync.Mutex
	until  map[int64]time.Time
	reason map[int64]string
	reads  int
	err    error
}

func newWall() *wall { return &wall{until: map[int64]time.Time{}, reason: map[int64]string{}} }

func (m *wall) Pause(_ context.Context, installation int64, until time.Time, reason string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if until.After(m.until[installation]) {
		m.until[installation], m.reason[installation] = until, reason
	}
	return m.err
}

func (m *wall) Paused(_ context.Context, installation int64) (time.Time, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	return m.until[installation], m.reason[installation], m.err
}

// two is a hub with a pull request and a branch.
func two(t *testing.T) *hub {
	h := newHub(t)
	h.on(readPull, pullJSON(7, head, "open", ""))
	h.on(readMain, `{"ref":"refs/heads/main","object":{"sha":"`+tip+`"}}`)
	return h
}

func mustWait(t *testing.T, err error, limit bool) time.Duration {
	t.Helper()
	var later *review.Later
	if !errors.As(err, &later) || later.Limit != limit || later.Reason == "" {
		t.Fatalf("%+v, %v", later, err)
	}
	return later.After
}

func TestALimitPausesItsInstallationAndNoOther(t *testing.T) {
	inAMinute := strconv.FormatInt(now.Add(time.Minute).Unix(), 10)
	times := []struct {
		name   string
		header []string
		after  time.Duration
	}{
		{"without a time", nil, SecondaryWait},
		{"in seconds", []string{"Retry-After", "90"}, 90 * time.Second},
		{"at once", []string{"Retry-After", "0"}, MinWait},
		{"as a date", []string{"Retry-After", laterDate}, 2 * time.Minute},
		{"as a date that is past", []string{"Retry-After", pastDate}, SecondaryWait},
		{"as garbage", []string{"Retry-After", "in a while"}, SecondaryWait},
		{"as less than nothing", []string{"Retry-After", "-90"}, SecondaryWait},
		{"for years", []string{"Retry-After", "31536000000"}, MaxWait},
		{"beyond every number", []string{"Retry-After", strings.Repeat("9", 40)}, MaxWait},
		{"primary", []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", inAMinute}, time.Minute},
		{"primary, reset in the past", []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1000000000"}, SecondaryWait},
		{"primary, reset in years", []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "9999999999"}, MaxWait},
		{"primary, reset beyond every date", []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", strings.Repeat("9", 18)}, SecondaryWait},
		{"primary, no reset", []string{"X-RateLimit-Remaining", "0"}, SecondaryWait},
		{"primary, and a time", []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", inAMinute, "Retry-After", "20"}, 20 * time.Second},
		{"secondary, with the primary's reset", []string{"X-RateLimit-Remaining", "4000", "X-RateLimit-Reset", "9999999999"}, SecondaryWait},
	}
	for _, status := range []int{403, 429} {
		for _, x := range times {
			t.Run(fmt.Sprintf("%d %s", status, x.name), func(t *testing.T) {
				h := two(t)
				pauses := newWall()
				h.pauses = pauses
				h.says(readPull, status, tooMuch, x.header...)
				f := h.forge()
				_, err := f.PullRequest(t.Context(), web, 7)
				if after := mustWait(t, err, true); after != x.after {
					t.Errorf("waits %v, want %v", after, x.after)
				}
				h.forget()
				elsewhere := h.forge() // another server, or this one after a restart
				for _, f := range []*Forge{f, elsewhere} {
					if _, err := f.Tip(t.Context(), web, "main"); mustWait(t, err, true) != x.after {
						t.Errorf("another request: %v", err)
					}
				}
				if n := h.made(""); n != 0 {
					t.Errorf("%d requests during the pause", n)
				}
				other := web
				other.Installation = 10
				if _, err := f.Tip(t.Context(), other, "main"); err != nil {
					t.Errorf("another installation: %v", err)
				}
				h.wait(x.after)
				for _, f := range []*Forge{f, elsewhere} {
					if _, err := f.Tip(t.Context(), web, "main"); err != nil {
						t.Errorf("after the pause: %v", err)
					}
				}
			})
		}
	}
}

func TestARefusalIsNoLimit(t *testing.T) {
	h := two(t)
	h.says(readPull, 403, "Resource not accessible by integration", "X-RateLimit-Remaining", "4000", "X-RateLimit-Reset", "9999999999")
	f := h.forge()
	if _, err := f.PullRequest(t.Context(), web, 7); status(err) != 403 {
		t.Error(err)
	}
	if _, err := f.Tip(t.Context(), web, "main"); err != nil {
		t.Error(err)
	}
}

func TestALimitThatGoesOnIsWaitedForLongerEachTime(t *testing.T) {
	h := two(t)
	h.says("POST /repos/acme/web/check-runs", 403, tooMuch)
	f := h.forge()
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 65, 65} {
		_, err := f.create(t.Context(), web, head, externalID{})
		if after := mustWait(t, err, true); after != min(want*time.Minute, MaxWait) {
			t.Errorf("waits %v, want %v", after, want*time.Minute)
		}
		h.wait(MaxWait)
		if _, err := f.Tip(t.Context(), web, "main"); err != nil { // that reads pass says nothing of writes
			t.Error(err)
		}
	}
	h.says(readPull, 429, "slow down", "Retry-After", "0")
	delete(h.routes, "POST /repos/acme/web/check-runs")
	if _, err := f.create(t.Context(), web, head, externalID{}); err != nil {
		t.Error(err)
	}
	for _, want := range []time.Duration{1, 2, 4} { // "0" that goes on is no invitation
		_, err := f.PullRequest(t.Context(), web, 7)
		if after := mustWait(t, err, true); after != want*time.Second {
			t.Errorf("waits %v, want %v s", after, want)
		}
		h.wait(MaxWait)
	}
}

func TestLimitsMetAtTheSameMomentAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gates := newGates(time.Now, nil, new(zerolog.Logger))
		began := time.Now()
		time.Sleep(time.Second)
		for range 50 {
			if l := gates.limited(t.Context(), 9, began, false, &limited{}); l.After > SecondaryWait+SecondaryWait/4 {
				t.Fatal(l.After)
			}
		}
	})
}

func TestTheLastRequestOfAnHourBeginsThePause(t *testing.T) {
	h := two(t)
	f := h.forge()
	h.routes[readPull] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "5000")
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(time.Hour).Unix(), 10))
		_, _ = io.WriteString(w, pullJSON(7, head, "open", ""))
	}
	if _, err := f.PullRequest(t.Context(), web, 7); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Tip(t.Context(), web, "main"); mustWait(t, err, true) != time.Hour || h.made(readMain) != 0 {
		t.Error(err)
	}
	want := Limit{Installation: 9, Limit: 5000, Remaining: 0, Reset: now.Add(time.Hour), PausedUntil: now.Add(time.Hour)}
	if got := f.Limits(); len(got) != 2 || got[0].Installation != theApp || got[1].Installation != 9 || got[1].Remaining != 0 || got[1].Limit != 5000 ||
		!got[1].Reset.Equal(want.Reset) || !got[1].PausedUntil.Equal(want.PausedUntil) {
		t.Errorf("%+v", got)
	}
}

func TestPartOfTheLimitIsKeptForWhatPeopleWaitFor(t *testing.T) {
	h := two(t)
	f := h.forge()
	left := 0
	h.routes[readPull] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "5000")
		w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(left))
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(20*time.Minute).Unix(), 10))
		_, _ = io.WriteString(w, pullJSON(7, head, "open", ""))
	}
	for _, tt := range []struct {
		left int
		may  bool
	}{{4999, true}, {1666, true}, {1665, false}, {1, false}} {
		left = tt.left
		if _, err := f.PullRequest(t.Context(), web, 7); err != nil {
			t.Fatal(err)
		}
		err := f.Spare(t.Context(), 9)
		if err == nil != tt.may || f.Ready(t.Context(), 9) != nil {
			t.Errorf("%d left: %v", tt.left, err)
		}
		if err != nil && mustWait(t, err, true) < 20*time.Minute {
			t.Errorf("%d left: %v", tt.left, err)
		}
		if err := f.Spare(t.Context(), 10); err != nil {
			t.Errorf("another installation: %v", err)
		}
	}
}

func TestALimitOnTokensPausesTheApp(t *testing.T) {
	h := two(t)
	pauses := newWall()
	h.pauses = pauses
	f := h.forge()
	if _, err := f.Tip(t.Context(), web, "main"); err != nil { // this installation has its token
		t.Fatal(err)
	}
	h.says("token", 429, "slow down", "Retry-After", "40")
	other := review.Repository{Installation: 10, Owner: "acme", Name: "web"}
	_, err := f.Tip(t.Context(), other, "main")
	if mustWait(t, err, true) != 40*time.Second {
		t.Error(err)
	}
	h.forget()
	for _, installation := range []int64{10, 11} {
		other.Installation = installation
		_, err := f.Tip(t.Context(), other, "main")
		if mustWait(t, err, true) != 40*time.Second {
			t.Error(err)
		}
	}
	if _, err := f.login(t.Context()); mustWait(t, err, true) != 40*time.Second || h.made("") != 0 {
		t.Errorf("%v, %d requests", err, h.made(""))
	}
	if _, err := f.Tip(t.Context(), web, "main"); err != nil {
		t.Errorf("who has a token goes on: %v", err)
	}
}

func TestALimitOfGraphQLIsOneToo(t *testing.T) {
	h := two(t)
	h.on("POST /graphql", `{"data":null,"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`)
	f := h.forge()
	if err := f.mutate(t.Context(), web, "react", "mutation{}", nil); mustWait(t, err, true) != SecondaryWait {
		t.Error(err)
	}
	_, err := f.Tip(t.Context(), web, "main")
	mustWait(t, err, true)
}

func TestPausesAreReadSeldomAndMayBeOutOfReach(t *testing.T) {
	h := two(t)
	pauses := newWall()
	pauses.err = errors.New("the disk is gone")
	h.pauses = pauses
	f := h.forge()
	for range 10 {
		if _, err := f.Tip(t.Context(), web, "main"); err != nil {
			t.Fatal(err)
		}
	}
	if pauses.reads != 2 { // the installation's, and the App's for the token
		t.Errorf("read %d times", pauses.reads)
	}
	h.says(readPull, 429, "slow down")
	_, err := f.PullRequest(t.Context(), web, 7)
	mustWait(t, err, true)
	_, err = f.Tip(t.Context(), web, "main")
	mustWait(t, err, true)
}

func TestPausesOfManyJobsDoNotEndInOneMoment(t *testing.T) {
	gates := newGates(func() time.Time { return now }, nil, new(zerolog.Logger))
	waits := map[time.Duration]bool{}
	for range 100 {
		l := gates.later(time.Hour, "x")
		if l.After < time.Hour || l.After > time.Hour+MaxSpread {
			t.Fatal(l.After)
		}
		waits[l.After] = true
	}
	if len(waits) < 90 {
		t.Errorf("%d moments", len(waits))
	}
}

func TestFailuresInARowAreWaitedForLonger(t *testing.T) {
	h := two(t)
	good := h.routes[readPull]
	h.says(readPull, 502, "Bad Gateway")
	f := h.forge()
	for _, want := range []time.Duration{5, 10, 20, 40, 80, 120, 120} {
		_, err := f.PullRequest(t.Context(), web, 7)
		if after := mustWait(t, err, false); after != want*time.Second {
			t.Errorf("waits %v, want %v s", after, want)
		}
		if _, err := f.Tip(t.Context(), web, "main"); err != nil {
			t.Error(err)
		}
	}
	h.routes[readPull] = good
	if _, err := f.PullRequest(t.Context(), web, 7); err != nil {
		t.Error(err)
	}
	h.says(readPull, 503, "resting", "Retry-After", "300")
	if _, err := f.PullRequest(t.Context(), web, 7); mustWait(t, err, false) != 5*time.Minute {
		t.Error(err)
	}
}

func TestAFailureIsWaitedForAtLeastAsLongAsGitHubAsks(t *testing.T) {
	gates := newGates(func() time.Time { return now }, nil, new(zerolog.Logger))
	for range 100 {
		l := &review.Later{After: 5 * time.Minute}
		gates.backOff("x", l)
		if l.After < 5*time.Minute || l.After > 5*time.Minute+MaxSpread {
			t.Fatal(l.After)
		}
	}
}

func TestAPauseThatWouldNeverEndIsPassedOver(t *testing.T) {
	h := two(t)
	pauses := newWall()
	h.pauses = pauses
	for installation, until := range map[int64]time.Time{web.Installation: now.AddDate(1000, 0, 0), theApp: now.Add(MaxWait + time.Hour)} {
		if err := pauses.Pause(t.Context(), installation, until, "nonsense"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.forge().Tip(t.Context(), web, "main"); err != nil {
		t.Error(err)
	}
}

func TestWritesArePaced(t *testing.T) {
	h := newHub(t)
	f := h.forge()
	write := func(method, path string, begins bool) error {
		h.on(method+" /repos/acme/web/"+path, `{}`)
		_, err := f.do(t.Context(), web, request{what: "write", method: method, path: path, body: struct{}{}, begins: begins}, nil)
		return err
	}
	for range WriteBurst - BeginReserve {
		if err := write("POST", "check-runs", true); err != nil || h.waited != 0 {
			t.Fatal(err, h.waited)
		}
	}
	if err := write("POST", "check-runs", true); err != nil || h.waited != 750*time.Millisecond {
		t.Errorf("beginning leaves a reserve: %v after %v", err, h.waited)
	}
	before := h.waited
	for range BeginReserve {
		if err := write("PATCH", "check-runs/1", false); err != nil || h.waited-before > time.Millisecond {
			t.Errorf("completing uses the reserve: %v after %v", err, h.waited-before)
		}
	}
	before = h.waited
	for range 10 {
		if err := write("PATCH", "check-runs/1", false); err != nil {
			t.Error(err)
		}
	}
	if took := h.waited - before; took < 7*time.Second || took > 8*time.Second {
		t.Errorf("ten writes in %v", took)
	}
	h.waited = time.Hour
	for range 5 {
		if err := write("POST", "pulls/7/comments", false); err != nil {
			t.Error(err)
		}
	}
	if took := h.waited - time.Hour; took < 4*time.Second || took > 5*time.Second {
		t.Errorf("five comments in %v", took)
	}
}

// Whoever writes commands all the time, each of which gets a reaction, keeps no check from
// being begun.
func TestWhatIsSaidBesidesKeepsNoCheckWaiting(t *testing.T) {
	clock := now
	gates := newGates(func() time.Time { return clock }, nil, new(zerolog.Logger))
	gates.rest = func(context.Context, time.Duration) error { return nil }
	begun, said := 0, 0
	for range 600 {
		clock = clock.Add(time.Second)
		if gates.pace(t.Context(), 9, request{what: "react", method: "POST", path: "pulls/comments/1/reactions"}) == nil {
			said++
		}
		for range 2 {
			if gates.pace(t.Context(), 9, request{what: "begin", method: "POST", path: "check-runs", begins: true}) == nil {
				begun++
			}
		}
	}
	if begun < 750 {
		t.Errorf("begun %d, said %d in ten minutes", begun, said)
	}
}

func TestAWriteThatIsNotDueSoonLetsTheJobSleep(t *testing.T) {
	h := newHub(t)
	h.on("POST /repos/acme/web/check-runs", `{}`)
	f := h.forge()
	f.gates.rest = func(context.Context, time.Duration) error { return nil } // the clock stands still: many at once
	sent := 0
	var err error
	for err == nil {
		_, err = f.do(t.Context(), web, request{what: "write", method: "POST", path: "check-runs"}, nil)
		sent++
	}
	if after := mustWait(t, err, true); after <= MaxPace || after > MaxPace+time.Second || sent != WriteBurst+7 || h.made("POST") != sent-1 {
		t.Errorf("%v after %d writes: %v", after, sent, err)
	}
	other := web
	other.Installation = 10
	if _, err := f.do(t.Context(), other, request{what: "write", method: "POST", path: "check-runs"}, nil); err != nil {
		t.Error(err)
	}
}

func TestTheFenceIsAskedWhenTheWaitIsOver(t *testing.T) {
	h := newHub(t)
	h.on("POST /repos/acme/web/pulls/7/comments", `{}`)
	f := h.forge()
	superseded := false
	ctx := review.WithFence(t.Context(), func(context.Context) error {
		if superseded {
			return review.ErrSuperseded
		}
		return nil
	})
	q := request{what: "comment", method: "POST", path: "pulls/7/comments"}
	if _, err := f.do(ctx, web, q, nil); err != nil {
		t.Fatal(err)
	}
	f.gates.rest = func(context.Context, time.Duration) error { superseded = true; return nil }
	if _, err := f.do(ctx, web, q, nil); !errors.Is(err, review.ErrSuperseded) || h.made("POST") != 1 {
		t.Errorf("%v after %d writes", err, h.made("POST"))
	}
}

func TestAnInstallationHasOnlySoManyRequestsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		flying, most := 0, 0
		clients, err := NewClientCreator(ClientConfig{
			APIURL: "https://api.github.test/", AppID: appID, PrivateKey: testKey(), UserAgent: "bonafide/test",
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				resp := &http.Response{StatusCode: 201, Header: http.Header{}, Request: r,
					Body: io.NopCloser(strings.NewReader(`{"token":"ghs_1","expires_at":"2100-01-01T00:00:00Z"}`))}
				if strings.HasSuffix(r.URL.Path, "/access_tokens") {
					return resp, nil
				}
				mu.Lock()
				flying++
				most = max(most, flying)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				flying--
				mu.Unlock()
				resp.StatusCode, resp.Body = 200, io.NopCloser(strings.NewReader(pullJSON(7, head, "open", "")))
				return resp, nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		f, err := New(clients, Options{AppID: appID, Logger: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 3 * MaxConcurrent {
			all.Go(func() {
				if _, err := f.PullRequest(t.Context(), web, 7); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most != MaxConcurrent {
			t.Errorf("%d at a time", most)
		}
	})
}

func TestAnswersThatStillHoldAreNotSentAgain(t *testing.T) {
	h := newHub(t)
	var asked []string
	state := "1"
	h.routes["GET /repos/acme/web/pulls"] = func(w http.ResponseWriter, r *http.Request) {
		etag := `W/"` + state + r.URL.Query().Get("page") + `"`
		asked = append(asked, r.Header.Get("If-None-Match"))
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		number := 8
		if r.URL.Query().Get("page") == "" {
			number = 7
			w.Header().Set("Link", `<https://x/?page=2>; rel="next"`)
		}
		_, _ = io.WriteString(w, "["+pullJSON(number, head, "open", "")+"]")
	}
	f := h.forge()
	list := func(repo review.Repository, want string) {
		t.Helper()
		asked = nil
		pulls, err := f.OpenPulls(t.Context(), repo, head)
		if err != nil || len(pulls) != 2 || pulls[0].Number != 7 || pulls[1].Number != 8 {
			t.Errorf("%+v, %v", pulls, err)
		}
		if got := strings.Join(asked, " "); got != want {
			t.Errorf("asked with %q, want %q", got, want)
		}
	}
	list(web, " ")
	list(web, `W/"1" W/"12"`)
	other := web
	other.Installation = 10
	list(other, " ")
	state = "2"
	list(web, `W/"1" W/"12"`)
	list(web, `W/"2" W/"22"`)
	f.Evict(9)
	list(web, " ")
	list(other, `W/"1" W/"12"`)
}

// The first page of a list may be as it was, and full, while a second one came to be.
func TestAFullPageThatStillHoldsIsNotTheEnd(t *testing.T) {
	h := newHub(t)
	first, second := []string{}, ""
	for i := range PageSize {
		first = append(first, pullJSON(100+i, head, "open", ""))
	}
	h.routes["GET /repos/acme/web/pulls"] = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") != "" {
			_, _ = io.WriteString(w, "["+second+"]")
			return
		}
		if w.Header().Set("ETag", `"1"`); r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "["+strings.Join(first, ",")+"]")
	}
	f := h.forge()
	for _, want := range []int{PageSize, PageSize + 1} {
		if list, err := f.OpenPulls(t.Context(), web, head); err != nil || len(list) != want {
			t.Errorf("%d pull requests, want %d, %v", len(list), want, err)
		}
		second = pullJSON(7, head, "open", "")
	}
}

func TestHostileETags(t *testing.T) {
	for name, etag := range map[string]string{
		"huge": `"` + strings.Repeat("a", 1<<20) + `"`, "long": `"` + strings.Repeat("a", 1000) + `"`,
		"bare": "abc", "with a line": "\"a\tb\"", "open": `"abc`, "none": "",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			h.routes[readPull] = func(w http.ResponseWriter, r *http.Request) {
				if m := r.Header.Get("If-None-Match"); m != "" {
					t.Errorf("asked with %.50q", m)
				}
				w.Header().Set("ETag", etag)
				_, _ = io.WriteString(w, pullJSON(7, head, "open", ""))
			}
			f := h.forge()
			for range 2 {
				_, err := f.PullRequest(t.Context(), web, 7)
				if name == "huge" {
					mustWait(t, err, false)
				} else if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestNotModifiedWithoutBeingAskedIsNoAnswer(t *testing.T) {
	h := newHub(t)
	h.routes[readPull] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }
	_, err := h.forge().PullRequest(t.Context(), web, 7)
	mustWait(t, err, false)
}

func TestOnlySmallAnswersAreKept(t *testing.T) {
	h := newHub(t)
	h.routes[readMain] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			t.Error("kept")
		}
		w.Header().Set("ETag", `"1"`)
		fmt.Fprintf(w, `{"a":%q}`, strings.Repeat("x", MaxKeptAnswer))
	}
	f := h.forge()
	for range 2 {
		var out map[string]string
		if _, err := f.do(t.Context(), web, request{what: "read", path: "git/ref/heads/main"}, &out); err != nil {
			t.Error(err)
		}
	}
}

package checks

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/review"
)

// oneTurn is what a request takes, by the clock of a bubble: what a job takes in all, in
// round trips, is how many of its requests wait for one another.
const oneTurn = time.Second

// far is a hub that is a round trip away.
type far struct{ *hub }

func (f far) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(oneTurn)
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// farRegistry has signed releases without provenance. A release costs a document and its
// attestations, a history one.
type farRegistry struct{}

func (farRegistry) Verify(_ context.Context, s provenance.Subject) provenance.Evidence {
	time.Sleep(2 * oneTurn)
	ok := provenance.Check{State: provenance.Verified}
	none := provenance.Check{State: provenance.Absent, Reason: "the registry announces none"}
	return provenance.Evidence{
		Package: s.Package, Release: &registry.Release{Package: s.Package}, Signature: provenance.Signature{Check: ok},
		Publish: provenance.Publish{Check: none}, Provenance: provenance.Provenance{Check: none},
		Digest: provenance.Digest{Check: ok, Lockfile: dep.Strongest(s.Digests).SRI()},
	}
}

func (farRegistry) History(context.Context, string) (registry.History, error) {
	time.Sleep(oneTurn)
	long := now.Add(-365 * 24 * time.Hour)
	return registry.History{Releases: []registry.Past{{Version: "1.0.0", Published: long}, {Version: "1.0.1", Published: long.Add(time.Hour)}, {Version: "1.0.2", Published: long.Add(2 * time.Hour)}}}, nil
}

// lockOf20 is a package-lock.json of 20 packages.
func lockOf20(version string) string {
	var list []string
	for i := range 20 {
		name := fmt.Sprintf("pebble-%d", i)
		sum := sha512.Sum512([]byte(name + version))
		list = append(list, fmt.Sprintf(`"node_modules/%s":{"version":%q,"resolved":"https://registry.npmjs.org/%s/-/%s-%s.tgz","integrity":"sha512-%s"}`,
			name, version, name, name, version, base64.StdEncoding.EncodeToString(sum[:])))
	}
	return `{"name":"web","lockfileVersion":3,"requires":true,"packages":{"":{"name":"web"},` + strings.Join(list, ",") + "}}\n"
}

const secondHead = "1212121212121212121212121212121212121212"

// A pull request without findings, with 20 changed packages: what it costs of the
// installation's 5,000 requests an hour, and how long the chain of requests is of which each
// waits for the one before.
func TestCallsAndRoundTripsOfAPullRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{t: t, routes: map[string]http.HandlerFunc{}, seen: map[string]int{}, nextID: 100}
		clients, err := NewClientCreator(ClientConfig{APIURL: "http://127.0.0.1:1", AppID: appID, PrivateKey: testKey(), UserAgent: "bonafide/test", Transport: far{h}})
		if err != nil {
			t.Fatal(err)
		}
		f, err := New(clients, Options{AppID: appID, Logger: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		reviewer, err := review.New(review.Options{Verifier: farRegistry{}, Historian: farRegistry{}, Concurrency: 64, Clock: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		runner, err := review.NewRunner(f, reviewer, nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		tree{"package.json": "{}\n", "package-lock.json": lockOf20("1.0.0")}.serve(h, "acme/web", tip, 100)
		tree{"package.json": "{}\n", "package-lock.json": lockOf20("1.0.1")}.serve(h, "acme/web", head, 100)
		tree{"package.json": "{}\n", "package-lock.json": lockOf20("1.0.2")}.serve(h, "acme/web", secondHead, 100)
		h.on("GET /repos/acme/web/git/ref/heads/main", `{"ref":"refs/heads/main","object":{"sha":"`+tip+`"}}`)
		h.on("GET /advisories", `[]`)
		shows := func(sha string) {
			h.on("GET /repos/acme/web/pulls/7", pullJSON(7, sha, "open", `,"review_comments":0`))
			h.on("GET /repos/acme/web/pulls", "["+pullJSON(7, sha, "open", "")+"]")
			h.on("GET /repos/acme/web/compare/"+tip+"..."+sha, `{"merge_base_commit":{"sha":"`+tip+`","commit":{}},"commits":[]}`)
		}
		_, err = f.OpenPulls(t.Context(), review.Repository{Installation: web.Installation, Owner: "acme", Name: "other"}, head)
		if err == nil || h.tokens != 1 {
			t.Fatal(err, h.tokens) // the token is there from now on
		}

		for _, push := range []struct {
			name           string
			event          review.Event
			calls, inTurns int
		}{
			// Of GitHub's: the pull request and its base's tip; the runs of the head, the base's files
			// and the owner's policy; the head's files and the merge base; both lockfiles, and the run
			// is begun; the advisories; the open pull requests; the run is completed. Of the
			// registry's: two in turn.
			{"the first, with nothing in memory", review.Event{Head: head, Base: "main"}, 13, 9},
			// The base's files are known; what runs for the head before is looked for beside it.
			{"a push to it", review.Event{Head: secondHead, Before: head, Base: "main"}, 12, 9},
		} {
			shows(push.event.Head)
			h.forget()
			began := time.Now()
			if err := runner.PullRequest(t.Context(), web, 7, push.event, review.Try{}); err != nil {
				t.Fatal(err)
			}
			inTurns := int(time.Since(began) / oneTurn)
			time.Sleep(2 * RequestTimeout) // go-github lets go of a refused request's timer no sooner
			slices.Sort(h.calls)
			if len(h.calls) > push.calls || inTurns > push.inTurns {
				t.Errorf("%s: %d requests, %d in turns; at most %d and %d are wanted", push.name, len(h.calls), inTurns, push.calls, push.inTurns)
			}
			t.Logf("%s: %d requests, %d round trips in turn, the registry's among them:\n%s", push.name, len(h.calls), inTurns, strings.Join(h.calls, "\n"))
			if run := h.runs[len(h.runs)-1]; run.HeadSHA != push.event.Head || run.Conclusion != "success" {
				t.Errorf("%s: %+v", push.name, run)
			}
		}
	})
}

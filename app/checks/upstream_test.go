package checks

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/review"
)

const (
	upstreamAPI = "GET /repos/acme/axios"
	runAPI      = upstreamAPI + "/actions/runs/1234/attempts/2"
	orphan      = "9999999999999999999999999999999999999999"
)

// upstream is a hub with the public repository acme/axios: one finished attempt, whose
// commit is on main.
func upstream(t *testing.T) *hub {
	h := newHub(t)
	h.on(upstreamAPI, `{"id":1000,"private":false,"visibility":"public","default_branch":"main"}`)
	h.on(runAPI, `{"id":1234,"event":"push","status":"completed","conclusion":"failure","head_sha":"`+head+`","path":".github/workflows/release.yml@refs/heads/main"}`)
	h.on(runAPI+"/jobs", `{"total_count":4,"jobs":[{"name":"build","conclusion":"success"},{"name":"Run Tests","conclusion":"failure"},{"name":"Publish","conclusion":"skipped"},{"name":"later","conclusion":null}]}`)
	h.on(upstreamAPI+"/compare/v1.0.0..."+head, `{"status":"identical"}`)
	h.on(upstreamAPI+"/compare/main..."+head, `{"status":"behind"}`)
	h.on(upstreamAPI+"/commits/"+head+"/branches-where-head", `[]`)
	h.on(upstreamAPI+"/commits/"+head+"/pulls", `[]`)
	return h
}

// says answers a call with a status.
func (h *hub) says(call string, status int, message string, header ...string) {
	h.routes[call] = func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		answer(w, status, message)
	}
}

func builder() provenance.Identity {
	return provenance.Identity{
		Repository: "https://github.com/acme/axios", RepositoryID: "1000", Commit: head, Ref: "refs/tags/v1.0.0",
		Run: "https://github.com/acme/axios/actions/runs/1234/attempts/2",
	}
}

func TestARunIsReadWithItsJobsAndItsCommit(t *testing.T) {
	h := upstream(t)
	want := policy.Run{
		Inquiry: policy.Inquiry{Looked: policy.Answered}, Conclusion: "failure", Event: "push", Commit: head, Workflow: ".github/workflows/release.yml",
		Failed: []string{"Run Tests"}, Skipped: []string{"Publish"}, Succeeded: []string{"build"}, Standing: policy.OnRef,
	}
	f := h.forge()
	for range 2 {
		if got := f.Hub(web).Run(t.Context(), builder()); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v", got)
		}
	}
	if n := h.made(upstreamAPI); n != 4 {
		t.Errorf("%d requests: a finished attempt is read once: %q", n, h.calls)
	}
	if other := (review.Repository{Installation: 10, Owner: "other", Name: "web"}); f.Hub(other).Run(t.Context(), builder()).Looked != policy.Answered || h.made(upstreamAPI) != 4 {
		t.Error("what is public is asked for once for all installations")
	}
}

func TestWhatGitHubSaysOfARun(t *testing.T) {
	on := func(call, body string) func(*hub) { return func(h *hub) { h.on(call, body) } }
	says := func(call string, status int, message string, header ...string) func(*hub) {
		return func(h *hub) { h.says(call, status, message, header...) }
	}
	neverOn := func(h *hub) {
		h.on(upstreamAPI+"/compare/v1.0.0..."+head, `{"status":"diverged"}`)
		h.on(upstreamAPI+"/compare/main..."+head, `{"status":"ahead"}`)
	}
	merged := `[{"merged_at":%s,"base":{"repo":{"full_name":"%s"}}}]`
	for name, x := range map[string]struct {
		edit     func(*hub)
		looked   policy.Looked
		says     string
		standing policy.Standing
	}{
		"private":                       {on(upstreamAPI, `{"id":1000,"private":true,"default_branch":"main"}`), policy.Hidden, "private or gone", ""},
		"internal":                      {on(upstreamAPI, `{"id":1000,"private":false,"visibility":"internal","default_branch":"main"}`), policy.Hidden, "private or gone", ""},
		"a repository that is gone":     {says(upstreamAPI, 404, "Not Found"), policy.Hidden, "private or gone", ""},
		"taken down":                    {says(upstreamAPI, 451, "Repository access blocked"), policy.Hidden, "private or gone", ""},
		"another by the same name":      {on(upstreamAPI, `{"id":2000,"private":false,"default_branch":"main"}`), policy.Hidden, "another one has its name", ""},
		"a repository without a word":   {on(upstreamAPI, `{}`), policy.Unreachable, "not one", ""},
		"the run was deleted":           {says(runAPI, 404, "Not Found"), policy.Gone, "no such run", ""},
		"another run's answer":          {on(runAPI, `{"id":77,"status":"completed","conclusion":"success"}`), policy.Unreachable, "not that run", ""},
		"used up, primary":              {says(runAPI, 403, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "4102444800"), policy.Unreachable, "rate limit", ""},
		"used up, secondary":            {says(runAPI, 403, "You have exceeded a secondary rate limit", "Retry-After", "60"), policy.Unreachable, "", ""},
		"too many requests":             {says(runAPI, 429, "slow down"), policy.Unreachable, "rate limit", ""},
		"refused":                       {says(runAPI, 403, "Resource not accessible by integration"), policy.LeftOut, "refused", ""},
		"500":                           {says(runAPI, 500, "oops"), policy.Unreachable, "500", ""},
		"truncated":                     {on(runAPI, `{"id":1234,"status":"compl`), policy.Unreachable, "could not be read", ""},
		"HTML":                          {on(runAPI, `<html>Unicorn!</html>`), policy.Unreachable, "could not be read", ""},
		"nothing":                       {on(runAPI, ``), policy.Unreachable, "could not be read", ""},
		"jobs that cannot be read":      {says(runAPI+"/jobs", 502, "Bad Gateway"), policy.Unreachable, "502", ""},
		"it goes on":                    {on(runAPI, `{"id":1234,"status":"in_progress","conclusion":null}`), policy.Answered, "", policy.OnRef},
		"on the tag alone":              {on(upstreamAPI+"/compare/main..."+head, `{"status":"diverged"}`), policy.Answered, "", policy.OnRef},
		"the tag is gone, it is main's": {says(upstreamAPI+"/compare/v1.0.0..."+head, 404, "Not Found"), policy.Answered, "", policy.OnRef},
		"on nothing":                    {neverOn, policy.Answered, "", policy.Orphan},
		"no common history":             {func(h *hub) { neverOn(h); h.says(upstreamAPI+"/compare/main..."+head, 404, "No common ancestor") }, policy.Answered, "", policy.Orphan},
		"nowhere": {func(h *hub) {
			neverOn(h)
			h.says(upstreamAPI+"/commits/"+head+"/branches-where-head", 422, "No commit found for SHA")
		}, policy.Answered, "", policy.Orphan},
		"the tip of a branch": {func(h *hub) {
			neverOn(h)
			h.on(upstreamAPI+"/commits/"+head+"/branches-where-head", `[{"name":"next"}]`)
		}, policy.Answered, "", policy.OnRef},
		"of a pull request that was merged, its branch deleted": {func(h *hub) {
			neverOn(h)
			h.on(upstreamAPI+"/commits/"+head+"/pulls", fmt.Sprintf(merged, `"2026-04-01T00:00:00Z"`, "Acme/Axios"))
		}, policy.Answered, "", policy.OnRef},
		"of a pull request that is open": {func(h *hub) {
			neverOn(h)
			h.on(upstreamAPI+"/commits/"+head+"/pulls", fmt.Sprintf(merged, "null", "acme/axios"))
		}, policy.Answered, "", policy.Orphan},
		"of one that was merged into a fork": {func(h *hub) {
			neverOn(h)
			h.on(upstreamAPI+"/commits/"+head+"/pulls", fmt.Sprintf(merged, `"2026-04-01T00:00:00Z"`, "mallory/axios"))
		}, policy.Answered, "", policy.Orphan},
		"where it stands is out of reach": {func(h *hub) { neverOn(h); h.says(upstreamAPI+"/compare/main..."+head, 502, "Bad Gateway") }, policy.Unreachable, "502", ""},
		"a comparison of no known kind":   {func(h *hub) { neverOn(h); h.on(upstreamAPI+"/compare/main..."+head, `{"status":"odd"}`) }, policy.Unreachable, "not one", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := upstream(t)
			x.edit(h)
			got := h.forge().Hub(web).Run(t.Context(), builder())
			if got.Looked != x.looked || !strings.Contains(got.Reason, x.says) || got.Standing != x.standing {
				t.Errorf("%+v", got)
			}
			if got.Looked == policy.Hidden && h.made(runAPI) != 0 {
				t.Error("a run that not everybody may see was asked for")
			}
		})
	}
}

func TestOnlyWhatIsSettledIsKept(t *testing.T) {
	h := upstream(t)
	h.says(runAPI, 500, "oops")
	f := h.forge()
	at := now
	f.clock = func() time.Time { return at }
	ask := func() policy.Run { return f.Hub(web).Run(t.Context(), builder()) }
	if ask(); ask().Looked != policy.Unreachable || h.made(runAPI) != 2 {
		t.Errorf("a failure is asked again at once: %d", h.made(runAPI))
	}
	h.on(runAPI, `{"id":1234,"status":"in_progress","conclusion":null}`)
	if ask(); ask().Conclusion != "" || h.made(runAPI) != 3 {
		t.Errorf("an unfinished run is kept for a while: %d", h.made(runAPI))
	}
	h.on(runAPI, `{"id":1234,"status":"completed","conclusion":"success"}`)
	if at = at.Add(KeepAnswers + time.Second); ask().Conclusion != "success" {
		t.Error("an unfinished run is kept for too long")
	}
	h.on(runAPI, `{"id":1234,"status":"completed","conclusion":"failure"}`)
	if at = at.Add(KeepFacts - time.Second); ask().Conclusion != "success" {
		t.Error("a finished run is not kept")
	}
}

// A run's time is over: that is no failure of GitHub's.
func TestARunThatTakesTooLongIsLeftOut(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := upstream(t)
	h.routes[runAPI] = func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }
	if got := h.forge().Hub(web).Run(ctx, builder()); got.Looked != policy.LeftOut || !strings.Contains(got.Reason, "time") {
		t.Errorf("%+v", got)
	}
}

func TestRunsAreAskedForOnlyByTheShapeThatGitHubGivesThem(t *testing.T) {
	h := upstream(t)
	f := h.forge()
	const good = "https://github.com/acme/axios"
	for _, x := range []struct {
		repository, run string
		looked          policy.Looked
	}{
		{"https://gitlab.com/acme/axios", "https://gitlab.com/acme/axios/-/jobs/1", ""},
		{good, "", ""},
		{good, "http://github.com/acme/axios/actions/runs/1/attempts/1", policy.LeftOut},
		{good, "https://github.com.evil.example/acme/axios/actions/runs/1/attempts/1", policy.LeftOut},
		{good, "https://mallory@github.com/acme/axios/actions/runs/1/attempts/1", policy.LeftOut},
		{good, "https://github.com/acme/other/actions/runs/1/attempts/1", policy.LeftOut},
		{good, "https://github.com/acme/axios/../other/actions/runs/1/attempts/1", policy.LeftOut},
		{good, "https://github.com/acme/../actions/runs/1/attempts/1", policy.LeftOut},
		{good, good + "/actions/runs/1/attempts/1/../../../../..", policy.LeftOut},
		{good, good + "/actions/runs/0/attempts/1", policy.LeftOut},
		{good, good + "/actions/runs/-1/attempts/1", policy.LeftOut},
		{good, good + "/actions/runs/1/attempts/1?x=y", policy.LeftOut},
		{good, good + "/actions/runs/1/attempts/1#x", policy.LeftOut},
		{good, good + "/actions/runs/1/attempts/1\n", policy.LeftOut},
		{good, good + "/actions/runs/" + strings.Repeat("9", 40) + "/attempts/1", policy.LeftOut},
		{good, good + "/actions/runs/1/attempts/99999999999999999999", policy.LeftOut},
		{"https://github.com/acme/..", "https://github.com/acme/../actions/runs/1/attempts/1", ""},
		{"https://github.com/acme/axios/extra", good + "/actions/runs/1/attempts/1", ""},
	} {
		id := builder()
		id.Repository, id.Run = x.repository, x.run
		if got := f.Hub(web).Run(t.Context(), id); got.Looked != x.looked {
			t.Errorf("%s, %s: %+v", x.repository, x.run, got)
		}
	}
	if len(h.calls) != 0 {
		t.Errorf("asked %q", h.calls)
	}
}

func FuzzRunAddress(f *testing.F) {
	for _, seed := range []string{
		"https://github.com/acme/axios/actions/runs/1234/attempts/2", "https://github.com/a/../actions/runs/1/attempts/1", "https://github.com/a/b/actions/runs/0/attempts/0",
		"https://github.com/a/%2e%2e/actions/runs/1/attempts/1", "https://github.com/a/b/actions/runs/1/attempts/1/", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		a, ok := parseRun(address)
		if !ok {
			return
		}
		path := place{owner: a.owner, name: a.name}.path("/actions/runs/%s/attempts/%s", a.run, a.number)
		u, err := url.Parse("https://api.github.com/" + path)
		if err != nil || u.EscapedPath() != "/"+path || u.JoinPath().Path != "/"+path || len(strings.Split(path, "/")) != 8 || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%q gives the path %q", address, path)
		}
		if address != "https://github.com/"+a.owner+"/"+a.name+"/actions/runs/"+a.run+"/attempts/"+a.number {
			t.Errorf("%q is read as %+v", address, a)
		}
	})
}

func TestManyJobsAreReadPageByPage(t *testing.T) {
	h := upstream(t)
	var jobs []map[string]any
	for i := range 350 {
		jobs = append(jobs, map[string]any{"name": fmt.Sprintf("job %d %s", i, strings.Repeat("x", 500)), "conclusion": "success"})
	}
	h.routes[runAPI+"/jobs"] = func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		n := 1
		_, _ = fmt.Sscan(q.Get("page"), &n)
		from := (n - 1) * PageSize
		if from+PageSize < len(jobs) {
			q.Set("page", fmt.Sprint(n+1))
			w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?%s>; rel="next"`, r.Host, r.URL.Path, q.Encode()))
		}
		send(w, 200, map[string]any{"total_count": len(jobs), "jobs": jobs[from:min(from+PageSize, len(jobs))]})
	}
	got := h.forge().Hub(web).Run(t.Context(), builder())
	if len(got.Succeeded) != MaxJobPages*PageSize || len(got.Succeeded[0]) != MaxJobName {
		t.Errorf("%d jobs", len(got.Succeeded))
	}
}

func TestAGitCommitIsLookedForOnBranchesAndTags(t *testing.T) {
	refs := func(kind string, names ...string) string {
		var out []string
		for _, n := range names {
			out = append(out, fmt.Sprintf(`{"ref":"refs/%s/%s","object":{"type":"tag","sha":%q}}`, kind, n, base))
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	many := strings.Fields(strings.Repeat("v ", MaxRefs+1))
	const heads, tags = upstreamAPI + "/git/matching-refs/heads", upstreamAPI + "/git/matching-refs/tags"
	for name, x := range map[string]struct {
		edit     func(*hub)
		looked   policy.Looked
		standing policy.Standing
	}{
		"nowhere": {nil, policy.Answered, policy.Orphan},
		"in the history of a branch": {func(h *hub) {
			h.on(heads, refs("heads", "main", "1.x"))
			h.on(upstreamAPI+"/compare/1.x..."+orphan, `{"status":"behind"}`)
		}, policy.Answered, policy.OnRef},
		"an annotated tag": {func(h *hub) {
			h.on(tags, refs("tags", "v1.0.0"))
			h.on(upstreamAPI+"/compare/v1.0.0..."+orphan, `{"status":"identical"}`)
		}, policy.Answered, policy.OnRef},
		"a tag on it":                     {func(h *hub) { h.on(tags, strings.ReplaceAll(refs("tags", many...), base, orphan)) }, policy.Answered, policy.OnRef},
		"more branches than are searched": {func(h *hub) { h.on(tags, refs("tags", many...)) }, policy.LeftOut, ""},
		"a listing that is out of reach":  {func(h *hub) { h.says(tags, 503, "down") }, policy.Unreachable, ""},
		"a private repository":            {func(h *hub) { h.on(upstreamAPI, `{"id":1,"private":true,"default_branch":"main"}`) }, policy.Hidden, ""},
		"a repository that is gone":       {func(h *hub) { h.says(upstreamAPI, 404, "Not Found") }, policy.Hidden, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := upstream(t)
			h.on(upstreamAPI+"/compare/main..."+orphan, `{"status":"diverged"}`)
			h.on(upstreamAPI+"/commits/"+orphan+"/branches-where-head", `[]`)
			h.on(upstreamAPI+"/commits/"+orphan+"/pulls", `[]`)
			h.on(heads, refs("heads", "main"))
			h.on(tags, `[]`)
			if x.edit != nil {
				x.edit(h)
			}
			if got := h.forge().Hub(web).Commit(t.Context(), "https://github.com/acme/axios", orphan); got.Looked != x.looked || got.Standing != x.standing {
				t.Errorf("%+v", got)
			}
		})
	}
	h := upstream(t)
	for repository, sha := range map[string]string{"https://gitlab.com/acme/axios": head, "https://github.com/acme/..": head} {
		if got := h.forge().Hub(web).Commit(t.Context(), repository, sha); got.Looked != "" {
			t.Errorf("%s: %+v", repository, got)
		}
	}
	if got := h.forge().Hub(web).Commit(t.Context(), "https://github.com/acme/axios", "main"); got.Looked != policy.LeftOut || len(h.calls) != 0 {
		t.Errorf("a branch: %+v, asked %q", got, h.calls)
	}
}

func npm(id string) dep.Package {
	at := strings.LastIndexByte(id, '@')
	return dep.Package{Ecosystem: dep.NPM, Name: id[:at], Version: id[at+1:]}
}

func ghsa(kind, name, ranges, fixed, withdrawn string) string {
	null := func(s string) string {
		if s == "" {
			return "null"
		}
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf(`{"ghsa_id":"GHSA-aaaa-bbbb-cccc","html_url":"https://github.com/advisories/GHSA-aaaa-bbbb-cccc","summary":"s","type":%q,"withdrawn_at":%s,
		"vulnerabilities":[{"package":{"ecosystem":"npm","name":%q},"vulnerable_version_range":%s,"first_patched_version":%s}]}`, kind, null(withdrawn), name, null(ranges), null(fixed))
}

func TestMalwareIsNamedByWhatTheAdvisoryItselfSays(t *testing.T) {
	left := npm("left@1.2.3")
	for name, x := range map[string]struct {
		body  string
		named bool
	}{
		"exactly":                        {ghsa("malware", "left", "= 1.2.3", "", ""), true},
		"another version":                {ghsa("malware", "left", "= 1.2.4", "", ""), false},
		"all versions":                   {ghsa("malware", "left", ">= 0", "", ""), true},
		"more than nothing":              {ghsa("malware", "left", "> 0", "", ""), true},
		"between":                        {ghsa("malware", "left", ">= 1.0.0, < 2.0.0", "", ""), true},
		"at the end of it":               {ghsa("malware", "left", ">= 1.0.0, < 1.2.3", "", ""), false},
		"no range":                       {ghsa("malware", "left", "", "", ""), true},
		"a range that nobody can read":   {ghsa("malware", "left", "~~ 9", "", ""), true},
		"a range without end":            {ghsa("malware", "left", strings.Repeat("> 9.0.0, ", 500), "", ""), true},
		"another package":                {ghsa("malware", "right", ">= 0", "", ""), false},
		"withdrawn":                      {ghsa("malware", "left", ">= 0", "", "2026-01-01T00:00:00Z"), false},
		"another ecosystem":              {strings.ReplaceAll(ghsa("malware", "left", ">= 0", "", ""), `"npm"`, `"pip"`), false},
		"of no package":                  {`{"ghsa_id":"GHSA-aaaa-bbbb-cccc","type":"malware","vulnerabilities":[{"package":null}]}`, false},
		"without a word of what it hits": {`{"ghsa_id":"GHSA-aaaa-bbbb-cccc","type":"malware","vulnerabilities":null}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			h.on("GET /advisories", "["+x.body+"]")
			got, inquiry := h.forge().Hub(web).Malware(t.Context(), []dep.Package{left})
			if inquiry.Looked != policy.Answered || (len(got[left]) == 1) != x.named {
				t.Errorf("%+v, %+v", got, inquiry)
			}
		})
	}
}

func TestRangesOfVersions(t *testing.T) {
	for _, x := range []struct {
		version, ranges string
		in              bool
	}{
		{"0.0.0", "> 0", true}, {"0.0.0-rc.1", ">= 0", true}, {"1.0.0", "1.0.0", true}, {"1.0.0+build", "= 1.0.0", true}, {"1.0.0-rc.1", "< 1.0.0", true},
		{"1.0.0", "<= 1.0.0", true}, {"1.0.0", "< 1.0.0", false}, {"1.0.1", "> 1.0.0", true}, {"1.0.0", "> 1.0.0", false}, {"2.0.0", ">= 1.0.0,< 2.0.0", false},
		{"10.0.0", "> 9.0.0", true}, {"1.0.0", "", true}, {"1.0.0", "= banana", true}, {"banana", "= 1.0.0", true}, {"1.0.0", "=> 2.0.0", true}, {"1.0.0", "^2.0.0", true},
		{"1.0.0", "> 2.0.0, banana", false},
	} {
		if got := inRange(x.version, x.ranges); got != x.in {
			t.Errorf("%s in %q: %t", x.version, x.ranges, got)
		}
	}
}

func FuzzRange(f *testing.F) {
	f.Add("1.2.3", ">= 1.0.0, < 2.0.0")
	f.Add("", ",")
	f.Add("0", "> 0")
	f.Fuzz(func(t *testing.T, version, ranges string) {
		if !inRange(version, "") || !inRange(version, ">= 0") {
			t.Errorf("%q is not in all there is", version)
		}
		inRange(version, ranges)
	})
}

func TestThatAdvisoriesAreNotAnsweredIsSaid(t *testing.T) {
	left := []dep.Package{npm("left@1.2.3")}
	for name, x := range map[string]struct {
		edit   func(*hub)
		looked policy.Looked
	}{
		"no database":   {func(h *hub) { h.says("GET /advisories", 404, "Not Found") }, policy.NotConfigured},
		"500":           {func(h *hub) { h.says("GET /advisories", 500, "oops") }, policy.Unreachable},
		"403, used up":  {func(h *hub) { h.says("GET /advisories", 403, "API rate limit exceeded", "X-RateLimit-Remaining", "0") }, policy.Unreachable},
		"429":           {func(h *hub) { h.says("GET /advisories", 429, "slow down", "Retry-After", "30") }, policy.Unreachable},
		"a wrong token": {func(h *hub) { h.says("GET /advisories", 401, "Bad credentials") }, policy.Unreachable},
		"refused":       {func(h *hub) { h.says("GET /advisories", 422, "affects is invalid") }, policy.LeftOut},
		"truncated":     {func(h *hub) { h.on("GET /advisories", `[{"ghsa_id":`) }, policy.Unreachable},
		"HTML":          {func(h *hub) { h.on("GET /advisories", `<html>`) }, policy.Unreachable},
		"nothing":       {func(h *hub) { h.on("GET /advisories", ``) }, policy.Unreachable},
		"an object":     {func(h *hub) { h.on("GET /advisories", `{"message":"hello"}`) }, policy.Unreachable},
		"advisories of a kind that was not asked for": {func(h *hub) { h.on("GET /advisories", "["+ghsa("reviewed", "left", ">= 0", "", "")+"]") }, policy.Unreachable},
		"pages without end": {func(h *hub) {
			n := 0
			h.routes["GET /advisories"] = func(w http.ResponseWriter, r *http.Request) {
				n++
				w.Header().Set("Link", fmt.Sprintf(`<http://%s/advisories?after=c%d>; rel="next"`, r.Host, n))
				_, _ = w.Write([]byte(`[]`))
			}
		}, policy.LeftOut},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			x.edit(h)
			f := h.forge()
			named, inquiry := f.Hub(web).Malware(t.Context(), left)
			if len(named) != 0 || inquiry.Looked != x.looked || inquiry.Reason == "" {
				t.Errorf("%+v, %+v", named, inquiry)
			}
			before := h.made("GET /advisories")
			if f.Hub(web).Malware(t.Context(), left); h.made("GET /advisories") == before && !strings.Contains(inquiry.Reason, "rate limit") && !strings.Contains(inquiry.Reason, "pause") {
				t.Error("that nothing was answered is kept")
			}
		})
	}
}

func TestAdvisoriesAreAskedForInBatchesAndKept(t *testing.T) {
	h := newHub(t)
	var asked []string
	h.routes["GET /advisories"] = func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("type") != "malware" || q.Get("ecosystem") != "npm" || len(r.URL.RawQuery) > 8_000 {
			answer(w, 422, "invalid")
			return
		}
		names := strings.Split(q.Get("affects"), ",")
		asked = append(asked, names...)
		if q.Get("after") == "" && slices.Contains(names, "@acme/p00700@1.0.0") { // its advisory is on the second page
			w.Header().Set("Link", fmt.Sprintf(`<http://%s/advisories?after=Y3Vyc29y>; rel="next"`, r.Host))
			_, _ = w.Write([]byte(`[]`))
			return
		}
		_, _ = fmt.Fprintf(w, "[%s]", ghsa("malware", "@acme/p00700", "= 1.0.0", "", ""))
	}
	var releases []dep.Package
	for i := range 1200 {
		releases = append(releases, npm(fmt.Sprintf("@acme/p%05d@1.0.0", i)))
	}
	releases = append(releases, releases[0], dep.Package{Ecosystem: "pypi", Name: "left", Version: "1.0.0"}, npm("left@1.0.0,right"), npm("a b@1.0.0"))
	f := h.forge()
	for range 2 {
		named, inquiry := f.Hub(web).Malware(t.Context(), releases)
		if inquiry.Looked != policy.Answered || len(named) != 1 || len(named[releases[700]]) != 1 {
			t.Fatalf("%+v, %+v", named, inquiry)
		}
	}
	slices.Sort(asked)
	if got := len(slices.Compact(slices.Clone(asked))); got != 1200 || len(asked) > 1200+BatchNames {
		t.Errorf("asked %d times about %d of 1200 releases", len(asked), got)
	}
	for i := range 20_000 {
		releases = append(releases, npm(fmt.Sprintf("@acme/q%05d@1.0.0", i)))
	}
	h.forget()
	if _, inquiry := f.Hub(web).Malware(t.Context(), releases); inquiry.Looked != policy.LeftOut || h.made("GET /advisories") != MaxBatches {
		t.Errorf("%+v after %d requests", inquiry, h.made("GET /advisories"))
	}
}

func TestAFixIsTheFirstFixedVersionExactly(t *testing.T) {
	for name, x := range map[string]struct {
		from, to, fixed, withdrawn string
		fix                        bool
	}{
		"the first fixed version":    {"1.0.0", "1.0.5", "1.0.5", "", true},
		"a later one":                {"1.0.0", "1.0.6", "1.0.5", "", false},
		"not affected before":        {"1.0.5", "1.0.6", "1.0.6", "", false},
		"nothing fixes it":           {"1.0.0", "1.0.5", "", "", false},
		"the advisory was withdrawn": {"1.0.0", "1.0.5", "1.0.5", "2026-01-01T00:00:00Z", false},
	} {
		h := newHub(t)
		h.on("GET /advisories", "["+ghsa("reviewed", "left", "< 1.0.5", x.fixed, x.withdrawn)+"]")
		got := h.forge().Hub(web).Fixes(t.Context(), []review.Update{{Release: npm("left@" + x.to), From: x.from}})
		if (len(got[npm("left@"+x.to)]) == 1) != x.fix {
			t.Errorf("%s: %+v", name, got)
		}
	}
	h := newHub(t)
	h.says("GET /advisories", 500, "oops")
	if got := h.forge().Hub(web).Fixes(t.Context(), []review.Update{{Release: npm("left@1.0.5"), From: "1.0.0"}}); len(got) != 0 {
		t.Errorf("what was not found out exempts: %+v", got)
	}
}

// An Enterprise Server's own repositories are not those that certificates name.
func TestAnotherGitHubIsNotAskedAboutRunsOfGitHubCom(t *testing.T) {
	asked := 0
	hub, err := NewHub(HubConfig{APIURL: "https://github.corp.example/api/v3/", Token: "ghp_x", UserAgent: "bonafide/test", Transport: counting(&asked)})
	if err != nil {
		t.Fatal(err)
	}
	if got := hub.Run(t.Context(), builder()); got.Looked != policy.NotConfigured || asked != 0 {
		t.Errorf("%+v after %d requests", got, asked)
	}
	if got := hub.Commit(t.Context(), "https://github.com/acme/axios", head); got.Looked != policy.NotConfigured || asked != 0 {
		t.Errorf("%+v after %d requests", got, asked)
	}
}

func counting(n *int) http.RoundTripper {
	return roundTrip(func(*http.Request) (*http.Response, error) { *n++; return nil, http.ErrHandlerTimeout })
}

func TestAHubShowsItsTokenToItsGitHubAlone(t *testing.T) {
	h := upstream(t)
	var shown []string
	inner := h.routes[upstreamAPI]
	h.routes[upstreamAPI] = func(w http.ResponseWriter, r *http.Request) {
		shown = append(shown, r.Header.Get("Authorization"))
		inner(w, r)
	}
	hub, err := NewHub(HubConfig{APIURL: h.server.URL, Token: "ghp_secret", UserAgent: "bonafide/test"})
	if err != nil {
		t.Fatal(err)
	}
	if got := hub.Run(t.Context(), builder()); got.Looked != policy.Answered || !slices.Equal(shown, []string{"Bearer ghp_secret"}) {
		t.Errorf("%+v, %q", got, shown)
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed to another host") }))
	t.Cleanup(elsewhere.Close)
	h.routes[upstreamAPI] = http.RedirectHandler(elsewhere.URL+"/repos/acme/axios", http.StatusMovedPermanently).ServeHTTP
	other := builder()
	other.RepositoryID = ""
	if got := hub.Run(t.Context(), other); got.Looked != policy.Unreachable {
		t.Errorf("a redirect to another host: %+v", got)
	}
	for _, bad := range []HubConfig{
		{APIURL: h.server.URL, UserAgent: "x"}, {APIURL: h.server.URL, Token: "a\nb", UserAgent: "x"}, {APIURL: h.server.URL, Token: "t"}, {APIURL: "http://github.com/", Token: "t", UserAgent: "x"},
	} {
		if _, err := NewHub(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

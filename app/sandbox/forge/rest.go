package forge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// call is one request to the REST API while it is worked on.
type call struct {
	*Server
	r            *http.Request
	route        string
	body         []byte
	installation *Installation // nil for the App itself, and for a person
	person       *user         // who asks with a token of theirs, else nil
	token        *token
	repo         *Repository // nil where the address has none
	upstream     *Upstream   // instead of repo, where nothing but what was declared is known
}

// reply is the answer. A nil body answers without one.
type reply struct {
	status int
	body   any // marshalled, unless raw is set
	raw    []byte
	media  string // of raw
	header http.Header
}

// fail is an answer that is an error.
type fail struct {
	status  int
	message string
	errors  any
}

func (f *fail) Error() string { return fmt.Sprintf("%d %s", f.status, f.message) }

// Errors as GitHub words them.
var (
	errMissing      = &fail{status: http.StatusNotFound, message: "Not Found"}
	errInaccessible = &fail{status: http.StatusForbidden, message: "Resource not accessible by integration"}
	errCredentials  = &fail{status: http.StatusUnauthorized, message: "Bad credentials"}
	errProblems     = &fail{status: http.StatusBadRequest, message: "Problems parsing JSON"}
)

// invalid is "Validation Failed" over one field.
func invalid(resource, code, field, message string) *fail {
	e := object{"resource": resource, "code": code, "field": field}
	if message != "" {
		e["message"] = message
	}
	return &fail{http.StatusUnprocessableEntity, "Validation Failed", []object{e}}
}

// endpoint works on a call. It runs with the server's lock held: for reading on
// GET, for writing else.
type endpoint func(*call) (reply, error)

func ok(body any) (reply, error)      { return reply{status: http.StatusOK, body: body}, nil }
func created(body any) (reply, error) { return reply{status: http.StatusCreated, body: body}, nil }
func nothing(status int) (reply, error) {
	return reply{status: status}, nil
}

// routes lists everything the server answers.
func (s *Server) routes() http.Handler {
	api := http.NewServeMux()
	app := func(pattern string, e endpoint) { api.Handle(pattern, s.asApp(pattern, e)) }
	app("GET /app", getApp)
	app("GET /app/hook/config", getHookConfig)
	api.Handle("POST /app-manifests/{code}/conversions", s.serve("POST /app-manifests/{code}/conversions", convertManifest)) // the code is the token
	app("GET /app/hook/deliveries", listDeliveries)
	app("GET /app/hook/deliveries/{id}", getDelivery)
	app("POST /app/hook/deliveries/{id}/attempts", redeliver)
	app("GET /app/installations", listInstallations)
	app("GET /app/installations/{id}", getInstallation)
	app("POST /app/installations/{id}/access_tokens", createToken)
	app("GET /repos/{owner}/{repo}/installation", getRepositoryInstallation)

	person := func(pattern string, e endpoint) { api.Handle(pattern, s.asPerson(pattern, e)) }
	person("GET /user", getUser)
	person("GET /user/installations", listInstallationsOfPerson)
	person("GET /user/installations/{id}/repositories", listRepositoriesOfPerson)
	api.Handle("DELETE /applications/{client}/token", s.asClient("DELETE /applications/{client}/token", revokePersonToken))

	// The permission that a route asks for; several are alternatives.
	in := func(pattern string, e endpoint, permissions ...string) {
		api.Handle(pattern, s.asInstallation(pattern, e, permissions))
	}
	const repo = "/repos/{owner}/{repo}"
	in("GET /installation/repositories", listRepositories)
	in("DELETE /installation/token", deleteToken)
	in("GET /rate_limit", getRateLimit)
	in("GET /advisories", listAdvisories)
	in("GET "+repo+"/actions/runs/{id}/attempts/{attempt}", upstream(getAttempt, nil), "metadata:read")
	in("GET "+repo+"/actions/runs/{id}/attempts/{attempt}/jobs", upstream(listJobs, nil), "metadata:read")
	in("GET "+repo+"/git/matching-refs/{ref...}", upstream(matchingRefs, nil), "contents:read")
	in("GET "+repo+"/commits/{ref}/branches-where-head", upstream(branchesWhereHead, nil), "contents:read")
	api.Handle("GET "+repo, s.asPersonOr("GET "+repo, getRepositoryOfPerson, s.asInstallation("GET "+repo, upstream(getUpstream, getRepository), []string{"metadata:read"})))
	in("GET "+repo+"/branches/{branch...}", getBranch, "contents:read")
	in("GET "+repo+"/rules/branches/{branch...}", listRules, "metadata:read")
	in("GET "+repo+"/git/ref/{ref...}", getRef, "contents:read")
	in("GET "+repo+"/git/tags/{sha}", getTag, "contents:read")
	in("GET "+repo+"/git/trees/{sha...}", getTree, "contents:read")
	in("GET "+repo+"/git/blobs/{sha}", getBlob, "contents:read")
	in("GET "+repo+"/contents/{path...}", getContents, "contents:read")
	in("GET "+repo+"/compare/{basehead...}", upstream(compareUpstream, getComparison), "contents:read")
	in("GET "+repo+"/commits/{ref}", getCommit, "contents:read")
	in("GET "+repo+"/commits/{ref}/pulls", upstream(pullsOfUpstream, listPullsOfCommit), "pull_requests:read", "contents:read")

	in("POST "+repo+"/check-runs", createRun, "checks:write")
	in("GET "+repo+"/check-runs/{id}", getRun, "checks:read")
	in("PATCH "+repo+"/check-runs/{id}", updateRun, "checks:write")
	in("GET "+repo+"/check-runs/{id}/annotations", listAnnotations, "checks:read")
	in("GET "+repo+"/check-suites/{id}", getSuite, "checks:read")
	in("GET "+repo+"/check-suites/{id}/check-runs", listRunsOfSuite, "checks:read")
	in("GET "+repo+"/commits/{ref}/check-runs", listRunsOfCommit, "checks:read")
	in("GET "+repo+"/commits/{ref}/check-suites", listSuitesOfCommit, "checks:read")

	in("GET "+repo+"/pulls", listPulls, "pull_requests:read")
	in("GET "+repo+"/pulls/{number}", getPull, "pull_requests:read")
	in("GET "+repo+"/pulls/{number}/files", listFiles, "pull_requests:read")
	in("GET "+repo+"/pulls/{number}/reviews", listReviews, "pull_requests:read")
	in("POST "+repo+"/pulls/{number}/reviews", createReview, "pull_requests:write")
	in("GET "+repo+"/pulls/{number}/reviews/{id}", getReview, "pull_requests:read")
	in("GET "+repo+"/collaborators/{login}/permission", getPermission, "metadata:read")
	in("GET "+repo+"/pulls/{number}/comments", listReviewComments, "pull_requests:read")
	in("POST "+repo+"/pulls/{number}/comments", createReviewComment, "pull_requests:write")
	in("PATCH "+repo+"/pulls/comments/{id}", updateReviewComment, "pull_requests:write")
	in("DELETE "+repo+"/pulls/comments/{id}", deleteReviewComment, "pull_requests:write")
	in("GET "+repo+"/issues/{number}/comments", listIssueComments, "issues:read", "pull_requests:read")
	in("POST "+repo+"/issues/{number}/comments", createIssueComment, "pull_requests:write")
	in("PATCH "+repo+"/issues/comments/{id}", updateIssueComment, "pull_requests:write")
	in("DELETE "+repo+"/issues/comments/{id}", deleteIssueComment, "pull_requests:write")
	in("POST "+repo+"/issues/comments/{id}/reactions", reactToIssueComment, "issues:write", "pull_requests:write")
	// A mux of its own, as ServeMux cannot tell pulls/comments/{id} from pulls/{number}/files.
	first := http.NewServeMux()
	one := "GET " + repo + "/pulls/comments/{id}"
	first.Handle(one, s.asInstallation(one, getReviewComment, []string{"pull_requests:read"}))
	one = "POST " + repo + "/pulls/comments/{id}/reactions"
	first.Handle(one, s.asInstallation(one, reactToReviewComment, []string{"pull_requests:write"}))
	one = "GET " + repo + "/issues/comments/{id}"
	first.Handle(one, s.asInstallation(one, getIssueComment, []string{"issues:read", "pull_requests:read"}))
	first.Handle("/", api)
	api.Handle("/", s.serve("", func(*call) (reply, error) { return reply{}, errMissing }))

	rest := http.StripPrefix("/api/v3", first)
	other := http.NewServeMux()
	other.Handle("POST /api/graphql", s.asInstallation("POST /api/graphql", graphQL, nil))
	other.Handle("/", s.serve("", func(*call) (reply, error) { return reply{}, errMissing }))
	other.Handle("POST /login/oauth/access_token", s.serve("POST /login/oauth/access_token", redeemCode))
	pages := s.pages()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/api/v3/"):
			rest.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/api/"), r.URL.Path == "/login/oauth/access_token":
			other.ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

// asApp lets in who shows a JWT that the App's key signed.
func (s *Server) asApp(route string, e endpoint) http.Handler {
	return s.serve(route, func(c *call) (reply, error) {
		if err := c.checkJWT(); err != nil {
			return reply{}, err
		}
		return e(c)
	})
}

// asInstallation lets in who shows an installation token that is valid, reaches
// the repository and has one of the permissions.
func (s *Server) asInstallation(route string, e endpoint, permissions []string) http.Handler {
	return s.serve(route, func(c *call) (reply, error) {
		if err := c.checkToken(); err != nil {
			return reply{}, err
		}
		if err := c.installation.spend(); err != nil {
			return reply{}, err
		}
		if owner := c.r.PathValue("owner"); owner != "" {
			c.repo = s.repository(owner, c.r.PathValue("repo"))
			if u := s.upstreams[strings.ToLower(owner+"/"+c.r.PathValue("repo"))]; c.repo == nil && u != nil && !u.Private {
				if !declaredRoute(route) {
					return reply{}, errMissing
				}
				c.upstream = u
				return e(c) // public: no permission is asked for
			}
			covered := c.repo != nil && slices.Contains(c.reach(), c.repo)
			switch {
			case c.repo == nil || c.repo.private && !covered:
				return reply{}, errMissing
			case !covered && c.r.Method != http.MethodGet:
				return reply{}, errInaccessible
			}
		}
		if len(permissions) > 0 && !slices.ContainsFunc(permissions, c.may) {
			return reply{}, errInaccessible
		}
		return e(c)
	})
}

// declaredRoute says whether what is declared of an upstream answers a route.
func declaredRoute(route string) bool {
	_, below, _ := strings.Cut(route, "{repo}")
	return slices.ContainsFunc([]string{"/actions/", "/git/matching-refs/", "/compare/", "/commits/{ref}/branches-where-head", "/commits/{ref}/pulls"}, func(known string) bool {
		return strings.HasPrefix(below, known)
	}) || below == ""
}

// may says whether the token has a permission ("checks:write").
func (c *call) may(permission string) bool {
	name, access, _ := strings.Cut(permission, ":")
	return permits(c.token.permissions, name, access)
}

// reach lists the repositories of the token.
func (c *call) reach() []*Repository {
	if c.token.repositories != nil {
		return c.token.repositories
	}
	return c.installation.covered()
}

// spend counts a request against the hour's limit.
func (in *Installation) spend() error {
	s := in.server
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	if now := s.now(); now.Sub(in.window) >= time.Hour {
		in.window, in.used = now, 0
	}
	if in.used >= s.rateLimit {
		return &fail{status: http.StatusForbidden, message: fmt.Sprintf("API rate limit exceeded for installation ID %d.", in.ID)}
	}
	in.used++
	return nil
}

// unspend takes back the last request: a conditional one costs nothing where nothing has
// changed.
func (in *Installation) unspend() {
	in.server.traffic.mu.Lock()
	defer in.server.traffic.mu.Unlock()
	in.used--
}

// rate is the state of the limit: limit, used, and when it starts anew.
func (in *Installation) rate() (limit, used int, reset time.Time) {
	in.server.traffic.mu.Lock()
	defer in.server.traffic.mu.Unlock()
	return in.server.rateLimit, in.used, in.window.Add(time.Hour)
}

// serve runs an endpoint: faults, lock, log, answer.
func (s *Server) serve(route string, e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entry := Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Route: route, At: s.now()}
		fault := s.traffic.faultFor(r, route)
		entry.Fault = fault != nil
		if fault != nil && !fault.After && !fault.Truncate {
			entry.Status = fault.play(w, r, s.closed)
			s.traffic.record(entry)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
		if err != nil {
			return // the client went away, or sends more than any request of the bot may hold
		}
		c := &call{r: r, Server: s, route: route, body: body}
		answer := c.answer(e)
		entry.Body = body
		if c.installation != nil {
			entry.Installation = c.installation.ID
		}
		if fault != nil && fault.After {
			entry.Status = fault.play(w, r, s.closed)
		} else {
			entry.Status = c.write(w, answer, fault != nil && fault.Truncate)
		}
		s.traffic.record(entry)
	})
}

// answer runs the endpoint under the lock and turns its error into GitHub's words.
func (c *call) answer(e endpoint) reply {
	if c.r.Method == http.MethodGet {
		c.Server.mu.RLock()
		defer c.Server.mu.RUnlock()
	} else {
		c.Server.mu.Lock()
		defer c.Server.mu.Unlock()
	}
	answer, err := e(c)
	var f *fail
	switch {
	case err == nil:
		return answer
	case errors.As(err, &f):
	case errors.Is(err, ErrNotFound), errors.Is(err, errNoObject):
		f = errMissing
	default:
		f = &fail{status: http.StatusInternalServerError, message: "Server Error: " + err.Error()}
	}
	body := object{"message": f.message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(f.status)}
	if f.errors != nil {
		body["errors"] = f.errors
	}
	return reply{status: f.status, body: body}
}

// write sends an answer and returns its status: 304 where the client has it already.
func (c *call) write(w http.ResponseWriter, answer reply, truncate bool) int {
	h := w.Header()
	for name, values := range answer.header {
		h[name] = values
	}
	body := answer.raw
	if answer.media != "" {
		h.Set("Content-Type", answer.media)
	} else if answer.body != nil {
		var err error
		if body, err = json.Marshal(answer.body); err != nil {
			panic(err) // answers are made of strings, numbers, maps and lists
		}
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	if c.r.Method == http.MethodGet && answer.status == http.StatusOK {
		etag := fmt.Sprintf(`W/"%x"`, sha256.Sum256(slices.Concat(body, []byte(h.Get("Link")))))
		h.Set("ETag", etag)
		if c.r.Header.Get("If-None-Match") == etag {
			answer.status, body = http.StatusNotModified, nil
			h.Del("Content-Type")
			if c.installation != nil {
				c.installation.unspend()
			}
		}
	}
	h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	h.Set("X-GitHub-Request-Id", fmt.Sprintf("SAND:%X", time.Now().UnixNano()))
	if c.installation != nil {
		limit, used, reset := c.installation.rate()
		h.Set("X-RateLimit-Limit", strconv.Itoa(limit))
		h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, limit-used)))
		h.Set("X-RateLimit-Used", strconv.Itoa(used))
		h.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
		h.Set("X-RateLimit-Resource", "core")
	}
	if answer.status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(answer.status)
	if truncate {
		w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush() // an error means the client is gone
		cut(w)
		return answer.status
	}
	w.Write(body)
	return answer.status
}

// ctx is the request's context.
func (c *call) ctx() context.Context { return c.r.Context() }

// decode reads the body into v.
func (c *call) decode(v any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return errProblems
	}
	return nil
}

// number reads a number out of the address.
func (c *call) number(name string) int64 {
	n, err := strconv.ParseInt(c.r.PathValue(name), 10, 64)
	if err != nil {
		return -1 // no number of anything
	}
	return n
}

// page cuts a list to the page that is asked for and links the others.
func page[T any](c *call, all []T) ([]T, http.Header) {
	number, size := c.paging()
	last := max(1, (len(all)+size-1)/size)
	from := min((number-1)*size, len(all))
	to := min(from+size, len(all))
	shown := all[from:to]
	if shown == nil {
		shown = []T{} // a list, not null
	}
	return shown, c.links(number, last)
}

func (c *call) paging() (number, size int) {
	q := c.r.URL.Query()
	number, size = 1, defaultPerPage
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 0 {
		number = n
	}
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil && n > 0 {
		size = min(n, maxPerPage)
	}
	return number, size
}

// links is the Link header of a page.
func (c *call) links(number, last int) http.Header {
	var links []string
	link := func(n int, rel string) {
		links = append(links, c.link(rel, "page", strconv.Itoa(n)))
	}
	if number > 1 {
		link(number-1, "prev")
		link(1, "first")
	}
	if number < last {
		link(number+1, "next")
		link(last, "last")
	}
	if links == nil {
		return nil
	}
	return http.Header{"Link": {strings.Join(links, ", ")}}
}

// link is one element of a Link header: this address with one parameter changed.
func (c *call) link(rel, parameter, value string) string {
	q := c.r.URL.Query()
	q.Set(parameter, value)
	return fmt.Sprintf("<%s?%s>; rel=%q", c.api("%s", (&url.URL{Path: c.r.URL.Path}).EscapedPath()), q.Encode(), rel)
}

// shapes maps a list to its JSON.
func shapes[T any](list []T, shape func(T) object) []object {
	all := make([]object, 0, len(list))
	for _, v := range list {
		all = append(all, shape(v))
	}
	return all
}

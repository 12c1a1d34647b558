package standin

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// What the stand-in's App is.
const (
	AppID         = 7
	WebhookSecret = "the stand-in's own secret"
	lockfile      = "package-lock.json"
)

// Completed is a check run that was completed.
type Completed struct {
	Repository      string // "OWNER/NAME"
	Head            string
	Conclusion      string
	Title, Summary  string
	At              time.Time
	Writes          int // requests that wrote to it
	FirstWrittenAt  time.Time
	AnnotationCount int
}

// GitHub answers the App's calls on a pull request's way. Add what it knows before it is
// asked.
type GitHub struct {
	*Server
	key       *rsa.PrivateKey
	completed func(Completed)

	mu           sync.Mutex
	repositories map[string]*Repository
	upstreams    map[string]*upstream // that packages were built in
	runs         map[int64]*run
	nextRun      int64
}

// upstream is a public repository, with the build of each commit.
type upstream struct {
	id     int64
	builds map[string]sigstore.Build // by commit and by run
}

// Repository is one that the App is installed on.
type Repository struct {
	ID, Installation int64
	Owner, Name      string

	tip          string // of main
	pulls        map[string]*Pull
	trees, blobs map[string]*answer
	heads        map[string]*answer // comparisons, by head
	runs         map[string][]*run  // by head
	others       []object           // of the tree, beside the lockfile
}

// Pull is an open pull request.
type Pull struct {
	Number  int
	Head    string
	Payload []byte // of the webhook that says that it was opened
	whole   *answer
	simple  object
}

// run is a check run.
type run struct {
	repo *Repository
	at   time.Time // when it was created
	shape
	head string
	n    int // writes
}

// shape is what can be written of a check run.
type shape struct {
	Name        string     `json:"name"`
	HeadSHA     string     `json:"head_sha"`
	DetailsURL  string     `json:"details_url"`
	ExternalID  string     `json:"external_id"`
	Status      string     `json:"status"`
	Conclusion  string     `json:"conclusion"`
	StartedAt   *time.Time `json:"started_at"`
	CompletedAt *time.Time `json:"completed_at"`
	Output      struct {
		Title, Summary, Text string
		Annotations          []json.RawMessage
	} `json:"output"`
	id int64
}

// NewGitHub starts one that knows where packages were built, and calls completed for
// every check run that is; that must not block.
func NewGitHub(latency time.Duration, builds []sigstore.Build, completed func(Completed)) (*GitHub, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	g := &GitHub{key: key, completed: completed, repositories: map[string]*Repository{}, upstreams: map[string]*upstream{}, runs: map[int64]*run{}}
	for _, b := range builds {
		u := g.upstreams[b.Repository]
		if u == nil {
			id, err := strconv.ParseInt(b.RepositoryID, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("the build of %s: %w", b.Repository, err)
			}
			u = &upstream{id: id, builds: map[string]sigstore.Build{}}
			g.upstreams[b.Repository] = u
		}
		u.builds[b.Commit] = b
		u.builds[strconv.FormatUint(b.RunID, 10)] = b
	}
	g.Server = serve(g.routes(), latency)
	return g, nil
}

// APIURL is where the API is.
func (g *GitHub) APIURL() string { return g.URL + "/api/v3/" }

// PrivateKeyPEM is the App's key.
func (g *GitHub) PrivateKeyPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(g.key)})
}

// AddRepository adds one with a lockfile and a few hundred files on main.
func (g *GitHub) AddRepository(installation int64, owner, name string, lock []byte) *Repository {
	const files = 300
	r := &Repository{
		ID: installation * 10, Installation: installation, Owner: owner, Name: name, tip: digest("commit of %s/%s", owner, name), pulls: map[string]*Pull{},
		trees: map[string]*answer{}, blobs: map[string]*answer{}, heads: map[string]*answer{}, runs: map[string][]*run{},
	}
	for i := range files {
		r.others = append(r.others, r.entry(fmt.Sprintf("src/parts/file-%03d.ts", i), digest("file %d", i), 2000+i))
	}
	manifest := []byte("{}\n")
	sha := r.blob(manifest)
	r.others = append(r.others, r.entry("package.json", sha, len(manifest)))
	r.tree(r.tip, lock)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.repositories[owner+"/"+name] = r
	return r
}

// OpenPull opens a pull request that changes the lockfile.
func (g *GitHub) OpenPull(r *Repository, number int, lock []byte) *Pull {
	p := &Pull{Number: number, Head: digest("pull %d of %s/%s", number, r.Owner, r.Name)}
	r.tree(p.Head, lock)
	r.heads[p.Head] = answerJSON(r.comparison(r.tip, p.Head, "ahead", []object{r.file(p.Head, blobName(lock))}))
	p.simple = r.pull(p)
	whole := maps.Clone(p.simple)
	maps.Copy(whole, object{"merged": false, "merged_by": nil, "mergeable": true, "rebaseable": true, "mergeable_state": "clean", "comments": 0, "review_comments": 0,
		"maintainer_can_modify": false, "commits": 1, "additions": 20, "deletions": 20, "changed_files": 1})
	p.whole = answerJSON(whole)
	p.Payload = answerJSON(object{"action": "opened", "number": number, "pull_request": whole, "repository": r.own(), "sender": user(r.Owner),
		"installation": object{"id": r.Installation, "node_id": "I"}}).plain
	g.mu.Lock()
	defer g.mu.Unlock()
	r.pulls[strconv.Itoa(number)] = p
	return p
}

// Sign is the header X-Hub-Signature-256 of a payload.
func Sign(payload []byte) string {
	mac := hmac.New(sha256.New, []byte(WebhookSecret))
	mac.Write(payload)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// blob keeps a file, and tree the files of a commit.
func (r *Repository) blob(content []byte) (sha string) {
	sha = blobName(content)
	if r.blobs[sha] == nil {
		r.blobs[sha] = answerOf("application/vnd.github.raw+json; charset=utf-8", content)
	}
	return sha
}

func (r *Repository) tree(commit string, lock []byte) {
	list := append(slices.Clone(r.others), r.entry(lockfile, r.blob(lock), len(lock)))
	r.trees[commit] = answerJSON(object{"sha": digest("tree of %s", commit), "url": r.api("/git/trees/%s", digest("tree of %s", commit)), "tree": list, "truncated": false})
	r.trees[digest("tree of %s", commit)] = r.trees[commit]
}

type endpoint func(r *Repository, w http.ResponseWriter, req *http.Request)

func (g *GitHub) routes() http.Handler {
	api := http.NewServeMux()
	api.HandleFunc("/", noRoute)
	api.HandleFunc("POST /app/installations/{id}/access_tokens", func(w http.ResponseWriter, r *http.Request) {
		send(w, http.StatusCreated, object{"token": "ghs_" + r.PathValue("id"), "expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "permissions": permissions, "repository_selection": "all"})
	})
	none := answerJSON([]object{})
	api.HandleFunc("GET /advisories", none.write)

	const repo = "/repos/{owner}/{repo}"
	in := func(pattern string, e endpoint) {
		method, path, _ := strings.Cut(pattern, " ")
		api.HandleFunc(method+" "+repo+path, func(w http.ResponseWriter, req *http.Request) {
			g.mu.Lock()
			r := g.repositories[req.PathValue("owner")+"/"+req.PathValue("repo")]
			g.mu.Unlock()
			if r == nil {
				g.upstream(w, req)
				return
			}
			e(r, w, req)
		})
	}
	kept := func(of func(*Repository) map[string]*answer, name string) endpoint {
		return func(r *Repository, w http.ResponseWriter, req *http.Request) {
			if a := of(r)[req.PathValue(name)]; a != nil {
				a.write(w, req)
				return
			}
			noRoute(w, req)
		}
	}
	in("GET ", func(r *Repository, w http.ResponseWriter, req *http.Request) { answerJSON(r.own()).write(w, req) })
	in("GET /git/ref/{ref...}", func(r *Repository, w http.ResponseWriter, req *http.Request) {
		if req.PathValue("ref") != "heads/main" {
			noRoute(w, req)
			return
		}
		answerJSON(object{"ref": "refs/heads/main", "node_id": "REF", "url": r.api("/git/refs/heads/main"),
			"object": object{"type": "commit", "sha": r.tip, "url": r.api("/git/commits/%s", r.tip)}}).write(w, req)
	})
	in("GET /commits/{sha}", func(r *Repository, w http.ResponseWriter, req *http.Request) {
		c := r.commit(req.PathValue("sha"))
		c["stats"], c["files"] = object{"additions": 0, "deletions": 0, "total": 0}, []object{}
		answerJSON(c).write(w, req)
	})
	for _, below := range []string{"", "/jobs"} { // of repositories that packages were built in
		in("GET /actions/runs/{id}/attempts/{attempt}"+below, func(_ *Repository, w http.ResponseWriter, req *http.Request) { noRoute(w, req) })
	}
	in("GET /git/trees/{sha}", kept(func(r *Repository) map[string]*answer { return r.trees }, "sha"))
	in("GET /git/blobs/{sha}", func(r *Repository, w http.ResponseWriter, req *http.Request) {
		sha := req.PathValue("sha")
		a := r.blobs[sha]
		if a != nil && !strings.Contains(req.Header.Get("Accept"), "raw") {
			a = answerJSON(object{"sha": sha, "node_id": "B", "size": len(a.plain), "url": r.api("/git/blobs/%s", sha), "content": base64.StdEncoding.EncodeToString(a.plain), "encoding": "base64"})
		}
		if a == nil {
			noRoute(w, req)
			return
		}
		a.write(w, req)
	})
	in("GET /compare/{basehead...}", func(r *Repository, w http.ResponseWriter, req *http.Request) {
		_, head, _ := strings.Cut(req.PathValue("basehead"), "...")
		if a := r.heads[head]; a != nil {
			a.write(w, req)
			return
		}
		noRoute(w, req)
	})
	in("GET /pulls/{number}", func(r *Repository, w http.ResponseWriter, req *http.Request) {
		if p := r.pulls[req.PathValue("number")]; p != nil {
			p.whole.write(w, req)
			return
		}
		noRoute(w, req)
	})
	in("GET /pulls/{number}/files", func(r *Repository, w http.ResponseWriter, req *http.Request) {
		p := r.pulls[req.PathValue("number")]
		answerJSON([]object{r.file(p.Head, digest("lock"))}).write(w, req)
	})
	for _, nothing := range []string{"/pulls/{number}/reviews", "/pulls/{number}/comments", "/issues/{number}/comments"} {
		in("GET "+nothing, func(_ *Repository, w http.ResponseWriter, req *http.Request) { none.write(w, req) })
	}
	in("GET /pulls", (*Repository).listPulls)
	in("GET /commits/{sha}/pulls", (*Repository).listPulls)
	in("GET /commits/{sha}/check-runs", g.listRuns)
	in("POST /check-runs", g.writeRun)
	in("PATCH /check-runs/{id}", g.writeRun)

	all := http.NewServeMux()
	all.Handle("/api/v3/", http.StripPrefix("/api/v3", api))
	all.HandleFunc("/", noRoute)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-GitHub-Media-Type", "github.v3; format=json")
		h.Set("X-RateLimit-Limit", "5000")
		h.Set("X-RateLimit-Remaining", "4900")
		h.Set("X-RateLimit-Used", "100")
		h.Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10))
		h.Set("X-RateLimit-Resource", "core")
		all.ServeHTTP(w, r)
	})
}

// upstream answers for a repository that a package was built in; for one that there is
// none of, as GitHub does: a policy of the owner's, for one.
func (g *GitHub) upstream(w http.ResponseWriter, req *http.Request) {
	owner, name := req.PathValue("owner"), req.PathValue("repo")
	u := g.upstreams[owner+"/"+name]
	if u == nil {
		send(w, http.StatusNotFound, object{"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})
		return
	}
	r := &Repository{ID: u.id, Owner: owner, Name: name}
	rest := strings.TrimPrefix(req.URL.Path, "/repos/"+owner+"/"+name)
	parts := strings.Split(rest, "/")
	switch {
	case rest == "":
		answerJSON(r.own()).write(w, req)
	case strings.HasPrefix(rest, "/compare/"):
		_, head, _ := strings.Cut(rest, "...")
		answerJSON(r.comparison(head, head, "identical", []object{})).write(w, req)
	case strings.HasPrefix(rest, "/actions/runs/"):
		b, ok := u.builds[parts[3]]
		switch {
		case !ok:
			noRoute(w, req)
		case strings.HasSuffix(rest, "/jobs"):
			answerJSON(object{"total_count": 1, "jobs": []object{r.job(b)}}).write(w, req)
		default:
			answerJSON(r.attempt(b)).write(w, req)
		}
	default:
		noRoute(w, req)
	}
}

// listPulls lists the open pull requests, of a head where one is named.
func (r *Repository) listPulls(w http.ResponseWriter, req *http.Request) {
	list := []object{}
	branch := req.URL.Query().Get("head") // OWNER:BRANCH
	for _, number := range slices.Sorted(maps.Keys(r.pulls)) {
		p := r.pulls[number]
		named := branch == "" || branch == r.Owner+":"+p.branch()
		if sha := req.PathValue("sha"); named && (sha == "" || sha == p.Head) {
			list = append(list, p.simple)
		}
	}
	answerJSON(list).write(w, req)
}

func (g *GitHub) listRuns(r *Repository, w http.ResponseWriter, req *http.Request) {
	g.mu.Lock()
	list := []object{}
	for _, one := range r.runs[req.PathValue("sha")] {
		list = append(list, one.json())
	}
	g.mu.Unlock()
	answerJSON(object{"total_count": len(list), "check_runs": list}).write(w, req)
}

// writeRun creates a check run or changes one.
func (g *GitHub) writeRun(r *Repository, w http.ResponseWriter, req *http.Request) {
	g.mu.Lock()
	now := time.Now()
	one := &run{repo: r, at: now}
	if id, err := strconv.ParseInt(req.PathValue("id"), 10, 64); err == nil {
		if one = g.runs[id]; one == nil {
			g.mu.Unlock()
			noRoute(w, req)
			return
		}
	}
	before := one.Status
	if err := json.NewDecoder(req.Body).Decode(&one.shape); err != nil {
		g.mu.Unlock()
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	code := http.StatusOK
	if one.id == 0 {
		g.nextRun++
		one.id, one.head, code = g.nextRun, one.HeadSHA, http.StatusCreated
		g.runs[one.id] = one
		r.runs[one.head] = append(r.runs[one.head], one)
	}
	one.n++
	if one.Conclusion != "" {
		one.Status, one.CompletedAt = "completed", cmp.Or(one.CompletedAt, &now)
	}
	body, ended := one.json(), one.Status == "completed" && before != "completed"
	told := Completed{Repository: r.Owner + "/" + r.Name, Head: one.head, Conclusion: one.Conclusion, Title: one.Output.Title, Summary: one.Output.Summary,
		At: now, Writes: one.n, FirstWrittenAt: one.at, AnnotationCount: len(one.Output.Annotations)}
	g.mu.Unlock()
	send(w, code, body)
	if ended {
		g.completed(told)
	}
}

func send(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // answers are made of strings, numbers, maps and lists
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(body) // the client went away: nobody is left to tell
}

// Package checks is GitHub's side: it reads pull requests, trees, lockfiles and
// the policy at a commit, and publishes check runs and comments so that doing it
// twice changes nothing. It implements review.Forge.
//
// Answers are decoded into small structs of our own, because go-github v62 fails
// on every repository with a multi-select custom property.
package checks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/google/go-github/v62/github"
	"github.com/palantir/go-githubapp/githubapp"
	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/review"
)

// DefaultName is the name of the check run.
const DefaultName = "bonafide"

// Options are the settings of a Forge.
type Options struct {
	AppID  int64            // whose check runs are ours
	Name   string           // of the check run, DefaultName where empty
	Logger zerolog.Logger   // where a context carries none
	Clock  func() time.Time // time.Now where nil

	Pauses       Pauses     // nil: that GitHub asked for a pause is forgotten with the process
	Floors       Remembered // nil: none is remembered
	RequireFloor bool       // an owner without a floor does not pass
	// Facts keeps what was learnt of public runs and commits and does not change; may be nil.
	Facts provenance.Cache
	Notes Notes // of the checks that are begun; nil: none is taken
	// Details is the address of the page with all that a check of a commit says; nil: none.
	Details func(repo review.Repository, sha string) string
	// InventoryPage is the address of the page with a default branch's inventory; nil: none.
	InventoryPage func(repo review.Repository) string
	// Hurry does not spare GitHub: writes are not paced, and what failed is asked again
	// soon. It is for a GitHub that nobody else uses: the sandbox's. Its limits hold.
	Hurry bool
}

// Notes outlive the process, so that a check run that it left unfinished is found.
type Notes interface {
	// Begun is called before a check run of a commit is set in progress.
	Begun(ctx context.Context, repo review.Repository, sha string) error
	// Ended is called after no run of the commit is unfinished any more.
	Ended(ctx context.Context, repo review.Repository, sha string) error
}

// Forge is GitHub as review sees it. It is safe for concurrent use. It keeps
// nothing that a restart may not lose.
type Forge struct {
	clients githubapp.ClientCreator
	// personal says that the token is a person's or a workflow's, not the App's.
	personal bool
	details  func(repo review.Repository, sha string) string // nil for none
	appID    int64
	name     string
	log      zerolog.Logger
	clock    func() time.Time

	floors       Remembered
	requireFloor bool

	objects *lru[objectKey, any] // blobs ([]byte), listings, merge bases (string); immutable
	flights flights
	begun   *lru[int64, checkRun]   // runs as Begin left them, by id
	threads *lru[pullKey, thread]   // what PullRequest saw
	denials *lru[denial, time.Time] // until when it is not tried
	labels  *lru[headKey, string]   // "OWNER:BRANCH" of a head
	learnt  *lru[string, learnt]    // what witnesses were told, by what was asked of whom
	facts   provenance.Cache        // nil for none
	answers *lru[answerKey, keptAnswer]
	gates   *gates
	notes   Notes                          // nil for none
	page    func(review.Repository) string // of an inventory, nil for none
	slug    struct {
		sync.Mutex
		value string
	}
}

var _ review.Forge = (*Forge)(nil)

type pullKey struct {
	review.Repository
	number int
}

type headKey struct {
	review.Repository
	sha string
}

// New makes a Forge.
func New(clients githubapp.ClientCreator, o Options) (*Forge, error) {
	if clients == nil {
		return nil, errors.New("a forge needs GitHub clients")
	}
	if o.AppID <= 0 {
		return nil, fmt.Errorf("the App id is %d: it must be the number that GitHub shows as App ID", o.AppID)
	}
	if o.Name == "" {
		o.Name = DefaultName
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	f := &Forge{
		clients: clients, details: o.Details, appID: o.AppID, name: o.Name, log: o.Logger, clock: o.Clock,
		floors: o.Floors, requireFloor: o.RequireFloor,
		objects: newLRU[objectKey, any](CacheBytes),
		begun:   newLRU[int64, checkRun](MaxRemembered),
		threads: newLRU[pullKey, thread](MaxRemembered),
		denials: newLRU[denial, time.Time](MaxRemembered),
		labels:  newLRU[headKey, string](MaxRemembered),
		learnt:  newLRU[string, learnt](MaxLearnt),
		facts:   o.Facts,
		answers: newLRU[answerKey, keptAnswer](KeptBytes),
		notes:   o.Notes,
		page:    o.InventoryPage,
	}
	f.gates = newGates(f.clock, o.Pauses, &f.log)
	f.gates.hurry = o.Hurry
	return f, nil
}

// Evict forgets what is kept of an installation that was suspended or deleted.
func (f *Forge) Evict(installation int64) {
	f.renew(installation)
	f.answers.takeAll(func(k answerKey) bool { return k.installation == installation })
	f.denials.takeAll(func(d denial) bool { return d.installation == installation })
}

// renew drops an installation's token: a new client fetches a new one.
func (f *Forge) renew(installation int64) {
	if c, ok := f.clients.(interface{ Forget(int64) }); ok {
		c.Forget(installation)
	}
}

// request is one call of GitHub's REST API on a repository.
type request struct {
	what   string // for people: "read pull request 7"
	method string // GET where empty
	path   string // below /repos/OWNER/NAME, escaped
	query  url.Values
	accept string // a media type, GitHub's JSON where empty
	body   any    // sent as JSON
	once   bool   // the answer is large, or not asked for again: it is not kept
	begins bool   // it begins a check, which has less hurry than completing one
}

// do sends a request as the repository's installation. The answer is decoded from
// JSON into out, or copied where out is an io.Writer or io.ReaderFrom. The errors are those of
// review.Forge; one for a refused request wraps *github.ErrorResponse.
func (f *Forge) do(ctx context.Context, repo review.Repository, q request, out any) (*github.Response, error) {
	path, err := repositoryPath(repo, q.path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q.what, err)
	}
	return f.ask(ctx, repo.Installation, path, q, out)
}

// ask is do for any path.
func (f *Forge) ask(ctx context.Context, installation int64, path string, q request, out any) (*github.Response, error) {
	return f.through(ctx, installation, path, q, out)
}

// asApp is do as the App itself, with its key: for what belongs to no installation.
func (f *Forge) asApp(ctx context.Context, path string, q request, out any) (*github.Response, error) {
	return f.through(ctx, theApp, path, q, out)
}

// through sends a request when the installation's limits allow it, and learns from the
// answer. During a pause nothing is sent.
func (f *Forge) through(ctx context.Context, installation int64, path string, q request, out any) (*github.Response, error) {
	leave, err := f.gates.enter(ctx, installation)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q.what, err)
	}
	defer leave()
	if err := f.gates.may(ctx, installation); err != nil {
		return nil, named(q.what, err)
	}
	if q.writes() {
		if err := f.mayWrite(ctx, installation, q); err != nil {
			return nil, named(q.what, err)
		}
	}
	began := f.clock()
	seen := &call{gates: f.gates}
	resp, err := f.send(withCall(ctx, seen), installation, path, q, out)
	if status(err) == http.StatusUnauthorized && installation != theApp {
		// The token was revoked before its time.
		f.renew(installation)
		resp, err = f.send(withCall(ctx, seen), installation, path, q, out)
	}
	var limit *limited
	var later *review.Later
	if errors.As(err, &limit) {
		if limit.token {
			installation = theApp
		}
		return resp, named(q.what, f.gates.limited(ctx, installation, began, q.writes(), limit))
	}
	if resp != nil {
		f.gates.answered(ctx, installation, began, q.writes(), seen)
	}
	err = f.failed(ctx, q.what, err)
	if errors.As(err, &later) && later.Limit {
		return resp, err // the App was told to pause, which is no failure of what was asked
	}
	f.gates.backOff(fmt.Sprintf("%d %s %s", installation, q.method, path), later)
	return resp, err
}

// Ready says whether GitHub may be called for an installation: nil, or a *review.Later
// that says when.
func (f *Forge) Ready(ctx context.Context, installation int64) error {
	return f.gates.may(ctx, installation)
}

// named makes the reason of a *review.Later say what has to wait.
func named(what string, err error) error {
	var later *review.Later
	if !errors.As(err, &later) {
		return err
	}
	l := *later
	l.Reason = what + ": " + l.Reason
	return &l
}

func (f *Forge) send(ctx context.Context, installation int64, path string, q request, out any) (*github.Response, error) {
	var client *github.Client
	var err error
	if installation == theApp {
		client, err = f.clients.NewAppClient()
	} else {
		client, err = f.clients.NewInstallationClient(installation)
	}
	if err != nil {
		return nil, err
	}
	if q.method == "" {
		q.method = http.MethodGet
	}
	if len(q.query) > 0 {
		path += "?" + q.query.Encode()
	}
	req, err := client.NewRequest(q.method, path, q.body)
	if err != nil {
		return nil, err
	}
	if q.accept != "" {
		req.Header.Set("Accept", q.accept)
	}
	var key answerKey
	var kept keptAnswer
	_, stream := out.(io.Writer)
	conditional := !stream && q.conditional(out)
	if conditional {
		key = keyOf(installation, path, q, out)
		if kept, _ = f.answers.get(key); kept.etag != "" {
			req.Header.Set("If-None-Match", kept.etag)
		}
	}
	resp, err := client.BareDo(ctx, req)
	if kept.etag != "" && status(err) == http.StatusNotModified {
		return kept.again(resp, out)
	}
	if err != nil {
		return resp, err
	}
	defer func() { _ = resp.Body.Close() }()
	switch out := out.(type) {
	case nil:
	case io.ReaderFrom: // reads and decodes by itself
		_, err = out.ReadFrom(resp.Body)
	case io.Writer:
		_, err = io.Copy(out, resp.Body)
	default:
		// Unlike Client.Do, an empty body is an error: an empty list is "[]".
		err = json.NewDecoder(resp.Body).Decode(out)
	}
	if err == nil && conditional {
		f.keep(key, resp, out)
	}
	return resp, err
}

// pages reads a list page by page until each returns false, the list ends or max
// pages were read. It says whether the list went on.
func pages[T any](ctx context.Context, f *Forge, repo review.Repository, q request, max int, each func(T) bool) (more bool, err error) {
	if q.query == nil {
		q.query = url.Values{}
	}
	q.query.Set("per_page", fmt.Sprint(PageSize))
	for page := 1; page <= max; page++ {
		if page > 1 {
			q.query.Set("page", fmt.Sprint(page))
		}
		var list []T
		resp, err := f.do(ctx, repo, q, &list)
		if err != nil {
			return false, err
		}
		for _, item := range list {
			if !each(item) {
				return false, nil
			}
		}
		// A full page that is as it was may be followed by one that is new.
		unsure := len(list) >= PageSize && page < max && resp.Response != nil && resp.StatusCode == http.StatusNotModified
		if resp.NextPage <= page && !unsure {
			return false, nil
		}
	}
	return true, nil
}

// repositoryPath is the path of a resource of a repository, relative to the API's
// root. Owner and name come from a stored job: a dot segment would lead elsewhere.
func repositoryPath(repo review.Repository, path string) (string, error) {
	for _, s := range []string{repo.Owner, repo.Name} {
		if s == "" || s == "." || s == ".." {
			return "", fmt.Errorf("%.200q is not a repository", repo.Owner+"/"+repo.Name)
		}
	}
	root := "repos/" + url.PathEscape(repo.Owner) + "/" + url.PathEscape(repo.Name)
	if path == "" {
		return root, nil
	}
	return root + "/" + path, nil
}

var shaShape = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

func needSHA(sha string) error {
	if !shaShape.MatchString(sha) {
		return fmt.Errorf("%.80q is not a commit", sha)
	}
	return nil
}

func short(sha string) string { return sha[:min(len(sha), 7)] }

// logger is the context's, else the Forge's.
func (f *Forge) logger(ctx context.Context) *zerolog.Logger {
	if l := zerolog.Ctx(ctx); l.GetLevel() != zerolog.Disabled {
		return l
	}
	return &f.log
}

// escapeRef escapes a branch name for a path, its slashes apart. It refuses dot
// segments, which git does not allow either.
func escapeRef(ref string) (string, error) {
	parts := strings.Split(ref, "/")
	for i, p := range parts {
		if p == "" || p == "." || p == ".." {
			return "", fmt.Errorf("%.200q is not a branch", ref)
		}
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/"), nil
}

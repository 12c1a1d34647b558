package checks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-github/v62/github"
	"github.com/palantir/go-githubapp/githubapp"
	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/review"
)

// witness is review.Hub over GitHub's REST API. Those of one Forge share what they learnt:
// only what is public is asked and kept.
type witness struct {
	forge        *Forge
	installation int64
}

var _ review.Hub = (*witness)(nil)

// Hub asks as the installation of a repository.
func (f *Forge) Hub(repo review.Repository) review.Hub { return &witness{f, repo.Installation} }

// HubConfig says which GitHub is asked outside of the App, and as whom.
type HubConfig struct {
	APIURL    string // as in ClientConfig
	Token     string // of a person or a workflow; it needs no rights
	UserAgent string
	Transport http.RoundTripper // as in ClientConfig
}

// NewHub makes a Hub that shows a token. It refuses what NewClientCreator refuses.
func NewHub(c HubConfig) (review.Hub, error) {
	f, err := personal(c)
	if err != nil {
		return nil, err
	}
	return f.Hub(review.Repository{}), nil
}

// personal is a Forge that reads with the token of a person or a workflow.
func personal(c HubConfig) (*Forge, error) {
	api, err := apiAddress(c.APIURL)
	switch {
	case err != nil:
		return nil, err
	case c.Token == "" || strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("the GitHub token is empty, or has characters that no token has")
	case c.UserAgent == "":
		return nil, errors.New("the user agent is empty: GitHub refuses requests without one")
	}
	// Made here, because githubapp's token clients go past the transport that is given to
	// them: the token must reach no other host, and no answer be without end.
	client := github.NewClient(&http.Client{Transport: newTransport(api, c.Transport), Timeout: RequestTimeout}).WithAuthToken(c.Token)
	client.BaseURL, client.UserAgent = api.JoinPath("/"), c.UserAgent
	f := &Forge{clients: onePerson{client: client}, personal: true, log: zerolog.Nop(), clock: time.Now, learnt: newLRU[string, learnt](MaxLearnt),
		objects: newLRU[objectKey, any](CacheBytes), answers: newLRU[answerKey, keptAnswer](KeptBytes)}
	f.gates = newGates(f.clock, nil, &f.log)
	return f, nil
}

// onePerson answers every wish for an installation's client with the one that shows
// the token. A witness wishes for nothing else.
type onePerson struct {
	githubapp.ClientCreator // nil
	client                  *github.Client
}

func (p onePerson) NewInstallationClient(int64) (*github.Client, error) { return p.client, nil }

func (p onePerson) NewAppClient() (*github.Client, error) { return p.client, nil } // installation 0

// get reads one resource. The errors are those of review.Forge.
func (h *witness) get(ctx context.Context, what, path string, query url.Values, out any) (*github.Response, error) {
	return h.forge.ask(ctx, h.installation, path, request{what: what, query: query}, out)
}

// origin is the API that is asked, and whether its repositories are those that
// certificates name ("https://github.com/o/r"): an Enterprise Server has others of its
// own, some by the same name. Loopback plays GitHub in the demo and in tests.
func (h *witness) origin() (string, policy.Inquiry) {
	client, err := h.forge.clients.NewInstallationClient(h.installation)
	if err != nil {
		return "", policy.Inquiry{Looked: policy.Unreachable, Reason: "GitHub gives this installation no access"}
	}
	api := client.BaseURL
	if host := api.Hostname(); host != "api.github.com" && !loopback(host) {
		return api.String(), policy.Inquiry{Looked: policy.NotConfigured, Reason: "it is at github.com, and Bonafide is connected to another GitHub"}
	}
	return api.String(), policy.Inquiry{}
}

// unanswered says why something is not known. What ended with its time was left out, and
// so was what GitHub refuses: only what did not work is worth asking again.
func unanswered(ctx context.Context, err error) policy.Inquiry {
	var later *review.Later
	switch {
	case ctx.Err() != nil:
		return policy.Inquiry{Looked: policy.LeftOut, Reason: "the time for it was over"}
	case errors.As(err, &later):
		return policy.Inquiry{Looked: policy.Unreachable, Reason: later.Reason}
	}
	return policy.Inquiry{Looked: policy.LeftOut, Reason: err.Error()}
}

// place is a public repository.
type place struct {
	owner, name   string
	defaultBranch string
}

func (p place) path(format string, args ...any) string {
	return "repos/" + p.owner + "/" + p.name + fmt.Sprintf(format, args...)
}

// The names that GitHub gives out; an owner of an enterprise has an underscore. Neither
// of them needs escaping in an address.
const (
	ownerShape = `[A-Za-z0-9][A-Za-z0-9_-]{0,80}`
	nameShape  = `[A-Za-z0-9._-]{1,100}`
)

// Long counts make it large: it is made where somebody needs it first.
var repositoryShape = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^https://github\.com/(` + ownerShape + `)/(` + nameShape + `)$`)
})

// parseRepository reads the address of a repository as certificates write it.
func parseRepository(address string) (owner, name string, ok bool) {
	m := repositoryShape().FindStringSubmatch(address)
	if m == nil || strings.Trim(m[2], ".") == "" {
		return "", "", false
	}
	return m[1], m[2], true
}

// public looks whether everybody may see a repository: what only the installation may
// see is not to be told here. id is its number where it is known, "" else: another
// repository by the same name is not it.
func (h *witness) public(ctx context.Context, owner, name, id string) (place, policy.Inquiry) {
	var answer struct {
		ID            int64  `json:"id"`
		Private       *bool  `json:"private"`
		Visibility    string `json:"visibility"` // not stated by older servers
		DefaultBranch string `json:"default_branch"`
	}
	_, err := h.get(ctx, "look up the repository", "repos/"+owner+"/"+name, nil, &answer)
	switch {
	case errors.Is(err, review.ErrGone):
		return place{}, policy.Inquiry{Looked: policy.Hidden, Reason: "the repository is private or gone"}
	case err != nil:
		return place{}, unanswered(ctx, err)
	case answer.Private == nil || answer.ID == 0 || answer.DefaultBranch == "":
		return place{}, policy.Inquiry{Looked: policy.Unreachable, Reason: "look up the repository: GitHub's answer is not one"}
	case *answer.Private || answer.Visibility != "" && answer.Visibility != "public":
		return place{}, policy.Inquiry{Looked: policy.Hidden, Reason: "the repository is private or gone"}
	case id != "" && id != strconv.FormatInt(answer.ID, 10):
		return place{}, policy.Inquiry{Looked: policy.Hidden, Reason: "the repository is gone, another one has its name"}
	}
	return place{owner: owner, name: name, defaultBranch: answer.DefaultBranch}, policy.Inquiry{Looked: policy.Answered}
}

// Commit looks up where the commit of a git dependency stands.
func (h *witness) Commit(ctx context.Context, repository, sha string) policy.Commit {
	owner, name, ok := parseRepository(repository)
	if !ok {
		return policy.Commit{} // of another forge: there is nothing to ask GitHub
	}
	if needSHA(sha) != nil {
		return policy.Commit{Inquiry: policy.Inquiry{Looked: policy.LeftOut, Reason: "the lockfile names no whole commit"}}
	}
	origin, inquiry := h.origin()
	if inquiry.Looked != "" {
		return policy.Commit{Inquiry: inquiry}
	}
	key := strings.Join([]string{"commit", origin, strings.ToLower(owner + "/" + name), sha}, "\n")
	return remembered(ctx, h.forge, key, func() (policy.Commit, time.Duration) {
		at, inquiry := h.public(ctx, owner, name, "")
		if inquiry.Looked != policy.Answered {
			return policy.Commit{Inquiry: inquiry}, keepFor(inquiry)
		}
		standing, inquiry := h.standingAnywhere(ctx, at, sha)
		c := policy.Commit{Inquiry: inquiry, Standing: standing}
		if standing == policy.OnRef {
			return c, KeepFacts
		}
		return c, keepFor(inquiry)
	})
}

// standing looks for a commit on the ref that its run was started for, on the default
// branch, at the tip of any branch and in the pull requests that were merged. GitHub
// shows the commits of all forks under the repository's own address, so that finding
// the commit itself would say nothing.
func (h *witness) standing(ctx context.Context, at place, sha, ref string) (policy.Standing, policy.Inquiry) {
	var refs []string
	for _, r := range []string{strings.TrimPrefix(ref, "refs/heads/"), strings.TrimPrefix(ref, "refs/tags/")} {
		if r != ref {
			refs = append(refs, r) // a tag's name is resolved like a branch's, an annotated one to its commit
		}
	}
	for _, r := range append(refs, at.defaultBranch) {
		if on, err := h.contains(ctx, at, r, sha); err != nil {
			return "", unanswered(ctx, err)
		} else if on {
			return policy.OnRef, policy.Inquiry{Looked: policy.Answered}
		}
	}
	return h.witnessed(ctx, at, sha)
}

// witnessed looks for a commit that is on none of the refs that were asked at the tip of
// any branch, and in the pull requests that were merged into the repository: their
// commits stand on no branch once they are squashed.
func (h *witness) witnessed(ctx context.Context, at place, sha string) (policy.Standing, policy.Inquiry) {
	var tips []struct {
		Name string `json:"name"`
	}
	_, err := h.get(ctx, "look for the commit's branches", at.path("/commits/%s/branches-where-head", sha), nil, &tips)
	switch {
	case missing(err):
		return policy.Orphan, policy.Inquiry{Looked: policy.Answered} // it is not even a fork's
	case err != nil:
		return "", unanswered(ctx, err)
	case len(tips) > 0:
		return policy.OnRef, policy.Inquiry{Looked: policy.Answered}
	}
	var pulls []struct {
		MergedAt *time.Time `json:"merged_at"`
		Base     struct {
			Repo struct {
				FullName string `json:"full_name"`
			} `json:"repo"`
		} `json:"base"`
	}
	_, err = h.get(ctx, "look for the commit's pull requests", at.path("/commits/%s/pulls", sha), url.Values{"per_page": {fmt.Sprint(PageSize)}}, &pulls)
	if err != nil && !missing(err) {
		return "", unanswered(ctx, err)
	}
	for _, p := range pulls {
		if p.MergedAt != nil && strings.EqualFold(p.Base.Repo.FullName, at.owner+"/"+at.name) {
			return policy.OnRef, policy.Inquiry{Looked: policy.Answered}
		}
	}
	return policy.Orphan, policy.Inquiry{Looked: policy.Answered}
}

// standingAnywhere looks for a commit on all branches and tags, the likely ones first,
// up to MaxRefs of them: beyond, nothing is said to be on none.
func (h *witness) standingAnywhere(ctx context.Context, at place, sha string) (policy.Standing, policy.Inquiry) {
	answered := policy.Inquiry{Looked: policy.Answered}
	standing, inquiry := h.standing(ctx, at, sha, "")
	if standing != policy.Orphan {
		return standing, inquiry
	}
	var compare []string
	for _, kind := range []string{"heads", "tags"} {
		var list []struct {
			Ref    string `json:"ref"` // "refs/tags/v1.2.3"
			Object struct {
				SHA string `json:"sha"`
			} `json:"object"`
		}
		if _, err := h.get(ctx, "list the branches and tags", at.path("/git/matching-refs/%s", kind), nil, &list); err != nil && !missing(err) {
			return "", unanswered(ctx, err)
		}
		for _, r := range list {
			name, ok := strings.CutPrefix(r.Ref, "refs/"+kind+"/")
			switch {
			case !ok, name == at.defaultBranch:
			case r.Object.SHA == sha:
				return policy.OnRef, answered
			default:
				compare = append(compare, name)
			}
		}
	}
	if len(compare) > MaxRefs {
		return "", policy.Inquiry{Looked: policy.LeftOut, Reason: fmt.Sprintf("it is not on the default branch, and the repository has %d further branches and tags, more than the %d that are searched", len(compare), MaxRefs)}
	}
	for _, r := range compare {
		if on, err := h.contains(ctx, at, r, sha); err != nil {
			return "", unanswered(ctx, err)
		} else if on {
			return policy.OnRef, answered
		}
	}
	return policy.Orphan, answered
}

// shortSHA is how many digits git takes for the beginning of a commit's name.
const shortSHA = 4

// contains says whether a branch or tag has a commit in its history. A ref or commit
// that is not there, or shares no history with the other, gives false.
func (h *witness) contains(ctx context.Context, at place, ref, sha string) (bool, error) {
	name, err := escapeRef(ref)
	itself := len(ref) >= shortSHA && strings.HasPrefix(sha, strings.ToLower(ref)) // also where no ref of that name is left
	if err != nil || strings.Contains(ref, ":") || strings.Contains(ref, "..") || shaShape.MatchString(ref) || itself {
		return false, nil //nolint:nilerr // no ref of this repository has such a name: it would be a fork's, or the commit itself
	}
	var answer struct {
		Status string `json:"status"`
	}
	// The changed files, which can be many, stand on the first page alone.
	q := url.Values{"per_page": {"1"}, "page": {"2"}}
	_, err = h.get(ctx, "look for the commit on a branch or tag", at.path("/compare/%s...%s", name, sha), q, &answer)
	switch {
	case missing(err):
		return false, nil
	case err != nil:
		return false, err
	}
	switch answer.Status {
	case "behind", "identical":
		return true, nil
	case "ahead", "diverged":
		return false, nil
	}
	return false, &review.Later{After: FailureWait, Reason: "look for the commit on a branch or tag: GitHub's answer is not one"}
}

// missing says whether GitHub answered that there is no such commit: some resources say
// it by 422.
func missing(err error) bool {
	return errors.Is(err, review.ErrGone) || status(err) == http.StatusUnprocessableEntity
}

// learnt is an answer that is kept for a while.
type learnt struct {
	value any
	until time.Time
}

// keepFor is how long an answer is kept that may change.
func keepFor(i policy.Inquiry) time.Duration {
	switch i.Looked {
	case policy.Answered, policy.Hidden, policy.Gone:
		return KeepAnswers
	}
	return 0 // it is asked again
}

// remembered is what was learnt under a key, else what ask finds out. It is kept for as
// long as ask says: from KeepFacts on by the Forge's store of facts, too.
func remembered[T any](ctx context.Context, f *Forge, key string, ask func() (T, time.Duration)) T {
	if l, ok := f.learnt.get(key); ok && f.clock().Before(l.until) {
		if v, ok := l.value.(T); ok {
			return v
		}
	}
	if f.facts != nil {
		var v T
		if data, ok, err := f.facts.Get(ctx, key); err == nil && ok {
			if json.Unmarshal(data, &v) == nil {
				if written, err := json.Marshal(v); err == nil && bytes.Equal(written, data) { // not of another shape
					f.learnt.put(key, learnt{v, f.clock().Add(KeepAnswers)}, 1)
					return v
				}
			}
			f.logger(ctx).Warn().Msg("a fact in the cache cannot be read; it is asked for anew and replaced")
		}
	}
	v, keep := ask()
	if keep > 0 {
		f.learnt.put(key, learnt{v, f.clock().Add(keep)}, 1)
	}
	if keep >= KeepFacts && f.facts != nil {
		data, err := json.Marshal(v)
		if err == nil {
			err = f.facts.Put(ctx, key, data, keep)
		}
		if err != nil {
			f.logger(ctx).Warn().Err(err).Msg("a fact could not be kept") // it costs time, nothing else
		}
	}
	return v
}

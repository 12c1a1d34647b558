package checks

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
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/review"
)

// PeopleConfig says at which GitHub people sign in, and as whom this server asks for them.
type PeopleConfig struct {
	WebURL    string // "https://github.com"; plain http only for a loopback address
	APIURL    string // as in ClientConfig
	ClientID  string // "": nobody can sign in
	Secret    string // the client secret
	UserAgent string
	Transport http.RoundTripper // as in ClientConfig
	Seen      func(Call)        // as in ClientConfig
	Clock     func() time.Time  // time.Now where nil
}

// People is what GitHub says to, and of, people who sign in. It is safe for concurrent use.
// Its errors never show a token.
type People struct {
	forge      *Forge
	web, api   *url.URL
	id, secret string
	userAgent  string
	atAPI      *http.Client
	redeems    *http.Client // at the web address, with the client secret
	revokes    *http.Client // at the API, with the client secret
	clock      func() time.Time
	pauses     *lru[[sha256.Size]byte, time.Time] // until when GitHub wants to hear nothing of a token
}

var _ access.GitHub = (*People)(nil)

// NewPeople makes it. forge asks as the App's installations.
func NewPeople(forge *Forge, c PeopleConfig) (*People, error) {
	web := &url.URL{} // where nobody can sign in, nothing is asked there
	if c.ClientID != "" {
		var err error
		if web, err = apiAddress(c.WebURL); err != nil {
			return nil, fmt.Errorf("GitHub's web address: %w", err)
		}
	}
	api, err := apiAddress(c.APIURL)
	switch {
	case err != nil:
		return nil, err
	case forge == nil:
		return nil, errors.New("asking for people needs a forge")
	case (c.ClientID == "") != (c.Secret == ""):
		return nil, errors.New("signing in needs both the client id and the client secret")
	case c.UserAgent == "":
		return nil, errors.New("the user agent is empty: GitHub refuses requests without one")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	client := func(host *url.URL, redirects int) *http.Client {
		return &http.Client{Transport: watch(host, newTransport(host, c.Transport), c.Seen), Timeout: PersonTimeout, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > redirects { // the transport lets none to another host pass
				return errors.New("too many redirects")
			}
			return nil
		}}
	}
	return &People{forge: forge, web: web, api: api, id: c.ClientID, secret: c.Secret, userAgent: c.UserAgent,
		atAPI: client(api, MaxRedirects), redeems: client(web, 0), revokes: client(api, 0), // no redirect takes the client secret elsewhere
		clock: c.Clock, pauses: newLRU[[sha256.Size]byte, time.Time](MaxRemembered)}, nil
}

// SignIn implements access.GitHub.
// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
func (p *People) SignIn(state, challenge, redirect string) string {
	at := p.web.JoinPath("login/oauth/authorize")
	at.RawQuery = url.Values{
		"client_id": {p.id}, "redirect_uri": {redirect}, "state": {state}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}.Encode()
	return at.String()
}

// Redeem implements access.GitHub. The error wraps access.ErrNone where GitHub does not take
// the code.
func (p *People) Redeem(ctx context.Context, code, verifier, redirect string) (access.Token, error) {
	const what = "redeem the code of a sign-in"
	form := url.Values{"client_id": {p.id}, "client_secret": {p.secret}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {redirect}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.web.JoinPath("login/oauth/access_token").String(), strings.NewReader(form.Encode()))
	if err != nil {
		return access.Token{}, fmt.Errorf("%s: %w", what, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	var said struct {
		Token     string `json:"access_token"`
		Type      string `json:"token_type"`
		ExpiresIn int64  `json:"expires_in"` // seconds; not stated where tokens of the App do not end
		Error     string `json:"error"`      // with status 200
	}
	asked := p.clock()
	if _, err := p.send(p.redeems, what, r, &said); err != nil {
		return access.Token{}, err
	}
	switch {
	case said.Error == "bad_verification_code":
		return access.Token{}, fmt.Errorf("%s: %w: GitHub does not take it", what, access.ErrNone)
	case said.Error == "incorrect_client_credentials":
		return access.Token{}, fmt.Errorf("%s: GitHub does not know the client id with this client secret: take both from the App's settings page", what)
	case said.Error == "redirect_uri_mismatch":
		return access.Token{}, fmt.Errorf("%s: GitHub does not send people to this server's public address: add %s to the App's callback addresses", what, redirect)
	case said.Error != "":
		return access.Token{}, fmt.Errorf("%s: GitHub refused it: %.100q", what, said.Error)
	case !isToken(said.Token), !strings.EqualFold(said.Type, "bearer"), said.ExpiresIn < 0:
		return access.Token{}, unlike(what, "a token")
	}
	t := access.Token{Value: said.Token}
	if said.ExpiresIn > 0 {
		t.Expires = asked.Add(min(time.Duration(min(said.ExpiresIn, 1<<30))*time.Second, MaxTokenTime))
	}
	return t, nil
}

// isToken says whether something can be sent as a token. GitHub's have no shape that is
// promised.
func isToken(s string) bool {
	return s != "" && len(s) <= MaxTokenBytes && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Revoke implements access.GitHub. A token that GitHub does not know has ended.
func (p *People) Revoke(ctx context.Context, t access.Token) error {
	const what = "revoke a token"
	body, err := json.Marshal(map[string]string{"access_token": t.Value})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodDelete, p.api.JoinPath("applications", p.id, "token").String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(p.id, p.secret)
	_, err = p.send(p.revokes, what, r, nil)
	var refused *refusedError
	switch {
	case !errors.As(err, &refused):
		return err
	case refused.status == http.StatusNotFound, refused.status == http.StatusUnprocessableEntity:
		return nil
	case refused.status == http.StatusUnauthorized:
		return fmt.Errorf("%s: GitHub does not know the client id with this client secret: take both from the App's settings page", what)
	}
	return err
}

// Person implements access.GitHub.
func (p *People) Person(ctx context.Context, t access.Token) (access.Person, error) {
	const what = "ask who signs in"
	var said struct {
		ID    int64  `json:"id"`
		Login string `json:"login"`
	}
	if _, err := p.get(ctx, t, what, nil, &said, "user"); err != nil {
		return access.Person{}, err
	}
	if said.ID <= 0 || said.Login == "" || len(said.Login) > MaxLogin {
		return access.Person{}, unlike(what, "a person")
	}
	return access.Person{ID: said.ID, Login: said.Login}, nil
}

// described is a repository as GitHub describes it to people.
type described struct {
	ID          int64  `json:"id"`
	FullName    string `json:"full_name"` // "OWNER/NAME"
	Private     *bool  `json:"private"`
	Visibility  string `json:"visibility"` // not stated by older servers
	Permissions struct {
		Admin    bool `json:"admin"`
		Maintain bool `json:"maintain"`
		Push     bool `json:"push"`
	} `json:"permissions"`
}

func (d described) repository(what string, installation int64) (access.Repository, error) {
	owner, name, ok := strings.Cut(d.FullName, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") || d.ID <= 0 || d.Private == nil {
		return access.Repository{}, unlike(what, "a repository")
	}
	may := d.Permissions
	return access.Repository{Installation: installation, ID: d.ID, Owner: owner, Name: name, Private: *d.Private || d.Visibility != "" && d.Visibility != "public",
		Write: may.Push || may.Maintain || may.Admin, Admin: may.Admin}, nil
}

// Readable implements access.GitHub.
func (p *People) Readable(ctx context.Context, t access.Token, owner, name string) (access.Repository, error) {
	const what = "ask what somebody may read"
	if _, err := repositoryPath(review.Repository{Owner: owner, Name: name}, ""); err != nil {
		return access.Repository{}, fmt.Errorf("%s: %w: %w", what, access.ErrNone, err)
	}
	var said described
	if _, err := p.get(ctx, t, what, nil, &said, "repos", url.PathEscape(owner), url.PathEscape(name)); err != nil {
		return access.Repository{}, err
	}
	return said.repository(what, 0)
}

// AllReadable implements access.GitHub: one request for each hundred installations, and one
// for each hundred repositories of each.
func (p *People) AllReadable(ctx context.Context, t access.Token) ([]access.Repository, error) {
	const what = "list what somebody may read"
	var all []access.Repository
	requests := 0
	// pages reads a list to its end, or until enough is known.
	pages := func(read func(q url.Values) (http.Header, error)) error {
		for page := 1; ; page++ {
			if requests++; requests > MaxPersonPages {
				p.forge.log.Warn().Int("repositories", len(all)).Msg("somebody may read more repositories than are listed")
				return nil
			}
			h, err := read(url.Values{"per_page": {fmt.Sprint(PageSize)}, "page": {fmt.Sprint(page)}})
			if err != nil || !strings.Contains(h.Get("Link"), `rel="next"`) {
				return err
			}
		}
	}
	var installations []int64
	err := pages(func(q url.Values) (http.Header, error) {
		var said struct {
			Installations *[]struct {
				ID        int64      `json:"id"`
				Suspended *time.Time `json:"suspended_at"`
			} `json:"installations"`
		}
		h, err := p.get(ctx, t, what, q, &said, "user", "installations")
		if err != nil {
			return nil, err
		}
		if said.Installations == nil {
			return nil, unlike(what, "a list of installations")
		}
		for _, in := range *said.Installations {
			if in.Suspended == nil {
				installations = append(installations, in.ID)
			}
		}
		return h, nil
	})
	if err != nil {
		return nil, err
	}
	for _, in := range installations {
		err := pages(func(q url.Values) (http.Header, error) {
			var said struct {
				Repositories *[]described `json:"repositories"`
			}
			h, err := p.get(ctx, t, what, q, &said, "user", "installations", fmt.Sprint(in), "repositories")
			if err != nil {
				return nil, err
			}
			if said.Repositories == nil {
				return nil, unlike(what, "a list of repositories")
			}
			for _, d := range *said.Repositories {
				r, err := d.repository(what, in)
				if err != nil {
					return nil, err
				}
				if len(all) < MaxReadable {
					all = append(all, r)
				}
			}
			return h, nil
		})
		// An installation that went meanwhile, or whose organisation demands another way of
		// signing in, takes nothing from the others.
		if err != nil && (!errors.Is(err, access.ErrNone) || errors.Is(err, access.ErrSignedOut)) {
			return nil, err
		}
	}
	return all, nil
}

// Public implements access.GitHub. What is left of the installation's requests for checks
// is left to them.
func (p *People) Public(ctx context.Context, installation, id int64, owner, name string) (bool, error) {
	const what = "ask whether a repository is public"
	if err := p.forge.Spare(ctx, installation); err != nil {
		return false, named(what, err)
	}
	var said described
	_, err := p.forge.do(ctx, review.Repository{Installation: installation, Owner: owner, Name: name, ID: id}, request{what: what}, &said)
	switch {
	case errors.Is(err, review.ErrGone):
		return false, fmt.Errorf("%w: %w", access.ErrNone, err)
	case err != nil:
		return false, err
	}
	r, err := said.repository(what, installation)
	switch {
	case err != nil:
		return false, err
	case r.ID != id:
		return false, fmt.Errorf("%s: %w: another repository has its name", what, access.ErrNone)
	}
	return !r.Private, nil
}

// get asks GitHub's API for a person. Path segments are escaped.
func (p *People) get(ctx context.Context, t access.Token, what string, q url.Values, out any, path ...string) (http.Header, error) {
	key := sha256.Sum256([]byte(t.Value))
	if until, ok := p.pauses.get(key); ok && until.After(p.clock()) {
		return nil, &review.Later{After: until.Sub(p.clock()), Reason: what + ": GitHub asks for a pause", Limit: true}
	}
	at := p.api.JoinPath(path...)
	at.RawQuery = q.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	r.Header.Set("Authorization", "Bearer "+t.Value)
	h, err := p.send(p.atAPI, what, r, out)
	var later *review.Later
	var refused *refusedError
	switch {
	case errors.As(err, &later) && later.Limit:
		p.pauses.put(key, p.clock().Add(later.After), 1)
	case errors.As(err, &refused) && refused.status == http.StatusUnauthorized:
		return nil, fmt.Errorf("%w: %w", access.ErrSignedOut, err)
	case errors.As(err, &refused) && refused.hidden():
		return nil, fmt.Errorf("%w: %w", access.ErrNone, err)
	}
	return h, err
}

// refusedError is an answer that is neither what was asked for nor a limit.
type refusedError struct {
	what   string
	status int
}

func (e *refusedError) Error() string { return fmt.Sprintf("%s: GitHub answered %d", e.what, e.status) }

// hidden says whether there is nothing to see: not at all, not for this person, not any
// more, or not before they have signed in the way that their organisation demands.
func (e *refusedError) hidden() bool {
	switch e.status {
	case http.StatusNotFound, http.StatusForbidden, http.StatusGone, http.StatusUnavailableForLegalReasons:
		return true
	}
	return false
}

// unlike is for an answer of another shape. It may be one of a proxy, that goes away.
func unlike(what, wanted string) error {
	return &review.Later{After: FailureWait, Reason: what + ": GitHub's answer is not " + wanted}
}

// send sends a request and decodes the answer into out, nil for none.
func (p *People) send(client *http.Client, what string, r *http.Request, out any) (http.Header, error) {
	r.Header.Set("User-Agent", p.userAgent)
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "application/vnd.github+json")
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, p.unreached(r.Context(), what, err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	data, err := io.ReadAll(&capped{resp.Body, MaxPersonBytes})
	switch {
	case err != nil:
		return nil, p.unreached(r.Context(), what, err)
	case resp.StatusCode >= 500, resp.StatusCode == http.StatusRequestTimeout:
		return nil, &review.Later{After: FailureWait, Reason: fmt.Sprintf("%s: GitHub answered %d", what, resp.StatusCode)}
	case resp.StatusCode/100 != 2:
		return nil, &refusedError{what, resp.StatusCode}
	case out == nil:
		return resp.Header, nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return nil, unlike(what, "JSON as it was asked for") // the decoder's words may show some of a token
	}
	return resp.Header, nil
}

// unreached is for a request without a whole answer. Nothing of a library's words is told
// but of the kind that names no address.
func (p *People) unreached(ctx context.Context, what string, err error) error {
	var limit *limited
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	case errors.As(err, &limit):
		after, ok := limit.wait(p.clock())
		if !ok {
			after = SecondaryWait
		}
		return &review.Later{After: min(max(after, MinWait), MaxWait), Reason: what + ": " + limit.Error(), Err: err, Limit: true}
	}
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err // without the address
	}
	return &review.Later{After: FailureWait, Reason: what + ": GitHub could not be reached or its answer could not be read", Err: err}
}

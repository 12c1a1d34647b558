package access

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

const home = "https://bonafide.example.com"

// rows keep sessions in memory.
type rows struct {
	mu   sync.Mutex
	all  map[string]Row
	fail error
}

func (s *rows) SaveSession(_ context.Context, r Row) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[r.Key] = r
	return s.fail
}

func (s *rows) Session(_ context.Context, key string) (Row, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.all[key]
	return r, ok, s.fail
}

func (s *rows) EndSession(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail == nil {
		delete(s.all, key)
	}
	return s.fail
}

// hub is a GitHub where everybody is who their code says.
type hub struct {
	mu       sync.Mutex
	asked    int // questions about repositories
	redeemed []url.Values
	revoked  []string
	expires  time.Time
	readers  map[string][]Repository // by login
	public   map[int64]bool
	fail     error
	wait     chan struct{} // of questions, nil: they are answered at once
}

func (h *hub) SignIn(state, challenge, redirect string) string {
	return "https://github.test/login/oauth/authorize?" + url.Values{"state": {state}, "challenge": {challenge}, "redirect_uri": {redirect}}.Encode()
}

func (h *hub) Redeem(_ context.Context, code, verifier, redirect string) (Token, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.redeemed = append(h.redeemed, url.Values{"code": {code}, "verifier": {verifier}, "redirect": {redirect}})
	if code == "stale" {
		return Token{}, ErrNone
	}
	return Token{Value: "token of " + code, Expires: h.expires}, h.fail
}

func (h *hub) Revoke(_ context.Context, t Token) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.revoked = append(h.revoked, t.Value)
	return h.fail
}

func (h *hub) Person(_ context.Context, t Token) (Person, error) {
	return Person{ID: 1, Login: login(t)}, nil
}

func login(t Token) string { return strings.TrimPrefix(t.Value, "token of ") }

func (h *hub) question() error {
	h.mu.Lock()
	h.asked++
	wait, fail := h.wait, h.fail
	h.mu.Unlock()
	if wait != nil {
		<-wait
	}
	return fail
}

func (h *hub) Readable(_ context.Context, t Token, owner, name string) (Repository, error) {
	if err := h.question(); err != nil {
		return Repository{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.readers[login(t)] {
		if strings.EqualFold(r.Owner, owner) && strings.EqualFold(r.Name, name) {
			r.Installation = 0
			return r, nil
		}
	}
	return Repository{}, ErrNone
}

func (h *hub) AllReadable(_ context.Context, t Token) ([]Repository, error) {
	if err := h.question(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.readers[login(t)], nil
}

func (h *hub) Public(_ context.Context, _, id int64, _, _ string) (bool, error) {
	if err := h.question(); err != nil {
		return false, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.public[id], nil
}

func (h *hub) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

func (h *hub) questions() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// world is a gate with all that it stands in.
type world struct {
	t      *testing.T
	gate   *Gate
	hub    *hub
	rows   *rows
	now    time.Time
	log    bytes.Buffer
	audit  []string
	shown  Notice
	served *http.ServeMux
}

func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), rows: &rows{all: map[string]Row{}},
		hub: &hub{readers: map[string][]Repository{}, public: map[int64]bool{}}, served: http.NewServeMux()}
	o := Options{
		GitHub: w.hub, Rows: w.rows, PublicURL: home, SignIn: true, Clock: func() time.Time { return w.now }, Logger: zerolog.New(&w.log),
		Key:   func(context.Context) ([]byte, error) { return bytes.Repeat([]byte{7}, 32), nil },
		Audit: func(_ context.Context, event, who, _ string) { w.audit = append(w.audit, event+": "+who) },
		Show: func(rw http.ResponseWriter, _ *http.Request, status int, n Notice) {
			w.shown = n
			rw.WriteHeader(status)
		},
	}
	for _, c := range change {
		c(&o)
	}
	var err error
	if w.gate, err = NewGate(o); err != nil {
		t.Fatal(err)
	}
	w.gate.Routes(w.served)
	return w
}

// browser keeps cookies like one.
type browser struct {
	w       *world
	cookies map[string]*http.Cookie
	from    string
}

func (w *world) browser() *browser {
	return &browser{w, map[string]*http.Cookie{}, "203.0.113.7:4711"}
}

func (b *browser) request(method, path string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = b.from
	for _, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	return r
}

func (b *browser) ask(method, path string) *http.Response {
	rw := httptest.NewRecorder()
	b.w.served.ServeHTTP(rw, b.request(method, path))
	resp := rw.Result()
	for _, c := range resp.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return resp
}

// begin goes to GitHub, and is the state that it was sent with.
func (b *browser) begin(path string) (state string) {
	b.w.t.Helper()
	resp := b.ask("GET", path)
	at, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || resp.StatusCode != http.StatusSeeOther || at.Host != "github.test" {
		b.w.t.Fatalf("%d to %s", resp.StatusCode, at)
	}
	return at.Query().Get("state")
}

// signIn signs somebody in.
func (b *browser) signIn(login string) *http.Response {
	b.w.t.Helper()
	resp := b.ask("GET", "/login/callback?code="+login+"&state="+b.begin("/login"))
	if resp.StatusCode != http.StatusSeeOther {
		b.w.t.Fatalf("%d: %v", resp.StatusCode, b.w.shown)
	}
	return resp
}

func (b *browser) viewer() (Viewer, bool) { return b.w.gate.Viewer(b.request("GET", "/")) }

// see asks for a repository that the store knows.
func (b *browser) see(known Repository) (Repository, error) {
	v, _ := b.viewer()
	return b.w.gate.Repository(b.w.t.Context(), v, known)
}

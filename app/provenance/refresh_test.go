package provenance

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// tufRepository is a TUF repository on the loopback interface.
type tufRepository struct {
	*httptest.Server
	root []byte
	key  *ecdsa.PrivateKey

	mu    sync.Mutex
	files map[string][]byte
	asked atomic.Int32
}

func newTUF(t *testing.T) *tufRepository {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := &tufRepository{key: key, files: map[string][]byte{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.asked.Add(1)
		r.mu.Lock()
		data, ok := r.files[strings.TrimPrefix(req.URL.Path, "/")]
		r.mu.Unlock()
		if !ok {
			http.NotFound(w, req)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(r.Close)
	return r
}

// publish signs targets as one version of the repository.
func (r *tufRepository) publish(t *testing.T, version int64, targets map[string][]byte) {
	t.Helper()
	expires := time.Now().AddDate(0, 1, 0)
	signer, err := signature.LoadSigner(r.key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	must := func(data []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	files := map[string][]byte{}

	key, err := metadata.KeyFromPublicKey(&r.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	root := metadata.Root(expires)
	for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
		if err := root.Signed.AddKey(key, role); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := root.Sign(signer); err != nil {
		t.Fatal(err)
	}
	if r.root == nil {
		r.root = must(root.ToBytes(false))
		files["1.root.json"] = r.root
	}

	all := metadata.Targets(expires)
	all.Signed.Version = version
	for name, content := range targets {
		file, err := metadata.TargetFile().FromBytes(name, content, "sha256")
		if err != nil {
			t.Fatal(err)
		}
		all.Signed.Targets[name] = file
		sum := sha256.Sum256(content)
		files[path.Join("targets", path.Dir(name), hex.EncodeToString(sum[:])+"."+path.Base(name))] = content
	}
	if _, err := all.Sign(signer); err != nil {
		t.Fatal(err)
	}
	snapshot := metadata.Snapshot(expires)
	snapshot.Signed.Version = version
	snapshot.Signed.Meta["targets.json"] = metadata.MetaFile(version)
	if _, err := snapshot.Sign(signer); err != nil {
		t.Fatal(err)
	}
	stamp := metadata.Timestamp(expires)
	stamp.Signed.Version = version
	stamp.Signed.Meta["snapshot.json"] = metadata.MetaFile(version)
	if _, err := stamp.Sign(signer); err != nil {
		t.Fatal(err)
	}
	files[fmt.Sprintf("%d.targets.json", version)] = must(all.ToBytes(false))
	files[fmt.Sprintf("%d.snapshot.json", version)] = must(snapshot.ToBytes(false))
	files["timestamp.json"] = must(stamp.ToBytes(false))

	r.mu.Lock()
	defer r.mu.Unlock()
	for name, content := range files {
		r.files[name] = content
	}
}

func (r *tufRepository) source(t *testing.T, dir string) *Source {
	t.Helper()
	initial, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSource(initial, SourceOptions{Repository: r.URL, Root: r.root, CacheDir: dir, Client: r.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRefreshReplacesTheTrustRootWithWhatVerifies(t *testing.T) {
	for name, dir := range map[string]string{"without a cache": "", "with a cache": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			_, spki := newKey(t)
			repo := newTUF(t)
			repo.publish(t, 1, map[string][]byte{targetRoot: embeddedRoot, targetKeys: embeddedKeys})
			s := repo.source(t, dir)
			embedded := s.Current()
			if st := s.Status(); st.TrustID != embedded.ID() || !st.Attempted.IsZero() || !st.Refreshed.IsZero() {
				t.Errorf("before the first refresh: %+v", st)
			}
			if err := s.Refresh(context.Background()); err != nil {
				t.Fatal(err)
			}
			if s.Current() != embedded {
				t.Error("the same material gave another trust root")
			}
			if s.Status().Refreshed.IsZero() || s.Status().Err != "" {
				t.Errorf("%+v", s.Status())
			}

			repo.publish(t, 2, map[string][]byte{targetRoot: embeddedRoot, targetKeys: keysOf(npmKey("new", spki, "null"))})
			if err := s.Refresh(context.Background()); err != nil {
				t.Fatal(err)
			}
			fresh := s.Current()
			if _, _, ok := fresh.keys.find("new", useSignatures); !ok || fresh.ID() == embedded.ID() || s.Status().TrustID != fresh.ID() {
				t.Error("the new keys did not take effect")
			}
			if fresh.keysFor("https://npm.example.test") || !fresh.keysFor("https://registry.npmjs.org") {
				t.Error("the refreshed keys belong to registry.npmjs.org alone")
			}
		})
	}
}

func TestAFailedRefreshKeepsTheTrustRoot(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *tufRepository){
		"nothing answers": func(_ *testing.T, r *tufRepository) { r.Close() },
		"an altered target": func(_ *testing.T, r *tufRepository) {
			for name := range r.files {
				if strings.Contains(name, "keys.json") {
					r.files[name] = append([]byte(" "), r.files[name]...)
				}
			}
		},
		"signed by somebody else": func(t *testing.T, r *tufRepository) {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			r.key = key
			r.publish(t, 2, map[string][]byte{targetRoot: embeddedRoot, targetKeys: embeddedKeys})
		},
		"no keys": func(t *testing.T, r *tufRepository) {
			r.publish(t, 2, map[string][]byte{targetRoot: embeddedRoot})
		},
		"keys that cannot be read": func(t *testing.T, r *tufRepository) {
			r.publish(t, 2, map[string][]byte{targetRoot: embeddedRoot, targetKeys: []byte("{}")})
		},
		"a root that cannot be read": func(t *testing.T, r *tufRepository) {
			r.publish(t, 2, map[string][]byte{targetRoot: []byte("{}"), targetKeys: embeddedKeys})
		},
		"garbage": func(_ *testing.T, r *tufRepository) { r.files["timestamp.json"] = []byte("<html>") },
	} {
		t.Run(name, func(t *testing.T) {
			repo := newTUF(t)
			repo.publish(t, 1, map[string][]byte{targetRoot: embeddedRoot, targetKeys: embeddedKeys})
			s := repo.source(t, "")
			before := s.Current()
			spoil(t, repo)
			if err := s.Refresh(context.Background()); err == nil {
				t.Fatal("the refresh succeeded")
			}
			st := s.Status()
			if s.Current() != before || st.Err == "" || !st.Refreshed.IsZero() || st.Attempted.IsZero() {
				t.Errorf("%+v", st)
			}
		})
	}
}

func TestRefreshEndsWithItsContext(t *testing.T) {
	arrived := make(chan struct{}, 10)
	release := make(chan struct{})
	stalled := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		arrived <- struct{}{}
		select {
		case <-req.Context().Done():
		case <-release:
		}
	}))
	defer stalled.Close()
	defer close(release)
	initial, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSource(initial, SourceOptions{Repository: stalled.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-arrived; cancel() }()
	if err := s.Refresh(ctx); err == nil || s.Current() != initial {
		t.Errorf("refresh: %v", err)
	}
	if err := s.Run(ctx); err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestTheOperatorsOwnMaterialIsNeverReplaced(t *testing.T) {
	_, spki := newKey(t)
	own, err := LoadTrust(nil, keysOf(npmKey("own", spki, "null")))
	if err != nil {
		t.Fatal(err)
	}
	repo := newTUF(t)
	repo.publish(t, 1, map[string][]byte{targetRoot: embeddedRoot, targetKeys: embeddedKeys})
	s, err := NewSource(own, SourceOptions{Repository: repo.URL, Root: repo.root})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Refresh(context.Background()); err == nil || s.Current() != own || !s.Status().Pinned {
		t.Errorf("%v %+v", err, s.Status())
	}
	if err := s.RefreshIfDue(context.Background()); err != nil || s.Current() != own || repo.asked.Load() != 0 {
		t.Errorf("%v, %d requests", err, repo.asked.Load())
	}
}

// A command starts anew each time: what one refresh kept serves the next for a day, and
// where nobody answers for as long as the repository vouches for it.
func TestWhatARefreshKeptServesTheNextProcess(t *testing.T) {
	dir := t.TempDir()
	_, spki := newKey(t)
	repo := newTUF(t)
	repo.publish(t, 1, map[string][]byte{targetRoot: embeddedRoot, targetKeys: keysOf(npmKey("kept", spki, "null"))})
	next := func(dir string, age time.Duration) (*Source, int, error) {
		s := repo.source(t, dir)
		s.now = func() time.Time { return time.Now().Add(age) }
		repo.asked.Store(0)
		err := s.RefreshIfDue(t.Context())
		return s, int(repo.asked.Load()), err
	}
	holds := func(s *Source) bool {
		_, _, ok := s.Current().keys.find("kept", useSignatures)
		return ok && s.Status().TrustID == s.Current().ID() && !s.Status().Refreshed.IsZero()
	}
	if s, asked, err := next(dir, 0); err != nil || asked == 0 || !holds(s) {
		t.Errorf("the first: %v, %d requests, %+v", err, asked, s.Status())
	}
	if s, asked, err := next(dir, 0); err != nil || asked != 0 || !holds(s) {
		t.Errorf("within the day: %v, %d requests, %+v", err, asked, s.Status())
	}
	for what, age := range map[string]time.Duration{"after a day": refreshEvery + time.Minute, "with a clock that was set back": -time.Hour} {
		if s, asked, err := next(dir, age); err != nil || asked == 0 || !holds(s) {
			t.Errorf("%s: %v, %d requests, %+v", what, err, asked, s.Status())
		}
	}
	if s, asked, err := next("", 0); err != nil || asked == 0 || !holds(s) {
		t.Errorf("with no folder: %v, %d requests, %+v", err, asked, s.Status())
	}

	repo.files = nil
	if s, _, err := next(dir, refreshEvery+time.Minute); err == nil || !holds(s) {
		t.Errorf("nobody answers: %v, %+v", err, s.Status())
	}
	if s, _, err := next(t.TempDir(), 0); err == nil || holds(s) || !s.Status().Refreshed.IsZero() {
		t.Errorf("nobody answers, and nothing is kept: %v, %+v", err, s.Status())
	}
	s := repo.source(t, dir)
	if s.TakeUp(t.Context()); !holds(s) {
		t.Errorf("offline: %+v", s.Status())
	}

	kept, err := filepath.Glob(filepath.Join(dir, "*", "targets", "*"))
	if err != nil || len(kept) != 2 {
		t.Fatal(kept, err)
	}
	for _, file := range kept {
		if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s, _, err := next(dir, 0); err == nil || holds(s) || !s.Status().Refreshed.IsZero() {
		t.Errorf("what was kept was altered: %v, %+v", err, s.Status())
	}
}

func TestRedirectsToAnotherHostAreNotFollowed(t *testing.T) {
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer other.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	defer redirecting.Close()
	initial, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSource(initial, SourceOptions{Repository: redirecting.URL})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Refresh(context.Background()); err == nil || asked {
		t.Errorf("%v, the other host was asked: %v", err, asked)
	}
}

func TestASourceRefusesWhatItCannotUse(t *testing.T) {
	initial, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSource(nil, SourceOptions{}); err == nil {
		t.Error("no trust root was accepted")
	}
	for _, address := range []string{"ftp://tuf.example.test", "tuf.example.test", "https://", "::"} {
		if _, err := NewSource(initial, SourceOptions{Repository: address}); err == nil {
			t.Errorf("%q was accepted", address)
		}
	}
}

package standin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// Registry serves packages with real signatures and attestations. Every answer is made
// once.
type Registry struct {
	*Server
	Sigstore *sigstore.Sigstore
	Builds   []sigstore.Build // of what is attested

	npm      *npm.Registry
	packages []pack
	mu       sync.RWMutex
	answers  map[string]*answer // by path and what is accepted; nil: there is none
}

// pack is a package: what is locked first, and what it can be updated to. Its older
// versions are in its history only.
type pack struct {
	name      string
	integrity []string // of versions
	older     int
}

// versions are the real ones of every package.
var versions = [...]string{"1.0.0", "1.0.1", "1.1.0", "1.2.0"}

// One package in attestedEvery has provenance; histories have shortest to longest
// versions.
const (
	attestedEvery     = 10
	shortest, longest = 10, 500
)

// NewRegistry publishes so many packages, the same ones for every seed.
func NewRegistry(packages int, latency time.Duration, seed uint64) (*Registry, error) {
	s, err := sigstore.New(time.Now)
	if err != nil {
		return nil, err
	}
	r := &Registry{Sigstore: s, answers: map[string]*answer{}}
	if r.npm, err = npm.New(s, time.Now); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(seed, 0))
	begin := time.Now().AddDate(-1, 0, 0)
	for i := range packages {
		span := random.Float64() // most histories are short
		p := pack{name: fmt.Sprintf("piece-%d", i), older: shortest + int((longest-shortest)*span*span*span)}
		for j, version := range versions {
			release := npm.Release{Name: p.name, Version: version, Description: "A piece of a larger whole", License: "MIT", PublishedAt: begin.AddDate(0, 2*j, random.IntN(40))}
			if i%attestedEvery == 0 {
				release.Build = &sigstore.Build{Repository: fmt.Sprintf("maker-%d/%s", i, p.name), Ref: "refs/tags/v" + version}
			}
			integrity, err := r.npm.Publish(release)
			if err != nil {
				return nil, err
			}
			p.integrity = append(p.integrity, integrity)
		}
		r.packages = append(r.packages, p)
	}
	if r.Builds, err = r.npm.Builds(); err != nil {
		return nil, err
	}
	if err := r.fill(); err != nil {
		return nil, err
	}
	r.Server = serve(r, latency)
	return r, nil
}

// fill makes the answers that will be asked for, and gives the histories their length.
func (r *Registry) fill() error {
	for i, p := range r.packages {
		for _, version := range versions {
			r.answer("/"+p.name+"/"+version, "")
			if i%attestedEvery == 0 {
				r.answer("/-/npm/v1/attestations/"+p.name+"@"+version, "")
			}
		}
		for _, accept := range []string{"", abbreviated} {
			if err := r.lengthen("/"+p.name, accept, p.older); err != nil {
				return err
			}
		}
	}
	return nil
}

const abbreviated = "application/vnd.npm.install-v1+json"

// lengthen adds older versions to a history.
func (r *Registry) lengthen(path, accept string, older int) error {
	short := r.answer(path, accept)
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(short.plain, &doc); err != nil {
		return err
	}
	list, times := map[string]json.RawMessage{}, map[string]string{}
	if err := json.Unmarshal(doc["versions"], &list); err != nil {
		return err
	}
	if doc["time"] != nil {
		if err := json.Unmarshal(doc["time"], &times); err != nil {
			return err
		}
	}
	first := string(list[versions[0]])
	random := rand.New(rand.NewPCG(uint64(older), 1))
	for n := range older {
		version := fmt.Sprintf("0.%d.0", n)
		text := strings.ReplaceAll(first, versions[0], version)
		if at := strings.Index(text, `"integrity":"sha512-`); at > 0 { // nothing compresses like the same digest again and again
			at += len(`"integrity":"sha512-`)
			raw := make([]byte, 64)
			for i := range raw {
				raw[i] = byte(random.Uint32())
			}
			sum := base64.StdEncoding.EncodeToString(raw)
			text = text[:at] + sum + text[at+len(sum):]
		}
		list[version] = json.RawMessage(text)
		times[version] = time.Now().AddDate(-4, 0, n).UTC().Format("2006-01-02T15:04:05.000Z")
	}
	for field, v := range map[string]any{"versions": list, "time": times} {
		if doc[field] == nil {
			continue
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		doc[field] = raw
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	long := answerOf(short.media, raw)
	long.modified = short.modified
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[path+" "+accept] = long
	return nil
}

// answer is what the registry says of a path, nil where that is 404.
func (r *Registry) answer(path, accept string) *answer {
	key := path + " " + accept
	r.mu.RLock()
	a, known := r.answers[key]
	r.mu.RUnlock()
	if known {
		return a
	}
	req := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
	req.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	r.npm.ServeHTTP(w, req)
	if w.Code == http.StatusOK {
		a = answerOf(w.Header().Get("Content-Type"), w.Body.Bytes())
		a.modified = w.Header().Get("Last-Modified")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[key] = a
	return a
}

// ServeHTTP answers as the registry does.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	accept := ""
	if strings.Contains(req.Header.Get("Accept"), abbreviated) && strings.Count(req.URL.Path, "/") == 1 {
		accept = abbreviated
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	if a := r.answer(req.URL.Path, accept); a != nil {
		a.write(w, req)
		return
	}
	http.Error(w, `{"error":"Not found"}`, http.StatusNotFound)
}

// Lockfile is a package-lock.json of all packages.
func (r *Registry) Lockfile(project string) []byte { return r.lock(project, nil) }

// Update is Lockfile with so many updates, drawn by random.
func (r *Registry) Update(project string, updates int, random *rand.Rand) []byte {
	chosen := map[int]int{}
	for _, i := range random.Perm(len(r.packages))[:updates] {
		chosen[i] = 1 + random.IntN(len(versions)-1)
	}
	return r.lock(project, chosen)
}

func (r *Registry) lock(project string, chosen map[int]int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "{\n  \"name\": %q,\n  \"lockfileVersion\": 3,\n  \"requires\": true,\n  \"packages\": {\n    \"\": {\n      \"name\": %q,\n      \"version\": \"1.0.0\"\n    }", project, project)
	for i, p := range r.packages {
		at := chosen[i] // the zero value is what was there before
		fmt.Fprintf(&b, ",\n    \"node_modules/%s\": {\n      \"version\": %q,\n      \"resolved\": \"%s/%s/-/%s-%s.tgz\",\n      \"integrity\": %q,\n      \"license\": \"MIT\"\n    }",
			p.name, versions[at], sigstore.RegistryURL, p.name, p.name, versions[at], p.integrity[at])
	}
	b.WriteString("\n  }\n}\n")
	return []byte(b.String())
}

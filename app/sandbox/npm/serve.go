package npm

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

const (
	keysPath         = "/-/npm/v1/keys"
	attestationsPath = "/-/npm/v1/attestations/"

	mimeJSON        = "application/json"
	mimeAbbreviated = "application/vnd.npm.install-v1+json"
	mimeTarball     = "application/octet-stream"
)

// ServeHTTP answers as the npm registry does.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.serve(w, req, sigstore.RegistryURL)
}

// serve answers with documents that name the registry at base.
func (r *Registry) serve(w http.ResponseWriter, req *http.Request, base string) {
	q := parse(req)
	r.requests.add(q)
	a := r.answer(q, req.Header.Get("Accept"), base)
	if f, ok := r.faults.hit(q); ok {
		f.apply(w, req, a)
		return
	}
	a.write(w, req)
}

// parse finds out what is asked for. A name comes escaped in any of the usual
// ways: "@scope/name", "@scope%2fname", "%40scope%2Fname".
func parse(req *http.Request) Request {
	q := Request{Method: req.Method, Path: req.URL.EscapedPath(), Kind: Other}
	path, err := url.PathUnescape(q.Path)
	if err != nil {
		return q
	}
	if path == keysPath {
		q.Kind = Keys
		return q
	}
	if id, ok := strings.CutPrefix(path, attestationsPath); ok {
		if at := strings.LastIndexByte(id, '@'); at > 0 {
			q.Kind, q.Name, q.Version = Attestations, id[:at], id[at+1:]
		}
		return q
	}
	path = strings.TrimPrefix(path, "/")
	if path == "" || strings.HasPrefix(path, "-/") {
		return q
	}
	if name, file, ok := strings.Cut(path, "/-/"); ok {
		base := name[strings.LastIndexByte(name, '/')+1:]
		version, isTarball := strings.CutSuffix(file, ".tgz")
		version, isIts := strings.CutPrefix(version, base+"-")
		if isTarball && isIts {
			q.Kind, q.Name, q.Version = Tarball, name, version
		}
		return q
	}
	segments := strings.Split(path, "/")
	names := 1
	if strings.HasPrefix(path, "@") {
		names = 2
	}
	switch len(segments) {
	case names:
		q.Kind, q.Name = Packument, path
	case names + 1:
		q.Kind, q.Name, q.Version = Version, strings.Join(segments[:names], "/"), segments[names]
	}
	return q
}

// answer is what the registry says.
type answer struct {
	status   int
	mime     string
	body     []byte
	modified time.Time
}

func failure(status int, message string) answer {
	body, err := json.Marshal(map[string]string{"error": message})
	if err != nil {
		body = []byte("{}")
	}
	return answer{status: status, mime: mimeJSON, body: body}
}

func document(v any, mime string, modified time.Time) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return failure(http.StatusInternalServerError, err.Error())
	}
	return answer{http.StatusOK, mime, body, modified}
}

// answer looks up what is asked for.
func (r *Registry) answer(q Request, accept, base string) answer {
	if q.Method != http.MethodGet && q.Method != http.MethodHead {
		return failure(http.StatusMethodNotAllowed, "this registry is read-only")
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	switch q.Kind {
	case Keys:
		return answer{http.StatusOK, mimeJSON, r.sigstore.KeysNPM(), time.Time{}}
	case Packument:
		all := r.packages[q.Name]
		if len(all) == 0 {
			return failure(http.StatusNotFound, "Not found")
		}
		modified := all[len(all)-1].PublishedAt
		if strings.Contains(accept, mimeAbbreviated) {
			return document(abbreviatedPackument(all, base), mimeAbbreviated, modified)
		}
		return document(packument(all, base), mimeJSON, modified)
	}
	p, ok := r.find(q.Name, q.Version)
	if !ok {
		if q.Kind == Version && len(r.packages[q.Name]) > 0 {
			return failure(http.StatusNotFound, "version not found: "+q.Version)
		}
		return failure(http.StatusNotFound, "Not found")
	}
	switch q.Kind {
	case Version:
		return document(p.document.at(base), mimeJSON, p.PublishedAt)
	case Tarball:
		return answer{http.StatusOK, mimeTarball, p.tarball, p.PublishedAt}
	case Attestations:
		switch {
		case p.withheld:
		case p.raw != nil:
			return answer{http.StatusOK, mimeJSON, p.raw, p.PublishedAt}
		case len(p.attestations) > 0:
			return document(map[string]any{"attestations": p.attestations}, mimeJSON, p.PublishedAt)
		}
	}
	return failure(http.StatusNotFound, "Not found")
}

// write sends the answer: conditionally, compressed where the client takes it, and
// without a body for HEAD.
func (a answer) write(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.mime)
	h.Set("Vary", "accept-encoding, accept")
	if a.mime != mimeTarball && strings.Contains(req.Header.Get("Accept-Encoding"), "gzip") {
		a.body = compress(a.body)
		h.Set("Content-Encoding", "gzip")
	}
	if a.status != http.StatusOK {
		w.WriteHeader(a.status)
		if req.Method != http.MethodHead {
			_, _ = w.Write(a.body) // the client went away: nobody is left to tell
		}
		return
	}
	sum := sha256.Sum256(a.body)
	h.Set("ETag", fmt.Sprintf(`W/"%x"`, sum[:16]))
	h.Set("Cache-Control", "public, max-age=300")
	http.ServeContent(w, req, "", a.modified, bytes.NewReader(a.body))
}

func compress(body []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return buf.Bytes()
}

package npm

import (
	"slices"
	"sync"
)

// Kind sorts documents.
type Kind string

// The kinds of documents. Every other path is Other.
const (
	Keys         Kind = "keys"         // /-/npm/v1/keys
	Attestations Kind = "attestations" // /-/npm/v1/attestations/NAME@VERSION
	Version      Kind = "version"      // /NAME/VERSION
	Packument    Kind = "packument"    // /NAME
	Tarball      Kind = "tarball"      // /NAME/-/BASE-VERSION.tgz
	Other        Kind = "other"
)

// Request is one request that reached the registry, whatever came of it.
type Request struct {
	Method  string
	Path    string // escaped, as it came
	Kind    Kind
	Name    string // of the package, "" for Keys and Other
	Version string // "" for Packument
}

type requests struct {
	mu  sync.Mutex
	all []Request
}

func (r *requests) add(q Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) >= maxRequests {
		r.all = append(r.all[:0], r.all[maxRequests/2:]...)
	}
	r.all = append(r.all, q)
}

// Requests lists what was asked since the start or the last Forget, oldest first.
func (r *Registry) Requests() []Request {
	r.requests.mu.Lock()
	defer r.requests.mu.Unlock()
	return slices.Clone(r.requests.all)
}

// Asked lists the names of packages that were asked for, sorted, each once.
func (r *Registry) Asked() []string {
	var names []string
	for _, q := range r.Requests() {
		if q.Name != "" {
			names = append(names, q.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Forget empties the log of requests.
func (r *Registry) Forget() {
	r.requests.mu.Lock()
	defer r.requests.mu.Unlock()
	r.requests.all = nil
}

package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Source is what answers for releases: a registry, or an archive of its answers.
type Source interface {
	// Origin is the normalised address, for cache keys and archives.
	Origin() string
	Release(ctx context.Context, p dep.Package) (Release, error)
	Attestations(ctx context.Context, p dep.Package) ([]Attestation, error)
	PublishedAt(ctx context.Context, p dep.Package) (Date, error)
	// History is of all releases of the package with that name.
	History(ctx context.Context, name string) (History, error)
}

// archiveSchema is the value of "schema" in an archive.
const archiveSchema = "bonafide.evidence/v1"

// maxArchiveBytes bounds an archive: about 20 kB per attested package, for 25,000
// packages.
const maxArchiveBytes = 512 << 20

// Archive keeps a source's answers so that they can be replayed offline. What it
// keeps are the registry's documents and bundles, not verdicts: signatures and
// attestations are verified again at every replay. It is safe for concurrent use.
type Archive struct {
	source Source // nil: replay only
	mu     *sync.Mutex
	doc    *archive // guarded by mu
}

type archive struct {
	Schema       string                           `json:"schema"`
	Origin       string                           `json:"origin"`
	Releases     map[string]answer[Release]       `json:"releases"`
	Attestations map[string]answer[[]Attestation] `json:"attestations"`
	Dates        map[string]answer[Date]          `json:"dates"`
	// Histories are by name. What was saved by older versions of Bonafide has none.
	Histories map[string]answer[History] `json:"histories,omitempty"`
	// Others are the answers of other registries, each with its own origin.
	Others []*archive `json:"others,omitempty"`
}

// answer is what was answered: a value, "not found", or the reason of a failure.
type answer[T any] struct {
	Value    *T     `json:"value,omitempty"`
	NotFound bool   `json:"notFound,omitempty"`
	Failure  string `json:"failure,omitempty"`
}

// NewArchive records what source answers.
func NewArchive(source Source) *Archive {
	return &Archive{source: source, mu: &sync.Mutex{}, doc: newDoc(source.Origin())}
}

func newDoc(origin string) *archive {
	return &archive{
		Schema: archiveSchema, Origin: origin,
		Releases: map[string]answer[Release]{}, Attestations: map[string]answer[[]Attestation]{}, Dates: map[string]answer[Date]{},
		Histories: map[string]answer[History]{},
	}
}

// Beside records what another source answers, in the same archive.
func (a *Archive) Beside(source Source) *Archive {
	doc := newDoc(source.Origin())
	a.mu.Lock()
	defer a.mu.Unlock()
	a.doc.Others = append(a.doc.Others, doc)
	return &Archive{source: source, mu: a.mu, doc: doc}
}

// Of replays what another registry had answered; where nothing of it was saved, nothing is.
func (a *Archive) Of(origin string) *Archive {
	for _, doc := range a.doc.Others {
		if doc.Origin == origin {
			return &Archive{mu: a.mu, doc: doc}
		}
	}
	return Nothing(origin)
}

// ReadArchive replays what was recorded, and asks nobody.
func ReadArchive(r io.Reader) (*Archive, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxArchiveBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the saved evidence: %w", err)
	}
	if len(data) > maxArchiveBytes {
		return nil, fmt.Errorf("the saved evidence is larger than %d MiB", maxArchiveBytes>>20)
	}
	a := &Archive{mu: &sync.Mutex{}, doc: &archive{}}
	if err := json.Unmarshal(data, a.doc); err != nil {
		return nil, fmt.Errorf("the saved evidence is not what `--evidence` writes: %w", err)
	}
	if a.doc.Schema != archiveSchema || a.doc.Origin == "" {
		return nil, fmt.Errorf("the saved evidence has the schema %q, this version reads %q", a.doc.Schema, archiveSchema)
	}
	for _, doc := range append([]*archive{a.doc}, a.doc.Others...) {
		if doc == nil || doc.Origin == "" {
			return nil, errors.New("the saved evidence of one registry does not say which one it is")
		}
		for _, kept := range doc.Releases {
			if kept.Value != nil {
				// What the signature covers is the integrity as stated: nothing else may say
				// what the digests are.
				kept.Value.readIntegrity()
			}
		}
	}
	return a, nil
}

// WriteTo writes everything that was answered so far.
func (a *Archive) WriteTo(w io.Writer) (int64, error) {
	a.mu.Lock()
	data, err := json.MarshalIndent(a.doc, "", " ")
	a.mu.Unlock()
	if err != nil {
		return 0, fmt.Errorf("write the evidence: %w", err)
	}
	n, err := w.Write(append(data, '\n'))
	return int64(n), err
}

// Origin implements Source.
func (a *Archive) Origin() string { return a.doc.Origin }

// Release implements Source.
func (a *Archive) Release(ctx context.Context, p dep.Package) (Release, error) {
	return recall(a, a.doc.Releases, p.String(), func() (Release, error) { return a.source.Release(ctx, p) })
}

// Attestations implements Source.
func (a *Archive) Attestations(ctx context.Context, p dep.Package) ([]Attestation, error) {
	return recall(a, a.doc.Attestations, p.String(), func() ([]Attestation, error) { return a.source.Attestations(ctx, p) })
}

// PublishedAt implements Source.
func (a *Archive) PublishedAt(ctx context.Context, p dep.Package) (Date, error) {
	return recall(a, a.doc.Dates, p.String(), func() (Date, error) { return a.source.PublishedAt(ctx, p) })
}

// History implements Source.
func (a *Archive) History(ctx context.Context, name string) (History, error) {
	return recall(a, a.doc.Histories, name, func() (History, error) { return a.source.History(ctx, name) })
}

// recall asks the source and keeps the answer, or replays it.
func recall[T any](a *Archive, kept map[string]answer[T], key string, ask func() (T, error)) (T, error) {
	if a.source == nil {
		return replay(kept[key])
	}
	v, err := ask()
	var saved answer[T]
	switch {
	case err == nil:
		saved.Value = &v
	case errors.Is(err, ErrNotFound):
		saved.NotFound = true
	default:
		saved.Failure = err.Error()
	}
	a.mu.Lock()
	kept[key] = saved
	a.mu.Unlock()
	return v, err
}

func replay[T any](saved answer[T]) (T, error) {
	var zero T
	switch {
	case saved.Value != nil:
		return *saved.Value, nil
	case saved.NotFound:
		return zero, ErrNotFound
	case saved.Failure != "":
		return zero, &Failure{Reason: saved.Failure}
	}
	return zero, &Failure{Reason: "it is not among the saved evidence, and nobody is asked offline"}
}

// Nothing is an archive in which nothing was saved.
func Nothing(origin string) *Archive {
	return &Archive{mu: &sync.Mutex{}, doc: &archive{Schema: archiveSchema, Origin: origin}}
}

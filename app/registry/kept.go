package registry

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/dep"
)

// ErrOffline is wrapped where nobody is asked and the answer was not kept.
var ErrOffline = errors.New("nobody is asked offline")

// Shelf is where a Kept puts documents. Who keeps what apart (the registries are, by the
// keys) is the Shelf's to say. One that fails costs time, nothing else.
type Shelf interface {
	// Get returns ok false for a key that is not there or has expired.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Put keeps a value for at least ttl, unless the room is needed.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
}

// KeptOptions say for how long what was kept is as good as asked.
type KeptOptions struct {
	// Fresh is for how long a document is used without asking whether it changed. Where
	// the registry itself allows longer, that long.
	Fresh time.Duration
	// Histories are kept, too. They are large.
	Histories bool
	// Offline asks nobody: how old a document is does not matter, and what is not there is a
	// *Failure that wraps ErrOffline.
	Offline bool
	Now     func() time.Time // nil: time.Now
	Log     zerolog.Logger   // the zero Logger is silent
}

// Kept is a Source whose documents are kept between runs: those that may change, releases
// and histories. When they are no longer fresh, the source is asked whether they changed. Dates and
// attestations it hands on: whoever verifies keeps them (package provenance). What was
// kept is read like what a registry says: nothing in it is proven.
//
// What says that there is nothing, or fails, is not kept. It is safe for concurrent use.
type Kept struct {
	Source
	shelf Shelf
	o     KeptOptions
}

// NewKept keeps the documents of source.
func NewKept(source Source, shelf Shelf, o KeptOptions) *Kept {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Kept{Source: source, shelf: shelf, o: o}
}

// conditional is a Source that can be asked whether a document changed; *NPM is one.
type conditional interface {
	ReleaseIfChanged(ctx context.Context, p dep.Package, etag string) (Release, error)
	HistoryIfChanged(ctx context.Context, name, etag string) (History, error)
}

type freshKey struct{}

// WithFresh has a Kept ask the registry, whatever it has, and keep what differs.
func WithFresh(ctx context.Context) context.Context {
	return context.WithValue(ctx, freshKey{}, true)
}

func fresh(ctx context.Context) bool {
	is, _ := ctx.Value(freshKey{}).(bool)
	return is
}

// Release implements Source.
func (k *Kept) Release(ctx context.Context, p dep.Package) (Release, error) {
	return recallKept(ctx, k, strings.Join([]string{"release", k.Origin(), p.PURL()}, "\n"), keptKind[Release]{
		limit: maxKeptRelease,
		ask: func(etag string) (Release, error) {
			if c, ok := k.Source.(conditional); ok && etag != "" {
				return c.ReleaseIfChanged(ctx, p, etag)
			}
			return k.Source.Release(ctx, p)
		},
		stamp: func(r *Release) (string, time.Duration) { return r.ETag, r.MaxAge },
		valid: func(r *Release) bool {
			// What the signature covers is the integrity as stated: nothing else may say
			// what the digests are.
			r.readIntegrity()
			return r.Package == p && len(r.Signatures) <= maxSignatures
		},
	})
}

// History implements Source.
func (k *Kept) History(ctx context.Context, name string) (History, error) {
	if !k.o.Histories && !k.o.Offline {
		return k.Source.History(ctx, name)
	}
	return recallKept(ctx, k, strings.Join([]string{"history", k.Origin(), name}, "\n"), keptKind[History]{
		limit: maxKeptHistory,
		ask: func(etag string) (History, error) {
			if c, ok := k.Source.(conditional); ok && etag != "" {
				return c.HistoryIfChanged(ctx, name, etag)
			}
			return k.Source.History(ctx, name)
		},
		stamp: func(h *History) (string, time.Duration) { return h.ETag, h.MaxAge },
		valid: func(h *History) bool { return h.Name == name && len(h.Releases) <= maxVersions },
	})
}

// Attestations implements Source.
func (k *Kept) Attestations(ctx context.Context, p dep.Package) ([]Attestation, error) {
	if k.o.Offline {
		return nil, offline()
	}
	return k.Source.Attestations(ctx, p)
}

// PublishedAt implements Source.
func (k *Kept) PublishedAt(ctx context.Context, p dep.Package) (Date, error) {
	if k.o.Offline {
		return Date{}, offline()
	}
	return k.Source.PublishedAt(ctx, p)
}

func offline() error {
	return &Failure{Reason: "it is not among what was kept, and nobody is asked offline", Err: ErrOffline}
}

// keptKind is what kinds of documents differ in.
type keptKind[T any] struct {
	limit int                              // bytes, as it is kept
	ask   func(etag string) (T, error)     // with an ETag: wraps ErrNotModified where it is still so
	stamp func(*T) (string, time.Duration) // its ETag, and for how long the registry lets it be used
	valid func(*T) bool                    // it is the document asked for
}

// keptDocument is a document with the time at which the registry said that it is so.
type keptDocument[T any] struct {
	Read     int64 `json:"read"` // Unix, s
	Document T     `json:"document"`
}

// keptShape writes times and lists so that what is read again is the same to the bit.
var keptShape = json.JoinOptions(jsonv1.FormatDurationAsNano(true), json.FormatNilSliceAsNull(true))

func recallKept[T any](ctx context.Context, k *Kept, key string, kind keptKind[T]) (T, error) {
	held, have := loadKept(ctx, k, key, kind)
	now, anew := k.o.Now(), fresh(ctx) && !k.o.Offline
	age, etag := now.Sub(time.Unix(held.Read, 0)), ""
	if have && !anew {
		var lasts time.Duration
		etag, lasts = kind.stamp(&held.Document)
		if k.o.Offline || age >= 0 && age < max(k.o.Fresh, lasts) {
			return held.Document, nil
		}
	}
	var none T
	if k.o.Offline {
		return none, offline()
	}
	document, err := kind.ask(etag)
	if etag != "" && errors.Is(err, ErrNotModified) {
		document, err = held.Document, nil
	}
	if have && anew && err == nil && age < keepDocuments/2 && reflect.DeepEqual(document, held.Document) {
		return document, nil // the nightly look finds most as they were: nothing is written
	}
	if have && errors.Is(err, ErrNotFound) { // what was kept is no longer so, offline neither
		if err := k.shelf.Put(ctx, key, nil, keepDocuments); err != nil && ctx.Err() == nil {
			k.o.Log.Warn().Err(err).Msg("a document that the registry no longer has could not be forgotten")
		}
	}
	if err != nil {
		return none, err
	}
	value, err := json.Marshal(keptDocument[T]{now.Unix(), document}, keptShape)
	if err == nil && len(value) <= kind.limit {
		err = k.shelf.Put(ctx, key, value, keepDocuments)
	}
	if err != nil && ctx.Err() == nil {
		k.o.Log.Warn().Err(err).Msg("a document of the registry could not be kept")
	}
	return document, nil
}

// loadKept is what is there. What does not read is asked for anew.
func loadKept[T any](ctx context.Context, k *Kept, key string, kind keptKind[T]) (held keptDocument[T], have bool) {
	value, ok, err := k.shelf.Get(ctx, key)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			k.o.Log.Warn().Err(err).Msg("what was kept of the registry's documents could not be read")
		}
		return held, false
	case !ok || len(value) == 0 || len(value) > kind.limit:
		return held, false
	}
	if err := json.Unmarshal(value, &held, keptShape); err != nil || !kind.valid(&held.Document) {
		k.o.Log.Warn().Msg("a document that was kept cannot be read; it is asked for anew and replaced")
		return keptDocument[T]{}, false
	}
	return held, true
}

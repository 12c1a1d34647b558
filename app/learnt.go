package app

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/store"
)

const (
	// learntWait is for how long facts are gathered that are written at once: each
	// transaction waits for the disk, and others wait to write.
	learntWait = 200 * time.Millisecond
	// learntGroup is how many one transaction writes: some milliseconds.
	learntGroup = 100
	// maxLearnt bounds what waits to be written, in bytes. What is more is learnt again.
	maxLearnt = 16 << 20
	// learntTime is what the last facts get when the server ends.
	learntTime = 2 * time.Second
)

// learnt is the store as a Cache that is written behind, in groups: no job waits for it. A
// fact that was not written when the process was killed is learnt again.
type learnt struct {
	store *store.Store
	log   zerolog.Logger
	more  chan struct{} // something waits

	busy sync.Mutex // held while the store is written

	mu      sync.Mutex
	waiting map[string]store.Fact // guarded by mu, like what follows
	writing map[string]store.Fact
	bytes   int // of waiting
}

func newLearnt(s *store.Store, log zerolog.Logger) *learnt {
	return &learnt{store: s, log: log, more: make(chan struct{}, 1), waiting: map[string]store.Fact{}}
}

// Get implements provenance.Cache.
func (l *learnt) Get(ctx context.Context, key string) ([]byte, bool, error) {
	l.mu.Lock()
	f, ok := l.waiting[key]
	if !ok {
		f, ok = l.writing[key]
	}
	l.mu.Unlock()
	if ok {
		return f.Value, true, nil
	}
	return l.store.Get(ctx, key)
}

// Put implements provenance.Cache.
func (l *learnt) Put(_ context.Context, key string, value []byte, ttl time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	size := len(key) + len(value)
	if l.bytes+size > maxLearnt {
		return nil
	}
	l.bytes += size
	l.waiting[key] = store.Fact{Key: key, Value: value, TTL: ttl}
	select {
	case l.more <- struct{}{}:
	default:
	}
	return nil
}

// run writes what comes until the function that it returns is called, which writes the rest.
// ctx must not end before.
func (l *learnt) run(ctx context.Context) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-l.more:
			case <-end:
				return
			}
			select {
			case <-time.After(learntWait):
			case <-end:
				return
			}
			l.write(ctx)
		}
	}()
	return func() {
		close(end)
		<-ended
		ctx, cancel := context.WithTimeout(ctx, learntTime)
		defer cancel()
		l.write(ctx)
	}
}

func (l *learnt) write(ctx context.Context) {
	l.busy.Lock()
	defer l.busy.Unlock()
	l.mu.Lock()
	l.writing, l.waiting, l.bytes = l.waiting, map[string]store.Fact{}, 0
	all := slices.Collect(maps.Values(l.writing))
	l.mu.Unlock()
	for some := range slices.Chunk(all, learntGroup) {
		if err := l.store.PutAll(ctx, some); err != nil {
			l.log.Warn().Err(err).Int("facts", len(some)).Msg("what was learnt of packages could not be kept; it is learnt again")
		}
	}
	l.mu.Lock()
	l.writing = nil
	l.mu.Unlock()
}

// forget forgets what waits of an installation. What is in the store by then stays there.
func (l *learnt) forget(installation int64) {
	l.busy.Lock()
	defer l.busy.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.waiting, func(key string, _ store.Fact) bool {
		return strings.HasPrefix(key, store.OfInstallation(installation, ""))
	})
}

type installationKey struct{}

// withInstallation says in whose work something is learnt.
func withInstallation(ctx context.Context, id int64) context.Context {
	return context.WithValue(ctx, installationKey{}, id)
}

// filed is a Cache that keeps what a registry says which is not public apart, by
// installation. What is learnt in nobody's work is not kept there.
type filed struct {
	provenance.Cache
	public bool
}

// public says whether everybody may know what a registry says.
func public(origin string) bool { return lockfile.IsPublicBase(origin) }

func (f filed) file(ctx context.Context, key string) (string, bool) {
	if f.public {
		return key, true
	}
	id, ok := ctx.Value(installationKey{}).(int64)
	return store.OfInstallation(id, key), ok && id != 0
}

func (f filed) Get(ctx context.Context, key string) ([]byte, bool, error) {
	key, ok := f.file(ctx, key)
	if !ok {
		return nil, false, nil
	}
	return f.Cache.Get(ctx, key)
}

func (f filed) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	key, ok := f.file(ctx, key)
	if !ok {
		return nil
	}
	return f.Cache.Put(ctx, key, value, ttl)
}

// bundles gives an installation what was attested of its packages.
type bundles []*provenance.Verifier

func (b bundles) Bundles(ctx context.Context, installation int64, p dep.Package, integrity string) ([]byte, bool, error) {
	for _, of := range b { // each registry's are kept apart, and whoever knows the digest may see them
		if document, ok, err := of.Bundles(withInstallation(ctx, installation), p, integrity); ok || err != nil {
			return document, ok, err
		}
	}
	return nil, false, nil
}

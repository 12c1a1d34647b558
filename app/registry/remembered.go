package registry

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// Remembered is a registry whose histories stay in memory for a while, those longest not
// asked for going first: they are the largest of its documents, and the same few hundred
// are asked for again and again. What the registry says of their freshness holds, up to
// five minutes; then it is asked whether they changed. It is safe for concurrent use.
type Remembered struct {
	*NPM
	scope func(context.Context) (string, bool)

	mu     sync.Mutex
	byKey  map[string]*list.Element // of *remembered
	recent *list.List               // the one that was asked for last comes first
	bytes  int
}

type remembered struct {
	key     string
	history History
	read    time.Time // when the registry last said that it is so
	bytes   int
}

// Remember makes one of a registry. scope says whose a history is: it is shown to nobody
// of another scope, and where scope says false it is not remembered.
func Remember(n *NPM, scope func(context.Context) (string, bool)) *Remembered {
	return &Remembered{NPM: n, scope: scope, byKey: map[string]*list.Element{}, recent: list.New()}
}

// History is NPM's. A registry that gives no answer is a *Failure, whatever is remembered.
func (r *Remembered) History(ctx context.Context, name string) (History, error) {
	scope, kept := r.scope(ctx)
	if !kept {
		return r.NPM.History(ctx, name)
	}
	key := scope + "\n" + name
	h, lasts := r.recall(key)
	switch {
	case fresh(ctx): // past what is remembered
		h = History{}
	case lasts:
		return h, nil
	}
	now, err := r.HistoryIfChanged(ctx, name, h.ETag)
	switch {
	case err == nil:
		h = now
	case h.ETag == "" || !errors.Is(err, ErrNotModified):
		if errors.Is(err, ErrNotFound) {
			r.forget(key)
		}
		return History{}, err
	}
	r.keep(key, h)
	return h, nil
}

// recall is what is remembered, and whether that may be used as it is.
func (r *Remembered) recall(key string) (h History, lasts bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.byKey[key]
	if e == nil {
		return History{}, false
	}
	r.recent.MoveToFront(e)
	m := e.Value.(*remembered)
	return m.history, time.Since(m.read) < min(m.history.MaxAge, maxUnasked)
}

func (r *Remembered) keep(key string, h History) {
	m := &remembered{key: key, history: h, read: time.Now(), bytes: len(key) + len(h.Name) + len(h.ETag) + pastBytes}
	for _, p := range h.Releases {
		m.bytes += p.bytes()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(r.byKey[key])
	if m.bytes > maxRemembered || h.ETag == "" && h.MaxAge == 0 {
		return
	}
	for r.bytes+m.bytes > maxRemembered {
		r.drop(r.recent.Back())
	}
	r.byKey[key] = r.recent.PushFront(m)
	r.bytes += m.bytes
}

func (r *Remembered) forget(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(r.byKey[key])
}

// drop is for holders of the lock.
func (r *Remembered) drop(e *list.Element) {
	if e == nil {
		return
	}
	m := r.recent.Remove(e).(*remembered)
	delete(r.byKey, m.key)
	r.bytes -= m.bytes
}

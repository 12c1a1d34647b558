package review

import "sync"

// keyedMutex is one mutex per key; keys that nobody holds take no memory.
type keyedMutex struct {
	mu   sync.Mutex
	held map[string]*lock // guarded by mu
}

type lock struct {
	sync.Mutex
	users int // guarded by keyedMutex.mu
}

// lock takes the mutex of a key and returns what releases it.
func (k *keyedMutex) lock(key string) (unlock func()) {
	k.mu.Lock()
	l := k.held[key]
	if l == nil {
		l = &lock{}
		k.held[key] = l
	}
	l.users++
	k.mu.Unlock()
	l.Lock()
	return func() {
		l.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(k.held, key)
		}
	}
}

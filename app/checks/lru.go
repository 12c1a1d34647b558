package checks

import (
	"container/list"
	"sync"
)

// lru keeps the values that were used last, up to a total cost. It is safe for
// concurrent use.
type lru[K comparable, V any] struct {
	mu    sync.Mutex
	max   int
	total int
	order *list.List // of *item, most recently used first
	items map[K]*list.Element
}

type lruItem[K comparable, V any] struct {
	key   K
	value V
	cost  int
}

func newLRU[K comparable, V any](max int) *lru[K, V] {
	return &lru[K, V]{max: max, order: list.New(), items: map[K]*list.Element{}}
}

func (c *lru[K, V]) get(k K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[k]
	if !ok {
		return v, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*lruItem[K, V]).value, true
}

// put keeps a value. One that would take more than half of the room is not kept.
func (c *lru[K, V]) put(k K, v V, cost int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(k)
	if cost > c.max/2 {
		return
	}
	c.items[k] = c.order.PushFront(&lruItem[K, V]{k, v, cost})
	c.total += cost
	for c.total > c.max {
		c.drop(c.order.Back().Value.(*lruItem[K, V]).key)
	}
}

// take removes a value and returns it.
func (c *lru[K, V]) take(k K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[k]; ok {
		v = e.Value.(*lruItem[K, V]).value
		c.drop(k)
		return v, true
	}
	return v, false
}

// takeAll removes the values whose keys are wanted.
func (c *lru[K, V]) takeAll(wanted func(K) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.items {
		if wanted(k) {
			c.drop(k)
		}
	}
}

// values are all that is kept.
func (c *lru[K, V]) values() []V {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]V, 0, len(c.items))
	for e := c.order.Front(); e != nil; e = e.Next() {
		out = append(out, e.Value.(*lruItem[K, V]).value)
	}
	return out
}

func (c *lru[K, V]) drop(k K) {
	if e, ok := c.items[k]; ok {
		c.total -= e.Value.(*lruItem[K, V]).cost
		c.order.Remove(e)
		delete(c.items, k)
	}
}

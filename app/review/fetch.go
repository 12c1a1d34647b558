package review

import (
	"context"
	"path"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bonafide-app/bonafide/app/lockfile"
)

// wanted is a file of one side.
type wanted struct {
	side  side
	entry TreeEntry
}

// sure are the files that are far away and sure to be read, as far as the listings tell: the
// lockfiles that differ, and the manifests that do. manifests is what the latter can take.
func (c *comparison) sure(ignores func(path string) bool) (list []wanted, manifests int64) {
	var size int64
	add := func(p string) {
		for _, s := range []side{c.head, c.base} {
			_, far := s.tree.Tree.(Distant)
			if e := s.paths[p]; far && e.Kind == Blob && e.Size >= 0 && size+e.Size <= MaxFetchedBytes && len(list) < MaxFetched {
				list, size = append(list, wanted{s, e}), size+e.Size
				if _, ok := lockfile.Recognise(p); !ok {
					manifests += contentWeight(p, e.Size)
				}
			}
		}
	}
	for _, p := range c.candidates() {
		format, _ := lockfile.Recognise(p)
		if b, h := c.base.paths[p], c.head.paths[p]; format.Supported && h.Kind == Blob && b.ID != h.ID && !ignores(p) {
			add(p)
		}
	}
	for _, p := range c.changedFiles(lockfile.IsManifest) {
		if path.Base(p) == "package.json" && !ignores(p) {
			add(p)
		}
	}
	return list, manifests
}

// fetch reads files at the same time: one after the other they would wait for each other's
// way. What fails is met again where it is read.
func (c *comparison) fetch(ctx context.Context, list []wanted) {
	var mu sync.Mutex // guards what was fetched
	var g errgroup.Group
	g.SetLimit(fetchesAtATime)
	for _, w := range list {
		g.Go(func() error {
			data := contained(ctx, "reading "+w.entry.Path, func() []byte {
				data, err := w.side.tree.Tree.Read(ctx, w.entry)
				if err != nil {
					return nil
				}
				return data
			}, nil)
			mu.Lock()
			defer mu.Unlock()
			if data != nil {
				w.side.tree.fetched[w.entry.ID] = data
			}
			return nil
		})
	}
	_ = g.Wait() // the functions never fail
}

package samples

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/bonafide-app/bonafide/app/sandbox/npm"
)

// World publishes to an empty registry everything that the samples name, oldest
// first, and breaks what is broken in them.
func World(reg *npm.Registry) error {
	if reg == nil {
		return errors.New("the sample packages need a registry")
	}
	now := reg.Now()
	all := newCatalogue()
	slices.SortStableFunc(all, func(a, b item) int { return a.at(now).Compare(b.at(now)) })
	for _, i := range all {
		i.PublishedAt = i.at(now)
		if _, err := reg.Publish(i.Release); err != nil {
			return fmt.Errorf("the sample packages: %w", err)
		}
	}
	return reg.Break("glob-sieve", npm.Status(http.StatusServiceUnavailable))
}

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
	if err := newCatalogue().publish(reg); err != nil {
		return err
	}
	return reg.Break("glob-sieve", npm.Status(http.StatusServiceUnavailable))
}

// IncidentWorld publishes to a registry everything that the incidents name.
func IncidentWorld(reg *npm.Registry) error {
	if reg == nil {
		return errors.New("the packages of the incidents need a registry")
	}
	return incidentCatalogue().publish(reg)
}

// publish publishes the oldest first.
func (c catalogue) publish(reg *npm.Registry) error {
	now := reg.Now()
	c = slices.Clone(c)
	slices.SortStableFunc(c, func(a, b item) int { return a.at(now).Compare(b.at(now)) })
	for _, i := range c {
		i.PublishedAt = i.at(now)
		if _, err := reg.Publish(i.Release); err != nil {
			return fmt.Errorf("the sample packages: %w", err)
		}
	}
	return nil
}

package provenance

import (
	"context"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// Cache keeps facts that were learnt once and never change. A key says where the
// fact came from. It is an aid: a Cache that fails costs time, nothing else.
type Cache interface {
	// Get returns ok false for a key that is not there or has expired.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Put keeps a value for at least ttl. The Cache may drop it sooner.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
}

// keepDates is how long a publication date is kept. It never changes; the bound only
// lets a cache forget packages that nobody uses any more.
const keepDates = 365 * 24 * time.Hour

// keepAbsent is how long it is believed that a registry which has attestations of a release
// has none of one kind, though it announces none: another may still be on its way.
const keepAbsent = time.Hour

// dateKey files a publication date under the registry that gave it, the package and
// its digest.
func dateKey(origin string, p dep.Package, integrity string) string {
	return strings.Join([]string{"published", origin, p.PURL(), integrity}, "\n")
}

// encodeDate writes RFC 3339 and the source, divided by a space.
func encodeDate(d registry.Date) []byte {
	return []byte(d.Time.UTC().Format(time.RFC3339Nano) + " " + d.Source)
}

func decodeDate(b []byte) (registry.Date, bool) {
	if len(b) > maxDates {
		return registry.Date{}, false
	}
	stamp, source, ok := strings.Cut(string(b), " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	return registry.Date{Time: at, Source: source}, ok && err == nil && !at.IsZero()
}

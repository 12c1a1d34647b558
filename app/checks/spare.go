package checks

import "context"

// Spare says whether an installation has requests left for work that nobody waits for:
// nil, or a *review.Later that ends when GitHub counts them anew. Where they were used up,
// a push would wait for the rest of the hour.
func (f *Forge) Spare(_ context.Context, installation int64) error {
	return f.gates.spare(installation)
}

func (g *gates) spare(installation int64) error {
	one := g.of(installation)
	one.mu.Lock()
	defer one.mu.Unlock()
	now, l := g.clock(), one.limit
	if l.Remaining >= l.Limit/KeptForEvents || !l.Reset.After(now) {
		return nil
	}
	return g.later(min(l.Reset.Sub(now), MaxWait), "what is left of GitHub's rate limit is kept for what people wait for")
}

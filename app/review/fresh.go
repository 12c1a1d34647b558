package review

import "context"

type freshKey struct{}

// WithFresh has what may change asked anew under the context, even where an answer of a
// moment ago is at hand, or something was verified before: what changed may be the reason for
// asking.
func WithFresh(ctx context.Context) context.Context {
	return context.WithValue(ctx, freshKey{}, true)
}

// Fresh says whether the context was made by WithFresh.
func Fresh(ctx context.Context) bool {
	fresh, _ := ctx.Value(freshKey{}).(bool)
	return fresh
}

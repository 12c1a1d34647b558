package review

import "context"

// soon begins to ask, and returns what waits for the answer. It ends when ask does. A panic
// stays inside, and is answered with fault.
func soon[T any](ctx context.Context, doing string, ask func() T, fault T) func() T {
	var answer T
	done := make(chan struct{})
	go func() {
		defer close(done)
		answer = contained(ctx, doing, ask, fault)
	}()
	return func() T {
		<-done
		return answer
	}
}

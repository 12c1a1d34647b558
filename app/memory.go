package app

import (
	"os"
	"runtime/debug"
)

// softMemory is the heap and stacks from which on garbage is collected more eagerly, in
// bytes. By itself Go lets as much garbage pile up as there is in use, which would be
// twice what reviews may hold (review.LargeMemory).
const softMemory = 400 << 20

// LimitMemory tells the garbage collector how much there is. An operator who has set
// GOMEMLIMIT knows better.
func LimitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
}

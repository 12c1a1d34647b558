package metrics

import (
	"strings"
	"sync"
	"unicode"
)

// other stands for the values of a label that are too many, or no name.
const other = "other"

// values bounds those of a label that do not come from the code.
type values struct {
	mu    sync.Mutex
	known map[string]bool
}

func newValues() *values { return &values{known: map[string]bool{}} }

// of is v, or other where there are too many already.
func (v *values) of(value string) string {
	value = clean(value)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.known[value]:
	case len(v.known) >= maxValues:
		return other
	default:
		v.known[value] = true
	}
	return value
}

// clean keeps what is no name out.
func clean(value string) string {
	if value == "" || len(value) > maxValue || strings.ContainsFunc(value, func(r rune) bool {
		return r == unicode.ReplacementChar || !unicode.IsPrint(r)
	}) {
		return other
	}
	return value
}

package config

import (
	"fmt"
	"strings"
)

// Error is one mistake in a policy file.
type Error struct {
	Source       string // the file, as it was named to ParsePolicy
	Line, Column int    // 1-based; 0 where the mistake is about the file as a whole
	Message      string // one sentence that says what to write; may quote the file
}

func (e *Error) Error() string {
	switch {
	case e.Line == 0:
		return e.Source + ": " + e.Message
	case e.Column == 0:
		return fmt.Sprintf("%s:%d: %s", e.Source, e.Line, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Source, e.Line, e.Column, e.Message)
}

// Errors are the mistakes of one policy file, by line: at least one, at most
// MaxPolicyErrors.
type Errors []*Error

// Error has one line for each mistake.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Detail is all mistakes in one line of text, without the file's name: for where
// that is shown beside it. The first mistake's line is Errors[0].Line.
func (es Errors) Detail() string {
	parts := make([]string, len(es))
	for i, e := range es {
		switch {
		case e.Line == 0:
			parts[i] = e.Message
		case e.Column == 0:
			parts[i] = fmt.Sprintf("line %d: %s", e.Line, e.Message)
		default:
			parts[i] = fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
		}
	}
	return strings.Join(parts, " ")
}

// Unwrap gives the mistakes to errors.As: the first *Error is the first mistake.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

package store

import "strings"

// text is a string as both databases keep it: PostgreSQL takes neither a NUL nor what
// is not UTF-8, and what somebody wrote must not be able to fail a job for ever.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

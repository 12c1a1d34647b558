package queue

import (
	"cmp"

	"github.com/rs/zerolog"
)

// Log is a logger whose lines say which job they are about. Every line about a job is
// written through one, so that all have the same fields: those that a job lacks are
// empty.
func (j Job) Log(l zerolog.Logger) zerolog.Logger {
	return j.Fields(l.With()).Str("head", j.Named()).Logger()
}

// Named is the head that the delivery named; GitHub may have another by now.
func (j Job) Named() string { return cmp.Or(j.EventHead, j.Head) }

// Fields are those of Log but for the head, for lines that know a later one.
func (j Job) Fields(c zerolog.Context) zerolog.Context {
	repository := ""
	if j.Owner != "" || j.Repo != "" {
		repository = j.Owner + "/" + j.Repo
	}
	return c.Str("delivery", j.Delivery).Str("kind", string(j.Kind)).Int64("installation", j.Installation).
		Str("repository", repository).Int("pull_request", j.Number)
}

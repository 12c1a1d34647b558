package queue

import (
	"strings"
	"unicode/utf8"
)

// clean makes the texts of a job such that both databases take them: PostgreSQL keeps
// no NUL in JSON. A delivery that holds one would be refused for ever, and no name, ref
// or digest of GitHub's does.
func clean(j Job) Job {
	kind := string(j.Kind)
	for _, text := range []*string{
		&j.Delivery, &kind, &j.Owner, &j.Repo, &j.Head, &j.EventHead, &j.HeadRef, &j.Base, &j.BaseRef, &j.Former, &j.Tag,
		&j.RemarkKind, &j.Digest, &j.Clicked, &j.By, &j.Note, &j.Reason,
	} {
		*text = cleanText(*text)
	}
	j.Kind = JobKind(kind)
	return j
}

// cleanText puts U+FFFD where a NUL, or what is no UTF-8, stands.
func cleanText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// storable is an error as River keeps it with the job: one that quotes a NUL would
// leave the job running on PostgreSQL, and a huge one would be kept for each attempt.
type storable struct{ error }

func (s storable) Error() string {
	text := s.error.Error()
	if len(text) > maxErrorText {
		cut := maxErrorText
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + " …"
	}
	return cleanText(text)
}

func (s storable) Unwrap() error { return s.error }

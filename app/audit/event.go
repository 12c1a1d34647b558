// Package audit writes down what was decided and by whom, a line of JSON for each event. It
// is a record for people who ask later, not what anything goes by: an audit log that cannot be
// written stops no verdict.
package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
)

// Schema is the value of "schema" in every line.
const Schema = "bonafide.audit/v1"

// Kind is what happened.
type Kind string

// What is written down. docs/audit.md says which fields each has.
const (
	VerdictPublished    Kind = "verdict"
	FindingAccepted     Kind = "accepted"
	AcceptanceRetracted Kind = "retracted"
	ButtonClicked       Kind = "clicked"
	SignedIn            Kind = "signed-in"
	SignedOut           Kind = "signed-out"
	BadgeLinkMade       Kind = "badge-link-made"
	BadgeLinkRevoked    Kind = "badge-link-revoked"
	InstallationDeleted Kind = "installation-deleted"
	RepositoryDeleted   Kind = "repository-deleted"
	PackageNews         Kind = "news"
	Lost                Kind = "lost" // Lines before this one could not be written
)

// Event is a line. What does not apply is left out. A secret is in none of it: nothing that
// people sign in with, or that the server does, is ever given to an Event.
type Event struct {
	Schema       string    `json:"schema"`
	At           time.Time `json:"at"` // UTC
	Event        Kind      `json:"event"`
	Installation int64     `json:"installation,omitempty"`
	RepositoryID int64     `json:"repository_id,omitempty"` // GitHub's number
	Repository   string    `json:"repository,omitempty"`    // OWNER/NAME
	PullRequest  int       `json:"pull_request,omitempty"`
	Head         string    `json:"head,omitempty"` // commit
	Conclusion   string    `json:"conclusion,omitempty"`
	Rules        []string  `json:"rules,omitempty"`  // of the errors
	Policy       string    `json:"policy,omitempty"` // identity of the repository's own
	Floor        string    `json:"floor,omitempty"`  // identity of the organisation's
	Who          string    `json:"who,omitempty"`    // login
	Role         string    `json:"role,omitempty"`   // what they might do in the repository then
	Rule         string    `json:"rule,omitempty"`
	Package      string    `json:"package,omitempty"` // npm:NAME@VERSION, or a purl
	Lockfile     string    `json:"lockfile,omitempty"`
	Button       string    `json:"button,omitempty"`
	Reason       string    `json:"reason,omitempty"` // as somebody wrote it
	News         string    `json:"news,omitempty"`   // what has changed about a package
	Detail       string    `json:"detail,omitempty"`
	Lines        int64     `json:"lines,omitempty"`
}

// line is an event as it is written, with its end: printable characters alone, so that
// looking at it does nothing to a terminal.
func (e Event) line() ([]byte, error) {
	e.Schema, e.At = Schema, e.At.UTC().Truncate(time.Millisecond)
	for _, s := range []*string{
		(*string)(&e.Event), &e.Repository, &e.Head, &e.Conclusion, &e.Policy, &e.Floor, &e.Who, &e.Role, &e.Rule,
		&e.Package, &e.Lockfile, &e.Button, &e.Reason, &e.News, &e.Detail,
	} {
		*s = short(*s)
	}
	e.Rules = slices.Clone(e.Rules[:min(len(e.Rules), maxRules)])
	for i, rule := range e.Rules {
		e.Rules[i] = short(rule)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return nil, fmt.Errorf("an event of the kind %s: %w", e.Event, err)
	}
	return printable(b.Bytes()), nil
}

// short is a string of maxText bytes at most.
func short(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText-len("…")], "") + "…"
}

// printable writes what is not to be seen in a line of JSON as its escapes.
func printable(line []byte) []byte {
	out := make([]byte, 0, len(line))
	for _, r := range string(line) {
		switch high, low := utf16.EncodeRune(r); {
		case r == '\n' || unicode.IsPrint(r):
			out = append(out, string(r)...)
		case r > 0xffff:
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

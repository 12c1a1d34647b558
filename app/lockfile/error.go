package lockfile

import (
	"fmt"
	"strings"
)

// Kind sorts the reasons for which a lockfile is refused.
type Kind string

// The kinds of errors.
const (
	NotRead            Kind = "not-read"            // not a lockfile, or of a format that is not read yet
	Empty              Kind = "empty"               // nothing but white space
	LFSPointer         Kind = "lfs-pointer"         // a Git LFS pointer in place of the file
	MergeConflict      Kind = "merge-conflict"      // conflict markers
	NotUTF8            Kind = "not-utf8"            // another encoding, or damaged
	NotJSON            Kind = "not-json"            // a syntax error, a cut, something after the end, an HTML page
	NotYAML            Kind = "not-yaml"            // the same of YAML
	Malformed          Kind = "malformed"           // readable, but not of the shape of a lockfile
	UnsupportedVersion Kind = "unsupported-version" // a lockfileVersion that is not read, or none
	DuplicateKey       Kind = "duplicate-key"       // readers disagree about which one counts
	Limit              Kind = "limit"               // beyond one of the limits of this package
	Inconsistent       Kind = "inconsistent"        // the file contradicts itself
)

// Error says why a lockfile is refused.
type Error struct {
	Lockfile string // path in the repository
	Line     int    // 1-based; 0 for the file as a whole
	Kind     Kind
	Detail   string // what is wrong and what to do, without a full stop; may quote the file, shortened
}

// Error is one sentence: which file, where, what is wrong, what to do.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Lockfile, e.Detail)
	}
	return fmt.Sprintf("%s, line %d: %s", e.Lockfile, e.Line, e.Detail)
}

func tooLarge(name string, size int) *Error {
	return &Error{name, 0, Limit, fmt.Sprintf("the file has %d bytes and at most %d are read; split the project into smaller ones", size, MaxBytes)}
}

// tooMany is the error for more of something than the limit.
func (f file) tooMany(line, limit int, what string) error {
	return &Error{f.name, line, Limit, fmt.Sprintf("the file has more than %d %s, which is the most that is read; split the project into smaller ones", limit, what)}
}

// beyondLimits says in what an integrity is, "" where it is not.
func beyondLimits(integrity string) string {
	if n := len(integrity); n > MaxIntegrityBytes {
		return fmt.Sprintf("an integrity has %d bytes and at most %d are read", n, MaxIntegrityBytes)
	}
	if n := len(strings.Fields(integrity)); n > MaxDigests {
		return fmt.Sprintf("an integrity has %d digests and at most %d are read", n, MaxDigests)
	}
	return ""
}

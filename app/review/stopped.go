package review

import (
	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Stopped is the error of a review whose context ended before there was a verdict. It
// wraps the context's.
type Stopped struct {
	Looked int           // packages that were looked at, or need not be
	Missed []dep.Package // those that were not
	err    error
}

func (s *Stopped) Error() string { return s.err.Error() }
func (s *Stopped) Unwrap() error { return s.err }

// stopped is the error of a context that ended, nil where it goes on. Subjects whose
// evidence nobody could give are not among what was missed.
func stopped(ended error, subjects []policy.Subject) error {
	if ended == nil {
		return nil
	}
	out := &Stopped{err: ended}
	seen := map[string]bool{}
	for _, s := range subjects {
		key := s.Change.Entry.Package.String() + " " + string(s.Change.Entry.Source) + " " + s.NotLookedUp
		switch e := s.Evidence; {
		case seen[key] || s.Change.Kind == dep.Removed:
		case s.NotLookedUp == "" && (e.Package == (dep.Package{}) || e.Retry && someUnknown(e)):
			out.Missed = append(out.Missed, s.Change.Entry.Package)
		default:
			out.Looked++
		}
		seen[key] = true
	}
	return out
}

func someUnknown(e provenance.Evidence) bool {
	for _, state := range []provenance.State{e.Signature.State, e.Publish.State, e.Provenance.State, e.Digest.State} {
		if state == provenance.Unknown {
			return true
		}
	}
	return false
}

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
)

// namedMissed is how many packages that were not looked at are named: enough to see where
// it stood.
const namedMissed = 5

// stoppedAt says what was not looked at when a command was stopped.
func stoppedAt(err error) string {
	var s *review.Stopped
	switch {
	case !errors.As(err, &s):
		return "stopped: nothing was looked at"
	case len(s.Missed) == 0:
		return fmt.Sprintf("stopped: all %d packages were looked at, and there is no verdict: not all that it rests on was", s.Looked)
	}
	slices.SortFunc(s.Missed, func(a, b dep.Package) int { return strings.Compare(a.ID(), b.ID()) })
	var out strings.Builder
	fmt.Fprintf(&out, "stopped: %d of %d packages were looked at, %d were not", s.Looked, s.Looked+len(s.Missed), len(s.Missed))
	for i, p := range s.Missed {
		if i == namedMissed {
			fmt.Fprintf(&out, "\n  and %d more", len(s.Missed)-i)
			break
		}
		out.WriteString("\n  " + report.Terminal(p.ID()))
	}
	return out.String()
}

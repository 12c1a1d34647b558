package report

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// pardon is who let a finding stand, why, until when and where that is written, in words
// that are not escaped.
type pardon struct {
	kind   string // "exception" or "acceptance"
	by     string
	reason string
	until  string // "2027-03-01", "" where it ends with the pull request
	source string // "acme/web .github/bonafide.yml at 1a2b3c4, line 12", "pull request 12"
}

func pardonOf(x policy.Excepted, r Report) pardon {
	switch e, a := x.Pardon.Exception, x.Pardon.Acceptance; {
	case e != nil:
		return pardon{"exception", e.Owner, e.Reason, e.Expires.UTC().Format(time.DateOnly), fmt.Sprintf("%s, line %d", cmp.Or(e.File, r.PolicyFrom), e.Line)}
	case a != nil:
		return pardon{"acceptance", a.By, a.Reason, "", "pull request " + strconv.Itoa(a.Number)}
	}
	return pardon{kind: "exception", by: "nobody", reason: "No reason was recorded."}
}

// exceptedOf lists what does not weigh, struck through, and why.
func exceptedOf(r Report, budget int) string {
	rows := make([]string, len(r.Excepted))
	for i, x := range r.Excepted {
		about := ""
		if x.Package != (dep.Package{}) {
			about = ": " + shown(x.Package.ID())
		}
		if x.Lockfile != "" {
			about += " in " + shown(x.Lockfile)
			if x.Line > 0 {
				about += fmt.Sprintf(" line %d", x.Line)
			}
		}
		rows[i] = fmt.Sprintf("- ~~%s **%s**%s~~\n\n  %s\n\n  %s\n\n", mark(x.Finding), sentence(string(x.Rule)), about, struck(sentence(x.Message)), acceptedBy(x, r))
	}
	if budget != unlimited {
		budget = min(MaxNotesBytes, budget/4)
	}
	return fit(rows, budget, func(left int) string {
		return fmt.Sprintf("- …and %s not shown here\n\n", count(left, "more excepted finding"))
	})
}

// acceptedBy says who let a finding stand, until when, where that is written, and why.
func acceptedBy(x policy.Excepted, r Report) string {
	p := pardonOf(x, r)
	until := "until this pull request is merged or closed"
	if p.until != "" {
		until = "until " + shown(p.until) // a date is no short number
	}
	return fmt.Sprintf("Accepted by %s %s (%s): %s", shown(p.by), until, sentence(p.source), sentence(p.reason))
}

// struck strikes Markdown through; of nothing, the marks would begin a block of code.
func struck(s string) string {
	if s == "" {
		return ""
	}
	return "~~" + s + "~~"
}

// excepted writes the same for a terminal.
func (t *terminal) excepted(r Report) {
	for _, x := range r.Excepted {
		p := pardonOf(x, r)
		head := "excepted: " + Terminal(string(x.Rule)) + " (" + severityWord(x.Finding) + ")"
		if x.Package != (dep.Package{}) {
			head += "  " + termName(x.Package.ID())
		}
		if x.Lockfile != "" {
			head += "  " + termName(x.Lockfile)
			if x.Line > 0 {
				head += fmt.Sprintf(":%d", x.Line)
			}
		}
		until := ""
		if p.until != "" {
			until = " until " + p.until
		}
		t.wrapped(head, "")
		t.wrapped(Terminal(x.Message), "    ")
		t.wrapped(fmt.Sprintf("Accepted by %s%s (%s): %s", termName(p.by), until, Terminal(p.source), Terminal(p.reason)), "    ")
		t.WriteString("\n")
	}
}

type jsonException struct {
	jsonFinding        // its severity is the one that it would have
	Kind        string `json:"kind"`
	By          string `json:"by"`
	Reason      string `json:"reason"`
	Expires     string `json:"expires,omitempty"`
	Source      string `json:"source"`
}

func exceptionOf(x policy.Excepted, r Report) jsonException {
	p := pardonOf(x, r)
	out := jsonException{jsonFinding: findingOf(x.Finding), Kind: p.kind, By: p.by, Reason: p.reason, Expires: p.until, Source: p.source}
	out.Tell = nil // nobody is told about what was accepted
	return out
}

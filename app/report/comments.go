package report

import (
	"fmt"
	"slices"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// Comment is a remark for the author of a pull request about the errors at one line
// of a lockfile.
type Comment struct {
	Path string
	Line int    // 1-based, 0 for the file as a whole
	Body string // Markdown; its last line is a hidden mark with the fingerprint
	// Fingerprint names what the comment is about, not where it stands: the rules,
	// the packages, their digests and sources. A comment that was posted under it
	// need not be posted again. 32 hexadecimal digits.
	Fingerprint string
}

// Comments are those for the errors of a report that are about a file, one for each
// line, at most MaxComments. What could not be verified is not the author's matter
// and stays in the check; so does what is over the limit.
func Comments(r Report) []Comment {
	lines := errorLines(r)
	locked := lockedAs(r.Packages)
	comments := make([]Comment, 0, min(len(lines), MaxComments))
	for _, findings := range lines[:min(len(lines), MaxComments)] {
		at := findings[0]
		c := Comment{Path: at.Lockfile, Line: max(at.Line, 0), Fingerprint: fingerprintOf(findings, locked)}
		c.Body = commentBody(r, findings) + marker(c.Fingerprint)
		comments = append(comments, c)
	}
	return comments
}

// errorLines are the errors about files, those of one line together.
func errorLines(r Report) [][]policy.Finding {
	type line struct {
		path string
		line int
	}
	index := make(map[line]int)
	var lines [][]policy.Finding
	for _, f := range r.Findings {
		if f.Severity != policy.Error || f.Unknown || f.Lockfile == "" {
			continue
		}
		at := line{f.Lockfile, max(f.Line, 0)}
		i, ok := index[at]
		if !ok {
			i = len(lines)
			index[at] = i
			lines = append(lines, nil)
		}
		lines[i] = append(lines[i], f)
	}
	return lines
}

func commentBody(r Report, findings []policy.Finding) string {
	var rows []string
	for _, f := range findings {
		about := ""
		if f.Package != (dep.Package{}) {
			about = " " + shown(f.Package.ID())
		}
		row := fmt.Sprintf("**%s**%s\n\n%s\n\n", sentence(string(f.Rule)), about, sentence(f.Message))
		if f.Help != "" {
			row += "*What to do:* " + help(f) + "\n\n"
		}
		rows = append(rows, row)
	}
	foot := ""
	if r.WouldFail {
		foot = "The policy only observes: this does not fail the check.\n\n"
	}
	if r.Demo {
		foot += demoNote + "\n\n"
	}
	return fit(rows, MaxCommentBytes-len(foot), func(left int) string {
		return fmt.Sprintf("…and %s at this line: see the check.\n\n", count(left, "more finding"))
	}) + foot
}

// lockedAs is what the lockfiles hold for a package: digest and source.
func lockedAs(packages []Package) map[place]string {
	out := make(map[place]string, len(packages))
	for _, p := range packages {
		e := p.Entry
		out[place{e.Package, e.Lockfile}] += digestOf(string(e.Source), e.Resolved, e.Integrity, dep.Strongest(e.Digests).SRI())
	}
	return out
}

// fingerprintOf is the same whatever the order of the findings, and the lines.
func fingerprintOf(findings []policy.Finding, locked map[place]string) string {
	var parts []string
	for _, f := range findings {
		id := digestOf(string(f.Rule), f.Lockfile, purl(f.Package), locked[place{f.Package, f.Lockfile}])
		if f.Package == (dep.Package{}) {
			id = digestOf(string(f.Rule), f.Lockfile, "", f.Message) // nothing else tells two of them apart
		}
		parts = append(parts, id)
	}
	slices.Sort(parts)
	return digestOf(slices.Compact(parts)...)
}

// ReviewBody is the text of a review, above its comments.
func ReviewBody(r Report) string {
	body := "**Bonafide:** " + title(r) + ". What is new is said at its line; every finding is in the check.\n"
	if more := len(errorLines(r)) - MaxComments; more > 0 {
		body += fmt.Sprintf("\n%s with errors: at most %d comments are posted.\n", count(more, "more line"), MaxComments)
	}
	if r.Demo {
		body += "\n" + demoNote + "\n"
	}
	return body
}

// marker is an HTML comment that GitHub keeps and does not show. Nothing that a
// comment quotes can look like it: what is quoted is escaped.
func marker(fingerprint string) string { return "<!-- bonafide:comment " + fingerprint + " -->" }

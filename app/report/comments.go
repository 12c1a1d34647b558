package report

import (
	"fmt"
	"slices"
	"strings"

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
	// Formerly are the fingerprints of the same with what has been excepted since: a
	// comment that was posted under one of them says more than holds now.
	Formerly []string
	// Malware says that a package is known as such.
	Malware bool
}

// Comments are those for the errors of a report that are about a file, one for each
// line, at most MaxComments. What could not be verified is not the author's matter
// and stays in the check; so does what is over the limit.
func Comments(r Report) []Comment {
	lines := errorLines(r)
	locked := lockedAs(r.Packages)
	comments := make([]Comment, 0, min(len(lines), MaxComments))
	for _, l := range lines[:min(len(lines), MaxComments)] {
		c := Comment{Path: l.path, Line: l.line, Fingerprint: fingerprintOf(l.errors, locked), Formerly: l.formerly(locked),
			Malware: slices.ContainsFunc(l.errors, func(f policy.Finding) bool { return f.Rule == policy.RuleKnownMalware })}
		c.Body = commentBody(r, l.errors) + Marker(c.Fingerprint)
		comments = append(comments, c)
	}
	return comments
}

// Accepted says, by the fingerprints of comments about lines of which every error has
// been excepted since, by whom and why, as Markdown.
func Accepted(r Report) map[string]string {
	locked := lockedAs(r.Packages)
	out := map[string]string{}
	for _, l := range linesOf(r) {
		if len(l.errors) > 0 {
			continue
		}
		words := ""
		for _, x := range l.excepted {
			if row := "**" + sentence(string(x.Rule)) + "**: " + acceptedBy(x, r) + "\n"; !strings.Contains(words, row) {
				words += row
			}
		}
		for _, fingerprint := range l.formerly(locked) {
			out[fingerprint] = strings.TrimSuffix(words, "\n")
		}
	}
	return out
}

// lineOf is what is to be said about one line of a lockfile: the errors, and what would
// be one if nobody had excepted it.
type lineOf struct {
	path     string
	line     int
	errors   []policy.Finding
	excepted []policy.Excepted
}

// formerly are the fingerprints that the line had before anything was accepted on the pull
// request, and before anything was excepted at all.
func (l lineOf) formerly(locked map[place]string) (out []string) {
	accepted, all := slices.Clone(l.errors), slices.Clone(l.errors)
	for _, x := range l.excepted {
		if all = append(all, x.Finding); x.Pardon.Acceptance != nil {
			accepted = append(accepted, x.Finding)
		}
	}
	for _, findings := range [][]policy.Finding{accepted, all} {
		if f := fingerprintOf(findings, locked); len(findings) > len(l.errors) && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// errorLines are the lines with errors.
func errorLines(r Report) []lineOf {
	return slices.DeleteFunc(linesOf(r), func(l lineOf) bool { return len(l.errors) == 0 })
}

// linesOf sorts the errors about files, and what was excepted, by their lines.
func linesOf(r Report) []lineOf {
	type spot struct {
		path string
		line int
	}
	index := make(map[spot]int)
	var lines []lineOf
	at := func(f policy.Finding) *lineOf {
		if f.Severity != policy.Error || f.Unknown || f.Lockfile == "" {
			return nil
		}
		where := spot{f.Lockfile, max(f.Line, 0)}
		i, ok := index[where]
		if !ok {
			i = len(lines)
			index[where] = i
			lines = append(lines, lineOf{path: where.path, line: where.line})
		}
		return &lines[i]
	}
	for _, f := range r.Findings {
		if l := at(f); l != nil {
			l.errors = append(l.errors, f)
		}
	}
	for _, x := range r.Excepted {
		if l := at(x.Finding); l != nil {
			l.excepted = append(l.excepted, x)
		}
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

// Marker is an HTML comment that GitHub keeps and does not show. Nothing that a
// comment quotes can look like it: what is quoted is escaped.
func Marker(fingerprint string) string { return "<!-- bonafide:comment " + fingerprint + " -->" }

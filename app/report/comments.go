package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// Comment is a remark for the author of a pull request about the errors, or the warnings,
// at one line of a lockfile.
type Comment struct {
	Path string
	Line int // 1-based, 0 for the file as a whole
	// Manifests are where the one package that it is about is asked for: a line of one of
	// them that the pull request adds is the better place.
	Manifests []Manifest
	Body      string // Markdown; its last line is a hidden mark with the fingerprint
	// Fingerprint names what the comment is about, not where it stands: the rules,
	// the packages, their digests and sources. A comment that was posted under it
	// need not be posted again. 32 hexadecimal digits.
	Fingerprint string
	// Formerly are the fingerprints of the same with what has been excepted since: a
	// comment that was posted under one of them says more than holds now.
	Formerly []string
	// Findings are the fingerprints of each of its findings alone: a comment that said all
	// of them, and more, said this one.
	Findings []string
	// Malware says that a package is known as such.
	Malware bool
	// Mended are lines that may take the place of others of the file, zero for none: where the
	// diff shows all of them, the comment stands there, and Suggested is its body.
	Mended    policy.Mended
	Suggested string
}

// Comments are those that the policy wants said of a report: for the errors, or for the
// warnings too, that are about a file, one for each line, at most MaxComments, the errors
// first. What could not be verified is not the author's matter and stays in the check; so
// do notices, and what is over the limit.
func Comments(r Report) []Comment {
	lines := wanted(r)
	locked := lockedAs(r.Packages)
	comments := make([]Comment, 0, min(len(lines), MaxComments))
	for _, l := range lines[:min(len(lines), MaxComments)] {
		comments = append(comments, l.comment(r, locked))
	}
	return comments
}

// Standing are the comments that hold among those that were posted under some
// fingerprints, also where the policy would not have them posted now: what a comment says
// is not mended because nobody would be told of it any more.
func Standing(r Report, posted map[string]bool) (out []Comment) {
	if len(posted) == 0 {
		return nil
	}
	locked := lockedAs(r.Packages)
	is := func(fingerprint string) bool { return posted[fingerprint] }
	for _, l := range linesOf(r) {
		if len(l.findings) > 0 && (is(fingerprintOf(l.findings, locked)) || slices.ContainsFunc(l.formerly(locked), is) ||
			slices.ContainsFunc(l.each(locked), is)) {
			out = append(out, l.comment(r, locked))
		}
	}
	return out
}

func (l lineOf) comment(r Report, locked map[place]string) Comment {
	c := Comment{Path: l.path, Line: l.line, Fingerprint: fingerprintOf(l.findings, locked), Formerly: l.formerly(locked), Findings: l.each(locked),
		Malware: slices.ContainsFunc(l.findings, func(f policy.Finding) bool { return f.Rule == policy.RuleKnownMalware })}
	if about := l.findings[0].Package; !slices.ContainsFunc(l.findings, func(f policy.Finding) bool { return f.Package != about }) {
		c.Manifests = manifestsFor(about, l.path, r.Packages)
	}
	marks := FileMarker(l.path) + "\n"
	for _, f := range c.Findings {
		marks += FindingMarker(f) + "\n"
	}
	marks += Marker(c.Fingerprint)
	body := commentBody(r, l.findings)
	c.Body = body + marks
	if l.mended.From > 0 && !strings.Contains(l.mended.Text, "<!--") { // nothing quoted may look like a mark
		c.Mended, c.Suggested = l.mended, body+suggestion(l.mended)+"\n\n"+marks
		if len(c.Suggested) > MaxCommentBytes {
			c.Mended, c.Suggested = policy.Mended{}, ""
		}
	}
	return c
}

// suggestion is GitHub's block of lines that take the place of those that a comment stands
// on. Its fence is longer than every run of its own marks inside, so that nothing in it ends it.
//
// https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests/commenting-on-a-pull-request#adding-line-comments-to-a-pull-request
// https://spec.commonmark.org/0.31.2/#fenced-code-blocks
func suggestion(m policy.Mended) string {
	longest, run := 2, 0
	for _, r := range m.Text {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	return fence + "suggestion\n" + m.Text + "\n" + fence
}

// each are the fingerprints of each finding alone, once each.
func (l lineOf) each(locked map[place]string) (out []string) {
	for _, f := range l.findings {
		if p := fingerprintOf([]policy.Finding{f}, locked); !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// Accepted says, by the fingerprints of comments about lines of which every finding has
// been excepted since, by whom and why, as Markdown.
func Accepted(r Report) map[string]string {
	locked := lockedAs(r.Packages)
	out := map[string]string{}
	for _, l := range linesOf(r) {
		if len(l.findings) > 0 {
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

// lineOf is what is to be said about one line of a lockfile with one weight: the findings,
// and what would be one if nobody had excepted it. Errors and warnings stand apart, so
// that a comment is the same whether the policy wants warnings said or not.
type lineOf struct {
	path     string
	line     int
	severity policy.Severity
	mended   policy.Mended // of all of them: what is mended otherwise is a comment of its own
	findings []policy.Finding
	excepted []policy.Excepted
}

// formerly are the fingerprints that the line had before anything was accepted on the pull
// request, and before anything was excepted at all.
func (l lineOf) formerly(locked map[place]string) (out []string) {
	accepted, all := slices.Clone(l.findings), slices.Clone(l.findings)
	for _, x := range l.excepted {
		if all = append(all, x.Finding); x.Pardon.Acceptance != nil {
			accepted = append(accepted, x.Finding)
		}
	}
	for _, findings := range [][]policy.Finding{accepted, all} {
		if f := fingerprintOf(findings, locked); len(findings) > len(l.findings) && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// wanted are the lines of which the policy wants something said.
func wanted(r Report) []lineOf {
	return slices.DeleteFunc(linesOf(r), func(l lineOf) bool {
		switch r.Comments {
		case policy.CommentNothing:
			return true
		case policy.CommentAll:
			return len(l.findings) == 0
		}
		return len(l.findings) == 0 || l.severity != policy.Error
	})
}

// linesOf sorts the errors and warnings about files, and what was excepted, by their lines. How
// the repository publishes is said whatever it weighs: the line is the author's own.
func linesOf(r Report) []lineOf {
	type spot struct {
		path     string
		line     int
		severity policy.Severity
		mended   policy.Mended
	}
	index := make(map[spot]int)
	var lines []lineOf
	at := func(f policy.Finding) *lineOf {
		if f.Severity == policy.Notice && f.Rule != policy.RulePublishWorkflow || f.Unknown || f.Lockfile == "" {
			return nil
		}
		where := spot{f.Lockfile, max(f.Line, 0), f.Severity, f.Mended}
		i, ok := index[where]
		if !ok {
			i = len(lines)
			index[where] = i
			lines = append(lines, lineOf{path: where.path, line: where.line, severity: where.severity, mended: where.mended})
		}
		return &lines[i]
	}
	for _, f := range r.Findings {
		if l := at(f); l != nil {
			l.findings = append(l.findings, f)
		}
	}
	for _, x := range r.Excepted {
		if l := at(x.Finding); l != nil {
			l.excepted = append(l.excepted, x)
		}
	}
	return lines
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
	if more := len(wanted(r)) - MaxComments; more > 0 {
		with := "errors"
		if r.Comments == policy.CommentAll {
			with = "findings"
		}
		body += fmt.Sprintf("\n%s with %s: at most %d comments are posted.\n", count(more, "more line"), with, MaxComments)
	}
	if r.Demo {
		body += "\n" + demoNote + "\n"
	}
	return body
}

// Marker is an HTML comment that GitHub keeps and does not show. Nothing that a
// comment quotes can look like it: what is quoted is escaped.
func Marker(fingerprint string) string { return "<!-- bonafide:comment " + fingerprint + " -->" }

// FindingMarker is one for a single finding of a comment, so that what is left of it is
// known when another one is mended.
func FindingMarker(fingerprint string) string {
	return "<!-- bonafide:finding " + fingerprint + " -->"
}

// FileMarker is another one, with which a comment names the lockfile that it is about,
// wherever it stands: only where that file was judged again is it known to be mended.
func FileMarker(lockfile string) string { return "<!-- bonafide:file " + digestOf(lockfile) + " -->" }

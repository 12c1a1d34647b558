package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// csvColumns are the names in the first line, a contract like that of the JSON: names are
// added at the end, never changed.
func csvColumns() []string {
	return []string{
		"purl", "change", "from", "lockfile", "line", "scope", "direct", "trust",
		"signature", "signature_reason", "publish", "publish_reason", "provenance", "provenance_reason", "digest", "digest_reason",
		"repository", "commit", "workflow", "run", "published", "findings",
	}
}

// CSV writes one row for each package, then one, without a package, for each finding about
// a file or about many packages, as comma separated values (RFC 4180) with a first line of
// names. Words of the JSON mean the same here. No cell is a formula to a spreadsheet, and
// hidden characters are made visible.
func CSV(w io.Writer, r Report) error {
	out := csv.NewWriter(w)
	write := func(row []string) {
		for i := range row {
			row[i] = cell(row[i])
		}
		_ = out.Write(row) // its error comes again from Error
	}
	write(csvColumns())
	found, others := weighed(r)
	for _, p := range r.Packages {
		write(csvRow(p, found[place{p.Entry.Package, p.Entry.Lockfile}]))
	}
	for _, o := range others {
		row := make([]string, len(csvColumns()))
		row[slices.Index(csvColumns(), "lockfile")] = o.lockfile
		row[slices.Index(csvColumns(), "line")] = lineNumber(o.line)
		row[slices.Index(csvColumns(), "findings")] = o.text
		write(row)
	}
	if out.Flush(); out.Error() != nil {
		return fmt.Errorf("write the report as CSV: %w", out.Error())
	}
	return nil
}

// remark is a finding about no single package, as "rule:weight".
type remark struct {
	lockfile string
	line     int
	text     string
}

// weighed writes each finding as "rule:weight", the weight being its severity, or unknown,
// or excepted: those about packages by where these stand, and the others.
func weighed(r Report) (found map[place][]string, others []remark) {
	found = make(map[place][]string)
	say := func(f policy.Finding, weight string) {
		at, text := place{f.Package, f.Lockfile}, string(f.Rule)+":"+weight
		if f.Package == (dep.Package{}) {
			others = append(others, remark{f.Lockfile, f.Line, text})
			return
		}
		found[at] = append(found[at], text)
	}
	for _, f := range r.Findings {
		if f.Unknown {
			say(f, "unknown")
		} else {
			say(f, string(f.Severity))
		}
	}
	for _, x := range r.Excepted {
		say(x.Finding, "excepted")
	}
	return found, others
}

func csvRow(p Package, findings []string) []string {
	j := packageOf(p)
	var id jsonIdentity
	if j.Provenance.Identity != nil {
		id = *j.Provenance.Identity
	}
	return []string{
		j.PURL, j.Change, j.From, j.Lockfile, lineNumber(j.Line), j.Scope, strconv.FormatBool(j.Direct), j.Trust,
		j.Signature.State, j.Signature.Reason, j.Publish.State, j.Publish.Reason, j.Provenance.State, j.Provenance.Reason, j.Digest.State, j.Digest.Reason,
		id.Repository, id.Commit, id.Workflow, id.Run, published(p), strings.Join(findings, " "),
	}
}

// lineNumber is "" where there is no line.
func lineNumber(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// published is when a release came out, "" where nobody knows.
func published(p Package) string { return stamp(p.Published) }

// formula are the characters that begin one in some spreadsheet.
const formula = "=+-@＝＋－＠"

// cell is outside text as a cell that no spreadsheet computes: what begins like a formula
// gets an apostrophe before it. A semicolon counts as a beginning: where it is the
// separator of the reader's language, it begins a cell.
func cell(s string) string {
	var b strings.Builder
	begins := true
	for _, r := range Terminal(s) {
		if begins && strings.ContainsRune(formula, r) {
			b.WriteByte('\'')
		}
		begins = r == ';' || begins && r == ' '
		b.WriteRune(r)
	}
	return b.String()
}

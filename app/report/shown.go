package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Checks are the states of a package as every rendering shows them. Here and below strings
// are unescaped, and addresses are of a shape that was checked, or "".
type Checks struct{ Signature, Publish, Provenance, Digest provenance.Check }

// Checks are the states of a package.
func (p Package) Checks() Checks {
	return Checks{p.signature(), p.publish(), p.provenance(), p.digest()}
}

// Trust is the level of a package's evidence; none where none was asked for.
func (p Package) Trust() provenance.Trust { return p.trust() }

// Differs names which digest disagrees with the others: "lockfile", "registry" or
// "attested"; "" for none.
func (p Package) Differs() string {
	if p.digest().State != provenance.Invalid {
		return ""
	}
	return p.Evidence.Digest.Differs
}

// Built is who built a release, from a verified certificate. Each fact may be empty.
type Built struct{ Repository, Commit, Workflow, Run Fact }

// Built says who built a package; ok is false where that is not proven.
func (p Package) Built() (b Built, ok bool) {
	id := p.Evidence.Provenance.Identity
	if id == nil || p.provenance().State != provenance.Verified {
		return Built{}, false
	}
	at := linksOf(*id)
	return Built{
		Fact{"repository", repositoryName(id.Repository), at.repository},
		Fact{"commit", short(id.Commit), at.commit},
		Fact{"workflow", workflowName(id.Workflow), at.workflow},
		Fact{"run", id.Run, at.run},
	}, true
}

// Compare is the address of what changed in the source since the replaced version, ""
// where not both versions prove a commit of one repository.
func (p Package) Compare() string { return compareLink(p) }

// Lost says that the replaced version had something that this one is known not to have:
// verified provenance, a trusted publisher, or a registry signature that holds.
func (p Package) Lost() bool {
	if p.lost() {
		return true
	}
	now := p.signature().State
	return p.Replaced != nil && p.Change != dep.Removed && p.NotLookedUp == "" && p.Replaced.Signature.State == provenance.Verified &&
		(now == provenance.Absent || now == provenance.Invalid)
}

// Moved says that both versions prove who built them, and that it is not the same: another
// repository, workflow, kind of ref, trigger, runner or issuer.
func (p Package) Moved() bool {
	if p.NotLookedUp != "" || p.Replaced == nil || p.Replaced.Provenance.State != provenance.Verified || p.provenance().State != provenance.Verified {
		return false
	}
	was, now := p.Replaced.Provenance.Identity, p.Evidence.Provenance.Identity
	if was == nil || now == nil {
		return false
	}
	kind := func(ref string) string {
		parts := strings.SplitN(ref, "/", 3)
		return strings.Join(parts[:min(2, len(parts))], "/")
	}
	return was.Repository != now.Repository || was.RepositoryID != now.RepositoryID && was.RepositoryID != "" && now.RepositoryID != "" ||
		was.Workflow != now.Workflow || kind(was.Ref) != kind(now.Ref) || was.Trigger != now.Trigger || was.Runner != now.Runner || was.Issuer != now.Issuer
}

// Trouble is the reason of the gravest piece of evidence that is invalid or unknown, or why
// nobody was asked; "" for neither.
func (p Package) Trouble() string {
	if p.NotLookedUp != "" {
		return "It " + p.NotLookedUp
	}
	return p.trouble()
}

// Gravest sorts findings as every rendering does: known malware, then errors, then what is
// unknown, then warnings, then notices.
func Gravest(findings []policy.Finding) []policy.Finding {
	out := slices.Clone(findings)
	slices.SortStableFunc(out, func(a, b policy.Finding) int { return cmp.Compare(gravity(b), gravity(a)) })
	return out
}

// TellLink is the address at which somebody could be told about a finding, and its words;
// both are "" for nobody.
func TellLink(f policy.Finding) (words, address string) {
	shown, ok := strings.CutPrefix(telling(f.Tell.To, tellLink(f)), "[")
	words, rest, cut := strings.Cut(shown, "](")
	if !ok || !cut {
		return "", ""
	}
	return words, strings.TrimSuffix(rest, ")")
}

// Better says which earlier version is better, "" where none is known or the help names it.
func Better(f policy.Finding) string {
	return betterOf(f, func(s string) string { return s })
}

// HelpLink is the address in a finding's help that can be a link, "" for none.
func HelpLink(f policy.Finding) string {
	if f.Link == "" || !strings.Contains(f.Help, f.Link) || !linkable(f.Link) {
		return ""
	}
	return f.Link
}

// NamesAll says whether a finding's message names every package that it stands for.
func NamesAll(f policy.Finding) bool { return namesAll(f) }

// NotLookedAt are the files that were not looked at and of which no finding speaks, then,
// without a path, how many packages nobody was asked about, and why.
func NotLookedAt(r Report) (out []Lockfile) {
	out = append(out, unsaid(r)...)
	for _, u := range unasked(r) {
		out = append(out, Lockfile{Note: u.count + " " + u.reason})
	}
	return out
}

// Pardon is who let a finding stand.
type Pardon struct {
	By, Reason string
	Until      string // "2027-03-01", "" where it ends with the pull request
	Source     string // where that is written
}

// PardonOf says who let a finding stand.
func PardonOf(x policy.Excepted, r Report) Pardon {
	p := pardonOf(x, r)
	return Pardon{p.by, p.reason, p.until, p.source}
}

// Select keeps the packages of all pages that a query asks for, in the order of the report,
// and of the findings, where it asks for a rule, those of that. Verdict and counts stay
// those of the whole.
func Select(r Report, q Query) Report {
	asked, text := q.asked(), strings.ToLower(q.Text)
	if asked == [conditions]string{} && text == "" {
		return r
	}
	r.said = title(r)
	rows := rowsOf(r)
	r.Packages = make([]Package, 0, len(rows))
	for _, row := range rows {
		values, kept := row.values(), row.holds(text)
		for i, value := range asked {
			kept = kept && (value == "" || slices.Contains(values[i], value))
		}
		if kept {
			r.Packages = append(r.Packages, *row.Package)
		}
	}
	if q.Rule != "" {
		r.Findings = slices.DeleteFunc(slices.Clone(r.Findings), func(f policy.Finding) bool { return f.Rule != q.Rule })
		r.Excepted = slices.DeleteFunc(slices.Clone(r.Excepted), func(x policy.Excepted) bool { return x.Rule != q.Rule })
	}
	return r
}

// RowsWhere are the rows of the packages that keep says yes to, in the order of the report.
func RowsWhere(r Report, keep func(Package) bool) (out []Row) {
	for _, row := range rowsOf(r) {
		if keep(*row.Package) {
			out = append(out, row)
		}
	}
	return out
}

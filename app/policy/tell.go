package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// Audience is who could be told about a finding.
type Audience string

// The audiences.
const (
	TellMaintainer Audience = "maintainer" // by an issue in the repository that built the version before
	TellRegistry   Audience = "registry"   // by its own form for malware
)

// Tell is what somebody outside could be told about a finding: public facts of the
// registry alone, never of the repository that is judged. What it quotes from outside
// stands in Markdown's code; report makes an address of it.
type Tell struct {
	To         Audience // "" for nobody
	Repository string   // for the maintainer: "https://github.com/OWNER/REPO" or "https://gitlab.com/GROUP/PROJECT", by the certificate of the version before
	Title      string   // for the maintainer: one line
	Body       string   // for the maintainer: Markdown; the gravest paragraphs come first, so that the last ones can be left out
}

// tellable says whether what the registry says of what enters is public, so that it can be
// repeated to strangers: a public registry was asked about it, and answered.
func (s Subject) tellable(v view) bool {
	return s.lookedAt() && s.Evidence.Release != nil && s.Registry == "" && v.public(s.Change.Entry)
}

// public says whether an entry comes from the public registry, as far as its address says;
// without one it comes from the default, public unless the operator's is not.
func (v view) public(e dep.Entry) bool {
	if e.Source != dep.Registry || e.Package.Ecosystem != dep.NPM {
		return false
	}
	if e.Resolved == "" {
		return !slices.ContainsFunc(v.bases[""], func(base string) bool { return !lockfile.IsPublicBase(base) })
	}
	base, ok := lockfile.RegistryBase(e.Resolved, e.Package)
	return ok && lockfile.IsPublicBase(base)
}

// tellRegistry is about what looks like malware.
func (s Subject) tellRegistry(v view) Tell {
	if !s.tellable(v) {
		return Tell{}
	}
	return Tell{To: TellRegistry}
}

// tellMaintainer is for those who built the version before. title and now complete
// sentences about what enters ("was published without build provenance"), advice is what
// to do about it. It is zero where the certificate of the version before names no public
// repository of a shape that is known.
func (s Subject) tellMaintainer(v view, old before, title, now, advice string) Tell {
	name, i := s.Change.Entry.Package, identity(old.evidence)
	if i == nil || !openly(i) || !openly(identity(s.Evidence)) || !s.tellable(v) {
		return Tell{}
	}
	if old.entry.Package.Name != name.Name || old.past == "" && !v.public(old.entry) {
		return Tell{}
	}
	if _, _, ok := forge(i.Repository); !ok {
		return Tell{}
	}
	when := ""
	if at, _ := s.published(); !at.IsZero() {
		when = " on " + at.UTC().Format(time.DateOnly)
	}
	by := ""
	if account := accountOf(s.Evidence.Release.Publisher); account != "" {
		by = " by " + account
	}
	built := "built from this repository"
	if isCommit(i.Commit) {
		built += " at commit " + cited(i.Commit)
	}
	if i.Workflow != "" {
		built += " by " + cited(i.Workflow)
	}
	if rest, ok := strings.CutPrefix(i.Run, i.Repository); ok && rest != "" {
		built += ", run " + cited(strings.TrimPrefix(rest, "/"))
	}
	return Tell{
		To: TellMaintainer, Repository: i.Repository,
		Title: cited(name.ID()) + " " + title,
		Body: strings.Join([]string{
			fmt.Sprintf("Hello, the npm registry says of %s:", cited(name.Name)),
			fmt.Sprintf("- %s, published%s%s, %s\n- %s, before it, was %s", cited(name.Version), when, by, now, cited(old.entry.Package.Version), built),
			"Was this release meant to be made so? " + advice,
			"If it was not made by you, somebody may have got hold of a publishing token or an account: please revoke it, and tell npm (https://www.npmjs.com/support).",
			"Thank you for your work on this project!",
		}, "\n\n"),
	}
}

// What a maintainer is asked to look at.
const (
	adviceProvenance = "If not, look at the release workflow: `npm publish` makes provenance with [trusted publishing](https://docs.npmjs.com/trusted-publishers), " +
		"or with the permission `id-token: write` and `--provenance`."
	advicePublisher  = "If not, look at the [trusted publisher](https://docs.npmjs.com/trusted-publishers) of the package and at the permission `id-token: write` of the release workflow."
	adviceAccount    = "If the account is new in the project, a word about it in the release notes would help those who depend on it."
	adviceRepository = "If the project moved, a word about it in this repository would help those who depend on it."
)

// openly says whether a certificate, if there is one, leaves it open that its repository is
// public: old ones do not state it.
func openly(i *provenance.Identity) bool {
	return i == nil || i.Visibility == "" || i.Visibility == "public"
}

// lastBuilt is the newest version that is earlier than what enters and proven to have a
// builder, to find those who know about it.
func (s Subject) lastBuilt(v view) (out before, ok bool) {
	known := s.compared()
	for _, w := range s.Witnesses {
		b := before{evidence: w.Evidence, past: "published before it"}
		b.entry.Package, b.entry.Source = w.Package, dep.Registry
		known = append(known, b)
	}
	now := s.Change.Entry.Package
	for _, b := range known {
		p := b.entry.Package
		if identity(b.evidence) == nil || p.Name != now.Name || v.malicious[p] || !earlierThan(p.Version, now.Version) {
			continue
		}
		if !ok || earlierThan(out.entry.Package.Version, p.Version) {
			out, ok = b, true
		}
	}
	return out, ok
}

// accountOf names who published, "" if the registry names nobody.
func accountOf(p registry.Publisher) string {
	switch {
	case p.TrustedPublisher != "":
		return "the trusted publisher " + cited(p.TrustedPublisher)
	case p.Name != "":
		return "the account " + cited(p.Name)
	}
	return ""
}

// cited is outside text as Markdown's code, in which it is nothing but text: no mention, no
// link, no HTML. A backtick would end it, and becomes an apostrophe.
func cited(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(clip(s, MaxCited), "`", "'"))
	return "`" + cmp.Or(s, "(empty)") + "`"
}

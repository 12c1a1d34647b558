package policy

import (
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// identityPinned: a pin says who builds a package. Provenance by anybody else violates
// it, and so does none at all, or a source of which nothing can be proven. Provenance
// that does not hold is told by its own rule, what could not be found out by unverified.
func identityPinned(s Subject, v view) []draft {
	var out []draft
	if s.enters() {
		for _, block := range v.policy.PinsOf(s.Change.Entry.Package) {
			out = append(out, heldToPin(s, v, block)...)
		}
	}
	return out
}

func heldToPin(s Subject, v view, block PackageRule) []draft {
	e := s.Change.Entry
	say := func(message, cause, many string) []draft {
		d := about(RuleIdentityPinned, s, fmt.Sprintf("The policy (%s) pins %s to %s, but %s.", block.where(), id(e.Package), block.Identity, message),
			"Do not take it before you know who built it: a pin exists so that nobody else can publish under this name. "+
				"Where the new builder is the right one, change the pin on the base branch first.").
			benign("a repository or workflow that was renamed, a release from another branch, or one published by hand.")
		d.cause, d.many = block.where()+cause, fmt.Sprintf("are pinned by the policy (%s) to %s, but %s", block.where(), block.Identity, many)
		return []draft{d}
	}
	switch {
	case e.Source == dep.Git || e.Source == dep.URL || e.Source == dep.File && e.Integrity != "": // a folder has no digest
		return say("it comes from "+place(e)+", of which nothing proves who built it", "elsewhere", "come from elsewhere than a registry, so that nothing proves who built them")
	case s.bundled():
		ds := say("it is delivered inside the tarball of another package, so that nothing proves who built it", "bundled", "are delivered inside the tarballs of other packages")
		ds[0].atMost = Warning // whoever bundles it answers for it
		return ds
	case s.Private != "":
		return say("it is private and was not looked up, so that nothing proves who built it", "private", "are private and were not looked up")
	case e.Source != dep.Registry || e.Package.Ecosystem != dep.NPM:
		return nil // the repository's own, or a patch of another entry, which is judged itself
	case s.NotLookedUp != "" || s.Evidence.Gone || state(s.Evidence.Provenance.Check) == provenance.Unknown:
		return pinUnknown(s, v, block)
	}
	switch i := identity(s.Evidence); {
	case s.Evidence.Provenance.State == provenance.Invalid:
		if v.policy.SeverityOf(RuleProvenanceInvalid, e.Package) == Error && !v.pardoned(RuleProvenanceInvalid, s) {
			return nil // said there
		}
		return say("its provenance does not hold", "invalid", "their provenance does not hold")
	case s.Evidence.Provenance.State == provenance.Absent:
		return say("it has no build provenance, so that nothing proves who built it", "absent", "have no build provenance")
	case i == nil:
		return say("its certificate names no builder", "nobody", "their certificates name no builder")
	default:
		if wrong := block.Identity.differs(i); len(wrong) > 0 {
			all := strings.Join(wrong, "; ")
			return say(all, all, all)
		}
	}
	return nil
}

// pinUnknown says that a pin was not held against anything, unless unverified says so.
func pinUnknown(s Subject, v view, block PackageRule) []draft {
	if len(unverified(s, v)) > 0 {
		return nil
	}
	reason := sentence(s.Evidence.Provenance.Reason)
	if s.NotLookedUp != "" {
		reason = "it " + sentence(s.NotLookedUp)
	}
	d := about(RuleIdentityPinned, s, fmt.Sprintf("Whether %s was built by whom the policy (%s) pins it to was not looked at%s.", id(s.Change.Entry.Package), block.where(), because(reason)),
		"Run the check again when its registry answers, or make the registry known to Bonafide (the file of --registries).")
	d.Unknown, d.atMost = true, Warning
	d.cause, d.many = "unknown "+reason, "are pinned by the policy, and who built them was not looked at"+because(reason)
	return []draft{d}
}

// differs says in words in what an identity is not the one that is pinned.
func (pin IdentityPin) differs(i *provenance.Identity) []string {
	var out []string
	hold := func(what, pattern, is string, matches bool) {
		switch {
		case pattern == "" || matches:
		case is == "":
			out = append(out, fmt.Sprintf("%s is not stated, and must be %s", what, quote(pattern)))
		default:
			out = append(out, fmt.Sprintf("%s is %s, and must be %s", what, quote(is), quote(pattern)))
		}
	}
	hold("the issuer", pin.Issuer, i.Issuer, pin.Issuer == i.Issuer)
	hold("the repository", pin.Repository, strings.TrimPrefix(i.Repository, "https://"), globMatch(repositoryName(pin.Repository), repositoryName(i.Repository)))
	hold("the workflow", pin.Workflow, workflow(i), globMatch(pin.Workflow, workflow(i)))
	ref := pin.Ref
	if strings.HasSuffix(ref, "/*") {
		ref += "*" // names of tags and branches have slashes: "refs/tags/@acme/web@1.0.0"
	}
	hold("the ref", pin.Ref, i.Ref, globMatch(ref, i.Ref))
	return out
}

// String is the pin in words: "github.com/acme/*, workflow .github/workflows/release.yml, ref refs/tags/*".
func (pin IdentityPin) String() string {
	var parts []string
	add := func(what, pattern string) {
		if pattern != "" {
			parts = append(parts, what+quote(pattern))
		}
	}
	add("", pin.Repository)
	add("workflow ", pin.Workflow)
	add("ref ", pin.Ref)
	add("issuer ", pin.Issuer)
	return strings.Join(parts, ", ")
}

// where names a block by its pattern and line.
func (b PackageRule) where() string {
	if b.File == "" {
		return fmt.Sprintf("%s, line %d", quote(b.Match), b.Line)
	}
	return fmt.Sprintf("%s, line %d of %s", quote(b.Match), b.Line, quote(b.File))
}

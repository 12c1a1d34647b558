package policy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// sourceMismatch holds the repository that the certificate names against the one that
// the package declares. A package that declares none is no mismatch. What was so with
// the version before is a notice, and so is what stands in the lockfile already: the
// change does not bring it in. Provenance that could not be found out is told by the
// rule unverified.
func sourceMismatch(s Subject, _ view) []draft {
	if !s.lookedAt() || s.Evidence.Provenance.State != provenance.Verified {
		return nil
	}
	name := id(s.Change.Entry.Package)
	unanswered := func(why string) []draft {
		d := about(RuleSourceMismatch, s, fmt.Sprintf("Nobody could say whether %s was built from the repository that it declares: %s.", name, why),
			"Compare the repository on the package's page with the one that its provenance names.")
		d.Unknown, d.atMost = true, Warning
		d.cause, d.many = why, "could not be held against the repository that they declare, because "+why
		return []draft{d}
	}
	if s.Evidence.Release == nil {
		return unanswered("the registry's description could not be read")
	}
	stated := s.Evidence.Release.Repository
	if stated == "" {
		return nil
	}
	i := s.Evidence.Provenance.Identity
	built, declared := sources(s.Evidence)
	switch {
	case built == "":
		return unanswered("the certificate names no repository that can be read")
	case declared == "":
		d := about(RuleSourceMismatch, s,
			fmt.Sprintf("%s was built from %s, but what it declares as its repository names none that could be compared: %s.", name, repository(i), ascii(stated)),
			"Nothing to do: the provenance says from which repository it was built. Look there and not at what the package declares.")
		d.atMost, d.cause = Notice, "unreadable"
		d.many = "have provenance, but what they declare as their repository names none that could be compared"
		return []draft{d}
	case built == declared:
		return nil
	}
	d := about(RuleSourceMismatch, s, "",
		"Open both addresses. Where nothing harmless explains it, the code at the declared address is not what was built: ask the maintainer.").
		benign("a repository that was renamed or moved, so that the declared address is the old one and leads to the new one, or a fork, a mirror or a repository for releases alone that publishes the package.")
	message := fmt.Sprintf("%s was built from %s, but declares %s as its repository", name, repository(i), ascii(declared))
	d.cause, d.many = built+" "+declared, fmt.Sprintf("were built from %s, but declare %s as their repository", repository(i), ascii(declared))
	if !s.isNew() {
		d.atMost, d.cause, d.many = Notice, "stands", "were built from another repository than the one that they declare"
		d.Help += " Where several are told together, bonafide verify PACKAGE@VERSION names both addresses of one."
	}
	for _, old := range s.compared() {
		if old.evidence.Provenance.State != provenance.Verified {
			continue
		}
		if b, o := sources(old.evidence); b == built && o == declared {
			message += fmt.Sprintf("; so it was with %s", old.which(s.Change.Entry.Package))
			d.atMost = Notice
			break
		}
	}
	d.Message = message + "."
	return []draft{d}
}

// ascii quotes an address so that a letter that only looks like another one is told
// from it.
func ascii(address string) string {
	return quote(strings.Trim(strconv.QuoteToASCII(address), `"`))
}

// sources are the repository that the certificate of a release names, and the one that
// the release declares, both in one spelling; "" for one that cannot be read.
func sources(e provenance.Evidence) (built, declared string) {
	if e.Provenance.Identity != nil {
		built, _ = lockfile.SourceRepository(e.Provenance.Identity.Repository)
	}
	if e.Release != nil {
		declared, _ = lockfile.SourceRepository(e.Release.Repository)
	}
	return built, declared
}

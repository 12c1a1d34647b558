package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// freshAndOdd: each of the two is a warning, as good releases are new, and odd at times.
// Both together are what malware looks like on its first day. What another rule says as a
// notice, or that it could not find out, is no oddity; a rule that the repository
// switched off for all has none. One finding of the others that is excepted does not
// speak for this one. Where the age is not known, too-new says so.
func freshAndOdd(s Subject, v view) []draft {
	if !s.fresh(v) {
		return nil
	}
	var rules, words []string
	for _, part := range []struct {
		rule RuleName
		is   bool
		text string
	}{
		{RuleInstallScript, odd(installScript(s, v.strict(RuleInstallScript))) && !s.scriptsUsual(v), scriptsOf(s) + s.unlike(v)},
		{RuleRepositoryChanged, odd(repositoryChanged(s, v)), "was built from another repository of another owner than before"},
		{RuleIdentityChanged, odd(identityChanged(s, v)), "was not built in the way of the version before"},
		{RulePublisherChanged, odd(strangerPublished(s, v)), "was published by the account " + quote(s.publisher().Name) + " (new to this package)"},
		{RuleSourceMismatch, odd(sourceMismatch(s, v)) && !s.mismatchUsual(v), "was not built from the repository that it declares"},
		{RuleRunSuspicious, odd(runSuspicious(s, v)), "comes from a workflow run that is not as it should be"},
		{RuleBurst, odd(burst(s, v)), "came out in a burst with others of its scope"},
	} {
		if part.is && v.policy.Severity(part.rule) != Off {
			rules, words = append(rules, string(part.rule)), append(words, part.text)
		}
	}
	if len(words) == 0 {
		return nil
	}
	p := s.Change.Entry.Package
	when, _ := s.published()
	d := about(RuleFreshAndOdd, s,
		fmt.Sprintf("%s was published %s, and it %s; %s.", id(p), v.ago(when), list(words), v.ends(p, when)),
		fmt.Sprintf("Do not install it before you know why: young and unusual together (%s) is what malicious releases look like on their first day. ", strings.Join(rules, ", "))+
			"Wait until the cooldown is over, or ask the maintainers. "+exceptHelp(RuleFreshAndOdd)).
		benign("a new maintainer's first release, a workflow that was rewritten for it, a package that begins to fetch a binary.")
	d.cause, d.ends = strings.Join(rules, " ")+" within "+v.waiting(p), when.Add(v.cooldown(p))
	d.Better, d.Tell = s.calmer(v), s.tellRegistry(v)
	d.many = fmt.Sprintf("were published within their cooldown of %s and are unusual (%s)", v.waiting(p), strings.Join(rules, ", "))
	return []draft{d}
}

// odd says whether a rule said something that weighs as a warning by nature.
func odd(drafts []draft) bool {
	return slices.ContainsFunc(drafts, func(d draft) bool { return !d.Unknown && d.atMost != Notice })
}

// strict is the view under which a rule marks what it does not know as unknown even where
// the policy makes a warning of it.
func (v view) strict(rule RuleName) view {
	v.policy = v.policy.With(rule, Error)
	return v
}

// scriptsUsual says whether the package ran scripts already: the newest release of the
// same line, else of all, that came out a cooldown before this one.
func (s Subject) scriptsUsual(v view) bool {
	established := s.established(v)
	for _, past := range slices.Backward(established) {
		if ofOneLine(past.Version, s.Change.Entry.Package.Version) {
			return past.InstallScript
		}
	}
	return len(established) > 0 && established[len(established)-1].InstallScript
}

// unlike completes what a release does, where there are others that did not.
func (s Subject) unlike(v view) string {
	if len(s.established(v)) == 0 {
		return ""
	}
	return " (earlier releases ran none)"
}

// mismatchUsual says whether a release that came out a cooldown before this one is proven to
// have been built from the same repository and declared the same other one.
func (s Subject) mismatchUsual(v view) bool {
	built, declared := sources(s.Evidence)
	return s.anyWitness(v, func(e provenance.Evidence) bool {
		b, d := sources(e)
		return e.Provenance.State == provenance.Verified && b == built && d == declared
	})
}

// anyWitness says whether the evidence of an established release is so.
func (s Subject) anyWitness(v view, is func(provenance.Evidence) bool) bool {
	established := s.established(v)
	return slices.ContainsFunc(s.Witnesses, func(w Witness) bool {
		return is(w.Evidence) && slices.ContainsFunc(established, func(past registry.Past) bool { return past.Version == w.Package.Version })
	})
}

// established are the package's releases that are older than this one by the cooldown,
// oldest first: what came out beside it does not speak for it.
func (s Subject) established(v view) []registry.Past {
	when, _ := s.published()
	return s.older(when.Add(-v.cooldown(s.Change.Entry.Package)))
}

package policy

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

const scriptHelp = "Read the script before you install it, on your machine or in CI. " +
	"Where it is not needed, install with scripts switched off."

const scriptBenign = "a package that compiles native code, or fetches a binary for the platform."

// installScript: what enters runs a script on every machine that installs it, and no
// version before did. Of a version that was repinned only the lockfile's mark counts.
// In an audit nothing is new: what runs scripts is listed.
func installScript(s Subject, v view) []draft {
	e := s.Change.Entry
	if !s.enters() || !mayRunScripts(e) {
		return nil
	}
	now, earlier := scriptWordsOf(e, s.Evidence), s.scriptsBefore()
	if slices.ContainsFunc(s.Change.Occurrences, func(o dep.Entry) bool { return o.InstallScript }) {
		now.lockfile = yes // one mark is enough, wherever it stands
	}
	if s.Change.Kind == dep.Repinned {
		return scriptMarked(s, now, earlier)
	}
	ran := slices.ContainsFunc(earlier, func(b scripted) bool { return b.runs() })
	stood := s.Change.Kind == dep.Updated && len(s.Change.Replaces) == 0 // this very version, elsewhere
	switch {
	case ran || stood:
		return nil
	case !now.runs():
		return scriptUnknown(s, v, now)
	}
	name, runs := id(e.Package), scriptsOf(s)
	if now.registry == no {
		runs += " (the lockfile says so, the registry names none: most likely it is built from a binding.gyp)"
	}
	d := about(RuleInstallScript, s, "", scriptHelp).benign(scriptBenign)
	unknown := slices.IndexFunc(earlier, func(b scripted) bool { return !now.areNewTo(b.scriptWords) })
	switch {
	case !s.isNew():
		d.Message = fmt.Sprintf("%s %s.", name, runs)
		d.atMost, d.cause, d.many = Notice, "present", "run a script at install time"
	case len(earlier) == 0:
		d.Message = fmt.Sprintf("%s is new here and %s.", name, runs)
		d.cause, d.many = "added", "are new here and run a script at install time"
	case unknown >= 0:
		reason := earlier[unknown].unasked()
		d.Message = fmt.Sprintf("%s %s, and whether %s, did is not known: %s.", name, runs, earlier[unknown].which(e.Package), reason)
		d.cause, d.many = "before "+reason, "run a script at install time, and of none is it known whether the version before did: "+reason
		d.Unknown = v.policy.SeverityOf(RuleInstallScript, e.Package) == Error // else it fails nothing, and is a finding like others
	default:
		d.Message = fmt.Sprintf("%s %s, but %s, ran none.", name, runs, earlier[0].which(e.Package))
		d.cause, d.many = "appeared", "run a script at install time, although the versions before ran none"
	}
	return []draft{d}
}

// scriptMarked: the same version, and the lockfile says of it what it did not say before.
func scriptMarked(s Subject, now scriptWords, earlier []scripted) []draft {
	if now.lockfile != yes || slices.ContainsFunc(earlier, func(b scripted) bool { return b.lockfile != no }) {
		return nil
	}
	d := about(RuleInstallScript, s,
		fmt.Sprintf("%s keeps its version, but the lockfile now says that it %s, and did not before.", id(s.Change.Entry.Package), scriptsOf(s)), scriptHelp).benign(scriptBenign)
	d.cause, d.many = "repinned", "keep their version, but the lockfile now says that they run a script at install time, and did not before"
	return []draft{d}
}

// mayRunScripts says whether an entry is a package of its own that somebody else wrote.
// Folders of the repository are its own code, and what JSR has runs none.
func mayRunScripts(e dep.Entry) bool {
	switch e.Source {
	case dep.Registry, dep.Git, dep.URL:
		return e.Package.Ecosystem == dep.NPM
	case dep.File:
		return e.Package.Ecosystem == dep.NPM && e.Integrity != "" // a tarball; a folder has no digest
	}
	return false
}

// word is what somebody says of a release's scripts; the zero word is nothing.
type word int

const (
	silent word = iota
	no
	yes
)

func wordOf(script bool) word {
	if script {
		return yes
	}
	return no
}

// scriptWords say whether a release runs a script: the lockfile's mark, which knows of
// builds from a binding.gyp, too, and the registry's document.
type scriptWords struct{ lockfile, registry word }

func scriptWordsOf(e dep.Entry, ev provenance.Evidence) (w scriptWords) {
	if e.InstallScript || e.Lockfile != "" && !e.Unsaid.Has(dep.FactInstallScript) {
		w.lockfile = wordOf(e.InstallScript)
	}
	if ev.Release != nil {
		w.registry = wordOf(ev.Release.InstallScript)
	}
	return w
}

// runs takes the word of either.
func (w scriptWords) runs() bool { return w.lockfile == yes || w.registry == yes }

// areNewTo says whether the version before is known to have run none. Like is compared
// with like: it takes the word of whoever says of this one that it does.
func (w scriptWords) areNewTo(before scriptWords) bool {
	return w.lockfile == yes && before.lockfile == no || w.registry == yes && before.registry == no
}

// scripted is a version that stood in the base, and what is known of its scripts.
type scripted struct {
	before
	scriptWords
}

func (s Subject) scriptsBefore() (out []scripted) {
	for _, b := range s.earlier() {
		out = append(out, scripted{b, scriptWordsOf(b.entry, b.evidence)})
	}
	return out
}

// unasked says why nobody knows whether a version before ran a script.
func (b scripted) unasked() string {
	switch {
	case b.entry.Source != dep.Registry:
		return "it came from no registry that could be asked"
	case b.evidence.Gone:
		return "it is gone from the registry"
	case b.registry != silent:
		return "the lockfile did not say, and the registry does not tell builds from a binding.gyp"
	}
	return unread(b.evidence)
}

// unread is why a registry's document is not there.
func unread(ev provenance.Evidence) string {
	return cmp.Or(sentence(ev.Provenance.Reason), "its registry was not asked")
}

// scriptsOf is "runs the script postinstall at install time", as far as it is known.
func scriptsOf(s Subject) string {
	var names []string
	if r := s.Evidence.Release; r != nil {
		for _, script := range r.InstallScripts {
			names = append(names, quote(script))
		}
	}
	switch len(names) {
	case 0:
		return "runs a script at install time"
	case 1:
		return "runs the script " + names[0] + " at install time"
	}
	return "runs the scripts " + list(names) + " at install time"
}

// scriptUnknown says what was not looked at, where nobody says whether what enters runs
// a script. What only came inside its parent's tarball was never to be asked about, and
// what comes from elsewhere than a registry is told by exotic-source. Where the rule
// unverified says that the release could not be asked about, that is enough.
func scriptUnknown(s Subject, v view, now scriptWords) []draft {
	e := s.Change.Entry
	if now != (scriptWords{}) || e.Source != dep.Registry || s.Private != "" || s.bundled() || s.bundleUnknown() || len(unverified(s, v)) > 0 {
		return nil
	}
	reason := unread(s.Evidence)
	many := ": " + reason
	switch {
	case s.NotLookedUp != "":
		reason = "it " + sentence(s.NotLookedUp)
		many = ", because each " + sentence(s.NotLookedUp)
	case s.Evidence.Gone:
		reason = "the registry says that it has no such release"
		many = ": the registry says that it has no such releases"
	}
	d := about(RuleInstallScript, s,
		fmt.Sprintf("Whether %s runs a script at install time was not looked at: %s.", id(e.Package), reason),
		"Run the check again when the registry answers, or look into the package yourself. Lockfiles of npm say it without the registry; those of yarn and of pnpm 9 and later do not.")
	d.cause, d.many = "unknown "+reason, "may run a script at install time, which was not looked at"+many
	d.Unknown = v.policy.SeverityOf(RuleInstallScript, e.Package) == Error
	if !s.isNew() {
		d.atMost = Notice
	}
	return []draft{d}
}

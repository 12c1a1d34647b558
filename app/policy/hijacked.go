package policy

import (
	"fmt"
	"slices"

	"github.com/bonafide-app/bonafide/app/dep"
)

// hijacked: what is loaded under a name is the package that was asked for under it.
// A package that stands where another one stood is an error where nothing asks for
// it under that name, and a warning where the manifest may have moved to it. It is
// part of exotic-source: every occurrence counts, because the same package may also
// stand at a place of its own.
func hijacked(s Subject) []draft {
	e := s.Change.Entry
	if !s.enters() {
		return nil
	}
	occurrences := s.Change.Occurrences
	if len(occurrences) == 0 {
		occurrences = []dep.Entry{e}
	}
	var out []draft
	said := map[string]bool{} // the places and names that were told of
	for _, old := range s.Change.Displaces {
		shared := sharedWith(old)
		now, at := e, shared(e)
		for _, o := range occurrences {
			if at == "" || o.Location == old.Location {
				if here := shared(o); here != "" {
					now, at = o, here
				}
			}
		}
		if at == "" {
			at = quote(now.Location)
		}
		if said[at] {
			continue
		}
		said[at], said[now.Location] = true, true
		under := quote(now.Package.Name)
		if now.Alias != "" {
			under = quote(now.Alias)
		}
		d := aboutEntry(s, now,
			fmt.Sprintf("%s was %s until now; now it is %s, installed under that name.", at, id(old.Package), id(now.Package)),
			fmt.Sprintf("Compare it with the manifest. Where that does not ask for %s under the name %s, do not install it: whatever loads %s runs it instead of %s. ", quote(now.Package.Name), under, under, quote(old.Package.Name))+
				"Restore the entry from the base branch and let the package manager write it again.").
			benign("a manifest that moves to a fork, or back from one, by an npm: alias or an override.")
		if !now.AliasUnasked {
			d.atMost = Warning
		}
		out = append(out, d)
	}
	for _, o := range occurrences {
		if !o.AliasUnasked || said[o.Location] || said[o.Alias] || s.stoodUnder(o.Alias) {
			continue
		}
		said[o.Alias] = true
		d := aboutEntry(s, o,
			fmt.Sprintf("Nothing in the lockfile asks for %s under the name %s, yet it is installed under it at %s.", id(o.Package), quote(o.Alias), quote(o.Location)),
			"Do not install it before the manifest says so: a package under the name of another is loaded in its place. Remove the entry and let the package manager write it again.").
			benign("an alias that stands under overrides or resolutions in package.json, which the lockfile does not repeat.")
		if !s.isNew() {
			d.atMost = Warning
		}
		out = append(out, d)
	}
	return out
}

// sharedWith names the place at which another entry stands, too, "" if there is none.
func sharedWith(old dep.Entry) func(dep.Entry) string {
	stood := make(map[dep.Place]bool, len(old.Places))
	for _, p := range old.Places {
		stood[p] = true
	}
	return func(e dep.Entry) string {
		if len(e.Places) == 0 && len(old.Places) == 0 {
			if e.Location != old.Location {
				return ""
			}
			return quote(e.Location)
		}
		for _, p := range e.Places {
			if !stood[p] {
				continue
			}
			switch p.By {
			case "": // a package.json; which one, yarn 1 does not say
				return fmt.Sprintf("What is asked for as %s", quote(p.As))
			case ".":
				return fmt.Sprintf("What the root asks for as %s", quote(p.As))
			}
			return fmt.Sprintf("What %s asks for as %s", quote(p.By), quote(p.As))
		}
		return ""
	}
}

// stoodUnder says whether the base had the package under that alias already: then
// the change did not bring that in.
func (s Subject) stoodUnder(alias string) bool {
	same := func(old dep.Entry) bool { return old.Alias == alias && old.Package.Name == s.Change.Entry.Package.Name }
	return slices.ContainsFunc(s.Change.Replaces, same) || slices.ContainsFunc(s.Change.Stays, same)
}

// aboutEntry starts a draft of exotic-source about one occurrence.
func aboutEntry(s Subject, e dep.Entry, message, help string) draft {
	d := about(RuleExoticSource, s, message, help)
	d.entry = e // who accepts one name does not accept the next
	if e.Line != 0 {
		d.Line = e.Line
	}
	return d
}

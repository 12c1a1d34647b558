package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Offer are pins for the packages that a change updates and the policy does not pin,
// made of what is proven of the versions that stood in the base: for people to review,
// at most MaxOffered. What comes in has no say in it.
func Offer(subjects []Subject, p Policy) []PackageRule {
	var proven []provenance.Evidence
	for _, s := range subjects {
		if _, pinned := p.PinOf(s.Change.Entry.Package); pinned || !s.isNew() {
			continue
		}
		for _, b := range s.earlier() {
			if b.entry.Package.Name == s.Change.Entry.Package.Name && identity(b.evidence) != nil {
				proven = append(proven, b.evidence)
			}
		}
	}
	blocks := slices.Collect(maps.Values(pinsByName(proven)))
	slices.SortFunc(blocks, func(a, b PackageRule) int { return strings.Compare(a.Match, b.Match) })
	return blocks[:min(len(blocks), MaxOffered)]
}

// Pins are identity pins for the packages of a lockfile of which is proven who built
// them, by name. Those of a scope become one where each of its packages has the same.
// All evidence of the lockfile is to be given: what has none keeps its scope from that.
func Pins(all []provenance.Evidence) []PackageRule {
	blocks := pinsByName(all)
	scopes := map[string][]string{} // the names in them
	for _, e := range all {
		if scope, _, ok := strings.Cut(e.Package.Name, "/"); ok && e.Package.Ecosystem == dep.NPM && !slices.Contains(scopes[scope], e.Package.Name) {
			scopes[scope] = append(scopes[scope], e.Package.Name)
		}
	}
	for scope, names := range scopes {
		first := blocks[names[0]]
		differs := func(name string) bool { return blocks[name].Identity != first.Identity }
		if len(names) < 2 || first.Match == "" || slices.ContainsFunc(names, differs) {
			continue
		}
		for _, name := range names {
			delete(blocks, name)
		}
		blocks[scope] = PackageRule{Match: "npm:" + scope + "/*", Identity: first.Identity}
	}
	out := slices.Collect(maps.Values(blocks))
	slices.SortFunc(out, func(a, b PackageRule) int { return strings.Compare(a.Match, b.Match) })
	return out
}

// pinsByName makes a pin of what the versions of a package have in common. There is none
// where they do not come from one repository, or one of them has no provenance.
func pinsByName(all []provenance.Evidence) map[string]PackageRule {
	out, never := map[string]PackageRule{}, map[string]bool{}
	for _, e := range all {
		name := e.Package.Name
		pin, ok := pinFor(e)
		before, seen := out[name]
		switch {
		case !ok || seen && before.Identity.Repository != pin.Repository:
			never[name] = true
			continue
		case seen && before.Identity.Workflow != pin.Workflow:
			pin.Workflow = ""
		}
		if seen && before.Identity.Ref != pin.Ref {
			pin.Ref = ""
		}
		out[name] = PackageRule{Match: "npm:" + name, Identity: pin}
	}
	for name := range never {
		delete(out, name)
	}
	return out
}

// pinFor is the pin that one release fits: any tag stands for a tag, because the next
// release has another.
func pinFor(e provenance.Evidence) (pin IdentityPin, ok bool) {
	i := identity(e)
	if i == nil || e.Package.Ecosystem != dep.NPM || !plainWord(e.Package.Name) {
		return pin, false
	}
	pin.Repository = strings.TrimPrefix(i.Repository, "https://")
	if !plainWord(pin.Repository) || !strings.Contains(pin.Repository, "/") {
		return pin, false
	}
	if path := workflow(i); plainWord(path) && !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "./") {
		pin.Workflow = path
	}
	switch {
	case strings.HasPrefix(i.Ref, "refs/tags/"):
		pin.Ref = "refs/tags/*"
	case strings.HasPrefix(i.Ref, "refs/heads/") && plainWord(i.Ref):
		pin.Ref = i.Ref
	}
	return pin, true
}

// plainWord says whether outside text may stand in a policy file as it is: short, no
// glob, and nothing that YAML or Markdown reads as anything but itself.
func plainWord(s string) bool {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._/+-"
	return s != "" && len(s) <= MaxPath && strings.Trim(s, plain) == ""
}

// PinsYAML writes blocks the way they stand in a policy file, under "packages".
func PinsYAML(blocks []PackageRule) string {
	var b strings.Builder
	b.WriteString("packages:\n")
	for _, block := range blocks {
		fmt.Fprintf(&b, "  - match: %q\n    identity:\n", block.Match)
		for _, field := range []struct{ key, value string }{
			{"issuer", block.Identity.Issuer}, {"repository", block.Identity.Repository},
			{"workflow", block.Identity.Workflow}, {"ref", block.Identity.Ref},
		} {
			if field.value != "" {
				fmt.Fprintf(&b, "      %s: %q\n", field.key, field.value)
			}
		}
	}
	return b.String()
}

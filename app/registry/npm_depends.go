package registry

import (
	"cmp"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bonafide-app/bonafide/app/dep"
)

// elsewhere are the specs that lead out of every registry. npm lists optional
// dependencies among the others, too: each counts once.
func (doc npmRelease) elsewhere() (out []dep.Spec) {
	said := map[[2]string]bool{}
	for _, section := range []struct {
		kind  dep.Scope
		asked jsontext.Value
	}{{dep.Optional, doc.OptionalDependencies}, {dep.Prod, doc.Dependencies}, {dep.Peer, doc.PeerDependencies}} {
		for name, wanted := range membersOf(section.asked) {
			spec := dep.Spec{Name: unquote(name), Range: text(wanted), Kind: section.kind}
			if key := [2]string{spec.Name, spec.Range}; spec.LeavesRegistry() && !said[key] {
				said[key] = true
				out = append(out, spec)
			}
		}
	}
	slices.SortFunc(out, func(a, b dep.Spec) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Range, b.Range), cmp.Compare(a.Kind, b.Kind))
	})
	return out[:min(len(out), maxSpecs)]
}

// bundles are the names that a list states, or all that the package depends on where
// it says true.
// https://docs.npmjs.com/cli/v11/configuring-npm/package-json#bundledependencies
func (doc npmRelease) bundles() (names []string) {
	for _, stated := range []jsontext.Value{doc.BundleDependencies, doc.BundledDependencies} {
		switch stated.Kind() {
		case 't':
			names = appendNames(appendNames(names, doc.Dependencies), doc.OptionalDependencies)
		case '[':
			var list []jsontext.Value
			if json.Unmarshal(stated, &list, jsontext.AllowInvalidUTF8(true)) != nil {
				continue
			}
			for _, v := range list[:min(len(list), maxBundles)] {
				if name := text(v); name != "" {
					names = append(names, name)
				}
			}
		case '{': // of the first years: names and ranges
			names = appendNames(names, stated)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), maxBundles)]
}

// appendNames appends the names of a JSON object's members; none where v is no object.
func appendNames(names []string, v jsontext.Value) []string {
	for name := range membersOf(v) {
		names = append(names, unquote(name))
	}
	return names
}

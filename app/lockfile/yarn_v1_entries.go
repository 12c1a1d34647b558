package lockfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// yarnV1Unsaid is what yarn 1 does not keep: package.json has it.
const yarnV1Unsaid = dep.FactScope | dep.FactDirect | dep.FactBundled | dep.FactInstallScript

// entries turns the blocks into entries, in the order of the file.
func (y *yarnV1) entries() ([]dep.Entry, error) {
	var broken error
	out := make([]dep.Entry, 0, len(y.blocks))
	made := make([]int, len(y.blocks)) // the first entry of each block; -1 for own code
	folders := map[int]string{}        // of the blocks that are own code
	for i := range y.blocks {
		b := &y.blocks[i]
		if folder, own := y.ownFolder(b); own {
			made[i], folders[i] = ofWorkspace, folder
			continue
		}
		names := y.realNames(b)
		switch {
		case len(names) > maxYarnNames:
			return nil, &Error{y.name, b.line, Limit, fmt.Sprintf("one block is asked for as more than %d packages; %s", maxYarnNames, yarnAgain)}
		case len(names) > 1 && broken == nil:
			broken = &Error{y.name, b.line, Inconsistent, fmt.Sprintf("one block is asked for as %s and as %s, which are two packages; %s",
				quote(names[0]+"@"+b.version), quote(names[1]+"@"+b.version), yarnAgain)}
		}
		made[i] = len(out)
		for _, name := range names {
			out = append(out, y.entry(b, name))
		}
		if out[made[i]].Resolved == "" && broken == nil {
			broken = &Error{y.name, b.line, Inconsistent, fmt.Sprintf("%s is locked and does not say where it was resolved, so that yarn takes no notice and installs whatever release fits; %s",
				quote(names[0]+"@"+b.version), yarnAgain)}
		}
		if len(out) > MaxEntries {
			return nil, y.tooMany(b.line, MaxEntries, "entries")
		}
	}
	y.link(out, made, folders)
	return out, broken
}

// link resolves what the blocks ask for. What none of them asks for, a package.json
// does: which one, the lockfile does not say.
func (y *yarnV1) link(entries []dep.Entry, made []int, folders map[int]string) {
	g := graph{entries: entries}
	var key []byte
	for i := range y.blocks {
		for _, s := range y.specs[y.blocks[i].specs.from:y.blocks[i].specs.to] {
			key = append(append(append(key[:0], s.Name...), '@'), s.Range...)
			at, ok := y.index[string(key)]
			if !ok {
				continue // package.json can override it
			}
			p := &y.patterns[at]
			p.asked = true
			if to := made[p.block]; to >= 0 {
				g.edges = append(g.edges, edge{from: made[i], workspace: folders[i], as: s.Name, to: to, kind: s.Kind})
			}
		}
	}
	g.resolve()
	for _, p := range y.patterns {
		if p.asked || made[p.block] < 0 {
			continue
		}
		e := &entries[made[p.block]]
		e.Direct = true
		as, _, _ := p.ask()
		if here := (dep.Place{As: as}); len(e.Places) == 0 || e.Places[len(e.Places)-1] != here {
			e.Places = append(e.Places, here)
		}
	}
}

// ask reads a pattern: the name that it installs under, and either the real name or,
// for an address, where that is.
func (p yarnPattern) ask() (as, real, address string) {
	as, asked, ok := cutName(p.text)
	switch {
	case strings.Contains(as, ":"): // an address alone
		return p.text, "", p.text
	case !ok:
		return as, as, ""
	}
	if target, alias := strings.CutPrefix(asked, "npm:"); alias {
		real, _, _ = cutName(target)
		return as, real, ""
	}
	if isSpec(asked) || strings.HasPrefix(asked, ".") {
		return as, "", asked
	}
	return as, as, ""
}

// realNames are the distinct names of the packages that a block says it is, one unless
// it contradicts itself, and of many a few. What is asked for by an address has the
// name that the block states, else the one that it is asked for by.
func (y *yarnV1) realNames(b *yarnBlock) []string {
	var names []string
	for _, p := range y.patterns[b.patterns.from:b.patterns.to] {
		if _, real, _ := p.ask(); real != "" && len(names) <= maxYarnNames && !slices.Contains(names, real) {
			names = append(names, real)
		}
	}
	switch {
	case len(names) > 1:
		if target, ok := y.override(b); ok {
			return []string{target}
		}
		return names
	case len(names) == 1:
		return names
	case b.name != "":
		return []string{b.name}
	}
	as, _, _ := y.patterns[b.patterns.from].ask()
	return []string{as}
}

// override is the package that resolutions in package.json put in the place of another
// one ("a": "npm:b@1"): yarn then writes what was asked for beside what it found instead,
// `a@^1.0.0, "a@npm:b@1"`. The address has to agree.
func (y *yarnV1) override(b *yarnBlock) (target string, ok bool) {
	name := ""
	for _, p := range y.patterns[b.patterns.from:b.patterns.to] {
		as, real, _ := p.ask()
		switch {
		case name != "" && as != name, real != as && target != "" && real != target:
			return "", false
		case real != as:
			target = real
		}
		name = as
	}
	base, ok := RegistryBase(b.resolved, dep.Package{Ecosystem: dep.NPM, Name: target, Version: b.version})
	return target, ok && base != ""
}

// ownFolder is the folder of the repository that a block stands for, if it does: then
// all that is asked for is that folder, and nothing is fetched.
func (y *yarnV1) ownFolder(b *yarnBlock) (folder string, ok bool) {
	if b.resolved != "" || b.integrity != "" {
		return "", false
	}
	for i, p := range y.patterns[b.patterns.from:b.patterns.to] {
		_, _, address := p.ask()
		target, isLink := strings.CutPrefix(address, "link:")
		target, isFile := strings.CutPrefix(target, "file:")
		here, ok := ownYarnFolder(y.name, ".", target)
		if !ok || !isLink && !isFile && target[0] != '.' || !isLink && isTarballName(target) || i > 0 && here != folder {
			return "", false
		}
		folder = here
	}
	return folder, true
}

func (y *yarnV1) entry(b *yarnBlock, name string) dep.Entry {
	e := dep.Entry{
		Package: dep.Package{Ecosystem: dep.NPM, Name: name, Version: b.version}, Lockfile: y.name, Location: b.header, Line: b.line,
		Resolved: b.resolved, Integrity: b.integrity, Scope: dep.Prod, Unsaid: yarnV1Unsaid,
		Dependencies: y.specs[b.specs.from:b.specs.to:b.specs.to],
	}
	asked, overridden := false, false // by the name that the block states; as another package
	for _, p := range y.patterns[b.patterns.from:b.patterns.to] {
		as, real, address := p.ask()
		overridden = overridden || real == as && as != name
		if e.Resolved == "" {
			e.Resolved = address
		}
		if e.Alias == "" && as != name {
			e.Alias = as
		}
		asked = asked || as == b.name
	}
	if b.name != "" && b.name != name { // then yarn installs under it
		e.Alias, e.AliasUnasked = b.name, !asked
	}
	e.AliasUnasked = e.AliasUnasked || overridden && e.Alias != "" && len(y.realNames(b)) == 1
	complete(&e)
	if _, sha1 := cutSHA1(b.resolved); sha1 != "" && e.Integrity == "" && e.Source != dep.Git {
		e.Digests = []dep.Digest{{Algorithm: "sha1", Hex: strings.ToLower(sha1)}}
	}
	return e
}

package config

import (
	"maps"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/bonafide-app/bonafide/app/policy"
)

// File is what one bonafide.yml says.
type File struct {
	Policy  policy.Policy
	Extends *Extends // nil where the file extends none
	// Floor is what the file holds an owner's repositories to; nil where it sets none. It
	// means something in the owner's .github repository alone.
	Floor *policy.Floor
	// FloorLine is where "enforce" stands, 0 where it does not. It is known of a file
	// with errors, too, as long as the file is YAML.
	FloorLine int
}

// Extends names the repository whose policy file another one starts from.
type Extends struct {
	Owner, Name string
	Line        int
}

// ParseFile reads a bonafide.yml that starts from another policy: what the file does
// not set is the base's, its packages and exceptions come after the base's: of two
// blocks that are equally specific the later one decides. It is as strict as ParsePolicy. With an error the policy is the default one.
func ParseFile(source string, data []byte, base policy.Policy) (File, error) {
	p := parser{source: source, policy: base}
	p.policy.Source = source
	p.policy.Rules = maps.Clone(base.Rules)
	p.policy.Notes = slices.Clone(base.Notes)
	p.policy.Packages, p.policy.Exceptions = nil, nil
	p.policy.Places = maps.Clone(base.Places)
	for key, place := range p.policy.Places {
		if place.File == "" {
			p.policy.Places[key] = policy.Place{File: base.Source, Line: place.Line}
		}
	}
	p.read(data)
	file := File{Policy: p.policy, Extends: p.extended, Floor: p.floor, FloorLine: p.floorLine}
	if len(p.errs) > 0 {
		file.Policy = policy.Default()
		file.Policy.Source = source
		file.Extends, file.Floor = nil, nil
		return file, p.errors()
	}
	file.Policy.Packages = append(inherited(base.Packages, func(b *policy.PackageRule) *string { return &b.File }, base.Source), p.policy.Packages...)
	file.Policy.Exceptions = append(inherited(base.Exceptions, func(e *policy.Exception) *string { return &e.File }, base.Source), p.policy.Exceptions...)
	return file, nil
}

// inherited are the elements of another file, each with that file's name.
func inherited[T any](elements []T, from func(*T) *string, source string) []T {
	out := slices.Clone(elements)
	for i := range out {
		if name := from(&out[i]); *name == "" {
			*name = source
		}
	}
	return out
}

// Alone is the policy of a file where no other can be read: what it extends, and whom
// it holds to its floor, is said in notes. The floor holds for the file itself.
func (f File) Alone() policy.Policy {
	p := f.Policy
	if f.Floor != nil {
		p = f.Floor.Over(p)
		p.Notes = append(p.Notes, "This policy file sets a floor (enforce), which was held against the file itself. That means something in an owner's .github repository alone; in any other the file is refused.")
	}
	if f.Extends != nil {
		p.Notes = append(slices.Clone(p.Notes), "This policy file extends "+f.Extends.Owner+"/"+f.Extends.Name+
			", which was not read: that is done on GitHub alone. What stands there may lead to another result.")
	}
	return p
}

var ownerAndName = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}))/([A-Za-z0-9._-]{1,100})$`)

// extends reads OWNER/REPO. Whether the owner is the file's own is for who knows it.
func (p *parser) extends(_, n *yaml.Node) {
	s, ok := p.text(n, "extends")
	if !ok {
		return
	}
	m := ownerAndName.FindStringSubmatch(s)
	if m == nil || m[2] == "." || m[2] == ".." {
		p.fail(n, "extends names a repository of the same owner as OWNER/REPO, not %s.", kind(n))
		return
	}
	p.extended = &Extends{Owner: m[1], Name: m[2], Line: n.Line}
}

package policy

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"deps.dev/util/semver"
	"github.com/bmatcuk/doublestar/v4"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Pattern says which packages a block or an exception is about: "npm:left-pad",
// "npm:@my-org/*", "npm:esbuild@>=0.21 <1". It is about the real package, never about
// an alias, and exact in upper and lower case.
type Pattern struct {
	Ecosystem dep.Ecosystem
	// Name is a glob in which * stands for anything but "/"; alone it stands for every
	// name, with a scope or without.
	Name string
	// Versions is a version, or a range as npm reads it: a prerelease is only in a range
	// that names one of the same version. "" is every version.
	Versions string
}

// ParsePattern reads a pattern. The error completes a sentence that begins with what
// was read: "match …". It may quote the pattern.
func ParsePattern(s string) (Pattern, error) {
	p := splitPattern(s)
	switch {
	case p.Ecosystem == "":
		return Pattern{}, fmt.Errorf("names its ecosystem first: write %q", "npm:"+quote(s))
	case p.Ecosystem != dep.NPM:
		return Pattern{}, fmt.Errorf("is of the ecosystem %q, which is not supported yet, only npm is", quote(string(p.Ecosystem)))
	case p.Versions == "" && strings.HasSuffix(s, "@"):
		return Pattern{}, errors.New("ends in @; write a version range behind it or leave it out")
	case p.Name == "" || strings.ContainsAny(p.Name, " \t:") || strings.Contains(p.Name[1:], "@"):
		return Pattern{}, fmt.Errorf("names no package; write %q or %q", "npm:NAME", "npm:@SCOPE/*")
	case p.Versions == "":
		return p, nil
	case len(p.Versions) > maxRange:
		return Pattern{}, fmt.Errorf("names versions in more than %d characters; write several patterns", maxRange)
	}
	if c, err := semver.NPM.ParseConstraint(p.Versions); err != nil {
		return Pattern{}, fmt.Errorf("names a version that npm does not know: %q is not a version range of npm", quote(p.Versions))
	} else if c.Set().Empty() {
		return Pattern{}, fmt.Errorf("never matches: no version is in the range %q", quote(p.Versions))
	}
	return p, nil
}

func splitPattern(s string) Pattern {
	ecosystem, name, found := strings.Cut(s, ":")
	if !found {
		return Pattern{Name: s}
	}
	versions := ""
	if at := strings.LastIndexByte(name, '@'); at > 0 {
		name, versions = name[:at], strings.TrimSpace(name[at+1:])
	}
	return Pattern{dep.Ecosystem(ecosystem), name, versions}
}

// Matches says whether a package is one of those.
func (p Pattern) Matches(pkg dep.Package) bool {
	return p.MatchesName(pkg) && p.matchesVersion(pkg.Version)
}

// MatchesName says whether some version of a package may be one of those.
func (p Pattern) MatchesName(pkg dep.Package) bool {
	switch {
	case p.Ecosystem != pkg.Ecosystem || pkg.Name == "":
		return false
	case p.exactName():
		return p.Name == pkg.Name
	case p.Name == "*":
		return true
	}
	return strings.HasPrefix(pkg.Name, p.prefix()) && globMatch(p.Name, pkg.Name)
}

// globMatch says whether a doublestar glob matches something that is stated.
func globMatch(glob, s string) bool {
	ok, err := doublestar.Match(glob, s)
	return err == nil && ok && s != ""
}

// oneVersion matches what names one version, as people write it.
var oneVersion = regexp.MustCompile(`^=?v?([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$`)

func (p Pattern) matchesVersion(version string) bool {
	if p.Versions == "" {
		return true
	}
	if m := oneVersion.FindStringSubmatch(p.Versions); m != nil {
		return m[1] == version
	}
	c, err := semver.NPM.ParseConstraint(p.Versions)
	return err == nil && c.Match(version)
}

const globs = `*?[{\`

func (p Pattern) exactName() bool { return !strings.ContainsAny(p.Name, globs) }

// prefix is what every name begins with.
func (p Pattern) prefix() string {
	if i := strings.IndexAny(p.Name, globs); i >= 0 {
		return p.Name[:i]
	}
	return p.Name
}

// One says whether it is about one release: a whole name and one version.
func (p Pattern) One() bool { return p.exactName() && oneVersion.MatchString(p.Versions) }

// moreSpecific says why p is more specific than q, "" where it is not: a whole name
// before a glob, then the longer beginning, then one version before a range, and that
// before none.
func (p Pattern) moreSpecific(q Pattern) string {
	switch a, b := p.specificity(), q.specificity(); {
	case a.whole != b.whole:
		if a.whole > b.whole {
			return "it names the package in full"
		}
	case a.prefix != b.prefix:
		if a.prefix > b.prefix {
			return "more of the name is written out"
		}
	case a.versions > b.versions && a.versions == 2:
		return "it names the version"
	case a.versions > b.versions:
		return "it names versions"
	}
	return ""
}

// specificity orders patterns, by its fields in their order.
type specificity struct{ whole, prefix, versions int }

func (s specificity) compare(o specificity) int {
	return cmp.Or(cmp.Compare(s.whole, o.whole), cmp.Compare(s.prefix, o.prefix), cmp.Compare(s.versions, o.versions))
}

func (p Pattern) specificity() specificity {
	s := specificity{prefix: len(p.prefix())}
	if p.exactName() {
		s.whole = 1
	}
	switch {
	case p.Versions == "":
	case !oneVersion.MatchString(p.Versions):
		s.versions = 1
	default:
		s.versions = 2
	}
	return s
}

// blocks are the blocks for a package, by where they stand in Packages, the most specific
// first; of two that are equally specific, the later one in the file.
func (p Policy) blocks(pkg dep.Package) []int {
	if len(p.Packages) == 0 {
		return nil
	}
	if out, known := p.matched[pkg]; known {
		return out
	}
	var out []int
	how := map[int]specificity{}
	for i := range slices.Backward(p.Packages) {
		if pattern := splitPattern(p.Packages[i].Match); pattern.Matches(pkg) {
			out, how[i] = append(out, i), pattern.specificity()
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return how[b].compare(how[a]) })
	if p.matched != nil {
		p.matched[pkg] = out
	}
	return out
}

// block is the most specific block for a package that says what is asked for.
func (p Policy) block(pkg dep.Package, says func(PackageRule) bool) (PackageRule, bool) {
	for _, i := range p.blocks(pkg) {
		if b := p.Packages[i]; says(b) {
			return b, true
		}
	}
	return PackageRule{}, false
}

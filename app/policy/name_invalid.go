package policy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// nameInvalid: names and versions that no registry would accept are how look-alike
// and hidden characters come in. The name under which an alias is installed counts
// too. Folders of the repository may be called anything.
func nameInvalid(s Subject, _ view) []draft {
	e := s.Change.Entry
	if !s.enters() || e.Source == dep.Link || e.Source == dep.Workspace || e.Package.Version == "" && e.Package.Name == dep.WithoutSecrets(e.Resolved) {
		return nil // what is imported by its address has no other name
	}
	var wrong []string
	if why := badName(e.Package.Name); why != "" {
		wrong = append(wrong, "the name "+plain(e.Package.Name)+why)
	}
	if e.Alias != "" {
		if why := badName(e.Alias); why != "" {
			wrong = append(wrong, "the name it is installed under, "+plain(e.Alias)+","+why)
		}
	}
	if (e.Source == dep.Registry || strings.HasPrefix(e.Package.Version, "npm:")) && registry.ValidVersion(e.Package.Version) != nil {
		wrong = append(wrong, "the version "+plain(e.Package.Version)+" is no semantic version")
	}
	if len(wrong) == 0 {
		return nil
	}
	return []draft{about(RuleNameInvalid, s,
		fmt.Sprintf("No registry would accept this package: %s.", list(wrong)),
		"Do not install it before you know which package is meant: names like this imitate another one. Compare it with the dependency in the manifest, "+
			"remove the entry and let the package manager write it again.").
		benign("a private registry with rules of its own.")}
}

// badName says what is wrong with a name, "" if nothing is.
func badName(name string) string {
	for _, r := range name {
		if r > '~' || r < '!' {
			return fmt.Sprintf(" contains the character U+%04X, which looks like another one or cannot be seen", r)
		}
	}
	if strings.HasPrefix(name, "@") && strings.ToLower(name) != name {
		return " is scoped and has capital letters"
	}
	if registry.ValidName(name) != nil {
		return " is not a valid package name"
	}
	return ""
}

// plain quotes outside text in ASCII, so that nothing in it can pretend to be
// something else.
func plain(s string) string {
	if len(s) > MaxQuote {
		return strconv.QuoteToASCII(s[:MaxQuote]) + " and more"
	}
	return strconv.QuoteToASCII(s)
}

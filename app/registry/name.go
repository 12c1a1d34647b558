package registry

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// ErrInvalid is wrapped where a name or version is one that no registry of its
// ecosystem would accept. Nothing was asked of any registry then.
var ErrInvalid = errors.New("not valid")

// ValidPackage holds name and version against the rules of the package's
// ecosystem. The error says what is wrong with which.
func ValidPackage(p dep.Package) error {
	if p.Ecosystem != dep.NPM {
		return fmt.Errorf("%w: ecosystem %.20q is not supported", ErrInvalid, p.Ecosystem)
	}
	if err := ValidName(p.Name); err != nil {
		return err
	}
	return ValidVersion(p.Version)
}

// ValidName holds a name against what the npm registry accepts or once accepted:
// capitals and the characters !~*'() are allowed, because old packages have them.
// https://github.com/npm/validate-npm-package-name
func ValidName(name string) error {
	refuse := func(why string) error { return fmt.Errorf("the name %.240q is %w: %s", name, ErrInvalid, why) }
	switch {
	case name == "":
		return refuse("it is empty")
	case len(name) > maxName:
		return refuse(fmt.Sprintf("it is longer than %d characters", maxName))
	}
	scope, base := splitScope(name)
	if strings.HasPrefix(name, "@") {
		if scope == "@" || base == "" || strings.Contains(base, "/") {
			return refuse("a scoped name has the form @scope/name")
		}
		if scope[1] == '.' {
			return refuse("its scope starts with a dot")
		}
	}
	for _, r := range scope {
		if r != '@' && !urlSafe(r) {
			return refuse(fmt.Sprintf("it contains %+q", r))
		}
	}
	if strings.Count(scope, "@") > 1 {
		return refuse("it contains a second @")
	}
	for _, r := range base {
		if !urlSafe(r) {
			return refuse(fmt.Sprintf("it contains %+q", r))
		}
	}
	switch {
	case base[0] == '.':
		return refuse("it starts with a dot")
	case scope == "" && base[0] == '_':
		return refuse("it starts with an underscore")
	case strings.EqualFold(name, "node_modules"), strings.EqualFold(name, "favicon.ico"):
		return refuse("it is reserved")
	}
	return nil
}

// splitScope divides "@scope/name" into "@scope" and "name"; scope is "" for a
// name without one.
func splitScope(name string) (scope, base string) {
	if strings.HasPrefix(name, "@") {
		scope, base, _ = strings.Cut(name, "/")
		return scope, base
	}
	return "", name
}

// urlSafe is what JavaScript's encodeURIComponent leaves as it is.
func urlSafe(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.!~*'()", r)
}

// semver is the grammar of https://semver.org, with numbers of at most 16 digits
// as node-semver takes them.
var semver = regexp.MustCompile(`^(0|[1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,15})` +
	`(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?` +
	`(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$`)

// ValidVersion holds a version against strict Semantic Versioning 2.0.0: no range,
// no tag, no leading "v" or "=".
func ValidVersion(version string) error {
	switch {
	case version == "":
		return fmt.Errorf("the version is %w: it is empty", ErrInvalid)
	case len(version) > maxVersion:
		return fmt.Errorf("the version %.100q is %w: it is longer than %d characters", version, ErrInvalid, maxVersion)
	case !semver.MatchString(version):
		return fmt.Errorf("the version %.100q is %w: it is not a semantic version", version, ErrInvalid)
	}
	return nil
}

package dep

import "strings"

// Spec is one thing that a package asks for.
type Spec struct {
	Name  string // the name that it is asked for by: an alias, where Range names another
	Range string // "^1.0.0", "npm:other@^1.0.0", "workspace:*"; "" where the lockfile does not say
	Kind  Scope  // Prod, Dev, Optional or Peer
}

// LeavesRegistry says whether the spec asks for something that no registry releases: a
// git repository ("github:o/r", "o/r", "git+ssh://…"), an address, a file, a folder. A
// range, a dist-tag and an alias ask for a release, and so do the words of package
// managers for what the repository itself states. Neither a range nor a tag has a colon
// or a slash.
//
// https://docs.npmjs.com/cli/v11/using-npm/package-spec
// https://yarnpkg.com/protocols
func (s Spec) LeavesRegistry() bool {
	if !strings.ContainsAny(s.Range, `:/\`) {
		return false
	}
	scheme, _, hasScheme := strings.Cut(strings.TrimSpace(s.Range), ":")
	if !hasScheme {
		return true
	}
	switch strings.ToLower(scheme) {
	case "npm", "jsr", "workspace", "catalog", "patch", "virtual", "runtime":
		return false
	}
	return true
}

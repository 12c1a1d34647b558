package publish

import (
	"regexp"
	"strings"
)

// uses is what a step names behind "uses".
type uses struct {
	path        string // "owner/name/folder", "./folder", "$/folder", "docker://image"
	owner, name string // of an action in another repository, lower case
	ref         string // behind the "@"
}

// parseUses reads it; ok is false where it is none (an expression).
func parseUses(s string) (u uses, ok bool) {
	if s == "" || dynamic(s) {
		return uses{}, false
	}
	if _, own := ownPath(s); own || strings.HasPrefix(s, "docker://") {
		return uses{path: s}, true
	}
	u.path, u.ref, ok = strings.Cut(s, "@")
	parts := strings.SplitN(u.path, "/", 3)
	if !ok || len(parts) < 2 {
		return uses{}, false
	}
	u.owner, u.name = strings.ToLower(parts[0]), strings.ToLower(parts[1])
	return u, true
}

// action is the action's name, lower case: "actions/setup-node".
func (u uses) action() string { return strings.ToLower(u.path) }

func (u uses) docker() bool { return strings.HasPrefix(u.path, "docker://") }

func (u uses) local() bool {
	_, ok := ownPath(u.path)
	return ok
}

// ownPath is the path of an action or a workflow of the same repository, which is named
// from the checkout ("./") or from the running commit
// ("$/", https://github.blog/changelog/2026-07-30-reference-same-repository-actions-with-self-repository-syntax/).
func ownPath(uses string) (path string, ok bool) {
	for _, root := range []string{"./", "$/"} {
		if path, ok = strings.CutPrefix(uses, root); ok {
			return path, true
		}
	}
	return "", false
}

var commitHash = regexp.MustCompile(`^[0-9a-fA-F]{40}$|^[0-9a-fA-F]{64}$`)

// pinned says whether what runs can never change behind the workflow's back.
func (u uses) pinned() bool {
	switch {
	case u.local():
		return true
	case u.docker():
		return strings.Contains(u.path, "@sha256:")
	}
	return commitHash.MatchString(u.ref)
}

// kin says whether the action is of those whom a workflow that publishes trusts anyway:
// of GitHub, whose runner runs the job, or of the registry's own people. Their tags are
// what the registries' documentation tells people to write.
func (u uses) kin() bool {
	switch u.owner {
	case "actions", "github", "npm", "pypa", "rubygems", "ruby", "rust-lang":
		return true
	}
	return false
}

// setsUp says whether the action does no more than bring a tool: a job cannot publish
// without.
func (u uses) setsUp() bool {
	return u.name == "setup" || strings.HasPrefix(u.name, "setup-") || strings.HasSuffix(u.name, "-setup") || strings.HasSuffix(u.name, "toolchain") ||
		u.action() == "pnpm/action-setup" || u.action() == "volta-cli/action"
}

// mayLogIn says whether an action of others has a name that sounds like one that brings
// credentials for npm.
func (u uses) mayLogIn() bool {
	if u.local() || u.docker() || u.kin() || u.setsUp() {
		return false // the steps of a local action are read for themselves
	}
	for _, sound := range []string{"npm", "node", "yarn", "registry", "auth", "login", "secret", "vault", "credential", "mint"} {
		if strings.Contains(u.name, sound) {
			return true
		}
	}
	return false
}

// is says whether the step uses that action, at whatever version.
func (s *step) is(action string) bool {
	u, ok := parseUses(s.Uses.Value)
	return ok && u.action() == action
}

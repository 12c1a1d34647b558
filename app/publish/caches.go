package publish

import "strings"

// restored is a cache that a step restores and other runs write.
type restored struct {
	step  *step
	at    text   // what says so
	by    string // a sentence, where the action does so by itself
	sure  bool
	on    string // where it is not sure: what it depends on
	edits []Edit // the step without it, nil where a person must see to it
}

// cacheInput is how an action of the kind that sets a tool up is told to restore a cache.
type cacheInput struct {
	name  string
	since int  // the major version since which it does so by default; 0: only where it is told to
	guide bool // the registries' or the tool's own guide to publishing has it so: said where outsiders write the cache
	off   string
}

// cacheInputs are those of actions that many use. Where off is "", the input is taken away.
func cacheInputs(action string) (cacheInput, bool) {
	switch action {
	case "actions/setup-node":
		return cacheInput{name: "cache"}, true // and package-manager-cache
	case "actions/setup-python", "actions/setup-java", "pnpm/action-setup", "pnpm/setup", "denoland/setup-deno":
		return cacheInput{name: "cache"}, true
	case "actions/setup-go": // https://github.com/actions/setup-go/blob/main/action.yml
		return cacheInput{name: "cache", since: 4, off: "false"}, true
	case "actions-rust-lang/setup-rust-toolchain", "moonrepo/setup-rust":
		return cacheInput{name: "cache", since: 1, off: "false"}, true
	case "astral-sh/setup-uv": // https://github.com/astral-sh/setup-uv/blob/main/docs/caching.md
		return cacheInput{name: "enable-cache", since: 5, guide: true, off: "false"}, true
	case "ruby/setup-ruby":
		// Without bundler-cache it does not install the gems either: a person sees to it.
		return cacheInput{name: "bundler-cache", guide: true}, true
	case "oven-sh/setup-bun":
		return cacheInput{name: "no-cache", since: 1, guide: true, off: "true"}, true
	}
	return cacheInput{}, false
}

// restoresCache is the cache that the step restores, if any. all takes those in that the
// registries' own guides show.
func (r *repository) restoresCache(s *step, all bool) (restored, bool) {
	u, ok := parseUses(s.Uses.Value)
	if !ok {
		return restored{}, false
	}
	switch u.action() {
	case "actions/cache", "actions/cache/restore":
		once := ofThisRun(s.With.get("key").Value) && !s.With.get("restore-keys").stated()
		return restored{at: s.Uses, sure: true}, s.With.get("lookup-only").Value != "true" && !once
	case "swatinem/rust-cache":
		return restored{at: s.Uses, sure: true}, s.With.get("lookup-only").Value != "true"
	case "gradle/actions/setup-gradle":
		return restored{at: s.Uses, sure: true}, s.With.get("cache-disabled").Value != "true"
	case "mozilla-actions/sccache-action":
		return restored{at: s.Uses, sure: true}, true
	}
	input, ok := cacheInputs(u.action())
	if !ok {
		return restored{}, false
	}
	at := s.With.get(input.name)
	switch {
	case u.action() == "astral-sh/setup-uv" && s.With.get("restore-cache").Value == "false":
		return restored{}, false
	case dynamic(at.Value):
		return restored{at: at, on: quoted(strings.Join(references(at.Value), ", "))}, true
	case u.action() == "actions/setup-node" && at.Value == "":
		return r.ownCache(s)
	case at.stated() && (at.Value == "" || at.Value == input.off || at.Value == "false" && input.name != "no-cache"):
		return restored{}, false
	case input.guide && !all && at.stated() == (input.since == 0):
		return restored{}, false
	case at.stated() && input.name != "no-cache" && at.Value != "auto":
		edits := s.dropWith(input.name)
		if input.off != "" {
			edits = s.setWith(input.name, input.off)
		}
		switch u.action() {
		case "actions/setup-node":
			if _, goesOn := r.ownCache(s); goesOn {
				edits = s.renameWith("cache", "package-manager-cache", "false")
			}
		case "ruby/setup-ruby":
			edits = nil
		}
		return restored{at: at, sure: true, edits: edits}, true
	case input.since == 0:
		return restored{}, false
	}
	major, _ := s.version()
	return restored{
		at: s.Uses, sure: major > 0, on: "the version of " + quoted(u.path), edits: s.setWith(input.name, input.off),
		by: u.action() + " does so by itself, unless it is told `" + input.name + ": " + input.off + "`.",
	}, major == 0 || major >= input.since
}

// mayRestore says whether an action of others may restore a cache for all that is known of
// it: so did the one of TanStack's.
func (s *step) mayRestore() bool {
	u, ok := parseUses(s.Uses.Value)
	if !ok || u.local() || u.docker() || u.kin() {
		return false // what a local action does is read
	}
	switch u.action() {
	case "swatinem/rust-cache", "gradle/actions/setup-gradle", "dtolnay/rust-toolchain", "step-security/harden-runner":
		return false
	}
	_, known := cacheInputs(u.action())
	return !known
}

// ownCache is the one that setup-node restores where no input names one: since version 5
// that of the package manager that the manifest in the root names, since version 6 that of
// npm alone.
// https://github.com/actions/setup-node/releases/tag/v5.0.0, https://github.com/actions/setup-node/releases/tag/v6.0.0
func (r *repository) ownCache(s *step) (restored, bool) {
	off := s.With.get("package-manager-cache")
	root := r.manifestAt("")
	if root == nil || off.Value == "false" {
		return restored{}, false
	}
	manager, _, _ := strings.Cut(strings.TrimPrefix(root.Manager.Value, "^"), "@")
	if root.DevManager.stated() {
		manager = root.DevManager.Value
	}
	if manager != "npm" && manager != "pnpm" && manager != "yarn" {
		return restored{}, false
	}
	major, _ := s.version()
	c := restored{
		at: s.Uses, sure: major > 0, on: "the version of actions/setup-node", edits: s.setWith("package-manager-cache", "false"),
		by: "actions/setup-node does so by itself where package.json names " + manager + ", unless it is told `package-manager-cache: false`.",
	}
	if dynamic(off.Value) {
		c = restored{at: off, on: quoted(strings.Join(references(off.Value), ", "))}
	}
	return c, major == 0 || major == 5 || major >= 6 && manager == "npm"
}

// ofThisRun says whether a key is one that no other run has.
func ofThisRun(key string) bool {
	return strings.Contains(key, "github.run_id") || strings.Contains(key, "github.sha")
}

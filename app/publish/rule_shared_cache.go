package publish

import (
	"slices"
	"strconv"
	"strings"
)

// sharedCache: what a job restores from a cache, another run has written. Whoever gets
// code to run on the default branch, as with pull_request_target, writes what the
// release is built from: so TanStack and ultralytics were taken.
func sharedCache(w *way) []Finding {
	r := w.repository
	if !r.memo.looked {
		r.memo.poisoned, r.memo.looked = r.outsidersWrite(), true
	}
	poisoned := r.memo.poisoned
	var list []Finding
	for _, s := range w.before {
		at, key, restores := s.restoresCache(poisoned != nil)
		if !restores {
			continue
		}
		f := found(Warning, at.place, "%s restores a shared cache before it publishes.", capital(quotedJob(w.job)))
		f.Why = "Runs of the default branch share their caches: what another workflow put there, this job publishes."
		f.Help = "Install without a cache in the job that publishes."
		f.Source = docsCaching
		if poisoned != nil {
			f.Severity = Error
			f.Why = "Outsiders can start " + quoted(poisoned.File) + " (line " + strconv.Itoa(poisoned.Line) + "), whose runs write to the same cache: what they put there, this job publishes. That is how TanStack's packages were taken."
			f.Source = docsTanStack
		}
		if dynamic(at.Value) && key != "" {
			f.Severity = Notice
			f.Message = "Whether " + quotedJob(w.job) + " restores a shared cache before it publishes depends on " + quoted(strings.Join(references(at.Value), ", ")) + "."
		} else if key != "" {
			f.Edits = s.withoutCache(key)
		}
		list = append(list, f)
	}
	return list
}

// outsidersWrite is a trigger by which outsiders get a run that may write to the default
// branch's cache to run what they wrote; nil where there is none.
func (r *repository) outsidersWrite() *trigger {
	for _, w := range r.workflows {
		for _, t := range w.Triggers {
			if t.Event != "pull_request_target" && t.Event != "issue_comment" {
				continue
			}
			for _, j := range w.Jobs {
				if slices.ContainsFunc(j.Steps, (*step).runsForeign) {
					return t
				}
			}
		}
	}
	return nil
}

// runsForeign says whether the step brings the code of a pull request, or runs a text of
// an outsider's as part of its script.
func (s *step) runsForeign() bool {
	for _, v := range s.With.Settings {
		if s.is("actions/checkout") && (strings.Contains(v.Value, "pull_request.head") || strings.Contains(v.Value, "refs/pull/") || strings.Contains(v.Value, "github.head_ref")) {
			return true
		}
	}
	if strings.Contains(s.Run.Value, "gh pr checkout") || strings.Contains(s.Run.Value, "refs/pull/") {
		return true
	}
	return slices.ContainsFunc(references(s.Run.Value), func(ref string) bool {
		for _, theirs := range []string{"github.head_ref", "github.event.pull_request.head.", "github.event.pull_request.title", "github.event.pull_request.body", "github.event.comment.body", "github.event.issue.title", "github.event.issue.body"} {
			if strings.HasPrefix(strings.ToLower(ref), theirs) {
				return true
			}
		}
		return false
	})
}

// restoresCache says whether the step restores a cache that other runs write, and by
// which input ("" where the whole step is there for it). all takes those in that the
// registries' own guides show.
func (s *step) restoresCache(all bool) (at text, key string, restores bool) {
	u, ok := parseUses(s.Uses.Value)
	if !ok {
		return text{}, "", false
	}
	switch u.action() {
	case "actions/cache", "actions/cache/restore":
		if s.With.get("lookup-only").Value == "true" || ofThisRun(s.With.get("key").Value) && !s.With.get("restore-keys").stated() {
			return text{}, "", false
		}
		return s.Uses, "", true
	case "swatinem/rust-cache", "gradle/actions/setup-gradle", "mozilla-actions/sccache-action":
		return s.Uses, "", true
	case "actions/setup-node", "actions/setup-python", "actions/setup-java", "pnpm/action-setup":
		key = "cache"
	case "actions/setup-go":
		if at = s.With.get("cache"); at.Value == "true" {
			return at, "cache", true
		}
		return text{}, "", false
	case "ruby/setup-ruby":
		// RubyGems' guide has it: said where something can be wrong with it.
		if !all {
			return text{}, "", false
		}
		key = "bundler-cache"
	case "astral-sh/setup-uv":
		key = "enable-cache"
	default:
		return text{}, "", false
	}
	at = s.With.get(key)
	return at, key, at.stated() && at.Value != "" && at.Value != "false"
}

// ofThisRun says whether a key is one that no other run has.
func ofThisRun(key string) bool {
	return strings.Contains(key, "github.run_id") || strings.Contains(key, "github.sha")
}

// withoutCache takes the cache out of a step that does other things, too.
func (s *step) withoutCache(key string) []Edit {
	if key == "bundler-cache" || key == "enable-cache" {
		return s.setWith(key, "false")
	}
	return s.dropWith(key)
}

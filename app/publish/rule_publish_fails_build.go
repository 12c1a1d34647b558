package publish

import (
	"regexp"
	"strings"
)

var tests = regexp.MustCompile(`(?m)\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:test|lint|check|ci:test|typecheck)\b|\b(?:pytest|tox|vitest|jest|cargo\s+(?:test|clippy)|rspec|rake\s+(?:test|spec))\b`)

// publishFailsBuild: where publishing rides on the job that tests, a registry that is
// down or a version that is there already makes the build red.
func publishFailsBuild(w *way) []Finding {
	if !w.known() || w.inner == nil || w.inner.ContinueOnError.Value == "true" {
		return nil
	}
	entry := w.entry()
	builds := entry.trigger("pull_request") != nil
	if t := entry.trigger("push"); t != nil && (len(t.Branches) > 0 || len(t.Tags) == 0 && len(t.TagsIgnore) == 0) {
		builds = true
	}
	if !builds {
		return nil // a release, a tag, a person: there is nothing else to do
	}
	for _, s := range w.before {
		if !once(&w.repository.memo.tests, s, func() bool { return tests.MatchString(s.Run.Value) }) {
			continue
		}
		f := found(Notice, w.at(), "Publishing rides on %s, which also tests.", quotedJob(w.job))
		f.Why = "Where publishing fails, so does the build; and what the tests run has been in the same job as the right to publish."
		f.Help = "Give it a job of its own: `needs: " + quoted(w.job.ID) + "`, with `if: github.event_name == 'push' && github.ref == 'refs/heads/" + w.defaultBranch() + "'`, and hand what it needs to know over as `outputs` of the first job."
		called := "calling"
		if w.Registry == "rubygems" {
			called = "called"
		}
		if w.Registry != "pypi" {
			f.Help += " A called workflow (`uses: ./.github/workflows/publish.yml`) does the same; it needs `id-token: write` in the calling job, and the trusted publisher names the " + called + " workflow."
		}
		if w.Registry != "crates.io" {
			f.Help += " So that it cannot fail the build at all, chain it behind: `on: workflow_run` with `if: " + w.followsPush() + "`, and check out `github.event.workflow_run.head_sha`."
		}
		f.Source = docsCalled
		return []Finding{f}
	}
	return nil
}

func (w *way) defaultBranch() string {
	if b := w.repository.facts.DefaultBranch; b != "" {
		return strings.ReplaceAll(quoted(b), "'", "''") // as expressions write it
	}
	return "main"
}

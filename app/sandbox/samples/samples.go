package samples

import (
	"fmt"
	"maps"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// Tree is the files of a repository at a commit: path to content.
type Tree map[string]string

// Sample is a pull request. Its branches grow out of each other: Main, then Next,
// then Head.
type Sample struct {
	Name  string // "provenance-lost"
	Title string // of the pull request
	Story string // what happens in it, one sentence or two
	Note  string // what to know about it beside the story, "" for nothing

	Branch string   // the head's name
	Main   Tree     // the whole tree at the tip of main
	Next   Tree     // the whole tree at the tip of the branch next, which grows out of main; nil: there is no such branch
	Head   Tree     // the whole tree at the head, which grows out of next where there is one, else out of main
	Into   []string // the branches that the head is opened into, in order; there is one pull request for each

	// Want is what must come of it. It serves tests and documentation: no verdict is
	// made from it.
	Want Want
}

// Want is a verdict on the head commit, over all its pull requests.
type Want struct {
	Conclusion policy.Conclusion
	Rules      []policy.RuleName // that have findings, sorted, each once
}

// Branches of the sample repository, beside each sample's own.
const (
	Main = "main"
	Next = "next"
)

const (
	lockfilePath = "package-lock.json"
	manifestPath = "package.json"
	policyPath   = ".github/bonafide.yml"
)

// Samples returns the sample pull requests. All begin at the same tip of main, so
// that they can live in one repository.
func Samples() ([]Sample, error) {
	b := builder{catalogue: newCatalogue()}
	main := b.shop()
	lost := main.update("tidy-log@2.8.1")
	all := []Sample{{
		Name:   "clean-update",
		Title:  "Update @lumen/http, @lumen/headers, tidy-log and hue-lite",
		Story:  "Four packages are updated; three prove where they were built, as before, and the fourth is signed by the registry, as before.",
		Branch: "renovate/minor",
		Head:   b.tree(main.update("@lumen/http@4.3.0", "@lumen/headers@2.1.0", "tidy-log@2.9.0", "hue-lite@1.1.4")),
		Want:   Want{Conclusion: policy.Success},
	}, {
		Name:   "provenance-lost",
		Title:  "Update tidy-log to 2.8.1",
		Story:  "tidy-log came from its release workflow until now; this patch release was uploaded by a person with a token.",
		Branch: "renovate/tidy-log-2.x",
		Head:   b.tree(lost),
		Want:   Want{policy.Failure, []policy.RuleName{policy.RuleProvenanceLost, policy.RulePublisherLost}},
	}, {
		Name:   "repinned",
		Title:  "Refresh the lockfile",
		Story:  "money-parts keeps its version, but the lockfile now pins other bytes than those that the registry serves.",
		Branch: "chore/refresh-lockfile",
		Head:   b.tree(main.repin("money-parts@1.9.0")),
		Want:   Want{policy.Failure, []policy.RuleName{policy.RuleDigestMismatch, policy.RuleRepinned}},
	}, {
		Name:   "git-dependency",
		Title:  "Update harbor-router to 5.0.3",
		Story:  "harbor-router proves where it was built, but it now takes path-weave from a git repository instead of the registry.",
		Branch: "renovate/harbor-router-5.x",
		Head: b.tree(main.update("harbor-router@5.0.3").git("path-weave", "1.2.2",
			"git+ssh://git@github.com/path-weave/path-weave.git#"+pathWeaveCommit)),
		Want: Want{policy.Failure, []policy.RuleName{policy.RuleExoticSource}},
	}, {
		Name:   "forged-attestation",
		Title:  "Update quiet-retry to 3.2.0",
		Story:  "quiet-retry shows a provenance that is genuine in every respect, but it is that of @lumen/headers.",
		Branch: "renovate/quiet-retry-3.x",
		Head:   b.tree(main.update("quiet-retry@3.2.0")),
		Want:   Want{policy.Failure, []policy.RuleName{policy.RuleProvenanceInvalid}},
	}, {
		Name:   "registry-down",
		Title:  "Update glob-sieve to 2.0.6",
		Story:  "The registry answers every question about glob-sieve with 503, so that nothing about it can be verified.",
		Branch: "renovate/glob-sieve-2.x",
		Head:   b.tree(main.update("glob-sieve@2.0.6")),
		Want:   Want{policy.ActionRequired, []policy.RuleName{policy.RuleUnverified}},
	}, {
		Name:   "new-package",
		Title:  "Celebrate the thousandth order",
		Story:  "A new package comes in; it is signed by the registry and has no provenance, which most packages have not.",
		Branch: "feature/confetti",
		Head:   b.tree(main.add("^1.3.0", "paper-rain@1.3.0")),
		Want:   Want{policy.Success, []policy.RuleName{policy.RuleProvenanceAbsent}},
	}, {
		Name:   "known-malware",
		Title:  "Tint the banners",
		Story:  "The new package has been in the registry for weeks, signed like all others; GitHub's advisories know it as malware.",
		Branch: "feature/tinted-banners",
		Head:   b.tree(main.add("^1.0.4", "hue-lites@1.0.4")),
		Want:   Want{policy.Failure, []policy.RuleName{policy.RuleKnownMalware, policy.RuleProvenanceAbsent}},
	}, {
		Name:   "policy-edited",
		Title:  "Update tidy-log, tune the policy",
		Story:  "The pull request of provenance-lost again, but it also switches the two rules off that stop it.",
		Branch: "chore/tune-policy",
		Head:   b.tree(lost).with(policyPath, lenientPolicy),
		Want:   Want{policy.Failure, []policy.RuleName{policy.RulePolicy, policy.RuleProvenanceLost, policy.RulePublisherLost}},
	}, {
		Name:   "shared-head",
		Title:  "Update hue-lite to 1.1.4",
		Story:  "One commit is opened into next, which has the tidy-log of provenance-lost already, and into main, which has not.",
		Branch: "renovate/hue-lite-1.x",
		Next:   b.tree(lost),
		Head:   b.tree(lost.update("hue-lite@1.1.4")),
		Into:   []string{Next, Main},
		Want:   Want{policy.Failure, []policy.RuleName{policy.RuleProvenanceLost, policy.RulePublisherLost}},
	}}
	for i := range all {
		all[i].Main = b.tree(main)
		if all[i].Into == nil {
			all[i].Into = []string{Main}
		}
	}
	return all, b.err
}

// with is the tree with one file written.
func (t Tree) with(path, content string) Tree {
	out := maps.Clone(t)
	out[path] = content
	return out
}

// builder makes projects out of the catalogue. Its first error ends all work.
type builder struct {
	catalogue catalogue
	err       error
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("the sample pull requests: "+format, args...)
	}
}

// shop is the project at the tip of main.
func (b *builder) shop() project {
	files := Tree{"README.md": readme, "index.js": source, policyPath: strictPolicy}
	p := project{builder: b, name: "acme-shop", version: "3.8.0", files: files, dependencies: map[dep.Scope]map[string]string{
		dep.Prod: {
			"@lumen/http":   "^4.2.0",
			"harbor-router": "^5.0.2",
			"money-parts":   "^1.9.0",
			"tidy-log":      "^2.8.0",
		},
		dep.Dev:      {"pinecone-test": "^7.3.0"},
		dep.Optional: {"swift-watch": "^1.0.8"},
	}, locked: map[string]locked{}}
	p.lock(dep.Prod, "@lumen/headers@2.0.3", "@lumen/http@4.2.0", "harbor-router@5.0.2", "hue-lite@1.1.3",
		"money-parts@1.9.0", "path-weave@1.2.1", "quiet-retry@3.1.4", "tidy-log@2.8.0")
	p.lock(dep.Dev, "glob-sieve@2.0.5", "pinecone-test@7.3.0")
	p.lock(dep.Optional, "swift-watch@1.0.8")
	p.lock(dep.Peer, "abort-shim@1.0.2")
	return p
}

package storm

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/samples"
)

// Kind names what a commit brings in. The content decides the verdict.
type Kind string

// The kinds of a shop (the samples' repository) and of a bystander (the incidents').
// Those that are Fresh bring in a release that nothing else brings in, so that the
// registry has to be asked about it.
const (
	CleanUpdate      Kind = "clean-update"
	ProvenanceLost   Kind = "provenance-lost"
	Repinned         Kind = "repinned"
	ForgedProvenance Kind = "forged-attestation"
	NewPackage       Kind = "new-package"
	KnownMalware     Kind = "known-malware"
	OutOfNext        Kind = "shared-head" // grows out of next: into next it passes, into main it does not
	FreshSigned      Kind = "fresh-signed"
	FreshUnsigned    Kind = "fresh-unsigned"

	InstallScript Kind = "eslint-config-prettier"
	NoProvenance  Kind = "nx"
	TooNew        Kind = "chalk-debug"
)

// Project is what a repository holds at its start.
type Project string

// The projects.
const (
	Shop      Project = "shop"
	Bystander Project = "bystander"
)

// kindsOf lists the kinds that grow out of a project's main.
func kindsOf(p Project) []Kind {
	if p == Bystander {
		return []Kind{InstallScript, NoProvenance, TooNew}
	}
	return []Kind{CleanUpdate, ProvenanceLost, Repinned, ForgedProvenance, NewPackage, KnownMalware, FreshSigned, FreshUnsigned}
}

// Want is a verdict.
type Want = samples.Want

// relaxedPolicy is pushed to main of a repository that is relaxed: two rules are off.
const (
	policyPath    = ".github/bonafide.yml"
	relaxedPolicy = "version: 1\nrules:\n  provenance-lost: off\n  publisher-lost: off\n"
	lockfilePath  = "package-lock.json"
)

// contents are the trees of all kinds, and what must come of them.
type contents struct {
	samples map[Kind]samples.Sample
	npm     *npm.Registry
}

func newContents(registry *npm.Registry) (contents, error) {
	c := contents{samples: map[Kind]samples.Sample{}, npm: registry}
	shop, err := samples.Samples()
	if err != nil {
		return c, err
	}
	for _, s := range shop {
		c.samples[Kind(s.Name)] = s
	}
	incidents, err := samples.Incidents()
	if err != nil {
		return c, err
	}
	for _, i := range incidents {
		c.samples[Kind(i.Name)] = i.Sample
	}
	return c, nil
}

// main and next are the trees that a project's branches begin with.
func (c contents) main(p Project) samples.Tree {
	if p == Bystander {
		return c.samples[InstallScript].Main
	}
	return c.samples[OutOfNext].Main
}

func (c contents) next(p Project) samples.Tree {
	if p == Bystander {
		return c.main(p)
	}
	return c.samples[OutOfNext].Next
}

// tree is the tree of a commit of a kind. A fresh one has its own number.
func (c contents) tree(k Kind, number int) (samples.Tree, error) {
	switch k {
	case FreshSigned, FreshUnsigned:
		return c.fresh(k, number)
	}
	s, ok := c.samples[k]
	if !ok {
		return nil, fmt.Errorf("there is no sample %s", k)
	}
	return s.Head, nil
}

// hueLite is the entry of a package that fresh releases replace.
var hueLite = regexp.MustCompile(`("node_modules/hue-lite": \{\s+"version": ")1\.1\.3(",\s+"resolved": "[^"]*/hue-lite-)1\.1\.3(\.tgz",\s+"integrity": ")[^"]+`)

// fresh publishes a release that nobody had, and locks it.
func (c contents) fresh(k Kind, number int) (samples.Tree, error) {
	r := npm.Release{Name: "hue-lite", Version: fmt.Sprintf("1.2.%d", number), Description: "Colours for terminals", License: "MIT",
		Repository: "git+https://github.com/huesmith/hue-lite.git", Publisher: npm.Publisher{Name: "huesmith"}, PublishedAt: c.npm.Now().Add(-20 * 24 * time.Hour)}
	r.Forgery.Unsigned = k == FreshUnsigned
	integrity, err := c.npm.Publish(r)
	if err != nil {
		return nil, err
	}
	tree := maps.Clone(c.main(Shop))
	was := tree[lockfilePath]
	tree[lockfilePath] = hueLite.ReplaceAllString(was, "${1}"+r.Version+"${2}"+r.Version+"${3}"+integrity)
	if tree[lockfilePath] == was {
		return nil, fmt.Errorf("the samples' lockfile has no hue-lite 1.1.3")
	}
	return tree, nil
}

// want is what must come of a kind into a branch.
func (c contents) want(k Kind, base string, relaxed bool) Want {
	var w Want
	switch k {
	case FreshSigned:
		w = Want{Conclusion: policy.Success}
	case FreshUnsigned:
		w = Want{Conclusion: policy.Failure, Rules: []policy.RuleName{policy.RuleSignatureMissing}}
	case OutOfNext:
		if w = c.samples[k].Want; base == samples.Next {
			w = Want{Conclusion: policy.Success}
		}
	default:
		w = c.samples[k].Want
	}
	if relaxed && base == samples.Main && slices.Contains(w.Rules, policy.RuleProvenanceLost) {
		w = Want{Conclusion: policy.Success}
	}
	return w
}

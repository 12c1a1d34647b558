package storm

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/bonafide-app/bonafide/app/sandbox/samples"
)

// Plan is what people do: a pure function of its seed.
type Plan struct {
	Seed         uint64
	Repositories []RepositoryPlan
	Steps        []Step
}

// RepositoryPlan is a repository at the start. Each owner has an installation.
type RepositoryPlan struct {
	Owner, Name string
	Project     Project
}

// Verb is what somebody does.
type Verb string

// The verbs. Twin opens a second pull request of the same branch, into the other base;
// Relax pushes another policy to main.
const (
	Open     Verb = "open"
	Twin     Verb = "twin"
	Push     Verb = "push"
	Close    Verb = "close"
	Reopen   Verb = "reopen"
	Retarget Verb = "retarget"
	Ready    Verb = "ready"
	Rename   Verb = "rename"
	Relax    Verb = "relax"
)

// Step is one thing that somebody does.
type Step struct {
	Do         Verb
	Repository int    // index into Plan.Repositories
	Pull       int    // number of the pull request in the plan, from 1; 0 for Relax
	Twin       int    // of Twin: the number of the second one
	Kind       Kind   // of Open and Push
	Base       string // of Open, Twin and Retarget
	Fork       bool   // of Open
	Draft      bool   // of Open

	at float64 // when, from 0 to 1
}

// Owners of the storm, each an installation; writes are paced per installation.
const (
	owners       = 12
	perOwner     = 2
	relaxedShare = 4 // one of so many shops
)

// NewPlan draws a plan with so many pull requests. relax has policies changed too.
func NewPlan(seed uint64, pulls int, relax bool) Plan {
	draw := rand.New(rand.NewPCG(seed, 1))
	p := Plan{Seed: seed}
	for o := range owners {
		for r := range perOwner {
			project := Shop
			if r == 1 && o%2 == 1 {
				project = Bystander
			}
			p.Repositories = append(p.Repositories, RepositoryPlan{fmt.Sprintf("storm-%02d", o), fmt.Sprintf("%s-%d", project, r), project})
		}
	}
	for number := 1; number <= pulls; number++ {
		steps := p.life(draw, number, pulls)
		if steps[len(steps)-1].Do == Twin || slices.ContainsFunc(steps, func(s Step) bool { return s.Twin > 0 }) {
			number++
		}
		p.Steps = append(p.Steps, steps...)
	}
	for i, r := range p.Repositories {
		if relax && r.Project == Shop && i%relaxedShare == 0 {
			p.Steps = append(p.Steps, Step{Do: Relax, Repository: i, at: 0.3 + draw.Float64()/2})
		}
	}
	slices.SortStableFunc(p.Steps, func(a, b Step) int { return cmp.Compare(a.at, b.at) })
	return p
}

// life is what happens to one pull request, or to two with one head.
func (p Plan) life(draw *rand.Rand, number, last int) []Step {
	repo := draw.IntN(len(p.Repositories))
	project := p.Repositories[repo].Project
	chance := func(percent int) bool { return draw.IntN(100) < percent }
	kinds := kindsOf(project)
	kind := func() Kind { return kinds[draw.IntN(len(kinds))] }
	at := draw.Float64() * 0.8
	var steps []Step
	do := func(s Step) {
		s.Repository, s.Pull, s.at = repo, number, at
		steps = append(steps, s)
		at = min(at+draw.Float64()*0.15, 1)
	}
	fork := chance(8)
	if !fork && project == Shop && number < last && chance(8) {
		do(Step{Do: Open, Kind: OutOfNext, Base: samples.Next})
		do(Step{Do: Twin, Twin: number + 1, Base: samples.Main})
		switch fate := draw.IntN(10); {
		case fate < 3:
			do(Step{Do: Close})
		case fate < 5:
			do(Step{Do: Push, Kind: OutOfNext})
		}
		return steps
	}
	open := Step{Do: Open, Kind: kind(), Base: samples.Main, Fork: fork, Draft: chance(10)}
	do(open)
	if chance(50) {
		for range 1 + draw.IntN(3) {
			do(Step{Do: Push, Kind: kind()})
		}
	}
	if open.Draft && chance(70) {
		do(Step{Do: Ready})
	}
	if chance(8) {
		do(Step{Do: Retarget, Base: samples.Next})
		if chance(50) {
			do(Step{Do: Retarget, Base: samples.Main})
		}
	}
	if chance(8) {
		do(Step{Do: Rename})
	}
	if chance(12) {
		do(Step{Do: Close})
		if chance(60) {
			if chance(40) {
				do(Step{Do: Push, Kind: kind()})
			}
			do(Step{Do: Reopen})
		}
	}
	return steps
}

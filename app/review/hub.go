package review

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

// Hub answers what GitHub knows beside the repository that is reviewed: workflow runs
// and commits of public repositories, and advisories. Package checks implements it. It
// is asked with bounded patience, so that no verdict waits for it: what it cannot answer
// in time is said. Only public names may be given to it. It is safe for concurrent use,
// ends when ctx does, and never fails: what it could not find out is in the answer.
type Hub interface {
	// Run looks up the workflow run that a verified identity names, and where its commit
	// stands. A repository that is not public is Hidden, also where the installation
	// could see it.
	Run(ctx context.Context, id provenance.Identity) policy.Run
	// Commit looks up where a commit of a public repository ("https://github.com/o/r")
	// stands.
	Commit(ctx context.Context, repository, sha string) policy.Commit
	// Malware looks for advisories of type malware that name the releases.
	Malware(ctx context.Context, releases []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry)
	// Fixes looks for reviewed advisories that a replaced version is affected by and
	// whose first fixed version is exactly the release that replaces it. What could not
	// be found out is left out: it only ever exempts.
	Fixes(ctx context.Context, updates []Update) map[dep.Package][]policy.Advisory
}

// Update is a release and a version that it replaces.
type Update struct {
	Release dep.Package
	From    string // version
}

// inquiry is what is asked of a hub in the background: it begins as soon as there is
// evidence, and lasts at most a budget.
type inquiry struct {
	hub  Hub
	done chan struct{} // closed when everything was answered
	ctx  context.Context
	stop context.CancelFunc

	warnings func() warnings // waits for what is known as malware

	mu      sync.Mutex
	runs    map[string]policy.Run // by runKey
	commits map[string]policy.Commit
	dropped map[string]bool // what was not even begun, for their number
}

// runKey is what the answer about a run depends on. The packages of one run share it.
func runKey(id provenance.Identity) string {
	return strings.Join([]string{id.Repository, id.RepositoryID, id.Run, id.Commit, id.Ref}, "\n")
}

// onGitHub says whether the identity names a run of GitHub's. Of a package that another
// registry has, nobody is told anything.
func onGitHub(s policy.Subject) bool {
	p := s.Evidence.Provenance
	return s.Registry == "" && p.State == provenance.Verified && p.Identity != nil && p.Identity.Run != "" && strings.HasPrefix(p.Identity.Repository, "https://github.com/")
}

// gitCommit is the repository and commit that a git source on GitHub is locked to, be it
// fetched by git or as the archive that GitHub makes of a commit.
func gitCommit(e dep.Entry) (repository, sha string, ok bool) {
	if e.Source != dep.Git && !lockfile.IsGitArchive(e.Resolved) {
		return "", "", false
	}
	repository, sha = lockfile.GitRepository(e.Resolved)
	return "https://" + repository, sha, strings.HasPrefix(repository, "github.com/") && sha != ""
}

// inquire begins to ask about the runs and commits of what enters, each once, the
// youngest releases first: those are the dangerous ones. An audit brings nothing in, and
// asks nothing.
func (r *Reviewer) inquire(ctx context.Context, kind report.Kind, hub Hub, subjects []policy.Subject) *inquiry {
	q := &inquiry{hub: hub, done: make(chan struct{}), runs: map[string]policy.Run{}, commits: map[string]policy.Commit{}, dropped: map[string]bool{}}
	q.ctx, q.stop = context.WithTimeout(ctx, r.hubBudget)
	type question struct {
		at  time.Time
		key string
		ask func()
	}
	var questions []question
	seen := map[string]bool{}
	for _, s := range subjects {
		if hub == nil || kind == report.Audit || s.Change.Kind == dep.Removed {
			continue
		}
		if onGitHub(s) {
			id, log := *s.Evidence.Provenance.Identity, s.Evidence.Provenance.Log
			key := runKey(id)
			if seen["run "+key] {
				continue
			}
			seen["run "+key] = true
			asked := question{key: "run " + key, ask: func() {
				run := contained(q.ctx, "asking GitHub", func() policy.Run { return hub.Run(q.ctx, id) }, policy.Run{Inquiry: failedInquiry()})
				q.mu.Lock()
				defer q.mu.Unlock()
				q.runs[key] = run
			}}
			if log != nil {
				asked.at = log.Time
			}
			questions = append(questions, asked)
		}
		if repository, sha, ok := gitCommit(s.Change.Entry); ok && !seen["commit "+repository+"#"+sha] {
			key := repository + "#" + sha
			seen["commit "+key] = true
			questions = append(questions, question{at: r.clock(), key: "commit " + key, ask: func() {
				commit := contained(q.ctx, "asking GitHub", func() policy.Commit { return hub.Commit(q.ctx, repository, sha) }, policy.Commit{Inquiry: failedInquiry()})
				q.mu.Lock()
				defer q.mu.Unlock()
				q.commits[key] = commit
			}})
		}
	}
	slices.SortFunc(questions, func(a, b question) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.key, b.key)) })
	for _, late := range questions[min(len(questions), MaxInquiries):] {
		q.dropped[late.key] = true
	}
	questions = questions[:min(len(questions), MaxInquiries)]
	go func() {
		defer close(q.done)
		var g errgroup.Group
		g.SetLimit(inquiriesAtATime)
		for _, one := range questions {
			if q.ctx.Err() != nil {
				break
			}
			g.Go(func() error { one.ask(); return nil })
		}
		_ = g.Wait() // the functions never fail
	}()
	return q
}

func failedInquiry() policy.Inquiry {
	return policy.Inquiry{Looked: policy.LeftOut, Reason: "Bonafide failed while it asked GitHub (an internal fault)"}
}

// leftOut says why a question has no answer.
func (q *inquiry) leftOut(key string) policy.Inquiry {
	if q.dropped[key] {
		return policy.Inquiry{Looked: policy.LeftOut, Reason: fmt.Sprintf("more than %d workflow runs and commits would have to be asked about; those of the youngest releases were", MaxInquiries)}
	}
	return policy.Inquiry{Looked: policy.LeftOut, Reason: "GitHub did not answer within the time that there was for it"}
}

// warnings are the advisories of malware, and whether they could be asked for.
type warnings struct {
	named   map[dep.Package][]policy.Advisory
	inquiry policy.Inquiry
}

// warn begins to ask whether any of what enters is known as malware. The subjects may be
// added to meanwhile.
func (r *Reviewer) warn(ctx context.Context, q *inquiry, subjects []policy.Subject) {
	if q.hub == nil {
		return
	}
	releases := r.publicReleases(ctx, subjects)
	q.warnings = soon(ctx, "asking for malware", func() (w warnings) {
		w.named, w.inquiry = r.malware(ctx, q.hub, releases())
		return w
	}, warnings{inquiry: failedInquiry()})
}

// consult asks for the advisories that were fixed, waits for what was asked in the background, and adds the
// answers to the subjects. What is not answered in time is said to be left out.
func (r *Reviewer) consult(ctx context.Context, q *inquiry, kind report.Kind, p policy.Policy, in *policy.Input) {
	defer q.stop()
	if q.hub == nil {
		r.unasked(kind, in)
		return
	}
	fixed := make(chan map[dep.Package][]policy.Advisory, 1)
	updates := r.youngUpdates(in.Subjects, p)
	go func() { fixed <- r.fixes(ctx, q.hub, updates) }()
	said := q.warnings()
	malware := said.named
	in.Malware = said.inquiry
	fixes := <-fixed
	select {
	case <-q.done:
	case <-q.ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range in.Subjects {
		s := &in.Subjects[i]
		if s.Change.Kind == dep.Removed {
			continue
		}
		name := s.Change.Entry.Package
		s.Malware, s.Fixes = malware[name], fixes[name]
		if kind == report.Audit {
			continue
		}
		if onGitHub(*s) {
			key, answered := runKey(*s.Evidence.Provenance.Identity), false
			if s.Run, answered = q.runs[key]; !answered {
				s.Run.Inquiry = q.leftOut("run " + key)
			}
		}
		if repository, sha, ok := gitCommit(s.Change.Entry); ok {
			key, answered := repository+"#"+sha, false
			if s.Commit, answered = q.commits[key]; !answered {
				s.Commit.Inquiry = q.leftOut("commit " + key)
			}
		}
	}
}

// unasked says what would have been asked, if there were a hub.
func (r *Reviewer) unasked(kind report.Kind, in *policy.Input) {
	none := policy.Inquiry{Looked: policy.NotConfigured, Reason: "no GitHub token was given"}
	if r.offline {
		none.Reason = "nobody is asked offline"
	}
	for i := range in.Subjects {
		s := &in.Subjects[i]
		if s.Change.Kind != dep.Removed && (s.Evidence.Release != nil || s.Evidence.Gone) && r.public(*s) {
			in.Malware = none
		}
		if kind == report.Audit || s.Change.Kind == dep.Removed {
			continue
		}
		if onGitHub(*s) {
			s.Run.Inquiry = none
		}
		if _, _, ok := gitCommit(s.Change.Entry); ok {
			s.Commit.Inquiry = none
		}
	}
}

// fixes asks for the advisories that releases are the fixes of, with the patience that
// malware has: it is not the background's fault that the histories took long.
func (r *Reviewer) fixes(ctx context.Context, hub Hub, updates []Update) map[dep.Package][]policy.Advisory {
	if len(updates) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.malwareBudget)
	defer cancel()
	answered := make(chan map[dep.Package][]policy.Advisory, 1)
	go func() {
		answered <- contained(ctx, "asking GitHub", func() map[dep.Package][]policy.Advisory { return hub.Fixes(ctx, updates) }, nil)
	}()
	select {
	case fixes := <-answered:
		return fixes
	case <-ctx.Done():
		return nil // it only ever exempts
	}
}

// malware asks for advisories of type malware with a patience of its own: it matters
// more than all the rest. The hub is given a little less, so that what it found by then
// is not lost.
func (r *Reviewer) malware(ctx context.Context, hub Hub, releases []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
	if len(releases) == 0 {
		return nil, policy.Inquiry{}
	}
	ctx, cancel := context.WithTimeout(ctx, r.malwareBudget)
	defer cancel()
	asking, stop := context.WithTimeout(ctx, r.malwareBudget*9/10)
	defer stop()
	type answer struct {
		named   map[dep.Package][]policy.Advisory
		inquiry policy.Inquiry
	}
	answered := make(chan answer, 1)
	go func() {
		answered <- contained(asking, "asking GitHub", func() answer {
			named, inquiry := hub.Malware(asking, releases)
			return answer{named, inquiry}
		}, answer{nil, failedInquiry()})
	}()
	late := policy.Inquiry{Looked: policy.Unreachable, Reason: "GitHub did not answer within the time that there was for it"}
	select {
	case a := <-answered:
		if a.inquiry.Looked == policy.LeftOut && asking.Err() != nil {
			a.inquiry = late // unlike the rest, this is asked for again
		}
		return a.named, a.inquiry
	case <-ctx.Done():
		return nil, late
	}
}

// publicReleases finds the packages whose names everybody may know: a public registry
// answered for them, or says that it has withdrawn the release, as it does with malware.
// A scoped package that it knows no release of may be somebody's private one. What it returns
// asks for what the subjects do not tell.
func (r *Reviewer) publicReleases(ctx context.Context, subjects []policy.Subject) func() []dep.Package {
	var out, withdrawn []dep.Package
	seen, names := map[dep.Package]bool{}, map[string]string{}
	for _, s := range subjects {
		e := s.Change.Entry
		asked := s.Change.Kind != dep.Removed && s.NotLookedUp == "" && e.Source == dep.Registry && r.public(s)
		switch {
		case !asked || seen[e.Package]:
		case s.Evidence.Release != nil, s.Evidence.Gone && scope(e.Package) == "":
			out = append(out, e.Package)
		case s.Evidence.Gone && r.historian != nil:
			withdrawn, names[e.Package.Name] = append(withdrawn, e.Package), e.Package.Name
		}
		seen[e.Package] = seen[e.Package] || asked
	}
	return func() []dep.Package {
		found := each(r.concurrency, names, func(name string) past { return r.history(ctx, bygone{name: name}) }, nil)
		for _, p := range withdrawn {
			if len(found[p.Name].history.Releases) > 0 {
				out = append(out, p)
			}
		}
		return out
	}
}

// public says whether a subject's package was asked about at the public registry, as
// everybody's. What comes from a mirror is, where that registry is asked in its place.
func (r *Reviewer) public(s policy.Subject) bool {
	e := s.Change.Entry
	if s.Registry != "" || s.Private != "" {
		return false
	}
	if e.Resolved != "" && !s.Mirror {
		base, ok := lockfile.RegistryBase(e.Resolved, e.Package)
		return ok && lockfile.IsPublicBase(base)
	}
	return r.main == "" || lockfile.IsPublicBase(r.main)
}

// youngUpdates are the updates that a cooldown holds back: a fix is exempted from it.
func (r *Reviewer) youngUpdates(subjects []policy.Subject, p policy.Policy) (out []Update) {
	seen := map[Update]bool{}
	for _, s := range subjects {
		name := s.Change.Entry.Package
		if s.Evidence.Release == nil || !r.public(s) || !policy.Fresh(s, p, r.clock()) {
			continue
		}
		for _, old := range s.Change.Replaces {
			u := Update{Release: name, From: old.Package.Version}
			if old.Package.Name != name.Name || seen[u] {
				continue
			}
			seen[u] = true
			out = append(out, u)
		}
	}
	return out
}

// outOfReach says whether asking the hub again could tell more that the policy wants to
// know.
func outOfReach(in policy.Input, p policy.Policy) bool {
	could := func(i policy.Inquiry, rule policy.RuleName) bool {
		return i.Looked == policy.Unreachable && p.Severity(rule) != policy.Off
	}
	return could(in.Malware, policy.RuleKnownMalware) || slices.ContainsFunc(in.Subjects, func(s policy.Subject) bool {
		return could(s.Run.Inquiry, policy.RuleRunSuspicious) || could(s.Commit.Inquiry, policy.RuleExoticSource)
	})
}

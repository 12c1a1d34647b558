package storm

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

// flaw is something that should not be, on a pull request.
type flaw struct {
	sort   sort
	pull   *pull
	commit string
	words  string
}

// sort is what is wrong.
type sort string

const (
	lost    sort = "lost"    // no verdict, or something that has not ended
	wrong   sort = "wrong"   // another verdict
	doubled sort = "doubled" // a verdict, an annotation, a review or a comment twice
)

func (f flaw) String() string {
	return fmt.Sprintf("%s: %s#%d (%d of the plan) at %.7s: %s", f.sort, f.pull.repository.FullName(), f.pull.Number, f.pull.number, f.commit, f.words)
}

// judge looks at every pull request of the stage.
func (s *stage) judge() []flaw {
	s.mu.Lock()
	defer s.mu.Unlock()
	var flaws []flaw
	for _, number := range slices.Sorted(maps.Keys(s.pulls)) {
		p := s.pulls[number]
		head := p.HeadSHA()
		for _, sha := range p.heads {
			if sha != head {
				flaws = append(flaws, s.left(p, sha)...)
			}
		}
		if p.Open() {
			flaws = append(flaws, s.stands(p, head)...)
		} else {
			flaws = append(flaws, s.left(p, head)...)
		}
		flaws = append(flaws, s.said(p)...)
	}
	return flaws
}

// runs are our check runs of a commit, those with a verdict, and what is wrong about all of them.
func (s *stage) runs(p *pull, sha string) (verdicts []forge.CheckRun, flaws []flaw) {
	for _, run := range p.repository.CheckRuns(sha) {
		switch {
		case run.App != s.world.GitHub.Slug():
			continue
		case run.Status != "completed":
			flaws = append(flaws, flaw{lost, p, sha, fmt.Sprintf("check run %d is %s", run.ID, run.Status)})
		case run.Conclusion != "cancelled":
			verdicts = append(verdicts, run)
		}
		seen := map[string]bool{}
		for _, a := range run.Annotations {
			key := fmt.Sprintf("%s:%d %s %s", a.Path, a.StartLine, a.Title, a.Message)
			if seen[key] {
				flaws = append(flaws, flaw{doubled, p, sha, fmt.Sprintf("check run %d has an annotation twice: %s", run.ID, key)})
			}
			seen[key] = true
		}
	}
	if len(verdicts) > 1 {
		flaws = append(flaws, flaw{doubled, p, sha, fmt.Sprintf("%d check runs have a verdict", len(verdicts))})
	}
	return verdicts, flaws
}

// left judges a commit that a pull request has left: everything has ended.
func (s *stage) left(p *pull, sha string) []flaw {
	_, flaws := s.runs(p, sha)
	return flaws
}

// stands judges the newest commit of an open pull request: exactly one verdict, the right one.
func (s *stage) stands(p *pull, sha string) []flaw {
	verdicts, flaws := s.runs(p, sha)
	if len(flaws) > 0 {
		return flaws
	}
	if len(verdicts) == 0 {
		return []flaw{{lost, p, sha, "there is no check run with a verdict"}}
	}
	run, want := verdicts[0], s.want(p.repository, sha)
	if run.Conclusion != string(want.Conclusion) {
		return []flaw{{wrong, p, sha, fmt.Sprintf("%s instead of %s: %s\n%s", run.Conclusion, want.Conclusion, run.Title, run.Summary)}}
	}
	text := run.Title + run.Summary + run.Text
	for _, a := range run.Annotations {
		text += a.Title + a.Message
	}
	for _, rule := range want.Rules {
		if !strings.Contains(text, string(rule)) {
			flaws = append(flaws, flaw{wrong, p, sha, fmt.Sprintf("it does not speak of %s: %s", rule, run.Title)})
		}
	}
	return flaws
}

// want is the worst verdict over all open pull requests with a head.
func (s *stage) want(r *repository, sha string) Want {
	rank := []policy.Conclusion{policy.Success, policy.Neutral, policy.ActionRequired, policy.Failure}
	worst := Want{Conclusion: policy.Success}
	for _, p := range s.pulls {
		if p.repository != r || !p.Open() || p.HeadSHA() != sha {
			continue
		}
		w := s.contents.want(r.kinds[sha], p.base, r.relaxed)
		worst.Rules = append(worst.Rules, w.Rules...)
		if slices.Index(rank, w.Conclusion) > slices.Index(rank, worst.Conclusion) {
			worst.Conclusion = w.Conclusion
		}
	}
	return worst
}

// mark names what a comment of ours is about.
var mark = regexp.MustCompile(`<!-- bonafide:comment [0-9a-f]+ -->`)

// said judges what was said on a pull request: nothing twice.
func (s *stage) said(p *pull) (flaws []flaw) {
	bot := s.world.GitHub.Slug() + "[bot]"
	seen := map[string]bool{}
	once := func(what string) {
		if seen[what] {
			flaws = append(flaws, flaw{doubled, p, p.HeadSHA(), "twice: " + what})
		}
		seen[what] = true
	}
	for _, r := range p.Reviews() {
		if r.Author == bot && r.Body != "" {
			once("a review of " + r.Commit)
		}
	}
	for _, c := range p.ReviewComments() {
		if c.Author != bot {
			continue
		}
		marks := mark.FindAllString(c.Body, -1)
		if len(marks) == 0 {
			marks = []string{c.Body}
		}
		for _, m := range marks {
			once(fmt.Sprintf("a comment on %s: %s", c.Path, m))
		}
	}
	for _, c := range p.Comments() {
		if c.Author == bot {
			once("a comment: " + c.Body)
		}
	}
	return flaws
}

// tell is everything that is known about a pull request, to find out why.
func (s *stage) tell(p *pull) string {
	var b strings.Builder
	full := p.repository.FullName()
	fmt.Fprintf(&b, "%s#%d into %s, open %v, heads:\n", full, p.Number, p.base, p.Open())
	for _, sha := range p.heads {
		fmt.Fprintf(&b, "  %s %s\n", sha, p.repository.kinds[sha])
		for _, run := range p.repository.CheckRuns(sha) {
			fmt.Fprintf(&b, "    run %d %s %s, created %s, written %s: %s\n", run.ID, run.Status, run.Conclusion,
				run.CreatedAt.Format("15:04:05"), run.LastWrittenAt.Format("15:04:05"), run.Title)
		}
	}
	for _, r := range p.Reviews() {
		fmt.Fprintf(&b, "  review %d by %s of %.7s, %d comments: %.80q\n", r.ID, r.Author, r.Commit, len(r.Comments), r.Body)
	}
	about := regexp.MustCompile(fmt.Sprintf(`"number":\s*%d\b`, p.Number))
	for _, d := range slices.Backward(s.world.GitHub.Deliveries()) {
		if d.Repository == p.repository.ID && (d.Event != "pull_request" || about.Match(d.Payload)) &&
			(d.Event == "pull_request" || slices.ContainsFunc(p.heads, func(sha string) bool { return strings.Contains(string(d.Payload), sha) })) {
			fmt.Fprintf(&b, "  delivery %s %s %s.%s redelivery %v: %s\n", d.At.Format("15:04:05"), d.GUID, d.Event, d.Action, d.Redelivery, d.Status)
		}
	}
	for _, r := range s.world.GitHub.Requests() {
		about := slices.ContainsFunc(p.heads, func(sha string) bool {
			return strings.Contains(r.Path, sha) || strings.Contains(string(r.Body), sha)
		}) || strings.Contains(r.Path, fmt.Sprintf("/pulls/%d/", p.Number)) || strings.HasSuffix(r.Path, fmt.Sprintf("/pulls/%d", p.Number))
		for _, sha := range p.heads {
			for _, run := range p.repository.CheckRuns(sha) {
				about = about || strings.HasSuffix(r.Path, fmt.Sprintf("/check-runs/%d", run.ID))
			}
		}
		if about && r.Method != "GET" && strings.Contains(r.Path, full+"/") {
			fmt.Fprintf(&b, "  request %s %s %s %d fault %v: %.200s\n", r.At.Format("15:04:05"), r.Method, r.Path, r.Status, r.Fault, r.Body)
		}
	}
	return b.String()
}

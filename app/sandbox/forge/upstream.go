package forge

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Upstream is a repository that others work in: there is no git behind it, and no App
// on it. What GitHub says of it is what was declared. Repositories that nobody declared
// are answered 404.
type Upstream struct {
	ID            int64
	Owner, Name   string
	Private       bool
	DefaultBranch string // "main"
	// Branches and Tags are their tips. What else is in the history of the default branch
	// is in History; commits that stand nowhere are forks', as GitHub shows them too.
	Branches, Tags map[string]string
	History        []string
	// Merged are the commits of pull requests that were merged by squashing.
	Merged []string
	// Loose are commits on no branch and no tag: a fork's, or forced away.
	Loose []string
	Runs  []WorkflowRun
}

// WorkflowRun is one attempt of a run of a workflow.
type WorkflowRun struct {
	ID         uint64
	Attempt    int    // 1
	Event      string // "push"
	Commit     string
	Workflow   string // ".github/workflows/release.yml"
	Conclusion string // "" while it goes on; "success"
	Jobs       []Job  // one that ends as the run does
}

// Job is one job of a run.
type Job struct{ Name, Conclusion string }

// Advisory is an entry of the database of advisories.
type Advisory struct {
	ID        string // "GHSA-…"
	Type      string // "malware", "reviewed"
	Summary   string
	Withdrawn bool
	Updated   time.Time // when it was last changed; zero: when the server was made
	Affects   []Affected
}

// Affected is a range of versions of an npm package.
type Affected struct {
	Name  string
	Range string // "= 1.2.3"
	Fixed string // the first version that is not affected, "" for none
}

// AddUpstream declares a repository, or replaces what was declared of it.
func (s *Server) AddUpstream(u Upstream) error {
	if !ownerName.MatchString(u.Owner) || !repoName.MatchString(u.Name) || u.ID <= 0 {
		return fmt.Errorf("%q is no name of a repository, or %d no id", u.Owner+"/"+u.Name, u.ID)
	}
	u.DefaultBranch = cmp.Or(u.DefaultBranch, "main")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.repository(u.Owner, u.Name) != nil {
		return fmt.Errorf("there is a repository %s/%s already", u.Owner, u.Name)
	}
	s.user(u.Owner, "Organization")
	s.upstreams[strings.ToLower(u.Owner+"/"+u.Name)] = &u
	return nil
}

// HasUpstream says whether a repository was declared, or is hosted.
func (s *Server) HasUpstream(owner, name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.upstreams[strings.ToLower(owner+"/"+name)] != nil || s.repository(owner, name) != nil
}

// AddRun adds an attempt to a declared repository, or replaces it.
func (s *Server) AddRun(owner, name string, run WorkflowRun) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.upstreams[strings.ToLower(owner+"/"+name)]
	if u == nil {
		return fmt.Errorf("repository %s/%s: %w", owner, name, ErrNotFound)
	}
	run.Attempt = cmp.Or(run.Attempt, 1)
	same := func(r WorkflowRun) bool { return r.ID == run.ID && r.Attempt == run.Attempt }
	u.Runs = append(slices.DeleteFunc(slices.Clone(u.Runs), same), run)
	return nil
}

// AddAdvisory publishes an advisory.
func (s *Server) AddAdvisory(a Advisory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advisories = append(s.advisories, a)
}

// upstream lets an endpoint answer for declared repositories; for all others, if.
func upstream(declared func(*call, *Upstream) (reply, error), hosted endpoint) endpoint {
	return func(c *call) (reply, error) {
		switch {
		case c.upstream != nil:
			return declared(c, c.upstream)
		case hosted != nil:
			return hosted(c)
		}
		return reply{}, errMissing
	}
}

// shape is the repository in the form that all the others have.
func (c *call) shape(u *Upstream) *Repository {
	return &Repository{ID: u.ID, Owner: u.Owner, Name: u.Name, server: c.Server, owner: c.users[strings.ToLower(u.Owner)],
		private: u.Private, defaultBranch: u.DefaultBranch, created: c.epoch, pushed: c.epoch}
}

func getUpstream(c *call, u *Upstream) (reply, error) {
	o := c.repositoryJSON(c.shape(u))
	o["network_count"], o["subscribers_count"], o["custom_properties"] = 0, 0, object{}
	return ok(o)
}

// holds says whether the repository's address shows a commit, be it a fork's.
func (u *Upstream) holds(sha string) bool {
	return u.on(sha) || slices.Contains(u.Merged, sha) || slices.Contains(u.Loose, sha)
}

func (u *Upstream) on(sha string) bool {
	has := func(refs map[string]string) bool { return slices.Contains(slices.Collect(maps.Values(refs)), sha) }
	return slices.Contains(u.History, sha) || has(u.Branches) || has(u.Tags)
}

// tip resolves a branch or tag.
func (u *Upstream) tip(name string) (string, bool) {
	if sha, found := u.Branches[name]; found {
		return sha, true
	}
	sha, found := u.Tags[name]
	return sha, found
}

// compareUpstream compares a branch or tag with a commit. Nothing is known of its
// changes: files are left out.
func compareUpstream(c *call, u *Upstream) (reply, error) {
	base, head, _ := strings.Cut(c.r.PathValue("basehead"), "...")
	tip, found := u.tip(base)
	if !found || !u.holds(head) {
		return reply{}, errMissing
	}
	status, ahead, behind := "diverged", 1, 1
	switch {
	case tip == head:
		status, ahead, behind = "identical", 0, 0
	case base == u.DefaultBranch && slices.Contains(u.History, head):
		status, ahead = "behind", 0
	}
	shape := func(sha string) object { return c.commitJSON(c.shape(u), c.madeUp(sha)) }
	self, html := c.api("/repos/%s/%s/compare/%s...%s", u.Owner, u.Name, escaped(base), head), c.html("/%s/%s/compare/%s...%s", u.Owner, u.Name, base, head)
	return ok(object{
		"url": self, "html_url": html, "permalink_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch", "base_commit": shape(tip),
		"merge_base_commit": shape(tip), "status": status, "ahead_by": ahead, "behind_by": behind, "total_commits": ahead, "commits": []object{}, "files": []object{},
	})
}

// madeUp is a commit of which only the name is known.
func (s *Server) madeUp(sha string) commit {
	by := signature{name: identityName, email: identityEmail, at: s.epoch}
	return commit{sha: sha, tree: emptyTree, author: by, committer: by, message: "A commit"}
}

// matchingRefs lists branches or tags that begin with a text.
func matchingRefs(c *call, u *Upstream) (reply, error) {
	list := []object{}
	for kind, refs := range map[string]map[string]string{"heads": u.Branches, "tags": u.Tags} {
		for _, name := range slices.Sorted(maps.Keys(refs)) {
			if ref := kind + "/" + name; strings.HasPrefix(ref, c.r.PathValue("ref")) {
				list = append(list, object{"ref": "refs/" + ref, "node_id": "REF_" + ref, "url": c.api("/repos/%s/%s/git/refs/%s", u.Owner, u.Name, escaped(ref)),
					"object": object{"type": "commit", "sha": refs[name], "url": c.api("/repos/%s/%s/git/commits/%s", u.Owner, u.Name, refs[name])}})
			}
		}
	}
	return ok(list)
}

func branchesWhereHead(c *call, u *Upstream) (reply, error) {
	sha := c.r.PathValue("ref")
	if !u.holds(sha) {
		return reply{}, &fail{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + sha}
	}
	list := []object{}
	for _, name := range slices.Sorted(maps.Keys(u.Branches)) {
		if u.Branches[name] == sha {
			list = append(list, object{"name": name, "protected": false, "commit": object{"sha": sha, "url": c.api("/repos/%s/%s/commits/%s", u.Owner, u.Name, sha)}})
		}
	}
	return ok(list)
}

// pullsOfUpstream lists one merged pull request for each commit that was squashed.
func pullsOfUpstream(c *call, u *Upstream) (reply, error) {
	sha := c.r.PathValue("ref")
	if !u.holds(sha) {
		return reply{}, &fail{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + sha}
	}
	list := []object{}
	if slices.Contains(u.Merged, sha) {
		r, author := c.shape(u), c.shape(u).owner
		list = append(list, c.pullSimpleJSON(&Pull{Number: 1, id: 1, repository: r, head: r, headOwner: author, headBranch: "work", headSHA: sha,
			baseBranch: u.DefaultBranch, baseSHA: u.Branches[u.DefaultBranch], author: author, title: "Work", created: c.epoch, updated: c.epoch, closed: c.epoch, merged: c.epoch}))
	}
	return ok(list)
}

// attemptAsked finds the attempt in the address.
func (c *call) attemptAsked(u *Upstream) (WorkflowRun, error) {
	for _, r := range u.Runs {
		if strconv.FormatUint(r.ID, 10) == c.r.PathValue("id") && int64(cmp.Or(r.Attempt, 1)) == c.number("attempt") {
			r.Attempt = cmp.Or(r.Attempt, 1)
			return r, nil
		}
	}
	return WorkflowRun{}, errMissing
}

// progress is status and conclusion of a run or job.
func progress(conclusion string) (status string, ended any) {
	if conclusion == "" {
		return "in_progress", nil
	}
	return "completed", conclusion
}

func getAttempt(c *call, u *Upstream) (reply, error) {
	r, err := c.attemptAsked(u)
	if err != nil {
		return reply{}, err
	}
	api := c.api("/repos/%s/%s", u.Owner, u.Name)
	self := fmt.Sprintf("%s/actions/runs/%d", api, r.ID)
	status, conclusion := progress(r.Conclusion)
	short := headCommitJSON(c.madeUp(r.Commit))
	repository := c.repositoryJSON(c.shape(u))
	return ok(object{
		"id": r.ID, "name": "Release", "node_id": fmt.Sprintf("WFR_%d", r.ID), "head_branch": u.DefaultBranch, "head_sha": r.Commit, "path": r.Workflow,
		"run_number": 1, "run_attempt": r.Attempt, "event": r.Event, "status": status, "conclusion": conclusion, "workflow_id": 1, "url": self,
		"html_url": c.html("/%s/%s/actions/runs/%d", u.Owner, u.Name, r.ID), "pull_requests": []object{}, "created_at": stampJSON(c.epoch), "updated_at": stampJSON(c.epoch),
		"jobs_url": self + "/jobs", "logs_url": self + "/logs", "check_suite_url": api + "/check-suites/1", "artifacts_url": self + "/artifacts", "cancel_url": self + "/cancel",
		"rerun_url": self + "/rerun", "workflow_url": api + "/actions/workflows/1", "head_commit": short, "repository": repository, "head_repository": repository, "display_title": "Release",
	})
}

func listJobs(c *call, u *Upstream) (reply, error) {
	r, err := c.attemptAsked(u)
	if err != nil {
		return reply{}, err
	}
	if r.Jobs == nil {
		r.Jobs = []Job{{"publish", r.Conclusion}}
	}
	api := c.api("/repos/%s/%s", u.Owner, u.Name)
	shown, header := page(c, r.Jobs)
	list := []object{}
	for i, j := range shown {
		status, conclusion := progress(j.Conclusion)
		var ended any
		if conclusion != nil {
			ended = stampJSON(c.epoch.Add(time.Minute))
		}
		list = append(list, object{
			"id": i + 1, "run_id": r.ID, "run_url": fmt.Sprintf("%s/actions/runs/%d", api, r.ID), "run_attempt": r.Attempt, "node_id": fmt.Sprintf("CR_%d", i+1), "head_sha": r.Commit,
			"url": fmt.Sprintf("%s/actions/jobs/%d", api, i+1), "html_url": c.html("/%s/%s/actions/runs/%d/job/%d", u.Owner, u.Name, r.ID, i+1), "status": status, "conclusion": conclusion,
			"created_at": stampJSON(c.epoch), "started_at": stampJSON(c.epoch), "completed_at": ended, "name": j.Name, "check_run_url": fmt.Sprintf("%s/check-runs/%d", api, i+1),
			"labels": []string{"ubuntu-latest"}, "runner_id": 1, "runner_name": "GitHub Actions 1", "runner_group_id": 1, "runner_group_name": "GitHub Actions",
			"workflow_name": "Release", "head_branch": u.DefaultBranch,
		})
	}
	return reply{status: http.StatusOK, header: header, body: object{"total_count": len(r.Jobs), "jobs": list}}, nil
}

// listAdvisories filters by type and by packages, and sorts by the last change. Versions are not held against ranges
// here: whoever asks has to.
func listAdvisories(c *call) (reply, error) {
	q := c.r.URL.Query()
	names := map[string]bool{}
	for _, p := range strings.Split(q.Get("affects"), ",") {
		if at := strings.LastIndexByte(p, '@'); at > 0 {
			p = p[:at]
		}
		names[p] = true
	}
	size, _ := strconv.Atoi(q.Get("per_page")) // 0, like none
	size = min(cmp.Or(size, defaultPerPage), maxPerPage)
	var all []Advisory
	for _, a := range c.advisories {
		if a.Type == cmp.Or(q.Get("type"), "reviewed") && (!q.Has("affects") || slices.ContainsFunc(a.Affects, func(v Affected) bool { return names[v.Name] })) {
			all = append(all, a)
		}
	}
	if q.Get("sort") == "updated" {
		slices.SortStableFunc(all, func(a, b Advisory) int {
			if q.Get("direction") != "asc" {
				a, b = b, a
			}
			return c.updated(a).Compare(c.updated(b))
		})
	}
	from := slices.IndexFunc(all, func(a Advisory) bool { return a.ID == q.Get("after") }) + 1
	shown := all[from:min(from+size, len(all))]
	var header http.Header
	if from+size < len(all) {
		header = http.Header{"Link": {c.link("next", "after", shown[len(shown)-1].ID)}}
	}
	return reply{status: http.StatusOK, header: header, body: shapes(shown, c.advisoryJSON)}, nil
}

func (s *Server) updated(a Advisory) time.Time {
	if a.Updated.IsZero() {
		return s.epoch
	}
	return a.Updated
}

func (s *Server) advisoryJSON(a Advisory) object {
	found := []object{}
	for _, v := range a.Affects {
		found = append(found, object{"package": object{"ecosystem": "npm", "name": v.Name}, "vulnerable_version_range": orNil(v.Range),
			"first_patched_version": orNil(v.Fixed), "vulnerable_functions": []string{}})
	}
	var withdrawn any
	if a.Withdrawn {
		withdrawn = stampJSON(s.epoch)
	}
	return object{
		"ghsa_id": a.ID, "cve_id": nil, "url": s.api("/advisories/%s", a.ID), "html_url": s.html("/advisories/%s", a.ID), "repository_advisory_url": nil,
		"summary": a.Summary, "description": a.Summary, "type": a.Type, "severity": "critical", "source_code_location": nil, "identifiers": []object{},
		"references": []string{}, "published_at": stampJSON(s.epoch), "updated_at": stampJSON(s.updated(a)), "github_reviewed_at": stampJSON(s.epoch),
		"nvd_published_at": nil, "withdrawn_at": withdrawn, "vulnerabilities": found, "cvss": nil, "cwes": []object{}, "credits": []object{},
	}
}

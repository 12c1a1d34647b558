package forge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// CheckRun is a check run as it stands, a copy.
type CheckRun struct {
	ID                       int64
	App                      string // the App's slug
	Name, HeadSHA            string
	DetailsURL, ExternalID   string
	Status, Conclusion       string // Conclusion is "" until completed
	Started, Completed       time.Time
	Title, Summary, Text     string
	Annotations              []Annotation
	Actions                  []Action
	Suite                    int64
	CreatedAt, LastWrittenAt time.Time
	Writes                   int // how often it was created or updated: times are of whole seconds
}

// Annotation is one note on lines of a file.
type Annotation struct {
	Path        string `json:"path"`
	StartLine   int    `json:"start_line"`
	EndLine     int    `json:"end_line"`
	StartColumn *int   `json:"start_column"`
	EndColumn   *int   `json:"end_column"`
	Level       string `json:"annotation_level"` // notice, warning, failure
	Message     string `json:"message"`
	Title       string `json:"title"`
	RawDetails  string `json:"raw_details"`
}

// Action is a button on a check run's page.
type Action struct {
	Label       string `json:"label"`
	Description string `json:"description"`
	Identifier  string `json:"identifier"`
}

// checkRun is a check run with what is behind it.
type checkRun struct {
	CheckRun
	suite *checkSuite
}

// checkSuite holds the runs of one App for one commit.
type checkSuite struct {
	id         int64
	repository *Repository
	app        *app
	sha        string
	branch     string // "" where it is not known, as for forks
	created    time.Time
	runs       []*checkRun // by age
}

// suite finds the suite of an App and commit, or opens it.
func (s *Server) suite(r *Repository, a *app, sha string) *checkSuite {
	for _, suite := range s.suites {
		if suite.repository == r && suite.app == a && suite.sha == sha {
			return suite
		}
	}
	suite := &checkSuite{id: s.nextID(), repository: r, app: a, sha: sha, created: s.now()}
	for _, p := range r.pulls {
		if p.headSHA == sha && p.head == r {
			suite.branch = p.headBranch
		}
	}
	s.suites = append(s.suites, suite)
	return suite
}

// state sums the runs of a suite up.
func (c *checkSuite) state() (status, conclusion string) {
	if len(c.runs) == 0 {
		return "queued", ""
	}
	worst := []string{"success", "neutral", "skipped", "cancelled", "timed_out", "action_required", "failure"}
	rank := -1
	for _, run := range latest(c.runs) {
		if run.Status != "completed" {
			return "in_progress", ""
		}
		rank = max(rank, slices.Index(worst, run.Conclusion))
	}
	return "completed", worst[max(rank, 0)]
}

// latest keeps the newest run of each name.
func latest(runs []*checkRun) []*checkRun {
	var kept []*checkRun
	for _, run := range slices.Backward(runs) {
		if !slices.ContainsFunc(kept, func(k *checkRun) bool { return k.Name == run.Name && k.suite == run.suite }) {
			kept = append(kept, run)
		}
	}
	slices.Reverse(kept)
	return kept
}

// CheckRuns lists every check run of a commit, oldest first, of all Apps.
func (r *Repository) CheckRuns(sha string) []CheckRun {
	return r.checkRuns(sha, func(runs []*checkRun) []*checkRun { return runs })
}

// LatestCheckRuns lists the newest check run of each App and name for a commit.
func (r *Repository) LatestCheckRuns(sha string) []CheckRun { return r.checkRuns(sha, latest) }

func (r *Repository) checkRuns(sha string, pick func([]*checkRun) []*checkRun) []CheckRun {
	r.server.mu.RLock()
	defer r.server.mu.RUnlock()
	var copies []CheckRun
	for _, run := range pick(r.runsOf(sha)) {
		copies = append(copies, run.copy())
	}
	return copies
}

func (run *checkRun) copy() CheckRun {
	c := run.CheckRun
	c.Annotations, c.Actions = slices.Clone(c.Annotations), slices.Clone(c.Actions)
	return c
}

func (r *Repository) runsOf(sha string) []*checkRun {
	var runs []*checkRun
	for _, run := range r.server.runs {
		if run.suite.repository == r && run.HeadSHA == sha {
			runs = append(runs, run)
		}
	}
	return runs
}

// AddForeignCheckRun puts a completed check run of another App on a commit.
func (r *Repository) AddForeignCheckRun(ctx context.Context, slug, name, sha, conclusion string) (int64, error) {
	s := r.server
	s.mu.Lock()
	defer s.mu.Unlock()
	sha, err := r.resolve(ctx, sha)
	if err != nil {
		return 0, err
	}
	a := s.others[slug]
	if a == nil {
		a = &app{id: s.nextID(), slug: slug, permissions: map[string]string{"checks": "write"}, events: []string{}, created: s.now(),
			owner: s.user(slug+"-app", "Organization"), bot: s.user(slug+"[bot]", "Bot")}
		s.others[slug] = a
	}
	suite := s.suite(r, a, sha)
	run := &checkRun{suite: suite, CheckRun: CheckRun{ID: s.nextID(), App: slug, Name: name, HeadSHA: sha, Status: "completed", Conclusion: conclusion,
		Started: s.now(), Completed: s.now(), Suite: suite.id, CreatedAt: s.now(), LastWrittenAt: s.now(), Writes: 1}}
	suite.runs = append(suite.runs, run)
	s.runs = append(s.runs, run)
	return run.ID, nil
}

// RerequestRun is a person's click on "Re-run" of a check run.
func (s *Server) RerequestRun(ctx context.Context, id int64) error {
	return s.onRun(ctx, id, func(run *checkRun) {
		s.emitRun(run, "rerequested", s.person(""), nil)
	})
}

// RequestAction is a click on a button of a check run that may not be there any more.
func (s *Server) RequestAction(ctx context.Context, who string, id int64, identifier string) error {
	return s.onRun(ctx, id, func(run *checkRun) {
		s.emitRun(run, "requested_action", s.clicker(who), object{"requested_action": object{"identifier": identifier}})
	})
}

// ClickButton is a click on a button of a check run, by its label. who is "contributor"
// where it is "", and a bot where it ends in "[bot]".
func (s *Server) ClickButton(ctx context.Context, who string, id int64, label string) error {
	clicked := false
	err := s.onRun(ctx, id, func(run *checkRun) {
		for _, a := range run.Actions {
			if a.Label == label && !clicked {
				clicked = true
				s.emitRun(run, "requested_action", s.clicker(who), object{"requested_action": object{"identifier": a.Identifier}})
			}
		}
	})
	if err == nil && !clicked {
		return fmt.Errorf("a button %q on check run %d: %w", label, id, ErrNotFound)
	}
	return err
}

func (s *Server) clicker(who string) *user {
	if strings.HasSuffix(who, "[bot]") {
		return s.user(who, "Bot")
	}
	return s.person(who)
}

func (s *Server) onRun(ctx context.Context, id int64, act func(*checkRun)) error {
	s.mu.Lock()
	run := s.run(id)
	if run != nil {
		act(run)
	}
	s.mu.Unlock()
	if run == nil {
		return fmt.Errorf("check run %d: %w", id, ErrNotFound)
	}
	return s.flush(ctx)
}

// RerequestSuite is a person's click on "Re-run all checks" of our App for a commit.
func (r *Repository) RerequestSuite(ctx context.Context, sha string) error {
	s := r.server
	s.mu.Lock()
	sha, err := r.resolve(ctx, sha)
	if err == nil {
		err = s.emitSuite(ctx, s.suite(r, &s.app, sha), "rerequested", s.person(""))
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.flush(ctx)
}

func (s *Server) run(id int64) *checkRun {
	for _, run := range s.runs {
		if run.ID == id {
			return run
		}
	}
	return nil
}

// runJSON is a check run. Pull requests from forks are never listed, as at GitHub.
func (s *Server) runJSON(run *checkRun) object {
	r := run.suite.repository
	api := s.api("/repos/%s/check-runs/%d", r.FullName(), run.ID)
	html := s.html("/%s/runs/%d", r.FullName(), run.ID)
	details := run.DetailsURL
	if details == "" {
		details = html
	}
	return object{
		"id": run.ID, "node_id": fmt.Sprintf("CR_%d", run.ID), "name": run.Name, "head_sha": run.HeadSHA, "external_id": run.ExternalID,
		"url": api, "html_url": html, "details_url": details, "status": run.Status, "conclusion": orNil(run.Conclusion),
		"started_at": stampJSON(run.Started), "completed_at": stampJSON(run.Completed), "check_suite": object{"id": run.suite.id},
		"output": object{"title": orNil(run.Title), "summary": orNil(run.Summary), "text": orNil(run.Text),
			"annotations_count": len(run.Annotations), "annotations_url": api + "/annotations"},
		"app": s.appJSON(run.suite.app), "pull_requests": s.pullsOfCommit(r, run.HeadSHA),
	}
}

// runSuiteJSON is a suite inside a check run's event.
func (s *Server) runSuiteJSON(suite *checkSuite) object {
	status, conclusion := suite.state()
	return object{
		"id": suite.id, "node_id": fmt.Sprintf("CS_%d", suite.id), "head_branch": orNil(suite.branch), "head_sha": suite.sha, "status": status,
		"conclusion": orNil(conclusion), "url": s.api("/repos/%s/check-suites/%d", suite.repository.FullName(), suite.id), "before": nil, "after": suite.sha,
		"pull_requests": s.pullsOfCommit(suite.repository, suite.sha), "app": s.appJSON(suite.app), "created_at": stampJSON(suite.created), "updated_at": stampJSON(suite.created),
	}
}

func (s *Server) suiteJSON(ctx context.Context, suite *checkSuite) (object, error) {
	commits, err := suite.repository.git.commits(ctx, suite.sha)
	if err != nil {
		return nil, err
	}
	o := s.runSuiteJSON(suite)
	o["latest_check_runs_count"], o["check_runs_url"] = len(latest(suite.runs)), o["url"].(string)+"/check-runs"
	o["head_commit"], o["repository"] = headCommitJSON(commits[0]), s.repositoryJSON(suite.repository)
	o["rerequestable"], o["runs_rerequestable"] = true, true
	return o, nil
}

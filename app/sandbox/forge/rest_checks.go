package forge

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// runRequest is the body of a check run's creation or update.
type runRequest struct {
	Name        *string    `json:"name"`
	HeadSHA     string     `json:"head_sha"`
	DetailsURL  *string    `json:"details_url"`
	ExternalID  *string    `json:"external_id"`
	Status      *string    `json:"status"`
	Conclusion  *string    `json:"conclusion"`
	StartedAt   *time.Time `json:"started_at"`
	CompletedAt *time.Time `json:"completed_at"`
	Output      *struct {
		Title       *string      `json:"title"`
		Summary     *string      `json:"summary"`
		Text        *string      `json:"text"`
		Annotations []Annotation `json:"annotations"`
	} `json:"output"`
	Actions *[]Action `json:"actions"`
}

const runResource = "CheckRun"

// check applies what GitHub answers 422 to, whatever the run's state.
func (q *runRequest) check() error {
	if q.Name != nil && *q.Name == "" {
		return invalid(runResource, "invalid", "name", "name can't be blank")
	}
	if q.Status != nil && !slices.Contains([]string{"queued", "in_progress", "completed", "waiting", "requested", "pending"}, *q.Status) {
		return invalid(runResource, "invalid", "status", "")
	}
	if q.Conclusion != nil && !slices.Contains([]string{"action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"}, *q.Conclusion) {
		return invalid(runResource, "invalid", "conclusion", "")
	}
	if q.Status != nil && *q.Status == "completed" && q.Conclusion == nil {
		return invalid(runResource, "missing_field", "conclusion", "a completed check run needs a conclusion")
	}
	if q.Actions != nil {
		if len(*q.Actions) > maxActions {
			return invalid(runResource, "invalid", "actions", "only three actions are allowed")
		}
		for _, a := range *q.Actions {
			for _, part := range []struct {
				name, text string
				most       int
			}{{"label", a.Label, maxActionLabel}, {"description", a.Description, maxActionDescription}, {"identifier", a.Identifier, maxActionIdentifier}} {
				if n := utf8.RuneCountInString(part.text); n == 0 || n > part.most {
					return invalid(runResource, "invalid", "actions."+part.name, fmt.Sprintf("%s has 1 to %d characters", part.name, part.most))
				}
			}
		}
	}
	if q.Output == nil {
		return nil
	}
	if q.Output.Summary == nil {
		return invalid(runResource, "missing_field", "output.summary", "")
	}
	if len(*q.Output.Summary) > maxOutput || units(*q.Output.Summary) > maxOutput {
		return invalid(runResource, "invalid", "summary", "exceeds a maximum length of 65535 characters")
	}
	if q.Output.Text != nil && units(*q.Output.Text) > maxOutput {
		return invalid(runResource, "invalid", "text", "exceeds a maximum length of 65535 characters")
	}
	if len(q.Output.Annotations) > maxAnnotationsPerRequest {
		return invalid(runResource, "invalid", "annotations", "No more than 50 annotations can be sent in one request")
	}
	for _, a := range q.Output.Annotations {
		if err := a.check(); err != nil {
			return err
		}
	}
	return nil
}

func (a Annotation) check() error {
	wrong := func(field, message string) error {
		return invalid(runResource, "invalid", "annotations."+field, message)
	}
	switch {
	case a.Path == "":
		return wrong("path", "path can't be blank")
	case a.StartLine < 1 || a.EndLine < a.StartLine:
		return wrong("end_line", "lines count from 1, and the end is not before the start")
	case !slices.Contains([]string{"notice", "warning", "failure"}, a.Level):
		return wrong("annotation_level", "")
	case a.Message == "" || len(a.Message) > maxAnnotationText:
		return wrong("message", "has 1 byte to 64 KB")
	case utf8.RuneCountInString(a.Title) > maxAnnotationTitle:
		return wrong("title", "is too long (maximum is 255 characters)")
	case len(a.RawDetails) > maxAnnotationText:
		return wrong("raw_details", "is longer than 64 KB")
	case (a.StartColumn != nil || a.EndColumn != nil) && a.StartLine != a.EndLine:
		return wrong("start_column", "columns are for annotations of one line only")
	}
	return nil
}

// units counts UTF-16 units, which is what GitHub calls characters there.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// apply changes a run. Its output is replaced as a whole, annotations are appended.
func (q *runRequest) apply(run *checkRun, now time.Time) {
	set := func(field *string, value *string) {
		if value != nil {
			*field = *value
		}
	}
	set(&run.Name, q.Name)
	set(&run.DetailsURL, q.DetailsURL)
	set(&run.ExternalID, q.ExternalID)
	if q.StartedAt != nil {
		run.Started = q.StartedAt.UTC()
	}
	if q.Status != nil {
		run.Status = *q.Status
		if run.Status != "completed" {
			run.Conclusion, run.Completed = "", time.Time{}
		}
	}
	if q.Conclusion != nil { // a conclusion completes the run, whatever status says
		run.Status, run.Conclusion, run.Completed = "completed", *q.Conclusion, now
		if q.CompletedAt != nil {
			run.Completed = q.CompletedAt.UTC()
		}
	}
	if q.Output != nil {
		run.Title, run.Summary, run.Text = "", "", ""
		set(&run.Title, q.Output.Title)
		set(&run.Summary, q.Output.Summary)
		set(&run.Text, q.Output.Text)
		run.Text = cutBytes(run.Text, maxOutput) // silently, as at GitHub
		run.Annotations = append(run.Annotations, q.Output.Annotations...)
	}
	if q.Actions != nil {
		run.Actions = *q.Actions
	}
	run.LastWrittenAt = now
	run.Writes++
}

// cutBytes cuts a text to at most n bytes, between characters.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func createRun(c *call) (reply, error) {
	var q runRequest
	if err := c.decode(&q); err != nil {
		return reply{}, err
	}
	if q.Name == nil {
		return reply{}, invalid(runResource, "missing_field", "name", "")
	}
	if !isSHA(q.HeadSHA) {
		return reply{}, invalid(runResource, "invalid", "head_sha", "")
	}
	if q.Output != nil && q.Output.Title == nil {
		return reply{}, invalid(runResource, "missing_field", "output.title", "")
	}
	if err := q.check(); err != nil {
		return reply{}, err
	}
	if _, err := c.repo.git.resolve(c.ctx(), q.HeadSHA); errors.Is(err, errNoObject) {
		return reply{}, &fail{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + q.HeadSHA}
	} else if err != nil {
		return reply{}, err
	}
	suite := c.suite(c.repo, &c.app, q.HeadSHA)
	run := &checkRun{suite: suite, CheckRun: CheckRun{ID: c.nextID(), App: c.app.slug, HeadSHA: q.HeadSHA, Status: "queued", Started: c.now(), Suite: suite.id, CreatedAt: c.now()}}
	q.apply(run, c.now())
	suite.runs = append(suite.runs, run)
	c.runs = append(c.runs, run)
	c.dropOldest(suite, run.Name)
	c.emitRun(run, "created", c.app.bot, nil)
	if err := c.completed(run, ""); err != nil {
		return reply{}, err
	}
	return created(c.runJSON(run))
}

// dropOldest keeps a suite to the runs of one name that GitHub keeps.
func (s *Server) dropOldest(suite *checkSuite, name string) {
	same := 0
	for _, run := range suite.runs {
		if run.Name == name {
			same++
		}
	}
	if same <= maxRunsPerName {
		return
	}
	oldest := suite.runs[slices.IndexFunc(suite.runs, func(run *checkRun) bool { return run.Name == name })]
	gone := func(run *checkRun) bool { return run == oldest }
	suite.runs, s.runs = slices.DeleteFunc(suite.runs, gone), slices.DeleteFunc(s.runs, gone)
}

// completed sends the events of a run that has just been completed.
func (c *call) completed(run *checkRun, before string) error {
	if run.Status != "completed" || before == "completed" {
		return nil
	}
	c.emitRun(run, "completed", c.app.bot, nil)
	if status, _ := run.suite.state(); status != "completed" {
		return nil
	}
	return c.emitSuite(c.ctx(), run.suite, "completed", c.app.bot)
}

// runAsked finds the check run in the address.
func (c *call) runAsked() (*checkRun, error) {
	run := c.run(c.number("id"))
	if run == nil || run.suite.repository != c.repo {
		return nil, errMissing
	}
	return run, nil
}

func getRun(c *call) (reply, error) {
	run, err := c.runAsked()
	if err != nil {
		return reply{}, err
	}
	return ok(c.runJSON(run))
}

// updateRun lets only the App that created a check run write to it.
func updateRun(c *call) (reply, error) {
	run, err := c.runAsked()
	if err != nil {
		return reply{}, err
	}
	if run.suite.app != &c.app {
		return reply{}, &fail{status: http.StatusForbidden, message: "Invalid app_id `" + fmt.Sprint(c.app.id) + "` - check run can only be modified by the GitHub App that created it."}
	}
	var q runRequest
	if err := c.decode(&q); err != nil {
		return reply{}, err
	}
	if err := q.check(); err != nil {
		return reply{}, err
	}
	before := run.Status
	q.apply(run, c.now())
	if err := c.completed(run, before); err != nil {
		return reply{}, err
	}
	return ok(c.runJSON(run))
}

func listAnnotations(c *call) (reply, error) {
	run, err := c.runAsked()
	if err != nil {
		return reply{}, err
	}
	list, header := page(c, run.Annotations)
	return reply{status: http.StatusOK, header: header, body: shapes(list, func(a Annotation) object {
		return object{"path": a.Path, "blob_href": c.html("/%s/blob/%s/%s", c.repo.FullName(), run.HeadSHA, escaped(a.Path)), "start_line": a.StartLine, "end_line": a.EndLine,
			"start_column": a.StartColumn, "end_column": a.EndColumn, "annotation_level": a.Level, "title": a.Title, "message": a.Message, "raw_details": a.RawDetails}
	})}, nil
}

func (c *call) suiteAsked() (*checkSuite, error) {
	id := c.number("id")
	for _, suite := range c.suites {
		if suite.id == id && suite.repository == c.repo {
			return suite, nil
		}
	}
	return nil, errMissing
}

func getSuite(c *call) (reply, error) {
	suite, err := c.suiteAsked()
	if err != nil {
		return reply{}, err
	}
	o, err := c.suiteJSON(c.ctx(), suite)
	if err != nil {
		return reply{}, err
	}
	return ok(o)
}

func listRunsOfSuite(c *call) (reply, error) {
	suite, err := c.suiteAsked()
	if err != nil {
		return reply{}, err
	}
	return c.listRuns(suite.runs)
}

func listRunsOfCommit(c *call) (reply, error) {
	sha, err := c.shaAsked()
	if err != nil {
		return reply{}, err
	}
	return c.listRuns(c.repo.runsOf(sha))
}

func (c *call) shaAsked() (string, error) {
	sha, err := c.repo.resolve(c.ctx(), c.r.PathValue("ref"))
	if errors.Is(err, ErrNotFound) {
		return "", &fail{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + c.r.PathValue("ref")}
	}
	return sha, err
}

// listRuns filters and pages, newest first.
func (c *call) listRuns(runs []*checkRun) (reply, error) {
	q := c.r.URL.Query()
	if q.Get("filter") != "all" {
		runs = latest(runs)
	}
	runs = slices.Clone(runs)
	slices.Reverse(runs)
	runs = slices.DeleteFunc(runs, func(run *checkRun) bool {
		return q.Has("check_name") && run.Name != q.Get("check_name") || q.Has("status") && run.Status != q.Get("status") ||
			q.Has("app_id") && fmt.Sprint(run.suite.app.id) != q.Get("app_id")
	})
	list, header := page(c, runs)
	return reply{status: http.StatusOK, header: header, body: object{"total_count": len(runs), "check_runs": shapes(list, c.runJSON)}}, nil
}

func listSuitesOfCommit(c *call) (reply, error) {
	sha, err := c.shaAsked()
	if err != nil {
		return reply{}, err
	}
	q := c.r.URL.Query()
	var suites []*checkSuite
	for _, suite := range c.suites {
		named := !q.Has("check_name") || slices.ContainsFunc(suite.runs, func(run *checkRun) bool { return run.Name == q.Get("check_name") })
		if suite.repository == c.repo && suite.sha == sha && named && (!q.Has("app_id") || fmt.Sprint(suite.app.id) == q.Get("app_id")) {
			suites = append(suites, suite)
		}
	}
	list, header := page(c, suites)
	all := []object{}
	for _, suite := range list {
		o, err := c.suiteJSON(c.ctx(), suite)
		if err != nil {
			return reply{}, err
		}
		all = append(all, o)
	}
	return reply{status: http.StatusOK, header: header, body: object{"total_count": len(suites), "check_suites": all}}, nil
}

package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
)

// GitHub's words for a check run's state.
const (
	inProgress = "in_progress"
	completed  = "completed"
	cancelled  = "cancelled"
)

// checkRun is the part of a check run that is read.
type checkRun struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	HeadSHA    string `json:"head_sha"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"` // "" for null
	ExternalID string `json:"external_id"`
	App        *struct {
		ID int64 `json:"id"`
	} `json:"app"` // null on some GitHub-like servers
	Output struct {
		AnnotationsCount int `json:"annotations_count"`
	} `json:"output"`
}

// standsOn says whether the run was completed on a ground, given by its digest.
func (r checkRun) standsOn(ground string) bool {
	x := readExternalID(r.ExternalID)
	return r.Status == completed && x.ground == ground && x.output != "" && isVerdict(r.Conclusion)
}

// found are our runs of a commit, newest first, as they were listed.
type found struct {
	forge *Forge
	repo  review.Repository
	sha   string
	runs  []checkRun
}

// None says that the commit has no run of ours.
func (l found) None() bool { return len(l.runs) == 0 }

// Runs lists our runs of a commit.
func (f *Forge) Runs(ctx context.Context, repo review.Repository, sha string) (review.Runs, error) {
	runs, err := f.runs(ctx, repo, sha)
	if err != nil {
		return nil, err
	}
	return found{f, repo, sha, runs}, nil
}

// Outlives says that there are runs, all are completed, and those with a verdict passed for
// this pull request alone: what passed with it passes without it. One that failed may have
// failed because of it, or be about more pull requests than its id has room for.
func (l found) Outlives(pull int) bool {
	return !l.None() && !slices.ContainsFunc(l.runs, func(r checkRun) bool {
		return r.Status != completed || isVerdict(r.Conclusion) && !(passes(r.Conclusion) && slices.Equal(ParseExternalID(r.ExternalID).Pulls, []int{pull}))
	})
}

// Begin sets the check run of a commit to in_progress, see found.Begin.
func (f *Forge) Begin(ctx context.Context, repo review.Repository, sha, ground string) (review.Run, error) {
	runs, err := f.Runs(ctx, repo, sha)
	if err != nil {
		return review.Run{}, err
	}
	return runs.Begin(ctx, ground)
}

// Begin sets the check run of a commit to in_progress. A run that was completed on
// the same ground stays as it is. One that a crash left unfinished is taken up
// again; older ones end cancelled: a commit has one verdict.
func (l found) Begin(ctx context.Context, ground string) (review.Run, error) {
	f, repo, sha, runs := l.forge, l.repo, l.sha, l.runs
	x := newExternalID(ground)
	if len(runs) == 0 {
		if err := f.note(ctx, repo, sha); err != nil {
			return review.Run{}, err
		}
		run, err := f.create(ctx, repo, sha, x)
		return f.begin(repo, sha, run), err
	}
	for _, older := range runs[1:] {
		if err := f.replaced(ctx, repo, older); err != nil {
			return review.Run{}, err
		}
	}
	run := runs[0]
	was := readExternalID(run.ExternalID)
	x.pins = was.pins
	if about := ParseExternalID(run.ExternalID); x.about == aboutCommit && (len(about.Pulls) > 0 || about.BaseSHA != "") {
		x.about = was.about // a run without a verdict is still about what it was about
	}
	if run.standsOn(x.ground) {
		begun := f.begin(repo, sha, run)
		begun.Completed = true
		return begun, nil
	}
	if err := f.note(ctx, repo, sha); err != nil {
		return review.Run{}, err
	}
	if run.Status == inProgress && was == x {
		return f.begin(repo, sha, run), nil
	}
	run, err := f.update(ctx, repo, run.ID, github.UpdateCheckRunOptions{
		Status: github.String(inProgress), ExternalID: github.String(x.String()), DetailsURL: f.pageOf(repo, sha),
	})
	return f.begin(repo, sha, run), err
}

// Standing is the newest run of a commit, where it was completed with a verdict.
func (f *Forge) Standing(ctx context.Context, repo review.Repository, sha string) (review.Run, bool, error) {
	runs, err := f.Runs(ctx, repo, sha)
	if err != nil {
		return review.Run{}, false, err
	}
	run, ok := runs.Standing()
	return run, ok, nil
}

// Standing is the newest run, where it was completed with a verdict.
func (l found) Standing() (review.Run, bool) {
	if l.None() || l.runs[0].Status != completed || !isVerdict(l.runs[0].Conclusion) {
		return review.Run{}, false
	}
	run := l.forge.begin(l.repo, l.sha, l.runs[0])
	run.Completed = true
	return run, true
}

// begin remembers a run's state for Finish.
func (f *Forge) begin(repo review.Repository, sha string, run checkRun) review.Run {
	if run.ID > 0 {
		f.begun.put(run.ID, run, 1)
	}
	return review.Run{Repository: repo, HeadSHA: sha, ID: run.ID, ShowPins: readExternalID(run.ExternalID).pins}
}

// Finish completes the run, and notes that it is completed.
func (f *Forge) Finish(ctx context.Context, run review.Run, check report.Check) error {
	err := f.finish(ctx, run, check)
	if err == nil {
		f.ended(ctx, run.Repository, run.HeadSHA)
	}
	return err
}

// finish completes the run with the check's conclusion, summary and annotations.
// Nothing is written where the same was published before. GitHub only ever adds
// annotations: those of an interrupted attempt are read back and only the others are
// sent; where some would have to go, a new run takes the old one's place.
func (f *Forge) finish(ctx context.Context, run review.Run, check report.Check) error {
	repo := run.Repository
	was, err := f.current(ctx, run)
	if err != nil {
		return err
	}
	page := f.pageOf(repo, run.HeadSHA)
	if page != nil {
		check.Details = *page
	}
	out := report.Output(check)
	conclusion := conclusionOf(out.Conclusion)
	x := readExternalID(was.ExternalID)
	fingerprint := digest(report.Fingerprint(out))
	if was.Status == completed && x.output == fingerprint && was.Conclusion == conclusion {
		return nil
	}
	x.output, x.pins = fingerprint, x.pins || showsPins(check)

	missing, fits, err := f.missing(ctx, repo, was, out.Annotations)
	if err != nil {
		return err
	}
	if was.Status == completed { // a new run, or several requests, set it in progress for a moment
		if err := f.note(ctx, repo, run.HeadSHA); err != nil {
			return err
		}
	}
	target := was
	if !fits {
		if target, err = f.create(ctx, repo, run.HeadSHA, externalID{about: x.about, ground: x.ground, pins: x.pins}); err != nil {
			return err
		}
		// Before the new one is completed: it is what GitHub shows from now on, and a
		// crash from here on has it taken up again.
		if err := f.replaced(ctx, repo, was); err != nil {
			return err
		}
	}
	err = f.publish(ctx, repo, target.ID, page, out, missing, conclusion, x, actionsOf(conclusion, check))
	if status(err) == http.StatusUnprocessableEntity {
		err = f.publishRefused(ctx, repo, target.ID, page, err)
	}
	return err
}

// Stands says whether our newest run of a commit was completed with a verdict on that
// ground.
func (f *Forge) Stands(ctx context.Context, repo review.Repository, sha, ground string) (bool, error) {
	runs, err := f.runs(ctx, repo, sha)
	if err != nil || len(runs) == 0 {
		return false, err
	}
	return runs[0].standsOn(digest(ground)), nil
}

// Cancel completes our unfinished runs of a commit as cancelled. Where the commit is
// gone there is nothing left to finish.
func (f *Forge) Cancel(ctx context.Context, repo review.Repository, sha, reason string) error {
	runs, err := f.runs(ctx, repo, sha)
	if errors.Is(err, review.ErrGone) {
		f.ended(ctx, repo, sha)
	}
	if err != nil {
		return err
	}
	for _, run := range runs {
		if err := f.cancel(ctx, repo, run, reason); err != nil {
			return err
		}
	}
	f.ended(ctx, repo, sha)
	return nil
}

// GroupOf is the merge group that our newest run of a commit is about. found is
// false where it is about none. The group's branch is not known.
func (f *Forge) GroupOf(ctx context.Context, repo review.Repository, sha string) (g review.Group, found bool, err error) {
	runs, err := f.runs(ctx, repo, sha)
	if err != nil || len(runs) == 0 {
		return g, false, err
	}
	about := ParseExternalID(runs[0].ExternalID)
	if about.BaseSHA == "" {
		return g, false, nil
	}
	return review.Group{HeadSHA: sha, BaseSHA: about.BaseSHA, BaseRef: about.BaseRef}, true, nil
}

// runs lists our runs of a commit, newest first. Any App or token may make a run
// with our name; it is ours only if GitHub says that our App made it. A server that
// names no App has only the name to go by.
func (f *Forge) runs(ctx context.Context, repo review.Repository, sha string) ([]checkRun, error) {
	return f.runsNamed(ctx, repo, sha, f.name)
}

// runsNamed is runs for a check of any name of ours; "" for all.
func (f *Forge) runsNamed(ctx context.Context, repo review.Repository, sha, name string) ([]checkRun, error) {
	if err := needSHA(sha); err != nil {
		return nil, err
	}
	query := url.Values{"app_id": {fmt.Sprint(f.appID)}, "filter": {"all"}, "per_page": {fmt.Sprint(PageSize)}}
	if name != "" {
		query.Set("check_name", name)
	}
	var ours []checkRun
	for page := 1; page <= MaxRunPages; page++ {
		if page > 1 {
			query.Set("page", fmt.Sprint(page))
		}
		var answer struct {
			Runs *[]checkRun `json:"check_runs"`
		}
		q := request{what: "list the check runs of " + short(sha), path: "commits/" + sha + "/check-runs", query: query}
		resp, err := f.do(ctx, repo, q, &answer)
		if err != nil {
			return nil, err
		}
		if answer.Runs == nil {
			return nil, &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer is not a list of check runs"}
		}
		for _, run := range *answer.Runs {
			if run.ID > 0 && (name == "" || run.Name == name) && (run.App == nil || run.App.ID == f.appID) {
				ours = append(ours, run)
			}
		}
		if resp.NextPage <= page {
			break
		}
	}
	slices.SortFunc(ours, func(a, b checkRun) int { return cmp.Compare(b.ID, a.ID) })
	return ours, nil
}

// current is the state of a run: as Begin left it, else as GitHub has it.
func (f *Forge) current(ctx context.Context, run review.Run) (checkRun, error) {
	if kept, ok := f.begun.take(run.ID); ok {
		return kept, nil
	}
	var now checkRun
	_, err := f.do(ctx, run.Repository, request{what: "read the check run", path: fmt.Sprintf("check-runs/%d", run.ID)}, &now)
	if err == nil && (now.ID != run.ID || now.HeadSHA != run.HeadSHA) {
		err = &review.Later{After: FailureWait, Reason: "read the check run: GitHub's answer is about another one"}
	}
	return now, err
}

func (f *Forge) create(ctx context.Context, repo review.Repository, sha string, x externalID) (checkRun, error) {
	body := github.CreateCheckRunOptions{
		Name: f.name, HeadSHA: sha, ExternalID: github.String(x.String()),
		Status: github.String(inProgress), StartedAt: &github.Timestamp{Time: f.clock().UTC()}, DetailsURL: f.pageOf(repo, sha),
	}
	var run checkRun
	q := request{what: "create the check run of " + short(sha), method: http.MethodPost, path: "check-runs", body: body, begins: true}
	if _, err := f.do(ctx, repo, q, &run); err != nil {
		return checkRun{}, err
	}
	if run.ID <= 0 {
		return checkRun{}, &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer names no run"}
	}
	return run, nil
}

func (f *Forge) update(ctx context.Context, repo review.Repository, id int64, body github.UpdateCheckRunOptions) (checkRun, error) {
	body.Name = f.name // sent always, an empty one would rename the run
	return f.patch(ctx, repo, id, body, body.GetStatus() == inProgress)
}

// complete is update for the request that completes a run with an output.
func (f *Forge) complete(ctx context.Context, repo review.Repository, id int64, body github.UpdateCheckRunOptions, actions []*github.CheckRunAction) (checkRun, error) {
	body.Name = f.name
	return f.patch(ctx, repo, id, finalUpdate{body, actions}, false)
}

func (f *Forge) patch(ctx context.Context, repo review.Repository, id int64, body any, begins bool) (checkRun, error) {
	var run checkRun
	q := request{what: "update the check run", method: http.MethodPatch, path: fmt.Sprintf("check-runs/%d", id), body: body, begins: begins}
	if _, err := f.do(ctx, repo, q, &run); err != nil {
		return checkRun{}, err
	}
	if run.ID != id {
		return checkRun{}, &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer is about another run"}
	}
	return run, nil
}

// cancel ends a run that is not completed.
func (f *Forge) cancel(ctx context.Context, repo review.Repository, run checkRun, reason string) error {
	if run.Status == completed {
		return nil
	}
	return f.end(ctx, repo, run, reason)
}

// replaced ends a run that is not the commit's any more, with or without a verdict: whoever
// lists all runs must not find two.
func (f *Forge) replaced(ctx context.Context, repo review.Repository, run checkRun) error {
	if run.Status == completed && !isVerdict(run.Conclusion) {
		return nil
	}
	return f.end(ctx, repo, run, "A newer run replaced this one.")
}

// end completes a run as cancelled.
func (f *Forge) end(ctx context.Context, repo review.Repository, run checkRun, reason string) error {
	_, err := f.update(ctx, repo, run.ID, github.UpdateCheckRunOptions{
		Status: github.String(completed), Conclusion: github.String(cancelled),
		CompletedAt: &github.Timestamp{Time: f.clock().UTC()}, DetailsURL: f.pageOf(repo, run.HeadSHA),
		Output: &github.CheckRunOutput{Title: github.String("Cancelled"), Summary: github.String(reason)},
	})
	return err
}

// publish sends the output in as many requests as the annotations need. A request
// replaces title, summary and text as a whole and adds its annotations. The last one
// completes the run, so that a run is never completed with a part.
func (f *Forge) publish(ctx context.Context, repo review.Repository, id int64, page *string, out report.CheckOutput, annotations []report.Annotation, conclusion string, x externalID, actions []*github.CheckRunAction) error {
	batches := report.Batches(annotations, AnnotationBatch)
	if len(batches) == 0 {
		batches = [][]report.Annotation{nil}
	}
	for i, batch := range batches {
		body := github.UpdateCheckRunOptions{
			Status: github.String(inProgress), DetailsURL: page,
			Output: &github.CheckRunOutput{Title: &out.Title, Summary: &out.Summary, Text: text(out.Text), Annotations: annotate(batch)},
		}
		if i < len(batches)-1 {
			if _, err := f.update(ctx, repo, id, body); err != nil {
				return err
			}
			continue
		}
		body.Status, body.Conclusion = github.String(completed), &conclusion
		body.CompletedAt = &github.Timestamp{Time: f.clock().UTC()}
		body.ExternalID = github.String(x.String())
		if _, err := f.complete(ctx, repo, id, body, actions); err != nil {
			return err
		}
	}
	return nil
}

// publishRefused completes a run whose output GitHub does not take: a check must
// not stay unfinished. Without an output hash the next run tries again.
func (f *Forge) publishRefused(ctx context.Context, repo review.Repository, id int64, page *string, cause error) error {
	f.logger(ctx).Error().Err(cause).Msg("GitHub refused the output of a check run")
	_, err := f.complete(ctx, repo, id, github.UpdateCheckRunOptions{
		Status: github.String(completed), Conclusion: github.String(string(policy.Failure)),
		CompletedAt: &github.Timestamp{Time: f.clock().UTC()}, DetailsURL: page,
		Output: &github.CheckRunOutput{
			Title:   github.String("The report could not be shown"),
			Summary: github.String("GitHub refused the report of this check, so that nobody can look at it. Re-run the check; if it fails again, the operator's log has the details."),
		},
	}, actionsOf(string(policy.Failure), report.Check{Broken: "refused"}))
	return err
}

// missing is what of the annotations a run does not have yet. fits is false where
// the run has some that it should not.
func (f *Forge) missing(ctx context.Context, repo review.Repository, run checkRun, want []report.Annotation) (missing []report.Annotation, fits bool, err error) {
	if run.Output.AnnotationsCount == 0 {
		return want, true, nil
	}
	if run.Output.AnnotationsCount > len(want) {
		return want, false, nil
	}
	have := map[report.Annotation]int{}
	q := request{what: "read the annotations of the check run", path: fmt.Sprintf("check-runs/%d/annotations", run.ID)}
	more, err := pages(ctx, f, repo, q, MaxAnnotationPages, func(a annotation) bool {
		have[a.value()]++
		return true
	})
	if err != nil {
		return nil, false, err
	}
	for _, a := range want {
		if have[a] > 0 {
			have[a]--
			continue
		}
		missing = append(missing, a)
	}
	for _, n := range have {
		if n > 0 {
			return want, false, nil
		}
	}
	return missing, !more, nil
}

// annotation is an annotation as GitHub lists it.
type annotation struct {
	Path      string `json:"path"`
	StartLine int    `json:"start_line"`
	EndLine   int    `json:"end_line"`
	Level     string `json:"annotation_level"`
	Title     string `json:"title"`
	Message   string `json:"message"`
}

func (a annotation) value() report.Annotation {
	return report.Annotation{Path: a.Path, StartLine: a.StartLine, EndLine: a.EndLine, Level: a.Level, Title: a.Title, Message: a.Message}
}

func annotate(batch []report.Annotation) []*github.CheckRunAnnotation {
	var out []*github.CheckRunAnnotation
	for _, a := range batch {
		out = append(out, &github.CheckRunAnnotation{
			Path: &a.Path, StartLine: &a.StartLine, EndLine: &a.EndLine,
			AnnotationLevel: &a.Level, Title: text(a.Title), Message: &a.Message,
		})
	}
	return out
}

// text is nil for "", which GitHub takes for null.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// conclusionOf lets only verdicts through: anything else fails the check, because
// GitHub counts "skipped" as passed.
func conclusionOf(c policy.Conclusion) string {
	if !isVerdict(string(c)) {
		return string(policy.Failure)
	}
	return string(c)
}

// passes says whether a required check is satisfied with a conclusion.
func passes(conclusion string) bool {
	return conclusion == string(policy.Success) || conclusion == string(policy.Neutral)
}

func isVerdict(conclusion string) bool {
	switch policy.Conclusion(conclusion) {
	case policy.Success, policy.Failure, policy.ActionRequired, policy.Neutral:
		return true
	}
	return false
}

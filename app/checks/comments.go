package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
)

// Comment says on the pull request what is new, in one review per head (and another one
// where something became known as malware since), and
// on earlier comments that what they are about is mended, or who accepted it.
//
// A comment goes to its line where the diff shows it, else to its file, else into
// the review's body. Which findings were said before is read from hidden marks in
// comments of our own; a mark in anybody else's means nothing.
func (f *Forge) Comment(ctx context.Context, repo review.Repository, p review.Pull, r report.Report) error {
	want := report.Comments(r)
	seen, known := f.threads.take(pullKey{repo, p.Number})
	if len(want) == 0 && known && seen.silent {
		return nil // nothing to say, and nothing that was said
	}
	t := talk{Forge: f, repo: repo, pull: p}
	err := t.speak(ctx, r, want)
	if refusedForGood(err) {
		// No permission, a locked conversation: the findings stand in the check.
		f.logger(ctx).Warn().Err(err).Int("pull_request", p.Number).Msg("GitHub refused comments on the pull request")
		return nil
	}
	return err
}

// talk is one pull request's comments.
type talk struct {
	*Forge
	repo review.Repository
	pull review.Pull
}

// remark is a review comment, or a review, that stands on the pull request.
type remark struct {
	ID   int64  `json:"id"`
	Body string `json:"body"`
	User *struct {
		Login string `json:"login"`
		Type  string `json:"type"`
	} `json:"user"` // null where the account was deleted
	CommitID string `json:"commit_id"` // of a review: the head that it was about
	Path     string `json:"path"`      // of a comment: the file that it is on
}

func (t *talk) speak(ctx context.Context, r report.Report, want []report.Comment) error {
	comments, err := t.ours(ctx, "comments")
	if err != nil {
		return err
	}
	said, err := t.update(ctx, comments, r, want)
	if err != nil {
		return err
	}
	told := func(c report.Comment) bool {
		return said[c.Fingerprint] || slices.ContainsFunc(c.Formerly, func(fingerprint string) bool { return said[fingerprint] })
	}
	fresh := slices.DeleteFunc(slices.Clone(want), told)
	if len(fresh) == 0 {
		return nil
	}
	reviews, err := t.ours(ctx, "reviews")
	if err != nil {
		return err
	}
	reviewed := false
	for _, earlier := range reviews {
		m := readMarks(earlier.Body)
		reviewed = reviewed || m.review && earlier.CommitID == t.pull.HeadSHA
		for _, fingerprint := range m.comments {
			said[fingerprint] = true
		}
	}
	// One review per head; the rest stands in the check. What became known as malware since
	// is told all the same.
	fresh = slices.DeleteFunc(fresh, func(c report.Comment) bool { return told(c) || reviewed && !c.Malware })
	if len(fresh) == 0 {
		return nil
	}
	return t.post(ctx, r, fresh)
}

// update edits our comments so that they say what holds now, and returns the
// fingerprints of what need not be said again.
func (t *talk) update(ctx context.Context, comments []remark, r report.Report, want []report.Comment) (said map[string]bool, err error) {
	current := map[string]report.Comment{} // also by what they said before some of it was excepted
	for _, c := range want {
		for _, fingerprint := range c.Formerly {
			current[fingerprint] = c
		}
	}
	for _, c := range want {
		current[c.Fingerprint] = c
	}
	accepted := report.Accepted(r)
	said = map[string]bool{}
	for _, c := range comments {
		m := readMarks(c.Body)
		var still []report.Comment
		var by []string
		less := false // a part of what it says was excepted
		for _, fingerprint := range m.comments {
			now, ok := current[fingerprint]
			if ok && !slices.ContainsFunc(still, func(s report.Comment) bool { return s.Fingerprint == now.Fingerprint }) {
				still = append(still, now)
				said[now.Fingerprint] = true
				less = less || !slices.Contains(m.comments, now.Fingerprint)
			}
			if words, ok := accepted[fingerprint]; ok && !slices.Contains(by, words) {
				by = append(by, words)
			}
		}
		switch {
		case (m.mended || less) && len(still) > 0: // it came back, or is less than it was
			err = t.edit(ctx, c.ID, remarked(joined(still), m.comments))
		case len(m.comments) == 0 || m.mended || len(still) > 0 || !settled(r, want, c.Path):
		case len(by) > 0:
			err = t.edit(ctx, c.ID, folded(strings.Join(by, "\n\n"), c.Body))
		default:
			err = t.edit(ctx, c.ID, folded("**Resolved in "+t.pull.HeadSHA+".**", c.Body))
		}
		if err != nil {
			return nil, err
		}
	}
	return said, nil
}

// settled says whether a finding about a file that is not there is really mended:
// the file was judged, by the policy that was meant, nothing was left unknown, and no
// finding was left out of the comments for their number.
func settled(r report.Report, want []report.Comment, path string) bool {
	if len(want) >= report.MaxComments {
		return false
	}
	for _, finding := range r.Findings {
		switch {
		case finding.Unknown, finding.Rule == policy.RulePolicyInvalid:
			return false
		case finding.Rule == policy.RuleLockfileUnreadable && (finding.Lockfile == path || finding.Lockfile == "" || path == ""):
			return false
		}
	}
	for _, file := range r.Lockfiles {
		if file.Note != "" && (file.Path == path || path == "") {
			return false
		}
	}
	return true
}

// post says what is fresh: on its line where the diff shows it, in one review.
func (t *talk) post(ctx context.Context, r report.Report, fresh []report.Comment) error {
	files, err := t.files(ctx, fresh)
	if err != nil {
		return err
	}
	var inline, onFile, loose []report.Comment
	for _, c := range fresh {
		shown, changed := files[c.Path]
		switch {
		case shown.has(c.Line):
			inline = append(inline, c)
		case changed:
			onFile = append(onFile, c)
		default:
			loose = append(loose, c)
		}
	}
	left, err := t.onFiles(ctx, onFile)
	if err != nil {
		return err
	}
	loose = append(loose, left...)
	if len(inline)+len(loose) == 0 {
		return nil
	}
	err = t.review(ctx, r, inline, loose)
	if status(err) != http.StatusUnprocessableEntity || len(inline) == 0 {
		return err
	}
	// One comment that GitHub does not take fails the review as a whole.
	t.logger(ctx).Warn().Err(err).Msg("GitHub refused a review with comments on lines")
	left, err = t.onFiles(ctx, inline)
	if err != nil {
		return err
	}
	if loose = append(loose, left...); len(loose) == 0 {
		return nil
	}
	return t.review(ctx, r, nil, loose)
}

// onFiles posts one comment per file, because each notifies people. It returns what
// GitHub does not take there and what is over its limit.
func (t *talk) onFiles(ctx context.Context, comments []report.Comment) (left []report.Comment, err error) {
	byPath := map[string][]report.Comment{}
	var paths []string
	for _, c := range comments {
		if byPath[c.Path] == nil {
			paths = append(paths, c.Path)
		}
		byPath[c.Path] = append(byPath[c.Path], c)
	}
	for _, path := range paths {
		group := byPath[path]
		for len(group) > 1 && len(joined(group)) > MaxCommentBytes {
			left, group = append(left, group[len(group)-1]), group[:len(group)-1]
		}
		body := github.PullRequestComment{
			Body: github.String(joined(group)), CommitID: &t.pull.HeadSHA,
			Path: &path, SubjectType: github.String("file"),
		}
		q := request{what: "comment on a file", method: http.MethodPost, path: fmt.Sprintf("pulls/%d/comments", t.pull.Number), body: body}
		_, err := t.do(ctx, t.repo, q, nil)
		if status(err) == http.StatusUnprocessableEntity {
			left = append(left, group...)
		} else if err != nil {
			return nil, err
		}
	}
	return left, nil
}

func (t *talk) review(ctx context.Context, r report.Report, inline, loose []report.Comment) error {
	body := github.PullRequestReviewRequest{CommitID: &t.pull.HeadSHA, Event: github.String("COMMENT")}
	for _, c := range inline {
		body.Comments = append(body.Comments, &github.DraftReviewComment{
			Path: &c.Path, Line: &c.Line, Side: github.String("RIGHT"), Body: &c.Body,
		})
	}
	// The mark tells the review from the wrapping of a single comment, which GitHub
	// lists as a review too. What has no room for its text stands in the check alone.
	said := report.ReviewBody(r)
	for _, c := range loose {
		if len(said)+len(separator)+len(c.Body)+len(reviewMark) <= MaxCommentBytes {
			said += separator + c.Body
		}
	}
	body.Body = github.String(said + "\n" + reviewMark)
	q := request{what: "review the pull request", method: http.MethodPost, path: fmt.Sprintf("pulls/%d/reviews", t.pull.Number), body: body}
	_, err := t.do(ctx, t.repo, q, nil)
	return err
}

func (t *talk) edit(ctx context.Context, id int64, body string) error {
	q := request{what: "edit a comment of ours", method: http.MethodPatch, path: fmt.Sprintf("pulls/comments/%d", id), body: map[string]string{"body": body}}
	_, err := t.do(ctx, t.repo, q, nil)
	if errors.Is(err, review.ErrGone) {
		return nil // deleted meanwhile
	}
	return err
}

// ours lists the pull request's comments, or reviews, that our App wrote.
func (t *talk) ours(ctx context.Context, list string) ([]remark, error) {
	var out []remark
	var candidates []remark
	q := request{what: "list the " + list + " of the pull request", path: fmt.Sprintf("pulls/%d/%s", t.pull.Number, list)}
	more, err := pages(ctx, t.Forge, t.repo, q, MaxCommentPages, func(r remark) bool {
		if r.User != nil && r.User.Type == "Bot" && strings.Contains(r.Body, markBegin) {
			candidates = append(candidates, r)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if more {
		return nil, errCrowded
	}
	if len(candidates) == 0 {
		return nil, nil
	}
	login, err := t.login(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range candidates {
		if strings.EqualFold(r.User.Login, login) {
			out = append(out, r)
		}
	}
	return out, nil
}

// errCrowded is the reason to say nothing on a pull request with more comments than
// are read: what was said before could not be known.
var errCrowded = fmt.Errorf("it has more than %d comments", MaxCommentPages*PageSize)

// refusedForGood says whether GitHub, or the pull request's size, keeps us from
// commenting, so that trying again is no use.
func refusedForGood(err error) bool {
	switch status(err) {
	case http.StatusForbidden, http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity:
		return true
	}
	return errors.Is(err, errCrowded)
}

// login is our App's name as an author: "bonafide[bot]". No account can choose a
// name with brackets.
func (f *Forge) login(ctx context.Context) (string, error) {
	f.slug.Lock()
	defer f.slug.Unlock()
	if f.slug.value != "" {
		return f.slug.value + "[bot]", nil
	}
	var answer struct {
		ID   int64  `json:"id"`
		Slug string `json:"slug"`
	}
	if _, err := f.asApp(ctx, "app", request{what: "read the App"}, &answer); err != nil {
		return "", err
	}
	if answer.ID != f.appID || answer.Slug == "" {
		return "", fmt.Errorf("GitHub says that the key belongs to App %d, not to %d", answer.ID, f.appID)
	}
	f.slug.value = answer.Slug
	return answer.Slug + "[bot]", nil
}

// files reads which lines of the wanted files the pull request's diff shows. A file
// that is changed but whose patch GitHub leaves out has none.
func (t *talk) files(ctx context.Context, wanted []report.Comment) (map[string]lines, error) {
	need := map[string]bool{}
	for _, c := range wanted {
		need[c.Path] = true
	}
	out := map[string]lines{}
	type file struct {
		Name  string `json:"filename"`
		Patch string `json:"patch"`
	}
	q := request{what: "list the files of the pull request", path: fmt.Sprintf("pulls/%d/files", t.pull.Number)}
	_, err := pages(ctx, t.Forge, t.repo, q, MaxFilePages, func(f file) bool {
		if need[f.Name] {
			out[f.Name] = hunks(f.Patch)
		}
		return len(out) < len(need)
	})
	return out, err
}

const separator = "\n\n---\n\n"

// Marks are lines that GitHub keeps and does not show. report.Comments ends every
// body with one that names its fingerprint.
const (
	markBegin  = "<!-- bonafide:"
	reviewMark = markBegin + "review -->"
	mendedMark = markBegin + "mended -->"
)

// marks is what the marks of a body say.
type marks struct {
	comments       []string // fingerprints
	review, mended bool
}

var commentMark = regexp.MustCompile(`^<!-- bonafide:comment ([0-9a-f]{32}) -->$`)

func readMarks(body string) marks {
	var out marks
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\r\n")
		if m := commentMark.FindStringSubmatch(line); m != nil {
			out.comments = append(out.comments, m[1])
		}
		out.review = out.review || line == reviewMark
		out.mended = out.mended || line == mendedMark
	}
	return out
}

// joined is one body for several comments.
func joined(comments []report.Comment) string {
	bodies := make([]string, len(comments))
	for i, c := range comments {
		bodies[i] = c.Body
	}
	return strings.Join(bodies, separator)
}

// remarked is a body with the marks that it had before, so that it is known again when
// what was excepted no longer is, or the rest is excepted, too.
func remarked(body string, fingerprints []string) string {
	marked := readMarks(body).comments
	for _, fingerprint := range fingerprints {
		if !slices.Contains(marked, fingerprint) {
			body += "\n" + report.Marker(fingerprint)
		}
	}
	return body
}

// folded is a comment's body after what it says was mended, or accepted: it says that
// first, and folds the rest.
func folded(what, body string) string {
	body = strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
	return what + "\n\n<details><summary>What it was</summary>\n\n" + body + "\n\n</details>\n\n" + mendedMark
}

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
// A comment goes to the line that the pull request adds to a manifest, else to its own line
// where the diff shows it, else to its file, else into the review's body. Which findings were said before is read from hidden marks in
// comments of our own; a mark in anybody else's means nothing.
func (f *Forge) Comment(ctx context.Context, repo review.Repository, p review.Pull, r report.Report) error {
	want := report.Comments(r)
	seen, known := f.threads.take(pullKey{repo, p.Number})
	if len(want) == 0 && known && seen.silent {
		return nil // nothing to say, and nothing that was said
	}
	t := talk{Forge: f, repo: repo, pull: p, answered: map[int64]bool{}}
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

	answered         map[int64]bool       // comments that somebody replied to
	threadsByComment map[int64]discussion // nil until they are asked for
}

// remark is a review comment, or a review, that stands on the pull request.
type remark struct {
	ID     int64  `json:"id"`
	NodeID string `json:"node_id"`
	Body   string `json:"body"`
	User   *struct {
		Login string `json:"login"`
		Type  string `json:"type"`
	} `json:"user"` // null where the account was deleted
	CommitID string `json:"commit_id"` // of a review: the head that it was about
	Path     string `json:"path"`      // of a comment: the file that it is on
	ReplyTo  int64  `json:"in_reply_to_id"`
}

func (t *talk) speak(ctx context.Context, r report.Report, want []report.Comment) error {
	comments, err := t.ours(ctx, "comments")
	if err != nil {
		return err
	}
	posted := map[string]bool{}
	for _, c := range comments {
		m := readMarks(c.Body)
		for _, fingerprint := range slices.Concat(m.comments, m.findings) {
			posted[fingerprint] = true
		}
	}
	said, err := t.update(ctx, comments, r, report.Standing(r, posted))
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
		for _, fingerprint := range m.saying(want) {
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

// update edits our comments so that they say what holds now, of which want is what they
// are about, and returns the fingerprints of what need not be said again.
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
		less := false     // a part of what it says was excepted
		var over []string // fingerprints of what holds no longer
		for _, fingerprint := range m.saying(want) {
			now, ok := current[fingerprint]
			if ok && !slices.ContainsFunc(still, func(s report.Comment) bool { return s.Fingerprint == now.Fingerprint }) {
				still = append(still, now)
				less = less || !slices.Contains(m.comments, now.Fingerprint)
			}
			words, excepted := accepted[fingerprint]
			if excepted && !slices.Contains(by, words) {
				by = append(by, words)
			}
			if !ok && !excepted {
				over = append(over, fingerprint)
			}
		}
		switch {
		case (m.mended || less) && len(still) > 0: // it came back, or is less than it was
			body, hidden := remarked(joined(still), m), false
			if !m.mended {
				err = t.edit(ctx, c.ID, body)
			} else if hidden, err = t.revive(ctx, c, body); hidden {
				still = nil // to be said anew
			}
		case len(still) > 0 && len(over) > 0 && settled(r, m.about(c.Path)): // it is mended in part
			m.comments = slices.DeleteFunc(m.comments, func(f string) bool { return slices.Contains(over, f) })
			err = t.edit(ctx, c.ID, remarked(joined(still), m))
		case len(m.comments) == 0 || m.mended || len(still) > 0 || m.anyOf(want) || !settled(r, m.about(c.Path)):
		case len(by) > 0:
			err = t.settle(ctx, c, folded(strings.Join(by, "\n\n"), c.Body))
		default:
			err = t.settle(ctx, c, folded("**Resolved in "+t.pull.HeadSHA+".**", c.Body))
		}
		if err != nil {
			return nil, err
		}
		for _, s := range still {
			said[s.Fingerprint] = true
		}
	}
	return said, nil
}

// settled says whether a finding about files that is not there is really mended: the
// files were judged, by the policy that was meant, and nothing was left unknown.
func settled(r report.Report, about func(path string) bool) bool {
	for _, finding := range r.Findings {
		switch {
		case finding.Unknown, finding.Rule == policy.RulePolicyInvalid:
			return false
		case finding.Rule == policy.RulePublishWorkflow && finding.Link == "" && about(finding.Lockfile): // without a source it says what was not read, or not listed
			return false
		case finding.Rule == policy.RuleLockfileUnreadable && (finding.Lockfile == "" || about(finding.Lockfile)):
			return false
		}
	}
	return !slices.ContainsFunc(r.Lockfiles, func(file report.Lockfile) bool { return file.Note != "" && about(file.Path) })
}

// post says what is fresh: on a line where the diff shows one, in one review.
func (t *talk) post(ctx context.Context, r report.Report, fresh []report.Comment) error {
	files, err := t.files(ctx, fresh)
	if err != nil {
		return err
	}
	inline, onFile, loose := allot(fresh, files)
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
	onFile = nil
	for _, at := range inline {
		onFile = append(onFile, at.comments...)
	}
	left, err = t.onFiles(ctx, onFile)
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

func (t *talk) review(ctx context.Context, r report.Report, inline []placed, loose []report.Comment) error {
	body := github.PullRequestReviewRequest{CommitID: &t.pull.HeadSHA, Event: github.String("COMMENT")}
	for _, at := range inline {
		draft := &github.DraftReviewComment{Path: &at.path, Line: &at.line, Side: github.String("RIGHT"), Body: github.String(at.body())}
		if at.from > 0 && at.from < at.line {
			draft.StartLine, draft.StartSide = &at.from, github.String("RIGHT")
		}
		body.Comments = append(body.Comments, draft)
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
		if r.ReplyTo != 0 {
			t.answered[r.ReplyTo] = true
		}
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
	findings       []string // fingerprints of single findings
	files          []string // the marks of the lockfiles that it is about, whole
	review, mended bool
}

// saying are the fingerprints of a body, and those of which it says each finding.
func (m marks) saying(want []report.Comment) []string {
	out := slices.Clone(m.comments)
	for _, c := range want {
		unsaid := func(f string) bool { return !slices.Contains(m.findings, f) }
		if len(c.Findings) > 0 && !slices.ContainsFunc(c.Findings, unsaid) && !slices.Contains(out, c.Fingerprint) {
			out = append(out, c.Fingerprint)
		}
	}
	return out
}

// anyOf says whether a body says a finding that still holds: beside another one, it is
// said anew, but it is not mended.
func (m marks) anyOf(want []report.Comment) bool {
	return slices.ContainsFunc(want, func(c report.Comment) bool {
		return slices.ContainsFunc(c.Findings, func(f string) bool { return slices.Contains(m.findings, f) })
	})
}

// about says whether a body that stands on a file is about a lockfile.
func (m marks) about(path string) func(string) bool {
	return func(lockfile string) bool {
		if len(m.files) == 0 { // it was written before there were such marks
			return lockfile == path || path == ""
		}
		return slices.Contains(m.files, report.FileMarker(lockfile))
	}
}

var (
	commentMark = regexp.MustCompile(`^<!-- bonafide:comment ([0-9a-f]{32}) -->$`)
	findingMark = regexp.MustCompile(`^<!-- bonafide:finding ([0-9a-f]{32}) -->$`)
	fileMark    = regexp.MustCompile(`^<!-- bonafide:file [0-9a-f]{32} -->$`)
)

func readMarks(body string) marks {
	var out marks
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\r\n")
		if m := commentMark.FindStringSubmatch(line); m != nil {
			out.comments = append(out.comments, m[1])
		}
		if m := findingMark.FindStringSubmatch(line); m != nil {
			out.findings = append(out.findings, m[1])
		}
		if fileMark.MatchString(line) {
			out.files = append(out.files, line)
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
func remarked(body string, before marks) string {
	now := readMarks(body)
	for _, fingerprint := range before.comments {
		if !slices.Contains(now.comments, fingerprint) {
			body += "\n" + report.Marker(fingerprint)
		}
	}
	for _, file := range before.files {
		if !slices.Contains(now.files, file) {
			body += "\n" + file
		}
	}
	return body
}

// folded is a comment's body after what it says was mended, or accepted: it says that
// first, and folds the rest. Where GitHub would not take so much, the marks alone are left
// of the rest: a comment that could not be edited would keep all others from being said.
func folded(what, body string) string {
	body = strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
	if len(what) > MaxCommentBytes/2 {
		what = "**Accepted.** The check says by whom."
	}
	out := what + "\n\n<details><summary>What it was</summary>\n\n" + body + "\n\n</details>\n\n" + mendedMark
	if len(out) > MaxBodyBytes {
		out = remarked(what+"\n", readMarks(body)) + "\n\n" + mendedMark
	}
	return out
}

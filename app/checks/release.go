package checks

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/bonafide-app/bonafide/app/released"
	"github.com/bonafide-app/bonafide/app/review"
)

// maxTagObjects bounds the objects between a tag and its commit: a tag of a tag is rare.
const maxTagObjects = 4

// releaseName is what is added to the check's name for the one about a release; a tag that
// names a package has one of its own, because one commit has many such tags.
const releaseName = " release"

func (f *Forge) releaseName(tag released.Tag) string {
	name := f.name + releaseName
	if tag.About != "" {
		name += " " + tag.About
	}
	return name
}

// Tagged is the commit that a tag is at now. Where there is no such tag it is ErrGone.
func (f *Forge) Tagged(ctx context.Context, repo review.Repository, tag string) (review.Tagged, error) {
	sha, err := f.commitOf(ctx, repo, tag)
	if err != nil {
		return review.Tagged{}, err
	}
	var commit struct {
		SHA     string `json:"sha"`
		Parents []struct {
			SHA string `json:"sha"`
		} `json:"parents"`
	}
	// The files of a commit, with their patches, come on its first page only.
	q := request{what: "read the commit " + short(sha), path: "commits/" + sha, query: url.Values{"per_page": {"1"}, "page": {"2"}}}
	if _, err = f.do(ctx, repo, q, &commit); err != nil {
		return review.Tagged{}, err
	}
	if commit.SHA != sha {
		return review.Tagged{}, &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer is about something else"}
	}
	at := review.Tagged{Head: sha}
	for _, p := range commit.Parents {
		if needSHA(p.SHA) == nil {
			at.Parents = append(at.Parents, p.SHA)
		}
	}
	return at, nil
}

// commitOf is the commit that a tag is at. An annotated one has an object of its own
// between, or several.
func (f *Forge) commitOf(ctx context.Context, repo review.Repository, tag string) (string, error) {
	ref, err := escapeRef(tag)
	if err != nil {
		return "", fmt.Errorf("read the tag: %w", err)
	}
	q := request{what: fmt.Sprintf("read the tag %q", tag), path: "git/ref/tags/" + ref}
	for range maxTagObjects {
		var answer struct {
			Object struct {
				Type string `json:"type"`
				SHA  string `json:"sha"`
			} `json:"object"`
		}
		if _, err := f.do(ctx, repo, q, &answer); err != nil {
			return "", err
		}
		at := answer.Object
		switch {
		case needSHA(at.SHA) != nil:
			return "", &review.Later{After: FailureWait, Reason: q.what + ": GitHub's answer names no object"}
		case at.Type == "commit":
			return at.SHA, nil
		case at.Type != "tag":
			return "", fmt.Errorf("the tag %q is at a %.20s, not at a commit: %w", tag, at.Type, review.ErrGone)
		}
		q.path = "git/tags/" + at.SHA
	}
	return "", fmt.Errorf("the tag %q leads to no commit within %d steps: %w", tag, maxTagObjects, review.ErrGone)
}

// ReleaseStands says whether the check about a tag stands on a commit, and passed.
func (f *Forge) ReleaseStands(ctx context.Context, repo review.Repository, sha string, tag released.Tag) (bool, error) {
	runs, err := f.runsNamed(ctx, repo, sha, f.releaseName(tag))
	if err != nil || len(runs) == 0 {
		return false, err
	}
	is := ParseExternalID(runs[0].ExternalID).Release == tag.Name
	return is && runs[0].Status == completed && runs[0].Conclusion == "success", nil
}

// ReleaseTags are the tags that checks about a release are about at a commit.
func (f *Forge) ReleaseTags(ctx context.Context, repo review.Repository, sha string) ([]string, error) {
	runs, err := f.runsNamed(ctx, repo, sha, "")
	var tags []string
	for _, run := range runs {
		if tag := ParseExternalID(run.ExternalID).Release; tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags, err
}

// PublishRelease makes a tagged commit's check about the release say what it is to say.
// Nothing is written where it does already.
func (f *Forge) PublishRelease(ctx context.Context, repo review.Repository, sha string, tag released.Tag, c Beside) error {
	about := aboutRelease + escapeID.Replace(tag.Name)
	if len(about) > MaxAboutBytes { // a click on Re-run looks at the commit alone
		about = aboutCommit
	}
	return f.publishBeside(ctx, repo, sha, about, f.releaseName(tag), "", c)
}

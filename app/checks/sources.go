package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bonafide-app/bonafide/app/review"
)

// Sources are files of a repository, as they are at the tip of its default branch.
type Sources struct {
	Repository    string // "github.com/OWNER/NAME", as it is called now
	Private       bool   // or seen within an enterprise alone
	DefaultBranch string
	Files         map[string][]byte // by path from the root
	Unread        []UnreadSource    // of those that were wanted
}

// UnreadSource is a file that was wanted and could not be read.
type UnreadSource struct{ Path, Reason string }

// SourcesWanted says which files are read.
type SourcesWanted struct {
	Path     func(path string) bool
	Files    int   // the most
	MaxBytes int64 // of one of them
	Bytes    int64 // the most of all together
}

// Reader reads repositories with the token of a person or a workflow.
type Reader struct{ forge *Forge }

// NewReader refuses what NewHub does.
func NewReader(c HubConfig) (*Reader, error) {
	f, err := personal(c)
	if err != nil {
		return nil, err
	}
	return &Reader{f}, nil
}

// Sources reads files of a repository, which the token must be allowed to see. The errors
// are those of review.Forge.
func (r *Reader) Sources(ctx context.Context, owner, name string, wanted SourcesWanted) (Sources, error) {
	f := r.forge
	repo := review.Repository{Owner: owner, Name: name}
	out, err := f.describe(ctx, repo)
	if err != nil {
		return out, err
	}
	tip, err := f.Tip(ctx, repo, out.DefaultBranch)
	if status(err) == http.StatusConflict { // nothing was pushed to it yet
		return out, nil
	} else if err != nil {
		return out, err
	}
	all, err := f.listTree(ctx, repo, tip, true)
	if err != nil {
		return out, err
	}
	if all.truncated {
		return out, fmt.Errorf("%s has more files than GitHub lists in one answer: clone it, and give its folder", out.Repository)
	}
	var read []review.TreeEntry
	left := wanted.Bytes
	for _, e := range all.entries {
		switch {
		case e.Kind == directory || !wanted.Path(e.Path):
		case e.Kind != review.Blob:
			out.Unread = append(out.Unread, UnreadSource{e.Path, "It is a " + string(e.Kind) + ", which is not followed."})
		case e.Size > wanted.MaxBytes:
			out.Unread = append(out.Unread, UnreadSource{e.Path, fmt.Sprintf("It has more than %d kB.", wanted.MaxBytes>>10)})
		case e.Size > left:
			out.Unread = append(out.Unread, UnreadSource{e.Path, fmt.Sprintf("All that is read would have more than %d MB.", wanted.Bytes>>20)})
		case len(read) == wanted.Files:
			out.Unread = append(out.Unread, UnreadSource{e.Path, fmt.Sprintf("Only %d files are read.", wanted.Files)})
		default:
			left -= max(e.Size, 0)
			read = append(read, e)
		}
	}
	out.Files, err = f.blobs(ctx, repo, read, wanted.MaxBytes)
	return out, err
}

// describe looks up what a repository is.
func (f *Forge) describe(ctx context.Context, repo review.Repository) (Sources, error) {
	var answer struct {
		Address       string `json:"html_url"`
		Private       *bool  `json:"private"`
		DefaultBranch string `json:"default_branch"`
	}
	_, err := f.do(ctx, repo, request{what: "look up the repository"}, &answer)
	if errors.Is(err, review.ErrGone) {
		return Sources{}, fmt.Errorf("%s/%s is not there, or the token may not see it: %w", repo.Owner, repo.Name, err)
	} else if err != nil {
		return Sources{}, err
	}
	at, err := url.Parse(answer.Address)
	if err != nil || at.Host == "" || answer.Private == nil || answer.DefaultBranch == "" {
		return Sources{}, &review.Later{After: FailureWait, Reason: "look up the repository: GitHub's answer is not one"}
	}
	return Sources{Repository: at.Host + "/" + strings.Trim(at.Path, "/"), Private: *answer.Private, DefaultBranch: answer.DefaultBranch}, nil
}

// blobs reads files, some at a time.
func (f *Forge) blobs(ctx context.Context, repo review.Repository, entries []review.TreeEntry, max int64) (map[string][]byte, error) {
	out := make(map[string][]byte, len(entries))
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(MaxConcurrent)
	for _, e := range entries {
		g.Go(func() (err error) {
			defer recovered(f.logger(ctx), &err)
			data, err := f.blob(ctx, repo, e.ID, e.Size, max)
			if err != nil {
				return fmt.Errorf("read %.200q: %w", e.Path, err)
			}
			mu.Lock()
			defer mu.Unlock()
			out[e.Path] = data
			return nil
		})
	}
	return out, g.Wait()
}

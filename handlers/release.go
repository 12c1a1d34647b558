package handlers

import (
	"encoding/json"
	"fmt"

	"github.com/bonafide-app/bonafide/app/queue"
)

// release looks at what was released under a tag. One that is edited is looked at where it
// got another tag. A release that is deleted or made a draft takes nothing out of a
// registry, and a draft has put nothing there yet.
func release(payload []byte) ([]queue.Job, error) {
	var e struct {
		place
		Release *struct {
			TagName string `json:"tag_name"`
			Draft   bool   `json:"draft"`
		} `json:"release"`
		Changes struct {
			TagName json.RawMessage `json:"tag_name"`
		} `json:"changes"`
	}
	if err := decode(payload, &e); err != nil {
		return nil, err
	}
	if e.Release == nil {
		return nil, fmt.Errorf("%w: no release", ErrPayload)
	}
	if e.Release.Draft || e.Action != "published" && (e.Action != "edited" || !present(e.Changes.TagName)) {
		return nil, nil
	}
	return []queue.Job{released(e.job(queue.Release), e.Release.TagName)}, nil
}

// released is the job to look at what a registry has of a tag's packages. It names no
// commit: it reads the one that the tag is at then.
func released(about queue.Job, tag string) queue.Job {
	return queue.Job{
		Kind: queue.Release, Installation: about.Installation, RepositoryID: about.RepositoryID,
		Owner: about.Owner, Repo: about.Repo, Reason: about.Reason, Tag: tag, Bulk: true,
	}
}

package review

import (
	"context"
	"strings"
	"sync"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// hub plays what GitHub knows beside the repository. It counts what it was asked.
type hub struct {
	mu      sync.Mutex
	run     func(context.Context, provenance.Identity) policy.Run
	commit  func(context.Context, string, string) policy.Commit
	malware func(context.Context, []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry)
	fixes   func()
	asked   []string
}

func (h *hub) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, what)
}

func (h *hub) Run(ctx context.Context, id provenance.Identity) policy.Run {
	h.note("run " + id.Run)
	if h.run == nil {
		return policy.Run{Inquiry: policy.Inquiry{Looked: policy.Answered}, Conclusion: "success", Standing: policy.OnRef}
	}
	return h.run(ctx, id)
}

func (h *hub) Commit(ctx context.Context, repository, sha string) policy.Commit {
	h.note("commit " + repository + "#" + sha)
	if h.commit == nil {
		return policy.Commit{Inquiry: policy.Inquiry{Looked: policy.Answered}, Standing: policy.OnRef}
	}
	return h.commit(ctx, repository, sha)
}

func (h *hub) Malware(ctx context.Context, releases []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
	var names []string
	for _, p := range releases {
		names = append(names, p.ID())
	}
	h.note("malware " + strings.Join(names, " "))
	if h.malware == nil {
		return nil, policy.Inquiry{Looked: policy.Answered}
	}
	return h.malware(ctx, releases)
}

func (h *hub) Fixes(_ context.Context, updates []Update) map[dep.Package][]policy.Advisory {
	if h.fixes != nil {
		h.fixes()
	}
	fixes := map[dep.Package][]policy.Advisory{}
	for _, u := range updates {
		h.note("fix " + u.Release.ID() + " of " + u.From)
		fixes[u.Release] = []policy.Advisory{{ID: "GHSA-fix0-0000-0000"}}
	}
	return fixes
}

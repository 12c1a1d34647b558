package review

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/config"
)

// files is a tree in memory. A content that starts with "-> " is a symlink, one
// that starts with "submodule " a submodule.
type files map[string]string

func (f files) Entries() []TreeEntry {
	var out []TreeEntry
	for p, content := range f {
		e := TreeEntry{Path: p, Kind: Blob, ID: content, Size: int64(len(content))}
		switch {
		case strings.HasPrefix(content, "-> "):
			e.Kind = Symlink
		case strings.HasPrefix(content, "submodule "):
			e.Kind = Submodule
		}
		out = append(out, e)
	}
	return out
}

func (f files) Read(_ context.Context, e TreeEntry) ([]byte, error) {
	content, ok := f[e.Path]
	switch {
	case !ok:
		return nil, fmt.Errorf("no %s", e.Path)
	case content == "too large":
		return nil, fmt.Errorf("%s: %w", e.Path, ErrTooLarge)
	case content == "out of reach":
		return nil, errors.New("the server did not answer")
	}
	return []byte(strings.TrimPrefix(content, "-> ")), nil
}

func sri(seed string) string {
	sum := sha512.Sum512([]byte(seed))
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// locking writes a package-lock.json with the given name@version entries.
func locking(packages ...string) string {
	sort.Strings(packages)
	var b strings.Builder
	b.WriteString("{\n  \"name\": \"web\",\n  \"lockfileVersion\": 3,\n  \"requires\": true,\n  \"packages\": {\n    \"\": {\n      \"name\": \"web\"\n    }")
	for _, p := range packages {
		name, version, _ := strings.Cut(p, "@")
		fmt.Fprintf(&b, ",\n    \"node_modules/%s\": {\n      \"version\": %q,\n      \"resolved\": \"https://registry.npmjs.org/%s/-/%s-%s.tgz\",\n      \"integrity\": %q\n    }",
			name, version, name, name, version, sri(p))
	}
	b.WriteString("\n  }\n}\n")
	return b.String()
}

// verifier answers from a table of states of the provenance; everything else is
// verified. It counts what it was asked.
type verifier struct {
	mu         sync.Mutex
	provenance map[string]provenance.State // by name@version; Absent where it is not listed
	asked      map[string]int
}

func (v *verifier) Verify(_ context.Context, s provenance.Subject) provenance.Evidence {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.asked == nil {
		v.asked = map[string]int{}
	}
	v.asked[s.Package.ID()]++
	ok := provenance.Check{State: provenance.Verified}
	e := provenance.Evidence{
		Package: s.Package, Release: &registry.Release{Package: s.Package},
		Signature: provenance.Signature{Check: ok}, Publish: provenance.Publish{Check: ok},
		Digest: provenance.Digest{Check: ok, Lockfile: dep.Strongest(s.Digests).SRI()},
	}
	state, listed := v.provenance[s.Package.ID()]
	if !listed {
		state = provenance.Absent
	}
	e.Provenance.State = state
	switch state {
	case provenance.Verified:
		e.Provenance.Identity = &provenance.Identity{Repository: "https://github.com/acme/" + s.Package.Name}
	case provenance.Absent:
		e.Provenance.Reason = "the registry announces none"
		e.Publish.Check = provenance.Check{State: provenance.Absent, Reason: "the registry announces none"}
	case provenance.Unknown:
		unknown := provenance.Check{State: provenance.Unknown, Reason: "the registry answered 503"}
		e.Release, e.Retry = nil, true
		e.Signature.Check, e.Publish.Check, e.Provenance.Check, e.Digest.Check = unknown, unknown, unknown, unknown
	}
	return e
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func reviewer(v Verifier) *Reviewer {
	r, err := New(Options{Verifier: v, Concurrency: 4, Clock: func() time.Time { return noon }})
	if err != nil {
		panic(err)
	}
	return r
}

// forge plays GitHub in memory: commits are trees, pull requests have a live state.
type forge struct {
	mu       sync.Mutex
	commits  map[string]files // by SHA
	pulls    map[int]*Pull
	tips     map[string]string // branch → SHA
	problems map[string]*policy.Problem
	policies map[string]policy.Policy // by SHA

	begun     []string
	grounds   []string
	finished  []report.Check
	cancelled []string
	comments  map[int]int
	fail      func(call string) error
	remarks   map[RemarkRef]Remark
	roles     map[string]Role
	reactions []string
	merged    []string
	lag       bool // the list of pull requests is empty, whatever there is
	hub       *hub // nil for one that finds nothing wrong
	completed bool // the check run was completed on the same ground before
}

func (f *forge) call(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail == nil {
		return nil
	}
	return f.fail(name)
}

func (f *forge) PullRequest(_ context.Context, _ Repository, n int) (Pull, error) {
	if err := f.call("PullRequest"); err != nil {
		return Pull{}, err
	}
	p, ok := f.pulls[n]
	if !ok {
		return Pull{}, fmt.Errorf("pull request %d: %w", n, ErrGone)
	}
	return *p, nil
}

func (f *forge) OpenPulls(_ context.Context, _ Repository, sha string) ([]Pull, error) {
	if err := f.call("OpenPulls"); err != nil {
		return nil, err
	}
	var out []Pull
	for _, p := range f.pulls {
		if !f.lag && p.Open && p.HeadSHA == sha {
			out = append(out, *p)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Number < out[j].Number })
	return out, nil
}

func (f *forge) Standing(_ context.Context, repo Repository, sha string) (Run, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Run{Repository: repo, HeadSHA: sha, ID: 1, Completed: true}, len(f.finished) > 0, nil
}

func (f *forge) AllPulls(context.Context, Repository) ([]Pull, error) { return nil, nil }
func (f *forge) Tip(_ context.Context, _ Repository, branch string) (string, error) {
	return f.tips[branch], f.call("Tip")
}

func (f *forge) Policy(_ context.Context, _ Repository, sha string) (policy.Policy, *policy.Problem, error) {
	p, ok := f.policies[sha]
	if !ok {
		p = policy.Default()
	}
	return p, f.problems[sha], f.call("Policy")
}

func (f *forge) Proposed(_ context.Context, _ Repository, file *PolicyFile) (policy.Policy, *policy.Problem, error) {
	if file == nil {
		return policy.Default(), nil, f.call("Proposed")
	}
	p, err := config.ParsePolicy(file.Path, file.Data)
	if err != nil {
		return p, &policy.Problem{Kind: policy.PolicyInvalid, Lockfile: file.Path, Line: 2, Detail: err.Error()}, f.call("Proposed")
	}
	return p, nil, f.call("Proposed")
}

func (f *forge) PolicyFile(ctx context.Context, _ Repository, sha string) (*PolicyFile, error) {
	for _, e := range f.commits[sha].Entries() {
		if slices.Contains(config.PolicyPaths(), e.Path) {
			data, err := f.commits[sha].Read(ctx, e)
			return &PolicyFile{e.Path, data}, errors.Join(err, f.call("PolicyFile"))
		}
	}
	return nil, f.call("PolicyFile")
}

func (f *forge) Trees(_ context.Context, _ Repository, base, head string) (Tree, Tree, error) {
	return f.commits[base], f.commits[head], f.call("Trees")
}

func (f *forge) Home(_ context.Context, _ Repository) (Home, error) {
	return Home{Branch: "main", Head: f.tips["main"]}, f.call("Home")
}

func (f *forge) Tree(_ context.Context, _ Repository, sha string) (Tree, error) {
	return f.commits[sha], f.call("Tree")
}

func (f *forge) Begin(_ context.Context, repo Repository, sha, ground string) (Run, error) {
	if err := f.call("Begin"); err != nil {
		return Run{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun, f.grounds = append(f.begun, sha), append(f.grounds, ground)
	return Run{Repository: repo, HeadSHA: sha, ID: int64(len(f.begun)), Completed: f.completed}, nil
}

func (f *forge) Runs(_ context.Context, repo Repository, sha string) (Runs, error) {
	return runs{f, repo, sha}, f.call("Runs")
}

// runs are those of a forge.
type runs struct {
	*forge
	repo Repository
	sha  string
}

func (l runs) None() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.completed && len(l.begun)+len(l.finished) == 0
}

func (l runs) Begin(ctx context.Context, ground string) (Run, error) {
	return l.forge.Begin(ctx, l.repo, l.sha, ground)
}

func (runs) Outlives(int) bool { return false }

func (l runs) Standing() (Run, bool) {
	run, ok, _ := l.forge.Standing(context.Background(), l.repo, l.sha)
	return run, ok
}

func (f *forge) Finish(ctx context.Context, _ Run, c report.Check) error {
	if err := errors.Join(ctx.Err(), f.call("Finish")); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished = append(f.finished, c)
	return nil
}

func (f *forge) Stands(context.Context, Repository, string, string) (bool, error) {
	return f.completed, f.call("Stands")
}

func (f *forge) Cancel(_ context.Context, _ Repository, sha, _ string) error {
	err := f.call("Cancel")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cancelled = append(f.cancelled, sha)
	return err
}

func (f *forge) Comment(_ context.Context, _ Repository, p Pull, r report.Report) error {
	if f.comments == nil {
		f.comments = map[int]int{}
	}
	if r.Comments != policy.CommentNothing {
		f.comments[p.Number]++
	}
	return f.call("Comment")
}

func (f *forge) Remark(_ context.Context, _ Repository, number int, ref RemarkRef) (Remark, error) {
	if err := f.call("Remark"); err != nil {
		return Remark{}, err
	}
	r, ok := f.remarks[ref]
	if !ok || r.Number != number {
		return Remark{}, fmt.Errorf("remark %d: %w", ref.ID, ErrGone)
	}
	return r, nil
}

func (f *forge) Role(_ context.Context, _ Repository, login string, _ int64) (Role, error) {
	return f.roles[login], f.call("Role")
}

func (f *forge) React(_ context.Context, _ Repository, r Remark, reaction Reaction) error {
	f.reactions = append(f.reactions, fmt.Sprintf("%d %s", r.ID, reaction))
	return f.call("React")
}

func (f *forge) Merged(context.Context, Repository, Group) ([]string, error) {
	return f.merged, f.call("Merged")
}

// accepted keeps acceptances in memory.
type accepted []Acceptance

func (k *accepted) Accept(_ context.Context, _ Repository, list []Acceptance) error {
	for _, a := range list {
		if !slices.Contains(*k, a) {
			*k = append(*k, a)
		}
	}
	return nil
}

func (k *accepted) Accepted(_ context.Context, _ Repository, number int) (out []Acceptance, err error) {
	for _, a := range *k {
		if number == 0 || a.Number == number {
			out = append(out, a)
		}
	}
	return out, nil
}

func (k *accepted) Retract(_ context.Context, _ Repository, number int, ref RemarkRef) error {
	*k = slices.DeleteFunc(*k, func(a Acceptance) bool { return a.Number == number && a.RemarkRef == ref })
	return nil
}

func (k *accepted) End(_ context.Context, _ Repository, number int) error {
	*k = slices.DeleteFunc(*k, func(a Acceptance) bool { return a.Number == number })
	return nil
}

func (f *forge) Hub(Repository) Hub {
	if f.hub == nil {
		return &hub{}
	}
	return f.hub
}

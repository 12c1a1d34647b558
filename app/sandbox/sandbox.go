// Package sandbox is a world to try Bonafide in: a GitHub over a bare git
// repository, an npm registry with a virtual Sigstore, and sample pull requests,
// all on loopback. The demo and the tests live in it; nothing else imports it.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/samples"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// WebhookSecret signs the sandbox's webhooks.
const WebhookSecret = "the sandbox's own secret"

// Owner and Name are the repository that the sample pull requests are opened in,
// IncidentOwner and IncidentName that of the incidents.
const (
	Owner = "lumen-shop"
	Name  = "storefront"

	IncidentOwner = "hindsight"
	IncidentName  = "bystander"
)

// World is a GitHub and a registry that are served on loopback.
type World struct {
	GitHub   *forge.Server
	NPM      *npm.Registry
	NPMURL   string // "http://127.0.0.1:1234/"
	Sigstore *sigstore.Sigstore

	servers []*http.Server
}

// New starts an empty world. dir keeps the git repositories; address is where the
// pages of the GitHub are served, "" for a free port of 127.0.0.1.
func New(ctx context.Context, dir, address string) (*World, error) {
	w := &World{}
	var err error
	if w.Sigstore, err = sigstore.New(time.Now); err != nil {
		return nil, fmt.Errorf("the virtual Sigstore: %w", err)
	}
	if w.NPM, err = npm.New(w.Sigstore, time.Now); err != nil {
		return nil, fmt.Errorf("the registry: %w", err)
	}
	if w.GitHub, err = forge.New(filepath.Join(dir, "git"), forge.Options{Secret: WebhookSecret}); err != nil {
		return nil, fmt.Errorf("the GitHub: %w", err)
	}
	if w.NPMURL, err = w.serve(ctx, "", w.NPM); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	page, err := w.serve(ctx, address, w.GitHub.Handler())
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if err := w.GitHub.SetURL(page); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Listen opens a listener on a free port of 127.0.0.1.
func Listen(ctx context.Context) (net.Listener, error) { return listen(ctx, "127.0.0.1:0") }

func listen(ctx context.Context, address string) (net.Listener, error) {
	var c net.ListenConfig
	return c.Listen(ctx, "tcp", address)
}

func (w *World) serve(ctx context.Context, address string, h http.Handler) (url string, err error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := listen(ctx, address)
	if err != nil {
		return "", fmt.Errorf("the sandbox listens on %s: %w", address, err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	w.servers = append(w.servers, s)
	go func() { _ = s.Serve(l) }() // ends with Close
	return "http://" + l.Addr().String() + "/", nil
}

// Close ends everything at once.
func (w *World) Close() error {
	err := w.GitHub.Close()
	for _, s := range w.servers {
		err = errors.Join(err, s.Close())
	}
	return err
}

// Opened is a sample whose pull requests are open.
type Opened struct {
	samples.Sample
	HeadSHA string
	Pulls   []*forge.Pull
}

// Scene is a repository with sample pull requests open in it.
type Scene struct {
	Repository   *forge.Repository
	Installation *forge.Installation
	Samples      []Opened
}

// PublishSamples publishes the sample packages, and says of their builds and of the
// malware among them what the samples say.
func (w *World) PublishSamples() error {
	if err := samples.World(w.NPM); err != nil {
		return err
	}
	if err := w.DeclareBuilds(samples.Commits()); err != nil {
		return err
	}
	for name, id := range samples.Malware() {
		w.GitHub.AddAdvisory(forge.Advisory{ID: id, Type: "malware", Summary: "Malware in " + name, Affects: []forge.Affected{{Name: name, Range: ">= 0"}}})
	}
	return nil
}

// PublishIncidents does the same with the packages of the incidents.
func (w *World) PublishIncidents() error {
	if err := samples.IncidentWorld(w.NPM); err != nil {
		return err
	}
	if err := w.DeclareBuilds(nil); err != nil {
		return err
	}
	for _, b := range samples.FailedBuilds() {
		if err := w.declareFailed(b); err != nil {
			return err
		}
	}
	return nil
}

// OpenSamples publishes the sample packages, installs the App on a new repository
// and opens every sample's pull requests in it. It returns when all webhooks were
// delivered.
func (w *World) OpenSamples(ctx context.Context) (Scene, error) {
	if err := w.PublishSamples(); err != nil {
		return Scene{}, err
	}
	all, err := samples.Samples()
	if err != nil {
		return Scene{}, err
	}
	return w.stage(ctx, Owner, Name, false, all)
}

// OpenIncidents does the same with the incidents, in a repository of their own.
func (w *World) OpenIncidents(ctx context.Context) (Scene, error) {
	if err := w.PublishIncidents(); err != nil {
		return Scene{}, err
	}
	incidents, err := samples.Incidents()
	if err != nil {
		return Scene{}, err
	}
	all := make([]samples.Sample, 0, len(incidents))
	for _, i := range incidents {
		all = append(all, i.Sample)
	}
	return w.stage(ctx, IncidentOwner, IncidentName, true, all)
}

// stage opens samples that begin at the same tip of main.
func (w *World) stage(ctx context.Context, owner, name string, private bool, all []samples.Sample) (Scene, error) {
	repo, err := w.GitHub.CreateRepository(ctx, forge.RepositorySpec{Owner: owner, Name: name, Private: private, DefaultBranch: samples.Main, Files: Files(nil, all[0].Main)})
	if err != nil {
		return Scene{}, fmt.Errorf("the sample repository: %w", err)
	}
	w.invite(repo)
	installation, err := w.GitHub.Install(ctx, owner, repo)
	if err != nil {
		return Scene{}, fmt.Errorf("install the App: %w", err)
	}
	scene := Scene{Repository: repo, Installation: installation}
	for _, s := range all {
		o, err := open(ctx, repo, s)
		if err != nil {
			return Scene{}, fmt.Errorf("sample %s: %w", s.Name, err)
		}
		scene.Samples = append(scene.Samples, o)
	}
	return scene, nil
}

// DeclareBuilds tells the GitHub of the repositories that the registry's releases were
// built in: each build is a tag or a commit of the default branch there, and a run that
// succeeded. commits are further ones of default branches, by "OWNER/REPO". What was
// declared before stays as it is, so that a run can be declared to have failed.
func (w *World) DeclareBuilds(commits map[string][]string) error {
	builds, err := w.NPM.Builds()
	if err != nil {
		return err
	}
	upstreams := map[string]*forge.Upstream{}
	upstream := func(repository, id string) *forge.Upstream {
		u := upstreams[repository]
		if u == nil {
			owner, name, _ := strings.Cut(repository, "/")
			tip := sigstore.Commit(repository, "refs/heads/main")
			u = &forge.Upstream{Owner: owner, Name: name, Branches: map[string]string{"main": tip}, Tags: map[string]string{}}
			upstreams[repository] = u
		}
		if u.ID == 0 {
			u.ID, _ = strconv.ParseInt(id, 10, 64) // what is no number is refused with the name
		}
		return u
	}
	for _, b := range builds {
		u := upstream(b.Repository, b.RepositoryID)
		if tag, ok := strings.CutPrefix(b.Ref, "refs/tags/"); ok {
			u.Tags[tag] = b.Commit
		}
		u.History = append(u.History, b.Commit)
		u.Runs = append(u.Runs, forge.WorkflowRun{ID: b.RunID, Attempt: b.Attempt, Event: b.Trigger, Commit: b.Commit, Workflow: b.Workflow, Conclusion: "success"})
	}
	for repository, more := range commits {
		u := upstream(repository, "1")
		u.History = append(u.History, more...)
	}
	for _, name := range slices.Sorted(maps.Keys(upstreams)) {
		u := upstreams[name]
		if w.GitHub.HasUpstream(u.Owner, u.Name) {
			continue
		}
		if err := w.GitHub.AddUpstream(*u); err != nil {
			return err
		}
	}
	return nil
}

// declareFailed says of the run of a declared build that its tests failed, so that the
// job that publishes was skipped.
func (w *World) declareFailed(b sigstore.Build) error {
	b, err := b.Complete()
	if err != nil {
		return err
	}
	owner, name, _ := strings.Cut(b.Repository, "/")
	return w.GitHub.AddRun(owner, name, forge.WorkflowRun{ID: b.RunID, Attempt: b.Attempt, Event: b.Trigger, Commit: b.Commit, Workflow: b.Workflow,
		Conclusion: "failure", Jobs: []forge.Job{{Name: "Test", Conclusion: "failure"}, {Name: "Publish", Conclusion: "skipped"}}})
}

// open pushes a sample's branches and opens its pull requests.
func open(ctx context.Context, repo *forge.Repository, s samples.Sample) (Opened, error) {
	from, before := samples.Main, s.Main
	if s.Next != nil {
		if _, err := repo.Push(ctx, forge.Change{Branch: samples.Next, From: samples.Main, Message: "Work for the next release", Files: Files(s.Main, s.Next)}); err != nil {
			return Opened{}, err
		}
		from, before = samples.Next, s.Next
	}
	o := Opened{Sample: s}
	var err error
	if o.HeadSHA, err = repo.Push(ctx, forge.Change{Branch: s.Branch, From: from, Message: s.Title, Files: Files(before, s.Head)}); err != nil {
		return Opened{}, err
	}
	for _, base := range s.Into {
		p, err := repo.OpenPull(ctx, forge.PullSpec{Title: s.Title, Body: strings.TrimSpace(s.Story + "\n\n" + s.Note), Head: s.Branch, Base: base})
		if err != nil {
			return Opened{}, err
		}
		o.Pulls = append(o.Pulls, p)
	}
	return o, nil
}

// Files is what a commit changes between two trees.
func Files(before, after samples.Tree) forge.Files {
	out := forge.Files{}
	for path, content := range after {
		if old, there := before[path]; !there || old != content {
			out[path] = forge.Text(content)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if _, stays := after[path]; !stays {
			out[path] = forge.Deleted()
		}
	}
	return out
}

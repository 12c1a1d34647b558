package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/outbound"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

// concurrency is how many releases are verified at a time. Each waits for the network most
// of the time; the registry client bounds its own requests per host. With 512 a run of a
// thousand packages 30 ms away is no faster, and takes 14 MB more.
const concurrency = 128

// evidenceFlags say where evidence comes from and how the result is shown. They are
// the same for audit, diff and verify.
type evidenceFlags struct {
	Format string   `enum:"table,json,sarif,markdown,summary,csv,cyclonedx" default:"table" help:"How to show the result: ${enum}."`
	Also   []copied `sep:"none" placeholder:"FORMAT=FILE" help:"Write the result to this file, too, in this format. May be given several times."`
	Policy string   `type:"existingfile" placeholder:"FILE" help:"A bonafide.yml; else the one of the directory or of the base ref; else the defaults."`
	Color  string   `enum:"auto,always,never" default:"auto" help:"Whether words for states have colours, too: ${enum}. auto is on a terminal, unless NO_COLOR is set."`
	sourceFlags
}

// sourceFlags say where evidence comes from.
type sourceFlags struct {
	config.Evidence
	SaveAs       string        `name:"evidence" placeholder:"FILE" help:"Save the registry's answers to this file; with --offline, replay them."`
	GitHubToken  config.Secret `name:"github-token" env:"GITHUB_TOKEN,GH_TOKEN" placeholder:"TOKEN" help:"Asks GitHub about workflow runs, commits and malware; it needs no rights. Better in the environment than as a flag."`
	GitHubAPIURL string        `name:"github-api-url" env:"BONAFIDE_GITHUB_API_URL,GITHUB_API_URL" default:"https://api.github.com/" placeholder:"URL" help:"GitHub's REST API (${default})."`
	Offline      bool          `help:"Ask nobody: use only what earlier runs kept, or what --evidence saved. The rest is unknown."`
	keepingFlags
}

// instruments are what a command needs to review.
type instruments struct {
	reviewer *review.Reviewer
	hub      review.Hub   // nil without a token, and offline
	save     func() error // writes what is to be kept, or was asked to be saved
	kept     keeping
	bar      *bar
	trust    *trust
}

// open builds the registry client, the verifier and the reviewer from the flags. tuf is
// where trust is refreshed from. What is opened must be closed.
func (f *sourceFlags) open(ctx context.Context, tty terminal, tuf provenance.SourceOptions) (*instruments, error) {
	if err := f.Evidence.Validate(); err != nil {
		return nil, usage("%v", err)
	}
	spareMemory()
	route, err := outbound.Environment(f.CAFile)
	if err != nil {
		return nil, &statusError{exitUsage, err}
	}
	all, err := readRegistries(f.Evidence, tty)
	if err != nil {
		return nil, err
	}
	source, save, err := f.source(route, all)
	if err != nil {
		return nil, err
	}
	hub, err := f.hub(route)
	if err != nil {
		return nil, err
	}
	trust, err := f.startTrust(ctx, tuf)
	if err != nil {
		return nil, err
	}
	kept := f.keep(tty)
	if kept.save != nil {
		source, save = source.wrap(kept.keep), kept.save
	}
	s := &instruments{hub: hub, save: save, kept: kept, bar: newBar(tty.err), trust: trust}
	if s.reviewer, err = f.reviewer(source, s); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// startTrust reads the trust material and begins to refresh it. What is started must be ended.
func (f *sourceFlags) startTrust(ctx context.Context, tuf provenance.SourceOptions) (*trust, error) {
	initial, err := loadTrust(f.Evidence)
	if err != nil {
		return nil, err
	}
	route, err := outbound.Environment(f.CAFile)
	if err != nil {
		return nil, &statusError{exitUsage, err}
	}
	tuf.CacheDir, tuf.Client = f.cacheDir(), &http.Client{Transport: route.Transport()}
	if f.TUFMirror != "" {
		tuf.Repository = f.TUFMirror
	}
	return startTrust(ctx, initial, f.Offline, tuf)
}

// reviewer reviews with what was opened.
func (f *sourceFlags) reviewer(source sources, s *instruments) (*review.Reviewer, error) {
	o := provenance.Options{Cache: s.kept.cache, Reverify: f.Reverify}
	verifier, err := provenance.New(source.main, s.trust.current, o)
	if err != nil {
		return nil, err
	}
	others, err := source.reviewed(s.trust.current, o)
	if err != nil {
		return nil, err
	}
	reviewer, err := review.New(review.Options{
		Verifier: verifier, Historian: source.main, Registry: f.NPMRegistry, Others: others, Mirrors: source.all.Mirrors, Private: source.all.Private, Concurrency: concurrency, Clock: time.Now, Progress: s.bar.show, Offline: f.Offline,
	})
	if err != nil {
		return nil, usage("%w", err)
	}
	return reviewer, nil
}

// close ends what goes on in the background, and what save did not.
func (s *instruments) close() {
	s.trust.end()
	s.kept.close()
}

// hub asks GitHub with the token that was given.
func (f *sourceFlags) hub(route outbound.Route) (review.Hub, error) {
	if f.Offline || f.GitHubToken.Empty() {
		return nil, nil
	}
	hub, err := checks.NewHub(checks.HubConfig{APIURL: f.GitHubAPIURL, Token: f.GitHubToken.Reveal(), UserAgent: "bonafide/" + moduleVersion(), Transport: checks.Transport(route)})
	if err != nil {
		return nil, usage("--github-token, --github-api-url: %v", err)
	}
	return hub, nil
}

// source are the registries, recorded where that was asked for, or what was saved of them.
func (f *sourceFlags) source(route outbound.Route, all config.Registries) (sources, func() error, error) {
	file := f.SaveAs
	none := func() error { return nil }
	npm, err := openRegistries(f.Evidence, route, all)
	if err != nil {
		return sources{}, nil, err
	}
	switch {
	case f.Offline && file == "":
		return npm.wrap(func(s registry.Source) registry.Source { return registry.Nothing(s.Origin()) }), none, nil
	case f.Offline:
		in, err := os.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			return sources{}, nil, usage("--offline: %s was not saved yet; run once without --offline", file)
		} else if err != nil {
			return sources{}, nil, unopened("--evidence "+file, err)
		}
		defer in.Close()
		saved, err := registry.ReadArchive(in)
		if err != nil {
			return sources{}, nil, usage("%s: %v; run once without --offline to save it anew", file, err)
		}
		if saved.Origin() != npm.main.Origin() {
			return sources{}, nil, usage("%s holds the answers of %s, not of %s: give the same --npm-registry", file, saved.Origin(), npm.main.Origin())
		}
		replayed := sources{main: saved, all: npm.all}
		for _, other := range npm.others {
			replayed.others = append(replayed.others, saved.Of(other.Origin()))
		}
		return replayed, none, nil
	case file == "":
		return npm, none, nil
	}
	main := registry.NewArchive(npm.main)
	recorded := sources{main: main, all: npm.all}
	for _, other := range npm.others {
		recorded.others = append(recorded.others, main.Beside(other))
	}
	return recorded, func() error { return writeFile(file, main) }, nil
}

// loadTrust reads the trust material; what is not given is the built-in one.
func loadTrust(e config.Evidence) (*provenance.TrustRoot, error) {
	if e.TrustedRoot == "" && e.NPMKeys == "" {
		return provenance.Embedded()
	}
	var root, keys []byte
	var err error
	if e.TrustedRoot != "" {
		if root, err = os.ReadFile(e.TrustedRoot); err != nil {
			return nil, unopened("--trusted-root "+e.TrustedRoot, err)
		}
	}
	if e.NPMKeys != "" {
		if keys, err = os.ReadFile(e.NPMKeys); err != nil {
			return nil, unopened("--npm-keys "+e.NPMKeys, err)
		}
	}
	trust, err := provenance.LoadTrust(root, keys)
	if err != nil {
		return nil, untrusted(err)
	}
	return trust, nil
}

// readPolicy is the policy of --policy, else of the tree, else the default.
func (f *evidenceFlags) readPolicy(ctx context.Context, tree review.Tree, name string) (policy.Policy, error) {
	return readPolicy(ctx, f.Policy, tree, name)
}

// readPolicy is the policy of a file, else of the tree, else the default. An error in it
// is the caller's to mend, and wraps config.Errors.
func readPolicy(ctx context.Context, file string, tree review.Tree, name string) (policy.Policy, error) {
	var data []byte
	var err error
	if file != "" {
		if data, err = os.ReadFile(file); err != nil {
			return policy.Policy{}, unopened("--policy "+file, err)
		}
	} else {
		var there []review.TreeEntry
		for _, path := range append(config.PolicyPaths(), config.MistakenPolicyPaths()...) {
			if e, ok := find(tree, path); ok {
				there = append(there, e)
			}
		}
		if len(there) == 0 {
			return policy.Default(), nil
		}
		if fault := review.PolicyFault(there); fault != "" {
			return policy.Policy{}, usage("%s", fault)
		}
		file = there[0].Path
		if data, err = tree.Read(ctx, there[0]); err != nil {
			return policy.Policy{}, fmt.Errorf("read %s of %s: %w", file, name, err)
		}
	}
	p, err := config.ParsePolicy(file, data)
	if err != nil {
		return policy.Policy{}, usage("%w", err)
	}
	return p, nil
}

func find(tree review.Tree, path string) (review.TreeEntry, bool) {
	for _, e := range tree.Entries() {
		if e.Path == path {
			return e, true
		}
	}
	return review.TreeEntry{}, false
}

// review answers a request for one kind of report: audit and diff differ in what
// they request alone.
func (f *evidenceFlags) review(ctx context.Context, tty terminal, tuf provenance.SourceOptions, kind report.Kind, o report.TableOptions, request func(context.Context) (review.Request, error)) error {
	began := time.Now()
	s, err := f.open(ctx, tty, tuf)
	if err != nil {
		return err
	}
	defer s.close()
	req, err := request(ctx)
	if ctx.Err() != nil {
		return ctx.Err() // not what came of it, like a git that was ended
	}
	if err != nil {
		return err
	}
	req.Kind, req.Hub, req.Apart = kind, s.hub, len(o.Rules) > 0
	r, err := s.reviewer.Review(ctx, req)
	if err != nil {
		s.bar.clear()
		return err
	}
	return f.finish(tty, s, r, o, began)
}

// finish shows the report, saves what was asked to be saved, and turns the
// conclusion into the exit status.
func (f *evidenceFlags) finish(tty terminal, s *instruments, r report.Report, o report.TableOptions, began time.Time) error {
	s.bar.clear()
	if err := s.save(); err != nil {
		return err
	}
	o.Width, o.Color, o.Took = width(tty.out), colored(f.Color, tty.out, os.Getenv), time.Since(began)
	if err := f.show(tty.out, f.Format, r, o); err != nil {
		return err
	}
	if err := f.copies(r, o); err != nil {
		return err
	}
	if stale := s.trust.stale(); stale != "" {
		fmt.Fprintln(tty.err, "bonafide:", stale)
	}
	if what := f.unreached(r); what != "" {
		fmt.Fprintln(tty.err, "bonafide:", what)
	}
	return exitStatus(r.Conclusion)
}

// show writes the report in a format.
func (f *evidenceFlags) show(w io.Writer, format string, r report.Report, o report.TableOptions) error {
	narrowed := report.Narrow(r, o.Filter)
	switch format {
	case "json":
		return report.JSON(w, narrowed)
	case "sarif":
		return report.SARIF(w, narrowed, moduleVersion())
	case "markdown":
		return report.Markdown(w, narrowed)
	case "summary":
		return report.JobSummary(w, narrowed)
	case "csv":
		return report.CSV(w, narrowed)
	case "cyclonedx":
		return report.CycloneDX(w, narrowed, moduleVersion())
	}
	return report.Table(w, r, o)
}

// writeFile replaces a file as a whole: a reader sees the old or the new one.
func writeFile(name string, from io.WriterTo) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("save the evidence: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".evidence-*")
	if err != nil {
		return fmt.Errorf("save the evidence: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // fails where it was renamed
	if _, err := from.WriteTo(tmp); err != nil {
		tmp.Close()
		return fmt.Errorf("save the evidence: %w", err)
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("save the evidence: %w", err)
	}
	if err := os.Rename(tmp.Name(), name); err != nil {
		return fmt.Errorf("save the evidence: %w", err)
	}
	return nil
}

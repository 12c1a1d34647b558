package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-isatty"
	"golang.org/x/term"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

// concurrency is how many releases are verified at a time. Each waits for the
// network most of the time; the registry client bounds its own requests per host.
const concurrency = 128

// evidenceFlags say where evidence comes from and how the result is shown. They are
// the same for audit, diff and verify.
type evidenceFlags struct {
	Format string `enum:"table,json,markdown" default:"table" help:"How to show the result: ${enum}."`
	Policy string `type:"existingfile" placeholder:"FILE" help:"A bonafide.yml; else the one of the directory or of the base ref; else the defaults."`
	sourceFlags
}

// sourceFlags say where evidence comes from.
type sourceFlags struct {
	config.Evidence
	SaveAs       string        `name:"evidence" placeholder:"FILE" help:"Save the registry's answers to this file; with --offline, replay them."`
	GitHubToken  config.Secret `name:"github-token" env:"GITHUB_TOKEN,GH_TOKEN" placeholder:"TOKEN" help:"Asks GitHub about workflow runs, commits and malware; it needs no rights. Better in the environment than as a flag."`
	GitHubAPIURL string        `name:"github-api-url" env:"BONAFIDE_GITHUB_API_URL,GITHUB_API_URL" default:"https://api.github.com/" placeholder:"URL" help:"GitHub's REST API (${default})."`
	Offline      bool          `help:"Ask nobody: use only what --evidence or --cache-dir saved. The rest is unknown."`
}

// instruments are what a command needs to review.
type instruments struct {
	reviewer *review.Reviewer
	hub      review.Hub   // nil without a token, and offline
	save     func() error // writes what was answered, where that was asked for
}

// open builds the registry client, the verifier and the reviewer from the flags.
func (f *sourceFlags) open(tty terminal) (*instruments, error) {
	if err := f.Evidence.Validate(); err != nil {
		return nil, usage("%v", err)
	}
	trust, err := loadTrust(f.Evidence)
	if err != nil {
		return nil, err
	}
	source, save, err := f.source()
	if err != nil {
		return nil, err
	}
	verifier, err := provenance.New(source, func() *provenance.TrustRoot { return trust }, provenance.Options{})
	if err != nil {
		return nil, err
	}
	reviewer, err := review.New(review.Options{
		Verifier: verifier, Historian: source, Registry: f.NPMRegistry, Concurrency: concurrency, Clock: time.Now, Progress: progress(tty.err), Offline: f.Offline,
	})
	if err != nil {
		return nil, err
	}
	hub, err := f.hub()
	return &instruments{reviewer, hub, save}, err
}

// hub asks GitHub with the token that was given.
func (f *sourceFlags) hub() (review.Hub, error) {
	if f.Offline || f.GitHubToken.Empty() {
		return nil, nil
	}
	hub, err := checks.NewHub(checks.HubConfig{APIURL: f.GitHubAPIURL, Token: f.GitHubToken.Reveal(), UserAgent: "bonafide/" + moduleVersion()})
	if err != nil {
		return nil, usage("--github-token, --github-api-url: %v", err)
	}
	return hub, nil
}

// source is the registry, recorded where that was asked for, or what was saved of it.
func (f *sourceFlags) source() (registry.Source, func() error, error) {
	file := f.SaveAs
	if file == "" && f.CacheDir != "" {
		file = filepath.Join(f.CacheDir, "evidence.json")
	}
	none := func() error { return nil }
	npm, err := openRegistry(f.Evidence)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case f.Offline && file == "":
		return registry.Nothing(npm.Origin()), none, nil
	case f.Offline:
		in, err := os.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, usage("--offline: %s was not saved yet; run once without --offline", file)
		} else if err != nil {
			return nil, nil, usage("%v", err)
		}
		defer in.Close()
		saved, err := registry.ReadArchive(in)
		if err != nil {
			return nil, nil, usage("%s: %v", file, err)
		}
		if saved.Origin() != npm.Origin() {
			return nil, nil, usage("%s holds the answers of %s, not of %s: give the same --npm-registry", file, saved.Origin(), npm.Origin())
		}
		return saved, none, nil
	case file == "":
		return npm, none, nil
	}
	recorded := registry.NewArchive(npm)
	return recorded, func() error { return writeFile(file, recorded) }, nil
}

// openRegistry makes the client of one npm registry.
func openRegistry(e config.Evidence) (*registry.NPM, error) {
	client, err := registry.New(registry.Options{Registries: []string{e.NPMRegistry}, CAFile: e.CAFile})
	if err != nil {
		return nil, usage("%v", err)
	}
	npm, err := registry.NewNPM(client, e.NPMRegistry)
	if err != nil {
		return nil, usage("%v", err)
	}
	return npm, nil
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
			return nil, usage("--trusted-root: %v", err)
		}
	}
	if e.NPMKeys != "" {
		if keys, err = os.ReadFile(e.NPMKeys); err != nil {
			return nil, usage("--npm-keys: %v", err)
		}
	}
	trust, err := provenance.LoadTrust(root, keys)
	if err != nil {
		return nil, usage("trust material: %v", err)
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
			return policy.Policy{}, usage("--policy: %v", err)
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
func (f *evidenceFlags) review(ctx context.Context, tty terminal, kind report.Kind, filter report.Filter, request func(context.Context) (review.Request, error)) error {
	began := time.Now()
	s, err := f.open(tty)
	if err != nil {
		return err
	}
	req, err := request(ctx)
	if err != nil {
		return err
	}
	req.Kind, req.Hub = kind, s.hub
	r, err := s.reviewer.Review(ctx, req)
	if err != nil {
		return err
	}
	return f.finish(tty, s, r, filter, began)
}

// finish shows the report, saves what was asked to be saved, and turns the
// conclusion into the exit status.
func (f *evidenceFlags) finish(tty terminal, s *instruments, r report.Report, filter report.Filter, began time.Time) error {
	if err := s.save(); err != nil {
		return err
	}
	o := report.TableOptions{Width: width(tty.out), Took: time.Since(began), Filter: filter}
	if err := f.show(tty.out, r, o); err != nil {
		return err
	}
	return exitStatus(r.Conclusion)
}

// show writes the report in the format asked for.
func (f *evidenceFlags) show(w io.Writer, r report.Report, o report.TableOptions) error {
	switch f.Format {
	case "json":
		return report.JSON(w, report.Narrow(r, o.Filter))
	case "markdown":
		return report.Markdown(w, report.Narrow(r, o.Filter))
	}
	return report.Table(w, r, o)
}

// width is how many columns the terminal has, 0 (as wide as need be) where the
// output is no terminal.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// progress counts on a terminal, and says nothing elsewhere.
func progress(w io.Writer) func(done, total int) {
	f, ok := w.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return nil
	}
	return func(done, total int) {
		if done == total {
			fmt.Fprint(w, "\r\x1b[K") // gone when it is over
			return
		}
		fmt.Fprintf(w, "\rverified %d of %d releases", done, total)
	}
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

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

type auditCommand struct {
	Path string `arg:"" optional:"" default:"." placeholder:"LOCKFILE|DIR" help:"A lockfile, or a directory: then every lockfile in it (${default})."`
	filterFlags
	evidenceFlags
}

// filterFlags narrow the list of packages and say how it is shown; the verdict stays that
// of the whole.
type filterFlags struct {
	WithoutProvenance bool   `help:"List only packages without verified provenance."`
	Lost              bool   `help:"List only packages that lost provenance or their trusted publisher; asks for the history of every package."`
	Repo              string `placeholder:"OWNER/NAME" help:"List only packages that were built in this repository."`
	Prod              bool   `help:"List only what is installed in production."`

	Rule    []ruleName   `placeholder:"RULE" help:"List only packages with a finding of this rule, and no other findings; may be given several times. An audit then asks for histories, as with --lost."`
	GroupBy report.Group `enum:"lockfile,repo,scope,state" default:"lockfile" help:"What the table puts together: ${enum}; repo is the repository that a package was built in."`
}

func (f filterFlags) filter() report.TableOptions {
	o := report.TableOptions{Group: f.GroupBy, Filter: report.Filter{WithoutProvenance: f.WithoutProvenance, Lost: f.Lost, Repo: f.Repo, Prod: f.Prod}}
	for _, rule := range f.Rule {
		o.Rules = append(o.Rules, policy.RuleName(rule))
	}
	return o
}

// ruleName is the name of a rule that there is.
type ruleName policy.RuleName

// UnmarshalText is how kong reads a flag.
func (r *ruleName) UnmarshalText(name []byte) error {
	if _, ok := policy.FindRule(policy.RuleName(name)); !ok {
		var known []string
		for _, rule := range policy.Rules() {
			known = append(known, string(rule.Name))
		}
		return fmt.Errorf("there is no rule %q.%s The rules are in docs/rules.md", name, config.Suggest(string(name), known))
	}
	*r = ruleName(name)
	return nil
}

// Run verifies every package of a lockfile.
func (c *auditCommand) Run(ctx context.Context, tty terminal, tuf provenance.SourceOptions) error {
	return c.review(ctx, tty, tuf, report.Audit, c.filter(), func(ctx context.Context) (review.Request, error) {
		req, err := c.request(ctx)
		req.Lost = c.Lost || len(c.Rule) > 0 // many rules look at histories: else they would find nothing
		return req, err
	})
}

func (c *auditCommand) request(ctx context.Context) (review.Request, error) {
	info, err := os.Stat(c.Path)
	if err != nil {
		return review.Request{}, unopened(c.Path, err)
	}
	if !info.IsDir() {
		file, err := readLockfile(c.Path)
		if err != nil {
			return review.Request{}, err
		}
		p, err := c.readPolicy(ctx, emptyTree{}, "")
		return review.Request{Files: []review.File{file}, Policy: p}, err
	}
	tree, err := openDirTree(c.Path)
	if err != nil {
		return review.Request{}, err
	}
	defer tree.Close()
	p, err := c.readPolicy(ctx, tree, c.Path)
	if err != nil {
		return review.Request{}, err
	}
	req, err := review.Compare(ctx, emptyTree{}, tree, p.Ignores)
	if err != nil {
		return review.Request{}, err
	}
	if len(req.Files)+len(req.Problems) == 0 {
		return review.Request{}, usage("%s holds no lockfile; known are %s", c.Path, lockfileNames)
	}
	req.Policy, req.Whole = p, true
	return req, nil
}

// readLockfile reads one file whose name says which format it has.
func readLockfile(name string) (review.File, error) {
	as, ok := lockfileName(name)
	if !ok {
		return review.File{}, usage("%s is not named like a lockfile; known are %s, also with something before it: old.package-lock.json", name, lockfileNames)
	}
	f, err := os.Open(name)
	if err != nil {
		return review.File{}, unopened(name, err)
	}
	defer f.Close()
	data, err := readLimited(f, name)
	if err != nil {
		return review.File{}, err
	}
	file := review.File{Path: as, Head: data}
	readSettings(&file, filepath.Dir(name))
	return file, nil
}

// readSettings reads what the files beside a lockfile say about registries.
func readSettings(file *review.File, dir string) {
	for _, name := range lockfile.SettingsFiles() {
		f, err := os.Open(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var settings lockfile.Settings
		if err == nil {
			var data []byte
			if data, err = readLimited(f, name); err == nil {
				settings, err = lockfile.ParseSettings(name, data)
			}
			_ = f.Close()
		}
		if err != nil {
			file.SettingsUnread = err.Error()
			continue
		}
		file.Settings = append(file.Settings, settings)
	}
}

// lockfileName is the name that a file is read as: its own, or what follows a dot,
// a dash or an underscore in it, so that "base.package-lock.json" is known too.
func lockfileName(name string) (string, bool) {
	base := filepath.Base(name)
	for i := range base {
		if i > 0 && !strings.ContainsRune(".-_", rune(base[i-1])) {
			continue
		}
		if _, ok := lockfile.Recognise(base[i:]); ok {
			return base[i:], true
		}
	}
	return "", false
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

type policyCommand struct {
	Check   policyCheckCommand   `cmd:"" help:"Read a policy file and say what is wrong with it, line by line."`
	Explain policyExplainCommand `cmd:"" help:"Show what the policy says about a package, and which line of it says so."`
	Init    policyInitCommand    `cmd:"" help:"Write a commented policy file to begin with."`
}

type policyCheckCommand struct {
	Path string `arg:"" optional:"" default:"." placeholder:"FILE|DIR" help:"A policy file, or the directory that has one (${default})."`
}

// Run says what is wrong with a policy file, as a compiler does, or what it says.
func (c *policyCheckCommand) Run(ctx context.Context, tty terminal) error {
	p, err := policyAt(ctx, c.Path)
	if err != nil {
		return mistakes(tty, err)
	}
	w := &printer{w: tty.out}
	if p.Source == policy.Default().Source {
		w.printf("%s has no policy file: the defaults hold.\n", report.Terminal(c.Path))
		return w.err
	}
	w.printf("%s is in order.\n", report.Terminal(p.Source))
	w.printf("  mode: %s, on_unknown: %s, cooldown: %s\n", p.Mode, p.OnUnknown, policy.Days(p.Cooldown))
	w.printf("  provenance: require %s, min_coverage %g%%, max_coverage_drop %g%%\n", p.Require, p.MinCoverage, p.MaxCoverageDrop)
	var other []string
	for _, r := range policy.Rules() {
		if !r.Fixed && p.Severity(r.Name) != r.Default {
			other = append(other, fmt.Sprintf("%s: %s", r.Name, p.Severity(r.Name)))
		}
	}
	if len(other) == 0 {
		other = []string{"all as by default"}
	}
	w.printf("  rules: %s\n", strings.Join(other, ", "))
	w.printf("  packages: %d with settings of their own\n  exceptions: %d\n", len(p.Packages), len(p.Exceptions))
	for _, x := range p.Exceptions {
		if x.Expired(time.Now()) {
			w.printf("%s:%d: this exception, for %s, has expired on %s and no longer holds\n",
				report.Terminal(p.Source), x.Line, report.Terminal(x.Package), x.Expires.Format(time.DateOnly))
		}
	}
	return w.err
}

// mistakes prints the errors of a policy file as they are, for editors to jump to.
func mistakes(tty terminal, err error) error {
	var list config.Errors
	if !errors.As(err, &list) {
		return err
	}
	for _, e := range list {
		fmt.Fprintln(tty.err, report.Terminal(e.Error()))
	}
	return &statusError{status: exitUsage}
}

// policyAt is the policy of a file, or of a directory.
func policyAt(ctx context.Context, path string) (policy.Policy, error) {
	info, err := os.Stat(path)
	if err != nil {
		return policy.Policy{}, usage("%v", err)
	}
	if !info.IsDir() {
		return readPolicy(ctx, path, emptyTree{}, "")
	}
	tree, err := openDirTree(path)
	if err != nil {
		return policy.Policy{}, err
	}
	defer tree.Close()
	return readPolicy(ctx, "", tree, path)
}

type policyExplainCommand struct {
	Package string `arg:"" placeholder:"PACKAGE[@VERSION]" help:"npm:@my-org/http@1.0.0, or without a version."`
	Policy  string `type:"existingfile" placeholder:"FILE" help:"A bonafide.yml; else the one of this directory; else the defaults."`
	Format  string `enum:"table,json" default:"table" help:"How to show it: ${enum}."`
}

// Run shows what decides about a package.
func (c *policyExplainCommand) Run(ctx context.Context, tty terminal) error {
	pkg, err := packageOrName(c.Package)
	if err != nil {
		return usage("%v", err)
	}
	path := c.Policy
	if path == "" {
		path = "."
	}
	p, err := policyAt(ctx, path)
	if err != nil {
		return mistakes(tty, err)
	}
	x := policy.Explain(p, pkg, time.Now())
	if c.Format == "json" {
		return explainJSON(tty.out, x)
	}
	return explain(tty.out, x)
}

// packageOrName reads a package with or without a version.
func packageOrName(s string) (dep.Package, error) {
	name := strings.TrimPrefix(s, "npm:")
	if strings.HasPrefix(s, "pkg:") || strings.LastIndexByte(name, '@') > 0 {
		return dep.ParsePackage(s)
	}
	if name == "" || strings.ContainsAny(name, ": ") {
		return dep.Package{}, fmt.Errorf("%q names no package: write npm:NAME or npm:NAME@VERSION", s)
	}
	return dep.Package{Ecosystem: dep.NPM, Name: name}, nil
}

// explain writes an explanation for people.
func explain(out io.Writer, x policy.Explanation) error {
	w := &printer{w: out}
	at := func(p policy.Place) string {
		switch {
		case p.Line == 0:
			return "default"
		case p.File != "":
			return report.Terminal(fmt.Sprintf("%s:%d", p.File, p.Line))
		}
		return fmt.Sprintf("line %d", p.Line)
	}
	w.printf("%s\npolicy: %s\n\n", report.Terminal(x.Package.String()), report.Terminal(x.Source))
	if len(x.Blocks)+len(x.Some) == 0 {
		w.printf("No block under packages is for it.\n")
	}
	for _, b := range x.Blocks {
		w.printf("block  %s, %s, sets %s\n", report.Terminal(b.Match), at(b.Place), strings.Join(b.Sets, ", "))
		if b.Why != "" {
			w.printf("       goes before the next one: %s\n", b.Why)
		}
	}
	for _, b := range x.Some {
		w.printf("block  %s, %s, is for some of its versions alone: name one to see them\n", report.Terminal(b.Match), at(b.Place))
	}
	w.printf("\n")
	decision := func(d policy.Decision) {
		where := at(d.Place)
		switch {
		case d.Floor && d.Block == "":
			where = "the organisation's floor"
		case d.Floor:
			where += " (the organisation's floor, " + report.Terminal(d.Block) + ")"
		case d.Block != "":
			where += " (" + report.Terminal(d.Block) + ")"
		}
		for _, o := range d.Over {
			from := "the whole repository"
			if o.Block != "" {
				from = report.Terminal(o.Block)
			}
			where += fmt.Sprintf("; goes before %q of %s, %s", report.Terminal(o.Value), from, at(o.Place))
		}
		w.printf("%-23s %-8s  %s\n", d.Key, report.Terminal(d.Value), where)
	}
	for _, d := range x.Settings {
		decision(d)
	}
	w.printf("\n")
	for _, d := range x.Rules {
		decision(d)
	}
	w.printf("\n")
	if len(x.Exceptions) == 0 {
		w.printf("No exception is for it.\n")
	}
	for _, e := range x.Exceptions {
		state := "until " + e.Expires.Format(time.DateOnly)
		switch {
		case e.Expired:
			state = "EXPIRED on " + e.Expires.Format(time.DateOnly) + ", no longer holds"
		case e.Some:
			state += ", for some of its versions alone"
		case e.Integrity != "":
			state += ", for one digest alone"
		}
		var rules []string
		for _, r := range e.Rules {
			rules = append(rules, string(r))
		}
		w.printf("exception  %s, %s, %s\n           %s, by %s: %s\n", report.Terminal(e.Package), at(policy.Place{File: e.File, Line: e.Line}), state,
			strings.Join(rules, ", "), report.Terminal(e.Owner), report.Terminal(e.Reason))
	}
	return w.err
}

// explainJSON writes the same for programs.
func explainJSON(out io.Writer, x policy.Explanation) error {
	type place struct {
		Line  int    `json:"line,omitempty"` // left out for a default
		File  string `json:"file,omitempty"` // left out for the policy's own
		Block string `json:"block,omitempty"`
	}
	type decision struct {
		Value string `json:"value"`
		Floor bool   `json:"floor,omitempty"` // the organisation's floor decided
		place
	}
	type exception struct {
		Package string            `json:"package"`
		Rules   []policy.RuleName `json:"rules"`
		Owner   string            `json:"owner"`
		Reason  string            `json:"reason"`
		Expires string            `json:"expires"`
		Expired bool              `json:"expired"`
		place
	}
	doc := struct {
		Package    string              `json:"package"`
		Policy     string              `json:"policy"`
		Blocks     []place             `json:"blocks"`
		Settings   map[string]decision `json:"settings"`
		Rules      map[string]decision `json:"rules"`
		Exceptions []exception         `json:"exceptions"`
	}{x.Package.String(), x.Source, []place{}, map[string]decision{}, map[string]decision{}, []exception{}}
	for _, b := range x.Blocks {
		doc.Blocks = append(doc.Blocks, place{b.Place.Line, b.Place.File, b.Match})
	}
	for _, d := range x.Settings {
		doc.Settings[d.Key] = decision{d.Value, d.Floor, place{d.Place.Line, d.Place.File, d.Block}}
	}
	for _, d := range x.Rules {
		doc.Rules[d.Key] = decision{d.Value, d.Floor, place{d.Place.Line, d.Place.File, d.Block}}
	}
	for _, e := range x.Exceptions {
		doc.Exceptions = append(doc.Exceptions, exception{e.Package, e.Rules, e.Owner, e.Reason, e.Expires.Format(time.DateOnly), e.Expired, place{Line: e.Line, File: e.File}})
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return fmt.Errorf("write the explanation: %w", err)
	}
	return nil
}

type policyInitCommand struct {
	From  string `placeholder:"LOCKFILE" help:"Pin the packages of this lockfile to who built them, as far as that is proven."`
	Write string `placeholder:"FILE" help:"Write to this file, which must not be there yet; else to standard output."`
	sourceFlags
}

// Run writes a policy file to begin with.
func (c *policyInitCommand) Run(ctx context.Context, tty terminal) error {
	var pins []policy.PackageRule
	if c.From != "" {
		var err error
		if pins, err = c.pins(ctx, tty); err != nil {
			return err
		}
	}
	text := config.Starter(pins)
	if c.Write == "" {
		_, err := io.WriteString(tty.out, text)
		return err
	}
	f, err := os.OpenFile(c.Write, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return usage("%v", err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", c.Write, err)
	}
	fmt.Fprintf(tty.err, "wrote %s with %d identity pins; review them before you commit it\n", c.Write, len(pins))
	return nil
}

// pins verifies a lockfile. What could not be found out ends it: a pin that is missing
// for that reason alone would be missed by nobody.
func (c *policyInitCommand) pins(ctx context.Context, tty terminal) ([]policy.PackageRule, error) {
	file, err := readLockfile(c.From)
	if err != nil {
		return nil, err
	}
	s, err := c.open(tty)
	if err != nil {
		return nil, err
	}
	r, err := s.reviewer.Review(ctx, review.Request{Kind: report.Audit, Files: []review.File{file}, Policy: policy.Default()})
	if err != nil {
		return nil, err
	}
	if err := s.save(); err != nil {
		return nil, err
	}
	var all []provenance.Evidence
	unknown := 0
	for _, p := range r.Packages {
		e := p.Evidence
		e.Package = p.Entry.Package // also where nobody was asked
		all = append(all, e)
		if p.NotLookedUp == "" && !e.Gone && e.Provenance.State == provenance.Unknown {
			unknown++
		}
	}
	switch {
	case len(r.Packages) == 0 && r.Conclusion == policy.Failure:
		return nil, usage("%s cannot be read: %s", c.From, r.Findings[0].Message)
	case unknown > 0:
		return nil, &statusError{exitCouldNotCheck, fmt.Errorf("who built %d packages of %s could not be found out: run it again when the registry answers", unknown, c.From)}
	}
	return policy.Pins(all), nil
}

// printer keeps the first error of a row of writes.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

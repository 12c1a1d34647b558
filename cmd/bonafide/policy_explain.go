package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

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

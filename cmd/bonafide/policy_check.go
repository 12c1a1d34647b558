package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

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
	w.printf("  mode: %s, on_unknown: %s, comments: %s, cooldown: %s\n", p.Mode, p.OnUnknown, p.Comments, policy.Days(p.Cooldown))
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

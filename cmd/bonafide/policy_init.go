package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

type policyInitCommand struct {
	From  string `placeholder:"LOCKFILE" help:"Pin the packages of this lockfile to who built them, as far as that is proven."`
	Write string `placeholder:"FILE" help:"Write to this file, which must not be there yet; else to standard output."`
	sourceFlags
}

// Run writes a policy file to begin with.
func (c *policyInitCommand) Run(ctx context.Context, tty terminal, tuf provenance.SourceOptions) error {
	var pins []policy.PackageRule
	if c.From != "" {
		var err error
		if pins, err = c.pins(ctx, tty, tuf); err != nil {
			return err
		}
	}
	text := config.Starter(pins)
	if c.Write == "" {
		_, err := io.WriteString(tty.out, text)
		return err
	}
	f, err := os.OpenFile(c.Write, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	switch {
	case errors.Is(err, fs.ErrExist):
		return usage("--write: %s exists, and is not written over; give another name, or remove it", c.Write)
	case err != nil:
		return unopened("--write "+c.Write, err)
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
func (c *policyInitCommand) pins(ctx context.Context, tty terminal, tuf provenance.SourceOptions) ([]policy.PackageRule, error) {
	file, err := readLockfile(c.From)
	if err != nil {
		return nil, err
	}
	s, err := c.open(ctx, tty, tuf)
	if err != nil {
		return nil, err
	}
	defer s.close()
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

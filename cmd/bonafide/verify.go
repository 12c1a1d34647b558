package main

import (
	"context"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

type verifyCommand struct {
	Packages  []string `arg:"" name:"package" placeholder:"PACKAGE@VERSION" help:"npm:sigstore@2.1.0, sigstore@2.1.0 or a package URL."`
	Integrity string   `placeholder:"SRI" help:"The digest that the release must have, as a lockfile writes it; else registry and attestations are held against each other."`
	evidenceFlags
}

// Run shows the evidence of the releases that were asked for.
func (c *verifyCommand) Run(ctx context.Context, tty terminal) error {
	began := time.Now()
	subjects, err := c.subjects()
	if err != nil {
		return err
	}
	s, err := c.open(tty)
	if err != nil {
		return err
	}
	p, err := c.readPolicy(ctx, emptyTree{}, "")
	if err != nil {
		return err
	}
	r, err := s.reviewer.Releases(ctx, subjects, p, s.hub)
	if err != nil {
		return err
	}
	return c.finish(tty, s, r, report.Filter{}, began)
}

func (c *verifyCommand) subjects() ([]provenance.Subject, error) {
	var digests []dep.Digest
	if c.Integrity != "" {
		if len(c.Packages) != 1 {
			return nil, usage("--integrity is the digest of one release: give one package")
		}
		var err error
		if digests, err = dep.ParseSRI(c.Integrity); err != nil {
			return nil, usage("--integrity: %v; write it as a lockfile does: sha512-<base64>", err)
		}
	}
	var out []provenance.Subject
	for _, arg := range c.Packages {
		p, err := dep.ParsePackage(arg)
		if err != nil {
			return nil, usage("%v", err)
		}
		out = append(out, provenance.Subject{Package: p, Digests: digests, Standalone: len(digests) == 0})
	}
	return out, nil
}

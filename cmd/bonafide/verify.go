package main

import (
	"context"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
)

type verifyCommand struct {
	Packages  []string `arg:"" optional:"" name:"package" placeholder:"PACKAGE@VERSION" help:"npm:sigstore@2.1.0, sigstore@2.1.0 or a package URL."`
	Integrity string   `placeholder:"SRI" help:"The digest that the release must have: the integrity of its entry in your lockfile (sha512-…). Without it the chain ends at the registry."`
	releasedFile
	evidenceFlags
}

// Run shows the evidence of the releases that were asked for.
func (c *verifyCommand) Run(ctx context.Context, tty terminal, tuf provenance.SourceOptions) error {
	began := time.Now()
	if c.ofFile() {
		return c.verifyFile(ctx, tty, tuf)
	}
	subjects, err := c.subjects()
	if err != nil {
		return err
	}
	s, err := c.open(ctx, tty, tuf)
	if err != nil {
		return err
	}
	defer s.close()
	p, err := c.readPolicy(ctx, emptyTree{}, "")
	if err != nil {
		return err
	}
	r, err := s.reviewer.Releases(ctx, subjects, p, s.hub)
	if err != nil {
		return err
	}
	return c.finish(tty, s, r, report.TableOptions{}, began)
}

func (c *verifyCommand) subjects() ([]provenance.Subject, error) {
	if len(c.Packages) == 0 {
		return nil, usage("give a package, like npm:sigstore@2.1.0, or a released file with --file, --bundle and --repo.\nTry `bonafide verify --help`.")
	}
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
		switch {
		case err != nil && strings.HasPrefix(arg, "pkg:"):
			return nil, usage("%v; write pkg:npm/NAME@VERSION, the @ of a scope as %%40", err)
		case err != nil:
			return nil, usage("%v", err)
		}
		if err := registry.ValidVersion(p.Version); err != nil {
			return nil, usage("%v; write the exact version of one release: npm:NAME@1.2.3. Ranges and tags are not looked up", err)
		}
		out = append(out, provenance.Subject{Package: p, Digests: digests, Standalone: len(digests) == 0})
	}
	return out, nil
}

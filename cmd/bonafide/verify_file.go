package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/config"
)

// releasedFile says which file is to be verified instead of packages, and who is
// expected to have built it.
type releasedFile struct {
	File       given `placeholder:"FILE" help:"Verify this released file instead of packages, with --bundle and --repo."`
	Bundle     given `placeholder:"FILE" help:"The Sigstore bundle of --file, or several as JSON lines: one must hold."`
	Repo       given `placeholder:"OWNER/NAME" help:"The repository on GitHub that must have built --file."`
	Workflow   given `placeholder:"GLOB" help:"The workflow that must have built --file: .github/workflows/release.yml. Of reusable ones, the one that calls."`
	Ref        given `placeholder:"GLOB" help:"The ref that --file must have been built from: refs/tags/*."`
	SignerRepo given `placeholder:"OWNER/NAME" help:"The repository of the reusable workflow that signs for --repo. Without it a workflow of --repo must have signed."`
}

// given is a value that is not empty: what a script leaves empty by mistake must not widen
// what is asked.
type given string

// Decode reads the value of a flag byte by byte: kong's own way over JSON would make another
// file's name of one that is no Unicode.
func (g *given) Decode(c *kong.DecodeContext) error {
	value, err := c.Scan.PopValue("value")
	if err != nil {
		return err
	}
	if *g = given(value.String()); *g == "" {
		return errors.New("must not be empty")
	}
	return nil
}

// ofFile says whether a file is meant, rightly or not.
func (r releasedFile) ofFile() bool { return r != releasedFile{} }

// ownerAndName are the names that GitHub gives.
var ownerAndName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}$`)

// expected is who must have built the file.
func (r releasedFile) expected() (b policy.FileBuilder, err error) {
	b.Workflow, b.Ref = string(r.Workflow), string(r.Ref)
	for flag, glob := range map[string]string{"--workflow": b.Workflow, "--ref": b.Ref} {
		if err := config.CheckGlob(glob); err != nil {
			return b, usage("%s %v", flag, err)
		}
	}
	switch {
	case strings.HasPrefix(b.Workflow, "/") || strings.HasPrefix(b.Workflow, "./"):
		return b, usage("--workflow is a path in the repository, like .github/workflows/release.yml")
	case b.Ref != "" && !strings.HasPrefix(b.Ref, "refs/") && !strings.HasPrefix(b.Ref, "*"):
		return b, usage("--ref is written in full, like refs/tags/* or refs/heads/main")
	}
	if b.Repository, err = onGitHub("--repo", r.Repo); err == nil && r.SignerRepo != "" {
		b.SignerRepository, err = onGitHub("--signer-repo", r.SignerRepo)
	}
	return b, err
}

// onGitHub is the address of a repository.
func onGitHub(flag string, repo given) (string, error) {
	_, name, _ := strings.Cut(string(repo), "/")
	if !ownerAndName.MatchString(string(repo)) || name == "." || name == ".." {
		return "", usage("%s is OWNER/NAME of a repository on github.com, like bonafide-app/bonafide, not %q", flag, repo)
	}
	return "github.com/" + string(repo), nil
}

// verifyFile shows what proves who built a released file.
func (c *verifyCommand) verifyFile(ctx context.Context, tty terminal, tuf provenance.SourceOptions) error {
	expected, err := c.fileAsked()
	if err != nil {
		return err
	}
	bundles, err := readBundles(string(c.Bundle))
	if err != nil {
		return err
	}
	trust, err := c.startTrust(ctx, tuf)
	if err != nil {
		return err
	}
	defer trust.end()
	digests, err := digestFile(ctx, string(c.File))
	if err != nil {
		return err
	}
	root := trust.current()
	f := report.File{At: time.Now(), Digests: digests, Expected: expected}
	for _, b := range bundles {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.Evidence = append(f.Evidence, root.File(b, digests))
	}
	f.Verdict = policy.JudgeFile(f.Evidence, expected)
	if c.Format == "json" {
		err = report.FileJSON(tty.out, f)
	} else {
		err = report.FileTable(tty.out, f, report.TableOptions{Width: width(tty.out), Color: colored(c.Color, tty.out, os.Getenv)})
	}
	if err != nil {
		return err
	}
	if stale := trust.stale(); stale != "" {
		fmt.Fprintln(tty.err, "bonafide:", stale)
	}
	return exitStatus(f.Verdict.Conclusion)
}

// fileAsked makes sure that the flags ask one question, about a file.
func (c *verifyCommand) fileAsked() (policy.FileBuilder, error) {
	var none policy.FileBuilder
	switch {
	case c.File == "":
		return none, usage("--bundle, --repo, --workflow, --ref and --signer-repo belong to --file")
	case len(c.Packages) > 0:
		return none, usage("give packages or --file, not both")
	case c.Bundle == "":
		return none, usage("--file needs its Sigstore bundle: --bundle FILE. Releases bring it along (often as NAME.sigstore.json), or `gh attestation download` writes it")
	case c.Repo == "":
		return none, usage("--file needs --repo OWNER/NAME: anybody can sign a file, so that a valid signature says nothing without the repository that you expect")
	case c.Integrity != "" || c.Policy != "" || c.SaveAs != "" || len(c.Also) > 0:
		return none, usage("--integrity, --policy, --evidence and --also are for packages, not for --file")
	case c.Format != "table" && c.Format != "json":
		return none, usage("--format %s is for packages; --file is shown as table or json", c.Format)
	}
	return c.expected()
}

// readBundles reads the bundles of a file.
func readBundles(name string) ([][]byte, error) {
	file, err := openRegular("--bundle", name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	bundles, err := provenance.ReadBundles(file)
	if err != nil {
		return nil, unopened("--bundle "+name, err)
	}
	return bundles, nil
}

// digestFile reads the file that is to be verified.
func digestFile(ctx context.Context, name string) (provenance.FileDigests, error) {
	file, err := openRegular("--file", name)
	if err != nil {
		return provenance.FileDigests{}, err
	}
	defer file.Close()
	digests, err := provenance.DigestFile(ctx, filepath.Base(name), file)
	if err != nil && ctx.Err() == nil {
		return digests, unopened("--file "+name, err)
	}
	return digests, err
}

// openRegular opens a regular file: nobody waits for the writer of a pipe.
func openRegular(flag, name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, unopened(flag+" "+name, err)
	}
	if !info.Mode().IsRegular() {
		what := "no regular file"
		if info.IsDir() {
			what = "a folder"
		}
		return nil, usage("%s %s is %s; give a file", flag, name, what)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, unopened(flag+" "+name, err)
	}
	return file, nil
}

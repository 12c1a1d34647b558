package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/outbound"
	"github.com/bonafide-app/bonafide/app/publish"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

type publishCheckCommand struct {
	Target string `arg:"" optional:"" default:"." placeholder:"DIR|OWNER/NAME" help:"A folder, of which the whole checkout is read, or a repository on GitHub (${default})."`

	Log          string        `placeholder:"FILE" help:"Explain the errors in this job's log instead; - reads the standard input."`
	Fix          bool          `help:"Write the mended lines into the files of DIR."`
	Format       string        `enum:"table,diff,json,sarif" default:"table" help:"How to show the result: ${enum}. diff is a patch of the mended lines, for git apply."`
	Color        string        `enum:"auto,always,never" default:"auto" help:"Whether words have colours, too: ${enum}. auto is on a terminal, unless NO_COLOR is set."`
	GitHubToken  config.Secret `name:"github-token" env:"GITHUB_TOKEN,GH_TOKEN" placeholder:"TOKEN" help:"Reads OWNER/NAME; it needs to read the contents. Better in the environment than as a flag."`
	GitHubAPIURL string        `name:"github-api-url" env:"BONAFIDE_GITHUB_API_URL,GITHUB_API_URL" default:"https://api.github.com/" placeholder:"URL" help:"GitHub's REST API (${default})."`
	CAFile       string        `name:"ca-file" env:"BONAFIDE_CA_FILE" type:"path" placeholder:"FILE" help:"Certificate authorities (PEM) for TLS, in addition to the system's."`
}

// Help says what comes of it.
func (publishCheckCommand) Help() string {
	return `It reads workflows, local actions, manifests and the settings of release tools, and runs nothing.
It ends with 0 where there is neither an error nor a warning, 1 where there is, 2 for wrong
usage, and 3 where something could not be read. With --log: 1 where an error is explained,
3 where there are only others, 0 where there is none.`
}

// published is what is looked at, and where it lies.
type published struct {
	files  publish.Files
	facts  publish.Facts
	unread []publish.Unread
	dir    *publishDir // nil for a repository on GitHub
}

// Run says how a repository publishes, or what a log tells of.
func (c *publishCheckCommand) Run(ctx context.Context, tty terminal) error {
	return c.check(ctx, tty, publish.Check)
}

func (c *publishCheckCommand) check(ctx context.Context, tty terminal, check func(publish.Files, publish.Facts) publish.Report) error {
	if c.Log != "" {
		return c.explain(tty)
	}
	p, err := c.read(ctx, tty)
	if err != nil {
		return err
	}
	if p.dir != nil {
		defer p.dir.close()
	}
	out := report.Publish{Report: check(p.files, p.facts), Facts: p.facts}
	var changed publish.Files
	if c.Fix || c.Format == "diff" {
		var after publish.Report
		if changed, after = mend(p, out.Report, check); c.Fix {
			if err := p.dir.write(p.files, changed); err != nil {
				return err
			}
			out.Report, out.Mended = after, slices.Sorted(maps.Keys(changed))
		}
	}
	out.Unread = append(fewUnread(p.unread), out.Unread...)
	if err := c.show(tty, p, out, changed); err != nil {
		return err
	}
	return exitStatus(out.Conclusion())
}

// maxUnread bounds the files that are listed as not read: nobody reads more.
const maxUnread = 500

// fewUnread are the first of what was not read, and how many more there are.
func fewUnread(list []publish.Unread) []publish.Unread {
	if len(list) <= maxUnread {
		return list
	}
	more := len(list) - (maxUnread - 1)
	return append(list[:maxUnread-1:maxUnread-1], publish.Unread{Reason: fmt.Sprintf("%d more files were not read, and are not listed.", more)})
}

// mendRounds bounds how often the mended files are looked at again: once is enough for most.
const mendRounds = 10

// mend makes the edits of all findings, and looks again until nothing is left to mend: edits
// that stand in each other's way are made one after the other, and what is half mended may
// not publish.
func mend(p published, r publish.Report, check func(publish.Files, publish.Facts) publish.Report) (publish.Files, publish.Report) {
	files, changed := maps.Clone(p.files), publish.Files{}
	for range mendRounds {
		_, mended, _ := publish.Patch(files, r.Findings)
		if len(mended) == 0 {
			break
		}
		maps.Copy(files, mended)
		maps.Copy(changed, mended)
		r = check(files, p.facts)
	}
	return changed, r
}

func (c *publishCheckCommand) show(tty terminal, p published, out report.Publish, changed publish.Files) error {
	switch c.Format {
	case "json":
		return report.PublishJSON(tty.out, out)
	case "sarif":
		return report.PublishSARIF(tty.out, out, moduleVersion())
	case "diff":
		for _, path := range out.Mended {
			tty.complain("written: " + path)
		}
		_, err := tty.out.Write(publish.Diff(p.files, changed))
		return err
	}
	return report.PublishTable(tty.out, out, c.table(tty))
}

func (c *publishCheckCommand) table(tty terminal) report.TableOptions {
	return report.TableOptions{Width: width(tty.out), Color: colored(c.Color, tty.out, os.Getenv)}
}

// read reads a folder, or a repository on GitHub. A folder wins over a repository of its
// name.
func (c *publishCheckCommand) read(ctx context.Context, tty terminal) (published, error) {
	info, err := os.Stat(c.Target)
	switch {
	case err == nil && info.IsDir():
		dir, err := openPublishDir(c.Target)
		if err != nil {
			return published{}, err
		}
		if dir.above {
			fmt.Fprintf(tty.err, "reading the whole checkout, %s\n", report.Terminal(dir.name))
		}
		files, unread, err := dir.read(ctx)
		if err != nil {
			dir.close()
			return published{}, err
		}
		return published{files, dir.facts(), unread, dir}, nil
	case err == nil:
		return published{}, usage("%s is a file; give a folder, or OWNER/NAME. To explain a job's log: --log %[1]s", c.Target)
	case !isRepository(c.Target):
		return published{}, usage("%s is no folder here, and no OWNER/NAME of a repository on GitHub", c.Target)
	case c.Fix:
		return published{}, usage("--fix writes into a folder: clone %s, and give its folder; or take --format diff and apply the patch", c.Target)
	case c.GitHubToken.Empty():
		return published{}, usage("%s is no folder here; to read that repository on GitHub, give a token (GITHUB_TOKEN, or --github-token): GITHUB_TOKEN=$(gh auth token) bonafide publish-check %[1]s", c.Target)
	}
	return c.readGitHub(ctx)
}

// maxSources bounds what is read of a repository on GitHub, which may be a stranger's: the
// workflows and manifests of the largest ones have some MB.
const maxSources = 64 << 20

// readGitHub reads a repository over GitHub's API.
func (c *publishCheckCommand) readGitHub(ctx context.Context) (published, error) {
	route, err := outbound.Environment(c.CAFile)
	if err != nil {
		return published{}, &statusError{exitUsage, err}
	}
	owner, name, _ := cutRepository(c.Target)
	hub := checks.HubConfig{APIURL: c.GitHubAPIURL, Token: c.GitHubToken.Reveal(), UserAgent: "bonafide/" + moduleVersion(), Transport: checks.Transport(route)}
	reader, err := checks.NewReader(hub)
	if err != nil {
		return published{}, usage("--github-token, --github-api-url: %v", err)
	}
	sources, err := reader.Sources(ctx, owner, name, checks.SourcesWanted{Path: publish.Wanted, Files: publish.MaxFiles, MaxBytes: publish.MaxFileBytes, Bytes: maxSources})
	var later *review.Later
	switch {
	case errors.Is(err, review.ErrGone):
		return published{}, usage("%s is not there, or the token may not see it: look at the name, and give a private repository a token that may read its contents", c.Target)
	case errors.As(err, &later) && later.Limit:
		return published{}, fmt.Errorf("%w; run it again in %s, or clone %s and give its folder", err, later.After.Round(time.Second), c.Target)
	case err != nil:
		return published{}, err
	}
	p := published{files: sources.Files, facts: publish.Facts{Repository: sources.Repository, Private: &sources.Private, DefaultBranch: sources.DefaultBranch}}
	for _, u := range sources.Unread {
		p.unread = append(p.unread, publish.Unread{File: u.Path, Reason: u.Reason})
	}
	return p, nil
}

// explain says what a job's log tells of.
func (c *publishCheckCommand) explain(tty terminal) error {
	switch {
	case c.Target != ".":
		return usage("--log explains a log alone; leave %s away", c.Target)
	case c.Fix || c.Format == "diff" || c.Format == "sarif":
		return usage("--log is shown as table or json, and mends nothing: its causes are beyond the files")
	}
	log, err := openLog(c.Log)
	if err != nil {
		return err
	}
	defer log.Close()
	found, readErr := publish.ReadLog(log)
	if c.Format == "json" {
		err = report.PublishLogJSON(tty.out, found)
	} else {
		err = report.PublishLogTable(tty.out, found, c.table(tty))
	}
	switch {
	case err != nil || readErr != nil:
		return errors.Join(err, readErr)
	case slices.ContainsFunc(found, publish.LogFinding.Known):
		return &statusError{status: exitFailed}
	case len(found) > 0:
		return &statusError{status: exitCouldNotCheck}
	}
	return nil
}

// openLog opens a log; a pipe may be one, as of `gh run view --log | bonafide …`. In what is
// no log nothing would be found, and that would be said to be well.
func openLog(name string) (io.ReadCloser, error) {
	log := os.Stdin
	if name != "-" {
		info, err := os.Stat(name)
		if err == nil && info.IsDir() {
			return nil, usage("--log %s is a folder; give the log of one job", name)
		}
		if log, err = os.Open(name); err != nil {
			return nil, unopened("--log "+name, err)
		}
	}
	r := bufio.NewReader(log)
	begin, err := r.Peek(512)
	switch {
	case len(begin) == 0 && errors.Is(err, io.EOF):
		err = usage("--log %s: it is empty; gh run view --log-failed prints the log of a run that failed", name)
	case bytes.HasPrefix(begin, []byte("PK\x03\x04")):
		err = usage("--log %s is an archive; unpack it, and give the log of one job", name)
	case bytes.IndexByte(begin, 0) >= 0:
		err = usage("--log %s is no UTF-8 text; in PowerShell, write it with: | Out-File -Encoding utf8 job.log", name)
	default:
		return struct {
			io.Reader
			io.Closer
		}{r, log}, nil
	}
	_ = log.Close()
	return nil, err
}

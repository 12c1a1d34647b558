// Command bonafide verifies where the packages of a lockfile come from: as a
// GitHub App (serve), and on a terminal (audit, diff, verify).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

// Exit statuses, a contract of the command line.
const (
	exitPassed        = 0
	exitFailed        = 1 // the policy failed
	exitUsage         = 2 // usage or configuration
	exitCouldNotCheck = 3 // something could not be verified
)

type commands struct {
	Serve      serveCommand        `cmd:"" help:"Run the GitHub App. Without credentials it opens the page that makes one."`
	Setup      setupCommand        `cmd:"" help:"Make the GitHub App, or with --check hold a registered one against what it must be."`
	Demo       demoCommand         `cmd:"" help:"Run the whole App on this machine, offline, over sample pull requests."`
	Audit      auditCommand        `cmd:"" help:"Verify every package of a lockfile."`
	Diff       diffCommand         `cmd:"" help:"Verify what changed between two lockfiles, two directories or two git refs: the report of a pull request. Without arguments: the working tree against the default branch."`
	Verify     verifyCommand       `cmd:"" help:"Show the evidence of one release or several."`
	Policy     policyCommand       `cmd:"" help:"Check a bonafide.yml, explain what it says about a package, or write one to begin with."`
	Publish    publishCheckCommand `cmd:"" name:"publish-check" help:"Say how a repository publishes its packages, whether that gives provenance, and mend it; or explain the errors in a job's log."`
	Health     healthCommand       `cmd:"" name:"healthcheck" help:"Ask a server on this machine whether it is alive, for containers without a shell."`
	Completion completionCommand   `cmd:"" help:"Print a script that completes commands and flags in bash, zsh or fish."`
	Version    versionCommand      `cmd:"" help:"Print what this program was built from."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	status := run(ctx, os.Args[1:], terminal{os.Stdout, os.Stderr}, provenance.SourceOptions{})
	stop()
	os.Exit(status)
}

// terminal is where a command writes: results to out, everything else to err.
type terminal struct{ out, err io.Writer }

// statusError ends the program with a status. Its message, if any, was not shown yet.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// usage marks an error as the caller's: wrong arguments or configuration.
func usage(format string, args ...any) error {
	return &statusError{exitUsage, fmt.Errorf(format, args...)}
}

// isUsage says whether an error is the caller's to mend.
func isUsage(err error) bool {
	var status *statusError
	return errors.As(err, &status) && status.status == exitUsage
}

// run is the program. tuf is where the trust root is refreshed from: the zero value is
// Sigstore's public repository.
func run(ctx context.Context, args []string, tty terminal, tuf provenance.SourceOptions) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("bonafide"),
		kong.Description("Every package that a pull request brings in should be able to say where it came from. Bonafide asks, checks the answer against the lockfile's own digest, and says so."),
		kong.Writers(tty.out, tty.err),
		kong.Exit(func(status int) { exited = status }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(tty, tuf),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		tty.complain(err.Error())
		return exitUsage
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		tty.complain(fmt.Sprintf("%v\nTry `%s`.", err, helpOf(err)))
		return exitUsage
	}
	err = command.Run()
	var status *statusError
	switch {
	case err == nil:
		return exitPassed
	case errors.As(err, &status):
		if status.err != nil {
			tty.complain(status.err.Error())
		}
		return status.status
	case errors.Is(err, context.Canceled):
		tty.complain(stoppedAt(err))
		return exitCouldNotCheck
	}
	tty.complain(err.Error())
	return exitCouldNotCheck
}

// complain says what is wrong. What was typed, or is the name of a file, may be in it: it
// changes nothing of the terminal.
func (t terminal) complain(words string) {
	lines := strings.Split(words, "\n")
	for i, line := range lines {
		lines[i] = report.Visible(line)
	}
	fmt.Fprintln(t.err, "bonafide:", strings.Join(lines, "\n"))
}

// exitStatus turns a conclusion into the program's end.
func exitStatus(c policy.Conclusion) error {
	switch c {
	case policy.Success, policy.Neutral:
		return nil
	case policy.ActionRequired:
		return &statusError{status: exitCouldNotCheck}
	}
	return &statusError{status: exitFailed}
}

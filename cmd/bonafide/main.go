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
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/bonafide-app/bonafide/app/policy"
)

// Exit statuses, a contract of the command line.
const (
	exitPassed        = 0
	exitFailed        = 1 // the policy failed
	exitUsage         = 2 // usage or configuration
	exitCouldNotCheck = 3 // something could not be verified
)

type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the GitHub App."`
	Demo    demoCommand    `cmd:"" help:"Run the whole App on this machine, offline, over sample pull requests."`
	Audit   auditCommand   `cmd:"" help:"Verify every package of a lockfile."`
	Diff    diffCommand    `cmd:"" help:"Verify what changed between two lockfiles, two directories or two git refs: the report of a pull request."`
	Verify  verifyCommand  `cmd:"" help:"Show the evidence of one release or several."`
	Policy  policyCommand  `cmd:"" help:"Check a bonafide.yml, explain what it says about a package, or write one to begin with."`
	Version versionCommand `cmd:"" help:"Print what this program was built from."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	status := run(ctx, os.Args[1:], terminal{os.Stdout, os.Stderr})
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

func run(ctx context.Context, args []string, tty terminal) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("bonafide"),
		kong.Description("Every package that a pull request brings in should be able to say where it came from. Bonafide asks, checks the answer against the lockfile's own digest, and says so."),
		kong.Writers(tty.out, tty.err),
		kong.Exit(func(status int) { exited = status }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(tty),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(tty.err, "bonafide:", err)
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
		fmt.Fprintf(tty.err, "bonafide: %v\nTry `bonafide --help`.\n", err)
		return exitUsage
	}
	err = command.Run()
	var status *statusError
	switch {
	case err == nil:
		return exitPassed
	case errors.As(err, &status):
		if status.err != nil {
			fmt.Fprintln(tty.err, "bonafide:", status.err)
		}
		return status.status
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(tty.err, "bonafide: stopped before everything was looked at")
		return exitCouldNotCheck
	}
	fmt.Fprintln(tty.err, "bonafide:", err)
	return exitCouldNotCheck
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

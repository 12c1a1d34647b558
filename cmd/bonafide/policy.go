package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/config"
)

type policyCommand struct {
	Check   policyCheckCommand   `cmd:"" help:"Read a policy file and say what is wrong with it, line by line."`
	Explain policyExplainCommand `cmd:"" help:"Show what the policy says about a package, and which line of it says so."`
	Init    policyInitCommand    `cmd:"" help:"Write a commented policy file to begin with."`
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
		return policy.Policy{}, unopened(path, err)
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

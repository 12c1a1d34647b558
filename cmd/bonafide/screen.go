package main

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"golang.org/x/term"
)

// width is how many columns the terminal has, 0 (as wide as need be) where the
// output is no terminal.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// onTerminal says whether a writer is a terminal.
func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// colored says whether the output has colours: as asked for, else on a terminal that knows
// them, unless the environment says otherwise. https://no-color.org,
// https://bixense.com/clicolors
func colored(choice string, w io.Writer, env func(string) string) bool {
	switch force := env("CLICOLOR_FORCE"); {
	case choice != "auto":
		return choice == "always"
	case env("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	}
	return env("TERM") != "dumb" && onTerminal(w)
}

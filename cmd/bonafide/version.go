package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints the module's version and the commit, as the Go toolchain recorded them.
func (versionCommand) Run(tty terminal) error {
	fmt.Fprintln(tty.out, version())
	return nil
}

// moduleVersion is the version alone, for user agents and /healthz.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "bonafide (built without module information)"
	}
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = " commit " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = " (modified)"
		}
	}
	return fmt.Sprintf("bonafide %s%s%s %s", moduleVersion(), commit, dirty, info.GoVersion)
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/mod/module"
)

type versionCommand struct {
	Format string `enum:"text,json" default:"text" help:"How to show it: ${enum}."`
	Deps   bool   `help:"With the modules that are linked in, and their checksums as in go.sum."`
}

// Run prints what the program was built from, as the Go toolchain recorded it in the file.
func (c versionCommand) Run(tty terminal) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: runtime.Version()}
	}
	b := buildOf(info)
	if !c.Deps {
		b.Dependencies = nil
	}
	if c.Format == "json" {
		out := json.NewEncoder(tty.out)
		out.SetIndent("", "  ")
		return out.Encode(b)
	}
	b.write(tty.out)
	return nil
}

// moduleVersion is the version alone, for user agents and /healthz.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// build is what a program was built from. What the toolchain did not record is "".
type build struct {
	Version      string       `json:"version"`            // v1.2.3, a pseudo-version, or (devel)
	Commit       string       `json:"commit,omitempty"`   // 40 hex digits, or the first 12 where only a pseudo-version names it
	Date         string       `json:"date,omitempty"`     // of the commit, RFC 3339, UTC
	Modified     *bool        `json:"modified,omitempty"` // whether the files differed from the commit; nil where nobody looked
	Go           string       `json:"go"`
	Platform     string       `json:"platform"`      // GOOS/GOARCH
	Sum          string       `json:"sum,omitempty"` // of the module as it was downloaded, as in go.sum
	Dependencies []dependency `json:"dependencies,omitempty"`
}

type dependency struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum,omitempty"`
}

// buildOf reads what was recorded: a build in a checkout has the commit; one by
// `go install MODULE@VERSION` has the version, which names the commit only where it is a
// pseudo-version; one of an unpacked archive has neither.
func buildOf(info *debug.BuildInfo) build {
	b := build{Version: info.Main.Version, Sum: info.Main.Sum, Go: info.GoVersion, Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if b.Version == "" {
		b.Version = "(devel)"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			modified := s.Value == "true"
			b.Modified = &modified
		}
	}
	if plain, _, _ := strings.Cut(b.Version, "+"); b.Commit == "" && module.IsPseudoVersion(plain) {
		if rev, err := module.PseudoVersionRev(plain); err == nil {
			b.Commit = rev
		}
		if at, err := module.PseudoVersionTime(plain); err == nil {
			b.Date = at.UTC().Format(time.RFC3339)
		}
	}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		b.Dependencies = append(b.Dependencies, dependency{d.Path, d.Version, d.Sum})
	}
	return b
}

func (b build) write(w io.Writer) {
	fmt.Fprintln(w, "bonafide", b.Version)
	switch {
	case b.Commit == "" && b.Sum != "":
		fmt.Fprintln(w, "commit    the one that the version's tag names")
	case b.Commit == "":
		fmt.Fprintln(w, "commit    not recorded: this was not built in a git checkout")
	case b.Date == "":
		fmt.Fprintln(w, "commit   ", b.Commit)
	default:
		fmt.Fprintf(w, "commit    %s of %s\n", b.Commit, b.Date)
	}
	if b.Modified != nil && *b.Modified {
		fmt.Fprintln(w, "modified  yes: the files were not those of the commit")
	}
	if b.Sum != "" {
		fmt.Fprintln(w, "module   ", b.Sum)
	}
	fmt.Fprintf(w, "built     with %s for %s\n", b.Go, b.Platform)
	for _, d := range b.Dependencies {
		fmt.Fprintln(w, strings.TrimSpace("with      "+d.Path+" "+d.Version+" "+d.Sum))
	}
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

// lockfileNames are the names of lockfiles that are read.
const lockfileNames = "package-lock.json, npm-shrinkwrap.json, yarn.lock, pnpm-lock.yaml, bun.lock and deno.lock"

// unopened says that a file or a folder could not be opened, without the name of the
// system call.
func unopened(path string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return usage("%s: %w", path, err)
}

// helpOf is the call that explains the command whose arguments are wrong.
func helpOf(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context != nil {
		if command := wrong.Context.Selected(); command != nil {
			return command.FullPath() + " --help"
		}
	}
	return "bonafide --help"
}

// untrusted says which trust material cannot be used, and what is expected in its place.
func untrusted(err error) error {
	switch {
	case errors.Is(err, provenance.ErrTrustedRoot):
		return usage("--trusted-root: %w; give the trusted_root.json of a Sigstore instance", err)
	case errors.Is(err, provenance.ErrKeys):
		return usage("--npm-keys: %w; give what the registry answers at /-/npm/v1/keys", err)
	}
	return usage("trust material: %w", err)
}

// unreached is what to do where not one release could be read, "" where that is not so.
func (f *sourceFlags) unreached(r report.Report) string {
	if r.Conclusion != policy.ActionRequired {
		return ""
	}
	asked := 0
	for _, p := range r.Packages {
		switch {
		case p.NotLookedUp != "":
		case p.Evidence.Release != nil || p.Evidence.Gone:
			return ""
		default:
			asked++
		}
	}
	switch {
	case asked == 0:
		return ""
	case f.Offline && f.SaveAs == "" && f.cacheDir() == "":
		return "nothing is saved that could be looked at offline. Run it once with --evidence FILE, then with --offline --evidence FILE."
	case f.Offline:
		return "none of these packages is among what was saved. Run it once without --offline to save them."
	}
	return fmt.Sprintf("the registry %s answered about no package. It is asked directly, never through a proxy: see whether it can be reached from here. "+
		"For a registry or a mirror of your own give --npm-registry URL, and --ca-file FILE where its certificate is from your own authority.", strings.TrimSuffix(report.Terminal(f.NPMRegistry), "/"))
}

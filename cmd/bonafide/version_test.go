package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionSaysWhatItWasBuiltFrom(t *testing.T) {
	const commit = "9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0"
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: commit}, {Key: "vcs.time", Value: "2026-11-23T14:15:04Z"}, {Key: "vcs.modified", Value: modified}}
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	for name, tt := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"in a checkout, at a tag": {
			debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: vcs("false")},
			"bonafide v1.2.3\ncommit    " + commit + " of 2026-11-23T14:15:04Z\nbuilt     with go1.26.1 for " + platform + "\n",
		},
		"in a checkout with changes": {
			debug.BuildInfo{Main: debug.Module{Version: "v1.2.4-0.20261123141504-9c091bb21b7c+dirty"}, Settings: vcs("true")},
			"bonafide v1.2.4-0.20261123141504-9c091bb21b7c+dirty\ncommit    " + commit + " of 2026-11-23T14:15:04Z\nmodified  yes: the files were not those of the commit\nbuilt     with go1.26.1 for " + platform + "\n",
		},
		"by go install of a version": {
			debug.BuildInfo{Main: debug.Module{Version: "v1.2.3", Sum: "h1:abc="}},
			"bonafide v1.2.3\ncommit    the one that the version's tag names\nmodule    h1:abc=\nbuilt     with go1.26.1 for " + platform + "\n",
		},
		"by go install of a commit": {
			debug.BuildInfo{Main: debug.Module{Version: "v0.0.0-20261123141504-9c091bb21b7c", Sum: "h1:abc="}},
			"bonafide v0.0.0-20261123141504-9c091bb21b7c\ncommit    9c091bb21b7c of 2026-11-23T14:15:04Z\nmodule    h1:abc=\nbuilt     with go1.26.1 for " + platform + "\n",
		},
		"of an unpacked archive": {
			debug.BuildInfo{Main: debug.Module{Version: "(devel)"}},
			"bonafide (devel)\ncommit    not recorded: this was not built in a git checkout\nbuilt     with go1.26.1 for " + platform + "\n",
		},
		"without module information": {
			debug.BuildInfo{},
			"bonafide (devel)\ncommit    not recorded: this was not built in a git checkout\nbuilt     with go1.26.1 for " + platform + "\n",
		},
		"with a module that stands in for another": {
			debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: vcs("false"), Deps: []*debug.Module{
				{Path: "example.com/a", Version: "v1.0.0", Sum: "h1:a="}, {Path: "example.com/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/c", Version: "v2.0.0", Sum: "h1:c="}}}},
			"bonafide v1.2.3\ncommit    " + commit + " of 2026-11-23T14:15:04Z\nbuilt     with go1.26.1 for " + platform + "\nwith      example.com/a v1.0.0 h1:a=\nwith      example.com/c v2.0.0 h1:c=\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt.info.GoVersion = "go1.26.1"
			var out strings.Builder
			buildOf(&tt.info).write(&out)
			if out.String() != tt.want {
				t.Errorf("it says\n%s\nwant\n%s", out.String(), tt.want)
			}
		})
	}
}

func TestVersionForPrograms(t *testing.T) {
	read := func(args ...string) map[string]any {
		status, out, stderr := command(t, append([]string{"version", "--format", "json"}, args...)...)
		var doc map[string]any
		if err := json.Unmarshal([]byte(out), &doc); err != nil || status != exitPassed {
			t.Fatalf("status %d, %v\n%s%s", status, err, out, stderr)
		}
		return doc
	}
	doc := read()
	if doc["go"] != runtime.Version() || doc["platform"] != runtime.GOOS+"/"+runtime.GOARCH || doc["version"] == "" || doc["dependencies"] != nil {
		t.Errorf("it says %v", doc)
	}
	if deps, _ := read("--deps")["dependencies"].([]any); len(deps) == 0 {
		t.Error("--deps names no module")
	}
}

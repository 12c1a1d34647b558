package dep

import "testing"

func TestWhichSpecsLeaveTheRegistry(t *testing.T) {
	for spec, want := range map[string]bool{
		"": false, "*": false, "^1.0.0": false, "1.x || >=2.5.0 || 5.0.0 - 7.2.3": false, "latest": false, "=1.2.3-beta.1+build": false,
		"npm:lodash@^4": false, "NPM:@scope/x@1": false, "npm:^1.0.0": false, "workspace:*": false, "workspace:../x": false, "catalog:": false, "catalog:react18": false,
		"patch:left-pad@npm%3A1.3.0#./x.patch": false, "jsr:^1": false, "virtual:0a1b#npm:^1": false, "runtime:^22": false,
		"github:tanstack/router#79ac49eedf774dd4b0cfa308722bc463cfe5885c": true, "tanstack/router": true, "tanstack/router#main": true,
		"gitlab:a/b": true, "bitbucket:a/b": true, "gist:11081aaa281": true,
		"git+ssh://git@github.com/a/b.git#semver:^1": true, "git+https://github.com/a/b.git": true, "git://github.com/a/b": true, "git@github.com:a/b.git": true,
		"ssh://git@example.com/a/b": true, "https://example.com/a.tgz": true, "HTTP://example.com/a.tgz": true, " https://example.com/a.tgz": true,
		"file:../x": true, "file:x.tgz": true, "link:../x": true, "portal:../x": true, "exec:./x.js": true, "../x": true, "./x": true, "~/x": true, `..\x`: true, "/x": true,
	} {
		if got := (Spec{Name: "x", Range: spec}).LeavesRegistry(); got != want {
			t.Errorf("%q: %t, want %t", spec, got, want)
		}
	}
}

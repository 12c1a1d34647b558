package lockfile

import (
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func TestOneCommitIsOneSourceHoweverItIsSpelled(t *testing.T) {
	commit := strings.Repeat("0123456789", 4)
	at := func(kind dep.SourceKind, resolved string) dep.Entry {
		return dep.Entry{Package: dep.Package{Ecosystem: dep.NPM, Name: "b", Version: "1.0.0"}, Source: kind, Resolved: resolved}
	}
	npm := at(dep.Git, "git+ssh://git@github.com/a/b.git#"+commit)
	for _, same := range []dep.Entry{
		at(dep.Git, "git+https://github.com/a/b.git#"+commit),
		at(dep.Git, "https://codeload.github.com/a/b/tar.gz/"+commit),
		at(dep.URL, "https://codeload.github.com/a/b/tar.gz/"+commit),
		at(dep.Git, "https://github.com/a/b.git#commit="+commit),
		at(dep.Git, "git@github.com:a/b.git#workspace=x&commit="+commit),
		at(dep.Git, "github:a/b#"+commit),
	} {
		if !SameSource(npm, same) || !SameSource(same, npm) {
			t.Errorf("%s is another source", same.Resolved)
		}
	}
	for _, other := range []dep.Entry{
		at(dep.Git, "git+ssh://git@github.com/a/c.git#"+commit),
		at(dep.Git, "git+ssh://git@github.com/a/b.git#"+strings.Repeat("a", 40)),
		at(dep.Git, "git+ssh://git@gitlab.com/a/b.git#"+commit),
		at(dep.URL, "https://codeload.github.com.evil.example/a/b/tar.gz/"+commit),
		at(dep.URL, "https://codeload.github.com/a/b/tar.gz/main"),
		at(dep.URL, "https://codeload.github.com/a/../x/tar.gz/"+commit),
		at(dep.URL, "https://evil.example/a/b#"+commit),
		at(dep.Registry, ""),
	} {
		if SameSource(npm, other) {
			t.Errorf("%s is the same source", other.Resolved)
		}
	}
}

func TestOneRepositoryIsOneSourceHoweverItIsDeclared(t *testing.T) {
	for want, spellings := range map[string][]string{
		"github.com/acme/weave": {
			"https://github.com/acme/weave", "https://github.com/acme/weave/", "https://github.com/acme/weave.git", "https://github.com/acme/weave.git/",
			"git+https://github.com/acme/weave.git", "git+https://git@github.com/acme/weave.git", "http://github.com/acme/weave",
			"git://github.com/acme/weave.git", "git+ssh://git@github.com/acme/weave.git", "ssh://git@github.com:22/acme/weave.git",
			"git@github.com:acme/weave.git", "github.com:acme/weave", "git@github.com:/acme/weave", "git@github.com/acme/weave.git",
			"git+ssh://git@github.com:acme/weave.git", "git://github.com:acme/weave.git", "https://robin:s3:cret@github.com/acme/weave",
			"github:acme/weave", "acme/weave", "Acme/weave.git", "acme/weave#main", "github.com/acme/weave", "//github.com/acme/weave",
			"https://www.github.com/acme/weave", "https://GitHub.com:443/ACME/Weave.git", " https://github.com/acme/weave\n",
			"https://github.com/acme/weave/tree/main/packages/core", "https://github.com/acme/weave.git/tree/main", "https://github.com/acme/weave/issues?q=1#top",
			"https://github.com//acme/weave", "git+git://github.com/acme/weave#semver:^1",
		},
		"gitlab.com/acme/web/weave": {
			"gitlab:acme/web/weave", "https://gitlab.com/Acme/Web/weave.git", "git@gitlab.com:acme/web/weave.git",
			"https://gitlab.com/acme/web/weave/-/tree/main/core", "https://gitlab.com/acme/web/weave/tree/main",
		},
		"gitlab.com/acme/weave":        {"gitlab:acme/weave"},
		"bitbucket.org/acme/weave":     {"bitbucket:acme/weave", "https://robin@bitbucket.org/acme/weave/src/main/core"},
		"gist.github.com/0123abcd":     {"gist:0123abcd", "https://gist.github.com/0123abcd.git"},
		"git.acme.example/Team/weave":  {"ssh://git@git.acme.example:7999/Team/weave.git", "https://git.acme.example/Team/weave"},
		"github.com/acme/weave.js":     {"acme/weave.js"},
		"github.com.evil.example/a/b":  {"https://github.com.evil.example/a/b"},
		"evil.example/acme/weave":      {"https://github.com@evil.example/acme/weave", "git@evil.example:acme/weave"},
		"github.com/acme/github.com:x": {"https://github.com/acme/github.com:x"},
	} {
		for _, spelling := range spellings {
			if got, ok := SourceRepository(spelling); !ok || got != want {
				t.Errorf("%q is %q, %v, expected %q", spelling, got, ok, want)
			}
		}
	}
	for _, none := range []string{
		"", " ", "weave", "https://weave.example", "https://weave.example/", "https://github.com/acme", "github:acme", "https:///acme/weave", "file:../weave",
		"./weave", "../a/b", "/srv/git/weave.git", "@acme/weave", "mailto:robin@acme.example", "https://gitlab.com/-/x", "https://gitlab.com/.git", "https://[::1/x", "\x00", "://", ":", "#",
	} {
		if got, ok := SourceRepository(none); ok || got != "" {
			t.Errorf("%q is %q", none, got)
		}
	}
}

// A port and the first part of a host say where something is fetched from: only what a
// package declares is read past them.
func TestWhereAGitSourceIsFetchedFromIsKept(t *testing.T) {
	for address, want := range map[string]string{
		"git+ssh://git@GIT.acme.example:7999/Team/weave.git#v1": "git.acme.example:7999/Team/weave",
		"git+https://www.github.com/acme/weave.git":             "www.github.com/acme/weave",
		"https://github.com/acme/weave/raw/x/weave.git":         "github.com/acme/weave/raw/x/weave",
		"git+ssh://git@github.com/Acme/Weave.git":               "github.com/acme/weave",
		"acme/weave":          "github.com/acme/weave",
		"./packages/weave":    "./packages/weave",
		"https://[::1/x":      "https://[::1/x",
		"git+ssh://git@host/": "host/",
	} {
		if got, _ := GitRepository(address); got != want {
			t.Errorf("%q is %q, expected %q", address, got, want)
		}
	}
}

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

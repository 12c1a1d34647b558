package registry

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func TestWhatAReleaseAsksForElsewhereAndBundles(t *testing.T) {
	read := func(members string) Release {
		t.Helper()
		r, err := ParseRelease([]byte(`{"name":"a","version":"1.0.0","dist":{"shasum":""},` + members + `}`))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := read(`"dependencies":{"left":"^1.0.0","setup":"github:o/r#c","old":"npm:x@1","odd":7},"optionalDependencies":{"setup":"github:o/r#c"},
		"peerDependencies":{"p":"https://example.com/p.tgz"},"devDependencies":{"d":"github:o/d"}`)
	padded := read(`"dependencies":{"setup":"` + strings.Repeat(" ", maxText) + `github:o/r"}`)
	if fmt.Sprint(padded.Elsewhere) != fmt.Sprint([]dep.Spec{{Name: "setup", Range: "github:o/r", Kind: dep.Prod}}) {
		t.Errorf("a spec behind white space: %v", padded.Elsewhere)
	}
	want := []dep.Spec{{Name: "p", Range: "https://example.com/p.tgz", Kind: dep.Peer}, {Name: "setup", Range: "github:o/r#c", Kind: dep.Optional}}
	if fmt.Sprint(r.Elsewhere) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", r.Elsewhere, want)
	}
	for members, want := range map[string]string{
		`"bundleDependencies":["b","a",7,""]`:                    "a b",
		`"bundledDependencies":["a"],"bundleDependencies":["a"]`: "a",
		`"bundleDependencies":true,"dependencies":{"x":"1"}`:     "x",
		`"bundleDependencies":false,"dependencies":{"x":"1"}`:    "",
		`"bundledDependencies":{"a":"1"}`:                        "a",
		`"bundleDependencies":"a","dependencies":["x"]`:          "",
	} {
		if got := strings.Join(read(members).Bundles, " "); got != want {
			t.Errorf("%s: %q, want %q", members, got, want)
		}
	}
	many := make([]string, maxSpecs+1)
	for i := range many {
		many[i] = fmt.Sprintf(`"p%d":"o/r"`, i)
	}
	if n := len(read(`"dependencies":{` + strings.Join(many, ",") + `}`).Elsewhere); n != maxSpecs {
		t.Errorf("%d specs were kept", n)
	}
}

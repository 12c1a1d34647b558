package lockfile

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func npmPkg(name, version string) dep.Package {
	return dep.Package{Ecosystem: dep.NPM, Name: name, Version: version}
}

// sri is a digest that stands for some content.
func sri(content string) string {
	sum := sha512.Sum512([]byte(content))
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

func tarball(name, version string) string {
	return "https://registry.npmjs.org/" + name + "/-/" + path.Base(name) + "-" + version + ".tgz"
}

// member is one line of "packages" as npm would write it; fields are added to it or
// replace its own, and nil takes one away.
func member(location, name, version string, fields ...any) string {
	m := map[string]any{"version": version, "resolved": tarball(name, version), "integrity": sri(name + version)}
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] == nil {
			delete(m, fields[i].(string))
		} else {
			m[fields[i].(string)] = fields[i+1]
		}
	}
	value, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	key, _ := json.Marshal(location)
	return string(key) + ": " + string(value)
}

// v3 is a lockfile of version 3 with the given members: the first on line 4, each on
// its own line.
func v3(members ...string) string {
	return "{\n\"lockfileVersion\": 3,\n\"packages\": {\n" + strings.Join(members, ",\n") + "\n}\n}\n"
}

// v2 has "dependencies" too.
func v2(dependencies string, members ...string) string {
	return "{\n\"lockfileVersion\": 2,\n\"packages\": {\n" + strings.Join(members, ",\n") + "\n},\n\"dependencies\": " + dependencies + "\n}\n"
}

func parse(t testing.TB, text string) []dep.Entry {
	t.Helper()
	entries, err := Parse("package-lock.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func parseError(t testing.TB, name, text string) (*Error, []dep.Entry) {
	t.Helper()
	entries, err := Parse(name, []byte(text))
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T), want an *Error", err, err)
	}
	return e, entries
}

func find(t testing.TB, entries []dep.Entry, location string) dep.Entry {
	t.Helper()
	for _, e := range entries {
		if e.Location == location {
			return e
		}
	}
	t.Fatalf("no entry at %s", location)
	return dep.Entry{}
}

// summary writes changes the short way: "updated lodash@4.17.21 from 4.17.20".
func summary(changes []dep.Change) []string {
	var out []string
	for _, c := range changes {
		s := fmt.Sprintf("%s %s", c.Kind, c.Entry.Package.ID())
		if c.Kind == dep.Updated {
			s += " from " + c.From()
		}
		for i, e := range c.Displaces {
			s += []string{" displaces", ""}[min(i, 1)] + " " + e.Package.ID()
		}
		for i, e := range c.Stays {
			s += []string{" beside", ""}[min(i, 1)] + " " + e.Package.ID()
		}
		if d := Explain(c); d != (Difference{}) {
			s += fmt.Sprintf(" source=%t conflict=%t weaker=%t", d.Source, d.Conflict, d.Weaker)
		}
		out = append(out, s)
	}
	return out
}

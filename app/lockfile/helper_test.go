package lockfile

import (
	"cmp"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
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

// v1 is a lockfile of version 1 with the given members: the first on line 5, each on
// its own line.
func v1(members ...string) string {
	return "{\n\"lockfileVersion\": 1,\n\"requires\": true,\n\"dependencies\": {\n" + strings.Join(members, ",\n") + "\n}\n}\n"
}

// locked is one package of a tree that can be written as every version of npm's
// lockfile.
type locked struct {
	as, name, version string            // name is "" where it is what it is installed as
	address           string            // git, a tarball; "" for a registry's
	folder            string            // of the repository, which it is linked to
	requires          map[string]string // by name
	in                []locked          // what is installed in it
	dev, bundled      bool
}

// writeNPM writes a tree as npm writes it in a version.
func writeNPM(t testing.TB, version int, asks map[string]string, tree []locked) string {
	t.Helper()
	lock := map[string]any{"name": "root", "lockfileVersion": version, "requires": true}
	if version < 3 {
		lock["dependencies"] = legacyOf(tree)
	}
	if version > 1 {
		packages := map[string]any{"": map[string]any{"name": "root", "dependencies": asks}}
		packagesOf("", tree, packages)
		lock["packages"] = packages
	}
	text, err := json.MarshalIndent(lock, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func packagesOf(folder string, tree []locked, packages map[string]any) {
	for _, p := range tree {
		location := folder + "node_modules/" + p.as
		name := cmp.Or(p.name, p.as)
		m := map[string]any{}
		if p.folder != "" {
			packages[location] = map[string]any{"resolved": p.folder, "link": true}
			location = p.folder
		} else if m["version"] = p.version; p.bundled {
			m["inBundle"] = true
		} else if m["resolved"] = cmp.Or(p.address, tarball(name, p.version)); !strings.HasPrefix(p.address, "git") {
			m["integrity"] = sri(name + p.version)
		}
		if p.name != "" {
			m["name"] = p.name
		}
		if p.dev {
			m["dev"] = true
		}
		if len(p.requires) > 0 {
			m["dependencies"] = p.requires
		}
		var bundles []string
		for _, in := range p.in {
			if in.bundled && !p.bundled {
				bundles = append(bundles, in.as)
			}
		}
		if len(bundles) > 0 {
			m["bundleDependencies"] = bundles
		}
		packages[location] = m
		packagesOf(location+"/", p.in, packages)
	}
}

func legacyOf(tree []locked) map[string]any {
	out := map[string]any{}
	for _, p := range tree {
		name := cmp.Or(p.name, p.as)
		m := map[string]any{"version": p.version}
		switch {
		case p.folder != "":
			m["version"] = "file:" + p.folder
		case p.bundled:
			m["bundled"] = true
		case p.address != "":
			m["version"] = p.address
			if strings.HasPrefix(p.address, "git") {
				m["from"] = p.as + "@" + p.address
			} else {
				m["integrity"] = sri(name + p.version)
			}
		default:
			m["resolved"], m["integrity"] = tarball(name, p.version), sri(name+p.version)
			if p.name != "" {
				m["version"] = "npm:" + p.name + "@" + p.version
			}
		}
		if p.dev {
			m["dev"] = true
		}
		if len(p.requires) > 0 {
			m["requires"] = p.requires
		}
		if len(p.in) > 0 {
			m["dependencies"] = legacyOf(p.in)
		}
		out[p.as] = m
	}
	return out
}

func parse(t testing.TB, text string) []dep.Entry {
	t.Helper()
	return parseAs(t, "package-lock.json", text)
}

func parseAs(t testing.TB, name, text string) []dep.Entry {
	t.Helper()
	entries, err := Parse(name, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
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

// peakHeap runs f once and reports how much memory it holds at most, over the size of
// what it reads: its own retained results count, the input does not. It belongs after
// the loop of a benchmark, which forgets what was reported before.
func peakHeap(b *testing.B, size int, f func()) {
	b.Helper()
	b.ReportMetric(float64(peakOf(f))/float64(size), "peak/size")
}

// peakOf is the most bytes that were live while f ran, beyond those before. The garbage
// collector runs after every few percent, and each of its rounds says what lives.
func peakOf(f func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(2))
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	read := func() uint64 {
		metrics.Read(live)
		return live[0].Value.Uint64()
	}
	runtime.GC()
	before := read()
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := before
		for {
			select {
			case <-done:
				peak <- max(most, read())
				return
			default:
				most = max(most, read())
				runtime.Gosched()
			}
		}
	}()
	f()
	close(done)
	return <-peak - before
}

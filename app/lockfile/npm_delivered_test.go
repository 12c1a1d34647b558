package lockfile

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

// entriesAt finds entries by their locations.
func entriesAt(entries []dep.Entry) func(string) (dep.Entry, bool) {
	return func(location string) (dep.Entry, bool) {
		i := slices.IndexFunc(entries, func(e dep.Entry) bool { return e.Location == location })
		if i < 0 {
			return dep.Entry{}, false
		}
		return entries[i], true
	}
}

// What real packages bundle comes out as delivered again, from the names alone that the
// package above it states.
func TestWhatRealPackagesBundleIsDelivered(t *testing.T) {
	z := realdata.Open(t, "lockfiles.zip")
	bundled := 0
	err := fs.WalkDir(z, ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		if err != nil || d.IsDir() || strings.HasPrefix(name, "hostile/") || !strings.HasSuffix(base, "package-lock.json") && !strings.HasSuffix(base, "npm-shrinkwrap.json") {
			return err
		}
		data := realdata.Read(t, z, name)
		entries, err := Parse("package-lock.json", data)
		if err != nil {
			return nil //nolint:nilerr // others test that
		}
		var doc struct {
			Packages map[string]struct {
				Bundles []string `json:"bundleDependencies"`
			}
		}
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		at := entriesAt(entries)
		known := map[string]map[string]bool{}
		for _, e := range entries {
			if !e.Bundled {
				continue
			}
			bundled++
			in, ok := Bundler(e, at)
			if !ok {
				t.Errorf("%s: nothing bundles %s", name, e.Location)
				continue
			}
			names := doc.Packages[in.Location].Bundles
			if len(doc.Packages) == 0 { // version 1 does not repeat them
				for _, spec := range in.Dependencies {
					names = append(names, spec.Name)
				}
			}
			if known[in.Location] == nil {
				known[in.Location] = Delivered(entries, in.Location, names)
			}
			if !known[in.Location][e.Location] {
				t.Errorf("%s: %s is not delivered by %s", name, e.Location, in.Location)
			}
		}
		return nil
	})
	if err != nil || bundled == 0 {
		t.Errorf("%v, %d bundled entries", err, bundled)
	}
}

func TestOnlyWhatAPackageNamesIsDelivered(t *testing.T) {
	bundledEntry := func(location string, asks ...string) dep.Entry {
		e := dep.Entry{Location: location, Bundled: true}
		for _, name := range asks {
			e.Dependencies = append(e.Dependencies, dep.Spec{Name: name})
		}
		return e
	}
	plain := func(location string) dep.Entry { return dep.Entry{Location: location} }
	const b = "node_modules/b"
	entries := []dep.Entry{
		plain(b), bundledEntry(b+"/node_modules/x", "y", "z"), bundledEntry(b + "/node_modules/y"), bundledEntry(b + "/node_modules/x/node_modules/z"),
		bundledEntry(b + "/node_modules/z"), bundledEntry(b + "/node_modules/evil"), bundledEntry("node_modules/bb/node_modules/x"), plain(b + "/node_modules/other"),
		bundledEntry(b+"/node_modules/node_modules/x", "q"),
	}
	for names, want := range map[string]string{
		"":               "",
		"x":              "x x/node_modules/z y",
		"y":              "y",
		"x evil nothing": "evil x x/node_modules/z y",
		"other":          "",
		"node_modules/x": "node_modules/x",
	} {
		var got []string
		for _, location := range slices.Sorted(maps.Keys(Delivered(entries, b, strings.Fields(names)))) {
			got = append(got, strings.TrimPrefix(location, b+"/node_modules/"))
		}
		if fmt.Sprint(got) != "["+want+"]" {
			t.Errorf("%q delivers %v, want %s", names, got, want)
		}
	}
	silent := []dep.Entry{plain(b), {Location: b + "/node_modules/x", Bundled: true, Unsaid: dep.FactDependencies}, {Location: b + "/node_modules/y", Bundled: true, Unsaid: dep.FactDependencies}}
	if got := Delivered(silent, b, []string{"x"}); len(got) != 2 {
		t.Errorf("where nobody says who asks for what: %v", got)
	}
	if in, ok := Bundler(bundledEntry(b+"/node_modules/x/node_modules/z"), entriesAt(entries)); !ok || in.Location != b {
		t.Errorf("bundled by %q", in.Location)
	}
	if in, ok := Bundler(bundledEntry("node_modules/z"), entriesAt(entries)); ok {
		t.Errorf("bundled by %q", in.Location)
	}
}

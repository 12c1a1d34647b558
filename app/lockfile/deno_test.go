package lockfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

// deno is a deno.lock of a version with the given sections, each beginning on a line
// of its own: the first on line 3.
func deno(version string, sections ...string) string {
	return "{\n\"version\": \"" + version + "\"" + strings.Join(append([]string{""}, sections...), ",\n") + "\n}\n"
}

func parseDenoText(t testing.TB, text string) []dep.Entry {
	t.Helper()
	return parseAs(t, "deno.lock", text)
}

const denoHex = "b0d03ce1ced880df67132eea140623010d415848df66f6aa5df76507ca7c26d8"

// One project, as every version writes it.
func denoProject(version string) string {
	integrity := sri("x")
	switch version {
	case "2":
		return deno("2", `"remote": {"https://example.com/mod.ts": "`+denoHex+`"}`,
			`"npm": {"specifiers": {"a@^1": "a@1.0.0_@s+p@2.0.0__q@1.0.0"},`+"\n"+`"packages": {`+
				"\n"+`"a@1.0.0_@s+p@2.0.0__q@1.0.0": {"integrity": "`+integrity+`", "dependencies": {"under_score": "under_score@1.0.0", "alias": "@s/p@2.0.0_q@1.0.0"}},`+
				"\n"+`"@s/p@2.0.0_q@1.0.0": {"integrity": "`+integrity+`", "dependencies": {}},`+
				"\n"+`"under_score@1.0.0": {"integrity": "`+integrity+`", "dependencies": {}}}}`)
	case "3":
		return deno("3", `"packages": {"specifiers": {"npm:a@^1": "npm:a@1.0.0_@s+p@2.0.0__q@1.0.0", "jsr:@std/path@^1": "jsr:@std/path@1.0.6", "jsr:@std/internal@^1": "jsr:@std/internal@1.0.2"},`+
			"\n"+`"jsr": {"@std/path@1.0.6": {"integrity": "`+denoHex+`", "dependencies": ["jsr:@std/internal@^1", "npm:a@^1"]},`+
			"\n"+`"@std/internal@1.0.2": {"integrity": "`+denoHex+`"}},`+
			"\n"+`"npm": {"a@1.0.0_@s+p@2.0.0__q@1.0.0": {"integrity": "`+integrity+`", "dependencies": {"under_score": "under_score@1.0.0", "alias": "@s/p@2.0.0_q@1.0.0"}},`+
			"\n"+`"@s/p@2.0.0_q@1.0.0": {"integrity": "`+integrity+`", "dependencies": {}},`+
			"\n"+`"under_score@1.0.0": {"integrity": "`+integrity+`", "dependencies": {}}}}`,
			`"remote": {"https://example.com/mod.ts": "`+denoHex+`"}`,
			`"workspace": {"packageJson": {"dependencies": ["npm:a@^1"]}, "members": {"packages/w": {"dependencies": ["jsr:@std/path@^1"]}}}`)
	}
	return deno(version, `"specifiers": {"npm:a@^1": "1.0.0_@s+p@2.0.0__q@1.0.0", "jsr:@std/path@^1": "1.0.6", "jsr:@std/internal@^1": "1.0.2"}`,
		`"jsr": {"@std/path@1.0.6": {"integrity": "`+denoHex+`", "dependencies": ["jsr:@std/internal", "npm:a"]},`+
			"\n"+`"@std/internal@1.0.2": {"integrity": "`+denoHex+`"}}`,
		`"npm": {"a@1.0.0_@s+p@2.0.0__q@1.0.0": {"integrity": "`+integrity+`", "dependencies": ["under_score"], "optionalPeers": ["alias@npm:@s/p@2.0.0_q@1.0.0"]},`+
			"\n"+`"@s/p@2.0.0_q@1.0.0": {"integrity": "`+integrity+`"},`+
			"\n"+`"under_score@1.0.0": {"integrity": "`+integrity+`"}}`,
		`"redirects": {"https://example.com/x": "https://example.com/mod.ts"}`,
		`"remote": {"https://example.com/mod.ts": "`+denoHex+`"}`,
		`"workspace": {"packageJson": {"dependencies": ["npm:a@^1"]}, "members": {"packages/w": {"dependencies": ["jsr:@std/path@^1"]}}}`)
}

func TestDenoReadsEveryVersion(t *testing.T) {
	for _, version := range []string{"2", "3", "4", "5"} {
		t.Run(version, func(t *testing.T) {
			text := denoProject(version)
			entries, lines := parseDenoText(t, text), strings.Split(text, "\n")
			want := []string{"@std/path", "@std/internal", "a", "@s/p", "under_score"}
			if version == "2" {
				want = want[2:]
			}
			var got []string
			for _, e := range entries {
				if e.Package.Ecosystem != dep.Generic {
					got = append(got, e.Package.Name)
				}
				if !strings.Contains(lines[e.Line-1], `"`+e.Location+`"`) {
					t.Errorf("%s is not on line %d", e.Location, e.Line)
				}
				switch e.Package.Ecosystem {
				case dep.NPM:
					if e.Source != dep.Registry || e.OwnDigest || len(e.Digests) != 1 || e.Integrity != sri("x") {
						t.Errorf("%+v", e)
					}
					if e.Unsaid.Has(dep.FactInstallScript) == (version == "5") {
						t.Errorf("%+v", e)
					}
				case dep.JSR:
					if e.Source != dep.Registry || !e.OwnDigest || e.Digests != nil || e.IntegrityError != "" || e.Integrity != denoHex || !e.Unsaid.Has(dep.FactDigest) {
						t.Errorf("%+v", e)
					}
				default:
					if e.Source != dep.URL || !e.OwnDigest || e.Integrity != denoHex || e.Package != (dep.Package{Ecosystem: dep.Generic, Name: "https://example.com/mod.ts"}) || e.Resolved != e.Package.Name {
						t.Errorf("%+v", e)
					}
				}
			}
			if !slices.Equal(got, want) || len(entries) != len(want)+1 {
				t.Fatalf("%q, want %q and a module", got, want)
			}
			a, peer, under := find(t, entries, "a@1.0.0_@s+p@2.0.0__q@1.0.0"), find(t, entries, "@s/p@2.0.0_q@1.0.0"), find(t, entries, "under_score@1.0.0")
			if a.Package.Version != "1.0.0" || !a.Direct || !slices.Equal(a.Workspaces, []string{"."}) {
				t.Errorf("%+v", a)
			}
			if peer.Package != npmPkg("@s/p", "2.0.0") || peer.Alias != "alias" || peer.AliasUnasked || peer.Direct || !slices.Equal(peer.Places, []dep.Place{{By: "a@1.0.0", As: "alias"}}) {
				t.Errorf("%+v", peer)
			}
			if under.Package != npmPkg("under_score", "1.0.0") || len(under.Places) != 1 || under.Direct {
				t.Errorf("%+v", under)
			}
			if version == "2" {
				return
			}
			path, internal := find(t, entries, "@std/path@1.0.6"), find(t, entries, "@std/internal@1.0.2")
			if !path.Direct || !slices.Equal(path.Workspaces, []string{"packages/w"}) || len(path.Dependencies) != 2 || path.Dependencies[0].Name != "@std/internal" || path.Dependencies[1].Name != "a" {
				t.Errorf("%+v", path)
			}
			if internal.Direct || !slices.Equal(internal.Places, []dep.Place{{By: "@std/path@1.0.6", As: "@std/internal"}}) {
				t.Errorf("%+v", internal)
			}
			if !slices.Contains(a.Places, dep.Place{By: "@std/path@1.0.6", As: "a"}) {
				t.Errorf("%+v", a.Places)
			}
		})
	}
}

func TestDenoFactsOfAPackage(t *testing.T) {
	entries := parseDenoText(t, deno("5", `"npm": {
"a@1.0.0": {"integrity": "`+sri("a")+`", "scripts": true, "bin": true, "os": ["linux"], "cpu": ["x64"], "deprecated": true, "trust": 2, "optionalDependencies": ["b@2.0.0", "c"], "optionalPeers": ["d"]},
"b@1.0.0": {"integrity": "`+sri("b")+`", "tarball": "https://npm.example.com/b/-/b-1.0.0.tgz"},
"b@2.0.0": {"integrity": "`+sri("b")+`", "tarball": "https://evil.example/b-2.0.0.tgz"},
"c@1.0.0_x@1.0.0": {"integrity": "sha512-AAAA"},
"c@1.0.0_x@2.0.0": {},
"d@1.0.0": {"integrity": "`+sri("d")+`"}
}`))
	a := find(t, entries, "a@1.0.0")
	if !a.InstallScript || a.Unsaid.Has(dep.FactInstallScript) || !a.Unsaid.Has(dep.FactScope|dep.FactDirect|dep.FactBundled) || a.Scope != dep.Prod ||
		!slices.Equal(a.Dependencies, []dep.Spec{{Name: "b", Range: "2.0.0", Kind: dep.Optional}, {Name: "c", Kind: dep.Optional}, {Name: "d", Kind: dep.Peer}}) {
		t.Errorf("%+v", a)
	}
	for location, source := range map[string]dep.SourceKind{"a@1.0.0": dep.Registry, "b@1.0.0": dep.Registry, "b@2.0.0": dep.URL} {
		if e := find(t, entries, location); e.Source != source {
			t.Errorf("%+v", e)
		}
	}
	one, two := find(t, entries, "c@1.0.0_x@1.0.0"), find(t, entries, "c@1.0.0_x@2.0.0")
	if one.Package != two.Package || one.IntegrityError == "" || two.Integrity != "" || len(find(t, entries, "b@2.0.0").Places) != 1 {
		t.Errorf("%+v %+v", one, two)
	}
}

func TestDenoWithoutAConfigurationAsksForWhatNoPackageAsksFor(t *testing.T) {
	entries := parseDenoText(t, deno("4", `"specifiers": {"jsr:@std/a@1": "1.0.0", "jsr:@std/b@1": "1.0.0", "npm:c": "1.0.0"}`,
		`"jsr": {"@std/a@1.0.0": {"integrity": "", "dependencies": ["jsr:@std/b"]}, "@std/b@1.0.0": {"integrity": ""}}`, `"npm": {"c@1.0.0": {}, "d@1.0.0": {}}`))
	for location, direct := range map[string]bool{"@std/a@1.0.0": true, "@std/b@1.0.0": false, "c@1.0.0": true, "d@1.0.0": false} {
		if e := find(t, entries, location); e.Direct != direct || !e.Unsaid.Has(dep.FactDirect) {
			t.Errorf("%+v", e)
		}
	}
}

// Deno fetches what a specifier is resolved to, also where no digest holds it.
func TestWhatADenoSpecifierAloneNamesIsAnEntryWithoutADigest(t *testing.T) {
	entries := parseDenoText(t, deno("4", `"specifiers": {`+"\n"+`"jsr:@evil/x@1": "1.0.0",`+"\n"+`"npm:y@1": "1.0.0_z@1.0.0", "npm:z@1": "1.0.0_y@1"}`, `"npm": {"z@1.0.0": {"integrity": "`+sri("z")+`"}}`))
	if len(entries) != 3 {
		t.Fatalf("%+v", entries)
	}
	x, y := entries[0], entries[1]
	if x.Package != (dep.Package{Ecosystem: dep.JSR, Name: "@evil/x", Version: "1.0.0"}) || x.Line != 4 || x.Integrity != "" || !x.Direct {
		t.Errorf("%+v", x)
	}
	if y.Package != npmPkg("y", "1.0.0") || y.Line != 5 || y.Source != dep.Registry || y.Integrity != "" {
		t.Errorf("%+v", y)
	}
}

func TestWhereADenoRedirectLeadsIsAnEntryWithoutADigest(t *testing.T) {
	redirects := `"redirects": {` + "\n" + `"https://h.example/a": "https://h.example/b",` + "\n" + `"https://h.example/b": "https://h.example/c.ts",` + "\n" + `"https://h.example/d": "https://evil.example/d.ts",` +
		"\n" + `"https://h.example/e": "https://evil.example/d.ts"}`
	entries := parseDenoText(t, deno("5", redirects, `"remote": {"https://h.example/c.ts": "`+denoHex+`"}`))
	if len(entries) != 2 {
		t.Fatalf("%+v", entries)
	}
	if e := find(t, entries, "https://evil.example/d.ts"); e.Package.Ecosystem != dep.Generic || e.Source != dep.URL || e.Integrity != "" || e.Line != 6 {
		t.Errorf("%+v", e)
	}
}

// Of a package that stands in the file once, no version is said.
func TestADenoAliasWithoutAVersionIsSeen(t *testing.T) {
	entries := parseDenoText(t, deno("5", `"npm": {"a@1.0.0": {"dependencies": ["lodash@npm:@s/evil"]}, "@s/evil@1.0.0": {}}`))
	if e := find(t, entries, "@s/evil@1.0.0"); e.Alias != "lodash" || len(e.Places) != 1 || e.Places[0] != (dep.Place{By: "a@1.0.0", As: "lodash"}) {
		t.Errorf("%+v", e)
	}
}

// Only deno.json says which folder it is; the word of the lockfile hides nothing.
func TestALinkedDenoPackageIsAFileEntry(t *testing.T) {
	for _, name := range []string{"links", "patches"} {
		entries := parseDenoText(t, deno("5", `"npm": {"a@1.0.0": {}, "b@1.0.0": {"integrity": "`+sri("b")+`"}, "c@1.0.0": {}}`, `"workspace": {"`+name+`": {"npm:a@1.0.0": {"dependencies": ["npm:x"]}, "npm:b@1.0.0": {}}}`))
		for location, source := range map[string]dep.SourceKind{"a@1.0.0": dep.File, "b@1.0.0": dep.Registry, "c@1.0.0": dep.Registry} {
			if e := find(t, entries, location); e.Source != source {
				t.Errorf("%s: %+v", name, e)
			}
		}
	}
}

func TestDenoRefusesWhatItCouldNotReadInFull(t *testing.T) {
	for text, kind := range map[string]Kind{
		"null": Malformed, "[]": Malformed, "{}": UnsupportedVersion,
		`{"https://example.com/mod.ts": "` + denoHex + `"}`: UnsupportedVersion, // version 1
		`{"version": 5}`: UnsupportedVersion, `{"version": "6"}`: UnsupportedVersion, `{"version": "1"}`: UnsupportedVersion, `{"version": ""}`: UnsupportedVersion,
		`{"version": "55"}`: UnsupportedVersion, `{"version": null}`: UnsupportedVersion, `{"version": {}}`: Malformed,
		deno("4", `"npm": []`):                             Malformed,
		deno("4", `"npm": null`):                           Malformed,
		deno("4", `"npm": {"a": {}}`):                      Malformed,
		deno("4", `"npm": {"@1.0.0": {}}`):                 Malformed,
		deno("4", `"npm": {"a@": {}}`):                     Malformed,
		deno("4", `"npm": {"a@_b@1.0.0": {}}`):             Malformed,
		deno("4", `"npm": {"a@1": []}`):                    Malformed,
		deno("4", `"npm": {"a@1": {"dependencies": "b"}}`): Malformed,
		deno("4", `"npm": {"a@1": {"integrity": null}}`):   Malformed,
		deno("4", `"npm": {"a@1": {"integrity": "`+strings.Repeat("sha1-AA ", MaxDigests+1)+`"}}`): Limit,
		deno("3", `"packages": {"npm": {"a@1": {"dependencies": {"b": "b"}}}}`):                    Malformed,
		deno("4", `"jsr": {"@std/path": {}}`):                                                      Malformed,
		deno("4", `"specifiers": {"npm:a": 1}`):                                                    Malformed,
		deno("4", `"specifiers": {"https://x": "1"}`):                                              Malformed,
		deno("4", `"specifiers": {"npm:a": "_b@1.0.0"}`):                                           Malformed,
		deno("4", `"specifiers": {"npm:a": ""}`):                                                   Malformed,
		deno("3", `"packages": {"specifiers": {"npm:a": "1.0.0"}}`):                                Malformed,
		deno("4", `"remote": {"https://example.com": {}}`):                                         Malformed,
		deno("4", `"remote": {"": ""}`):                                                            Malformed,
		deno("4", `"workspace": []`):                                                               Malformed,
		deno("4", `"packages": {"npm": {"a@1": {}}}`):                                              Malformed, // of version 3
		deno("4", `"npm": {"packages": {"a@1": {}}}`):                                              Malformed, // of version 2
		deno("3", `"npm": {"a@1": {}}`):                                                            Malformed, // of version 4
		deno("3", `"packages": {"npm": {"a@1": {}}}`, `"jsr": {"@s/a@1": {}}`):                     Malformed,
		deno("3", `"jsr": {"@s/a@1": {}}`, `"packages": {"npm": {"a@1": {}}}`):                     Malformed,
		deno("4", `"packages": {"npm": {"a@1": {}}}`, `"npm": {"b@1": {}}`):                        Malformed,
		deno("2", `"npm": {"a@1": {}, "packages": {}}`):                                            Malformed,
		deno("2", `"npm": {"packages": {}, "a@1": {}}`):                                            Malformed,
		deno("4", `"npm": {"a@1": {}, "a@1": {}}`):                                                 DuplicateKey,
		"{\n<<<<<<< HEAD\n": MergeConflict,
		deno("4")[:10]:      NotJSON,
	} {
		e, entries := parseError(t, "deno.lock", text)
		if e.Kind != kind || len(entries) > 0 || strings.Contains(e.Detail, "npm install") {
			t.Errorf("%q: %+v, want %s", text, e, kind)
		}
	}
}

func TestTheGraphOfARealDenoLockfile(t *testing.T) {
	entries := parseDenoText(t, string(openCorpus(t).read(t, "deno/tool-v5-npm-peers/head.deno.lock")))
	store := find(t, entries, "use-sync-external-store@1.2.2_react@18.3.1")
	if !store.Direct || store.Package != npmPkg("use-sync-external-store", "1.2.2") {
		t.Errorf("%+v", store)
	}
	direct := 0
	for _, e := range entries {
		if e.Direct {
			direct++
		}
		if len(e.Places) == 0 {
			t.Errorf("nothing asks for %s", e.Location)
		}
	}
	if direct != 7 {
		t.Errorf("%d direct, want 7", direct)
	}
}

// generatedDeno is a deno.lock of n packages of npm.
func generatedDeno(n int) []byte {
	members := make([]string, 0, n)
	for i := range n {
		name := fmt.Sprintf("package-%d", i)
		members = append(members, fmt.Sprintf("\n    %q: {\n      \"integrity\": %q,\n      \"dependencies\": [\n        \"package-%d\",\n        \"package-%d@1.2.3\"\n      ]\n    }", name+"@1.2.3", sri(name), (i+1)%n, (i*7)%n))
	}
	return []byte(deno("5", `"specifiers": {"npm:package-0@1": "1.2.3"}`, `"npm": {`+strings.Join(members, ",")+"}"))
}

func BenchmarkDeno(b *testing.B) {
	b.Run("real", func(b *testing.B) {
		benchmarkParse(b, "deno.lock", openCorpus(b).read(b, "deno/tool-v5-npm-peers/head.deno.lock"))
	})
	b.Run("20MB", func(b *testing.B) { benchmarkParse(b, "deno.lock", generatedDeno(90_000)) })
}

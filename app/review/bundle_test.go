package review

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

// documented answers as verifier does, and its releases bundle and ask for something.
type documented struct {
	*verifier
	bundles   map[string][]string   // by name@version
	elsewhere map[string][]dep.Spec // by name@version
}

func (v documented) Verify(ctx context.Context, s provenance.Subject) provenance.Evidence {
	e := v.verifier.Verify(ctx, s)
	if e.Release != nil {
		e.Release.Bundles, e.Release.Elsewhere = v.bundles[s.Package.ID()], v.elsewhere[s.Package.ID()]
	}
	return e
}

func reviewed(t *testing.T, v Verifier, base, head packages) report.Report {
	t.Helper()
	f := File{Path: "package-lock.json", Base: base.lockfile(), Head: head.lockfile()}
	rep, err := reviewer(v).Review(t.Context(), Request{Kind: report.Diff, Files: []File{f}, Policy: policy.Default()})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// grades are the findings as "severity rule package", without notices.
func grades(r report.Report) (out []string) {
	for _, f := range r.Findings {
		grade := string(f.Severity)
		if f.Unknown {
			grade = "unknown"
		}
		if f.Severity != policy.Notice {
			out = append(out, grade+" "+string(f.Rule)+" "+f.Package.ID())
		}
	}
	slices.Sort(out)
	return out
}

// A mark is believed where the release above says that it bundles the package; else the
// package is one like others, that goes without a digest.
func TestOnlyTheReleaseAboveSaysWhatItBundles(t *testing.T) {
	const x = "node_modules/npm/node_modules/x"
	npm := public("npm@10.0.0", `"dependencies":{"x":"^1.0.0"},"bundleDependencies":["x"]`)
	base := packages{"node_modules/npm": npm}
	head := base.with(x, `"version":"1.0.0","inBundle":true,"dependencies":{"y":"^1"}`).with("node_modules/npm/node_modules/y", `"version":"1.0.0","inBundle":true`)
	for name, tt := range map[string]struct {
		head    packages
		bundles []string
		state   provenance.State // of the parent's provenance
		want    []string
		asked   []string
	}{
		"it does":             {head, []string{"x"}, provenance.Absent, nil, []string{"npm@10.0.0"}},
		"it bundles another":  {head, []string{"z"}, provenance.Absent, []string{"warning integrity-missing x@1.0.0", "warning integrity-missing y@1.0.0"}, []string{"npm@10.0.0", "x@1.0.0", "y@1.0.0"}},
		"it bundles nothing":  {head, nil, provenance.Absent, []string{"warning integrity-missing x@1.0.0", "warning integrity-missing y@1.0.0"}, []string{"npm@10.0.0", "x@1.0.0", "y@1.0.0"}},
		"it cannot be asked":  {head, nil, provenance.Unknown, []string{"unknown unverified x@1.0.0", "unknown unverified y@1.0.0"}, []string{"npm@10.0.0"}},
		"it is a private one": {packages{"node_modules/npm": from("https://npm.corp.example", "npm@10.0.0", `"bundleDependencies":["x"]`), x: head[x]}, []string{"x"}, provenance.Absent, []string{"error exotic-source npm@10.0.0", "error repinned npm@10.0.0", "unknown unverified x@1.0.0"}, []string{"npm@10.0.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := documented{&verifier{provenance: map[string]provenance.State{"npm@10.0.0": tt.state}}, map[string][]string{"npm@10.0.0": tt.bundles}, nil}
			rep := reviewed(t, v, base, tt.head)
			got := slices.DeleteFunc(grades(rep), func(g string) bool {
				return strings.Contains(g, "npm@10") && !strings.Contains(strings.Join(tt.want, ","), g)
			})
			if asked := slices.Sorted(maps.Keys(v.asked)); !slices.Equal(got, tt.want) || !slices.Equal(asked, tt.asked) {
				t.Errorf("%v, want %v; asked about %v, want %v\n%+v", got, tt.want, asked, tt.asked, rep.Findings)
			}
			if tt.state == provenance.Unknown && !rep.Retry {
				t.Error("it is not asked again")
			}
		})
	}
}

// An entry that several packages are said to bundle is no better than at the worst place.
func TestTheWorstPlaceOfABundledPackageCounts(t *testing.T) {
	bundling := func(id string) string {
		return public(id, `"dependencies":{"x":"^1.0.0"},"bundleDependencies":["x"]`)
	}
	base := packages{"node_modules/a": bundling("a@1.0.0"), "node_modules/b": bundling("b@1.0.0")}
	const x = `"version":"1.0.0","inBundle":true`
	head := base.with("node_modules/a/node_modules/x", x).with("node_modules/b/node_modules/x", x)
	for name, tt := range map[string]struct {
		a, b  string // what each says: "bundles", "does not", "down"
		want  []string
		retry bool
	}{
		"both say so":           {"bundles", "bundles", nil, false},
		"one does not":          {"bundles", "does not", []string{"warning integrity-missing x@1.0.0"}, false},
		"the first does not":    {"does not", "bundles", []string{"warning integrity-missing x@1.0.0"}, false},
		"one is unknown":        {"bundles", "down", []string{"unknown unverified x@1.0.0"}, true},
		"the first is unknown":  {"down", "bundles", []string{"unknown unverified x@1.0.0"}, true},
		"unknown, and does not": {"down", "does not", []string{"warning integrity-missing x@1.0.0"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := documented{&verifier{provenance: map[string]provenance.State{}}, map[string][]string{}, nil}
			for id, says := range map[string]string{"a@1.0.0": tt.a, "b@1.0.0": tt.b} {
				switch says {
				case "bundles":
					v.bundles[id] = []string{"x"}
				case "down":
					v.provenance[id] = provenance.Unknown
				}
			}
			rep := reviewed(t, v, base, head)
			if got := grades(rep); !slices.Equal(got, tt.want) || rep.Retry != tt.retry {
				t.Errorf("%v, want %v; again %t: %+v", got, tt.want, rep.Retry, rep.Findings)
			}
		})
	}
}

// A mark as bundled makes nobody ask the public registry for a private name.
func TestAPrivateNameIsNotAskedAboutForItsMark(t *testing.T) {
	corp := from("https://npm.corp.example", "@corp/cli@1.0.0", `"bundleDependencies":["x"]`)
	base := packages{"node_modules/@corp/cli": corp, "node_modules/npm": public("npm@10.0.0", `"bundleDependencies":["@corp/x"]`)}
	head := base.with("node_modules/@corp/cli/node_modules/x", `"version":"1.0.0","inBundle":true`).
		with("node_modules/npm/node_modules/@corp/x", `"version":"1.0.0","inBundle":true`)
	v := documented{proven(), nil, nil}
	rep := reviewed(t, v, base, head)
	if asked := slices.Sorted(maps.Keys(v.asked)); !slices.Equal(asked, []string{"npm@10.0.0"}) {
		t.Errorf("asked about %v: %v", asked, grades(rep))
	}
}

// Whoever writes the lockfile writes its marks: none of them makes a finding go away.
func TestMarksOfTheLockfileChangeNoVerdict(t *testing.T) {
	root := packages{"": `"dependencies":{"a":"^1.0.0"}`}
	a := public("a@1.0.0", `"dependencies":{"lost":"^1.0.0"}`)
	base := root.with("node_modules/a", a).with("node_modules/lost", public("lost@1.0.0"))
	for _, marks := range []string{`"dev":true`, `"optional":true`, `"devOptional":true`, `"peer":true`, `"inBundle":true`, `"extraneous":true`, `"dev":true,"optional":true,"peer":true,"inBundle":true`} {
		plain := reviewed(t, proven("lost@1.0.0"), base, root.with("node_modules/a", a).with("node_modules/lost", public("lost@1.0.1")))
		marked := reviewed(t, proven("lost@1.0.0"), base, root.with("node_modules/a", a).with("node_modules/lost", public("lost@1.0.1", marks)))
		if want := grades(plain); len(want) == 0 || !slices.Equal(grades(marked), want) || marked.Conclusion != plain.Conclusion {
			t.Errorf("%s: %s by %v, without it %s by %v", marks, marked.Conclusion, grades(marked), plain.Conclusion, want)
		}
		for _, p := range marked.Packages {
			if p.Entry.Direct {
				t.Errorf("%s made %s direct", marks, p.Entry.Package.ID())
			}
		}
		direct := reviewed(t, proven(), packages{}, root.with("node_modules/a", public("a@1.0.0", marks)))
		if len(direct.Packages) != 1 || !direct.Packages[0].Entry.Direct {
			t.Errorf("%s: what the root asks for is not direct: %+v", marks, direct.Packages)
		}
	}
}

// The malware of 2026 that came with valid provenance asked for a commit of a fork, as an
// optional dependency that no lockfile showed.
func TestASpecThatOnlyTheDocumentHasIsFound(t *testing.T) {
	setup := dep.Spec{Name: "@tanstack/setup", Range: "github:tanstack/router#79ac49eedf774dd4b0cfa308722bc463cfe5885c", Kind: dep.Optional}
	base, head := packages{"node_modules/r": public("r@1.0.0")}, packages{"node_modules/r": public("r@1.0.1")}
	for name, tt := range map[string]struct {
		base      packages
		elsewhere map[string][]dep.Spec
		want      []string
	}{
		"new":                           {base, map[string][]dep.Spec{"r@1.0.1": {setup}}, []string{"error exotic-source r@1.0.1"}},
		"as before":                     {base, map[string][]dep.Spec{"r@1.0.0": {setup}, "r@1.0.1": {setup}}, nil},
		"none":                          {base, nil, nil},
		"another package asked for it":  {base.with("node_modules/s", public("s@1.0.0", `"optionalDependencies":{"@tanstack/setup":"`+setup.Range+`"}`)), map[string][]dep.Spec{"r@1.0.1": {setup}}, nil},
		"another one asked for another": {base.with("node_modules/s", public("s@1.0.0", `"optionalDependencies":{"@tanstack/setup":"github:o/r"}`)), map[string][]dep.Spec{"r@1.0.1": {setup}}, []string{"error exotic-source r@1.0.1"}},
	} {
		v := documented{proven("r@1.0.0", "r@1.0.1"), nil, tt.elsewhere}
		if got := grades(reviewed(t, v, tt.base, head)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

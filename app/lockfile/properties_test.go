package lockfile

import (
	"cmp"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/bonafide-app/bonafide/app/dep"
)

// realFile is a lockfile of the corpus, read.
type realFile struct {
	name    string // in the corpus
	format  string // "npm-v3", "yarn-berry", …: the folder it lies in
	text    string
	entries []dep.Entry
}

// realFiles are all real lockfiles of the formats that are read, base and head of
// each pair side by side.
func realFiles(t testing.TB) []realFile {
	t.Helper()
	c := openCorpus(t)
	var out []realFile
	for _, pattern := range []string{"*/*/*", "bench/*"} {
		names, err := fs.Glob(c, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			_, file, _ := strings.Cut(path.Base(name), ".")
			if name == "bench/package-lock.json" {
				file = "package-lock.json"
			}
			if format, ok := Recognise(file); !ok || !format.Supported || strings.HasPrefix(name, "hostile/") {
				continue
			}
			data := c.read(t, name)
			f := realFile{name: name, text: string(data)}
			f.format, _, _ = strings.Cut(name, "/")
			if f.entries, err = Parse(file, data); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			out = append(out, f)
		}
	}
	if len(out) < 64 {
		t.Fatalf("only %d real lockfiles", len(out))
	}
	return out
}

func TestRealLockfiles(t *testing.T) {
	files := realFiles(t)
	for what, holds := range map[string]func(*testing.T, []realFile){
		"do not differ from themselves":                 noneDiffersFromItself,
		"give a diff whatever the order of the entries": orderDoesNotMatter,
		"give a diff that leads from base to head":      diffLeadsToHead,
		"say every fact of their entries":               everyFactIsSaid,
	} {
		t.Run(what, func(t *testing.T) { holds(t, files) })
	}
}

// pairs calls f with base and head of every pair of the corpus, both ways.
func pairs(t *testing.T, files []realFile, f func(t *testing.T, base, head realFile)) {
	for i, a := range files {
		for _, b := range files[i+1:] {
			if path.Dir(a.name) == path.Dir(b.name) {
				t.Run(path.Dir(a.name), func(t *testing.T) {
					f(t, a, b)
					f(t, b, a)
				})
			}
		}
	}
}

func noneDiffersFromItself(t *testing.T, files []realFile) {
	for _, f := range files {
		if changes := Diff(f.entries, f.entries); len(changes) > 0 {
			t.Errorf("%s: %q", f.name, summary(changes))
		}
	}
}

func orderDoesNotMatter(t *testing.T, files []realFile) {
	random := rand.New(rand.NewPCG(1, 2))
	shuffled := func(entries []dep.Entry) []dep.Entry {
		out := slices.Clone(entries)
		random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		return out
	}
	pairs(t, files, func(t *testing.T, base, head realFile) {
		want := summary(Diff(base.entries, head.entries))
		if got := summary(Diff(shuffled(base.entries), shuffled(head.entries))); !slices.Equal(got, want) {
			t.Errorf("%d changes shuffled, %d in order", len(got), len(want))
		}
	})
}

// diffLeadsToHead: what the diff says, applied to the base's packages, gives the head's.
func diffLeadsToHead(t *testing.T, files []realFile) {
	pairs(t, files, func(t *testing.T, base, head realFile) {
		want := distinctPackages(head.entries)
		got := distinctPackages(base.entries)
		for _, c := range Diff(base.entries, head.entries) {
			switch c.Kind {
			case dep.Removed:
				delete(got, named(c.Entry.Package))
			case dep.Added, dep.Updated:
				for _, r := range c.Replaces {
					if !want[named(r.Package)] {
						delete(got, named(r.Package))
					}
				}
				got[named(c.Entry.Package)] = true
			case dep.Repinned:
				if !got[named(c.Entry.Package)] {
					t.Errorf("%s is repinned and was not there", c.Entry.Package.ID())
				}
			}
		}
		for p := range want {
			if !got[p] {
				t.Errorf("%s is missing", p.ID())
			}
		}
		for p := range got {
			if !want[p] {
				t.Errorf("%s is too much", p.ID())
			}
		}
	})
}

// checked counts, for one format, how many real entries a fact was held against the
// file's own text for.
type checked map[string]int

// facts in the order of the table. Those with a bit need not be kept by a format.
func facts() []struct {
	name string
	fact dep.Facts
} {
	return []struct {
		name string
		fact dep.Facts
	}{
		{"entries", 0}, {"line", 0}, {"name", 0}, {"version", 0}, {"alias", 0}, {"source", 0}, {"digest", dep.FactDigest}, {"address", 0},
		{"scope", dep.FactScope}, {"direct", dep.FactDirect}, {"workspaces", 0}, {"specs", dep.FactDependencies},
		{"bundled", dep.FactBundled}, {"script", dep.FactInstallScript}, {"patch", 0},
	}
}

// everyFactIsSaid: what an entry states is found in the text between its line and the
// next entry's. The table says how often each fact was there to be checked.
func everyFactIsSaid(t *testing.T, files []realFile) {
	table := map[string]checked{}
	unsaid := map[string]dep.Facts{}
	for _, f := range files {
		if table[f.format] == nil {
			table[f.format] = checked{}
			unsaid[f.format] = ^dep.Facts(0)
		}
		lines := strings.Split(f.text, "\n")
		for i, e := range f.entries {
			end := len(lines)
			if i+1 < len(f.entries) && f.entries[i+1].Line > e.Line {
				end = f.entries[i+1].Line - 1
			}
			checkFactsOf(t, f, e, lines[e.Line-1], strings.Join(lines[e.Line-1:end], "\n"), table[f.format])
			unsaid[f.format] &= e.Unsaid
		}
	}

	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, fact := range facts() {
		fmt.Fprintf(w, "\t%s", fact.name)
	}
	fmt.Fprintln(w, "\t")
	formats := make([]string, 0, len(table))
	for format := range table {
		formats = append(formats, format)
	}
	slices.Sort(formats)
	for _, format := range formats {
		fmt.Fprint(w, format)
		for _, fact := range facts() {
			switch n := table[format][fact.name]; {
			case n > 0:
				fmt.Fprintf(w, "\t%d", n)
			case fact.fact != 0 && unsaid[format].Has(fact.fact):
				fmt.Fprint(w, "\tnot kept")
			default:
				fmt.Fprint(w, "\t–")
			}
		}
		fmt.Fprintln(w, "\t")
		if table[format]["entries"] == 0 || table[format]["line"] != table[format]["entries"] || table[format]["version"] == 0 {
			t.Errorf("%s: %v", format, table[format])
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("real entries by format, and for how many each fact was found in the file's own text:\n%s", out.String())
}

func checkFactsOf(t *testing.T, f realFile, e dep.Entry, line, text string, counts checked) {
	found := func(fact, what, in string) {
		if strings.Contains(in, what) {
			counts[fact]++
		} else {
			t.Errorf("%s, line %d: %s %q of %s does not stand in %.200q", f.name, e.Line, fact, what, e.Package.ID(), in)
		}
	}
	counts["entries"]++
	counts["source"]++
	base := e.Package.Name[strings.LastIndexByte(e.Package.Name, '/')+1:]
	// What npm 6 nests has its name for a key, and not its location.
	if strings.Contains(line, e.Location) || strings.HasPrefix(f.format, "npm") && strings.Contains(line, `"`+cmp.Or(e.Alias, e.Package.Name)+`"`) {
		counts["line"]++
	} else {
		t.Errorf("%s: line %d, %.100q, is not that of %s", f.name, e.Line, line, e.Package.ID())
	}
	found("name", base, text)
	if e.Package.Version != "" {
		found("version", e.Package.Version, text)
	}
	// pnpm names an alias where it is asked for.
	if e.Alias != "" {
		found("alias", e.Alias, map[bool]string{true: f.text, false: text}[strings.HasPrefix(f.format, "pnpm")])
	}
	for _, digest := range strings.Fields(e.Integrity) {
		found("digest", digest, text)
	}
	if e.Resolved != "" && !e.Unsaid.Has(dep.FactDigest) {
		for resolved := range strings.FieldsSeq(e.Resolved) { // several for a runtime of pnpm's
			address, _, _ := strings.Cut(resolved, "#")
			found("address", address, text)
		}
	}
	if e.AliasUnasked || e.IntegrityError != "" {
		t.Errorf("%s, line %d: %+v", f.name, e.Line, e)
	}
	if e.Direct {
		counts["direct"]++
	}
	if len(e.Workspaces) > 0 && !slices.Equal(e.Workspaces, []string{"."}) {
		counts["workspaces"]++
	}
	for _, s := range e.Dependencies {
		if f.format == "pnpm-v9" { // in a section of their own
			found("specs", s.Name, f.text)
		} else {
			found("specs", s.Name, text)
		}
	}
	if e.Bundled {
		counts["bundled"]++
	}
	if e.InstallScript {
		counts["script"]++
	}
	if e.Patch != "" {
		counts["patch"]++
	}
	if !e.Unsaid.Has(dep.FactScope) {
		counts["scope"]++
		if marked := strings.Contains(text, "\"dev\": true") || strings.Contains(text, "\n    dev: true"); marked != (e.Scope == dep.Dev) && flagged(f.format) && !strings.Contains(text, "devOptional") {
			t.Errorf("%s: line %d: %s is of scope %s, marked dev: %t", f.name, e.Line, e.Package.ID(), e.Scope, marked)
		}
	}
}

// flagged says whether a format marks what is only for development.
func flagged(format string) bool {
	return strings.HasPrefix(format, "npm") || format == "pnpm-v5" || format == "pnpm-v6"
}

package lockfile

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

// corpus is the collection of real and hostile lockfiles beside the repository.
type corpus struct{ fs.FS }

const archive = "lockfiles.zip"

func openCorpus(t testing.TB) corpus {
	t.Helper()
	return corpus{realdata.Open(t, archive)}
}

func (c corpus) read(t testing.TB, name string) []byte {
	t.Helper()
	return realdata.Read(t, c, name)
}

type expectedRow struct {
	Name, Version, Integrity, Resolved string
	Line, Occurrences                  int
	Aliases                            []string
	Dev                                *bool // nil where the format does not say
	Optional, Peer, Bundled            bool
	Source                             string
	From, To                           []struct{ Integrity, Resolved string } // repinned
}

func (r expectedRow) pkg() dep.Package {
	return dep.Package{Ecosystem: dep.NPM, Name: r.Name, Version: r.Version}
}

// isRow says whether an entry is the one of a row. Of yarn 2 and later the corpus has
// the whole resolution for an address.
func (r expectedRow) isRow(format string, e dep.Entry) bool {
	resolved := e.Resolved
	switch {
	case !strings.HasPrefix(format, "yarn-berry"):
	case e.Source == dep.Registry && resolved == "":
		resolved = e.Package.Name + "@npm:" + e.Package.Version
	default:
		resolved = e.Package.Name + "@" + resolved
	}
	return e.Package.Name == r.Name && e.Package.Version == r.Version && e.Integrity == r.Integrity && resolved == r.Resolved
}

type expectedDiff struct {
	Format, Lockfile         string
	BaseEntries, HeadEntries int
	Added, Removed, Repinned []expectedRow
}

func (e *expectedDiff) UnmarshalJSON(data []byte) error {
	type plain expectedDiff
	var counts struct {
		Base int `json:"base_entries"`
		Head int `json:"head_entries"`
	}
	if err := errors.Join(json.Unmarshal(data, (*plain)(e)), json.Unmarshal(data, &counts)); err != nil {
		return err
	}
	e.BaseEntries, e.HeadEntries = counts.Base, counts.Head
	return nil
}

func distinctPackages(entries []dep.Entry) map[dep.Package]bool {
	out := map[dep.Package]bool{}
	for _, e := range entries {
		out[named(e.Package)] = true
	}
	return out
}

// named is a package without its ecosystem, which the corpus does not tell.
func named(p dep.Package) dep.Package {
	p.Ecosystem = dep.NPM
	return p
}

// The corpus lists added and removed packages, and as repinned every other digest
// and every other address. What an update replaces is in Replaces here and not in a
// row of its own; what became stronger, and the public registry's own address, is
// no change here. Everything else must agree to the byte.
func TestRealLockfilesGiveTheDiffThatOtherParsersGive(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it is work, and of one goroutine")
	}
	c := openCorpus(t)
	cases := 0
	expected, err := fs.Glob(c, "*/*/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(expected, "bench/expected.json") {
		dir := path.Dir(name)
		var want expectedDiff
		if err := json.Unmarshal(c.read(t, name), &want); err != nil {
			t.Fatal(err)
		}
		if format, ok := Recognise(want.Lockfile); !ok || !format.Supported {
			continue
		}
		cases++
		t.Run(dir, func(t *testing.T) {
			headFile := path.Join(dir, "head."+want.Lockfile)
			if _, err := fs.Stat(c, headFile); err != nil {
				headFile = path.Join(dir, want.Lockfile)
			}
			base, err := Parse(want.Lockfile, c.read(t, path.Join(dir, "base."+want.Lockfile)))
			if err != nil {
				t.Fatal(err)
			}
			head, err := Parse(want.Lockfile, c.read(t, headFile))
			if err != nil {
				t.Fatal(err)
			}
			compareWithCorpus(t, want, base, head)
		})
	}
	if cases < 32 {
		t.Errorf("only %d cases", cases)
	}
}

func compareWithCorpus(t *testing.T, want expectedDiff, base, head []dep.Entry) {
	if b, h := len(distinctPackages(base)), len(distinctPackages(head)); b != want.BaseEntries || h != want.HeadEntries {
		t.Errorf("%d and %d distinct packages, want %d and %d", b, h, want.BaseEntries, want.HeadEntries)
	}
	changes := Diff(base, head)
	entering, leaving, repinned := map[dep.Package][]dep.Change{}, map[dep.Package]bool{}, map[dep.Package]dep.Change{}
	inHead := distinctPackages(head)
	for _, ch := range changes {
		p := named(ch.Entry.Package)
		switch ch.Kind {
		case dep.Added, dep.Updated:
			entering[p] = append(entering[p], ch)
			for _, r := range ch.Replaces {
				if !inHead[named(r.Package)] {
					leaving[named(r.Package)] = true
				}
			}
		case dep.Removed:
			leaving[p] = true
		case dep.Repinned:
			repinned[p] = ch
		}
	}

	seen := map[dep.Package]bool{}
	for _, row := range want.Added {
		seen[row.pkg()] = true
		i := slices.IndexFunc(entering[row.pkg()], func(ch dep.Change) bool {
			return slices.ContainsFunc(ch.Occurrences, func(e dep.Entry) bool { return row.isRow(want.Format, e) })
		})
		if i < 0 {
			t.Errorf("%s is not reported with its digest and address", row.pkg().ID())
			continue
		}
		checkRow(t, want.Format, row, entering[row.pkg()][i].Occurrences)
	}
	if len(seen) != len(entering) {
		t.Errorf("%d packages enter, want %d", len(entering), len(seen))
	}
	gone := map[dep.Package]bool{}
	for _, row := range want.Removed {
		gone[row.pkg()] = true
		if !leaving[row.pkg()] {
			t.Errorf("%s left and is not reported", row.pkg().ID())
		}
		if !slices.ContainsFunc(base, func(e dep.Entry) bool { return row.isRow(want.Format, e) }) {
			t.Errorf("%s was not read with its digest and address", row.pkg().ID())
		}
	}
	if len(gone) != len(leaving) {
		t.Errorf("%d packages leave, want %d", len(leaving), len(gone))
	}

	repins := map[dep.Package]bool{}
	for _, row := range want.Repinned {
		if !worse(row) {
			continue
		}
		repins[row.pkg()] = true
		ch, ok := repinned[row.pkg()]
		if !ok {
			t.Errorf("%s became worse and is not reported", row.pkg().ID())
			continue
		}
		if Explain(ch) == (Difference{}) {
			t.Errorf("nothing explains why %s is repinned", row.pkg().ID())
		}
	}
	for p := range repinned {
		if !repins[p] {
			t.Errorf("%s is repinned for no reason", p.ID())
		}
	}
}

// worse says whether a repinned row of the corpus is one for us: a digest or an
// address that was not there before, or one that went, at one of the places. The
// digests of two versions of yarn's cache have nothing to do with each other.
func worse(row expectedRow) bool {
	own := func(resolved string) bool { return resolved == "" || isPublicTarball(resolved, row.pkg()) }
	for _, to := range row.To {
		for _, from := range row.From {
			if strings.Contains(from.Resolved, "@patch:") != strings.Contains(to.Resolved, "@patch:") {
				continue // what is patched, and what it is made of
			}
			was, _, _ := strings.Cut(from.Integrity, "/")
			is, archived, _ := strings.Cut(to.Integrity, "/")
			if archived != "" && !strings.HasPrefix(is, "sha") && was != is {
				continue
			}
			stronger := strings.HasPrefix(from.Integrity, "sha1-") && strings.HasPrefix(to.Integrity, "sha512-")
			if from.Integrity != "" && to.Integrity != from.Integrity && !stronger || own(from.Resolved) != own(to.Resolved) {
				return true
			}
		}
	}
	return false
}

func checkRow(t *testing.T, format string, row expectedRow, among []dep.Entry) {
	t.Helper()
	var rows []dep.Entry
	for _, o := range among {
		if row.isRow(format, o) {
			rows = append(rows, o)
		}
	}
	if len(rows) == 0 {
		t.Errorf("%s is not there with its digest and address", row.pkg().ID())
		return
	}
	if rows[0].Line != row.Line || len(rows) != row.Occurrences {
		t.Errorf("%s: line %d with %d occurrences, want line %d with %d", row.pkg().ID(), rows[0].Line, len(rows), row.Line, row.Occurrences)
	}
	var aliases []string
	dev, optional, peer, bundled := true, true, true, true
	for _, o := range rows {
		if o.Alias != "" {
			aliases = append(aliases, o.Alias)
		}
		dev = dev && o.Scope == dep.Dev
		optional = optional && o.Scope == dep.Optional
		peer = peer && o.Scope == dep.Peer
		bundled = bundled && o.Bundled
	}
	slices.Sort(aliases)
	// pnpm names an alias where it is asked for, and the corpus does not look there.
	if aliases = slices.Compact(aliases); !slices.Equal(aliases, row.Aliases) && !strings.HasPrefix(format, "pnpm") {
		t.Errorf("%s: aliases %q, want %q", row.pkg().ID(), aliases, row.Aliases)
	}
	// An entry has one scope: dev before optional before peer.
	if row.Dev != nil && (dev != *row.Dev || optional != (row.Optional && !*row.Dev) || peer != (row.Peer && !*row.Dev && !row.Optional)) {
		t.Errorf("%s: scope %s, want dev %t, optional %t, peer %t", row.pkg().ID(), rows[0].Scope, *row.Dev, row.Optional, row.Peer)
	}
	// What has an address of its own is fetched, whatever its mark says.
	if bundled != (row.Bundled && row.Resolved == "") {
		t.Errorf("%s: bundled %t, want %t", row.pkg().ID(), bundled, row.Bundled)
	}
	source := map[string]dep.SourceKind{"": dep.Registry, "npm": dep.Registry, "jsr": dep.Registry, "remote": dep.URL}[row.Source]
	if source == "" {
		source = dep.SourceKind(row.Source)
	}
	if rows[0].Source != source {
		t.Errorf("%s: source %s, want %s", row.pkg().ID(), rows[0].Source, source)
	}
}

func TestRealAliasesAreAskedFor(t *testing.T) {
	c := openCorpus(t)
	aliases, bundled := 0, 0
	for _, pattern := range []string{"npm-*/*/*.json", "bench/*.json"} {
		names, err := fs.Glob(c, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			_, file, _ := strings.Cut(path.Base(name), ".")
			if !strings.HasSuffix(name, "package-lock.json") && file != "npm-shrinkwrap.json" {
				continue
			}
			entries, err := Parse("package-lock.json", c.read(t, name))
			var refused *Error
			if errors.As(err, &refused) && refused.Kind == UnsupportedVersion {
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, e := range entries {
				if e.AliasUnasked {
					t.Errorf("%s: nobody asks for %s as %s", name, e.Package.ID(), e.Alias)
				}
				if e.Alias != "" {
					aliases++
				}
				if e.Bundled {
					bundled++
				}
			}
		}
	}
	if aliases < 30 || bundled < 300 {
		t.Errorf("only %d aliases and %d bundled entries: the corpus does not show much", aliases, bundled)
	}
}

type hostileCase struct {
	Case, Lockfile, Head, Base, Outcome string
	Kinds                               []string
	MustReport                          []string `json:"must_report"`
	MustNotReport                       []string `json:"must_not_report"`
	Entries                             int
	Lines                               map[string]int
}

func TestHostileLockfilesAreRefusedOrTheirFactsComeOut(t *testing.T) {
	c := openCorpus(t)
	var all struct{ Cases []hostileCase }
	if err := json.Unmarshal(c.read(t, "hostile/expected.json"), &all); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, h := range all.Cases {
		if format, ok := Recognise(h.Lockfile); !ok || !format.Supported {
			continue
		}
		ran++
		t.Run(h.Case, func(t *testing.T) {
			var base []dep.Entry
			if h.Base != "" {
				var err error
				if base, err = Parse(h.Lockfile, c.read(t, "hostile/"+h.Base)); err != nil {
					t.Fatalf("the base: %v", err)
				}
			}
			head, err := Parse(h.Lockfile, c.read(t, "hostile/"+h.Head))
			var refused *Error
			if err != nil && !errors.As(err, &refused) {
				t.Fatalf("the error is a %T and not an *Error", err)
			}
			changes := Diff(base, head)
			switch {
			case h.Outcome == "error":
				if refused == nil || !slices.Contains(hostileKinds()[h.Kinds[0]], refused.Kind) {
					t.Errorf("error %v, want one of kind %s", err, h.Kinds[0])
				}
				if len(head) > 0 {
					t.Errorf("%d entries come with the error", len(head))
				}
			case h.Outcome == "ok":
				checkHarmless(t, h, head, changes, err)
			case refused != nil && refused.Kind != Inconsistent:
				named := slices.ContainsFunc(h.Kinds, func(kind string) bool { return slices.Contains(hostileKinds()[kind], refused.Kind) })
				if h.Outcome != "error-or-finding" && !named {
					t.Errorf("refused: %v", err)
				}
			default:
				checkFacts(t, h, changes, refused)
			}
		})
	}
	if ran < 115 {
		t.Errorf("only %d hostile cases", ran)
	}
}

// hostileKinds are our kinds of errors for the corpus's words.
func hostileKinds() map[string][]Kind {
	return map[string][]Kind{
		"unreadable":     {Empty, LFSPointer, NotUTF8, NotJSON, NotYAML, Malformed},
		"yaml-anchor":    {Malformed},
		"merge-conflict": {MergeConflict},
		"unsupported":    {UnsupportedVersion},
		"duplicate-key":  {DuplicateKey},
		"limit":          {Limit},
	}
}

func checkHarmless(t *testing.T, h hostileCase, head []dep.Entry, changes []dep.Change, err error) {
	if err != nil {
		t.Fatal(err)
	}
	if n := len(distinctPackages(head)); n != h.Entries {
		t.Errorf("%d packages, want %d", n, h.Entries)
	}
	for _, e := range head {
		if want, ok := h.Lines[e.Package.ID()]; ok && e.Line != want {
			t.Errorf("%s is on line %d, want %d", e.Package.ID(), e.Line, want)
		}
	}
	if h.Base != "" && len(changes) > 0 {
		t.Errorf("%d changes, want none", len(changes))
	}
}

// checkFacts makes sure that everything a rule needs for one of the expected
// findings is in the changes.
func checkFacts(t *testing.T, h hostileCase, changes []dep.Change, refused *Error) {
	ids := map[string][]dep.Change{}
	for _, ch := range changes {
		ids[ch.Entry.Package.ID()] = append(ids[ch.Entry.Package.ID()], ch)
	}
	for _, id := range h.MustReport {
		if ids[id] == nil {
			t.Errorf("%s is not reported", id)
		}
	}
	for _, id := range h.MustNotReport {
		if ids[id] != nil {
			t.Errorf("%s is reported", id)
		}
	}
	facts := map[string]func(dep.Change) bool{
		"repinned":      func(c dep.Change) bool { return c.Kind == dep.Repinned && Explain(c) != Difference{} },
		"exotic-source": func(c dep.Change) bool { return !fromPublicRegistry(c.Entry) },
		"source-mismatch-url": func(c dep.Change) bool {
			return c.Entry.Source == dep.URL
		},
		"name-invalid":        func(c dep.Change) bool { return oddName(c.Entry.Package.Name) },
		"integrity-missing":   func(c dep.Change) bool { return c.Entry.Integrity == "" && !c.Entry.Bundled },
		"digest-weak":         func(c dep.Change) bool { return !dep.Strongest(c.Entry.Digests).Comparable() },
		"digest-malformed":    func(c dep.Change) bool { return c.Entry.IntegrityError != "" && c.Entry.Digests == nil },
		"conflicting-digests": func(c dep.Change) bool { return Explain(c).Conflict },
		"alias":               func(c dep.Change) bool { return c.Entry.Alias != "" },
		"added":               func(c dep.Change) bool { return c.Kind == dep.Added },
		"path-escape":         func(c dep.Change) bool { return c.Entry.Source == dep.File || strings.HasPrefix(c.Entry.Patch, "../") },
		"patched":             func(c dep.Change) bool { return c.Entry.Patch != "" },
		"version-invalid":     func(c dep.Change) bool { return strings.TrimLeft(c.Entry.Package.Version, "0123456789.") != "" },
	}
	for _, kind := range h.Kinds {
		switch {
		case kind == "sections-disagree" || kind == "unexpected-document" || kind == "inconsistent" && refused != nil:
			if refused == nil || refused.Kind != Inconsistent {
				t.Errorf("error %v, want one of kind inconsistent", refused)
			}
		case kind == "limit" || kind == "unreadable": // beside another that is asked
		case kind == "inconsistent": // without an error it is a package without a digest: also asked
		case facts[kind] == nil:
			t.Errorf("nothing is known of the kind %q", kind)
		case !slices.ContainsFunc(changes, facts[kind]):
			t.Errorf("no change shows %s: %+v", kind, changes)
		}
	}
}

func fromPublicRegistry(e dep.Entry) bool {
	base, ok := RegistryBase(e.Resolved, e.Package)
	return e.Source == dep.Registry && (e.Resolved == "" || ok && slices.Contains(PublicHosts(), strings.TrimPrefix(base, "https://")))
}

func oddName(name string) bool {
	plain := strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789") == ""
	return !plain || name == "" || len(name) > 214 || name == "node_modules"
}

func TestAnUpperCaseHostIsTheSameHost(t *testing.T) {
	c := openCorpus(t)
	head, err := Parse("package-lock.json", c.read(t, "hostile/npm-url-upper-host/head.package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range head {
		if !fromPublicRegistry(e) {
			t.Errorf("%s is said to come from elsewhere", e.Resolved)
		}
	}
}

package dep

// SourceKind says where an entry is fetched from.
type SourceKind string

// The kinds of sources. Registry covers every registry, public or private.
const (
	Registry  SourceKind = "registry"
	Git       SourceKind = "git"
	URL       SourceKind = "url"       // a tarball by address, not the registry's own for that name and version
	File      SourceKind = "file"      // a tarball or folder by path
	Link      SourceKind = "link"      // a folder of the repository, not a locked package
	Workspace SourceKind = "workspace" // a package of the repository itself
	Patch     SourceKind = "patch"     // another entry, changed by a patch before it is installed
)

// Scope says when an entry is installed.
type Scope string

// The scopes; an entry that is marked both dev and optional is Dev.
const (
	Prod     Scope = "prod"
	Dev      Scope = "dev"
	Optional Scope = "optional"
	Peer     Scope = "peer"
)

// Entry is one locked package as a lockfile states it. All strings are the
// lockfile's own, unchecked: escape them before showing.
type Entry struct {
	Package Package
	Alias   string // the name it is installed under, where that is not Package.Name
	// AliasUnasked says that no dependency spec of the lockfile asks for this package
	// under that name ("npm:NAME@…", or its address): nobody wanted it to stand there.
	// What package.json overrides is not in npm's lockfile, and comes out as unasked.
	AliasUnasked bool
	Lockfile     string // path in the repository
	Location     string // the key in the lockfile: "node_modules/a/node_modules/b", "a@^1.0.0"
	Line         int    // 1-based: where a person would look for it

	Source    SourceKind
	Resolved  string   // the address as stated, "" where the lockfile does not say
	Integrity string   // as stated, "" where the lockfile has none
	Digests   []Digest // Integrity, parsed; empty with IntegrityError set where it does not parse
	// IntegrityError says why Integrity could not be read in full, "" if it could.
	IntegrityError string

	Scope         Scope // Prod also where nothing is known (Unsaid)
	Direct        bool  // asked for by the root or a workspace of the repository
	Bundled       bool  // delivered inside its parent's tarball; most formats have no digest of it then
	InstallScript bool  // the lockfile says that a script runs at install time

	// OwnDigest says that Integrity is not of the registry's tarball but of what the
	// package manager made of it: it is comparable with its like alone, and Digests
	// are empty.
	OwnDigest bool
	// OwnDigestKey is what the file says about all digests of its own kind: with another
	// one (the version and settings of yarn's cache), every digest is another.
	OwnDigestKey string
	// Patch is what the package manager changes the package with after it was fetched:
	// a path in the repository, or the lockfile's own words for it; "" for nothing.
	Patch string
	// Workspaces are the folders of the repository's own packages that ask for it, "."
	// for the root, in the order of the file. Where the lockfile does not name them,
	// none.
	Workspaces []string
	// Dependencies are what it asks for in turn, as stated.
	Dependencies []Spec
	// Places are where it stands in the graph of what asks for what. Where there are
	// none, it stands at its Location alone.
	Places []Place
	// Unsaid are the facts that a lockfile of this format and version does not keep:
	// their fields are then empty because nothing is known.
	Unsaid Facts
}

// Place is one edge of the graph: who asks, and for what name.
type Place struct {
	By string // name@version of a package, or the folder of a workspace, "." for the root
	As string
}

// Facts is a set of fields of an Entry.
type Facts uint16

// The facts that not every format keeps.
const (
	FactDigest        Facts = 1 << iota // of the registry's tarball
	FactScope                           // what Scope says
	FactDirect                          // Direct where it is false: true is certain
	FactBundled                         // what Bundled says
	FactInstallScript                   // what InstallScript says
	FactDependencies                    // what Dependencies say
	FactRanges                          // the packages' own words in Dependencies: their ranges are what those came to
)

// Has says whether all of the facts are in the set.
func (f Facts) Has(facts Facts) bool { return f&facts == facts }

// ChangeKind is what happened to a package between two lockfiles.
type ChangeKind string

// The kinds of changes.
const (
	Added    ChangeKind = "added"    // stood nowhere in the base
	Updated  ChangeKind = "updated"  // another version of it stood in the base, or it came to a place that was not its own
	Removed  ChangeKind = "removed"  // stands nowhere in the head
	Repinned ChangeKind = "repinned" // same version, other digest or other source
)

// Change is one distinct name@version (and source) that differs between the
// base and the head of one lockfile.
type Change struct {
	Kind ChangeKind
	// Entry is the first occurrence in the head that displaces a package, else the
	// first whose alias is unasked, else the first; for Removed, the first in the base.
	Entry Entry
	// Occurrences are all entries of the head with the same package, source and
	// digests, Entry among them, in the order of the file.
	Occurrences []Entry
	// Replaces are the distinct base entries of that name that stood where this one
	// stands now, then the other versions of it that went away. For Repinned: the base
	// entries of the same name@version. For Updated none, where the same name@version
	// stood in the base: then it displaces a package, or its alias is unasked.
	Replaces []Entry
	// Displaces are the distinct base entries of another name that stood under the
	// same installed name at the same location: what was loaded from there is now
	// something else.
	Displaces []Entry
	// Stays are the distinct base entries of the same name and release line (the same
	// major version; for 0.x the same minor) that stay in the head, highest version
	// first: a further copy came in beside them. Nothing was replaced, but they say
	// what can be expected of it.
	Stays []Entry
}

// From is the version that was replaced, "" if none was.
func (c Change) From() string {
	if len(c.Replaces) == 0 {
		return ""
	}
	return c.Replaces[0].Package.Version
}

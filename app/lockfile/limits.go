package lockfile

// Limits of this package, each with its reason. Beyond one the file is refused
// with an Error of kind Limit: nothing is cut short in silence.
const (
	// MaxBytes bounds a lockfile. The largest real ones are 20 to 30 MB.
	MaxBytes = 64 << 20
	// MaxEntries bounds the entries of a lockfile (of each of its sections, where it
	// says everything twice). The largest real ones have some 80,000; every entry
	// costs about 500 bytes of memory and, where it is new, questions to a registry.
	MaxEntries = 150_000
	// MaxDepth bounds the nesting of JSON and YAML. A lockfile's own is 5; the nested
	// "dependencies" of npm 6 add two for every level of node_modules.
	MaxDepth = 500
	// MaxNesting bounds how many packages one location goes through (in npm's, how often
	// node_modules stands in it). Operating systems' path lengths keep real trees below
	// 30.
	MaxNesting = 64
	// MaxFolderDepth bounds the path of a workspace: every parent folder of it is
	// searched for each package that it asks for.
	MaxFolderDepth = 32
	// MaxFolderBytes bounds the same path's length, for the same reason.
	MaxFolderBytes = 512
	// MaxLegacyLocation bounds the bytes of the path to an entry in the nested
	// "dependencies" of npm 6, which are written out once for every level.
	MaxLegacyLocation = 4096
	// MaxLegacyBytes bounds those paths together: they say again and again what the
	// file says once. The largest real ones come to some 5 MB.
	MaxLegacyBytes = 32 << 20
	// MaxDirect bounds how many packages the root, the workspaces and what lies in
	// bundles of an npm lockfile ask for together: each is looked for in every folder
	// upwards.
	MaxDirect = 150_000
	// MaxAsked bounds the dependency specs that name an alias or an address.
	MaxAsked = 150_000
	// MaxIntegrityBytes bounds one integrity string. A sha512 takes 95 bytes.
	MaxIntegrityBytes = 4096
	// MaxDigests bounds the digests in one integrity string: those of two entries are
	// compared each with each. Real ones hold one, some two; that of a runtime in a pnpm lockfile has one for each
	// platform, a dozen so far.
	MaxDigests = 32
	// MaxReplaces bounds each of dep.Change.Replaces, Displaces and Stays, and with
	// them the comparisons that one package can cause. Real lockfiles hold up to ten
	// versions of one name.
	MaxReplaces = 20
	// MaxSettingsBytes bounds a file of settings. Real ones have a few lines.
	MaxSettingsBytes = 1 << 20
	// MaxManifestBytes bounds a manifest, and MaxWants what it asks for. Real ones have a
	// few kilobytes and some hundred dependencies.
	MaxManifestBytes = 4 << 20
	MaxWants         = 20_000
	// MaxSpecs bounds the dependency specs of a file together, and with them the edges
	// of its graph. The largest real files have some 400,000.
	MaxSpecs = 1_000_000

	// yamlPiece is how many bytes of YAML are parsed at a time, and then up to the next
	// member: their tree takes ten times as many.
	yamlPiece = 32 << 10
	// maxYAMLMember bounds one member of a YAML section, which is parsed as a whole: its
	// tree can take a hundred times as many bytes. Real ones stay below 100 kB.
	maxYAMLMember = 1 << 20
	// maxYarnNames bounds the packages that one block of yarn 1 says it is, each of which
	// reads its header again. It should be one.
	maxYarnNames = 16
	// maxYarnPatches bounds how often one package is patched in a yarn.lock: each time
	// the name of all before is read again. Real ones are patched twice.
	maxYarnPatches = 16
	// maxYAMLMembers bounds the members of one mapping that are read one by one: their
	// keys are kept. Those that are entries are bounded by MaxEntries.
	maxYAMLMembers = 300_000
	// maxYAMLDocuments bounds the documents of one file. Package managers write one or
	// two.
	maxYAMLDocuments = 16
	// maxPatchRange bounds a range of versions to patch, in bytes: each version of its
	// name is held against it.
	maxPatchRange = 200
	// maxPatchRanges bounds the ranges of one name, for the same reason. It should be one.
	maxPatchRanges = 20
	// maxContradictions bounds how many of them an error lists.
	maxContradictions = 6
	// maxQuote bounds what an error quotes of a file, in bytes.
	maxQuote = 100
)

package released

// Limits, each with its reason.
const (
	// MaxPackages bounds the packages of one tag: each costs a request or two to the registry.
	// The largest monorepos publish some two hundred together.
	MaxPackages = 200
	// MaxManifestBytes bounds one package.json, and the other files that say where packages
	// are. Real ones have a few kB.
	MaxManifestBytes = 1 << 20
	// maxTagBytes bounds a tag that is looked at. Git's own limit is a file name's; real ones
	// have a package's name and a version.
	maxTagBytes = 255
	// maxPatterns bounds the patterns that name workspaces, and maxPattern the bytes of each:
	// every folder with a manifest is held against each of them.
	maxPatterns, maxPattern = 200, 200
	// maxDepth bounds how deep settings in YAML are nested. Real ones have a few levels.
	maxDepth = 100
	// maxListed bounds the packages that a check names, and maxWords what is said of one of
	// them, in characters: it is read by people.
	maxListed, maxWords = 100, 600
	maxName             = 240
	// maxSummary bounds a check's text, in bytes: GitHub takes 65,535 and refuses more. Some
	// are left for the last line.
	maxSummary = 65_000
)

package config

// Limits of what is read, each with its reason.
const (
	// MaxPolicyBytes bounds a policy file. One that pins every package of a large lockfile
	// to who built it has 180 bytes for each.
	MaxPolicyBytes = 512 << 10
	// MaxBlocks bounds its blocks for packages, and its exceptions: each is held against
	// every package that changes.
	MaxBlocks = 2000
	// MaxPolicyDepth bounds its nesting. The format needs five levels.
	MaxPolicyDepth = 16
	// MaxPolicyErrors is how many errors of a file are reported at once: more are
	// the same mistake over and over.
	MaxPolicyErrors = 20
	// MaxText bounds, in characters, one value of the file: a pattern, a reason.
	MaxText = 500
	// MaxPatterns bounds a list of patterns: each is held against every lockfile.
	MaxPatterns = 100
	// MaxBraces bounds the groups of alternatives {a,b} in one pattern, and
	// MaxAlternatives the commas in them: groups multiply the time that matching
	// takes. Within these limits the worst pattern found takes under a millisecond.
	MaxBraces       = 2
	MaxAlternatives = 8
	// MaxWildcards bounds the ** in one pattern, for the same reason.
	MaxWildcards = 6
	// MaxRegistries bounds the registries of an operator's file: each has a verifier and
	// keys of its own.
	MaxRegistries = 50
	// MaxSecretBytes bounds a key or secret that is read from a file. An RSA key of
	// 16,384 bits takes 13 kB as PEM.
	MaxSecretBytes = 64 << 10
)

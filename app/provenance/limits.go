package provenance

// Limits of everything that is read from outside. The real things are given for
// comparison.
const (
	maxTrustedRoot = 1 << 20   // bytes; the public-good trusted root has 7 kB
	maxKeysFile    = 256 << 10 // bytes; npm's key file has 2 kB
	maxKeys        = 64        // keys of one file; npm has two, each for two uses

	maxSignatures   = 8       // registry signatures of one release; npm gives one
	maxAttestations = 16      // attestations of one release; npm gives two
	maxBundle       = 1 << 20 // bytes of one bundle; npm's have 7 to 20 kB
	maxStatement    = 1 << 19 // bytes of one signed statement; npm's have 1 to 3 kB
	maxCertificates = 8       // of one bundle; early ones carry the whole chain, which is three
	maxLogEntries   = 4       // of one bundle; npm's have one

	maxSubjects = 1024 // of a statement about files; the library that verifies takes no more

	maxBundleFile  = 16 << 20 // bytes of a file of bundles; one bundle has about 10 kB
	maxBundleLines = 256      // bundles of one file; gh attestation download asks for 30

	maxQuoted   = 160  // runes of one outside value quoted in a reason
	maxIdentity = 1024 // bytes of one field of a certificate: longer ones no CI makes

	maxFact  = 64 << 10 // bytes of a fact in the cache; real ones have 0.2 to 2 kB
	maxDates = 256      // bytes of a publication date in the cache
	maxKept  = 1 << 20  // bytes of a release's attestations in the cache; real ones have 10 to 40 kB
)

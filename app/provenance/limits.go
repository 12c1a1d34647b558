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

	maxQuoted   = 160  // runes of one outside value quoted in a reason
	maxIdentity = 1024 // bytes of one field of a certificate: longer ones no CI makes

	maxDates = 256 // bytes of a publication date in the cache
)

package registry

import "time"

// History is what the registry says of all releases of one package. Nothing in it is
// proven: it says which earlier releases are worth asking about, and when each release
// was published by the registry's word.
type History struct {
	Name string
	// Releases are oldest first; those whose time of publication is not stated come last.
	Releases []Past
}

// Past is one release of a History.
type Past struct {
	Version   string
	Published time.Time // zero where the registry does not state it
	Announced bool      // the registry announces build provenance
	Publisher Publisher
	// InstallScript says that a script runs at install time.
	InstallScript bool
}

// Find looks a release up by its version.
func (h History) Find(version string) (Past, bool) {
	for _, p := range h.Releases {
		if p.Version == version {
			return p, true
		}
	}
	return Past{}, false
}

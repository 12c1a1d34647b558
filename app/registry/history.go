package registry

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// History is what the registry says of all releases of one package. Nothing in it is
// proven: it says which earlier releases are worth asking about, and when each release
// was published by the registry's word.
type History struct {
	Name string
	// Releases are oldest first; those whose time of publication is not stated come last.
	Releases []Past

	// ETag and MaxAge are as those of a Release, for HistoryIfChanged.
	ETag   string        `json:"etag,omitempty"`
	MaxAge time.Duration `json:"maxAge,omitempty"`
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

// bytes is what a release takes in memory, at most.
func (p Past) bytes() int {
	by := p.Publisher
	return pastBytes + len(p.Version) + len(by.Name) + len(by.TrustedPublisher) + len(by.OIDCConfigID) + len(by.Approver)
}

// Mark is the highest mark of the release, as the registry announces it.
func (p Past) Mark() Mark { return mark(p.Publisher, p.Announced) }

// Find looks a release up by its version.
func (h History) Find(version string) (Past, bool) {
	for _, p := range h.Releases {
		if p.Version == version {
			return p, true
		}
	}
	return Past{}, false
}

// ParseHistory streams the full document of a package of the npm registry, and keeps no
// more of it than a History holds. A release whose document is odd stays in the history, as
// one of which nothing is announced; dates that stand for none are left out.
func ParseHistory(r io.Reader) (History, error) {
	var h History
	times := map[string]time.Time{}
	dec := newStream(r)
	err := eachMember(dec, func(member string) (err error) {
		switch member {
		case "name":
			h.Name, err = readText(dec)
			return err
		case "versions":
			return eachMember(dec, h.read(dec))
		case "time":
			return readTimes(dec, times)
		}
		return skip(dec)
	})
	if err != nil {
		return History{}, err
	}
	if h.Name == "" {
		return History{}, wrong("JSON that is no package document (it has no name)")
	}
	for i, p := range h.Releases {
		if at := times[p.Version]; plausible(at) {
			h.Releases[i].Published = at
		}
	}
	slices.SortStableFunc(h.Releases, func(a, b Past) int {
		if a.Published.IsZero() != b.Published.IsZero() {
			if a.Published.IsZero() {
				return 1
			}
			return -1
		}
		return cmp.Or(a.Published.Compare(b.Published), cmp.Compare(a.Version, b.Version))
	})
	return h, nil
}

// read reads one member of "versions".
func (h *History) read(dec *stream) func(string) error {
	var by jsontext.Value // who published the release before: mostly the same again
	var publisher Publisher
	return func(version string) error {
		if len(h.Releases) >= maxVersions {
			return wrong("more than %d versions of one package", maxVersions)
		}
		doc, err := dec.ReadValue()
		if err != nil {
			return notTheDocument(err)
		}
		past := Past{Version: version}
		for name, value := range membersOf(doc) {
			switch {
			case is(name, "dist"):
				past.Announced = member(member(value, "attestations"), "provenance").Kind() == '{'
			case is(name, "_npmUser"):
				if !bytes.Equal(value, by) {
					by, publisher = append(by[:0], value...), npmPublisher(value)
				}
				past.Publisher = publisher
			case is(name, "hasInstallScript"):
				past.InstallScript = past.InstallScript || value.Kind() == 't'
			case is(name, "scripts"):
				past.InstallScript = past.InstallScript || len(installScripts(value)) > 0
			}
		}
		h.Releases = append(h.Releases, past)
		dec.keep(past.bytes())
		return nil
	}
}

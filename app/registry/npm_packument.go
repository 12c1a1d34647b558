package registry

import (
	"errors"
	"io"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Packument is the full document of one package: all its releases.
type Packument struct {
	Name     string
	Releases []Release            // in the order of the document
	Times    map[string]time.Time // publication by version, unsigned; empty in abbreviated documents
	// Skipped says by version why a release could not be read.
	Skipped map[string]string
}

// ParsePackument streams a full or abbreviated document of the npm registry. One
// release that cannot be read does not spoil the others.
func ParsePackument(r io.Reader) (Packument, error) {
	p := Packument{Times: map[string]time.Time{}, Skipped: map[string]string{}}
	dec := newDecoder(r)
	err := eachMember(dec, func(name string) (err error) {
		switch name {
		case "name":
			p.Name, err = readText(dec)
			return err
		case "versions":
			return eachMember(dec, p.release(dec))
		case "time":
			return readTimes(dec, p.Times)
		}
		return skip(dec)
	})
	if err != nil {
		return Packument{}, err
	}
	if p.Name == "" {
		return Packument{}, wrong("JSON that is no package document (it has no name)")
	}
	for i := range p.Releases {
		if got := p.Releases[i].Package.Name; got != p.Name {
			return Packument{}, wrong("a package document that holds releases of another package")
		}
	}
	return p, nil
}

// release reads one member of "versions".
func (p *Packument) release(dec *jsontext.Decoder) func(string) error {
	return func(version string) error {
		if len(p.Releases)+len(p.Skipped) >= maxVersions {
			return wrong("more than %d versions of one package", maxVersions)
		}
		raw, err := dec.ReadValue()
		if err != nil {
			return notTheDocument(err)
		}
		switch r, err := ParseRelease(raw); {
		case err != nil:
			p.Skipped[version] = err.Error()
		case r.Package.Version != version:
			p.Skipped[version] = "its document states another version"
		default:
			p.Releases = append(p.Releases, r)
		}
		return nil
	}
}

// decodeVersion streams a package document and reads one release of it, the zero
// Release where it has none.
func decodeVersion(p dep.Package) func(io.Reader) (Release, error) {
	return func(r io.Reader) (found Release, err error) {
		dec := newDecoder(r)
		stated := ""
		err = eachMember(dec, func(member string) (err error) {
			switch member {
			case "name":
				stated, err = readText(dec)
				return err
			case "versions":
				return eachMember(dec, func(version string) error {
					if version != p.Version {
						return skip(dec)
					}
					raw, err := dec.ReadValue()
					if err != nil {
						return notTheDocument(err)
					}
					if found, err = ParseRelease(raw); err == nil && found.Package != p {
						return wrong("the document of another release (%.100q)", found.Package.ID())
					}
					return err
				})
			}
			return skip(dec)
		})
		if err == nil && stated != p.Name {
			err = wrong("the document of another package")
		}
		return found, err
	}
}

// errDone ends a walk early.
var errDone = errors.New("done")

// decodeTimes reads the publication dates of a package and nothing behind them.
func decodeTimes(name string) func(io.Reader) (map[string]time.Time, error) {
	return func(r io.Reader) (map[string]time.Time, error) {
		times := map[string]time.Time{}
		dec := newDecoder(r)
		stated := ""
		err := eachMember(dec, func(member string) (err error) {
			switch member {
			case "name":
				stated, err = readText(dec)
				return err
			case "time":
				if err := readTimes(dec, times); err != nil {
					return err
				}
				if stated == name {
					return errDone
				}
				return nil
			}
			return skip(dec)
		})
		if err != nil && !errors.Is(err, errDone) {
			return nil, err
		}
		if stated != name {
			return nil, wrong("the document of another package")
		}
		return times, nil
	}
}

// readTimes reads the member "time". What is no date ("unpublished") is no version's.
func readTimes(dec *jsontext.Decoder, times map[string]time.Time) error {
	return eachMember(dec, func(version string) error {
		if dec.PeekKind() != '"' {
			return skip(dec)
		}
		stated, err := readText(dec)
		if err != nil {
			return err
		}
		at, err := time.Parse(time.RFC3339, stated)
		if err != nil || version == "created" || version == "modified" {
			return nil //nolint:nilerr // a date that cannot be read is none; other sources are asked
		}
		if len(times) >= maxVersions {
			return wrong("more than %d versions of one package", maxVersions)
		}
		times[version] = at.UTC()
		return nil
	})
}

// readText reads a string; another value is wrong content.
func readText(dec *jsontext.Decoder) (string, error) {
	if kind := dec.PeekKind(); kind != '"' && kind != 0 {
		return "", wrong("JSON of another shape (no text at %q)", dec.StackPointer())
	}
	token, err := dec.ReadToken()
	if err != nil {
		return "", notTheDocument(err)
	}
	return token.String(), nil
}

func skip(dec *jsontext.Decoder) error {
	if err := dec.SkipValue(); err != nil {
		return notTheDocument(err)
	}
	return nil
}

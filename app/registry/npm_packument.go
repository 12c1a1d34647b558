package registry

import (
	"errors"
	"io"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// decodeVersion streams a package document and reads one release of it, the zero
// Release where it has none.
func decodeVersion(p dep.Package) func(io.Reader) (Release, error) {
	return func(r io.Reader) (found Release, err error) {
		dec := newStream(r)
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
		dec := newStream(r)
		stated := ""
		err := eachMember(dec, func(member string) (err error) {
			switch member {
			case "name":
				stated, err = readText(dec)
				return err
			case "versions":
				return eachMember(dec, func(string) error { return skip(dec) }) // one at a time
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
func readTimes(dec *stream, times map[string]time.Time) error {
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
		dec.keep(timeBytes + len(version))
		return nil
	})
}

// readText reads a string; another value is wrong content.
func readText(dec *stream) (string, error) {
	if kind := dec.PeekKind(); kind != '"' && kind != 0 {
		return "", wrong("JSON of another shape (no text at %q)", dec.StackPointer())
	}
	token, err := dec.ReadToken()
	if err != nil {
		return "", notTheDocument(err)
	}
	return token.String(), nil
}

func skip(dec *stream) error {
	if err := dec.SkipValue(); err != nil {
		return notTheDocument(err)
	}
	return nil
}

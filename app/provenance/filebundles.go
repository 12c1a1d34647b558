package provenance

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrNoBundles is wrapped by every error about a file of bundles.
var ErrNoBundles = errors.New("not a file of Sigstore bundles")

// ReadBundles reads a file of Sigstore bundles: one bundle as JSON, on however many
// lines, or JSON lines of several, as gh attestation download writes them. A line that is no JSON
// is returned as it is, so that it is said of it alone. At most 16 MiB and 256
// bundles are read; beyond that it is an error that wraps ErrNoBundles.
func ReadBundles(r io.Reader) ([][]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBundleFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxBundleFile:
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrNoBundles, maxBundleFile)
	}
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrNoBundles)
	}
	if jsontext.Value(data).IsValid() {
		return [][]byte{data}, nil
	}
	var out [][]byte
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if len(out) == maxBundleLines {
			return nil, fmt.Errorf("%w: it has more than %d lines", ErrNoBundles, maxBundleLines)
		}
		out = append(out, line)
	}
	return out, nil
}

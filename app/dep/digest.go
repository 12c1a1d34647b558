package dep

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Digest is one hash of a package's bytes. It is comparable with ==.
type Digest struct {
	Algorithm string // "sha512", "sha384", "sha256", "sha1", "md5"
	Hex       string // lower case
}

// strengths ranks the algorithms of Subresource Integrity and the older ones
// that lockfiles still carry. What is not listed is not known.
var strengths = map[string]struct{ rank, bytes int }{
	"md5": {1, 16}, "sha1": {2, 20}, "sha256": {3, 32}, "sha384": {4, 48}, "sha512": {5, 64},
}

// Strength orders algorithms; 0 is unknown.
func (d Digest) Strength() int { return strengths[d.Algorithm].rank }

// Comparable says whether the digest is strong enough to stand for the bytes:
// sha256 or better. md5 and sha1 can be forged.
func (d Digest) Comparable() bool { return d.Strength() >= 3 }

// SRI is the digest in the form of Subresource Integrity: "sha512-<base64>".
// https://www.w3.org/TR/SRI/
func (d Digest) SRI() string {
	raw, err := hex.DecodeString(d.Hex)
	if err != nil {
		return d.Algorithm + ":" + d.Hex
	}
	return d.Algorithm + "-" + base64.StdEncoding.EncodeToString(raw)
}

// ErrDigest is wrapped by every error of ParseSRI.
var ErrDigest = errors.New("not a digest")

// ParseSRI reads the value of an "integrity" field: one or more digests divided
// by white space. Options ("?…"), unknown algorithms, wrong lengths and
// non-canonical base64 are errors, so that nothing is compared that a package
// manager would read differently. The digests read before the error are returned
// with it.
func ParseSRI(s string) ([]Digest, error) {
	var out []Digest
	for _, field := range strings.Fields(s) {
		alg, b64, ok := strings.Cut(field, "-")
		known, isKnown := strengths[alg]
		if !ok || !isKnown {
			return out, fmt.Errorf("%w: %.100q", ErrDigest, field)
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(b64)
		if err != nil || len(raw) != known.bytes {
			return out, fmt.Errorf("%w: %.100q", ErrDigest, field)
		}
		out = append(out, Digest{alg, hex.EncodeToString(raw)})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrDigest)
	}
	return out, nil
}

// Strongest returns the strongest of several digests; the zero Digest for none.
func Strongest(ds []Digest) Digest {
	var best Digest
	for _, d := range ds {
		if d.Strength() > best.Strength() {
			best = d
		}
	}
	return best
}

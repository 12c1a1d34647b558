package provenance

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"io"

	"github.com/bonafide-app/bonafide/app/dep"
)

// FileDigests are a file's digests, of the algorithms that statements about files state.
type FileDigests struct {
	Name   string // without folders; it says which of many subjects is meant, and proves nothing
	Size   int64  // bytes
	SHA256 dep.Digest
	SHA512 dep.Digest
}

// DigestFile reads a file of any size to its end. It ends with the context.
func DigestFile(ctx context.Context, name string, r io.Reader) (FileDigests, error) {
	short, long := sha256.New(), sha512.New()
	size, err := io.Copy(io.MultiWriter(short, long), untilDone{ctx, r})
	if err != nil {
		return FileDigests{}, err
	}
	sum := func(algorithm string, h hash.Hash) dep.Digest {
		return dep.Digest{Algorithm: algorithm, Hex: hex.EncodeToString(h.Sum(nil))}
	}
	return FileDigests{Name: name, Size: size, SHA256: sum("sha256", short), SHA512: sum("sha512", long)}, nil
}

// untilDone reads until the context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// of is the digest of an algorithm, as it is called in a statement.
func (d FileDigests) of(algorithm string) (dep.Digest, bool) {
	switch algorithm {
	case d.SHA256.Algorithm:
		return d.SHA256, true
	case d.SHA512.Algorithm:
		return d.SHA512, true
	}
	return dep.Digest{}, false
}

package sigstore

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// rekorOrigin is the first line of a checkpoint: the name of the log and the
	// number of the shard.
	rekorName   = "rekor." + organization
	rekorOrigin = rekorName + " - 2605736670972794746"

	// earlierShards is how many entries lie in shards before this one. A log index
	// counts them, the index in an inclusion proof does not.
	earlierShards = 4_163_431

	// strangers is how many entries stand in the log before the first of ours, so
	// that every inclusion proof has a path.
	strangers = 11
)

// rekor is a transparency log: an append-only Merkle tree (RFC 6962) of entries.
type rekor struct {
	key keypair

	mu     sync.Mutex
	size   int64
	hashes []tlog.Hash // in the order of tlog.StoredHashIndex
}

func newRekor() (*rekor, error) {
	key, err := newKeypair()
	if err != nil {
		return nil, err
	}
	l := &rekor{key: key}
	for range strangers {
		leaf := make([]byte, sha256.Size)
		if _, err := rand.Read(leaf); err != nil {
			return nil, fmt.Errorf("a first entry of the log: %w", err)
		}
		if _, err := l.grow(leaf); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// logEntry is a log entry as a bundle holds it.
// https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_rekor.proto
type logEntry struct {
	LogIndex int64 `json:"logIndex,string"`
	LogID    struct {
		KeyID []byte `json:"keyId"`
	} `json:"logId"`
	KindVersion       kindVersion       `json:"kindVersion"`
	IntegratedTime    int64             `json:"integratedTime,string"`
	InclusionPromise  *inclusionPromise `json:"inclusionPromise,omitempty"`
	InclusionProof    *inclusionProof   `json:"inclusionProof,omitempty"`
	CanonicalizedBody []byte            `json:"canonicalizedBody"`
}

type kindVersion struct {
	Kind    string `json:"kind"`
	Version string `json:"version"`
}

type inclusionPromise struct {
	SignedEntryTimestamp []byte `json:"signedEntryTimestamp"`
}

type inclusionProof struct {
	LogIndex   int64    `json:"logIndex,string"`
	RootHash   []byte   `json:"rootHash"`
	TreeSize   int64    `json:"treeSize,string"`
	Hashes     [][]byte `json:"hashes"`
	Checkpoint struct {
		Envelope string `json:"envelope"`
	} `json:"checkpoint"`
}

// body is an entry of kind dsse, version 0.0.1. The fields are in the order of
// canonical JSON, which is what the log hashes.
type body struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Spec       bodySpec `json:"spec"`
}

type bodySpec struct {
	EnvelopeHash hashJSON        `json:"envelopeHash"`
	PayloadHash  hashJSON        `json:"payloadHash"`
	Signatures   []bodySignature `json:"signatures"`
}

type bodySignature struct {
	Signature []byte `json:"signature"`
	Verifier  []byte `json:"verifier"` // PEM of the certificate or the public key
}

type hashJSON struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

func sha256JSON(data []byte) hashJSON {
	sum := sha256.Sum256(data)
	return hashJSON{"sha256", hex.EncodeToString(sum[:])}
}

// add logs an envelope and answers with its entry: the promise, and the proof
// against the tree as it stands then.
func (l *rekor) add(e envelope, verifier []byte, at time.Time) (*logEntry, error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("a log entry: %w", err)
	}
	b := body{APIVersion: "0.0.1", Kind: "dsse", Spec: bodySpec{
		EnvelopeHash: sha256JSON(raw), PayloadHash: sha256JSON(e.Payload),
	}}
	for _, s := range e.Signatures {
		b.Spec.Signatures = append(b.Spec.Signatures, bodySignature{s.Sig, verifier})
	}
	canonical, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("a log entry: %w", err)
	}
	proof, err := l.grow(canonical)
	if err != nil {
		return nil, err
	}
	entry := &logEntry{
		LogIndex:          proof.LogIndex + earlierShards,
		KindVersion:       kindVersion{"dsse", "0.0.1"},
		IntegratedTime:    at.Unix(),
		InclusionProof:    proof,
		CanonicalizedBody: canonical,
	}
	entry.LogID.KeyID = l.key.id[:]
	entry.InclusionPromise, err = l.promise(entry)
	return entry, err
}

// promise signs the entry's time and place. The fields are in the order of
// canonical JSON.
func (l *rekor) promise(e *logEntry) (*inclusionPromise, error) {
	signed, err := json.Marshal(struct {
		Body           []byte `json:"body"`
		IntegratedTime int64  `json:"integratedTime"`
		LogID          string `json:"logID"`
		LogIndex       int64  `json:"logIndex"`
	}{e.CanonicalizedBody, e.IntegratedTime, hex.EncodeToString(e.LogID.KeyID), e.LogIndex})
	if err != nil {
		return nil, fmt.Errorf("a signed entry timestamp: %w", err)
	}
	sig, err := l.key.sign(signed)
	if err != nil {
		return nil, fmt.Errorf("a signed entry timestamp: %w", err)
	}
	return &inclusionPromise{sig}, nil
}

// grow appends a leaf to the tree and proves it.
func (l *rekor) grow(leaf []byte) (*inclusionProof, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	index := l.size
	stored, err := tlog.StoredHashes(index, leaf, tlog.HashReaderFunc(l.read))
	if err != nil {
		return nil, fmt.Errorf("appending to the log: %w", err)
	}
	l.hashes = append(l.hashes, stored...)
	l.size++
	root, err := tlog.TreeHash(l.size, tlog.HashReaderFunc(l.read))
	if err != nil {
		return nil, fmt.Errorf("the root of the log: %w", err)
	}
	path, err := tlog.ProveRecord(l.size, index, tlog.HashReaderFunc(l.read))
	if err != nil {
		return nil, fmt.Errorf("an inclusion proof: %w", err)
	}
	proof := &inclusionProof{LogIndex: index, RootHash: root[:], TreeSize: l.size}
	for _, h := range path {
		proof.Hashes = append(proof.Hashes, h[:])
	}
	proof.Checkpoint.Envelope, err = l.checkpoint(l.size, root)
	return proof, err
}

// read is a tlog.HashReader; the lock is held.
func (l *rekor) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(l.hashes)) {
			return nil, fmt.Errorf("the log has no hash %d", index)
		}
		out[i] = l.hashes[index]
	}
	return out, nil
}

// checkpoint signs the state of the tree, as a note: https://c2sp.org/signed-note.
// The key hint is the beginning of the log's id.
func (l *rekor) checkpoint(size int64, root tlog.Hash) (string, error) {
	b64 := base64.StdEncoding.EncodeToString
	text := fmt.Sprintf("%s\n%d\n%s\n", rekorOrigin, size, b64(root[:]))
	sig, err := l.key.sign([]byte(text))
	if err != nil {
		return "", fmt.Errorf("a checkpoint: %w", err)
	}
	hinted := append(append([]byte{}, l.key.id[:4]...), sig...)
	return fmt.Sprintf("%s\n— %s %s\n", text, rekorName, b64(hinted)), nil
}

package facts

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// entry is what is kept under a key. In the file: checksum over key and rest (4 bytes),
// when it was written and when it expires (Unix, s, 8 bytes each), all big-endian, the value.
type entry struct {
	value            []byte
	written, expires int64
}

const header = 4 + 8 + 8

func (e entry) expired(now time.Time) bool { return now.Unix() >= e.expires }

func (e entry) encode(key string) []byte {
	raw := make([]byte, header, header+len(e.value))
	binary.BigEndian.PutUint64(raw[4:], uint64(e.written))  //nolint:gosec // as decode reads it
	binary.BigEndian.PutUint64(raw[12:], uint64(e.expires)) //nolint:gosec // as decode reads it
	raw = append(raw, e.value...)
	binary.BigEndian.PutUint32(raw, sum(key, raw[4:]))
	return raw
}

// decode copies what it takes from raw.
func decode(key string, raw []byte) (entry, error) {
	if len(raw) < header || binary.BigEndian.Uint32(raw) != sum(key, raw[4:]) {
		return entry{}, errDamaged
	}
	return entry{
		written: int64(binary.BigEndian.Uint64(raw[4:])),  //nolint:gosec // as encode wrote it
		expires: int64(binary.BigEndian.Uint64(raw[12:])), //nolint:gosec // as encode wrote it
		value:   slices.Clone(raw[header:]),
	}, nil
}

func sum(key string, rest []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum([]byte(key), table), table, rest)
}

// write adds entries in one transaction, and lets go of what is too old or too much.
func (f *File) write(added map[string][]byte) (err error) {
	defer contain(&err)()
	db, err := f.open(false, writeWait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	now := f.now()
	return db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return err
		}
		b.FillPercent = 0.9 // what is added in order needs no room between
		for _, key := range slices.Sorted(maps.Keys(added)) {
			if err := b.Put([]byte(key), added[key]); err != nil {
				return err
			}
		}
		return sweep(tx, b, now, maxBytes)
	})
}

// swept is the key of when sweep was last done.
const swept = "swept"

// sweep deletes what has expired, and the oldest of what is more than some bytes, once a day.
func sweep(tx *bbolt.Tx, b *bbolt.Bucket, now time.Time, most int) error {
	if raw := b.Get([]byte(swept)); raw != nil && tx.Size() <= maxFile {
		if e, err := decode(swept, raw); err == nil && !e.expired(now) {
			return nil
		}
	}
	type old struct {
		key     string
		written int64
		size    int
	}
	var there, gone []old
	total := 0
	err := b.ForEach(func(k, raw []byte) error {
		key := string(k)
		e, err := decode(key, raw)
		if err != nil {
			return err
		}
		o := old{key, e.written, len(k) + len(raw)}
		if e.expired(now) || e.written > now.Unix() {
			gone = append(gone, o)
			return nil
		}
		there, total = append(there, o), total+o.size
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(there, func(a, b old) int { return cmp.Compare(a.written, b.written) })
	for total > most && len(there) > 0 {
		gone, total, there = append(gone, there[0]), total-there[0].size, there[1:]
	}
	for _, o := range gone {
		if err := b.Delete([]byte(o.key)); err != nil {
			return err
		}
	}
	return b.Put([]byte(swept), entry{written: now.Unix(), expires: now.Add(sweepEvery).Unix()}.encode(swept))
}

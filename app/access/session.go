package access

import (
	"context"
	"time"
)

// Row is a session as it is stored. The cookie's value is in none of it: Key is a hash of
// that, and Sealed, the person and their token, can be opened only with it.
type Row struct {
	Key     string // SHA-256 of the cookie's value, hex
	Sealed  []byte // AES-256-GCM under a key that is derived from the cookie's value
	Expires time.Time
}

// Rows keep sessions. *store.Store implements it.
type Rows interface {
	// SaveSession stores a new session, or another end of one.
	SaveSession(ctx context.Context, r Row) error
	// Session reads one that has not expired; ok is false where there is none.
	Session(ctx context.Context, key string) (r Row, ok bool, err error)
	// EndSession deletes one; that there was none is no error.
	EndSession(ctx context.Context, key string) error
}

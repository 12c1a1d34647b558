package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// sessionUse is what the key of a session is derived for.
const sessionUse = "session v1"

// sessions keep who has signed in. What is stored is of no use to who reads it: the
// cookie is missing.
type sessions struct {
	rows  Rows
	clock func() time.Time
}

// kept is what is sealed.
type kept struct {
	Person Person
	Token  Token
}

// keyOf is the name that a session is stored by.
func keyOf(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return hex.EncodeToString(sum[:])
}

// begin stores a session under a new cookie's value and says when it ends.
func (s sessions) begin(ctx context.Context, p Person, t Token) (cookie string, ends time.Time, err error) {
	now := s.clock()
	ends = now.Add(MaxSession)
	if !t.Expires.IsZero() && t.Expires.Before(ends) {
		ends = t.Expires
	}
	plain, err := json.Marshal(kept{p, t})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("begin a session: %w", err)
	}
	cookie = random()
	sealed, err := seal([]byte(cookie), sessionUse, plain)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("begin a session: %w", err)
	}
	if err := s.rows.SaveSession(ctx, Row{Key: keyOf(cookie), Sealed: sealed, Expires: ends}); err != nil {
		return "", time.Time{}, fmt.Errorf("begin a session: %w", err)
	}
	return cookie, ends, nil
}

// viewer is whose cookie it is; ok is false where the session is over, or never was.
func (s sessions) viewer(ctx context.Context, cookie string) (v Viewer, ok bool, err error) {
	if !isRandom(cookie) {
		return Viewer{}, false, nil
	}
	key := keyOf(cookie)
	row, ok, err := s.rows.Session(ctx, key)
	if err != nil || !ok || row.Key != key || !s.clock().Before(row.Expires) {
		return Viewer{}, false, err
	}
	plain, err := open([]byte(cookie), sessionUse, row.Sealed)
	if err != nil {
		return Viewer{}, false, fmt.Errorf("a stored session: %w", err)
	}
	var k kept
	if err := json.Unmarshal(plain, &k); err != nil {
		return Viewer{}, false, fmt.Errorf("a stored session: %w", err)
	}
	return Viewer{Person: k.Person, session: key, token: k.Token}, true, nil
}

func (s sessions) end(ctx context.Context, key string) error {
	if err := s.rows.EndSession(ctx, key); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

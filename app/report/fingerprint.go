package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Fingerprint is equal for equal output and differs for different output: what was
// published under it need not be published again. 32 hexadecimal digits.
func Fingerprint(o CheckOutput) string {
	text, err := json.Marshal(o)
	if err != nil { // strings and numbers alone always marshal
		panic(err)
	}
	return digestOf(string(text))
}

// digestOf hashes parts so that no two lists of parts meet in one text.
func digestOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

package registry

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// stamp is what an answer says of how long it stays right, and how to ask whether it
// still is.
type stamp struct {
	etag   string
	maxAge time.Duration
}

func readStamp(h http.Header) stamp {
	return stamp{validETag(h.Get("ETag")), maxAge(h)}
}

// validETag is an ETag as it stands, W/ included, "" where it is none or too long.
// https://www.rfc-editor.org/rfc/rfc9110#name-etag
func validETag(stated string) string {
	opaque, opened := strings.CutPrefix(strings.TrimPrefix(stated, "W/"), `"`)
	opaque, closed := strings.CutSuffix(opaque, `"`)
	if !opened || !closed || len(stated) > maxETag {
		return ""
	}
	for i := range len(opaque) {
		if c := opaque[i]; c <= ' ' || c == '"' || c == 0x7f {
			return ""
		}
	}
	return stated
}

// maxAge is what is left of the max-age of an answer: what lay on the way (Age) is
// taken off. It is 0 where the registry states none, or one that cannot be read.
// https://www.rfc-editor.org/rfc/rfc9111#name-calculating-freshness-lifet
func maxAge(h http.Header) time.Duration {
	left := int64(-1)
	for _, line := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return 0
			case "max-age":
				n := seconds(value)
				if left >= 0 {
					n = min(n, left)
				}
				left = n
			}
		}
	}
	left = max(left-seconds(h.Get("Age")), 0)
	return min(time.Duration(left)*time.Second, maxFresh)
}

// seconds reads a number of seconds, at most those of some sixty years; 0 where it is
// none.
func seconds(stated string) int64 {
	n, err := strconv.ParseUint(stated, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return int64(min(n, 1<<31))
}

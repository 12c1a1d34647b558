package checks

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"mime"
	"net/http"
	"strings"

	"github.com/bonafide-app/bonafide/app/review"
)

// rawMedia asks for a blob's bytes. The JSON form is a third larger, and the
// contents API gives nothing at all over 1 MB.
const rawMedia = "application/vnd.github.raw+json"

// blob reads a blob whole, up to max bytes. size is what the tree says, -1 where it
// does not. The content is held against its id. The bytes are shared: they must
// not be changed.
func (f *Forge) blob(ctx context.Context, repo review.Repository, id string, size, max int64) ([]byte, error) {
	if err := needSHA(id); err != nil {
		return nil, err
	}
	if size > max {
		return nil, fmt.Errorf("%d bytes: %w", size, review.ErrTooLarge)
	}
	key := objectKey{repo, id, "blob"}
	if kept, ok := f.objects.get(key); ok {
		return kept.([]byte), nil
	}
	out := bounded{max: max}
	if size > 0 {
		out.content.Grow(int(size))
	}
	resp, err := f.do(ctx, repo, request{what: "read the blob " + short(id), path: "git/blobs/" + id, accept: rawMedia}, &out)
	if status(err) == http.StatusForbidden && strings.Contains(err.Error(), "too_large") {
		return nil, fmt.Errorf("over GitHub's 100 MB: %w", review.ErrTooLarge)
	}
	if err != nil {
		return nil, err
	}
	content := out.content.Bytes()
	if mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); mediaType == "application/json" {
		if content, err = fromJSON(content); err != nil {
			return nil, &review.Later{After: FailureWait, Reason: fmt.Sprintf("read the blob %s: %v", short(id), err), Err: err}
		}
	}
	if got := gitID(content, len(id)); got != id {
		return nil, &review.Later{After: FailureWait, Reason: fmt.Sprintf("read the blob %s: the content has the id %s", short(id), short(got))}
	}
	f.objects.put(key, content, len(content))
	return content, nil
}

// fromJSON decodes the form that servers answer with which do not know the raw one.
func fromJSON(answer []byte) ([]byte, error) {
	var blob struct {
		Encoding string `json:"encoding"`
		Content  string `json:"content"`
	}
	if err := json.Unmarshal(answer, &blob); err != nil {
		return nil, fmt.Errorf("neither bytes nor JSON: %w", err)
	}
	if blob.Encoding != "base64" {
		return nil, fmt.Errorf("the encoding is %.20q", blob.Encoding)
	}
	content, err := base64.StdEncoding.DecodeString(blob.Content)
	if err != nil {
		return nil, fmt.Errorf("the content is not base64: %w", err)
	}
	return content, nil
}

// gitID is the id that git gives a blob, by SHA-1 or, for ids of 64 digits, by
// SHA-256. It tells damage and mistakes; nobody's honesty rests on it.
func gitID(content []byte, digits int) string {
	var h hash.Hash = sha1.New()
	if digits == 64 {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

// bounded is a writer that refuses more than max bytes. The buffer is no embedded
// field: io.Copy would find its ReadFrom and pass the limit by.
type bounded struct {
	content bytes.Buffer
	max     int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if int64(b.content.Len()+len(p)) > b.max {
		return 0, fmt.Errorf("over %d bytes: %w", b.max, review.ErrTooLarge)
	}
	return b.content.Write(p)
}

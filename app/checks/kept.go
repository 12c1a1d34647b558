package checks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"sync"

	"github.com/google/go-github/v62/github"
)

// answerKey names an answer that is kept with its ETag. The installation is part of it:
// what one may see is never shown to another. So is what it was decoded into.
type answerKey struct {
	installation    int64
	address, accept string
	shape           string
}

// keptAnswer is what was understood of an answer. Asking whether it still holds costs
// nothing of the hour's requests while it does.
// https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
type keptAnswer struct {
	etag string
	body []byte          // JSON again, of the few fields that are read
	page github.Response // which page comes next; without the answer itself
}

// etagShape is what an ETag looks like: what is sent back must be fit for a header.
var etagShape = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:W/)?"[!#-~]{1,200}"$`)
})

func keyOf(installation int64, address string, q request, out any) answerKey {
	return answerKey{installation, address, q.accept, fmt.Sprintf("%T", out)}
}

// conditional says whether an answer to a request is worth keeping.
func (q request) conditional(out any) bool { return !q.writes() && !q.once && out != nil }

// keep keeps an answer, if it is small and has a fit ETag.
func (f *Forge) keep(key answerKey, resp *github.Response, out any) {
	etag := resp.Header.Get("ETag")
	if resp.StatusCode != http.StatusOK || !etagShape().MatchString(etag) {
		f.answers.take(key)
		return
	}
	body, err := json.Marshal(out)
	if err != nil || len(body) > MaxKeptAnswer {
		f.answers.take(key)
		return
	}
	page := *resp
	page.Response = nil
	f.answers.put(key, keptAnswer{etag, body, page}, len(body)+len(key.address)+len(key.shape)+500)
}

// again gives an answer that still holds.
func (k keptAnswer) again(resp *github.Response, out any) (*github.Response, error) {
	page := k.page
	if resp != nil {
		page.Response = resp.Response
	}
	return &page, json.Unmarshal(k.body, out)
}

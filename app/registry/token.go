package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Token is what a client shows to one registry, and to nobody else.
type Token struct {
	Registry string // its address
	Value    string
}

// tokens are those of a client, each with the normalised address that it is for.
type tokens []struct {
	base  *url.URL
	value string
}

func readTokens(all []Token) (out tokens, err error) {
	for _, t := range all {
		base, err := normalise(t.Registry)
		if err != nil {
			return nil, fmt.Errorf("registry address of a token: %w", err)
		}
		out = append(out, struct {
			base  *url.URL
			value string
		}{base, t.Value})
	}
	return out, nil
}

// authorize adds the token of the registry that a request is for, that of the longest prefix
// where several live on one host.
func (ts tokens) authorize(req *http.Request) {
	best := -1
	for _, t := range ts {
		below := req.URL.EscapedPath() == t.base.Path || strings.HasPrefix(req.URL.EscapedPath(), t.base.Path+"/")
		if req.URL.Scheme == t.base.Scheme && req.URL.Host == t.base.Host && below && len(t.base.Path) > best {
			best = len(t.base.Path)
			req.Header.Set("Authorization", "Bearer "+t.value)
		}
	}
}

package policy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// clip bounds outside text to n characters and makes what cannot be seen visible.
func clip(s string, n int) string {
	var b strings.Builder
	count := 0
	for i, r := range s {
		if count == n {
			b.WriteString("…")
			break
		}
		count++
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, "\\x%02x", s[i])
		case r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "\\u{%x}", r)
		}
	}
	return b.String()
}

// quote is outside text, bounded, and without the secrets of an address.
func quote(s string) string { return clip(dep.WithoutSecrets(s), MaxQuote) }

// sentence bounds a reason and takes its full stop off, so that it can be embedded.
func sentence(s string) string {
	return strings.TrimRight(clip(strings.TrimSpace(s), MaxReason), ".")
}

// because is a reason after a colon, or nothing.
func because(reason string) string {
	if reason = sentence(reason); reason == "" {
		return ""
	}
	return ": " + reason
}

// id is name@version, bounded.
func id(p dep.Package) string { return quote(p.ID()) }

// short is a digest one can still recognise: "sha512-AAAAAAAAAAAAAAAA…".
func short(sri string) string {
	if sri == "" {
		return "none"
	}
	return clip(sri, 23)
}

// list joins words the way people do: "a", "a and b", "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// few are the first MaxNamed of some things in words, and how many more there are.
func few[T any](things []T, word func(T) string) []string {
	words := make([]string, 0, MaxNamed+1)
	for _, t := range things[:min(len(things), MaxNamed)] {
		words = append(words, word(t))
	}
	if more := len(things) - len(words); more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	return words
}

// some is list of the first few, each quoted.
func some(words []string) string { return list(few(words, quote)) }

// repository is a certificate's source repository without the scheme.
func repository(id *provenance.Identity) string {
	return quote(strings.TrimPrefix(id.Repository, "https://"))
}

// builder says in words who built a release.
func builder(id *provenance.Identity) string {
	if id == nil {
		return "by a builder that the certificate does not name"
	}
	var b strings.Builder
	b.WriteString("from " + repository(id))
	if id.Commit != "" {
		b.WriteString(" at commit " + clip(id.Commit, 12))
	}
	if id.Workflow != "" {
		b.WriteString(" by the workflow " + quote(id.Workflow))
	}
	if id.Ref != "" {
		b.WriteString(" on " + quote(id.Ref))
	}
	return b.String()
}

// publishedBy says in words whom the registry names as publisher, "" if nobody.
func publishedBy(r *registry.Release) string {
	switch {
	case r == nil:
		return ""
	case r.Publisher.TrustedPublisher != "":
		return "the trusted publisher " + quote(r.Publisher.TrustedPublisher)
	case r.Publisher.Name != "":
		return "the account " + quote(r.Publisher.Name)
	}
	return ""
}

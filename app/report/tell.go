package report

import (
	"net/url"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// malwareForm is the npm registry's own form for reporting malware.
const malwareForm = "https://www.npmjs.com/support"

// tellLink is the address at which somebody outside can be told about a finding: a new
// issue, already written, at the repository that built the version before, or the
// registry's form for malware. "" where there is nobody to tell. It is at most
// MaxTellChars of ASCII, of which nothing ends a link of Markdown; nothing is sent before
// a person does so. The last paragraphs are left out where the address gets too long.
func tellLink(f policy.Finding) string {
	switch f.Tell.To {
	case policy.TellRegistry:
		if f.Package.Ecosystem != dep.NPM || f.Package.Name == "" {
			return ""
		}
		return bounded(malwareForm + "?inquire=security&security-inquire=malware&package=" + url.QueryEscape(f.Package.Name) + "&version=" + url.QueryEscape(f.Package.Version))
	case policy.TellMaintainer:
		page, title, body := newIssue(f.Tell.Repository)
		if page == "" || f.Tell.Title == "" || f.Tell.Body == "" {
			return ""
		}
		paragraphs := strings.Split(f.Tell.Body, "\n\n")
		for n := len(paragraphs); n > 0; n-- {
			address := page + "?" + title + "=" + url.QueryEscape(f.Tell.Title) + "&" + body + "=" + url.QueryEscape(strings.Join(paragraphs[:n], "\n\n"))
			if bounded(address) != "" {
				return address
			}
		}
	}
	return ""
}

func bounded(address string) string {
	if len(address) > MaxTellChars {
		return ""
	}
	return address
}

// newIssue is the page on which a forge takes a new issue, and the names of the two fields,
// "" where the address is not of a shape that a public forge has.
func newIssue(repository string) (page, title, body string) {
	if len(repository) > MaxURLChars {
		return "", "", ""
	}
	rest, ok := strings.CutPrefix(repository, "https://")
	host, path, _ := strings.Cut(rest, "/")
	if !ok || !plainPath(path) {
		return "", "", ""
	}
	switch depth := strings.Count(path, "/") + 1; {
	case host == "github.com" && depth == 2:
		return repository + "/issues/new", "title", "body"
	case host == "gitlab.com" && depth >= 2:
		return repository + "/-/issues/new", "issue%5Btitle%5D", "issue%5Bdescription%5D"
	}
	return "", "", ""
}

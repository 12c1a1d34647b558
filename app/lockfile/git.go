package lockfile

import (
	"net/url"
	"slices"
	"strings"
)

// GitRepository is host and path of the repository behind an address, and the commit
// or branch that it names, however it is written: "git+ssh://git@github.com/a/b.git#C",
// "git@github.com:a/b.git#C", "github:a/b#C", "https://github.com/a/b.git#commit=C", or
// as the archive that its host makes of a commit:
// "https://codeload.github.com/a/b/tar.gz/C". What it cannot read it returns as it is.
func GitRepository(address string) (repository, commit string) {
	address, fragment, _ := strings.Cut(address, "#")
	commit = fragment
	for part := range strings.SplitSeq(fragment, "&") { // yarn 2 and later
		if c, ok := strings.CutPrefix(part, "commit="); ok {
			commit = c
		}
	}
	u, ok := gitURL(address)
	if !ok {
		return address, commit
	}
	if parts := strings.Split(u.EscapedPath(), "/"); IsGitArchive(u.String()) && len(parts) == 5 {
		return inOneCase("github.com", parts[1]+"/"+parts[2]), parts[4]
	}
	return inOneCase(u.Host, strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")), commit
}

// SourceRepository is host and path of the repository that a package declares as its
// source, or a certificate names, so that two spellings of one are the same. Beside
// what GitRepository reads, people write the address of a page of it
// ("https://www.github.com/a/b/tree/main/packages/c") or leave the scheme out. The port
// says how to reach a repository and not which one it is. It is not ok where the text
// names none: no host, or a host alone.
func SourceRepository(stated string) (repository string, ok bool) {
	address, _, _ := strings.Cut(strings.TrimSpace(stated), "#")
	u, ok := gitURL(address)
	if !ok || !strings.Contains(strings.Trim(u.Hostname(), "."), ".") {
		return "", false
	}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	folders := strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' })
	switch host {
	case "github.com", "bitbucket.org": // exactly an owner and a name
		if len(folders) < 2 {
			return "", false
		}
		folders = folders[:2]
	default: // GitLab's groups nest; these words are no names there
		page := slices.IndexFunc(folders, func(f string) bool { return f == "-" || f == "tree" || f == "blob" })
		if page >= 0 {
			folders = folders[:page]
		}
	}
	path := strings.TrimSuffix(strings.Join(folders, "/"), ".git")
	if path == "" {
		return "", false
	}
	return inOneCase(host, path), true
}

// gitURL reads the ways in which the address of a Git repository is written, without
// a fragment, as a URL with a host.
func gitURL(address string) (*url.URL, bool) {
	address = strings.TrimPrefix(address, "git+")
	for prefix, host := range map[string]string{
		"github:": "github.com/", "gitlab:": "gitlab.com/", "bitbucket:": "bitbucket.org/", "gist:": "gist.github.com/",
	} {
		if rest, ok := strings.CutPrefix(address, prefix); ok {
			address = "https://" + host + rest
		}
	}
	first, rest, _ := strings.Cut(address, "/")
	scheme, behind, hasScheme := strings.Cut(address, "://")
	switch host, path, colon := strings.Cut(first, ":"); {
	case hasScheme: // "ssh://git@github.com:a/b": what stands for a port is a folder
		authority, rest, _ := strings.Cut(behind, "/")
		if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, '@') && strings.Trim(authority[i+1:], "0123456789") != "" {
			address = scheme + "://" + authority[:i] + "/" + authority[i+1:] + "/" + rest
		}
	case colon: // "git@github.com:a/b"
		address = "ssh://" + host + "/" + path + "/" + rest
	case isOwner(first) && rest != "" && !strings.Contains(rest, "/"): // GitHub's short form
		address = "https://github.com/" + address
	case strings.Contains(strings.Trim(first, "."), "."): // "github.com/a/b"
		address = "https://" + address
	}
	u, err := url.Parse(address)
	return u, err == nil && u.Host != ""
}

// isOwner says whether GitHub would take a text for the name of an account.
func isOwner(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// inOneCase is host and path of a repository in lower case, as far as its host takes
// names in any case.
func inOneCase(host, path string) string {
	host = strings.ToLower(host)
	if host == "github.com" || host == "gitlab.com" {
		path = strings.ToLower(path)
	}
	return host + "/" + path
}

// IsGitArchive says whether an address is of what GitHub makes of one commit.
func IsGitArchive(address string) bool {
	rest, ok := strings.CutPrefix(address, "https://codeload.github.com/")
	rest, _, _ = strings.Cut(rest, "#")
	parts := strings.Split(rest, "/")
	return ok && len(parts) == 4 && parts[2] == "tar.gz" && isCommit(parts[3]) && cleanPath("/"+rest)
}

// isCommit says whether a text is the full name of a commit.
func isCommit(s string) bool { return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == "" }

// sameCommit says whether two addresses are of one commit of one repository.
func sameCommit(a, b string) bool {
	repository, commit := GitRepository(a)
	other, same := GitRepository(b)
	return repository == other && commit == same && isCommit(commit)
}

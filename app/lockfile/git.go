package lockfile

import (
	"net/url"
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
	address = strings.TrimPrefix(address, "git+")
	for prefix, host := range map[string]string{"github:": "github.com/", "gitlab:": "gitlab.com/", "bitbucket:": "bitbucket.org/"} {
		if rest, ok := strings.CutPrefix(address, prefix); ok {
			address = "https://" + host + rest
		}
	}
	if !strings.Contains(address, "://") {
		if host, p, ok := strings.Cut(address, ":"); ok {
			address = "ssh://" + host + "/" + p
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address, commit
	}
	if parts := strings.Split(u.EscapedPath(), "/"); IsGitArchive(address) && len(parts) == 5 {
		return "github.com/" + parts[1] + "/" + parts[2], parts[4]
	}
	return strings.ToLower(u.Host) + "/" + strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git"), commit
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

package main

import (
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bonafide-app/bonafide/app/publish"
)

// maxGitFile bounds a file of git's that is read: its config has some kB.
const maxGitFile = 1 << 20

// gitFolder is the folder that holds git's config of a checkout: .git itself, or what a
// worktree's .git names. "" where there is none.
func gitFolder(dotGit string) string {
	info, err := os.Stat(dotGit)
	switch {
	case err != nil:
		return ""
	case info.IsDir():
		return dotGit
	}
	dir, ok := strings.CutPrefix(strings.TrimSpace(gitFile(dotGit)), "gitdir: ")
	if !ok {
		return ""
	}
	dir = beside(filepath.Dir(dotGit), dir)
	if common := strings.TrimSpace(gitFile(filepath.Join(dir, "commondir"))); common != "" {
		dir = beside(dir, common)
	}
	return dir
}

// beside is a path as a file in a folder names it.
func beside(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// gitFile is the text of a regular file, "" where it cannot be read.
func gitFile(name string) string {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxGitFile))
	if err != nil {
		return ""
	}
	return string(data)
}

// facts are what git's own files say of the repository. Nothing is run, and what they do not
// say is not known.
func (d *publishDir) facts() publish.Facts {
	if d.git == "" {
		return publish.Facts{}
	}
	head := strings.TrimSpace(gitFile(filepath.Join(d.git, "refs", "remotes", "origin", "HEAD")))
	branch, _ := strings.CutPrefix(head, "ref: refs/remotes/origin/")
	if branch == head {
		branch = ""
	}
	return publish.Facts{Repository: repositoryOf(remoteURL(gitFile(filepath.Join(d.git, "config")))), DefaultBranch: branch}
}

// remoteURL is the address of the remote origin in git's config.
// https://git-scm.com/docs/git-config#_syntax
func remoteURL(config string) string {
	here := false
	for line := range strings.Lines(config) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			here = strings.HasPrefix(line, `[remote "origin"]`)
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if here && ok && strings.EqualFold(strings.TrimSpace(key), "url") {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// scpLike is how people write addresses for ssh: git@github.com:owner/name.git.
var scpLike = regexp.MustCompile(`^(?:[^@/:]+@)?([^@/:]+):([^/].*)$`)

// repositoryOf is "HOST/OWNER/NAME" of a remote's address, "" where it is of no such kind. A
// name and a password in it are left out.
func repositoryOf(remote string) string {
	host, path := "", ""
	if m := scpLike.FindStringSubmatch(remote); m != nil && !strings.Contains(remote, "://") {
		host, path = m[1], m[2]
	} else if at, err := url.Parse(remote); err == nil && at.Scheme != "" {
		host, path = at.Hostname(), at.Path
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	if host == "" || !isRepository(path) {
		return ""
	}
	return strings.ToLower(host) + "/" + path
}

// isRepository says whether it is OWNER/NAME.
func isRepository(s string) bool {
	_, _, ok := cutRepository(s)
	return ok
}

func cutRepository(s string) (owner, name string, ok bool) {
	owner, name, ok = strings.Cut(s, "/")
	return owner, name, ok && ownerAndName.MatchString(s) && strings.Trim(name, ".") != ""
}

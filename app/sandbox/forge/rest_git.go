package forge

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

func getRepository(c *call) (reply, error) { return ok(c.fullRepositoryJSON(c.repo)) }

// at resolves a name in the address to a commit.
func (c *call) at(name string) (commit, error) {
	sha, err := c.repo.resolve(c.ctx(), name)
	if err != nil {
		return commit{}, err
	}
	commits, err := c.repo.git.commits(c.ctx(), sha)
	if err != nil {
		return commit{}, err
	}
	return commits[0], nil
}

// wants says whether the client asks for a media type ("raw").
func (c *call) wants(kind string) bool {
	accept := c.r.Header.Get("Accept")
	return strings.Contains(accept, "application/vnd.github."+kind) || strings.Contains(accept, "application/vnd.github.v3."+kind)
}

// rawReply is a file's content as it is.
func rawReply(data []byte) reply {
	return reply{status: http.StatusOK, raw: data, media: "application/vnd.github.raw+json; charset=utf-8"}
}

func getCommit(c *call) (reply, error) {
	at, err := c.at(c.r.PathValue("ref"))
	if errors.Is(err, ErrNotFound) {
		return reply{}, &fail{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + c.r.PathValue("ref")}
	}
	if err != nil {
		return reply{}, err
	}
	if c.wants("sha") {
		return reply{status: http.StatusOK, raw: []byte(at.sha), media: "application/vnd.github.sha; charset=utf-8"}, nil
	}
	o := c.commitJSON(c.repo, at)
	parent := emptyTree
	if len(at.parents) > 0 {
		parent = at.parents[0]
	}
	files, err := c.diffs.of(c.ctx(), c.repo.git, parent, at.sha)
	if err != nil {
		return reply{}, err
	}
	additions, deletions := 0, 0
	for _, f := range files {
		additions, deletions = additions+f.additions, deletions+f.deletion
	}
	list, header := page(c, files)
	o["stats"] = object{"additions": additions, "deletions": deletions, "total": additions + deletions}
	o["files"] = shapes(list, func(f fileDiff) object { return c.fileJSON(c.repo, at.sha, f) })
	return reply{status: http.StatusOK, body: o, header: header}, nil
}

// emptyTree is git's name for the tree without entries.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

func getBranch(c *call) (reply, error) {
	name := c.r.PathValue("branch")
	tip, err := c.repo.tip(c.ctx(), name)
	if errors.Is(err, ErrNotFound) {
		return reply{}, &fail{status: http.StatusNotFound, message: "Branch not found"}
	}
	if err != nil {
		return reply{}, err
	}
	commits, err := c.repo.git.commits(c.ctx(), tip)
	if err != nil {
		return reply{}, err
	}
	self := c.api("/repos/%s/branches/%s", c.repo.FullName(), escaped(name))
	protected, protection := c.repo.protectionJSON(name)
	return ok(object{"name": name, "commit": c.commitJSON(c.repo, commits[0]), "protected": protected, "protection_url": self + "/protection", "protection": protection,
		"_links": object{"self": self, "html": c.html("/%s/tree/%s", c.repo.FullName(), name)}})
}

// getRef knows branches, tags and the heads of pull requests.
func getRef(c *call) (reply, error) {
	name := c.r.PathValue("ref")
	if strings.HasPrefix(name, "tags/") && checkBranch(name) == nil {
		return getTagRef(c, name)
	}
	if !strings.HasPrefix(name, "heads/") && !strings.HasPrefix(name, "pull/") || checkBranch(name) != nil {
		return reply{}, errMissing
	}
	sha, err := c.repo.git.resolve(c.ctx(), c.repo.refs()+name)
	if err != nil {
		return reply{}, err
	}
	return ok(object{"ref": "refs/" + name, "node_id": "REF_" + name, "url": c.api("/repos/%s/git/refs/%s", c.repo.FullName(), escaped(name)),
		"object": object{"type": "commit", "sha": sha, "url": c.api("/repos/%s/git/commits/%s", c.repo.FullName(), sha)}})
}

// getTree takes a tree's SHA, a commit's or a branch.
func getTree(c *call) (reply, error) {
	name := c.r.PathValue("sha")
	id := name
	if sha, err := c.repo.resolve(c.ctx(), name); err == nil {
		commits, err := c.repo.git.commits(c.ctx(), sha)
		if err != nil {
			return reply{}, err
		}
		id = commits[0].tree
	} else if !isSHA(name) {
		return reply{}, errMissing
	}
	recursive := c.r.URL.Query().Get("recursive") != "" // any value counts, "0" and "false" too
	entries, err := c.repo.git.tree(c.ctx(), id, recursive)
	if err != nil {
		return reply{}, err
	}
	api := c.api("/repos/%s/git", c.repo.FullName())
	list, size, truncated := []object{}, 0, false
	for _, e := range entries {
		size += len(e.path) + 100
		if len(list) >= maxTreeEntries || size > maxTreeBytes || recursive && c.quirks.TruncateTrees && len(list) > 0 {
			truncated = true
			break
		}
		o := object{"path": e.path, "mode": e.mode, "type": e.kind, "sha": e.sha}
		switch e.kind {
		case "blob":
			o["size"], o["url"] = e.size, api+"/blobs/"+e.sha
		case "tree":
			o["url"] = api + "/trees/" + e.sha
		}
		list = append(list, o)
	}
	return ok(object{"sha": id, "url": api + "/trees/" + id, "tree": list, "truncated": truncated})
}

func getBlob(c *call) (reply, error) {
	sha := c.r.PathValue("sha")
	if !isSHA(sha) {
		return reply{}, &fail{status: http.StatusUnprocessableEntity, message: "The sha parameter must be exactly 40 characters and contain only [0-9a-f]."}
	}
	o, err := c.repo.git.read(c.ctx(), sha, maxBlob)
	if err != nil {
		return reply{}, err
	}
	switch {
	case o.kind != "blob":
		return reply{}, errMissing
	case o.size > maxBlob:
		return reply{}, &fail{http.StatusForbidden, "This API returns blobs up to 100 MB in size.", []object{{"resource": "Blob", "field": "data", "code": "too_large"}}}
	case c.wants("raw"):
		return rawReply(o.data), nil
	}
	return ok(object{"sha": sha, "node_id": "B_" + sha, "size": o.size, "url": c.api("/repos/%s/git/blobs/%s", c.repo.FullName(), sha),
		"content": wrap64(o.data), "encoding": "base64"})
}

// wrap64 is base64 with a line break after every 60 characters, as GitHub has it.
func wrap64(data []byte) string {
	const width = 60
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width])
		b.WriteByte('\n')
		text = text[width:]
	}
	if text != "" {
		b.WriteString(text)
		b.WriteByte('\n')
	}
	return b.String()
}

// getContents follows a symbolic link to a file inside the repository, as GitHub does.
func getContents(c *call) (reply, error) {
	name := strings.Trim(c.r.PathValue("path"), "/")
	ref := c.r.URL.Query().Get("ref")
	if ref == "" {
		ref = c.repo.defaultBranch
	}
	sha, err := c.repo.resolve(c.ctx(), ref)
	if errors.Is(err, ErrNotFound) {
		return reply{}, &fail{status: http.StatusNotFound, message: "No commit found for the ref " + ref}
	}
	if err != nil {
		return reply{}, err
	}
	if name == "" {
		return c.folder(sha, sha, "", ref)
	}
	entry, err := c.entry(sha, name)
	if err != nil {
		return reply{}, err
	}
	target := ""
	if entry.mode == modeSymlink {
		o, err := c.repo.git.read(c.ctx(), entry.sha, maxContentsJSON)
		if err != nil {
			return reply{}, err
		}
		target = string(o.data)
		if to := path.Join(path.Dir(name), target); !path.IsAbs(target) && to != ".." && !strings.HasPrefix(to, "../") {
			if pointed, err := c.entry(sha, to); err == nil && pointed.kind == "blob" && pointed.mode != modeSymlink {
				entry, target = pointed, ""
			}
		}
	}
	o := c.contentJSON(treeEntry{entry.mode, entry.kind, entry.sha, name, entry.size}, ref)
	switch {
	case entry.kind == "tree":
		return c.folder(sha, entry.sha, name, ref)
	case entry.kind == "commit":
		o["submodule_git_url"] = c.html("/%s/modules/%s.git", c.repo.FullName(), escaped(name))
		return ok(o)
	case entry.mode == modeSymlink:
		o["target"] = target
		return ok(o)
	}
	blob, err := c.repo.git.read(c.ctx(), entry.sha, maxBlob)
	if err != nil {
		return reply{}, err
	}
	switch {
	case blob.size > maxBlob:
		return reply{}, &fail{http.StatusForbidden, "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch via the API.",
			[]object{{"resource": "Blob", "field": "data", "code": "too_large"}}}
	case c.wants("raw"):
		return rawReply(blob.data), nil
	case blob.size > maxContentsJSON:
		o["content"], o["encoding"] = "", "none"
	default:
		o["content"], o["encoding"] = wrap64(blob.data), "base64"
	}
	return ok(o)
}

// entry finds what stands at a path of a commit.
func (c *call) entry(commit, name string) (treeEntry, error) {
	entries, err := c.repo.git.tree(c.ctx(), commit, false, name)
	if err != nil {
		return treeEntry{}, err
	}
	if len(entries) != 1 || entries[0].path != name {
		return treeEntry{}, errMissing
	}
	return entries[0], nil
}

func (c *call) folder(commit, tree, name, ref string) (reply, error) {
	entries, err := c.repo.git.tree(c.ctx(), tree, false)
	if err != nil {
		return reply{}, err
	}
	return ok(shapes(entries, func(e treeEntry) object {
		e.path = path.Join(name, e.path)
		return c.contentJSON(e, ref)
	}))
}

func (c *call) contentJSON(e treeEntry, ref string) object {
	at := escaped(e.path)
	self := fmt.Sprintf("%s?ref=%s", c.api("/repos/%s/contents/%s", c.repo.FullName(), at), url.QueryEscape(ref))
	html := c.html("/%s/blob/%s/%s", c.repo.FullName(), ref, at)
	git := c.api("/repos/%s/git/blobs/%s", c.repo.FullName(), e.sha)
	o := object{"name": path.Base(e.path), "path": e.path, "sha": e.sha, "size": max(0, e.size), "type": "file", "url": self, "html_url": html, "git_url": git,
		"download_url": c.html("/%s/raw/%s/%s", c.repo.FullName(), ref, at)}
	switch {
	case e.kind == "tree":
		o["type"], o["download_url"] = "dir", nil
		o["git_url"] = c.api("/repos/%s/git/trees/%s", c.repo.FullName(), e.sha)
	case e.kind == "commit":
		o["type"], o["download_url"], o["git_url"] = "submodule", nil, nil
	case e.mode == modeSymlink:
		o["type"] = "symlink"
	}
	o["_links"] = object{"self": self, "git": o["git_url"], "html": html}
	return o
}

// getComparison is the three-dot comparison: from the merge base to the head. Files
// stand on the first page only.
func getComparison(c *call) (reply, error) {
	base, head, found := strings.Cut(c.r.PathValue("basehead"), "...")
	if !found {
		return reply{}, errMissing
	}
	from, err := c.side(base)
	if err != nil {
		return reply{}, err
	}
	to, err := c.side(head)
	if err != nil {
		return reply{}, err
	}
	g := c.repo.git
	mergeBase, err := g.mergeBase(c.ctx(), from, to)
	if err != nil {
		return reply{}, err
	}
	if mergeBase == "" {
		return reply{}, &fail{status: http.StatusNotFound, message: fmt.Sprintf("No common ancestor between %s and %s.", base, head)}
	}
	ahead, err := g.between(c.ctx(), from, to)
	if err != nil {
		return reply{}, err
	}
	behind, err := g.between(c.ctx(), to, from)
	if err != nil {
		return reply{}, err
	}
	files, err := c.diffs.of(c.ctx(), g, mergeBase, to)
	if err != nil {
		return reply{}, err
	}
	shown, header, number := ahead[:min(len(ahead), maxCompareCommits)], http.Header(nil), 1
	if q := c.r.URL.Query(); q.Has("page") || q.Has("per_page") {
		shown, header = page(c, ahead)
		number, _ = c.paging()
	}
	commits, err := g.commits(c.ctx(), append([]string{from, mergeBase}, shown...)...)
	if err != nil {
		return reply{}, err
	}
	if number > 1 {
		files = nil
	}
	status := "identical"
	switch {
	case len(ahead) > 0 && len(behind) > 0:
		status = "diverged"
	case len(ahead) > 0:
		status = "ahead"
	case len(behind) > 0:
		status = "behind"
	}
	self, html := c.api("/repos/%s/compare/%s...%s", c.repo.FullName(), from, to), c.html("/%s/compare/%s...%s", c.repo.FullName(), from, to)
	shape := func(k commit) object { return c.commitJSON(c.repo, k) }
	return reply{status: http.StatusOK, header: header, body: object{
		"url": self, "html_url": html, "permalink_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch",
		"base_commit": shape(commits[0]), "merge_base_commit": shape(commits[1]), "status": status, "ahead_by": len(ahead), "behind_by": len(behind),
		"total_commits": len(ahead), "commits": shapes(commits[2:], shape),
		"files": shapes(files[:min(len(files), maxCompareFiles)], func(f fileDiff) object { return c.fileJSON(c.repo, to, f) }),
	}}, nil
}

// side resolves one side of a comparison: a commit or branch, of a fork too ("owner:branch").
func (c *call) side(name string) (string, error) {
	owner, branch, found := strings.Cut(name, ":")
	if !found {
		return c.repo.resolve(c.ctx(), name)
	}
	for _, r := range c.repositories {
		if r.git == c.repo.git && strings.EqualFold(r.Owner, owner) {
			return r.resolve(c.ctx(), branch)
		}
	}
	return "", errMissing
}

// listPullsOfCommit lists the pull requests that a commit belongs to.
func listPullsOfCommit(c *call) (reply, error) {
	sha, err := c.repo.resolve(c.ctx(), c.r.PathValue("ref"))
	if errors.Is(err, ErrNotFound) {
		return reply{}, &fail{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + c.r.PathValue("ref")}
	}
	if err != nil {
		return reply{}, err
	}
	var pulls []*Pull
	for _, p := range c.repo.pulls {
		if p.head != c.repo && c.quirks.NoPullsOfForkCommits {
			continue
		}
		commits, err := p.commits(c.ctx())
		if err != nil {
			return reply{}, err
		}
		if p.mergeCommit == sha || slices.Contains(commits, sha) {
			pulls = append(pulls, p)
		}
	}
	list, header := page(c, pulls)
	return reply{status: http.StatusOK, header: header, body: shapes(list, c.pullSimpleJSON)}, nil
}

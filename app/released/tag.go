// Package released says whether what was released under a tag is what the registry has,
// and whether the repository's own workflow built it. It is pure: no I/O, no clock.
package released

import (
	"regexp"
	"strings"
)

// Tag is a tag that names a version.
type Tag struct {
	Name    string // "v1.2.3", "@acme/web@1.2.3", "web-v1.2.3", "release-1.2.3"
	About   string // what it names beside the version: a package, its folder, something else; "" for nothing
	Version string // "1.2.3"
}

// version is a whole one, as Semantic Versioning has it, behind a name: lerna and changesets
// write "@acme/web@1.2.3", release-please "web-v1.2.3", Azure's "@azure/storage-blob_12.1.0".
//
// https://semver.org
// https://azure.github.io/azure-sdk/policies_releases.html
var version = regexp.MustCompile(`^(?:(.*?)[@/_-])?v?((?:0|[1-9]\d{0,15})\.(?:0|[1-9]\d{0,15})\.(?:0|[1-9]\d{0,15})(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$`)

// ParseTag reads a tag without refs/tags/. ok is false where it names no whole version:
// "v1" moves with every release, and "nightly" is none.
func ParseTag(name string) (t Tag, ok bool) {
	if len(name) > maxTagBytes {
		return Tag{}, false
	}
	m := version.FindStringSubmatch(name)
	if m == nil {
		return Tag{}, false
	}
	v, _, _ := strings.Cut(m[2], "+") // npm leaves the build out of a version
	about := m[1]
	switch strings.ToLower(about) {
	case "release", "releases", "rel", "version", "ver":
		about = ""
	}
	return Tag{Name: name, About: about, Version: v}, true
}

// names says whether the tag is about a package, by its name or by its folder: release
// tools write "@acme/web@1.2.3", "web-v1.2.3", "packages/web/v1.2.3".
func (t Tag) names(m Manifest) bool {
	if t.About == "" {
		return false
	}
	_, bare, scoped := strings.Cut(m.Name, "/")
	if !scoped {
		bare = m.Name
	}
	folder := m.folder()
	last := folder[strings.LastIndexByte(folder, '/')+1:]
	return t.About == m.Name || t.About == bare || folder != "" && (t.About == folder || t.About == last)
}

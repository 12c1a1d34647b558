package lockfile

import (
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// PublicHosts are the names under which the one public npm registry is reached:
// npm's and yarn's.
func PublicHosts() []string { return []string{npmHost, yarnHost} }

const npmHost, yarnHost = "registry.npmjs.org", "registry.yarnpkg.com"

// IsPublicBase says whether a base, as RegistryBase names it, is the public npm
// registry's, under either name.
func IsPublicBase(base string) bool {
	host, https := strings.CutPrefix(base, "https://")
	return https && isPublicHost(host)
}

func isPublicHost(host string) bool { return host == npmHost || host == yarnHost }

// RegistryBase says whether resolved is where a registry of npm's kind keeps the
// tarball of exactly this name and version, and of which registry: its address with
// the prefix and without a slash at the end ("https://registry.npmjs.org",
// "https://npm.example.com:8443/repository/team"). Several registries can live on
// one host. Whether it is to be trusted is for the caller to say.
//
// The address must be https (plain http can be changed on the way) and of the shape
// https://HOST[:PORT][/PREFIX]/NAME/-/BASE-VERSION.tgz. It must have no user, query,
// fragment other than the sha1 that yarn 1 adds, dot segment, empty segment, backslash
// or escape other than the %2f of a scoped name, and the host must be ASCII without a
// trailing dot. The host is returned in lower case, with the port unless it is 443:
// another port is another host. The public registry has no prefix.
func RegistryBase(resolved string, p dep.Package) (base string, ok bool) {
	resolved, _ = cutSHA1(resolved)
	if p.Name == "" || p.Version == "" || strings.ContainsAny(resolved, "?#\\") {
		return "", false
	}
	u, err := url.Parse(resolved)
	if err != nil || u.Scheme != "https" || u.Opaque != "" || u.User != nil {
		return "", false
	}
	host, ok := cleanHost(u.Host)
	if !ok {
		return "", false
	}
	prefix, ok := cutTarball(u.EscapedPath(), p)
	if !ok || prefix != "" && isPublicHost(host) {
		return "", false
	}
	return "https://" + host + prefix, true
}

// cutSHA1 cuts off the fragment of an address that yarn 1 writes: the sha1 of the
// tarball, 40 hexadecimal digits. It is not asked for. Behind the address of a Git
// repository, the same is a commit.
func cutSHA1(resolved string) (address, sha1 string) {
	address, fragment, _ := strings.Cut(resolved, "#")
	if len(fragment) != 40 || strings.Trim(fragment, "0123456789abcdefABCDEF") != "" {
		return resolved, ""
	}
	return address, fragment
}

// cutTarball cuts /NAME/-/BASE-VERSION.tgz off a path, or JFrog's
// /@SCOPE/BASE/-/@SCOPE/BASE-VERSION.tgz.
func cutTarball(escaped string, p dep.Package) (prefix string, ok bool) {
	scope, base, scoped := strings.Cut(p.Name, "/")
	if !scoped {
		base = p.Name
	}
	// The name and the version are the lockfile's: hold them to the rules of a path.
	if !cleanPath("/"+p.Name) || !cleanPath("/"+p.Version) {
		return "", false
	}
	rest, ok := cutSuffixes(escaped, base, "-", p.Version, ".tgz")
	if ok && scoped {
		rest, _ = cutSuffixes(rest, scope, "/")
	}
	rest, dash := cutSuffixes(rest, "/-/")
	if !ok || !dash {
		return "", false
	}
	prefix, ok = cutSuffixes(rest, "/", p.Name)
	for _, slash := range []string{"%2f", "%2F"} {
		if !ok && scoped {
			prefix, ok = cutSuffixes(rest, "/", scope, slash, base)
		}
	}
	return prefix, ok && (prefix == "" || cleanPath(prefix))
}

// cutSuffixes cuts the parts off the end of s, the last one first; all or nothing.
func cutSuffixes(s string, parts ...string) (string, bool) {
	rest := s
	for i := len(parts) - 1; i >= 0; i-- {
		var ok bool
		if rest, ok = strings.CutSuffix(rest, parts[i]); !ok {
			return s, false
		}
	}
	return rest, true
}

// cleanPath says whether an absolute path is plain: what every reader reads alike.
func cleanPath(p string) bool {
	for i := range len(p) {
		switch c := p[i]; {
		case c <= ' ', c >= 0x7f, c == '%', c == '\\', c == '?', c == '#':
			return false
		}
	}
	return path.Clean(p) == p
}

// cleanHost is a host in lower case, with its port unless that is 443.
func cleanHost(hostport string) (string, bool) {
	host, port, hasPort := strings.Cut(strings.ToLower(hostport), ":")
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", false
		}
	}
	if !hasPort || port == "443" {
		return host, true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || port != strconv.FormatUint(n, 10) {
		return "", false
	}
	return host + ":" + port, true
}

// classify says what kind of source an address is. "" is a registry's: the package
// manager then asks for the name and version.
func classify(resolved string, p dep.Package) dep.SourceKind {
	if resolved == "" {
		return dep.Registry
	}
	if isPublicTarball(resolved, p) {
		return dep.Registry
	}
	if _, ok := RegistryBase(resolved, p); ok {
		return dep.Registry
	}
	scheme, rest, hasScheme := strings.Cut(resolved, ":")
	switch scheme = strings.ToLower(scheme); {
	case !hasScheme:
		switch {
		case strings.HasPrefix(resolved, "//"):
			return dep.URL
		case strings.HasPrefix(resolved, ".") || strings.HasPrefix(resolved, "/") || strings.HasPrefix(resolved, "~"):
			return dep.File
		case strings.Count(resolved, "/") == 1: // GitHub's short form, owner/name
			return dep.Git
		}
		return dep.URL
	case scheme == "file" || scheme == "link" || scheme == "portal" || scheme == "exec":
		return dep.File
	case scheme == "git" || scheme == "ssh" || strings.HasPrefix(scheme, "git+") || strings.Contains(scheme, "@"):
		return dep.Git // also git@host:owner/name
	case scheme == "github" || scheme == "gitlab" || scheme == "bitbucket" || scheme == "gist":
		return dep.Git
	}
	if address, _, _ := strings.Cut(rest, "#"); strings.HasSuffix(strings.ToLower(address), ".git") {
		return dep.Git
	}
	return dep.URL
}

// ownAddress says whether an entry is fetched from the public registry's own
// address for its name and version, stated in the usual spelling or not at all.
func ownAddress(e dep.Entry) bool {
	return e.Source == dep.Registry && (e.Resolved == "" || isPublicTarball(e.Resolved, e.Package))
}

// isPublicTarball says what RegistryBase says of the public registry, for the usual
// spelling of an address alone, and faster.
func isPublicTarball(resolved string, p dep.Package) bool {
	resolved, _ = cutSHA1(resolved)
	rest, ok := strings.CutPrefix(resolved, "https://")
	host, _, slash := strings.Cut(rest, "/")
	if !ok || !slash || !isPublicHost(host) || p.Name == "" || p.Version == "" {
		return false
	}
	prefix, ok := cutTarball(rest[len(host):], p)
	return ok && prefix == ""
}

// InRepository says whether a link's target, a patch, or a folder behind "file:", lies in
// the repository, beside or below or above the lockfile. What is not a plain
// relative path does not. Of the lockfile's own path it takes every folder for one
// of the repository.
func InRepository(lockfile, target string) bool {
	target = strings.TrimPrefix(target, "file:")
	if strings.HasPrefix(target, "/") || strings.HasPrefix(target, "~") || strings.ContainsAny(target, "%\\:?#\x00") {
		return false
	}
	joined := path.Join(path.Clean("/" + path.Dir(lockfile))[1:], target)
	return joined != ".." && !strings.HasPrefix(joined, "../")
}

// isOwnFolder says whether a path is that of a folder of the repository's own code:
// in the repository and not where package managers install, in node_modules.
func isOwnFolder(lockfile, target string) bool {
	if !InRepository(lockfile, target) {
		return false
	}
	for folder := range strings.SplitSeq(strings.TrimPrefix(target, "file:"), "/") {
		if strings.EqualFold(folder, "node_modules") { // some file systems disregard case
			return false
		}
	}
	return true
}

// isTarballName is npm's own test for "file:" that is a file and not a folder.
func isTarballName(target string) bool {
	t := strings.ToLower(target)
	return strings.HasSuffix(t, ".tgz") || strings.HasSuffix(t, ".tar.gz") || strings.HasSuffix(t, ".tar")
}

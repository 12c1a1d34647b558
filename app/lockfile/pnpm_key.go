package lockfile

import (
	"fmt"
	"strings"
)

// pnpmMajor is the major number of a lockfileVersion: 5, 6 or 9. It says how the keys
// of packages are written, and how a dependency refers to one.
type pnpmMajor int

// pnpmVersion reads a lockfileVersion: "5", "5.4", "5.4-inlineSpecifiers", "6.1", "9.0".
func pnpmVersion(s string) (major pnpmMajor, ok bool) {
	number, minor, divided := strings.Cut(s, ".")
	if number == "5" {
		minor = strings.TrimSuffix(minor, "-inlineSpecifiers")
	}
	if divided && (minor == "" || strings.Trim(minor, "0123456789") != "") {
		return 0, false
	}
	switch number {
	case "5":
		return 5, true
	case "6":
		return 6, true
	case "9":
		return 9, true
	}
	return 0, false
}

// pnpmKey is what the key of a package says, without its peers and its patch. The
// version names a release of a registry; where the key names none, the address is what
// it says instead.
type pnpmKey struct {
	host          string // of the registry, with its port; "" where it is implied (in versions 5 and 6)
	name, version string // the name can be missing beside an address (in versions 5 and 6)
	address       string
}

// key reads a key of "packages" or "snapshots":
//
//	version 5   /NAME/VERSION[_PEERS]      HOST/NAME/VERSION   github.com/OWNER/NAME/COMMIT   file:PATH   @HOST/PATH
//	version 6   /NAME@VERSION[(PEER)…]     HOST/NAME@VERSION   github.com/OWNER/NAME/COMMIT   file:PATH   @HOST/PATH
//	version 9   NAME@VERSION[(PEER)…]      NAME@ADDRESS[(PEER)…]
//
// https://github.com/pnpm/spec/tree/master/lockfile
func (m pnpmMajor) key(key string) (pnpmKey, error) {
	if m == 9 {
		name, rest, ok := cutID(withoutPeers(key))
		switch {
		case !ok:
			return pnpmKey{}, fmt.Errorf("the key %s does not have the form name@version", quote(key))
		case isSpec(rest):
			return pnpmKey{name: name, address: rest}, nil
		}
		return pnpmKey{name: name, version: rest}, nil
	}
	if relative, ok := strings.CutPrefix(key, "/"); ok || key == "" {
		k, ok := m.relative(relative)
		if !ok {
			return k, fmt.Errorf("the key %s names no package and version", quote(key))
		}
		return k, nil
	}
	if !strings.HasPrefix(key, "@") { // that is an address without its scheme
		host, relative, _ := strings.Cut(key, "/")
		if k, ok := m.relative(relative); ok && isRelease(k.version) && !strings.Contains(host, ":") {
			k.host = strings.ReplaceAll(host, "+", ":") // before the port
			return k, nil
		}
	}
	return pnpmKey{address: withoutPeers(key)}, nil
}

// relative reads what stands behind the registry, of versions 5 and 6.
func (m pnpmMajor) relative(s string) (k pnpmKey, ok bool) {
	if m == 5 {
		k.name, k.version, ok = cutInstalled(s)
		k.version, _, _ = strings.Cut(k.version, "_")
	} else {
		k.name, k.version, ok = cutID(withoutPeers(s))
	}
	return k, ok && k.name != "" && k.version != "" && !isSpec(k.version)
}

// withoutPeers cuts the parentheses at the end off a key: "(react@18.2.0(x@1.0.0))",
// "(patch_hash=…)".
func withoutPeers(key string) string {
	if !strings.HasSuffix(key, ")") {
		return key
	}
	depth := 0
	for i := len(key) - 1; i >= 0; i-- {
		switch c := key[i]; {
		case c == ')':
			depth++
		case c == '(':
			depth--
		case depth == 0:
			return key[:i+1]
		}
	}
	return key
}

// patchHash is what a key says that its package is patched with, of version 6 on.
func patchHash(key string) string {
	hash, ok := strings.CutPrefix(key[len(withoutPeers(key)):], "(patch_hash=")
	if !ok {
		return ""
	}
	hash, _, _ = strings.Cut(hash, ")")
	return hash
}

// isRelease says whether a version is of the form 1.2.3, and what may follow.
func isRelease(version string) bool {
	core := version
	if i := strings.IndexAny(version, "-+"); i >= 0 {
		core = version[:i]
	}
	parts := strings.Split(core, ".")
	for _, p := range parts {
		if p == "" || strings.Trim(p, "0123456789") != "" {
			return false
		}
	}
	return len(parts) == 3
}

// appendRef appends the key that a dependency refers to. ok is false where that is a
// folder of the repository.
func (m pnpmMajor) appendRef(key []byte, name, ref string) (_ []byte, ok bool) {
	if strings.HasPrefix(ref, "link:") {
		return key, false
	}
	beforePeers, _, _ := strings.Cut(ref, "(")
	switch at, colon := strings.IndexByte(ref, '@'), strings.IndexByte(ref, ':'); {
	case m == 9:
		if at != 0 && (at < 0 || colon >= 0 && at > colon || at > len(beforePeers)) {
			key = append(append(key, name...), '@')
		}
		return append(key, withoutPeers(ref)...), true
	case strings.HasPrefix(ref, "file:"), strings.Contains(beforePeers, "/"):
		return append(key, ref...), true
	case m == 6:
		key = append(append(append(key, '/'), name...), '@')
	default:
		key = append(append(append(key, '/'), name...), '/')
	}
	return append(key, ref...), true
}

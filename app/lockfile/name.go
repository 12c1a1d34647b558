package lockfile

import "strings"

// cutName cuts "name@rest", the rest of which may be missing (then ok is false) or
// empty, at the first @ that does not begin the name.
func cutName(s string) (name, rest string, ok bool) {
	at := strings.IndexByte(s[min(1, len(s)):], '@') + 1
	if at == 0 {
		return s, "", false
	}
	return s[:at], s[at+1:], true
}

// cutID is cutName where both sides must be there: else ok is false, and name is all
// of it.
func cutID(id string) (name, version string, ok bool) {
	if name, version, _ = cutName(id); version == "" {
		return id, "", false
	}
	return name, version, true
}

// cutInstalled cuts the first name off a path of names. That of a scoped package has a
// slash itself.
func cutInstalled(path string) (name, rest string, more bool) {
	end := strings.IndexByte(path, '/')
	if end >= 0 && path[0] == '@' {
		if i := strings.IndexByte(path[end+1:], '/'); i >= 0 {
			end += 1 + i
		} else {
			end = -1
		}
	}
	if end < 0 {
		return path, "", false
	}
	return path[:end], path[end+1:], true
}

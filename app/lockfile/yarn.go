package lockfile

import (
	"bytes"
	"path"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

const yarnAgain = "write it again with yarn install and commit the result"

// parseYarn reads a yarn.lock: yarn 1 has a format of its own and states its version
// in a comment at the top; yarn 2 and later ("berry") write YAML with __metadata.
func parseYarn(f file) ([]dep.Entry, error) {
	if line := conflictLine(f.data); line > 0 {
		return nil, &Error{f.name, line, MergeConflict, "the file has merge conflict markers; resolve the conflict (yarn install does it) and commit the result"}
	}
	switch berry, v1 := hasTopLevelKey(f.data, "__metadata"), hasYarnV1Comment(f.data); {
	case berry && v1:
		return nil, &Error{f.name, 0, Malformed, "the file says that it is of yarn 1 and has the __metadata of a later yarn; " + yarnAgain}
	case berry:
		return parseYarnBerry(f)
	case v1:
		return parseYarnV1(f)
	}
	return nil, &Error{f.name, 0, UnsupportedVersion, "the file has neither the comment \"yarn lockfile v1\" nor __metadata, so it does not say of which version it is; " + yarnAgain}
}

// hasTopLevelKey says whether a line begins with a key, quoted or not.
func hasTopLevelKey(data []byte, key string) bool {
	for _, quote := range []string{"", `"`, "'"} {
		start := []byte(quote + key + quote + ":")
		if bytes.HasPrefix(data, start) || bytes.Contains(data, append([]byte("\n"), start...)) {
			return true
		}
	}
	return false
}

// hasYarnV1Comment says whether one of the comments at the top is yarn 1's, whatever
// its version.
func hasYarnV1Comment(data []byte) bool {
	for len(data) > 0 {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if line[0] != '#' {
			return false
		}
		if _, ok := yarnV1Version(string(line)); ok {
			return true
		}
	}
	return false
}

// ownYarnFolder says whether a path leads to a folder of the repository's own code,
// and which one it is, seen from the lockfile. from is the folder that it starts in.
func ownYarnFolder(lockfile, from, target string) (folder string, ok bool) {
	if target == "" || strings.HasPrefix(target, "/") || strings.HasPrefix(target, "~") {
		return "", false
	}
	folder = path.Join(from, target)
	return folder, isOwnFolder(lockfile, folder)
}

// checkYarnIntegrity holds a digest to the limits.
func checkYarnIntegrity(f file, line int, integrity string) error {
	if beyond := beyondLimits(integrity); beyond != "" {
		return &Error{f.name, line, Limit, beyond + "; " + yarnAgain}
	}
	return nil
}

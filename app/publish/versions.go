package publish

import (
	"slices"
	"strconv"
	"strings"
)

// version is major, minor and patch.
type version [3]int

func (v version) before(w version) bool { return slices.Compare(v[:], w[:]) < 0 }

func (v version) String() string { return sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// parseVersion reads "v1.2.3", "1.2" or "1.x"; parts is how many numbers it states.
func parseVersion(s string) (v version, parts int) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "v")
	s, _, _ = strings.Cut(s, "+")
	s, _, _ = strings.Cut(s, "-")
	for i, p := range strings.Split(s, ".") {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > 1_000_000 || i > 2 {
			break
		}
		v[i], parts = n, i+1
	}
	return v, parts
}

// atLeast says whether a version as one asks for it ("11", "^9.0.0", ">=4.10", "latest")
// is at least the lowest. newest says that the newest fitting one is taken; else it may
// be any that fits, as a lockfile has it.
func atLeast(asked string, lowest version, newest bool) Answer {
	asked = strings.TrimSpace(asked)
	if strings.Contains(asked, "||") {
		answers := value{Possible: strings.Split(asked, "||")}
		return answers.each(func(s string) Answer { return atLeast(s, lowest, newest) })
	}
	switch strings.ToLower(asked) {
	case "", "*", "x", "latest", "stable":
		if newest {
			return Yes
		}
		return Depends
	}
	if strings.ContainsAny(asked, " :/") {
		if open, ok := strings.CutPrefix(asked, ">="); ok && !strings.ContainsAny(strings.TrimSpace(open), " :/") {
			asked = ">=" + strings.TrimSpace(open)
		} else {
			return Depends
		}
	}
	operator := asked[:len(asked)-len(strings.TrimLeft(asked, "^~>=<"))]
	low, parts := parseVersion(asked[len(operator):])
	if parts == 0 {
		return Depends // a tag, an alias
	}
	high, open := low, false // the lowest that fits no more
	switch {
	case operator == ">=" || operator == ">":
		open = true
	case strings.HasPrefix(operator, "<"):
		return Depends
	case operator == "^" && low[0] > 0 || parts == 1:
		high = version{low[0] + 1, 0, 0}
	case operator == "^" || operator == "~" || parts == 2:
		high = version{low[0], low[1] + 1, 0}
	default:
		high[2]++
	}
	switch {
	case !low.before(lowest):
		return Yes
	case open && newest, !open && lowest.before(high) && newest:
		return Yes
	case !open && !lowest.before(high):
		return No
	}
	return Depends
}

// nodeHas says whether the npm that comes with a version of Node, as setup-node takes
// it, is at least the lowest. Node 24.5.0 was the first with npm 11.5.1
// (https://github.com/nodejs/node/blob/main/doc/changelogs/CHANGELOG_V24.md), 18.14.2 and 19.7.0 those with npm 9.5.0; Node
// 22 has npm 10.
func nodeHas(node string, npm version) Answer {
	n := strings.ToLower(strings.TrimSpace(node))
	switch n {
	case "lts/*", "lts/-0", "latest", "node", "current", "*", "lts/krypton":
		return Yes // 24 or later
	case "lts/jod":
		n = "22"
	case "lts/iron":
		n = "20"
	case "lts/hydrogen":
		n = "18"
	case "":
		return Depends
	}
	lowest := version{24, 5, 0}
	if !(version{9, 5, 0}).before(npm) {
		lowest = version{18, 14, 2}
		if v, _ := parseVersion(strings.TrimLeft(n, "^~>=")); v[0] == 19 {
			lowest = version{19, 7, 0}
		}
	}
	return atLeast(n, lowest, true)
}

// actionVersion is the version of an action: what stands behind the @, or, where that
// is a commit, in the comment behind it. known is false where neither says it.
func (k *walk) actionVersion(s *step) (asked string, known bool) {
	_, ref, ok := strings.Cut(s.Uses.Value, "@")
	if !ok {
		return "", false
	}
	if _, parts := parseVersion(strings.TrimPrefix(ref, "release/")); parts > 0 && !isCommit(ref) {
		return strings.TrimPrefix(ref, "release/"), true
	}
	if !isCommit(ref) {
		return "latest", ref == "main" || ref == "master"
	}
	lines := k.workflow.lines
	if s.action != nil {
		lines = s.action.lines
	}
	if s.Uses.Line > 0 && s.Uses.Line <= len(lines) {
		if _, comment, ok := strings.Cut(lines[s.Uses.Line-1], "#"); ok {
			for _, w := range strings.Fields(comment) {
				w = strings.TrimPrefix(w, "tag=")
				if _, parts := parseVersion(strings.TrimPrefix(w, "release/")); parts > 0 {
					return strings.TrimPrefix(w, "release/"), true
				}
			}
		}
	}
	return "", false
}

// isCommit says whether a ref is a full commit.
func isCommit(ref string) bool {
	return len(ref) == 40 && strings.Trim(strings.ToLower(ref), "0123456789abcdef") == ""
}

// allOf is the answer of conditions that all must hold.
func allOf(answers ...Answer) Answer {
	switch {
	case slices.Contains(answers, No):
		return No
	case slices.ContainsFunc(answers, func(a Answer) bool { return a != Yes }):
		return Depends
	}
	return Yes
}

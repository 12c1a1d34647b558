package checks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// About is what a check run is about, as its external id says. It is empty where
// the id names neither pull requests nor a merge group: the run's commit then says.
type About struct {
	Pulls   []int  // numbers, ascending as written
	BaseRef string // of a merge group
	BaseSHA string // of a merge group, "" for pull requests
	// Inventory says that it is about what a default branch has locked, and about no change.
	Inventory bool
	// Release is the tag that a check about a release is about, without refs/tags/.
	Release string
}

// externalID is the external id of a check run of ours:
//
//	pr/7+9;ground=0123456789abcdef;output=0123456789abcdef
//	group/main/BASESHA;ground=… (a ";" in the branch's name is "%3B", a "%" is "%25")
//	pr/7;ground=…;show=pins;output=… (once somebody clicked on Show pins)
//	inventory;ground=;output=… (of the check about a default branch's inventory)
//	release/TAG;ground=;output=… (of the check about what was released under a tag)
//
// ground and output are the beginnings of SHA-256 sums: of what the verdict rests
// on, and of what was published. output is there once the run was completed. Events
// about pull requests from forks name no pull request, but they carry this.
type externalID struct {
	about, ground, output string
	pins                  bool // somebody asked to see them
}

// aboutCommit is what an id says that names neither pull requests nor a group.
const aboutCommit = "commit"

// aboutInventory is what the id of an inventory's check says.
const aboutInventory = "inventory"

// aboutRelease is what the id of a release's check begins with; the tag follows.
const aboutRelease = "release/"

var (
	escapeID   = strings.NewReplacer("%", "%25", ";", "%3B")
	unescapeID = strings.NewReplacer("%25", "%", "%3B", ";")
)

func (x externalID) String() string {
	s := x.about + ";ground=" + x.ground
	if x.pins {
		s += ";show=pins"
	}
	if x.output != "" {
		s += ";output=" + x.output
	}
	return s
}

// newExternalID makes the id of an unfinished run. The lines of ground begin with
// "pr/NUMBER " or are "group REF@SHA …"; any other ground is about the commit alone.
func newExternalID(ground string) externalID {
	var numbers []string
	about := ""
	for line := range strings.SplitSeq(ground, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		base, _, _ := strings.Cut(rest, " ")
		if n, ok := strings.CutPrefix(word, "pr/"); ok && number(n) > 0 {
			numbers = append(numbers, n)
		} else if i := strings.LastIndexByte(base, '@'); word == "group" && i > 0 {
			about = "group/" + escapeID.Replace(base[:i]) + "/" + base[i+1:]
		}
	}
	if len(numbers) > 0 {
		about = "pr/" + strings.Join(numbers, "+")
	}
	if about == "" || len(about) > MaxAboutBytes || strings.ContainsRune(about, ';') {
		about = aboutCommit
	}
	return externalID{about: about, ground: digest(ground)}
}

func readExternalID(s string) externalID {
	if len(s) > MaxExternalID {
		return externalID{}
	}
	var x externalID
	for i, part := range strings.Split(s, ";") {
		key, value, _ := strings.Cut(part, "=")
		switch {
		case i == 0:
			x.about = part
		case key == "ground":
			x.ground = value
		case key == "output":
			x.output = value
		case key == "show":
			x.pins = value == "pins"
		}
	}
	return x
}

// ParseExternalID reads what a check run is about. It is empty for an id that is
// not one of ours.
func ParseExternalID(s string) About {
	about := readExternalID(s).about
	if about == aboutInventory {
		return About{Inventory: true}
	}
	if tag, ok := strings.CutPrefix(about, aboutRelease); ok {
		return About{Release: unescapeID.Replace(tag)}
	}
	if list, ok := strings.CutPrefix(about, "pr/"); ok {
		var out About
		for n := range strings.SplitSeq(list, "+") {
			if number(n) == 0 {
				return About{}
			}
			out.Pulls = append(out.Pulls, number(n))
		}
		return out
	}
	if rest, ok := strings.CutPrefix(about, "group/"); ok {
		i := strings.LastIndexByte(rest, '/')
		if i > 0 && needSHA(rest[i+1:]) == nil {
			return About{BaseRef: unescapeID.Replace(rest[:i]), BaseSHA: rest[i+1:]}
		}
	}
	return About{}
}

// number reads a positive decimal number as GitHub writes it, else 0.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 || s != fmt.Sprint(n) {
		return 0
	}
	return n
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

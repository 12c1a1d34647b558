package publish

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// writeDiff writes what changes in one file, as git does: diff makes the hunks, and before
// them stands what tells git of names with odd characters, and of a file that is new.
func writeDiff(out *bytes.Buffer, path string, there bool, before, after []byte) {
	from, to := diffName("a/"+path), diffName("b/"+path)
	header := "diff --git " + from + " " + to + "\n"
	if !there {
		header += "new file mode 100644\n"
		from = "/dev/null"
	}
	// Its own first line says the same without "--git".
	_, hunks, changed := bytes.Cut(diff.Diff(from+nameEnd(from), before, to+nameEnd(to), after), []byte("\n"))
	if changed {
		out.WriteString(header)
		out.Write(hunks)
	}
}

// diffName writes a path as git does: in quotes where it has characters that would end it.
func diffName(path string) string {
	var b strings.Builder
	quoted := false
	for i := range len(path) {
		switch c := path[i]; {
		case c == '"' || c == '\\':
			quoted = true
			b.WriteString(`\` + string(c))
		case c < ' ' || c >= 0x7f:
			quoted = true
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	if quoted {
		return `"` + b.String() + `"`
	}
	return path
}

// nameEnd ends a name that has blanks, as git does.
func nameEnd(name string) string {
	if strings.Contains(name, " ") && !strings.HasPrefix(name, `"`) {
		return "\t"
	}
	return ""
}

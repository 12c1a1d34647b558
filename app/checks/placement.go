package checks

import (
	"context"
	"fmt"

	"github.com/bonafide-app/bonafide/app/report"
)

// placed are the comments that stand on one line.
type placed struct {
	path     string
	from     int // the first line that a suggestion is for, 0 where there is none
	line     int
	comments []report.Comment // one alone where there is a suggestion
}

// body is what stands there.
func (p placed) body() string {
	if p.from > 0 {
		return p.comments[0].Suggested
	}
	return joined(p.comments)
}

// changed is what a pull request's diff shows of a file. A file that is changed but whose
// patch GitHub leaves out shows nothing.
type changed struct {
	lines lines
	asked map[string]int // the names that added lines of a manifest ask for, and where
}

// allot says where comments go: on the line that asks for the package, or else on their
// own, those that meet on one line as one comment, because each notifies people; else on
// the file; else nowhere.
func allot(comments []report.Comment, files map[string]changed) (inline []placed, onFile, loose []report.Comment) {
	type spot struct {
		path string
		line int
	}
	index := map[spot]int{}
	for _, c := range comments {
		own, is := files[c.Path]
		if m := c.Mended; m.From > 0 && own.lines.hold(m.From, m.To) {
			inline = append(inline, placed{path: c.Path, from: m.From, line: m.To, comments: []report.Comment{c}})
			continue
		}
		at := spot{c.Path, c.Line}
		asked := false
		for _, m := range c.Manifests {
			if line, ok := files[m.Path].asked[m.Name]; ok {
				at, asked = spot{m.Path, line}, true
				break
			}
		}
		switch {
		case asked || own.lines.has(c.Line):
			i, ok := index[at]
			if !ok || len(joined(append(inline[i].comments, c))) > MaxCommentBytes {
				i = len(inline)
				index[at] = i
				inline = append(inline, placed{path: at.path, line: at.line})
			}
			inline[i].comments = append(inline[i].comments, c)
		case is:
			onFile = append(onFile, c)
		default:
			loose = append(loose, c)
		}
	}
	return inline, onFile, loose
}

// files reads what the pull request's diff shows of the files where comments could go.
func (t *talk) files(ctx context.Context, wanted []report.Comment) (map[string]changed, error) {
	need, names := map[string]bool{}, map[string]map[string]bool{}
	for _, c := range wanted {
		need[c.Path] = true
		for _, m := range c.Manifests {
			if need[m.Path] = true; names[m.Path] == nil {
				names[m.Path] = map[string]bool{}
			}
			names[m.Path][m.Name] = true
		}
	}
	out := map[string]changed{}
	type file struct {
		Name  string `json:"filename"`
		Patch string `json:"patch"`
	}
	q := request{what: "list the files of the pull request", path: fmt.Sprintf("pulls/%d/files", t.pull.Number)}
	_, err := pages(ctx, t.Forge, t.repo, q, MaxFilePages, func(f file) bool {
		if need[f.Name] {
			out[f.Name] = changed{hunks(f.Patch), asked(f.Patch, names[f.Name])}
		}
		return len(out) < len(need)
	})
	return out, err
}

package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// settings are the rows of the table in docs/operations.md: the flags of serve.
func settings(t *testing.T) (rows []string) {
	t.Helper()
	parser, err := kong.New(&commands{}, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Bind(terminal{}))
	if err != nil {
		t.Fatal(err)
	}
	serve := parser.Model.Children[slices.IndexFunc(parser.Model.Children, func(n *kong.Node) bool { return n.Name == "serve" })]
	for _, f := range serve.Flags {
		if f.Name == "help" {
			continue
		}
		value := ""
		if f.Default != "" {
			value = "`" + f.Default + "`"
		}
		help := strings.ReplaceAll(f.Help, " ("+f.Default+").", ".")
		rows = append(rows, fmt.Sprintf("| `--%s` | %s | %s |", f.Name, value, strings.ReplaceAll(help, "|", `\|`)))
		if want := "BONAFIDE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")); !slices.Equal(f.Envs, []string{want}) {
			t.Errorf("--%s is set by %v, and the page says by %s", f.Name, f.Envs, want)
		}
	}
	return rows
}

func TestThePageForOperatorsListsAllSettings(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `--") {
			listed = append(listed, strings.TrimSpace(line))
		}
	}
	if want := settings(t); len(want) < 20 || !slices.Equal(listed, want) {
		t.Errorf("the table must be\n%s", strings.Join(want, "\n"))
	}
}

// The page for terminals names every flag of the commands that it is about, and no other.
func TestThePageForTerminalsNamesAllFlags(t *testing.T) {
	page, err := os.ReadFile("../../docs/terminal.md")
	if err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(&commands{}, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Bind(terminal{}))
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]bool{}
	for _, command := range parser.Model.Children {
		if slices.Contains([]string{"audit", "diff", "verify", "publish-check"}, command.Name) {
			for _, f := range command.Flags {
				flags[f.Name] = true
			}
		}
	}
	delete(flags, "help")
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`--([a-z][a-z-]+)`).FindAllStringSubmatch(string(page), -1) {
		if named[m[1]] = true; !flags[m[1]] {
			t.Errorf("--%s is named and is no flag", m[1])
		}
	}
	for name := range flags {
		if !named[name] {
			t.Errorf("--%s is not named", name)
		}
	}
}

// What the page quotes, from the log or a check, is what the program says.
func TestThePageForOperatorsQuotesWhatIsSaid(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, folder := range []string{"../../app", "../../handlers"} {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			source.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	said, quotes := source.String(), 0
	for _, m := range regexp.MustCompile(`[ (]"([^"=]+)"`).FindAllStringSubmatch(string(page), -1) {
		for piece := range strings.SplitSeq(m[1], "…") {
			piece = strings.TrimSpace(strings.TrimPrefix(piece, "HOST"))
			if quotes++; !strings.Contains(said, piece) {
				t.Errorf("nothing says %q", piece)
			}
		}
	}
	if quotes < 15 {
		t.Errorf("only %d quotes", quotes)
	}
}

package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	codeBlock = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	link      = regexp.MustCompile(`\]\(([^()\s]+)\)|(?:src|href|srcset)="([^"]+)"`)
	heading   = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
)

// prose is a page without its blocks of code, which show things that are no links.
func prose(t *testing.T, path string) string {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return codeBlock.ReplaceAllString(string(page), "")
}

// anchors are the names that GitHub gives to the headings of a page.
func anchors(page string) (out []string) {
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		text := strings.ToLower(link.ReplaceAllString(m[1], ""))
		out = append(out, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return r
			}
			return -1
		}, text))
	}
	return out
}

// pages are all pages of the documentation.
func pages(t *testing.T) []string {
	t.Helper()
	out, err := filepath.Glob("../*.md")
	if err == nil {
		err = filepath.WalkDir("../docs", func(path string, _ fs.DirEntry, err error) error {
			if filepath.Ext(path) == ".md" {
				out = append(out, path)
			}
			return err
		})
	}
	if err != nil || len(out) < 10 {
		t.Fatalf("%v: %d pages", err, len(out))
	}
	return out
}

func TestLinksOfTheDocumentationLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(prose(t, page), -1) {
			target := m[1] + m[2]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			to := page
			if file != "" {
				to = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which is not there", page, target)
			} else if anchor != "" && filepath.Ext(to) == ".md" && !slices.Contains(anchors(prose(t, to)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", page, target)
			}
		}
	}
}

// The page that names the rooms names all of them, and no other.
func TestTheTableOfRoomsIsComplete(t *testing.T) {
	page := prose(t, "../docs/how-it-works.md")
	_, table, _ := strings.Cut(page, "| folder |")
	table, _, _ = strings.Cut(table, "\n\n")
	var named []string
	for _, m := range regexp.MustCompile("`([a-z/]+)`").FindAllStringSubmatch(table, -1) {
		if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
			t.Errorf("%s is named and is not there", m[1])
		}
		named = append(named, m[1])
	}
	for _, r := range rooms(t) {
		path := strings.TrimPrefix(r.ImportPath, module)
		if !slices.ContainsFunc(named, func(n string) bool { return path == n || strings.HasPrefix(path, n+"/") }) && path != "app" && path+"/" != module { // the root holds app.yml alone
			t.Errorf("%s is not named", path)
		}
	}
}

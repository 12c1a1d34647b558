package browse

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// update has the pictures of docs/images taken again: make screenshots.
var update = flag.Bool("update", false, "write the screenshots of the demo's pages to docs/images")

func TestScreenshots(t *testing.T) {
	if !*update {
		t.Skip("skipped: make screenshots asks for it")
	}
	b := newBrowser(t)
	d := startDemo(t)
	p := b.person(t)
	d.signIn(p, owner)
	pages := d.crawl(p, "/", 2)
	for _, shot := range []struct {
		name, kind string
		view       view
	}{
		{"report", "/r/OWNER/NAME/pull/N/SHA?", views[2]},
		{"package", "/r/OWNER/NAME/pull/N/SHA/package?" + packageQuery, views[2]},
		{"repository", "/r/OWNER/NAME?", views[2]},
		{"packages", "/r/OWNER/NAME/packages?", views[2]},
		{"organisation", "/o/OWNER?", views[2]},
	} {
		at := pages[shot.kind]
		if at == "" {
			t.Errorf("there is no page %s", shot.kind)
			continue
		}
		p.look(shot.view)
		p.open(at)
		save(t, shot.name, p.screenshot(shot.view, 1600))
	}
	github, dir := emptyGitHub(t), t.TempDir()
	setUp(t, p, startServer(t, dir, github).until(`^\s+(http://\S+)$`), func(step string) {
		if step == "what is asked" {
			p.look(views[2])
			save(t, "setup", p.screenshot(views[2], 1600))
		}
	})
}

// packageQuery are the names of the query of a package's page.
const packageQuery = "id"

func save(t *testing.T, name string, png []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("..", "..", "..", "docs", "images", name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

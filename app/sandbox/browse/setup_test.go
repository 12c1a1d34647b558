package browse

import (
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// emptyGitHub is a GitHub that has made no App yet.
func emptyGitHub(t *testing.T) *forge.Server {
	t.Helper()
	hub, err := forge.New(t.TempDir(), forge.Options{Secret: "of an App that is not ours"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.Close() })
	server := httptest.NewServer(hub.Handler())
	t.Cleanup(server.Close)
	if err := hub.SetURL(server.URL); err != nil {
		t.Fatal(err)
	}
	return hub
}

// startServer runs the server in an empty folder, at a GitHub that knows nothing of it. It
// asks nobody beyond this machine: its trust is given.
func startServer(t *testing.T, dir string, hub *forge.Server) *program {
	t.Helper()
	own, err := sigstore.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"root.json": own.TrustedRoot(), "keys.json": own.KeysTUF()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return run(t, dir, "serve", "--github-url", strings.TrimSuffix(hub.URL(), "/"), "--listen", "127.0.0.1:0", "--operator-listen", "127.0.0.1:0",
		"--npm-registry", "http://127.0.0.1:9/", "--trusted-root", "root.json", "--npm-keys", "keys.json", "--public-url", "http://127.0.0.1:8080")
}

// setUp clicks through the set-up page. seen is called on each of its pages.
func setUp(t *testing.T, p *tab, link string, seen func(step string)) {
	t.Helper()
	if status := p.open(link); status != 200 {
		t.Fatalf("the link answers %d", status)
	}
	seen("what is asked")
	p.follow(`main form button`)
	seen("what is sent")
	p.follow(`main form button`)
	p.follow(`main form button`) // of GitHub
	seen("done")
}

func TestBrowserSetsTheAppUpInSomeClicks(t *testing.T) {
	b, source := newBrowser(t), axe(t)
	dir := t.TempDir()
	server := startServer(t, dir, emptyGitHub(t))
	link := server.until(`^\s+(http://\S+)$`)
	p, other := b.person(t), b.person(t)
	setUp(t, p, link, func(step string) {
		for _, v := range views {
			p.look(v)
			if wide := p.sideways(); wide > 0 {
				t.Errorf("%s, %s: %v pixels too wide", step, v.name, wide)
			}
			if found := p.violations(source); len(found) > 0 {
				t.Errorf("%s, %s:\n  %s", step, v.name, lines(found))
			}
		}
		if said := p.complaints(); len(said) > 0 {
			t.Errorf("%s: the browser complains:\n  %s", step, lines(said))
		}
		if step == "what is asked" {
			if status := other.open(link); status == 200 {
				t.Errorf("the link opens for a second browser")
			}
		}
	})
	if text := p.text(); !strings.Contains(text, "Install the App") {
		t.Errorf("the last page:\n%s", text)
	}
	server.until(`(ready for deliveries)`)
	folder := filepath.Join(dir, "bonafide-credentials")
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

package browse

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// demo is the running demo, and where it is.
type demo struct {
	github   string // "http://127.0.0.1:1234"
	pages    string
	operator string
}

// startDemo runs the demo until the test ends.
func startDemo(t *testing.T) demo {
	t.Helper()
	p := run(t, t.TempDir(), "demo")
	github := p.until(`^All of them: (http://[^/\s]+)`)
	pages := p.until(`^(http://127\.0\.0\.1:\d+)/r/`)
	operator := p.until(`^(http://127\.0\.0\.1:\d+)/$`)
	return demo{strings.TrimSuffix(github, "/"), pages, operator}
}

// signIn signs a person of the demo's GitHub in.
func (d demo) signIn(p *tab, login string) {
	p.t.Helper()
	p.open(d.pages + "/login")
	p.follow(fmt.Sprintf("a[href*=%q]", "as="+login))
	if !strings.HasPrefix(p.address(), d.pages) || !strings.Contains(p.text(), login) {
		p.t.Fatalf("%s is not signed in, but at %s:\n%s", login, p.address(), p.text())
	}
}

// kind is what pages have in common whose addresses differ in numbers, commits and queries.
func kind(u *url.URL) string {
	path := regexp.MustCompile(`/[0-9a-f]{40}`).ReplaceAllString(u.Path, "/SHA")
	path = regexp.MustCompile(`/pull/\d+`).ReplaceAllString(path, "/pull/N")
	path = regexp.MustCompile(`^/r/[^/]+/[^/]+`).ReplaceAllString(path, "/r/OWNER/NAME")
	path = regexp.MustCompile(`^/o/[^/]+`).ReplaceAllString(path, "/o/OWNER")
	names := slices.Sorted(maps.Keys(u.Query()))
	if len(names) > 1 { // a list has more combinations than anybody looks at
		names = []string{"several"}
	}
	return path + "?" + strings.Join(names, "")
}

// crawl follows every link below a path and is one address of each kind. Nothing that is
// linked to may be missing.
func (d demo) crawl(p *tab, from string, most int) map[string]string {
	p.t.Helper()
	found := map[string]string{}
	seen := map[string]int{}
	queue := []string{d.pages + from}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		u, err := url.Parse(at)
		if err != nil {
			p.t.Fatal(err)
		}
		k := kind(u)
		if seen[k]++; seen[k] > most || strings.HasPrefix(u.Path, "/login") || strings.HasSuffix(u.Path, "/export") || strings.HasSuffix(u.Path, "/bundle") || strings.HasSuffix(u.Path, ".svg") {
			continue
		}
		if status := p.open(at); status != 200 {
			p.t.Errorf("%s is linked to and answers %d", at, status)
			continue
		}
		if found[k] == "" {
			found[k] = at
		}
		for _, link := range value[[]string](p, `[...document.links].map(a => a.href)`) {
			link, _, _ = strings.Cut(link, "#")
			if strings.HasPrefix(link, d.pages+from) && !slices.Contains(queue, link) {
				queue = append(queue, link)
			}
		}
	}
	return found
}

func TestBrowserEveryPageIsSoundInEverySizeAndScheme(t *testing.T) {
	b, source := newBrowser(t), axe(t)
	d := startDemo(t)
	p := b.person(t)
	d.signIn(p, owner)
	pages := d.crawl(p, "/", 2)
	for _, needed := range []string{"/?", "/o/OWNER?", "/r/OWNER/NAME?", "/r/OWNER/NAME/packages?", "/r/OWNER/NAME/history?", "/r/OWNER/NAME/pull/N/SHA?"} {
		if pages[needed] == "" {
			t.Errorf("no page leads to %s", needed)
		}
	}
	p.complaints()
	for k, at := range pages {
		p.sound(k, at, 200, source)
	}
	t.Logf("%d kinds of pages, each in %d views", len(pages), len(views))
}

// sound looks at a page in every view.
func (p *tab) sound(name, at string, status int64, axe string) {
	p.t.Helper()
	for _, v := range views {
		p.look(v)
		if got := p.open(at); got != status {
			p.t.Errorf("%s answers %d", at, got)
		}
		if wide := p.sideways(); wide > 0 {
			p.t.Errorf("%s, %s: %v pixels too wide", name, v.name, wide)
		}
		if n := value[int](p, `document.querySelectorAll("h1").length`); n != 1 {
			p.t.Errorf("%s has %d headings of the first order", name, n)
		}
		if n := value[int](p, `document.querySelectorAll("script, [style], [onclick]").length`); n != 0 {
			p.t.Errorf("%s has scripts or styles of its own", name)
		}
		if found := p.violations(axe); len(found) > 0 {
			p.t.Errorf("%s, %s (%s):\n  %s", name, v.name, at, lines(found))
		}
		said := slices.DeleteFunc(p.complaints(), func(m string) bool { return status == 404 && strings.Contains(m, "404") && strings.Contains(m, at) })
		if len(said) > 0 {
			p.t.Errorf("%s, %s: the browser complains:\n  %s", name, v.name, lines(said))
		}
	}
}

func TestBrowserPagesWithoutASessionAreSound(t *testing.T) {
	b, source := newBrowser(t), axe(t)
	d := startDemo(t)
	nobody, somebody := b.person(t), b.person(t)
	nobody.sound("home", d.pages+"/", 200, source)
	nobody.sound("a report", d.pages+"/r/lumen-shop/storefront/pull/2", 404, source)
	nobody.sound("nothing", d.pages+"/nothing", 404, source)
	nobody.sound("the operator's page", d.operator+"/", 200, source)
	nobody.sound("what setup --check says", d.operator+"/check", 200, source)
	nobody.open(d.pages + "/login")
	nobody.follow(`a[href*="as=-"]`)
	if text := nobody.text(); !strings.Contains(text, "Sign") {
		t.Errorf("who cancels at GitHub reads:\n%s", text)
	}
	if found := nobody.violations(source); len(found) > 0 {
		t.Errorf("who cancels at GitHub:\n  %s", lines(found))
	}
	d.signIn(somebody, stranger)
	somebody.complaints()
	somebody.sound("nothing, signed in", d.pages+private, 404, source)
	somebody.follow(`header form button`)
	if found := somebody.violations(source); len(found) > 0 {
		t.Errorf("after signing out:\n  %s", lines(found))
	}
}

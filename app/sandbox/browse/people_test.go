package browse

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The people of the demo's GitHub: who owns the sample repositories, and who reads only what
// is public.
const (
	owner    = "ada-maintains"
	stranger = "sam-elsewhere"
)

// private is what the stranger may not read.
const private = "/r/hindsight/bystander"

// client has the cookies of a tab.
func (p *tab) client(base string) *http.Client {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	u, err := url.Parse(base)
	if err != nil {
		p.t.Fatal(err)
	}
	cookies, err := chromedp.Call(p.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{base}})
	if err != nil {
		p.t.Fatal(err)
	}
	var list []*http.Cookie
	for _, c := range cookies.Cookies {
		list = append(list, &http.Cookie{Name: c.Name, Value: c.Value, Path: c.Path})
	}
	jar.SetCookies(u, list)
	return &http.Client{Jar: jar, Timeout: patience}
}

func get(t *testing.T, c *http.Client, at string) (status int, kind, body string) {
	t.Helper()
	resp, err := c.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(all)
}

func TestBrowserAPersonSignsInLooksAroundTakesAReportAlongAndSignsOut(t *testing.T) {
	b := newBrowser(t)
	d := startDemo(t)
	p := b.person(t)
	p.look(views[2])
	if status := p.open(d.pages + "/r/lumen-shop/storefront"); status != 404 || !strings.Contains(p.text(), "Sign in") {
		t.Fatalf("somebody who has not signed in: %d\n%s", status, p.text())
	}
	d.signIn(p, owner)
	p.open(d.pages + "/r/lumen-shop/storefront")
	p.follow(`main a[href*="/pull/"]`)
	report := p.address()
	p.follow(`main a[href*="provenance=absent"], main a[href*="without"]`)
	if !strings.Contains(p.address(), "?") {
		t.Errorf("a filter leads to %s", p.address())
	}
	p.open(report)
	p.do("search", chromedp.SendKeys(chromedp.CSS(`main input[name=q]`), "axios"))
	p.follow(`main form button`)
	if !strings.Contains(p.address(), "q=axios") {
		t.Errorf("a search leads to %s", p.address())
	}
	p.open(report)
	p.follow(`main a[href*="/package?"]`)
	if text := p.text(); !strings.Contains(strings.ToLower(text), "registry") || !strings.Contains(strings.ToLower(text), "lockfile") {
		t.Errorf("the chain of a package:\n%s", text)
	}
	p.open(report)
	c := p.client(d.pages)
	for format, want := range map[string]string{"json": "application/json", "sarif": "sarif", "csv": "text/csv", "cyclonedx": "cyclonedx"} {
		address := value[string](p, `document.querySelector('a[href*="format=`+format+`"]').href`)
		if status, kind, body := get(t, c, address); status != 200 || !strings.Contains(kind, want) || body == "" {
			t.Errorf("export %s: %d %s, %d bytes", format, status, kind, len(body))
		}
	}
	cookies := p.client(d.pages)
	p.follow(`header form button`)
	if status := p.open(report); status != 404 {
		t.Errorf("after signing out a report answers %d", status)
	}
	if status, _, _ := get(t, cookies, report); status != 404 {
		t.Errorf("after signing out the old cookie still opens a report: %d", status)
	}
}

func TestBrowserWhoMayNotReadARepositoryLearnsNothing(t *testing.T) {
	b := newBrowser(t)
	d := startDemo(t)
	ada, other := b.person(t), b.person(t)
	d.signIn(ada, owner)
	pages := d.crawl(ada, private, 1)
	d.signIn(other, stranger)
	c := other.client(d.pages)
	status, _, nothing := get(t, c, d.pages+"/r/no-such-owner/nothing")
	if status != 404 {
		t.Fatalf("what is not there answers %d", status)
	}
	for k, at := range pages {
		if status, _, body := get(t, c, at); status != 404 || body != nothing {
			t.Errorf("%s answers %d to somebody who may not read the repository", k, status)
		}
	}
	for _, at := range []string{"/", "/o/hindsight"} {
		if _, _, body := get(t, c, d.pages+at); strings.Contains(body, "bystander") {
			t.Errorf("%s tells of the repository", at)
		}
	}
}

func TestBrowserEverythingCanBeReachedWithTheKeyboard(t *testing.T) {
	b := newBrowser(t)
	d := startDemo(t)
	p := b.person(t)
	p.look(views[2])
	d.signIn(p, owner)
	for k, at := range d.crawl(p, "/", 1) {
		p.open(at)
		wanted := value[int](p, `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']")].filter(e => e.checkVisibility()).length`)
		reached, hidden := 0, []string{}
		for range wanted + 5 {
			p.do("tab", chromedp.KeyEvent(kb.Tab))
			seen := value[string](p, `(() => { const e = document.activeElement; if (!e || e === document.body || e.dataset.reached) return ""; e.dataset.reached = "1";
				const s = getComputedStyle(e); const r = e.getBoundingClientRect();
				return (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 && r.width > 0 ? "seen " : "unseen ") + e.outerHTML.slice(0, 120); })()`)
			if seen == "" {
				break
			}
			reached++
			if strings.HasPrefix(seen, "unseen") {
				hidden = append(hidden, seen)
			}
		}
		if reached < wanted || len(hidden) > 0 {
			t.Errorf("%s: %d of %d things are reached; the focus cannot be seen on:\n  %s", k, reached, wanted, lines(hidden))
		}
	}
	p.open(d.pages + "/")
	p.do("the first stop", chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	if !regexp.MustCompile(`#content$`).MatchString(p.address()) {
		t.Errorf("the first stop of the keyboard leads to %s, not past the head of the page", p.address())
	}
}

// Package browse looks at the pages with a real browser, as people do: at the width of a
// telephone and of a desk, light and dark, without JavaScript, and with the keyboard alone.
package browse

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// patience bounds one look at a page; none waits for it.
const patience = 2 * time.Minute

// view is how somebody looks at a page.
type view struct {
	name          string
	width, height int64
	scheme        string // light or dark
}

var views = []view{
	{"telephone-light", 390, 844, "light"}, {"telephone-dark", 390, 844, "dark"},
	{"desk-light", 1280, 900, "light"}, {"desk-dark", 1280, 900, "dark"},
}

// browser is a running Chromium.
type browser struct{ ctx context.Context }

// newBrowser starts a browser, and skips the test where there is none.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if asked := flag.Lookup("test.run"); asked == nil || !strings.Contains(asked.Value.String(), "Browser") && !*update {
		t.Skip("skipped: it takes minutes, and go test -run Browser ./... asks for it")
	}
	if path == "" {
		t.Skip("skipped: no Chromium is on the path")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", false))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to be root's otherwise
	}
	ctx, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancel)
	first, stop := chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(first); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return &browser{first}
}

// tab is a page of one person: each has cookies of its own.
type tab struct {
	t   *testing.T
	ctx context.Context

	running bool // scripts of the page

	mu       sync.Mutex
	messages []string
}

// person opens a tab that shares no cookies with others.
func (b *browser) person(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as the context of its first call
		t.Fatalf("open a tab: %v", err)
	}
	p := &tab{t: t, ctx: ctx}
	p.do("open a tab", call(network.Enable, network.EnableParams{}), scripts(false))
	console := chromedp.Console(ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning || m.Type == chromedp.ConsoleException {
				p.mu.Lock()
				p.messages = append(p.messages, fmt.Sprintf("%s: %s (%s)", m.Type, m.Text, m.URL))
				p.mu.Unlock()
			}
		}
	}()
	return p
}

// scripts lets the page's own scripts run, or not.
func scripts(run bool) chromedp.Action[chromedp.Void] {
	return call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
}

// call is a command of the browser as an action.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

func (p *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

func ask[T any](p *tab, what string, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	return v
}

// look sets how the page is looked at.
func (p *tab) look(v view) {
	p.t.Helper()
	p.do("look "+v.name, chromedp.EmulateViewport(v.width, v.height), call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	}))
}

// open goes to an address and is its status.
func (p *tab) open(address string) int64 {
	p.t.Helper()
	response := ask(p, "open "+address, chromedp.NavigateResponse(address))
	if response == nil {
		p.t.Fatalf("open %s: no answer", address)
	}
	return response.Status
}

func (p *tab) address() string { p.t.Helper(); return ask(p, "where", chromedp.Location()) }

// value evaluates an expression as a debugger does: the page's own scripts stay off.
func value[T any](p *tab, expression string) T {
	p.t.Helper()
	return ask(p, expression, chromedp.EvaluateAsDevTools[T](expression))
}

// text is what can be read on the page.
func (p *tab) text() string { p.t.Helper(); return value[string](p, "document.body.innerText") }

// follow clicks on what a selector finds first, and waits for the page that it leads to.
func (p *tab) follow(selector string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	loaded := chromedp.Events(ctx, page.LoadEventFired)
	p.do("click on "+selector, chromedp.Click(chromedp.CSS(selector)))
	for _, err := range loaded {
		if err != nil {
			p.t.Fatalf("click on %s: %v", selector, err)
		}
		return
	}
}

// complaints are what the browser wrote to its console since the last time.
func (p *tab) complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.messages
	p.messages = nil
	return list
}

// screenshot is a PNG of the whole page, up to a height.
func (p *tab) screenshot(v view, height float64) []byte {
	p.t.Helper()
	whole := value[float64](p, "document.documentElement.scrollHeight")
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	shot, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: new(true), Clip: &page.Viewport{Width: float64(v.width), Height: min(whole, height), Scale: 1},
	})
	if err != nil {
		p.t.Fatalf("screenshot: %v", err)
	}
	return shot.Data
}

// violations are what axe-core finds wrong with the page.
func (p *tab) violations(axe string) []string {
	p.t.Helper()
	p.do("let axe run", scripts(true)) // the page has loaded without
	defer p.do("stop scripts", scripts(p.running))
	_ = value[any](p, axe+"; true")
	found := ask(p, "axe", chromedp.EvaluateAsDevTools[string](`(async () => {
		const out = await axe.run(document, {resultTypes: ["violations"]});
		return JSON.stringify(out.violations.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + " — " + n.failureSummary).join(" | ")));
	})()`, chromedp.EvalAwaitPromise))
	var list []string
	if err := json.Unmarshal([]byte(found), &list); err != nil {
		p.t.Fatalf("axe: %v", err)
	}
	return list
}

// axe reads axe-core, and skips the test where it was not installed.
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "..", "..", ".ci", "node_modules", "axe-core", "axe.min.js"))
	if os.IsNotExist(err) {
		t.Skip("skipped: npm ci in .ci was not run, there is no axe-core")
	} else if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// sideways is how many pixels the page is wider than the window.
func (p *tab) sideways() float64 {
	p.t.Helper()
	return value[float64](p, "document.documentElement.scrollWidth - document.documentElement.clientWidth")
}

func lines(list []string) string { return strings.Join(list, "\n  ") }

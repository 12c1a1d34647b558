package forge_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-github/v62/github"
)

// page fetches one page of the browser's.
func (w *world) page(path string) (int, http.Header, string) {
	w.t.Helper()
	resp, err := http.Get(w.forge.URL() + path)
	w.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	w.must(err)
	return resp.StatusCode, resp.Header, string(body)
}

const hostile = `<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) <details open onclick=x><summary>more</summary> inside </details>`

func TestAPullRequestsPageShowsWhatGitHubWould(t *testing.T) {
	w := newWorld(t)
	p := w.change("update", numbers(1, 20)+`"<b>new</b>"`+"\n"+numbers(21, 40))
	run, _, err := w.client.Checks.CreateCheckRun(w.ctx, "acme", "web", github.CreateCheckRunOptions{Name: "bonafide", HeadSHA: p.HeadSHA(), Status: github.String("in_progress")})
	w.must(err)
	if _, _, body := w.page("/"); !strings.Contains(body, "In progress") || !strings.Contains(body, "Change update") {
		t.Errorf("the list\n%s", body)
	}
	_, _, err = w.client.Checks.UpdateCheckRun(w.ctx, "acme", "web", run.GetID(), github.UpdateCheckRunOptions{Name: "bonafide", Conclusion: github.String("failure"),
		Output: &github.CheckRunOutput{Title: github.String("1 of 3 <b>needs</b> attention"), Summary: github.String("| package | signature |\n| --- | --- |\n| `a` | **verified** |\n\n" + hostile),
			Text: github.String(hostile), Annotations: []*github.CheckRunAnnotation{
				{Path: github.String("package-lock.json"), StartLine: github.Int(21), EndLine: github.Int(21), AnnotationLevel: github.String("failure"), Title: github.String("provenance-lost"), Message: github.String(hostile)},
				{Path: github.String("none"), StartLine: github.Int(7), EndLine: github.Int(9), AnnotationLevel: github.String("notice"), Message: github.String("a file that is not there"), RawDetails: github.String(hostile)}}}})
	w.must(err)
	_, _, err = w.client.PullRequests.CreateReview(w.ctx, "acme", "web", p.Number, &github.PullRequestReviewRequest{CommitID: github.String(p.HeadSHA()), Event: github.String("COMMENT"),
		Body: github.String("A review.\n<!-- marker -->"), Comments: []*github.DraftReviewComment{{Path: github.String("package-lock.json"), Line: github.Int(21), Side: github.String("RIGHT"), Body: github.String(hostile)}}})
	w.must(err)
	p.Say("reviewer", hostile)

	for _, path := range []string{"/acme/web/pull/1", strings.TrimPrefix(run.GetHTMLURL(), w.forge.URL())} {
		status, header, body := w.page(path)
		if status != 200 || !strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v", path, status, header)
		}
		for _, want := range []string{"Failing", "1 of 3 &lt;b&gt;needs&lt;/b&gt; attention", "<table>", "<strong>verified</strong>", "provenance-lost",
			`<td class="n">21</td><td class="t">&#34;&lt;b&gt;new&lt;/b&gt;&#34;</td>`, "<details><summary>more</summary>", "lines 7–9"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
		for _, harm := range []string{"<script", "<img", "<b>new", "href=\"javascript", "<details open", "<!--"} {
			if strings.Contains(body, harm) {
				t.Errorf("%s contains %q", path, harm)
			}
		}
	}
	_, _, body := w.page(strings.TrimPrefix(p.URL(), w.forge.URL()))
	for _, want := range []string{"A review.", "@@ -18,6 &#43;18,7 @@", `class="add"`, "bonafide[bot]", "reviewer"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if status, _, _ := w.page("/acme/web/pull/2"); status != 404 {
		t.Errorf("a pull request that is not there: %d", status)
	}
	if status, header, _ := w.page("/-/style.css"); status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/css") {
		t.Errorf("the style sheet: %d %v", status, header)
	}
}

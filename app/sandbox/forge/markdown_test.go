package forge

import (
	"regexp"
	"strings"
	"testing"
)

func TestMarkdownKeepsPlainTagsAndNothingThatRuns(t *testing.T) {
	for text, want := range map[string]string{
		"a <b onclick=x>b</b> <script>c</script>":                  "<p>a <b>b</b> c</p>\n",
		"<details>\n<summary>s</summary>\n\n- [x] t\n\n</details>": "<details>\n<summary>s</summary>\n<ul>\n<li><input checked=\"\" disabled=\"\" type=\"checkbox\"> t</li>\n</ul>\n</details>",
		"<!-- marker -->text":                                      "text",
		"[x](javascript:alert(1))":                                 "<p><a href=\"\">x</a></p>\n",
		"<div><a href=x>y</a></div> <3":                            "y &lt;3",
	} {
		if got := string(markdown(text, false)); got != want {
			t.Errorf("%q is rendered as %q, want %q", text, got, want)
		}
	}
}

func FuzzSanitize(f *testing.F) {
	for _, seed := range []string{"<b>", "<details open><summary>x</summary>", "<!-- a --><a href='x'>", "<<b>script>", "</ b>", "<b\n/>", "<br/><svg/onload=x>"} {
		f.Add(seed)
	}
	kept := regexp.MustCompile(`</?(details|summary|br|sub|sup|kbd|b|i|em|strong|code|ins|del)>`)
	f.Fuzz(func(t *testing.T, raw string) {
		if rest := kept.ReplaceAllString(sanitize(raw), ""); strings.ContainsAny(rest, "<>") {
			t.Errorf("%q leaves %q", raw, rest)
		}
	})
}

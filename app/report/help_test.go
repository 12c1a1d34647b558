package report

import (
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
)

func TestOnlyAnAddressOfACheckedShapeBecomesALink(t *testing.T) {
	const view = "https://github.com/acme/web/compare/1a2b...3c4d"
	for _, x := range []struct{ help, link, want string }{
		{"See " + view + ". Then ask.", view, "See <" + view + ">. Then ask."},
		{"See " + view + ".", "", "See " + EscapeMarkdown(view) + "."},
		{"See nothing.", view, "See nothing."},
		{"See https://a.b/> <b>.", "https://a.b/> <b>", EscapeMarkdown("See https://a.b/> <b>.")},
		{"See http://a.b/c.", "http://a.b/c", EscapeMarkdown("See http://a.b/c.")},
		{strings.Repeat("x", MaxSentenceChars) + view, view, EscapeMarkdown(clip(strings.Repeat("x", MaxSentenceChars)+view, MaxSentenceChars))},
	} {
		if got := help(policy.Finding{Help: x.help, Link: x.link}); got != x.want {
			t.Errorf("%.80q with the link %q became\n%.200s\nnot\n%.200s", x.help, x.link, got, x.want)
		}
	}
}

package report

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

func tellingOf(repository, title, body string) policy.Finding {
	return policy.Finding{Rule: policy.RuleProvenanceLost, Package: npm("axios", "1.14.1"),
		Tell: policy.Tell{To: policy.TellMaintainer, Repository: repository, Title: title, Body: body}}
}

func malicious(p dep.Package) policy.Finding {
	return policy.Finding{Rule: policy.RuleKnownMalware, Package: p, Tell: policy.Tell{To: policy.TellRegistry}}
}

func TestWhereSomebodyCanBeTold(t *testing.T) {
	for _, x := range []struct {
		name    string
		finding policy.Finding
		want    string
	}{
		{"nobody", policy.Finding{Package: npm("axios", "1.14.1")}, ""},
		{"GitHub", tellingOf("https://github.com/acme/axios", "A `b`", "c & d\n\ne"), "https://github.com/acme/axios/issues/new?title=A+%60b%60&body=c+%26+d%0A%0Ae"},
		{"GitLab", tellingOf("https://gitlab.com/acme/web/axios", "A", "b"), "https://gitlab.com/acme/web/axios/-/issues/new?issue%5Btitle%5D=A&issue%5Bdescription%5D=b"},
		{"another forge", tellingOf("https://git.acme.example/acme/axios", "A", "b"), ""},
		{"an enterprise's cloud", tellingOf("https://acme.ghe.com/acme/axios", "A", "b"), ""},
		{"too deep", tellingOf("https://github.com/acme/axios/wiki", "A", "b"), ""},
		{"a host that ends like one", tellingOf("https://github.com.evil.example/acme/axios", "A", "b"), ""},
		{"a user before the host", tellingOf("https://github.com@evil.example/acme/axios", "A", "b"), ""},
		{"a way up", tellingOf("https://github.com/acme/..", "A", "b"), ""},
		{"what ends a link", tellingOf("https://github.com/acme/axios) [x](https://evil.example", "A", "b"), ""},
		{"a line break", tellingOf("https://github.com/acme/axios\n", "A", "b"), ""},
		{"another scheme", tellingOf("http://github.com/acme/axios", "A", "b"), ""},
		{"no words", tellingOf("https://github.com/acme/axios", "", ""), ""},
		{"the registry", malicious(npm("axios", "1.14.1")), "https://www.npmjs.com/support?inquire=security&security-inquire=malware&package=axios&version=1.14.1"},
		{"a scope", malicious(npm("@acme/web", "1.0.0-rc.1+2")), "https://www.npmjs.com/support?inquire=security&security-inquire=malware&package=%40acme%2Fweb&version=1.0.0-rc.1%2B2"},
		{"a name that adds a field", malicious(npm("x&version=9#", "1")), "https://www.npmjs.com/support?inquire=security&security-inquire=malware&package=x%26version%3D9%23&version=1"},
		{"many packages", malicious(dep.Package{}), ""},
		{"an endless name", malicious(npm(strings.Repeat("é", 2000), "1.0.0")), ""},
		{"an endless title", tellingOf("https://github.com/acme/axios", strings.Repeat("é", 2000), "b"), ""},
	} {
		if got := tellLink(x.finding); got != x.want {
			t.Errorf("%s: %q, expected %q", x.name, got, x.want)
		}
	}
}

func TestAnAddressThatGetsTooLongLosesItsLastParagraphs(t *testing.T) {
	long := strings.Repeat("x", 700)
	address, err := url.Parse(tellLink(tellingOf("https://github.com/acme/axios", "A", long+"\n\n"+long+"\n\n"+long)))
	if err != nil {
		t.Fatal(err)
	}
	if got := address.Query().Get("body"); got != long+"\n\n"+long {
		t.Errorf("%d bytes are left of the text", len(got))
	}
}

// judged is what policy says about an update that lost everything it had, with texts from
// outside in it.
func judged(text string) []policy.Finding {
	old, e := entry("axios", "1.14.0", 3), entry("axios", "1.14.1", 3)
	before, now := proven(old, "https://github.com/acme/axios"), signedOnly(e)
	before.Release.Publisher.TrustedPublisher, before.Provenance.Identity.Workflow = "github", text
	before.Provenance.Identity.Run = "https://github.com/acme/axios" + text
	now.Release.Publisher.Name = text
	s := policy.Subject{Change: dep.Change{Kind: dep.Updated, Entry: e, Replaces: []dep.Entry{old}}, Evidence: now, Replaced: []provenance.Evidence{before}}
	var out []policy.Finding
	for _, f := range policy.Judge(policy.Input{Subjects: []policy.Subject{s}}, policy.Default(), clock).Findings {
		if f.Tell.To != "" {
			out = append(out, f)
		}
	}
	return out
}

// tellable fails the test where an address is not what it must be, or where what it says is
// more than text once it is Markdown.
func tellable(t *testing.T, f policy.Finding) {
	t.Helper()
	link := tellLink(f)
	if len(link) > MaxTellChars || strings.Trim(link, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-~/:?&=%+") != "" {
		t.Errorf("not an address that can be linked: %q", link)
	}
	address, err := url.Parse(link)
	if err != nil || link != "" && address.Host != "github.com" && address.Host != "gitlab.com" && address.Host != "www.npmjs.com" {
		t.Fatalf("%q leads elsewhere (%v)", link, err)
	}
	if linked := page(t, "[Tell]("+link+")"); link != "" && !strings.Contains(textOfPage(linked), "Tell") {
		t.Errorf("Markdown makes no link of %q", link)
	}
}

func textOfPage(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	text := ""
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		text += textOfPage(c)
	}
	return text
}

// FuzzTellLink: whatever the registry says, the address stays one, and the issue that it
// writes holds nothing active but our own links.
func FuzzTellLink(f *testing.F) {
	for _, name := range hostileNames() {
		f.Add(name)
	}
	f.Add("robin")
	f.Add("`" + strings.Repeat("é", 400))
	own := []string{"https://docs.npmjs.com/trusted-publishers", "https://www.npmjs.com/support"}
	f.Fuzz(func(t *testing.T, text string) {
		tellable(t, malicious(npm(text, text)))
		tellable(t, tellingOf("https://github.com/acme/axios", text, text))
		tellable(t, tellingOf("https://github.com/"+text, "A", "b"))
		findings := judged(text)
		if len(findings) == 0 {
			t.Fatal("nothing is told")
		}
		for _, f := range findings {
			tellable(t, f)
			address, err := url.Parse(tellLink(f))
			if err != nil || address.Path != "/acme/axios/issues/new" {
				t.Fatalf("%q: %v", address, err)
			}
			var walk func(n *html.Node)
			walk = func(n *html.Node) {
				if n.Type == html.ElementNode && !slices.Contains([]string{"html", "head", "body", "p", "ul", "li", "code", "a"}, n.Data) || n.Type == html.CommentNode {
					t.Errorf("%q becomes <%s> in %q", text, n.Data, f.Tell.Body)
				}
				for _, a := range n.Attr {
					if a.Key != "href" || !slices.Contains(own, a.Val) {
						t.Errorf("%q becomes %s=%q", text, a.Key, a.Val)
					}
				}
				if n.Type == html.TextNode && n.Parent.Data != "code" && n.Parent.Data != "a" && strings.ContainsAny(n.Data, "@#<>[]`") {
					t.Errorf("%q stands in %q", text, n.Data)
				}
				for c := n.FirstChild; c != nil; c = c.NextSibling {
					walk(c)
				}
			}
			walk(page(t, address.Query().Get("body")))
			if strings.Contains(address.Query().Get("body"), "package-lock.json") {
				t.Errorf("the text names the lockfile")
			}
		}
	})
}

func TestJSONSaysWhyAndWhatWasBetter(t *testing.T) {
	r := diffReport(policy.Failure, nil)
	r.Findings = judged("robin")
	r.Findings[0].Benign = "a release by hand."
	text := jsonOf(t, r)
	if err := validate(t, compiledSchema(t), text); err != nil {
		t.Error(err)
	}
	for _, want := range []string{`"why": "Whoever steals`, `"benign": "a release by hand."`, `"better": "1.14.0"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the JSON does not say %s:\n%s", want, text)
		}
	}
}

package stock

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// Check is what the check of a branch's newest commit is made from.
type Check struct {
	News   []News // none: all is well again
	Mode   policy.Mode
	Branch string
	Page   string // address of the inventory, "" for none; it is ours
	Demo   bool   // the trust root is the demo's
}

// Conclusion is what the check ends with: deprecations alone, and a policy that only
// observes, fail nothing.
func (c Check) Conclusion() policy.Conclusion {
	switch {
	case len(c.News) == 0:
		return policy.Success
	case c.Mode == policy.Observe || !slices.ContainsFunc(c.News, func(n News) bool { return n.Kind != Deprecated }):
		return policy.Neutral
	}
	return policy.Failure
}

// Title is the news in one line.
func (c Check) Title() string {
	news := c.News
	if len(news) == 0 {
		return "All well again"
	}
	packages := map[string]bool{}
	var parts []string
	for _, kind := range Kinds() {
		n := 0
		for _, one := range news {
			if one.Kind == kind {
				n++
				packages[one.PURL] = true
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, inTitle(kind)))
		}
	}
	return fmt.Sprintf("%s in use changed: %s", count(len(packages)), strings.Join(parts, ", "))
}

func inTitle(k Kind) string {
	switch k {
	case Malware:
		return "named as malware"
	case Removed:
		return "removed from the registry"
	case KeyWithdrawn:
		return "with a signature that no longer holds"
	case ProvenanceGone:
		return "without its provenance"
	case Deprecated:
		return "deprecated"
	}
	return string(k)
}

func heading(k Kind) string {
	switch k {
	case Malware:
		return "Named as malware"
	case Removed:
		return "Removed from the registry"
	case KeyWithdrawn:
		return "The registry's signature no longer holds"
	case ProvenanceGone:
		return "The provenance is gone"
	case Deprecated:
		return "Deprecated by the maintainers"
	}
	return string(k)
}

// advice is what to do about a kind of news.
func advice(k Kind) string {
	switch k {
	case Malware:
		return "Do not install it. Take every machine that installed it for compromised, and rotate the secrets that it could read."
	case Removed:
		return "What the registry takes back may be malware, or a mistake of the maintainers. Find out why, and move to another version."
	case KeyWithdrawn:
		return "The registry may have withdrawn a key or signed the release anew. Find out which before you install it again."
	case ProvenanceGone:
		return "Nobody can check any more how this release was built. Ask its maintainers, or move to a version with provenance."
	case Deprecated:
		return "Read why, and look for a version that is not deprecated."
	}
	return ""
}

// Summary is the news as Markdown, escaped. What is beyond maxListed is counted.
func (c Check) Summary() string {
	var b strings.Builder
	if c.Demo {
		b.WriteString("🧪 **Demo.** The evidence is the demo's own and says nothing about real packages.\n\n")
	}
	if len(c.News) == 0 {
		fmt.Fprintf(&b, "What had changed about packages that %s has locked is well again, or they left the lockfile.\n", report.Code(cut(c.Branch, maxName)))
	} else {
		fmt.Fprintf(&b, "What can be proven of packages that %s has locked is not what it was. No change of yours did this.\n", report.Code(cut(c.Branch, maxName)))
		if c.Mode == policy.Observe {
			b.WriteString("\nThe policy's mode is observe, so that this check does not fail.\n")
		}
	}
	left, listed := 0, 0
	for _, kind := range Kinds() {
		begun := false
		for _, n := range c.News {
			if n.Kind != kind {
				continue
			}
			if listed == maxListed {
				left++
				continue
			}
			if !begun {
				fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", heading(kind), advice(kind))
				begun = true
			}
			listed++
			fmt.Fprintf(&b, "- %s, since %s: %s\n", report.Code(cut(n.PURL, maxName)), n.Since.UTC().Format("2 January 2006"), report.EscapeMarkdown(cut(n.Detail, maxDetail)))
		}
	}
	if left > 0 {
		fmt.Fprintf(&b, "\nAnd %d more.\n", left)
	}
	if c.Page != "" {
		fmt.Fprintf(&b, "\n[All packages of this branch](%s)\n", c.Page)
	}
	return b.String()
}

// cut shortens a text to so many characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return s
}

// count is "2 packages".
func count(n int) string {
	if n == 1 {
		return "1 package"
	}
	return fmt.Sprintf("%d packages", n)
}

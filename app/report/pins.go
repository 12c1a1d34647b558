package report

import (
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
)

// foldedPins offers identity pins to copy into the policy file, folded; "" where there are
// none, somebody asked to see them, or there is no room. What is quoted in them is plain
// by its making.
func foldedPins(r Report, budget int) string {
	if len(r.Pins) == 0 || r.PinsShown {
		return ""
	}
	return within(budget, fmt.Sprintf("<details>\n<summary>Identity pins for %s of the base branch, to review and to copy into the policy file</summary>\n\n"+
		"Each says who built the version that stands on the base branch. With them, a release by anybody else fails.\n\n"+
		"```yaml\n%s```\n\n</details>\n", count(len(r.Pins), "package"), policy.PinsYAML(r.Pins)))
}

// shownPins are the pins that somebody asked to see: as a patch; as blocks where there is
// none, or no room for it.
func shownPins(r Report, budget int) string {
	if len(r.Pins) == 0 || !r.PinsShown {
		return ""
	}
	head := fmt.Sprintf("### Identity pins for %s of the base branch\n\n"+
		"Each says who built the version that stands on the base branch. With them, a release by anybody else fails. Review each of them.\n\n", count(len(r.Pins), "package"))
	if r.PinsPatch != "" {
		fence := strings.Repeat("`", max(3, longestRun(r.PinsPatch, '`')+1))
		text := within(budget, head+"Apply the patch on the base branch with `git apply`; it was made for the policy file as it is there now.\n\n"+
			fence+"diff\n"+r.PinsPatch+fence+"\n")
		if text != "" {
			return text
		}
	}
	return within(budget, head+"Copy them into the policy file on the base branch. There is no patch for it: it would not be sure to apply.\n\n```yaml\n"+policy.PinsYAML(r.Pins)+"```\n")
}

// within is a text, or "" where there is no room for it.
func within(budget int, text string) string {
	if budget != unlimited && len(text) > budget {
		return ""
	}
	return text
}

// longestRun is how often a character stands in a row at most.
func longestRun(s string, c byte) (longest int) {
	run := 0
	for i := range len(s) {
		if run++; s[i] != c {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

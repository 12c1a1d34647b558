package report

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/policy"
)

// pinsOf offers identity pins to copy into the policy file, folded; "" where there are
// none, or no room. What is quoted in them is plain by its making.
func pinsOf(r Report, budget int) string {
	if len(r.Pins) == 0 {
		return ""
	}
	text := fmt.Sprintf("<details>\n<summary>Identity pins for %s of the base branch, to review and to copy into the policy file</summary>\n\n"+
		"Each says who built the version that stands on the base branch. With them, a release by anybody else fails.\n\n"+
		"```yaml\n%s```\n\n</details>\n", count(len(r.Pins), "package"), policy.PinsYAML(r.Pins))
	if budget != unlimited && len(text) > budget {
		return ""
	}
	return text
}

package checks

import (
	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/policy"
)

// RerunAction is the identifier of the button that runs a check again.
const RerunAction = "rerun"

// finalUpdate completes a check run. It names the buttons also where there are none:
// GitHub keeps those that are not spoken of.
type finalUpdate struct {
	github.UpdateCheckRunOptions
	Actions []*github.CheckRunAction `json:"actions"`
}

// actionsOf are the buttons of a completed check. One that came to no verdict, or could
// not verify something, may come to another when it is run again.
// GitHub takes 20 characters of label and identifier, and 40 of description.
func actionsOf(conclusion string, broken bool) []*github.CheckRunAction {
	if !broken && conclusion != string(policy.ActionRequired) {
		return []*github.CheckRunAction{}
	}
	return []*github.CheckRunAction{{Label: "Re-run", Description: "Ask again for what could not be verified", Identifier: RerunAction}}
}

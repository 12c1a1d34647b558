package checks

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/go-github/v62/github"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
)

// The identifiers of the buttons. That of Accept names what it stands for: whoever clicks
// accepts what they saw, and nothing that was found since.
const (
	RerunAction  = "rerun"
	pinsAction   = "pins"
	acceptAction = "accept:" // and 12 hex digits
)

var acceptShape = regexp.MustCompile(`^accept:[0-9a-f]{12}$`)

// finalUpdate completes a check run. It names the buttons also where there are none:
// GitHub keeps those that are not spoken of.
type finalUpdate struct {
	github.UpdateCheckRunOptions
	Actions []*github.CheckRunAction `json:"actions"`
}

// actionsOf are the buttons of a completed check, three at most. GitHub takes 20
// characters of label and identifier, and 40 of description.
//
// One that did not pass may come to another verdict when it is run again. What may be
// accepted, and which pins there are, is one pull request's: where several share the
// commit, and in a merge queue's group, the former has no button, and the latter neither
// in a group.
func actionsOf(conclusion string, check report.Check) []*github.CheckRunAction {
	actions := []*github.CheckRunAction{}
	if check.Broken != "" || conclusion != string(policy.Success) {
		actions = append(actions, &github.CheckRunAction{Label: "Re-run", Description: "Ask for all of the evidence again", Identifier: RerunAction})
	}
	if check.Broken != "" {
		return actions
	}
	if len(check.Sections) == 1 && check.Sections[0].PullRequest > 0 && check.Sections[0].Report.Offered > 0 {
		actions = append(actions, &github.CheckRunAction{Label: review.AcceptLabel, Description: "Accept the errors that may be accepted",
			Identifier: fmt.Sprintf("%s%012x", acceptAction, check.Sections[0].Report.Offered)})
	}
	for _, s := range check.Sections {
		if s.PullRequest > 0 && len(s.Report.Pins) > 0 && !s.Report.PinsShown {
			return append(actions, &github.CheckRunAction{Label: review.PinsLabel, Description: "As a patch for the policy file", Identifier: pinsAction})
		}
	}
	return actions
}

// ParseAction reads the identifier of a button, other than Re-run's. offered is what
// Accept stands for, as policy.Offered names it. The button is "" for one that is not ours.
func ParseAction(identifier string) (button review.Button, offered int64) {
	switch {
	case identifier == pinsAction:
		return review.PinsButton, 0
	case acceptShape.MatchString(identifier):
		n, err := strconv.ParseInt(strings.TrimPrefix(identifier, acceptAction), 16, 64)
		if err == nil && n > 0 {
			return review.AcceptButton, n
		}
	}
	return "", 0
}

// showsPins says whether somebody asked to see the pins of a check.
func showsPins(check report.Check) bool {
	for _, s := range check.Sections {
		if s.Report.PinsShown {
			return true
		}
	}
	return false
}

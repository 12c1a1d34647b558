package checks

import (
	"fmt"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
)

func TestWhichButtonsACheckHas(t *testing.T) {
	section := func(number int, offered int64, pins, shown bool) report.Section {
		s := report.Section{PullRequest: number, Report: report.Report{Offered: offered, PinsShown: shown}}
		if pins {
			s.Report.Pins = []policy.PackageRule{{Match: "npm:a"}}
		}
		return s
	}
	const failure, success = string(policy.Failure), string(policy.Success)
	for name, tt := range map[string]struct {
		conclusion string
		check      report.Check
		want       []string
	}{
		"passed":                     {success, report.Check{Sections: []report.Section{section(7, 0, false, false)}}, nil},
		"passed, with pins":          {success, report.Check{Sections: []report.Section{section(7, 0, true, false)}}, []string{"pins"}},
		"would fail":                 {success, report.Check{Sections: []report.Section{section(7, 1, false, false)}}, []string{"accept:000000000001"}},
		"failed":                     {failure, report.Check{Sections: []report.Section{section(7, 0, false, false)}}, []string{"rerun"}},
		"not verified":               {string(policy.ActionRequired), report.Check{Sections: []report.Section{section(7, 0, false, false)}}, []string{"rerun"}},
		"neutral":                    {string(policy.Neutral), report.Check{Sections: []report.Section{section(7, 0, false, false)}}, []string{"rerun"}},
		"all there is":               {failure, report.Check{Sections: []report.Section{section(7, 1<<48-1, true, false)}}, []string{"rerun", "accept:ffffffffffff", "pins"}},
		"the pins are shown":         {failure, report.Check{Sections: []report.Section{section(7, 1<<40, true, true)}}, []string{"rerun", "accept:010000000000"}},
		"broken":                     {failure, report.Check{Broken: "it", Sections: []report.Section{section(7, 1, true, false)}}, []string{"rerun"}},
		"several pull requests":      {failure, report.Check{Sections: []report.Section{section(7, 1, false, false), section(9, 1, true, false)}}, []string{"rerun", "pins"}},
		"a merge queue's group":      {failure, report.Check{Sections: []report.Section{section(0, 1, true, false)}}, []string{"rerun"}},
		"nothing that can be judged": {failure, report.Check{}, []string{"rerun"}},
	} {
		t.Run(name, func(t *testing.T) {
			actions := actionsOf(tt.conclusion, tt.check)
			var got []string
			for _, a := range actions {
				got = append(got, a.Identifier)
				if utf8.RuneCountInString(a.Label) > 20 || utf8.RuneCountInString(a.Identifier) > 20 || utf8.RuneCountInString(a.Description) > 40 {
					t.Errorf("longer than GitHub takes: %+v", a)
				}
				if button, offered := ParseAction(a.Identifier); a.Identifier != RerunAction && (button == "" || button == review.AcceptButton && offered != tt.check.Sections[0].Report.Offered) {
					t.Errorf("%s is read as %q %x", a.Identifier, button, offered)
				}
			}
			if actions == nil || !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	for _, other := range []string{"", RerunAction, "accept", "accept:", "accept:000000000000", "accept:0123456789AB", "accept:0123456789abc", "pins ", "fix"} {
		if button, _ := ParseAction(other); button != "" {
			t.Errorf("%q is read as %s", other, button)
		}
	}
}

func TestThatThePinsAreShownIsRemembered(t *testing.T) {
	for _, id := range []string{
		"pr/7+9;ground=0123456789abcdef;show=pins;output=0123456789abcdef", "group/a%3Bb/" + fmt.Sprintf("%040d", 1) + ";ground=0123456789abcdef;show=pins", "commit;ground=00",
	} {
		if got := readExternalID(id).String(); got != id {
			t.Errorf("%s becomes %s", id, got)
		}
	}
}

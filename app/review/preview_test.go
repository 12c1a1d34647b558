package review

import (
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

func TestWhatWouldTakeTooLongIsNotPreviewed(t *testing.T) {
	edit := &PolicyEdit{Path: "bonafide.yml", Policy: policy.Default()}
	edit.Policy.Packages = make([]policy.PackageRule, 1500)
	edit.Policy.Exceptions = make([]policy.Exception, 501)
	in := policy.Input{Subjects: make([]policy.Subject, 1000)}
	if out, problem, _ := edit.preview(in, Request{Policy: policy.Default()}, noon); out != nil || problem.Kind != policy.PolicyEdited || !strings.Contains(problem.Detail, "2001 blocks and exceptions, and 1000 packages") {
		t.Errorf("%+v, %+v", out, problem)
	}
	edit.Policy.Exceptions = nil
	if out, problem, _ := edit.preview(in, Request{Policy: policy.Default()}, noon); out == nil || problem.Kind != policy.PolicyEdited {
		t.Errorf("%+v, %+v", out, problem)
	}
}

func TestFindingsThatArePardonedAreNoLongerErrors(t *testing.T) {
	f := policy.Finding{Rule: policy.RuleProvenanceLost, Severity: policy.Error, Message: "m"}
	was := policy.Verdict{Findings: []policy.Finding{f}}
	is := policy.Verdict{Excepted: []policy.Excepted{{Finding: f}}}
	got := changesOf(was, is)
	if len(got) != 1 || got[0].Was != "error" || got[0].Is != report.Pardoned {
		t.Errorf("%+v", got)
	}
}

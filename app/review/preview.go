package review

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// preview judges the same evidence by the policy that would hold after the merge, and
// says what would change. The problem is what the check says of it, the time when the
// clock alone may change that.
func (e *PolicyEdit) preview(in policy.Input, req Request, at time.Time) (*report.Preview, policy.Problem, time.Time) {
	if e.Problem != nil {
		problem := *e.Problem
		problem.Kind = policy.PolicyEditInvalid
		if problem.Lockfile == "" {
			problem.Lockfile = e.Path
		}
		return nil, problem, time.Time{}
	}
	verb := "changes"
	if e.Removed {
		verb = "removes"
	}
	if patterns := len(e.Policy.Packages) + len(e.Policy.Exceptions); patterns*len(in.Subjects) > MaxPreview {
		return nil, policy.Problem{Kind: policy.PolicyEdited, Lockfile: e.Path, Detail: fmt.Sprintf(
			"This pull request %s the policy file %s; it is judged by the policy of the base branch. What would change under the new one was not worked out: it has %d blocks and exceptions, and %d packages change. Change the policy in a pull request of its own.",
			verb, e.Path, patterns, len(in.Subjects))}, time.Time{}
	}
	out := &report.Preview{PolicyFrom: e.Policy.Source}
	for _, f := range req.Files {
		if e.Policy.Ignores(f.Path) {
			out.Limits = append(out.Limits, f.Path+" would be ignored from then on")
		}
	}
	if old, now := req.Policy.Registries, e.Policy.Registries; !slices.Equal(old.Mirrors, now.Mirrors) || !slices.Equal(old.Private, now.Private) {
		out.Limits = append(out.Limits, "its registries would say otherwise whom to ask: what would be found out then was not looked at here")
	}
	for _, p := range req.Ignored {
		if !e.Policy.Ignores(p) {
			out.Limits = append(out.Limits, p+" is ignored now and would no longer be: what is in it was not looked at here")
		}
	}
	if asksMore(e.Policy, req.Policy) {
		out.Limits = append(out.Limits, "the share of packages with provenance, and packages that do not change, were counted for the present policy alone")
	}
	was := policy.Judge(in, req.Policy, at)
	is := policy.Judge(without(in, e.Policy.Ignores), e.Policy, at)
	out.Conclusion, out.WouldFail, out.Changes = is.Conclusion, is.WouldFail, changesOf(was, is)

	return out, policy.Problem{Kind: policy.PolicyEdited, Lockfile: e.Path, Detail: fmt.Sprintf(
		"This pull request %s the policy file %s; it is judged by the policy of the base branch. Under the new one this check would end in %s, with %s.",
		verb, e.Path, compared(outcome(is), outcome(was)), howMany(len(out.Changes)))}, is.Until
}

// compared says what would be, and what it is in its place.
func compared(is, was string) string {
	if is == was {
		return is + " as well"
	}
	return is + ", not " + was
}

func howMany(n int) string {
	switch n {
	case 0:
		return "the same findings"
	case 1:
		return "one finding changed"
	}
	return fmt.Sprintf("%d findings changed", n)
}

func outcome(v policy.Verdict) string {
	s := strings.ReplaceAll(string(v.Conclusion), "_", " ")
	if v.WouldFail {
		s += ` ("would fail")`
	}
	return s
}

// asksMore says whether a policy asks about packages that the other one does not ask about.
func asksMore(p, than policy.Policy) bool {
	needed, counted := policy.NeedsInventory(p)
	was, wereCounted := policy.NeedsInventory(than)
	return needed && !was || counted && !wereCounted
}

// without is the input without the lockfiles that are ignored.
func without(in policy.Input, ignores func(string) bool) policy.Input {
	in.Subjects = slices.DeleteFunc(slices.Clone(in.Subjects), func(s policy.Subject) bool { return ignores(s.Change.Entry.Lockfile) })
	in.Problems = slices.DeleteFunc(slices.Clone(in.Problems), func(p policy.Problem) bool { return p.Kind != policy.PolicyInvalid && ignores(path.Clean(p.Lockfile)) })
	in.Inventories = slices.DeleteFunc(slices.Clone(in.Inventories), func(i policy.Inventory) bool { return ignores(i.Lockfile) })
	return in
}

// changesOf are the findings that two verdicts do not share: those that appear first,
// then those that change, then those that disappear.
func changesOf(was, is policy.Verdict) []report.PreviewChange {
	before, after := weights(was), weights(is)
	var appear, change, vanish []report.PreviewChange
	for _, f := range listed(is) {
		k := keyOf(f)
		if old, both := before[k]; !both {
			appear = append(appear, report.PreviewChange{Finding: f, Is: after[k]})
		} else if old != after[k] {
			change = append(change, report.PreviewChange{Finding: f, Was: old, Is: after[k]})
		}
	}
	for _, f := range listed(was) {
		if _, both := after[keyOf(f)]; !both {
			vanish = append(vanish, report.PreviewChange{Finding: f, Was: before[keyOf(f)]})
		}
	}
	return slices.Concat(appear, change, vanish)
}

// listed are the findings of a verdict, the pardoned ones last.
func listed(v policy.Verdict) []policy.Finding {
	out := slices.Clone(v.Findings)
	for _, e := range v.Excepted {
		out = append(out, e.Finding)
	}
	return out
}

// keyOf is what a finding is about, without its weight.
func keyOf(f policy.Finding) policy.Finding {
	f.Severity, f.Help, f.Why, f.Benign, f.Better, f.Tell = "", "", "", "", "", policy.Tell{}
	return f
}

// weights are how much the findings of a verdict weigh.
func weights(v policy.Verdict) map[policy.Finding]string {
	out := map[policy.Finding]string{}
	for _, f := range v.Findings {
		out[keyOf(f)] = string(f.Severity)
	}
	for _, e := range v.Excepted {
		out[keyOf(e.Finding)] = report.Pardoned
	}
	return out
}

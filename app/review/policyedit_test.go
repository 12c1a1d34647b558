package review

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/config"
)

const (
	rulesOff  = "version: 1\nrules: { provenance-lost: off, publisher-lost: off }\n"
	malformed = "version: 1\nmode: sometimes\n"
)

// judged is the report on a pull request from base to head, under a policy.
func judged(t *testing.T, base, head files, p policy.Policy, problem *policy.Problem) report.Report {
	t.Helper()
	f := scene()
	f.commits["base"], f.commits["head"] = base, head
	f.policies = map[string]policy.Policy{"base": p}
	f.problems = map[string]*policy.Problem{"base": problem}
	v := lost()
	if err := runner(t, f, v).PullRequest(context.Background(), repo, 7, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	for id, n := range v.asked {
		if n != 1 {
			t.Errorf("%s was asked about %d times: both verdicts rest on one gathering", id, n)
		}
	}
	return f.finished[0].Sections[0].Report
}

func with(f files, path, content string) files {
	out := maps.Clone(f)
	out[path] = content
	return out
}

func has(r report.Report, rule policy.RuleName, s policy.Severity, says string) bool {
	return slices.ContainsFunc(r.Findings, func(f policy.Finding) bool {
		return f.Rule == rule && f.Severity == s && strings.Contains(f.Message, says)
	})
}

func TestAnEditedPolicyIsPreviewedAndDoesNotJudge(t *testing.T) {
	good, bad := files{"package-lock.json": locking("left@1.0.0")}, files{"package-lock.json": locking("left@1.0.1")}
	for _, c := range []struct {
		name       string
		base, head files
		conclusion policy.Conclusion // of the preview
		is         string            // what becomes of provenance-lost; "same" where it stays
		says       string
		limits     int
	}{
		{name: "added", base: good, head: with(bad, "bonafide.yml", rulesOff), conclusion: policy.Success, is: "", says: "end in success, not failure, with one finding changed"},
		{name: "changed", base: with(good, "bonafide.yml", "version: 1\n"), head: with(bad, "bonafide.yml", "version: 1\nrules: {provenance-lost: warning}\n"), conclusion: policy.Success, is: "warning", says: "changes the policy file bonafide.yml"},
		{name: "changed to nothing else", base: with(good, "bonafide.yml", "version: 1\n"), head: with(bad, "bonafide.yml", "version: 1\n#\n"), conclusion: policy.Failure, is: "same", says: "with the same findings"},
		{name: "removed", base: with(good, "bonafide.yml", rulesOff), head: bad, conclusion: policy.Failure, is: "same", says: "removes the policy file bonafide.yml"},
		{name: "observed", base: good, head: with(bad, ".github/bonafide.yml", "version: 1\nmode: observe\n"), conclusion: policy.Success, is: "same", says: `success ("would fail")`},
		{name: "ignored", base: good, head: with(bad, "bonafide.yml", "version: 1\nlockfiles: {ignore: [\"**\"]}\n"), conclusion: policy.Success, is: "", limits: 1, says: "end in success"},
		{name: "asks for more", base: good, head: with(bad, "bonafide.yml", "version: 1\nprovenance: {min_coverage: 50%}\n"), conclusion: policy.Failure, is: "same", limits: 1, says: "judged by the policy of the base branch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := judged(t, c.base, c.head, policy.Default(), nil)
			if r.Conclusion != policy.Failure || !has(r, policy.RuleProvenanceLost, policy.Error, "left@1.0.1") {
				t.Fatalf("the base's policy judges: %s, %+v", r.Conclusion, r.Findings)
			}
			if !has(r, policy.RulePolicy, policy.Notice, c.says) {
				t.Errorf("it is not said: %+v", r.Findings)
			}
			p := r.Preview
			if p == nil || p.Conclusion != c.conclusion || len(p.Limits) != c.limits {
				t.Fatalf("%+v", p)
			}
			i := slices.IndexFunc(p.Changes, func(ch report.PreviewChange) bool { return ch.Finding.Rule == policy.RuleProvenanceLost })
			if c.is == "same" && i >= 0 || c.is != "same" && (i < 0 || p.Changes[i].Was != "error" || p.Changes[i].Is != c.is) {
				t.Errorf("%+v", p.Changes)
			}
		})
	}
	if r := judged(t, with(good, "bonafide.yml", rulesOff), with(bad, "bonafide.yml", rulesOff), policy.Default(), nil); r.Preview != nil || has(r, policy.RulePolicy, policy.Notice, "") {
		t.Errorf("an untouched policy is said to be edited: %+v", r.Findings)
	}
}

// A folder where the policy file belongs can be taken away, too.
func TestAFolderInPlaceOfThePolicyFileIsMended(t *testing.T) {
	lock := files{"package-lock.json": locking("left@1.0.0")}
	base := with(lock, "bonafide.yml/x", "1")
	broken := &policy.Problem{Kind: policy.PolicyInvalid, Lockfile: "bonafide.yml", Detail: "bonafide.yml is a folder."}
	for name, c := range map[string]struct {
		head files
		want policy.Conclusion
	}{
		"a file in its place":   {with(lock, "bonafide.yml", "version: 1\n"), policy.Success},
		"gone":                  {lock, policy.Success},
		"with another file":     {with(lock, "README", "2"), policy.Failure},
		"with something beside": {with(with(base, "bonafide.yml/y", "1"), ".github/bonafide.yml", "version: 1\n"), policy.Failure},
	} {
		if r := judged(t, base, c.head, policy.Default(), broken); r.Conclusion != c.want {
			t.Errorf("%s: %s: %+v", name, r.Conclusion, r.Findings)
		}
	}
}

func TestAPolicyThatWouldNotHoldFails(t *testing.T) {
	good := files{"package-lock.json": locking("left@1.0.0")}
	for name, c := range map[string]struct {
		head files
		says string
		line int
	}{
		"a mistake":      {with(good, "bonafide.yml", malformed), "mode must be enforce or observe", 2},
		"two files":      {with(with(good, "bonafide.yml", "version: 1"), ".github/bonafide.yml", "version: 1"), "two policy files", 0},
		"another ending": {with(good, "bonafide.yaml", "version: 1"), "Rename it", 0},
		"a symlink":      {with(good, "bonafide.yml", "-> package-lock.json"), "is a symlink", 0},
		"a folder":       {with(good, "bonafide.yml/x", "1"), "is a folder", 0},
		"too large":      {with(good, "bonafide.yml", "version: 1\n#"+strings.Repeat("x", config.MaxPolicyBytes)), "larger than 512 kB", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := judged(t, good, c.head, policy.Default(), nil)
			if r.Conclusion != policy.Failure || r.Preview != nil || len(r.Findings) != 1 || !has(r, policy.RulePolicyInvalid, policy.Error, c.says) || r.Findings[0].Line != c.line {
				t.Errorf("%s: %+v", r.Conclusion, r.Findings)
			}
			observing := policy.Default()
			observing.Mode = policy.Observe
			if r := judged(t, good, c.head, observing, nil); r.Conclusion != policy.Failure {
				t.Error("observing lets it pass")
			}
		})
	}
}

func TestOnlyAPullRequestThatMendsThePolicyAlonePasses(t *testing.T) {
	broken := &policy.Problem{Kind: policy.PolicyInvalid, Lockfile: "bonafide.yml", Line: 2, Detail: "it does not hold."}
	base := files{"package-lock.json": locking("left@1.0.0"), "bonafide.yml": malformed, "README": "1"}
	without := files{"package-lock.json": locking("left@1.0.0"), "README": "1"}
	floor := policy.Default()
	floor.FloorUnread = "it cannot be read"
	for name, c := range map[string]struct {
		head    files
		p       policy.Policy
		problem *policy.Problem
		want    policy.Conclusion
	}{
		"mended":                        {with(base, "bonafide.yml", "version: 1\n"), policy.Default(), broken, policy.Success},
		"moved":                         {with(without, ".github/bonafide.yml", "version: 1\n"), policy.Default(), broken, policy.Success},
		"removed":                       {without, policy.Default(), broken, policy.Success},
		"still broken":                  {with(base, "bonafide.yml", malformed+"#"), policy.Default(), broken, policy.Failure},
		"mended, with another file":     {with(with(base, "bonafide.yml", "version: 1\n"), "README", "2"), policy.Default(), broken, policy.Failure},
		"mended, with a file less":      {files{"package-lock.json": locking("left@1.0.0"), "bonafide.yml": "version: 1\n"}, policy.Default(), broken, policy.Failure},
		"untouched":                     {with(base, "README", "2"), policy.Default(), broken, policy.Failure},
		"mended, but it is the owner's": {with(base, "bonafide.yml", "version: 1\n"), policy.Default(), &policy.Problem{Kind: policy.PolicyInvalid, Detail: "the owner's"}, policy.Failure},
	} {
		t.Run(name, func(t *testing.T) {
			r := judged(t, base, c.head, c.p, c.problem)
			if r.Conclusion != c.want {
				t.Errorf("%s: %+v", r.Conclusion, r.Findings)
			}
			if mended := has(r, policy.RulePolicy, policy.Notice, "changes nothing else"); mended != (c.want == policy.Success) {
				t.Errorf("%+v", r.Findings)
			}
		})
	}
	t.Run("a floor that is not known, read by the file itself", func(t *testing.T) {
		// What the fake proposes knows its floor: as in the .github repository.
		if r := judged(t, base, with(base, "bonafide.yml", "version: 1\n"), floor, broken); r.Conclusion != policy.Success {
			t.Errorf("%s: %+v", r.Conclusion, r.Findings)
		}
	})
}

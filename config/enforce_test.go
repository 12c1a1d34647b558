package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
)

const wholeFloor = `version: 1
enforce:
  mode: enforce
  on_unknown: fail
  rules: { provenance-lost: error, too-new: warning }
  provenance: { require: direct, min_coverage: 10%, max_coverage_drop: 5% }
  cooldown: 7d
  accept: { by: admin, author: false }
  lockfiles: { ignore: ["test/**"] }
  packages:
    - match: "npm:@my-org/*"
      identity: { repository: github.com/my-org/* }
  exceptions: { rules: [too-new], max_days: 90 }
`

func TestAFloorIsRead(t *testing.T) {
	f, err := ParseFile("f", []byte(wholeFloor), policy.Default())
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Floor{
		Source: "f", Mode: policy.Enforce, OnUnknown: policy.UnknownFails,
		Rules:   map[policy.RuleName]policy.Severity{policy.RuleProvenanceLost: policy.Error, policy.RuleTooNew: policy.Warning},
		Require: "direct", MinCoverage: 10, MaxCoverageDrop: 5, Cooldown: 7 * 24 * time.Hour, AcceptBy: "admin", BarAuthor: true,
		Ignore:     []string{"test/**"},
		Packages:   []policy.PackageRule{{Match: "npm:@my-org/*", Identity: policy.IdentityPin{Repository: "github.com/my-org/*"}, Line: 11, File: "f"}},
		Exceptable: []policy.RuleName{policy.RuleTooNew}, MaxDays: 90,
	}
	if f.Floor == nil || !reflect.DeepEqual(*f.Floor, want) || f.FloorLine != 2 {
		t.Errorf("line %d, got\n%+v\nwant\n%+v", f.FloorLine, f.Floor, want)
	}
	if d := policy.Default(); f.Policy.Cooldown != d.Cooldown || len(f.Policy.Packages) > 0 {
		t.Errorf("the floor is no setting of the policy itself: %+v", f.Policy)
	}
	p, err := ParsePolicy("f", []byte(wholeFloor))
	if err != nil || p.Cooldown != want.Cooldown || p.Floor == nil || !strings.Contains(strings.Join(p.Notes, " "), "sets a floor") {
		t.Errorf("alone, the floor holds for the file itself: %v, %+v", err, p)
	}
}

func TestAFloorThatSaysLittleIsStrict(t *testing.T) {
	for _, text := range []string{"version: 1\nenforce:\n", "version: 1\nenforce: {rules: {}}"} {
		f, err := ParseFile("f", []byte(text), policy.Default())
		if err != nil || f.Floor == nil || f.Floor.Mode != policy.Enforce || f.Floor.OnUnknown != policy.UnknownFails || f.Floor.Ignore != nil ||
			f.Floor.MaxCoverageDrop != 100 || f.Floor.BarAuthor || f.Floor.AcceptBy != "" {
			t.Errorf("%v, %+v", err, f.Floor)
		}
	}
}

func TestAFileStartsFromTheOneThatItExtends(t *testing.T) {
	base, err := ParseFile("acme/policies bonafide.yml at 9f8e7d6", []byte(`version: 1
mode: observe
comments: all
cooldown: 9d
lockfiles: { ignore: ["a/**"] }
rules: { repinned: warning, deprecated: error }
packages: [{ match: "npm:a", require: all }]
exceptions: [{ package: "npm:a", rules: [repinned], reason: r, owner: o, expires: 2027-03-01 }]
`), policy.Default())
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseFile("own", []byte(`version: 1
extends: acme/policies
mode: enforce
lockfiles: { ignore: ["b/**"] }
rules: { deprecated: off }
packages: [{ match: "npm:b", require: none }]
`), base.Policy)
	if err != nil {
		t.Fatal(err)
	}
	p := f.Policy
	if p.Source != "own" || p.Mode != policy.Enforce || p.Comments != policy.CommentAll || p.Cooldown != 9*24*time.Hour || !reflect.DeepEqual(p.Ignore, []string{"b/**"}) ||
		p.Rules[policy.RuleRepinned] != policy.Warning || p.Rules[policy.RuleDeprecated] != policy.Off {
		t.Errorf("%+v", p)
	}
	if len(p.Packages) != 2 || p.Packages[0].File != base.Policy.Source || p.Packages[1].Match != "npm:b" || p.Packages[1].File != "" ||
		len(p.Exceptions) != 1 || p.Exceptions[0].File != base.Policy.Source {
		t.Errorf("%+v, %+v", p.Packages, p.Exceptions)
	}
	if base.Policy.Rules[policy.RuleDeprecated] != policy.Error || base.Policy.Packages[0].File != "" {
		t.Error("the extended policy was changed")
	}
	if f.Extends == nil || *f.Extends != (Extends{Owner: "acme", Name: "policies", Line: 2}) {
		t.Errorf("%+v", f.Extends)
	}
	alone, err := ParsePolicy("own", []byte("version: 1\nextends: acme/policies\n"))
	if err != nil || len(alone.Notes) != 1 || !strings.Contains(alone.Notes[0], "acme/policies, which was not read") {
		t.Errorf("%v, %q", err, alone.Notes)
	}
}

func TestMistakesInAFloorAreNamed(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"version: 1\nextends: policies", `f:2:10: extends names a repository of the same owner as OWNER/REPO, not "policies".`},
		{"version: 1\nextends: acme/..", `f:2:10: extends names`},
		{"version: 1\nextends: https://github.com/acme/web", `f:2:10: extends names`},
		{"version: 1\nextends: [acme/a]", `f:2:10: extends must be text, not a list.`},
		{"version: 1\nenforce: 3", `f:2:10: enforce must be a mapping (key: value), not the number 3.`},
		{"version: 1\nenforce: {version: 1}", `f:2:11: enforce does not know the key "version".`},
		{"version: 1\nenforce:\n  rules: {repinned: fatal}", `f:3:21: the rule repinned must be error, warning, notice or off, not "fatal".`},
		{"version: 1\nenforce: {exceptions: {max_days: 0}}", `max_days must be a number of days from 1 to 3650, not the number 0.`},
		{"version: 1\nenforce: {exceptions: {rules: [unverified]}}", `there is no exception to the rule unverified.`},
	} {
		f, err := ParseFile("f", []byte(c.text), policy.Default())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.text, err)
		}
		if enforces := strings.Contains(c.text, "enforce"); f.Floor != nil || enforces != (f.FloorLine == 2) {
			t.Errorf("%q: floor %+v on line %d", c.text, f.Floor, f.FloorLine)
		}
	}
}

package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// sense is a verdict without its words: those count ages.
func sense(v Verdict) string {
	out := []string{fmt.Sprint(v.Conclusion, v.WouldFail)}
	for _, f := range v.Findings {
		out = append(out, fmt.Sprint(f.Rule, f.Severity, f.Unknown, f.Package, f.Lockfile, f.Count))
	}
	for _, x := range v.Excepted {
		out = append(out, fmt.Sprint("excepted", x.Rule, x.Package, x.Lockfile, x.Count))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// keeps holds Until against what becomes of a verdict within two years: the verdict stays
// the same until then.
func keeps(t *testing.T, name string, in Input, p Policy) (turns bool) {
	t.Helper()
	first := Judge(in, p, now())
	if !first.Until.IsZero() {
		if !first.Until.After(now()) {
			t.Errorf("%s: until %v, which is not ahead of %v", name, first.Until, now())
		}
		if before := Judge(in, p, first.Until.Add(-time.Nanosecond)); sense(before) != sense(first) {
			t.Errorf("%s: right before %v it is already another verdict", name, first.Until)
		}
	}
	for _, step := range []time.Duration{5 * hour, 2 * day, 4 * day, 31 * day, 401 * day} {
		if sense(Judge(in, p, now().Add(step))) == sense(first) {
			continue
		}
		turns = true
		if first.Until.IsZero() || first.Until.After(now().Add(step)) {
			t.Errorf("%s: the verdict is another one after %v, but was to stay until %v", name, step, first.Until)
		}
		break
	}
	return turns
}

func TestAVerdictSaysUntilWhenTheClockCannotChangeIt(t *testing.T) {
	p := Default()
	p.Exceptions = []Exception{{Package: "npm:left@1.0.0", Rules: []RuleName{RuleTooNew}, Reason: "x", Owner: "robin", Expires: now().Add(day)}}
	floored := Floor{Source: "acme/.github", MaxDays: 10, MaxCoverageDrop: 100, Mode: Observe}.Over(p)
	floored.Exceptions[0].Expires = now().Add(30 * day)
	e := entry("left@1.0.0")
	fresh := since(added(e, signed(e)), out("0.9.0", 400*day), out("1.0.0", 2*day))
	young := since(added(e, signed(e)), out("1.0.0", hour))
	var scope []Subject
	for i, name := range []string{"@acme/a@2.0.0", "@acme/b@2.0.0", "@acme/c@2.0.0", "@acme/d@2.0.0", "@acme/e@2.0.0"} {
		e := entry(name)
		scope = append(scope, since(added(e, signed(e)), out("1.0.0", time.Duration(500-20*i)*day), out("2.0.0", 10*day)))
	}
	for name, x := range map[string]struct {
		subjects []Subject
		policy   Policy
		turns    bool
	}{
		"nothing":                 {nil, Default(), false},
		"an established release":  {[]Subject{since(added(e, signed(e)), out("1.0.0", 500*day))}, Default(), false},
		"a cooldown":              {[]Subject{fresh}, Default(), true},
		"a new package":           {[]Subject{young}, Default(), true},
		"a burst":                 {scope, Default(), true},
		"an exception":            {[]Subject{fresh}, p, true},
		"an exception too far":    {[]Subject{fresh}, floored, true},
		"a release of the future": {[]Subject{since(added(e, signed(e)), out("1.0.0", -10*day))}, Default(), true},
	} {
		if turns := keeps(t, name, Input{Subjects: x.subjects}, x.policy); turns != x.turns {
			t.Errorf("%s: turns %v, want %v", name, turns, x.turns)
		}
	}
}

// Every rule goes by view.at, which is a clock, and a clock tells its time to nobody.
func TestNoRuleReadsTheTimeItself(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	reads := regexp.MustCompile(`\.now\b[^(]|\bat\.until\b`)
	words := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "clock.go" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if reads.MatchString(line) && !strings.Contains(line, "c.now") { // c.now is a new identity
				t.Errorf("%s:%d reads the clock's time: %s", name, i+1, line)
			}
			if strings.Contains(line, ".at.since(") {
				words++
			}
		}
	}
	if words != 1 {
		t.Errorf("the clock is asked %d times how long ago something was, and once it is for words", words)
	}
}

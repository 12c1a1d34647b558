package review

import (
	"context"
	"errors"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

func stocked(t *testing.T, f *forge, v Verifier, try Try) (found []Stock, err error) {
	t.Helper()
	err = runner(t, f, v).Stock(context.Background(), repo, Home{Branch: "main", Head: "base"}, try, 1<<10, func(_ context.Context, s Stock) error {
		found = append(found, s)
		return nil
	})
	return found, err
}

func TestADefaultBranchIsLookedAtAsAWhole(t *testing.T) {
	f := scene()
	f.commits["base"] = files{
		"package-lock.json":      locking("left@1.0.0", "right@2.0.0"),
		"docs/package-lock.json": locking("ink@1.0.0"),
		"old/package-lock.json":  locking("rust@1.0.0"),
	}
	own := policy.Default()
	own.Ignore = []string{"old/**"}
	f.policies = map[string]policy.Policy{"base": own}
	found, err := stocked(t, f, lost(), Try{})
	if err != nil || len(found) != 1 {
		t.Fatalf("%v %+v", err, found)
	}
	r := found[0].Report
	if r.Kind != report.Audit || r.Summary.Packages != 3 || r.Summary.Provenance.Verified != 1 || len(r.Lockfiles) != 3 {
		t.Errorf("%s: %+v %+v", r.Kind, r.Summary, r.Lockfiles)
	}
	if len(f.begun)+len(f.finished) > 0 {
		t.Error("the pull requests' check was touched")
	}
}

func TestABranchWithoutALockfileHasNoPackages(t *testing.T) {
	f := scene()
	f.commits["base"] = files{"README.md": "x"}
	found, err := stocked(t, f, lost(), Try{})
	if err != nil || len(found) != 1 || found[0].Report.Summary.Packages != 0 || found[0].Head != "base" {
		t.Fatalf("%v %+v", err, found)
	}
}

func TestWhatCannotBeFoundOutIsAskedAgainAndKeptInTheEnd(t *testing.T) {
	v := &verifier{provenance: map[string]provenance.State{"left@1.0.0": provenance.Unknown}}
	found, err := stocked(t, scene(), v, Try{})
	var later *Later
	if !errors.As(err, &later) || len(found) > 0 {
		t.Fatalf("%v %+v", err, found)
	}
	if found, err = stocked(t, scene(), v, Try{Last: true}); err != nil || len(found) != 1 {
		t.Fatalf("%v %+v", err, found)
	}
}

func TestABranchThatIsGoneIsNotKept(t *testing.T) {
	f := scene()
	f.fail = func(call string) error {
		if call == "Tree" {
			return ErrGone
		}
		return nil
	}
	if found, err := stocked(t, f, lost(), Try{Last: true}); !errors.Is(err, ErrGone) || len(found) > 0 {
		t.Fatalf("%v %+v", err, found)
	}
}

package store

import (
	"slices"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func verdict(number int, edits ...func(*Verdict)) Verdict {
	v := Verdict{
		Installation: 7, Repository: 5, Number: number, Owner: "Acme", Name: "web", Head: "head", BaseRef: "main", Base: "base",
		Conclusion: "success", Digest: "d", Policy: "none", Floor: "none", Trust: "root", Judged: monday, Due: monday.Add(24 * time.Hour),
		Packages: []string{"npm/left-pad", "npm/right_pad"},
	}
	for _, edit := range edits {
		edit(&v)
	}
	return v
}

func numbers(t *testing.T, list []Verdict, err error) (out []int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		out = append(out, v.Number)
	}
	slices.Sort(out)
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAVerdictComesDueAndIsPutOff(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		must(t, s.SaveVerdict(ctx, verdict(1)))
		must(t, s.SaveVerdict(ctx, verdict(2, func(v *Verdict) { v.Due = monday.Add(time.Hour) })))
		if got := numbers(t, must2(s.Due(ctx, monday.Add(time.Hour-1), 9)), nil); len(got) > 0 {
			t.Errorf("%v are due too early", got)
		}
		due := must2(s.Due(ctx, monday.Add(time.Hour), 9))
		if got := numbers(t, due, nil); !slices.Equal(got, []int{2}) {
			t.Fatalf("due: %v", got)
		}
		must(t, s.PutOff(ctx, due[0], monday.Add(5*time.Hour)))
		must(t, s.PutOff(ctx, due[0], monday.Add(90*time.Hour))) // of what it was, not of what it is
		v, ok, err := s.Verdict(ctx, 7, 5, 2)
		if err != nil || !ok || !v.Due.Equal(monday.Add(5*time.Hour)) {
			t.Errorf("%+v, %v, %v", v, ok, err)
		}
		for at, want := range map[[2]string]bool{{"head", v.BaseRef}: true, {"another", v.BaseRef}: false, {"head", "release/1.x"}: false} {
			if got, err := s.Judged(ctx, 7, 5, 2, at[0], at[1]); err != nil || got != want {
				t.Errorf("judged %s: %v, %v", at, got, err)
			}
		}
	})
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestWhatChangedWhileAPullRequestWasJudgedIsNotLost(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		must(t, s.SaveVerdict(ctx, verdict(1)))
		during := monday.Add(26 * time.Hour)
		must(t, s.Hasten(ctx, must2(s.BringingIn(ctx, "npm/left-pad", during, 9)), during, 0))
		if got := must2(s.BringingIn(ctx, "npm/left-pad", during, 9)); len(got) > 0 {
			t.Errorf("listed again: %+v", got)
		}
		must(t, s.Doubt(ctx, 7, 5, 1, during, during.Add(time.Hour)))
		if v, _, err := s.Verdict(ctx, 7, 5, 1); err != nil || v.Due.After(during) || !v.Doubt.Equal(during) {
			t.Errorf("due %v once it was doubted, %v", v.Due, err)
		}
		must(t, s.SaveVerdict(ctx, verdict(1, func(v *Verdict) { v.Judged = during.Add(-time.Minute); v.Due = during.Add(24 * time.Hour) })))
		if v, _, err := s.Verdict(ctx, 7, 5, 1); err != nil || !v.Due.Equal(monday.Add(24*time.Hour)) {
			t.Errorf("due %v, %v", v.Due, err)
		}
		must(t, s.SaveVerdict(ctx, verdict(1, func(v *Verdict) { v.Judged = during.Add(time.Minute); v.Due = during.Add(24 * time.Hour) })))
		if v, _, err := s.Verdict(ctx, 7, 5, 1); err != nil || !v.Due.Equal(during.Add(24*time.Hour)) {
			t.Errorf("due %v, %v", v.Due, err)
		}
	})
}

func TestVerdictsAreFoundByWhatTheyRestOn(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		extends := "bonafide.yml@1 extends acme/shared_rules:bonafide.yml@2"
		must(t, s.SaveVerdict(ctx, verdict(1)))
		must(t, s.SaveVerdict(ctx, verdict(2, func(v *Verdict) { v.BaseRef, v.Policy, v.Packages = "next", extends, nil })))
		must(t, s.SaveVerdict(ctx, verdict(3, func(v *Verdict) { v.Floor, v.Trust = "bonafide.yml@9", "older" })))
		must(t, s.SaveVerdict(ctx, verdict(4, func(v *Verdict) { v.Installation, v.Owner = 8, "other" })))
		now := monday.Add(time.Hour)
		for name, c := range map[string]struct {
			list []Verdict
			want []int
		}{
			"into main":            {must2(s.VerdictsInto(ctx, 7, 5, "main", 9)), []int{1, 3}},
			"bringing in":          {must2(s.BringingIn(ctx, "npm/left-pad", now, 9)), []int{1, 3, 4}},
			"another floor":        {must2(s.ByOtherFloor(ctx, 7, "ACME", "none", now, 9)), []int{3}},
			"another root":         {must2(s.ByOtherTrust(ctx, "root", now, 9)), []int{3}},
			"extending":            {must2(s.Extending(ctx, 7, " extends acme/shared_rules:", " extends acme/shared_rules:none", now, 9)), []int{2}},
			"extending as it is":   {must2(s.Extending(ctx, 7, " extends acme/shared_rules:", " extends acme/shared_rules:bonafide.yml@2", now, 9)), nil},
			"no pattern in a name": {must2(s.Extending(ctx, 7, " extends acme/shared%rules:", "\n", now, 9)), nil},
		} {
			if got := numbers(t, c.list, nil); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
		if got := must2(s.Installations(ctx, 9)); !slices.Equal(got, []int64{7, 8}) {
			t.Errorf("installations %v", got)
		}
		if got := must2(s.Repositories(ctx, 7)); len(got) != 1 || got[0].Repository != 5 {
			t.Errorf("repositories %+v", got)
		}
	})
}

func TestWhatIsForgottenOfARepository(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		count := func(table string) (n int) {
			must(t, s.DB().QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n))
			return n
		}
		fill := func() {
			must(t, s.SaveVerdict(ctx, verdict(1)))
			must(t, s.SaveReport(ctx, Report{Installation: 7, Owner: "acme", Repo: "web", Number: 1, Head: "head", JSON: []byte("{}"), At: monday}))
			must(t, s.Accept(ctx, []Acceptance{{Installation: 7, Repository: 5, Number: 1, Place: "review", Remark: 3}}))
		}
		fill()
		must(t, s.Rename(ctx, 7, 5, "acme", "web", "site"))
		if v, _, err := s.Verdict(ctx, 7, 5, 1); err != nil || v.Name != "site" {
			t.Errorf("%+v, %v", v, err)
		}
		if _, ok, err := s.Report(ctx, 7, "acme", "site", 1, "head"); err != nil || !ok {
			t.Errorf("the report did not move along: %v", err)
		}
		must(t, s.ForgetRepository(ctx, 7, 5, "acme", "site"))
		for _, table := range []string{"verdict", "brought", "report", "acceptance"} {
			if n := count(table); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
		fill()
		must(t, s.EndVerdict(ctx, 7, 5, 1))
		if count("verdict")+count("brought") != 0 {
			t.Error("a closed pull request is still there")
		}
		fill()
		must(t, s.Forget(ctx, 7))
		if count("verdict")+count("brought") != 0 {
			t.Error("a deleted installation is still there")
		}
	})
}

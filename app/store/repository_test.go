package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestARepositoryIsFoundByItsName(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		now := monday
		s.now = func() time.Time { now = now.Add(time.Second); return now }
		named := func(owner, name string, want int64) {
			t.Helper()
			r, ok, err := s.Named(ctx, owner, name)
			if err != nil || ok != (want != 0) || r.ID != want {
				t.Errorf("%s/%s is %+v, %v, %v, want %d", owner, name, r, ok, err, want)
			}
		}
		named("acme", "web", 0)
		must(t, s.SaveVerdict(ctx, verdict(1, func(v *Verdict) { v.Repository = 4 }))) // of acme/web
		named("ACME", "Web", 4)
		must(t, s.SaveInventory(ctx, inventory(monday)))
		named("ACME", "Web", 5)
		another := inventory(monday)
		another.ID = 6
		must(t, s.SaveInventory(ctx, another)) // its event of the other's new name is on its way
		named("acme", "web", 6)
		must(t, s.Rename(ctx, 7, 6, "acme", "web", "site"))
		named("acme", "web", 5)
		named("acme", "site", 6)
		must(t, s.Rename(ctx, 7, 5, "acme", "web", "site"))
		named("acme", "site", 5)
		var got []string
		for _, v := range must2(s.Repositories(ctx, 7)) {
			got = append(got, fmt.Sprintf("%d %s/%s", v.Repository, v.Owner, v.Name))
		}
		if want := []string{"4 Acme/web", "5 acme/site", "6 acme/site"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestHowAnOwnersRepositoriesStand(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		repository := func(id int64, name string) func(*Inventory) {
			return func(i *Inventory) { i.ID, i.Name = id, name }
		}
		news := func(i *Inventory) { i.News = []News{{PURL: "a", Kind: "removed"}, {PURL: "b", Kind: "removed"}} }
		must(t, s.SaveInventory(ctx, inventory(monday, repository(5, "web"), holds("left-pad"), news)))
		must(t, s.SaveInventory(ctx, inventory(monday.Add(48*time.Hour), repository(5, "web"), holds("left-pad"), news,
			func(i *Inventory) { i.Coverage.Proven = 7; i.Holdings[0].Version = "2.0.0" })))
		must(t, s.SaveInventory(ctx, inventory(monday, repository(6, "API"), holds("left-pad", "other"))))
		must(t, s.SaveInventory(ctx, inventory(monday, repository(8, "web"), func(i *Inventory) { i.Owner = "other" }, holds("left-pad"))))
		for n, edit := range []func(*Verdict){
			func(v *Verdict) {}, func(v *Verdict) { v.Conclusion = "failure" }, func(v *Verdict) { v.Conclusion = "neutral" },
			func(v *Verdict) { v.Conclusion = "action_required" }, func(v *Verdict) { v.Digest = "" },
			func(v *Verdict) { v.Repository, v.Name = 9, "new" }, func(v *Verdict) { v.Owner = "other" },
		} {
			must(t, s.SaveVerdict(ctx, verdict(n+1, edit)))
		}
		var got []string
		for _, st := range must2(s.Standings(ctx, "ACME")) {
			got = append(got, fmt.Sprintf("%d %s: %d of %d, %d news, %d of %d fail", st.ID, st.Name, st.Coverage.Proven, st.Coverage.Packages, st.News, st.Failing, st.Open))
		}
		if want := []string{"6 API: 1 of 10, 0 news, 0 of 0 fail", "9 new: 0 of 0, 0 news, 0 of 1 fail", "5 web: 7 of 10, 2 news, 3 of 5 fail"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		for version, want := range map[string][]string{"": {"API 1.0.0", "web 2.0.0"}, "1.0.0": {"API 1.0.0"}, "3.0.0": nil} {
			var got []string
			for _, u := range must2(s.Users(ctx, "Acme", "npm", "left-pad", version, 9)) {
				got = append(got, u.Repository.Name+" "+u.Version)
			}
			if !slices.Equal(got, want) {
				t.Errorf("version %q: %q, want %q", version, got, want)
			}
		}
		if got := must2(s.Users(ctx, "acme", "npm", "left-pad", "", 1)); len(got) != 1 {
			t.Errorf("%+v", got)
		}
		if got := numbers(t, must2(s.OpenPulls(ctx, 7, 5, 3)), nil); !slices.Equal(got, []int{4, 5, 7}) {
			t.Errorf("open pull requests %v", got)
		}
		must(t, s.Accept(ctx, []Acceptance{{Installation: 7, Repository: 5, Number: 1, Place: "review", Remark: 3}, {Installation: 7, Repository: 5, Number: 2, Place: "review", Remark: 4}}))
		if got := must2(s.OpenAcceptances(ctx, 7, 5, 1)); len(got) != 1 || got[0].Number != 1 {
			t.Errorf("%+v", got)
		}
	})
}

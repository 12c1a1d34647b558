package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestARunIsAddedWhereTheVerdictChanges(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx, at := open(t, database), t.Context(), time.Now().UTC().Truncate(time.Millisecond)
		for i, said := range []string{"a failure one", "a failure one", "a failure two", "b success", "b success", "a failure one", "b neutral"} {
			part := strings.SplitN(said, " ", 2)
			conclusion, title, _ := strings.Cut(part[1], " ")
			must(t, s.SaveReport(ctx, Report{
				Installation: 7, Owner: "Acme", Repo: "Web", Number: 3, Head: part[0], JSON: fmt.Appendf(nil, "%d", i),
				At: at.Add(time.Duration(i) * time.Second), Conclusion: conclusion, Title: title + "\x00",
			}))
		}
		var got []string
		for _, r := range must2(s.Runs(ctx, 7, "ACME", "web", 3, 4)) {
			got = append(got, fmt.Sprintf("%d %s %s %s %v", r.Number, r.Head, r.Conclusion, r.Title, r.At.Sub(at)))
		}
		if want := []string{"3 b neutral \ufffd 6s", "3 a failure one\ufffd 5s", "3 b success \ufffd 3s", "3 a failure two\ufffd 2s"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if r, ok, err := s.Report(ctx, 7, "acme", "web", 3, "a"); !ok || err != nil || r.Conclusion != "failure" || r.Title != "one\ufffd" {
			t.Errorf("%+v, %v, %v", r, ok, err)
		}
		if head, ok, err := s.LastHead(ctx, 7, "acme", "WEB", 3); head != "b" || !ok || err != nil {
			t.Errorf("%q, %v, %v", head, ok, err)
		}
		if head, ok, err := s.LastHead(ctx, 7, "acme", "web", 4); head != "" || ok || err != nil {
			t.Errorf("%q, %v, %v", head, ok, err)
		}
		must(t, s.SaveReport(ctx, Report{Installation: 7, Owner: "acme", Repo: "web", Head: "a", JSON: []byte("{}"), At: at}))
		if got := must2(s.SectionsAt(ctx, 7, "acme", "web", "a")); !slices.Equal(got, []int{0, 3}) {
			t.Errorf("sections %v", got)
		}
		if got := must2(s.SectionsAt(ctx, 7, "acme", "web", "none")); len(got) > 0 {
			t.Errorf("sections %v", got)
		}
	})
}

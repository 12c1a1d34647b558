package report

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

func idsOf(rows []Row) (out []string) {
	for _, r := range rows {
		out = append(out, r.Entry.Package.ID())
	}
	return out
}

func facetOf(facets []Facet, value string) int {
	for _, f := range facets {
		if f.Value == value {
			return f.Count
		}
	}
	return -1
}

func TestAListIsNarrowed(t *testing.T) {
	r := everyFinding()
	for name, c := range map[string]struct {
		q    Query
		want []string
	}{
		"all, the gravest first": {Query{}, []string{"axios@1.14.1", "chalk@5.6.1", "debug@4.4.2", "router@1.2.3", "plain-crypto-js@4.2.1"}},
		"by name":                {Query{Sort: ByName}, []string{"axios@1.14.1", "chalk@5.6.1", "debug@4.4.2", "plain-crypto-js@4.2.1", "router@1.2.3"}},
		"by trust":               {Query{Sort: ByTrust}, []string{"chalk@5.6.1", "debug@4.4.2", "router@1.2.3", "axios@1.14.1", "plain-crypto-js@4.2.1"}},
		"by age":                 {Query{Sort: ByAge}, []string{"plain-crypto-js@4.2.1", "axios@1.14.1", "debug@4.4.2", "chalk@5.6.1", "router@1.2.3"}},
		"by a state":             {Query{Provenance: provenance.Invalid}, []string{"chalk@5.6.1"}},
		"not verified":           {Query{Digest: NotVerified}, []string{"debug@4.4.2", "router@1.2.3"}},
		"by rule":                {Query{Rule: policy.RuleRepinned}, []string{"debug@4.4.2"}},
		"by text":                {Query{Text: "CRYPTO-js@4"}, []string{"plain-crypto-js@4.2.1"}},
		"by change":              {Query{Change: dep.Added}, []string{"router@1.2.3", "plain-crypto-js@4.2.1"}},
		"by two":                 {Query{Change: dep.Added, Signature: provenance.Verified}, []string{"plain-crypto-js@4.2.1"}},
		"of nothing":             {Query{Lockfile: "yarn.lock"}, nil},
		"by scope":               {Query{Scope: dep.Dev}, nil},
	} {
		got := List(r, c.q)
		if !slices.Equal(idsOf(got.Rows), c.want) || got.Found != len(c.want) || got.All != 5 || got.Pages != 1 {
			t.Errorf("%s: %q, %d of %d on %d pages", name, idsOf(got.Rows), got.Found, got.All, got.Pages)
		}
		if len(got.Others) != 3 {
			t.Errorf("%s: %d findings about nothing in the list", name, len(got.Others))
		}
	}
}

// TestFacetsSayWhatALinkWouldShow: choosing the value of a facet leads to as many rows.
func TestFacetsSayWhatALinkWouldShow(t *testing.T) {
	r := changes(300)
	r.Packages = append(r.Packages, cleanUpdate().Packages...)
	for _, q := range []Query{{}, {Provenance: NotVerified}, {Lockfile: "web/package-lock.json", Text: "scope-1"}, {Change: dep.Removed}, {Rule: policy.RuleProvenanceLost, Signature: provenance.Verified}} {
		f := List(r, q).Facets
		for name, c := range map[string]struct {
			facets []Facet
			choose func(q *Query, value string)
		}{
			"signature":  {f.Signature, func(q *Query, v string) { q.Signature = provenance.State(v) }},
			"provenance": {f.Provenance, func(q *Query, v string) { q.Provenance = provenance.State(v) }},
			"digest":     {f.Digest, func(q *Query, v string) { q.Digest = provenance.State(v) }},
			"rule":       {f.Rule, func(q *Query, v string) { q.Rule = policy.RuleName(v) }},
			"lockfile":   {f.Lockfile, func(q *Query, v string) { q.Lockfile = v }},
			"scope":      {f.Scope, func(q *Query, v string) { q.Scope = dep.Scope(v) }},
			"change":     {f.Change, func(q *Query, v string) { q.Change = dep.ChangeKind(v) }},
		} {
			if len(c.facets) == 0 {
				t.Errorf("%+v: nothing can be chosen by %s", q, name)
			}
			for _, facet := range c.facets {
				chosen := q
				c.choose(&chosen, facet.Value)
				if got := List(r, chosen).Found; got != facet.Count {
					t.Errorf("%+v: %s %s says %d, there are %d", q, name, facet.Value, facet.Count, got)
				}
			}
		}
	}
	if n := facetOf(List(r, Query{}).Facets.Change, "removed"); n != 1 {
		t.Errorf("%d are removed", n)
	}
}

func TestAListIsPaged(t *testing.T) {
	r := changes(250)
	seen := map[string]bool{}
	for page, want := range map[int][4]int{-1: {1, 1, 100, 3}, 1: {1, 1, 100, 3}, 2: {2, 101, 100, 3}, 3: {3, 201, 50, 3}, 9: {3, 201, 50, 3}} {
		got := List(r, Query{Page: page})
		if have := [4]int{got.Page, got.First, len(got.Rows), got.Pages}; have != want {
			t.Errorf("page %d: %v, want %v", page, have, want)
		}
		for _, row := range got.Rows {
			seen[row.ID] = true
		}
	}
	if len(seen) != 250 {
		t.Errorf("%d rows on all pages", len(seen))
	}
	if got := List(r, Query{Text: "nothing has this name"}); got.Page != 1 || got.Pages != 1 || got.First != 0 || len(got.Rows) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestRowsAreFoundAgain(t *testing.T) {
	r := everyFinding()
	twin := r.Packages[3]
	twin.Entry.Resolved = "git+https://github.com/other/router"
	r.Packages = append(r.Packages, twin)
	again := readBack(t, r)
	plain := regexp.MustCompile(`^[0-9a-f]{16}(-\d+)?$`)
	for _, row := range List(r, Query{}).Rows {
		got, ok := RowOf(again, row.ID)
		if !ok || got.Entry.Resolved != row.Entry.Resolved || len(got.Findings) != len(row.Findings) || !plain.MatchString(row.ID) {
			t.Errorf("%s: %s is %+v", row.Entry.Package, row.ID, got)
		}
	}
	if _, ok := RowOf(r, "nothing"); ok {
		t.Error("there is a row of no package")
	}
}

func TestRowsHaveWhatWasFoundAboutManyAtOnce(t *testing.T) {
	rows := List(oneCause(40), Query{Rule: policy.RuleIntegrityLost})
	if rows.Found != 39 || len(rows.Others) != 0 {
		t.Errorf("%d rows, %d others", rows.Found, len(rows.Others))
	}
	x := List(excepted(), Query{})
	if len(x.OthersExcepted) != 2 {
		t.Errorf("%d exceptions about nothing in the list", len(x.OthersExcepted))
	}
}

func BenchmarkList(b *testing.B) {
	r := inventory(5_000)
	for i := range 200 {
		p := r.Packages[i*20]
		r.Findings = append(r.Findings, finding(policy.RuleDeprecated, policy.Warning, p.Entry, fmt.Sprint(i), ""))
	}
	for b.Loop() {
		List(r, Query{Provenance: NotVerified, Sort: ByTrust})
	}
}

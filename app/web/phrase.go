package web

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/report"
)

// legible is outside text of at most max characters in which nothing is hidden.
func legible(s string, max int) string {
	if utf8.RuneCountInString(s) <= max {
		return report.Visible(s)
	}
	n := 0
	for i := range s {
		if n++; n == max {
			return report.Visible(s[:i]) + "…"
		}
	}
	return report.Visible(s)
}

// figure writes thousands apart: 5,000.
func figure(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// several is a number with its noun: "1 repository", "2,000 repositories".
func several(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return figure(n) + " " + more
}

// share is a part of a whole in percent, as people say it: only nothing is 0%, and only all
// of it is 100%.
func share(part, all int) string {
	switch {
	case all == 0:
		return "0%"
	case part > 0 && part*1000 < all:
		return "<0.1%"
	case part < all && part*1000 >= all*999:
		return ">99.9%"
	}
	return strings.TrimSuffix(strconv.FormatFloat(float64(part)*100/float64(all), 'f', 1, 64), ".0") + "%"
}

// shortDigests shortens the digests in a sentence. The page of a package has them in full.
func shortDigests(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		if len(w) > 40 && strings.HasPrefix(w, "sha") && strings.Contains(w, "-") {
			words[i] = w[:20] + "…" + w[len(strings.TrimRight(w, ",.;:")):]
		}
	}
	return strings.Join(words, " ")
}

// moment is a time for <time>.
type moment struct{ Machine, Words string }

// dayOf is a day.
func dayOf(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	s := t.UTC().Format(time.DateOnly)
	return moment{s, s}
}

// minuteOf is a minute.
func minuteOf(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	return moment{t.UTC().Format(time.RFC3339), t.UTC().Format("2006-01-02 15:04") + " UTC"}
}

// commit is one of a repository: shortened, and its address at GitHub, "" where its shape is
// not that of a commit.
type commit struct{ Short, Address string }

func (p *Pages) commit(owner, name, head string) commit {
	if len(head) != 40 && len(head) != 64 || strings.Trim(head, "0123456789abcdef") != "" {
		return commit{Short: legible(head, maxShown)}
	}
	c := commit{Short: head[:7]}
	if p.GitHub != "" && pathSegment(owner) && pathSegment(name) {
		c.Address = p.GitHub + "/" + owner + "/" + name + "/commit/" + head
	}
	return c
}

// pullAt is a pull request at GitHub, "" where there is no such address.
func (p *Pages) pullAt(owner, name string, number int) string {
	if number <= 0 || p.GitHub == "" || !pathSegment(owner) || !pathSegment(name) {
		return ""
	}
	return p.GitHub + "/" + owner + "/" + name + "/pull/" + strconv.Itoa(number)
}

// pathSegment says whether a name can stand in an address as it is.
func pathSegment(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-')
	})
}

// packageID is name@version, legible.
func packageID(name, version string) string {
	return legible(dep.Package{Name: name, Version: version}.ID(), maxShown)
}

// verdictMark is a check's conclusion as a sign, its colour's class, and the word beside it:
// the words of the verdict on the report.
type verdictMark struct{ Class, Sign, Word string }

// markOf is the mark of a conclusion. What is not known here is not fine.
func markOf(conclusion string) verdictMark {
	switch conclusion {
	case "success":
		return verdictMark{"verified", "✓", "passed"}
	case "neutral", "skipped":
		return verdictMark{"unknown", "?", "not verified; passes"}
	case "action_required":
		return verdictMark{"unknown", "?", "not verified"}
	case "failure":
		return verdictMark{"invalid", "✗", "failed"}
	}
	return verdictMark{"unknown", "?", "no verdict"}
}

// passes says whether a conclusion lets a pull request be merged.
func passes(conclusion string) bool {
	return conclusion == "success" || conclusion == "neutral" || conclusion == "skipped"
}

// paging are the pages of a list.
type paging struct {
	First, Last    int    // rows shown, from 1
	All            int    // rows, 0 where that is not known
	Newer, Further string // addresses, "" for none
}

// barOf is a share of 100 for a drawn bar.
func barOf(part, all int) string {
	if all <= 0 {
		return "0"
	}
	return strconv.FormatFloat(float64(min(max(part, 0), all))*100/float64(all), 'f', 1, 64)
}

package lockfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func TestTheGraphSaysWhoAsksAndHowSurely(t *testing.T) {
	names := strings.Fields("a b c d e f g h i")
	index := map[string]int{}
	entries := make([]dep.Entry, len(names))
	for i, name := range names {
		index[name] = i
		entries[i] = dep.Entry{Package: npmPkg(name, "1"), Scope: "as before"}
	}
	entries[index["g"]].Unsaid = dep.FactScope
	g := graph{entries: entries}
	for _, line := range []string{
		". a prod", ". a prod", ". a dev", "w a prod", ". a prod as x", // twice, otherwise, by others, by another name
		". b optional", "b c peer", "c d prod", // a way is as sure as its least sure part
		". e peer", "e f optional", ". f dev",
		". g dev",
		". h dev", "h d prod", "a h peer", // the surest of two ways
	} {
		f := strings.Fields(line)
		e := edge{from: ofWorkspace, as: f[1], to: index[f[1]], kind: dep.Scope(f[2])}
		if from, ok := index[f[0]]; ok {
			e.from = from
		} else {
			e.workspace = f[0]
		}
		if len(f) > 3 {
			e.as = f[4]
		}
		g.edges = append(g.edges, e)
	}
	// An entry that is own code asks as its folder.
	g.edges = append(g.edges, edge{from: index["i"], workspace: "own", as: "c", to: index["c"], kind: dep.Prod})
	g.resolve()
	want := map[string]string{
		"a": "prod true [. w] [{. a} {. a} {w a} {. x}]",
		"b": "optional true [.] [{. b}]",
		"c": "optional true [own] [{b@1 c} {own c}]",
		"d": "peer false [] [{c@1 d} {h@1 d}]",
		"e": "peer true [.] [{. e}]",
		"f": "optional true [.] [{. f} {e@1 f}]",
		"g": "as before true [.] [{. g}]",
		"h": "peer true [.] [{. h} {a@1 h}]",
		"i": "as before false [] []",
	}
	for _, e := range entries {
		if got := fmt.Sprint(e.Scope, " ", e.Direct, " ", e.Workspaces, " ", e.Places); got != want[e.Package.Name] {
			t.Errorf("%s: %s, want %s", e.Package.Name, got, want[e.Package.Name])
		}
	}
}

func TestWhatSaysTheSameAgainIsDropped(t *testing.T) {
	for _, distinctOnes := range []int{1, 5, 16, 17, 100} {
		var list []int
		for i := range 3 * distinctOnes {
			list = append(list, i*7%distinctOnes)
		}
		got := distinct(list, func(i int) int { return i })
		if len(got) != distinctOnes || got[0] != 0 || distinctOnes > 1 && got[1] != 7%distinctOnes {
			t.Errorf("%d of %d: %v", len(got), distinctOnes, got)
		}
	}
}

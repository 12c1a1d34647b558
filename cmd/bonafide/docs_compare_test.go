package main

import (
	"strings"
	"testing"
)

// The comparison has an answer in every cell, "?" where none was found, and a source with
// an address for every column.
func TestTheComparisonAnswersAndNamesItsSources(t *testing.T) {
	page := documentation(t)["docs/compare.md"]
	_, sources, found := strings.Cut(page, "\n## Sources\n")
	if !found {
		t.Fatal("docs/compare.md has lost its sources")
	}
	var columns, rows int
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if columns == 0 {
			columns = len(cells)
			for _, tool := range cells[2:] { // the first is the row's question, the second Bonafide
				name := strings.Fields(strings.Trim(strings.TrimSpace(tool), "`"))[0]
				if !strings.Contains(sources, name) {
					t.Errorf("%s has no source", name)
				}
			}
			continue
		}
		if rows++; len(cells) != columns {
			t.Errorf("%d cells of %d in: %s", len(cells), columns, line)
		}
		for _, c := range cells {
			if strings.TrimSpace(c) == "" {
				t.Errorf("an empty cell in: %s", line)
			}
		}
	}
	for line := range strings.Lines(sources) {
		if strings.HasPrefix(line, "- ") && !strings.Contains(line, "](https://") {
			t.Errorf("a source without an address: %s", line)
		}
	}
	if columns != 8 || rows < 15 {
		t.Errorf("%d columns and %d rows", columns, rows)
	}
}

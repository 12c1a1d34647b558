package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
)

func TestAJobSummaryKeepsToItsLimitByWholeRows(t *testing.T) {
	small, uncut := new(strings.Builder), new(strings.Builder)
	if err := JobSummary(small, everyFinding()); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(uncut, everyFinding()); err != nil {
		t.Fatal(err)
	}
	if small.String() != uncut.String() {
		t.Error("what is short is not the whole")
	}
	r := diffReport(policy.Success, nil)
	for i := range 20_000 {
		row := cleanUpdate().Packages[0]
		row.Entry.Package = npm(fmt.Sprintf("package-%05d", i), "1.0.0")
		r.Packages = append(r.Packages, row)
	}
	var large strings.Builder
	if err := JobSummary(&large, r); err != nil {
		t.Fatal(err)
	}
	text := large.String()
	if len(text) > MaxJobSummaryBytes || len(text) < MaxJobSummaryBytes/2 {
		t.Errorf("%d bytes", len(text))
	}
	if !strings.Contains(text, "more packages not shown here") {
		t.Errorf("what is left out is not counted: …%s", text[len(text)-300:])
	}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "|") && !strings.HasSuffix(line, "|") {
			t.Errorf("a row is cut: %s", line)
		}
	}
	if err := JobSummary(brokenWriter{}, r); err == nil {
		t.Error("a failed write is not said")
	}
}

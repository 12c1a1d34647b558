package checks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
)

// paged is a Forge whose checks lead to a page.
func (h *hub) paged() *Forge {
	f := h.forge()
	f.details = func(repo review.Repository, sha string) string {
		return "https://bonafide.example.com/r/" + repo.Owner + "/" + repo.Name + "/commit/" + sha
	}
	return f
}

func TestAChecksDetailsAreItsPage(t *testing.T) {
	want := "https://bonafide.example.com/r/" + web.Owner + "/" + web.Name + "/commit/" + head
	for name, do := range map[string]func(h *hub, f *Forge){
		"begun": func(_ *hub, f *Forge) {
			if _, err := f.Begin(t.Context(), web, head, ground); err != nil {
				t.Error(err)
			}
		},
		"completed": func(_ *hub, f *Forge) { publish(t, f, ground, check(policy.Failure, 1, 120)) },
		"cancelled": func(h *hub, f *Forge) {
			if _, err := h.forge().Begin(t.Context(), web, head, ground); err != nil || h.runs[0].Details != "" {
				t.Errorf("without pages: %q, %v", h.runs[0].Details, err)
			}
			if err := f.Cancel(t.Context(), web, head, "It was closed."); err != nil {
				t.Error(err)
			}
		},
		"written again after there were none": func(h *hub, f *Forge) {
			publish(t, h.forge(), ground, check(policy.Success, 1, 0))
			publish(t, f, ground+" other", check(policy.Success, 1, 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			do(h, h.paged())
			if got := h.runs[len(h.runs)-1].Details; got != want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestAPageAloneIsNoReasonToWriteACheckAgain(t *testing.T) {
	h := newHub(t)
	publish(t, h.forge(), ground, check(policy.Failure, 1, 3))
	h.forget()
	publish(t, h.paged(), ground, check(policy.Failure, 1, 3))
	if n := len(h.writes()); n != 0 || h.latest().Details != "" {
		t.Errorf("%v, details %q", h.writes(), h.latest().Details)
	}
}

func TestWhereACheckIsCutItNamesItsPage(t *testing.T) {
	long := check(policy.Failure, 1, 0)
	for i := range 800 {
		long.Sections[0].Report.Findings = append(long.Sections[0].Report.Findings, policy.Finding{
			Rule: "repinned", Severity: policy.Error, Lockfile: "package-lock.json", Line: i + 1, Message: fmt.Sprint(i, strings.Repeat(" word", 60)),
		})
	}
	for page, want := range map[string]string{"https://bonafide.example.com/r/o/n/commit/abc": "The whole report: <https://bonafide.example.com/r/o/n/commit/abc>", "": "`bonafide diff BASE HEAD` lists them all."} {
		long.Details = page
		if summary := report.Output(long).Summary; !strings.Contains(summary, want) {
			t.Errorf("%q: %s", page, summary[max(0, len(summary)-400):])
		}
	}
}

package app

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/audit"
	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestWhatIsDecidedIsWrittenDown(t *testing.T) {
	ctx, monday := t.Context(), time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s, err := store.Open(ctx, enginetest.SQLite(t))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	defer s.Close()
	var lines bytes.Buffer
	a := &App{store: s, learnt: newLearnt(s, zerolog.Nop()), audit: audit.New(&lines, func() time.Time { return monday }, zerolog.New(t.Output()))}
	repo := review.Repository{Installation: 7, Owner: "acme", Name: "web", ID: 5}

	must(s.SaveVerdict(ctx, store.Verdict{
		Installation: 7, Repository: 5, Number: 12, Owner: "acme", Name: "web", Head: "1a2b", Policy: "bonafide.yml@9f", Floor: "none", Judged: monday, Due: monday,
	}))
	failed := report.Report{Kind: report.Diff, Conclusion: policy.Failure, Mode: policy.Enforce, At: monday, Findings: []policy.Finding{
		{Rule: policy.RuleKnownMalware, Severity: policy.Error}, {Rule: policy.RuleKnownMalware, Severity: policy.Error}, {Rule: policy.RuleTooNew, Severity: policy.Warning},
	}}
	group := report.Report{Kind: report.Diff, Conclusion: policy.Success, Mode: policy.Enforce, At: monday, PolicyFrom: "the defaults"}
	checks := auditedChecks{saver{s}, a.audit}
	must(checks.SaveCheck(ctx, repo, "1a2b", report.Check{Sections: []report.Section{{PullRequest: 12, Report: failed}}}))
	must(checks.SaveCheck(ctx, repo, "3c4d", report.Check{Sections: []report.Section{{Report: group}}}))
	if runs, err := s.Runs(ctx, 7, "acme", "web", 12, 9); err != nil || len(runs) != 1 || runs[0].Conclusion != "failure" || runs[0].Title != report.Title(failed) {
		t.Errorf("%+v, %v", runs, err)
	}

	given := review.Acceptance{RemarkRef: review.RemarkRef{Kind: review.RemarkKind("review"), ID: 3}, Role: review.RoleOf("write")}
	given.Acceptance = policy.Acceptance{
		Package: dep.Package{Ecosystem: dep.NPM, Name: "left-pad", Version: "1.3.0"}, Lockfile: "package-lock.json",
		Rule: policy.RuleTooNew, Reason: "we wrote <it> \u202e\x1b", By: "mona", Number: 12,
	}
	accepted := auditedAcceptances{accepted{s}, a.audit}
	for range 2 { // another attempt at the same
		must(accepted.Accept(ctx, repo, []review.Acceptance{given}))
	}
	for range 2 {
		must(accepted.Retract(ctx, repo, 12, given.RemarkRef))
	}
	must(accepted.Accept(ctx, repo, nil))
	a.clicked(queue.Job{Number: 12, Head: "1a2b", By: "mona", Clicked: string(review.AcceptButton)}, repo, "It was refused.")
	a.told(ctx, string(audit.SignedIn), "mona", "")
	a.told(ctx, string(audit.BadgeLinkMade), "mona", "acme/web")
	a.told(ctx, string(audit.BadgeLinkRevoked), "mona", "acme/web")
	a.told(ctx, string(audit.SignedOut), "mona", "")

	news := store.News{PURL: "pkg:npm/left-pad@1.3.0", Kind: "removed", Detail: "The registry does not have it any more."}
	i := store.Inventory{Repository: store.Repository{Installation: 7, ID: 5, Owner: "acme", Name: "web", Head: "5e6f"}, News: []store.News{news}}
	for range 2 {
		must(a.keepInventory(ctx, i))
	}
	i.Head, i.Problem = "", "GitHub is down"
	must(a.keepInventory(ctx, i))
	must(a.forget(ctx, 7, 5, "acme", "web"))
	must(a.uninstalled(ctx, 7))

	go a.audit.Run()
	must(a.audit.Close(ctx))
	const begin, web = `{"schema":"bonafide.audit/v1","at":"2026-03-02T09:00:00Z","event":`, `"installation":7,"repository_id":5,"repository":"acme/web"`
	want := []string{
		`"verdict",` + web + `,"pull_request":12,"head":"1a2b","conclusion":"failure","rules":["known-malware"],"policy":"bonafide.yml@9f","floor":"none"}`,
		`"verdict",` + web + `,"head":"3c4d","conclusion":"success","policy":"the defaults"}`,
		`"accepted",` + web + `,"pull_request":12,"who":"mona","role":"write","rule":"too-new","package":"npm:left-pad@1.3.0","lockfile":"package-lock.json","reason":"we wrote <it> \u202e\u001b"}`,
		`"retracted",` + web + `,"pull_request":12,"who":"mona","role":"write","rule":"too-new","package":"npm:left-pad@1.3.0","lockfile":"package-lock.json","reason":"we wrote <it> \u202e\u001b"}`,
		`"clicked",` + web + `,"pull_request":12,"head":"1a2b","who":"mona","button":"accept","detail":"It was refused."}`,
		`"signed-in","who":"mona"}`,
		`"badge-link-made","repository":"acme/web","who":"mona"}`,
		`"badge-link-revoked","repository":"acme/web","who":"mona"}`,
		`"signed-out","who":"mona"}`,
		`"news",` + web + `,"head":"5e6f","package":"pkg:npm/left-pad@1.3.0","news":"removed","detail":"The registry does not have it any more."}`,
		`"repository-deleted",` + web + `}`,
		`"installation-deleted","installation":7}`,
	}
	got := strings.Split(strings.TrimSuffix(lines.String(), "\n"), "\n")
	for n := range got {
		got[n] = strings.TrimPrefix(got[n], begin)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheServerSaysThatTheAuditLogCannotBeWritten(t *testing.T) {
	a := &App{}
	if facts := a.audited(map[string]string{}); len(facts) > 0 {
		t.Errorf("%v, and there is none", facts)
	}
	monday := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	a.audit = audit.New(full{}, func() time.Time { return monday }, zerolog.New(t.Output()))
	a.audit.Write(audit.Event{Event: audit.SignedIn})
	go a.audit.Run()
	if err := a.closeAudit(t.Context()); err == nil {
		t.Error("the missing line is not said")
	}
	if got := a.audited(map[string]string{})["audit_log"]; got != "it cannot be written since 2026-03-02T09:00:00Z" {
		t.Errorf("%q", got)
	}
}

// full is a disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

var errFull = &review.Later{Reason: "no space left on device"}

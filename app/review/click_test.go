package review

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// offer is a scene in which a check offers its errors, and the click that accepts them.
func offer(t *testing.T) (*forge, *Runner, *accepted, Click) {
	t.Helper()
	f, r, kept := asked(t, acceptLeft)
	f.roles["boss"], f.roles["writer"], f.roles["reader"] = AdminRole, WriteRole, ReadRole
	if err := r.PullRequest(t.Context(), repo, 7, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	c := Click{Button: AcceptButton, Head: "head", Offered: f.finished[0].Sections[0].Report.Offered, By: "keeper", ByID: 2}
	if c.Offered == 0 {
		t.Fatal("nothing is offered")
	}
	return f, r, kept, c
}

func TestAClickAcceptsWhatTheButtonStoodFor(t *testing.T) {
	f, r, kept, c := offer(t)
	for _, by := range []string{"keeper", "keeper", "boss"} { // who clicks later accepts nothing more
		c.By = by
		if answer, err := r.Click(t.Context(), repo, 7, c, Try{}); err != nil || answer != (Answer{Judge: true}) {
			t.Fatalf("%+v, %v", answer, err)
		}
	}
	want := Acceptance{RemarkRef: RemarkRef{ByButton, c.Offered}, Role: MaintainRole, Acceptance: policy.Acceptance{
		Package: dep.Package{Ecosystem: dep.NPM, Name: "left", Version: "1.0.1"}, Digest: sri("left@1.0.1"),
		Source: "registry https://registry.npmjs.org/left/-/left-1.0.1.tgz", Lockfile: "package-lock.json", Rule: policy.RuleProvenanceLost,
		Reason: "with the button Accept for this PR, on commit head", By: "keeper", Number: 7,
	}}
	if !slices.Contains(*kept, want) || slices.ContainsFunc(*kept, func(a Acceptance) bool { return a.By != "keeper" }) {
		t.Fatalf("%+v\nwant %+v", *kept, want)
	}
	if err := r.PullRequest(t.Context(), repo, 7, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	if s := f.finished[1].Sections[0].Report; s.Conclusion != policy.Success || s.Offered != 0 || len(s.Excepted) == 0 {
		t.Errorf("%s %+v", s.Conclusion, s.Findings)
	}
}

// Who clicks once the policy is stricter takes the place of somebody whose click does not
// hold any more.
func TestAClickThatHoldsReplacesOneThatDoesNot(t *testing.T) {
	f, r, kept, c := offer(t)
	if _, err := r.Click(t.Context(), repo, 7, c, Try{}); err != nil {
		t.Fatal(err)
	}
	before := len(*kept)
	strict := policy.Default()
	strict.AcceptBy = "admin"
	f.policies = map[string]policy.Policy{"base": strict}
	c.By = "boss"
	if answer, err := r.Click(t.Context(), repo, 7, c, Try{}); err != nil || answer.Note != "" {
		t.Fatalf("%+v, %v", answer, err)
	}
	if len(*kept) != before || slices.ContainsFunc(*kept, func(a Acceptance) bool { return a.By != "boss" }) {
		t.Errorf("%+v", *kept)
	}
}

func TestWhyAClickIsRefused(t *testing.T) {
	strict := policy.Default()
	strict.AcceptBy = "admin"
	tests := map[string]struct {
		set    func(f *forge, c *Click)
		says   string
		silent bool
	}{
		"a reader's":     {func(_ *forge, c *Click) { c.By = "reader" }, "", true},
		"a stranger's":   {func(f *forge, _ *Click) { f.roles = nil }, "", true},
		"closed":         {func(f *forge, _ *Click) { f.pulls[7].Open = false }, "", true},
		"no such button": {func(_ *forge, c *Click) { c.Button = "fix" }, "", true},
		"a writer's":     {func(_ *forge, c *Click) { c.By = "writer" }, "has the role write", false},
		"the author's":   {func(f *forge, _ *Click) { f.pulls[7].AuthorID = 2 }, "author of a pull request", false},
		"by the policy":  {func(f *forge, _ *Click) { f.policies = map[string]policy.Policy{"base": strict} }, "may admin", false},
		"pushed on":      {func(f *forge, _ *Click) { f.pulls[7].HeadSHA = "next" }, "another commit", false},
		"another commit": {func(_ *forge, c *Click) { c.Head = "next" }, "another commit", false},
		"several": {func(f *forge, _ *Click) {
			other := *f.pulls[7]
			other.Number = 8
			f.pulls[8] = &other
		}, "several pull requests", false},
		"found since": {func(f *forge, _ *Click) {
			f.commits["base"]["web/package-lock.json"], f.commits["head"]["web/package-lock.json"] = locking("left@1.0.0"), locking("left@1.0.1")
		}, "not what it was", false},
		"nothing left": {func(f *forge, _ *Click) { f.commits["head"] = f.commits["base"] }, "not what it was", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, r, kept, c := offer(t)
			tt.set(f, &c)
			answer, err := r.Click(t.Context(), repo, 7, c, Try{Last: true})
			if err != nil || answer.Judge == tt.silent || !strings.Contains(answer.Note, tt.says) || len(*kept) != 0 || len(f.reactions) != 0 {
				t.Errorf("%+v, %v, %v", answer, err, *kept)
			}
		})
	}
}

func TestAClickWaitsForWhatIsNotKnownAtTheMoment(t *testing.T) {
	_, r, kept, c := offer(t)
	r.reviewer = reviewer(&verifier{provenance: map[string]provenance.State{"left@1.0.0": provenance.Verified, "left@1.0.1": provenance.Unknown}})
	var later *Later
	if _, err := r.Click(t.Context(), repo, 7, c, Try{}); !errors.As(err, &later) || len(*kept) != 0 {
		t.Errorf("%v, %v", err, *kept)
	}
}

func TestPinsAreShownAsAPatchWhereOneIsSure(t *testing.T) {
	pinned := func() *verifier {
		v := lost()
		v.provenance["left@1.0.1"] = provenance.Verified
		return v
	}
	elsewhere := policy.Default()
	elsewhere.Source = "acme/.github bonafide.yml at 1a2b3c4"
	for name, tt := range map[string]struct {
		set  func(f *forge)
		want string
	}{
		"no file":                {func(*forge) {}, "new file mode 100644\n--- /dev/null\n+++ b/.github/bonafide.yml\n"},
		"a file":                 {func(f *forge) { f.commits["base"]["bonafide.yml"] = "version: 1\n" }, "--- a/bonafide.yml\n+++ b/bonafide.yml\n@@ -1,1 +1,"},
		"one on one line":        {func(f *forge) { f.commits["base"]["bonafide.yml"] = "{version: 1}\n" }, ""},
		"the owner's file holds": {func(f *forge) { f.policies = map[string]policy.Policy{"base": elsewhere} }, ""},
		"a file with a mistake": {func(f *forge) {
			f.problems = map[string]*policy.Problem{"base": {Kind: policy.PolicyInvalid}}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, r, _ := asked(t, "")
			r.reviewer = reviewer(pinned())
			tt.set(f)
			if answer, err := r.Click(t.Context(), repo, 7, Click{Button: PinsButton, Head: "head", By: "keeper", ByID: 2}, Try{}); err != nil || answer != (Answer{Judge: true}) {
				t.Fatalf("%+v, %v", answer, err)
			}
			for _, try := range []Try{{}, {Pins: true}} {
				if err := r.PullRequest(t.Context(), repo, 7, Event{}, try); err != nil {
					t.Fatal(err)
				}
			}
			plain, shown := f.finished[0].Sections[0].Report, f.finished[1].Sections[0].Report
			if len(plain.Pins) != 1 || plain.PinsShown || plain.PinsPatch != "" || !shown.PinsShown || (shown.PinsPatch == "") != (tt.want == "") || !strings.Contains(shown.PinsPatch, tt.want) {
				t.Errorf("%+v\n%s", plain.Pins, shown.PinsPatch)
			}
		})
	}
}

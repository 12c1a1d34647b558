package review

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

const acceptLeft = "/bonafide accept npm:left@1.0.1 provenance-lost it is ours"

var (
	remarkRef = RemarkRef{InReview, 33}
	command   = Command{RemarkRef: remarkRef, Digest: RemarkDigest(acceptLeft), Head: "head"}
)

// asked is a scene in which somebody has written a command.
func asked(t *testing.T, body string) (*forge, *Runner, *accepted) {
	t.Helper()
	f := scene()
	f.pulls[7].AuthorID = 1
	f.remarks = map[RemarkRef]Remark{remarkRef: {RemarkRef: remarkRef, Number: 7, Body: body, Author: "keeper", AuthorID: 2, Person: true}}
	f.roles = map[string]Role{"keeper": MaintainRole}
	kept := &accepted{}
	r, err := NewRunner(f, reviewer(lost()), nil, kept, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f, r, kept
}

func TestAnAcceptanceBindsWhatWasFound(t *testing.T) {
	f, r, kept := asked(t, acceptLeft)
	for range 2 { // the second time, nothing is new
		answer, err := r.Command(t.Context(), repo, 7, command, Try{})
		if err != nil || !answer.Judge || answer.Note != "" || f.reactions[len(f.reactions)-1] != "33 accepted" {
			t.Fatalf("%+v, %v, %v", answer, err, f.reactions)
		}
	}
	want := Acceptance{RemarkRef: remarkRef, Role: MaintainRole, Acceptance: policy.Acceptance{
		Package: dep.Package{Ecosystem: dep.NPM, Name: "left", Version: "1.0.1"}, Digest: sri("left@1.0.1"),
		Source: "registry https://registry.npmjs.org/left/-/left-1.0.1.tgz", Lockfile: "package-lock.json", Rule: policy.RuleProvenanceLost,
		Reason: "it is ours", By: "keeper", Number: 7,
	}}
	if len(*kept) != 1 || (*kept)[0] != want {
		t.Fatalf("%+v\nwant %+v", *kept, want)
	}

	// It is part of what the verdict rests on.
	if err := r.PullRequest(t.Context(), repo, 7, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	*kept = nil
	if err := r.PullRequest(t.Context(), repo, 7, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	if len(f.grounds) != 2 || f.grounds[0] == f.grounds[1] || !strings.HasPrefix(f.grounds[0], f.grounds[1]+" accepted@") {
		t.Errorf("%q", f.grounds)
	}
}

func TestEveryLockfileWithTheFindingIsAccepted(t *testing.T) {
	f, r, kept := asked(t, acceptLeft)
	f.commits["base"]["web/package-lock.json"], f.commits["head"]["web/package-lock.json"] = locking("left@1.0.0"), locking("left@1.0.1")
	f.commits["base"]["new/package-lock.json"], f.commits["head"]["new/package-lock.json"] = locking("left@1.0.1"), locking("left@1.0.1", "x@1.0.0")
	if _, err := r.Command(t.Context(), repo, 7, command, Try{}); err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, a := range *kept {
		files = append(files, a.Lockfile)
	}
	slices.Sort(files)
	if !slices.Equal(files, []string{"package-lock.json", "web/package-lock.json"}) {
		t.Errorf("%v", files)
	}
}

func TestWhyACommandIsRefused(t *testing.T) {
	strict := policy.Default()
	strict.AcceptBy = "admin"
	tests := map[string]struct {
		set    func(f *forge)
		says   string
		silent bool
	}{
		"a reader's":    {func(f *forge) { f.roles["keeper"] = ReadRole }, "may not triage", true},
		"a stranger's":  {func(f *forge) { f.roles = nil }, "may not triage", true},
		"a writer's":    {func(f *forge) { f.roles["keeper"] = WriteRole }, "may maintain", false},
		"the author's":  {func(f *forge) { f.pulls[7].AuthorID = 2 }, "author of a pull request", false},
		"by the policy": {func(f *forge) { f.policies = map[string]policy.Policy{"base": strict} }, "may admin", false},
		"a broken policy": {func(f *forge) {
			f.problems = map[string]*policy.Problem{"base": {Kind: policy.PolicyInvalid}}
		}, "has an error", false},
		"edited": {func(f *forge) {
			edited := f.remarks[remarkRef]
			edited.Body += "!"
			f.remarks[remarkRef] = edited
		}, "edited", false},
		"dismissed": {func(f *forge) {
			dismissed := f.remarks[remarkRef]
			dismissed.Withdrawn = true
			f.remarks[remarkRef] = dismissed
		}, "dismissed", false},
		"nothing found": {func(f *forge) { f.commits["head"] = f.commits["base"] }, "finds nothing", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, r, kept := asked(t, acceptLeft)
			tt.set(f)
			answer, err := r.Command(t.Context(), repo, 7, command, Try{Last: true})
			if err != nil || answer.Judge == tt.silent || !strings.Contains(answer.Note, tt.says) || !slices.Equal(f.reactions, []string{"33 refused"}) || len(*kept) != 0 {
				t.Errorf("%+v, %v, %v, %v", answer, err, f.reactions, *kept)
			}
		})
	}
}

func TestCommandsThatAreGoneAreNotAnswered(t *testing.T) {
	for name, set := range map[string]func(f *forge){
		"deleted":                 func(f *forge) { f.remarks = nil },
		"on another pull request": func(f *forge) { f.remarks[remarkRef] = Remark{Number: 8} },
		"a bot's":                 func(f *forge) { f.remarks[remarkRef] = Remark{Number: 7, Body: acceptLeft} },
		"closed":                  func(f *forge) { f.pulls[7].Open = false },
	} {
		t.Run(name, func(t *testing.T) {
			f, r, kept := asked(t, acceptLeft)
			set(f)
			answer, err := r.Command(t.Context(), repo, 7, command, Try{Last: true})
			if err != nil || answer != (Answer{}) || len(f.reactions)+len(*kept) != 0 {
				t.Errorf("%+v, %v", answer, err)
			}
		})
	}
}

func TestAnEditWhileACommandIsObeyedLetsItFall(t *testing.T) {
	f, r, kept := asked(t, acceptLeft)
	f.fail = func(call string) error {
		if call == "Trees" {
			f.remarks[remarkRef] = Remark{RemarkRef: remarkRef, Number: 7, Body: "never mind", Author: "keeper", AuthorID: 2, Person: true}
		}
		return nil
	}
	answer, err := r.Command(t.Context(), repo, 7, command, Try{})
	if err != nil || !strings.Contains(answer.Note, "meanwhile") || len(*kept) != 0 {
		t.Errorf("%+v, %v, %v", answer, err, *kept)
	}
}

// The first attempt stored what was accepted and ended before it read the command again;
// the event about the edit had been dealt with before.
func TestWhatAnInterruptedAttemptStoredFallsWithItsCommand(t *testing.T) {
	for name, change := range map[string]func(f *forge){
		"edited": func(f *forge) {
			edited := f.remarks[remarkRef]
			edited.Body = "never mind"
			f.remarks[remarkRef] = edited
		},
		"deleted": func(f *forge) { f.remarks = nil },
	} {
		t.Run(name, func(t *testing.T) {
			f, r, kept := asked(t, acceptLeft)
			f.fail = func(call string) error {
				if call == "Remark" && len(*kept) > 0 {
					return &Later{Reason: "GitHub asks for a pause"}
				}
				return nil
			}
			if _, err := r.Command(t.Context(), repo, 7, command, Try{}); err == nil || len(*kept) != 1 {
				t.Fatalf("%v, %v", err, *kept)
			}
			f.fail = nil
			change(f)
			answer, err := r.Command(t.Context(), repo, 7, command, Try{Last: true})
			if err != nil || !answer.Judge || len(*kept) != 0 {
				t.Errorf("%+v, %v, %v", answer, err, *kept)
			}
		})
	}
}

func TestARepeatedCommandIsNotCountedTwice(t *testing.T) {
	f, r, kept := asked(t, acceptLeft)
	for i := range MaxAcceptances - 1 {
		*kept = append(*kept, Acceptance{RemarkRef: RemarkRef{InReview, int64(100 + i)}, Acceptance: policy.Acceptance{Number: 7}})
	}
	for range 2 {
		if answer, err := r.Command(t.Context(), repo, 7, command, Try{}); err != nil || answer.Note != "" {
			t.Fatalf("%+v, %v", answer, err)
		}
	}
	other := f.remarks[remarkRef]
	other.ID = 34
	f.remarks[other.RemarkRef] = other
	one := command
	one.ID = 34
	if answer, err := r.Command(t.Context(), repo, 7, one, Try{}); err != nil || !strings.Contains(answer.Note, "more than") || len(*kept) != MaxAcceptances {
		t.Errorf("%+v, %v, %d", answer, err, len(*kept))
	}
}

func TestAReactionThatIsRefusedUndoesNothing(t *testing.T) {
	f, r, kept := asked(t, acceptLeft)
	f.fail = func(call string) error { return only(call, "React", errors.New("403")) }
	answer, err := r.Command(t.Context(), repo, 7, command, Try{})
	if err != nil || !answer.Judge || len(*kept) != 1 {
		t.Errorf("%+v, %v, %v", answer, err, *kept)
	}
}

func TestWhatIsNotKnownCannotBeAccepted(t *testing.T) {
	f, r, kept := asked(t, acceptLeft)
	r.reviewer = reviewer(&verifier{provenance: map[string]provenance.State{"left@1.0.0": provenance.Verified, "left@1.0.1": provenance.Unknown}})
	var later *Later
	if _, err := r.Command(t.Context(), repo, 7, command, Try{}); !errors.As(err, &later) {
		t.Errorf("%v: it must be asked again", err)
	}
	answer, err := r.Command(t.Context(), repo, 7, command, Try{Last: true})
	if err != nil || !strings.Contains(answer.Note, "could not be found out") || len(*kept) != 0 {
		t.Errorf("%+v, %v, %v, %v", answer, err, *kept, f.reactions)
	}
}

func TestWhatHoldsFollowsThePolicy(t *testing.T) {
	given := []Acceptance{
		{Role: WriteRole, Acceptance: policy.Acceptance{Rule: policy.RuleTooNew, By: "writer"}},
		{Role: MaintainRole, Acceptance: policy.Acceptance{Rule: policy.RuleTooNew, By: "keeper"}},
		{Role: AdminRole, ByAuthor: true, Acceptance: policy.Acceptance{Rule: policy.RuleTooNew, By: "author"}},
		{Role: AdminRole, Acceptance: policy.Acceptance{Rule: policy.RuleKnownMalware, By: "boss"}},
		{Role: AdminRole, Acceptance: policy.Acceptance{Rule: policy.RuleUnverified, By: "boss"}},
	}
	for by, want := range map[string][]string{"write": {"writer", "keeper"}, "maintain": {"keeper"}, "admin": nil, "nobody": nil, "": nil} {
		p := policy.Default()
		p.AcceptBy = by
		var got []string
		for _, a := range holding(given, p) {
			got = append(got, a.By)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", by, got, want)
		}
	}
}

func TestAGroupHoldsWhatWasAcceptedOnItsPullRequests(t *testing.T) {
	const sha, queue = "0123456789012345678901234567890123456789", "gh-readonly-queue/main/pr-"
	group := Group{HeadSHA: "group", BaseSHA: sha, BaseRef: "main"}
	named := func(ref string) Group { g := group; g.HeadRef = ref; return g }
	tests := map[string]struct {
		group  Group
		set    func(f *forge)
		within bool
	}{
		"named after it":              {named(queue + "7-" + sha), nil, true},
		"named after another":         {named(queue + "17-" + sha), nil, false},
		"another base":                {named("gh-readonly-queue/next/pr-7-" + sha), nil, false},
		"an odd name":                 {named(queue + "7-x"), nil, false},
		"merged in it":                {named(queue + "17-" + sha), func(f *forge) { f.merged = []string{"head"} }, true},
		"closed":                      {named(queue + "7-" + sha), func(f *forge) { f.pulls[7].Open = false }, false},
		"retargeted":                  {named(queue + "7-" + sha), func(f *forge) { f.pulls[7].BaseRef = "next" }, false},
		"run again, its branch there": {group, func(f *forge) { f.tips[queue+"7-"+sha] = "group" }, true},
		"run again, its branch gone":  {group, nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, r, kept := asked(t, acceptLeft)
			*kept = accepted{{Role: MaintainRole, Acceptance: policy.Acceptance{Number: 7}}}
			if tt.set != nil {
				tt.set(f)
			}
			got, err := r.acceptedInGroup(context.Background(), repo, tt.group)
			if err != nil || (len(got) == 1) != tt.within {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

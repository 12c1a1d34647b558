package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// told is what a rule would tell about the only subject of an input.
func told(t *testing.T, in Input, rule RuleName) Tell {
	t.Helper()
	for _, f := range Judge(in, Default(), now()).Findings {
		if f.Rule == rule {
			return f.Tell
		}
	}
	t.Fatalf("%s said nothing", rule)
	return Tell{}
}

// lossOf is an update that lost its provenance.
func lossOf(id string, edits ...func(*Subject)) Subject {
	name, _, _ := strings.Cut(id[1:], "@")
	name = id[:1] + name
	old, next := entry(name+"@1.14.0"), entry(id)
	s := updated(old, attested(old), next, signed(next))
	for _, edit := range edits {
		edit(&s)
	}
	return s
}

func builtIn(repository string) func(*Subject) {
	return func(s *Subject) { s.Replaced[0].Provenance.Identity.Repository = repository }
}

func seen(visibility string) func(*Subject) {
	return func(s *Subject) { s.Replaced[0].Provenance.Identity.Visibility = visibility }
}

func TestOnlyWhatIsPublicIsTold(t *testing.T) {
	const acme, github = "https://npm.acme.example/repository/team/", "https://github.com/acme/axios"
	for _, x := range []struct {
		name    string
		subject Subject
		hosts   []string // the operator's
		want    string   // the repository that is told
	}{
		{"the public registry", lossOf("axios@1.14.1"), nil, github},
		{"the other name of it", lossOf("axios@1.14.1", func(s *Subject) {
			s.Change.Entry.Resolved = strings.Replace(s.Change.Entry.Resolved, "registry.npmjs.org", "registry.yarnpkg.com", 1)
		}), nil, github},
		{"no address, the default registry", lossOf("axios@1.14.1", func(s *Subject) { s.Change.Entry.Resolved, s.Change.Replaces[0].Resolved = "", "" }), nil, github},
		{"no address, a registry of the operator", lossOf("axios@1.14.1", func(s *Subject) { s.Change.Entry.Resolved, s.Change.Replaces[0].Resolved = "", "" }), []string{"https://npm.acme.example"}, ""},
		{"another registry", lossOf("axios@1.14.1", func(s *Subject) { s.Change.Entry.Resolved = acme + "axios/-/axios-1.14.1.tgz" }), []string{"https://npm.acme.example/repository/team"}, ""},
		{"the version before is from another registry", lossOf("axios@1.14.1", func(s *Subject) { s.Change.Replaces[0].Resolved = acme + "axios/-/axios-1.14.0.tgz" }), nil, ""},
		{"the version before is another package", lossOf("axios@1.14.1", func(s *Subject) { s.Change.Replaces[0].Package.Name = "axios-fork" }), nil, ""},
		{"a public repository", lossOf("axios@1.14.1", seen("public")), nil, github},
		{"a private repository", lossOf("axios@1.14.1", seen("private")), nil, ""},
		{"an internal repository", lossOf("axios@1.14.1", seen("internal")), nil, ""},
		{"a project on GitLab", lossOf("axios@1.14.1", builtIn("https://gitlab.com/acme/web/axios")), nil, "https://gitlab.com/acme/web/axios"},
		{"an unknown forge", lossOf("axios@1.14.1", builtIn("https://git.acme.example/acme/axios")), nil, ""},
		{"a page of a repository", lossOf("axios@1.14.1", builtIn("https://github.com/acme/axios/issues")), nil, ""},
		{"a way up", lossOf("axios@1.14.1", builtIn("https://github.com/acme/..")), nil, ""},
		{"a query", lossOf("axios@1.14.1", builtIn("https://github.com/acme/axios?x=")), nil, ""},
		{"another scheme", lossOf("axios@1.14.1", builtIn("javascript://github.com/acme/axios")), nil, ""},
	} {
		got := told(t, Input{Subjects: []Subject{x.subject}, KnownHosts: map[string][]string{"": x.hosts}}, RuleProvenanceLost)
		if got.Repository != x.want || (got.To != "") != (x.want != "") {
			t.Errorf("%s: %q is told at %q, expected %q", x.name, got.To, got.Repository, x.want)
		}
	}
}

func TestWhatAMaintainerIsTold(t *testing.T) {
	s := lossOf("axios@1.14.1", func(s *Subject) {
		s.Change.Entry.Lockfile, s.Change.Entry.Location = "apps/secret-project/package-lock.json", "apps/secret-project/node_modules/axios"
		s.Change.Entry.Workspaces, s.Change.Entry.Alias = []string{"secret-project"}, "secret-alias"
		s.Replaced[0].Provenance.Identity.Run = "https://github.com/acme/axios/actions/runs/9001/attempts/1"
		s.History = &registry.History{Name: "axios", Releases: []registry.Past{
			{Version: "1.14.0", Published: now().Add(-900 * time.Hour), Announced: true}, {Version: "1.14.1", Published: now().Add(-90 * time.Hour)},
		}}
	})
	got := told(t, Input{Subjects: []Subject{s}}, RuleProvenanceLost)
	if want := "`axios@1.14.1` was published without build provenance"; got.Title != want {
		t.Errorf("the title is %q, expected %q", got.Title, want)
	}
	for _, want := range []string{
		"- `1.14.1`, published on 2026-10-28 by the account `robin`, has no build provenance\n",
		"- `1.14.0`, before it, was built from this repository at commit `1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d` by `.github/workflows/release.yml`, run `actions/runs/9001/attempts/1`\n",
		"id-token: write", "trusted publishing",
	} {
		if !strings.Contains(got.Body, want) {
			t.Errorf("the text does not say %q:\n%s", want, got.Body)
		}
	}
	if strings.Contains(got.Title+got.Body, "secret") || strings.Contains(got.Body, "lock") {
		t.Errorf("the text tells of the repository that is judged:\n%s", got.Body)
	}
}

func TestWhatIsQuotedToAMaintainerIsNothingButText(t *testing.T) {
	for _, hostile := range []string{
		"@everyone", "`<img src=x>`", "](https://evil.example)", "<script>", "robin`\n\n# Heading", "``` @team", "a\u202eb", strings.Repeat("x", 500), "\xff", " ",
	} {
		s := lossOf("axios@1.14.1", func(s *Subject) {
			s.Evidence.Release.Publisher.Name = hostile
			s.Replaced[0].Provenance.Identity.Workflow, s.Replaced[0].Provenance.Identity.Run = hostile, "https://github.com/acme/axios"+hostile
		})
		got := told(t, Input{Subjects: []Subject{s}}, RuleProvenanceLost)
		for line := range strings.SplitSeq(got.Body, "\n") {
			if strings.Count(line, "`")%2 != 0 {
				t.Errorf("%q ends the code that it stands in: %q", hostile, line)
			}
			outside := ""
			for i, part := range strings.Split(line, "`") {
				if i%2 == 0 {
					outside += part
				}
			}
			if strings.ContainsAny(outside, "<>@#") || strings.Contains(outside, "evil") {
				t.Errorf("%q stands outside of code: %q", hostile, outside)
			}
		}
		if len(got.Body) > 2500 {
			t.Errorf("a text of %d bytes", len(got.Body))
		}
	}
}

func TestWhoIsToldOfWhat(t *testing.T) {
	old, next := entry("axios@1.14.0"), entry("axios@1.14.1")
	elsewhere := func(ev *provenance.Evidence) {
		i := ev.Provenance.Identity
		i.Repository, i.RepositoryID, i.OwnerID = "https://github.com/mallory/axios", "6666", "666"
	}
	anew := func(ev *provenance.Evidence) { i := ev.Provenance.Identity; i.RepositoryID, i.OwnerID = "6666", "666" }
	approvedBy := func(ev *provenance.Evidence) { ev.Release.Publisher.Approver = "robin" }
	malware := updated(old, attested(old), next, signed(next))
	malware.Malware = []Advisory{{ID: "GHSA-aaaa-bbbb-cccc"}}
	gone := malware
	gone.Evidence = provenance.Evidence{Package: next.Package, Gone: true}
	known := entry("semver@6.3.1")
	for _, x := range []struct {
		name    string
		subject Subject
		rule    RuleName
		want    Audience
	}{
		{"provenance was lost", updated(old, attested(old), next, signed(next)), RuleProvenanceLost, TellMaintainer},
		{"the publisher was lost", updated(old, attested(old), next, signed(next)), RulePublisherLost, TellMaintainer},
		{"a person approved it", updated(old, attested(old), next, signed(next, approvedBy)), RulePublisherLost, ""},
		{"another repository", updated(old, attested(old), next, attested(next, elsewhere)), RuleRepositoryChanged, TellMaintainer},
		{"made anew under its name: the address is a stranger's", updated(old, attested(old), next, attested(next, anew)), RuleRepositoryChanged, ""},
		{"a known harmless loss", updated(entry("semver@6.3.0"), attested(entry("semver@6.3.0")), known, signed(known)), RuleProvenanceLost, ""},
		{"a downgrade to an older line", updated(entry("axios@2.0.0"), attested(entry("axios@2.0.0")), next, signed(next)), RuleProvenanceLost, ""},
		{"malware that is still published", malware, RuleKnownMalware, TellRegistry},
		{"malware that was withdrawn", gone, RuleKnownMalware, ""},
	} {
		if got := told(t, Input{Subjects: []Subject{x.subject}}, x.rule); got.To != x.want {
			t.Errorf("%s: %q is told, expected %q", x.name, got.To, x.want)
		}
	}
}

func TestTheNewestEarlierVersionWithWhatThisOneLacksIsNamed(t *testing.T) {
	old, next := entry("axios@1.13.0"), entry("axios@1.14.1")
	deprecated := func(ev *provenance.Evidence) { ev.Release.Deprecated = "broken" }
	forged := func(ev *provenance.Evidence) { ev.Signature.Check = invalid("it does not hold") }
	gone := func(ev *provenance.Evidence) { ev.Gone = true }
	witness := func(id string, edits ...func(*provenance.Evidence)) Witness {
		return Witness{entry(id).Package, attested(entry(id), edits...)}
	}
	announced := &registry.History{Name: "axios", Releases: []registry.Past{{Version: "1.14.0", Published: now().Add(-900 * time.Hour), Announced: true}, {Version: "1.14.1", Published: now()}}}
	for _, x := range []struct {
		name      string
		witnesses []Witness
		history   *registry.History
		malware   string
		want      string
	}{
		{"what is replaced", nil, nil, "", "1.13.0"},
		{"a newer one of the history", []Witness{witness("axios@1.14.0")}, nil, "", "1.14.0"},
		{"an older one of the history", []Witness{witness("axios@1.9.0")}, nil, "", "1.13.0"},
		{"not one that only says so", nil, announced, "", "1.13.0"},
		{"not a later one", []Witness{witness("axios@1.15.0")}, nil, "", "1.13.0"},
		{"not itself", []Witness{witness("axios@1.14.1")}, nil, "", "1.13.0"},
		{"not the same one with other build metadata", []Witness{witness("axios@1.14.1+2")}, nil, "", "1.13.0"},
		{"not a prerelease", []Witness{witness("axios@1.14.1-rc.1")}, nil, "", "1.13.0"},
		{"not what is no version", []Witness{witness("axios@latest")}, nil, "", "1.13.0"},
		{"not another package", []Witness{witness("axios-fork@1.14.0")}, nil, "", "1.13.0"},
		{"not a deprecated one", []Witness{witness("axios@1.14.0", deprecated)}, nil, "", "1.13.0"},
		{"not one with an invalid signature", []Witness{witness("axios@1.14.0", forged)}, nil, "", "1.13.0"},
		{"not one that is gone", []Witness{witness("axios@1.14.0", gone)}, nil, "", "1.13.0"},
		{"not malware", []Witness{witness("axios@1.14.0")}, nil, "axios@1.14.0", "1.13.0"},
	} {
		s := updated(old, attested(old), next, signed(next))
		s.Witnesses, s.History = x.witnesses, x.history
		in := Input{Subjects: []Subject{s}}
		if x.malware != "" {
			e := entry(x.malware)
			m := added(e, attested(e))
			m.Malware = []Advisory{{ID: "GHSA-aaaa-bbbb-cccc"}}
			in.Subjects = append(in.Subjects, m)
		}
		found := false
		for _, f := range Judge(in, Default(), now()).Findings {
			if f.Rule != RuleProvenanceLost || f.Package != next.Package {
				continue
			}
			if found = true; f.Better != x.want {
				t.Errorf("%s: %q is better, expected %q", x.name, f.Better, x.want)
			}
		}
		if !found {
			t.Errorf("%s: nothing was lost", x.name)
		}
	}
}

func TestAFindingAboutManyTellsNobody(t *testing.T) {
	var subjects []Subject
	for i := range 40 {
		name := fmt.Sprintf("package-%02d", i)
		before, e := entry(name+"@1.0.0"), entry(name+"@1.0.1")
		subjects = append(subjects, updated(before, signed(before), e, signed(e, func(ev *provenance.Evidence) {
			ev.Signature = provenance.Signature{Check: absent("not signed")}
		})))
	}
	findings := Judge(Input{Subjects: subjects}, Default(), now()).Findings
	if len(findings) != 1 {
		t.Fatalf("%d findings", len(findings))
	}
	for _, f := range findings {
		if f.Count != 40 || f.Package != (dep.Package{}) {
			t.Errorf("a finding about %d packages", f.Count)
		}
		if f.Better != "" || f.Tell != (Tell{}) || f.Why == "" || f.Benign == "" {
			t.Errorf("a finding about many says %+v", f)
		}
	}
}

package policy

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

var update = flag.Bool("update", false, "write the golden files and the generated parts of the documentation")

// example is one case of one rule. want is what the rule says to it: the severity
// of each finding, "unknown" where it is one that could not be answered; empty where
// the rule is silent.
type example struct {
	name    string
	subject []Subject
	problem []Problem
	hosts   map[string][]string
	specs   map[string][]dep.Spec
	policy  *Policy // nil for the default one
	counted []Inventory
	malware Inquiry
	want    []string
}

// held runs examples of one rule through Judge under the default policy: what the
// rule says must be as many findings, as grave, as the table states, and the texts
// must be those of the golden file.
func held(t *testing.T, rule RuleName, examples []example) {
	t.Helper()
	var out strings.Builder
	for _, x := range examples {
		p := Default()
		if x.policy != nil {
			p = *x.policy
		}
		input := Input{Subjects: x.subject, Problems: x.problem, KnownHosts: x.hosts, KnownSpecs: x.specs, Inventories: x.counted, Malware: x.malware}
		if len(x.subject) < 20 {
			keeps(t, x.name, input, p)
		}
		v := Judge(input, p, now())
		var got []string
		fmt.Fprintf(&out, "## %s\n", x.name)
		for _, f := range v.Findings {
			if f.Rule != rule {
				continue
			}
			grade := string(f.Severity)
			if f.Unknown {
				grade = "unknown"
			}
			got = append(got, grade)
			fmt.Fprintf(&out, "%s %s %s:%d\n  %s\n  Help: %s\n", grade, strconv.QuoteToASCII(f.Package.ID()), f.Lockfile, f.Line, f.Message, f.Help)
			if f.Benign != "" {
				fmt.Fprintf(&out, "  Benign causes: %s\n", f.Benign)
			}
			if f.Better != "" {
				fmt.Fprintf(&out, "  Better: %s\n", f.Better)
			}
			if f.Tell.To != "" {
				out.WriteString(strings.TrimRight(fmt.Sprintf("  Tell: %s %s %s", f.Tell.To, f.Tell.Repository, f.Tell.Title), " ") + "\n")
			}
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%s: the rule said %q, expected %q\nall findings: %+v", x.name, got, x.want, v.Findings)
		}
		if len(got) == 0 {
			out.WriteString("silent\n")
		}
	}
	golden(t, filepath.Join("testdata", string(rule)+".golden"), out.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run go test ./app/policy -update", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run go test ./app/policy -update and look at the difference\ngot:\n%s", file, got)
	}
}

func withDigest(differs, lockfile, reg, att string) func(*provenance.Evidence) {
	return func(ev *provenance.Evidence) {
		ev.Digest = provenance.Digest{Check: invalid("they differ"), Differs: differs, Lockfile: lockfile, Registry: reg, Attested: att}
	}
}

func TestDigestMismatch(t *testing.T) {
	e := entry("left-pad@1.3.0")
	a, b := digest("a").SRI(), digest("b").SRI()
	held(t, RuleDigestMismatch, []example{
		{name: "all agree", subject: []Subject{added(e, attested(e))}},
		{name: "the lockfile differs by one byte", subject: []Subject{added(e, attested(e, withDigest("lockfile", a, b, b)))}, want: []string{"error"}},
		{name: "the registry serves other bytes", subject: []Subject{added(e, signed(e, withDigest("registry", a, b, a)))}, want: []string{"error"}},
		{name: "the attestation is of other bytes", subject: []Subject{added(e, attested(e, withDigest("attested", a, a, b)))}, want: []string{"error"}},
		{name: "not said which", subject: []Subject{added(e, attested(e, withDigest("", "", "", "")))}, want: []string{"error"}},
		{name: "removed", subject: []Subject{removed(e)}},
	})
}

func TestSignatureMissing(t *testing.T) {
	e := entry("left-pad@1.3.0")
	unsigned := func(ev *provenance.Evidence) {
		ev.Signature = provenance.Signature{Check: absent("The registry publishes signing keys, but did not sign left-pad@1.3.0.")}
	}
	keyless := func(ev *provenance.Evidence) {
		ev.Signature = provenance.Signature{Check: absent("no key is known"), NotRequired: true}
	}
	held(t, RuleSignatureMissing, []example{
		{name: "signed", subject: []Subject{added(e, signed(e))}},
		{name: "not signed", subject: []Subject{added(e, signed(e, unsigned))}, want: []string{"error"}},
		{name: "a registry without keys", subject: []Subject{added(e, signed(e, keyless))}},
		{name: "not found out is not missing", subject: []Subject{added(e, down(e))}},
	})
}

func TestSignatureInvalid(t *testing.T) {
	e := entry("left-pad@1.3.0")
	bad := func(ev *provenance.Evidence) {
		ev.Signature = provenance.Signature{Check: invalid("it was made over another digest"), KeyID: "SHA256:DhQ8wR5APBvFHLF"}
	}
	held(t, RuleSignatureInvalid, []example{
		{name: "holds", subject: []Subject{added(e, signed(e))}},
		{name: "does not hold", subject: []Subject{added(e, signed(e, bad))}, want: []string{"error"}},
	})
}

func TestProvenanceInvalid(t *testing.T) {
	old, e := entry("quiet-retry@3.1.0"), entry("quiet-retry@3.2.0")
	foreign := func(ev *provenance.Evidence) {
		ev.Provenance = provenance.Provenance{Check: invalid("The provenance of quiet-retry@3.2.0 does not hold: its subject is pkg:npm/other@1.0.0."), Announced: true}
	}
	strange := func(ev *provenance.Evidence) {
		ev.Provenance = provenance.Provenance{Check: invalid("the predicate type is https://example.com/v9"), Unsupported: true}
	}
	publish := func(ev *provenance.Evidence) {
		ev.Publish = provenance.Publish{Check: invalid("it names another registry")}
	}
	held(t, RuleProvenanceInvalid, []example{
		{name: "holds", subject: []Subject{added(e, attested(e))}},
		{name: "a valid bundle of another package", subject: []Subject{updated(old, attested(old), e, attested(e, foreign))}, want: []string{"error"}},
		{name: "a kind that is not known", subject: []Subject{added(e, attested(e, strange))}, want: []string{"error"}},
		{name: "the publish attestation", subject: []Subject{added(e, attested(e, publish))}, want: []string{"error"}},
		{name: "both", subject: []Subject{added(e, attested(e, foreign, publish))}, want: []string{"error", "error"}},
		{name: "none is not invalid", subject: []Subject{added(e, signed(e))}},
	})
}

func TestProvenanceMissing(t *testing.T) {
	e := entry("left-pad@1.3.0")
	withheld := func(ev *provenance.Evidence) {
		ev.Provenance = provenance.Provenance{Check: absent("the registry answered 404"), Announced: true}
	}
	timeout := func(ev *provenance.Evidence) {
		ev.Provenance = provenance.Provenance{Check: unknownCheck("timeout"), Announced: true}
	}
	held(t, RuleProvenanceMissing, []example{
		{name: "announced and there", subject: []Subject{added(e, attested(e))}},
		{name: "announced and not there", subject: []Subject{added(e, attested(e, withheld))}, want: []string{"error"}},
		{name: "announced and not found out", subject: []Subject{added(e, attested(e, timeout))}},
		{name: "never announced", subject: []Subject{added(e, signed(e))}},
	})
}

func TestProvenanceLost(t *testing.T) {
	old, e := entry("axios@1.14.0"), entry("axios@1.14.1", at(212))
	noBuilder := func(ev *provenance.Evidence) { ev.Provenance.Identity = nil }
	nobody := func(ev *provenance.Evidence) { ev.Release = nil }
	gone := provenance.Evidence{Package: old.Package, Gone: true}
	withUnsupported := func(ev *provenance.Evidence) { ev.Provenance.Unsupported = true }

	duplicate := updated(old, attested(old), e, signed(e))
	ancient := entry("axios@0.19.0")
	duplicate.Change.Replaces = []dep.Entry{ancient, old}
	duplicate.Replaced = []provenance.Evidence{signed(ancient), attested(old)}

	oneGone := duplicate
	oneGone.Replaced = []provenance.Evidence{gone, attested(old)}

	renamed := updated(entry("axios-old@1.14.0"), attested(entry("axios-old@1.14.0")), e, signed(e))

	nested := added(e, signed(e))
	above, root := entry("semver@7.6.3"), entry("semver@6.3.2")
	next, zero, patch := entry("semver@8.0.0"), entry("tiny@0.5.0"), entry("tiny@0.4.9")
	back := entry("axios@1.13.9")
	broken := func(ev *provenance.Evidence) {
		ev.Provenance = provenance.Provenance{Check: invalid("its log entry is missing")}
	}
	strange := func(ev *provenance.Evidence) { ev.Provenance.Unsupported = true }
	acrossLines := updated(above, attested(above), root, signed(root))
	held(t, RuleProvenanceLost, append(provenanceLostByLine(), []example{
		{name: "another copy stays and has it", subject: []Subject{beside(nested, old, attested(old))}, want: []string{"error"}},
		{name: "another copy stays and has none", subject: []Subject{beside(nested, old, signed(old))}},
		{name: "a stay speaks where the replaced one has none", subject: []Subject{beside(updated(back, signed(back), e, signed(e)), old, attested(old))}, want: []string{"error"}},
		{name: "a stay that is gone is nothing to tell", subject: []Subject{beside(nested, old, gone)}},
		{name: "hoisting puts an older line in the place of a newer one", subject: []Subject{acrossLines}, want: []string{"notice"}},
		{name: "the newer line hides nothing of its own", subject: []Subject{beside(acrossLines, entry("semver@6.3.0"), attested(entry("semver@6.3.0")))}, want: []string{"error"}},
		{name: "a new line without it", subject: []Subject{updated(above, attested(above), next, signed(next))}, want: []string{"error"}},
		{name: "back within the line", subject: []Subject{updated(old, attested(old), back, signed(back))}, want: []string{"error"}},
		{name: "below 1.0.0 a minor version is a line", subject: []Subject{updated(zero, attested(zero), patch, signed(patch))}, want: []string{"notice"}},
		{name: "the old one does not hold", subject: []Subject{updated(old, attested(old, broken), e, signed(e))}, want: []string{"warning"}},
		{name: "the old one is of a kind that is not known", subject: []Subject{updated(old, signed(old, strange), e, signed(e))}, want: []string{"warning"}},
		{name: "both are of a kind that is not known", subject: []Subject{updated(old, signed(old, strange), e, signed(e, strange))}},
		{name: "both have it", subject: []Subject{updated(old, attested(old), e, attested(e))}},
		{name: "neither has it", subject: []Subject{updated(old, signed(old), e, signed(e))}},
		{name: "gained", subject: []Subject{updated(old, signed(old), e, attested(e))}},
		{name: "lost", subject: []Subject{updated(old, attested(old), e, signed(e))}, want: []string{"error"}},
		{name: "lost, and little is known", subject: []Subject{updated(old, attested(old, noBuilder), e, signed(e, nobody))}, want: []string{"error"}},
		{name: "lost, another attestation is there", subject: []Subject{updated(old, attested(old), e, signed(e, withUnsupported))}, want: []string{"error"}},
		{name: "an old duplicate hides nothing", subject: []Subject{duplicate}, want: []string{"error"}},
		{name: "one of two is gone", subject: []Subject{oneGone}, want: []string{"error", "notice"}},
		{name: "the replaced one is gone", subject: []Subject{updated(old, gone, e, signed(e))}, want: []string{"notice"}},
		{name: "under another name", subject: []Subject{renamed}, want: []string{"error"}},
		{name: "the new one is unknown, not lost", subject: []Subject{updated(old, attested(old), e, down(e))}},
		{name: "the old one is unknown, not lost", subject: []Subject{updated(old, down(old), e, signed(e))}},
		{name: "added", subject: []Subject{added(e, signed(e))}},
		{name: "removed", subject: []Subject{removed(old)}},
	}...))
}

func TestPublisherLost(t *testing.T) {
	old, e := entry("axios@1.14.0"), entry("axios@1.14.1")
	token := func(ev *provenance.Evidence) { ev.Release.Publisher = registry.Publisher{Name: "jo"} }
	elsewhere := func(ev *provenance.Evidence) {
		ev.Provenance.Identity.Workflow = ".github/workflows/other.yml"
	}
	otherRepo := func(ev *provenance.Evidence) { ev.Provenance.Identity.RepositoryID = "2000" }
	approved := func(ev *provenance.Evidence) {
		ev.Release.Publisher = registry.Publisher{Name: "jo", Approver: "sam"}
	}
	circle := func(ev *provenance.Evidence) { ev.Provenance = provenance.Provenance{Check: absent("")} }
	newer, older := entry("axios@2.0.0"), entry("axios@0.30.2")
	held(t, RulePublisherLost, append(publisherLostByLine(), []example{
		{name: "another copy stays and came from one", subject: []Subject{beside(added(e, attested(e, token, elsewhere)), old, attested(old))}, want: []string{"error"}},
		{name: "another copy stays, same repository and workflow", subject: []Subject{beside(added(e, attested(e, token)), old, attested(old))}, want: []string{"warning"}},
		{name: "an older line in the place of a newer one", subject: []Subject{updated(newer, attested(newer), older, signed(older))}, want: []string{"notice"}},
		{name: "kept", subject: []Subject{updated(old, attested(old), e, attested(e))}},
		{name: "lost with the provenance", subject: []Subject{updated(old, attested(old), e, signed(e))}, want: []string{"error"}},
		{name: "same repository and workflow", subject: []Subject{updated(old, attested(old), e, attested(e, token))}, want: []string{"warning"}},
		{name: "another workflow", subject: []Subject{updated(old, attested(old), e, attested(e, token, elsewhere))}, want: []string{"error"}},
		{name: "another repository", subject: []Subject{updated(old, attested(old), e, attested(e, token, otherRepo))}, want: []string{"error"}},
		{name: "a person approved", subject: []Subject{updated(old, attested(old), e, signed(e, approved))}, want: []string{"warning"}},
		{name: "a trusted publisher that gives no provenance", subject: []Subject{updated(old, attested(old, circle), e, signed(e))}, want: []string{"error"}},
		{name: "never had one", subject: []Subject{updated(old, signed(old), e, signed(e))}},
		{name: "the new one is unknown", subject: []Subject{updated(old, attested(old), e, down(e))}},
	}...))
}

func TestSourceMismatch(t *testing.T) {
	old, e := entry("weave@1.4.0"), entry("weave@1.5.0")
	declares := func(stated string) func(*provenance.Evidence) {
		return func(ev *provenance.Evidence) { ev.Release.Repository = stated }
	}
	builtIn := func(address string) func(*provenance.Evidence) {
		return func(ev *provenance.Evidence) { ev.Provenance.Identity.Repository = address }
	}
	nameless := func(ev *provenance.Evidence) { ev.Provenance.Identity = nil }
	unread := func(ev *provenance.Evidence) { ev.Release = nil }
	foreign := func(ev *provenance.Evidence) {
		ev.Provenance = provenance.Provenance{Check: invalid("its subject is pkg:npm/other@1.0.0")}
	}
	const same, other = "git+https://github.com/acme/weave.git", "git+https://github.com/acme/weave-js.git"
	declared := func(stated string) []Subject { return []Subject{added(e, attested(e, declares(stated)))} }
	audited := func(e dep.Entry, stated string) Subject {
		s := added(e, attested(e, declares(stated)))
		s.Change.Kind = ""
		return s
	}
	of := func(stated string, edits ...func(*provenance.Evidence)) (many []Subject) {
		for i, name := range []string{"a", "b", "c", "d", "e", "f"} {
			e := entry("@weave/"+name+"@2.0.0", at(20+i))
			many = append(many, added(e, attested(e, append(edits, declares(stated))...)))
		}
		return many
	}
	var kept []Subject
	for i, name := range []string{"a", "b", "c"} {
		kept = append(kept, audited(entry("@weave/"+name+"@2.0.0", at(20+i)), "github:acme/old-"+name))
	}
	private := entry("weave@1.5.0", from(dep.Git, "git+ssh://git@github.com/acme/weave.git"))
	held(t, RuleSourceMismatch, []example{
		{name: "agrees", subject: declared(same)},
		{name: "agrees as shorthand", subject: declared("acme/weave")},
		{name: "agrees as shorthand with the host", subject: declared("github:acme/weave")},
		{name: "agrees in another case", subject: declared("https://GitHub.com/Acme/Weave")},
		{name: "agrees as the page of a folder", subject: declared("https://github.com/acme/weave/tree/main/packages/core#readme")},
		{name: "agrees over ssh", subject: declared("git@github.com:acme/weave.git")},
		{name: "a project in a group of GitLab", subject: []Subject{added(e, attested(e, builtIn("https://gitlab.com/acme/web/weave"), declares("gitlab:acme/web/weave")))}},
		{name: "declares none", subject: declared("")},
		{name: "another name", subject: declared(other), want: []string{"warning"}},
		{name: "another owner", subject: declared("https://github.com/weave-team/weave"), want: []string{"warning"}},
		{name: "another host", subject: declared("gitlab:acme/weave"), want: []string{"warning"}},
		{name: "a name that looks alike", subject: declared("https://github.com/\u0430cme/weave"), want: []string{"warning"}},
		{name: "a host that is GitHub's in front only", subject: declared("https://github.com.acme.example/acme/weave"), want: []string{"warning"}},
		{name: "user and password are not repeated", subject: declared("https://robin:s3cret@git.acme.example/acme/weave"), want: []string{"warning"}},
		{name: "characters that cannot be seen", subject: declared("https://github.com/acme/we\u200bave"), want: []string{"warning"}},
		{name: "another group of GitLab", subject: []Subject{added(e, attested(e, builtIn("https://gitlab.com/acme/web/weave"), declares("https://gitlab.com/acme/weave")))}, want: []string{"warning"}},
		{name: "no longer agrees", subject: []Subject{updated(old, attested(old, declares(same)), e, attested(e, declares(same), builtIn("https://github.com/mallory/weave")))}, want: []string{"warning"}},
		{name: "agrees again", subject: []Subject{updated(old, attested(old, declares(other)), e, attested(e, declares(same)))}},
		{name: "as with the version before", subject: []Subject{updated(old, attested(old, declares(other)), e, attested(e, declares(other)))}, want: []string{"notice"}},
		{name: "as with a version that stays", subject: []Subject{beside(added(e, attested(e, declares(other))), old, attested(old, declares("acme/weave-js")))}, want: []string{"notice"}},
		{name: "the version before declared the same and was built elsewhere", subject: []Subject{updated(old, attested(old, declares(other), builtIn("https://github.com/acme/weave-js")), e, attested(e, declares(other)))}, want: []string{"warning"}},
		{name: "the version before has no provenance", subject: []Subject{updated(old, signed(old, declares(other)), e, attested(e, declares(other)))}, want: []string{"warning"}},
		{name: "many of one repository that was renamed", subject: of(other, builtIn("https://github.com/acme/loom")), want: []string{"warning"}},
		{name: "declares a home page", subject: declared("https://weave.example"), want: []string{"notice"}},
		{name: "declares an owner alone", subject: declared("https://github.com/acme"), want: []string{"notice"}},
		{name: "declares something else", subject: declared("see the \"website\"\nand ask"), want: []string{"notice"}},
		{name: "many declare something else", subject: of("private"), want: []string{"notice"}},
		{name: "in an audit", subject: []Subject{audited(e, other)}, want: []string{"notice"}},
		{name: "in an audit, several", subject: kept, want: []string{"notice"}},
		{name: "no provenance", subject: []Subject{added(e, signed(e, declares(other)))}},
		{name: "provenance that does not hold", subject: []Subject{added(e, attested(e, foreign, declares(other)))}},
		{name: "provenance that could not be found out is told by another rule", subject: []Subject{added(e, down(e))}},
		{name: "a certificate that names no repository", subject: []Subject{added(e, attested(e, declares(same), nameless))}, want: []string{"unknown"}},
		{name: "what the package declares is not known", subject: []Subject{added(e, attested(e, unread))}, want: []string{"unknown"}},
		{name: "comes from git", subject: []Subject{unlooked(added(private, signed(private)), "comes from git")}},
		{name: "removed", subject: []Subject{func() Subject {
			s := removed(e)
			s.Evidence = attested(e, declares(other))
			return s
		}()}},
	})
}

// A warning that nobody can answer must not fail a check, whatever the policy says.
func TestASourceThatCannotBeComparedDoesNotFail(t *testing.T) {
	e := entry("weave@1.5.0")
	ev := attested(e)
	ev.Release.Repository, ev.Provenance.Identity = "acme/weave", nil
	v := Judge(Input{Subjects: []Subject{added(e, ev)}}, Default().With(RuleSourceMismatch, Error), now())
	if v.Conclusion != Success || len(v.Findings) != 1 || v.Findings[0].Severity != Warning || !v.Findings[0].Unknown {
		t.Errorf("%+v", v)
	}
}

func TestProvenanceAbsent(t *testing.T) {
	a, b, old := entry("paper-rain@1.3.0", at(44)), entry("confetti@2.0.0", at(12)), entry("paper-rain@1.2.0")
	elsewhere := entry("confetti@2.0.0", in("web/package-lock.json"))
	held(t, RuleProvenanceAbsent, []example{
		{name: "one is named", subject: []Subject{added(a, signed(a))}, want: []string{"notice"}},
		{name: "two of a lockfile are told together", subject: []Subject{added(a, signed(a)), added(b, signed(b))}, want: []string{"notice"}},
		{name: "each lockfile is told", subject: []Subject{added(a, signed(a)), added(b, signed(b)), added(elsewhere, signed(elsewhere))}, want: []string{"notice", "notice"}},
		{name: "with provenance", subject: []Subject{added(a, attested(a))}},
		{name: "an update", subject: []Subject{updated(old, signed(old), a, signed(a))}},
		{name: "unknown is not absent", subject: []Subject{added(a, down(a))}},
	})
}

func TestNameInvalid(t *testing.T) {
	named := func(name, version string, edits ...func(*dep.Entry)) []Subject {
		e := entry("x@1.0.0", edits...)
		e.Package.Name, e.Package.Version = name, version
		return []Subject{added(e, signed(e))}
	}
	alias := func(name string) func(*dep.Entry) { return func(e *dep.Entry) { e.Alias = name } }
	held(t, RuleNameInvalid, []example{
		{name: "ordinary", subject: named("lodash", "4.17.21")},
		{name: "scoped", subject: named("@babel/core", "7.26.0-beta.1+build.5")},
		{name: "old, with capitals", subject: named("JSONStream", "1.3.5")},
		{name: "a Cyrillic o", subject: named("l\u043edash", "4.17.21"), want: []string{"error"}},
		{name: "a zero-width space", subject: named("lodash\u200b", "4.17.21"), want: []string{"error"}},
		{name: "a bidirectional override", subject: named("\u202esadol", "4.17.21"), want: []string{"error"}},
		{name: "a line break", subject: named("lodash\n", "4.17.21"), want: []string{"error"}},
		{name: "bytes that are no text", subject: named("lod\xffash", "4.17.21"), want: []string{"error"}},
		{name: "capitals in a scope", subject: named("@Babel/core", "7.26.0"), want: []string{"error"}},
		{name: "a path", subject: named("../evil", "1.0.0"), want: []string{"error"}},
		{name: "a property of every object", subject: named("__proto__", "1.0.0"), want: []string{"error"}},
		{name: "very long", subject: named(strings.Repeat("a", 300), "1.0.0"), want: []string{"error"}},
		{name: "a range for a version", subject: named("lodash", "^4.17.21"), want: []string{"error"}},
		{name: "an alias with a look-alike", subject: named("lodash", "4.17.21", alias("lod\u0430sh")), want: []string{"error"}},
		{name: "a version of a git source", subject: named("lodash", "", from(dep.Git, "git+https://github.com/a/b.git#1"))},
		{name: "a folder of the repository", subject: named("Ünï code", "", from(dep.Link, "packages/a"))},
		{name: "removed", subject: []Subject{removed(entry("l\u043edash@4.17.21"))}},
	})
}

const (
	repoA = "git+ssh://git@github.com/acme/path-weave.git#1111111111111111111111111111111111111111"
	repoB = "git+https://github.com/acme/path-weave.git#2222222222222222222222222222222222222222"
)

func TestRepinned(t *testing.T) {
	e := entry("money-parts@1.9.0", at(77))
	mirror := func(e *dep.Entry) {
		e.Resolved = strings.Replace(e.Resolved, "registry.npmjs.org", "npm.acme.example", 1)
	}
	yarn := func(e *dep.Entry) {
		e.Resolved = strings.Replace(e.Resolved, "registry.npmjs.org", "registry.yarnpkg.com", 1)
	}
	unencrypted := func(e *dep.Entry) { e.Resolved = strings.Replace(e.Resolved, "https:", "http:", 1) }
	nowhere := func(e *dep.Entry) { e.Resolved = "" }
	var moved []Subject
	for i := range 12 {
		name := fmt.Sprintf("part-%02d@1.0.0", i)
		moved = append(moved, repin(entry(name, at(100+i)), entry(name, at(100+i), mirror)))
	}
	known := map[string][]string{"package-lock.json": {"https://npm.acme.example"}}
	archived := func(e *dep.Entry) {
		e.Source, e.Resolved = dep.URL, "https://codeload.github.com/acme/money-parts/tar.gz/"+strings.Repeat("a", 40)
		setDigests(e, digest("archive"))
	}
	unnamed := func(v string) dep.Entry { // bun keeps no version of what the manifest asks for by address
		e := entry("is-number@", from(dep.URL, "https://registry.npmjs.org/is-number/-/is-number-"+v+".tgz"))
		setDigests(&e, digest(v))
		return e
	}
	otherwise := unnamed("7.0.0")
	setDigests(&otherwise, digest("evil"))
	held(t, RuleRepinned, []example{
		{name: "other bytes", subject: []Subject{repin(e, entry("money-parts@1.9.0", digests(digest("evil"))))}, want: []string{"error"}},
		{name: "a second digest of the same kind", subject: []Subject{repin(e, entry("money-parts@1.9.0", digests(e.Digests[0], digest("evil"))))}, want: []string{"error"}},
		{name: "sha1 becomes sha512", subject: []Subject{repin(entry("money-parts@1.9.0", digests(sha1("x"))), e)}},
		{name: "a digest is added", subject: []Subject{repin(entry("money-parts@1.9.0", digests()), e)}},
		{name: "a digest went away", subject: []Subject{repin(e, entry("money-parts@1.9.0", digests()))}},
		{name: "npm's other public name", subject: []Subject{repin(e, entry("money-parts@1.9.0", yarn))}},
		{name: "http becomes https", subject: []Subject{repin(entry("money-parts@1.9.0", unencrypted, digests()), e)}},
		{name: "the address is left out", subject: []Subject{repin(e, entry("money-parts@1.9.0", nowhere))}},
		{name: "another host", subject: []Subject{repin(e, entry("money-parts@1.9.0", mirror))}, want: []string{"error"}},
		{name: "a host the lockfile uses, same bytes", subject: []Subject{repin(e, entry("money-parts@1.9.0", mirror))}, hosts: known},
		{name: "a host the lockfile uses, no digest", subject: []Subject{repin(entry("money-parts@1.9.0", digests()), entry("money-parts@1.9.0", mirror, digests()))}, hosts: known, want: []string{"error"}},
		{name: "from a private registry to wherever", subject: []Subject{repin(entry("money-parts@1.9.0", mirror, digests()), entry("money-parts@1.9.0", nowhere, digests()))}, want: []string{"error"}},
		{name: "a whole lockfile moves", subject: moved, want: []string{"error"}},
		{name: "git instead of the registry", subject: []Subject{repin(e, entry("money-parts@1.9.0", from(dep.Git, repoA)))}, want: []string{"error"}},
		{name: "a git source that moves on", subject: []Subject{repin(entry("money-parts@1.9.0", from(dep.Git, repoA)), entry("money-parts@1.9.0", from(dep.Git, repoB)))}},
		{name: "the registry instead of git", subject: []Subject{repin(entry("money-parts@1.9.0", from(dep.Git, repoA)), e)}, want: []string{"warning"}},
		{name: "the registry instead of an archive with a digest", subject: []Subject{repin(entry("money-parts@1.9.0", archived), e)}, want: []string{"warning"}},
		{name: "another registry instead of git", subject: []Subject{repin(entry("money-parts@1.9.0", from(dep.Git, repoA)), entry("money-parts@1.9.0", mirror))}, want: []string{"error"}},
		{name: "without a version, and another address", subject: []Subject{repin(unnamed("7.0.0"), unnamed("6.0.0"))}},
		{name: "without a version, and other bytes at the address", subject: []Subject{repin(unnamed("7.0.0"), otherwise)}, want: []string{"error"}},
		{name: "another version", subject: []Subject{updated(e, signed(e), entry("money-parts@1.9.1"), signed(entry("money-parts@1.9.1")))}},
	})
}

func TestIntegrityLost(t *testing.T) {
	e, next := entry("money-parts@1.9.0"), entry("money-parts@1.9.1", digests())
	unreadable := func(e *dep.Entry) {
		e.Integrity, e.Digests, e.IntegrityError = "sha512-!!!", nil, "not a digest"
	}
	var many []Subject
	for i := range 600 {
		name := fmt.Sprintf("part-%03d@1.0.0", i)
		many = append(many, repin(entry(name, at(1000-i)), entry(name, at(1000-i), digests())))
	}
	short := entry("money-parts@1.9.1", digests(sha256("evil")))
	stronger := comparedWithNothing("weaker", digest("money-parts@1.9.1"))
	audited := added(short, signed(short, stronger))
	audited.Change.Kind = ""
	repinnedShort := repin(entry("money-parts@1.9.1"), short)
	repinnedShort.Evidence = signed(short, stronger)
	privately := unlooked(updated(e, signed(e), short, signed(short)), "comes from a registry that Bonafide was not told about")
	held(t, RuleIntegrityLost, []example{
		{name: "a sha256 where the registry states a sha512", subject: []Subject{added(short, signed(short, stronger))}, want: []string{"error"}},
		{name: "the same, and the base had a sha512", subject: []Subject{updated(e, signed(e), short, signed(short, stronger))}, want: []string{"error"}},
		{name: "the same, repinned", subject: []Subject{repinnedShort}, want: []string{"error"}},
		{name: "the same, in an audit", subject: []Subject{audited}},
		{name: "a sha256 that nobody compares, the base had a sha512", subject: []Subject{privately}, want: []string{"error"}},
		{name: "kept", subject: []Subject{updated(e, signed(e), entry("money-parts@1.9.1"), signed(entry("money-parts@1.9.1")))}},
		{name: "dropped", subject: []Subject{repin(e, entry("money-parts@1.9.0", digests()))}, want: []string{"error"}},
		{name: "dropped with the update", subject: []Subject{updated(e, signed(e), next, signed(next))}, want: []string{"error"}},
		{name: "weakened", subject: []Subject{repin(e, entry("money-parts@1.9.0", digests(sha1("x"))))}, want: []string{"error"}},
		{name: "made unreadable", subject: []Subject{repin(e, entry("money-parts@1.9.0", unreadable))}, want: []string{"error"}},
		{name: "strengthened", subject: []Subject{repin(entry("money-parts@1.9.0", digests(sha1("x"))), e)}},
		{name: "an update to a sha256", subject: []Subject{updated(e, signed(e), entry("money-parts@1.9.1", digests(dep.Digest{Algorithm: "sha256", Hex: digest("y").Hex[:64]})), signed(e))}},
		{name: "now delivered in a bundle", subject: []Subject{unlooked(updated(e, signed(e), entry("money-parts@1.9.1", inBundle), signed(e)), "is bundled")}},
		{name: "600 entries at once are one finding", subject: many, want: []string{"error"}},
		{name: "never had one", subject: []Subject{updated(entry("money-parts@1.9.0", digests()), signed(e), next, signed(next))}},
	})
}

func TestIntegrityMissing(t *testing.T) {
	bare := entry("left-pad@1.3.0", digests())
	weak := entry("left-pad@1.3.0", digests(sha1("x")))
	delivered := entry("left-pad@1.3.0", inBundle)
	falsely, unsure := added(delivered, signed(delivered)), unlooked(added(delivered, provenance.Evidence{}), "is bundled")
	falsely.Bundle = absent("the release of npm@10.0.0 does not say that it bundles it.")
	unsure.Bundle = unknownCheck("of npm@10.0.0, which is said to bundle it, the registry answered 503")
	marked := delivered
	marked.Location = "node_modules/left-pad"
	standalone := bare
	standalone.Lockfile = ""
	git := entry("left-pad@1.3.0", from(dep.Git, repoA))
	var audit []Subject
	for i := range 5 {
		e := entry(fmt.Sprintf("part-%d@1.0.0", i), digests(), at(i+1))
		s := added(e, signed(e))
		s.Change.Kind = ""
		audit = append(audit, s)
	}
	full, short := entry("left-pad@1.3.0"), entry("left-pad@1.3.0", digests(sha256("x")))
	stronger := comparedWithNothing("weaker", digest("left-pad@1.3.0"))
	auditedShort := added(short, signed(short, stronger))
	auditedShort.Change.Kind = ""
	held(t, RuleIntegrityMissing, []example{
		{name: "a sha256 where the registry states a sha512, in an audit", subject: []Subject{auditedShort}, want: []string{"warning"}},
		{name: "a new one is said by integrity-lost", subject: []Subject{added(short, signed(short, stronger))}},
		{name: "the registry states only a sha1", subject: []Subject{added(full, signed(full, comparedWithNothing("registry", sha1("x"))))}, want: []string{"notice"}},
		{name: "the registry states none: that is unverified", subject: []Subject{added(full, signed(full, comparedWithNothing("registry")))}},
		{name: "there", subject: []Subject{added(entry("left-pad@1.3.0"), signed(entry("left-pad@1.3.0")))}},
		{name: "none", subject: []Subject{added(bare, signed(bare))}, want: []string{"warning"}},
		{name: "sha1 only", subject: []Subject{added(weak, signed(weak))}, want: []string{"warning"}},
		{name: "in a bundle that its parent does not confirm", subject: []Subject{falsely}, want: []string{"warning"}},
		{name: "in a bundle, and nobody knows: that is unverified", subject: []Subject{unsure}},
		{name: "in a bundle", subject: []Subject{unlooked(added(delivered, signed(delivered)), "is bundled")}},
		{name: "a mark alone is not believed", subject: []Subject{added(marked, signed(marked))}, want: []string{"warning"}},
		{name: "no lockfile", subject: []Subject{added(standalone, signed(standalone))}},
		{name: "git has none by nature", subject: []Subject{unlooked(added(git, signed(git)), "comes from git")}},
		{name: "lost is said by its own rule", subject: []Subject{updated(entry("left-pad@1.2.0"), signed(entry("left-pad@1.2.0")), bare, signed(bare))}},
		{name: "an audit of an old lockfile", subject: audit, want: []string{"warning"}},
	})
}

func TestPatched(t *testing.T) {
	by := func(patch string) func(*dep.Entry) { return func(e *dep.Entry) { e.Patch = patch } }
	plain, fix := entry("is-odd@3.0.1"), entry("is-odd@3.0.1", by("patches/is-odd@3.0.1.patch"))
	next := entry("is-odd@3.0.2", by("patches/is-odd@3.0.2.patch"))
	yarns := entry("resolve@1.22.8", by("builtin<compat/resolve>"), from(dep.Patch, "patch:resolve@npm%3A1.22.8#optional!builtin<compat/resolve>"))
	mixed := entry("resolve@1.22.8", by("builtin<compat/resolve>&./evil.patch"))
	audit := added(fix, signed(fix))
	audit.Change.Kind = ""
	held(t, RulePatched, []example{
		{name: "none", subject: []Subject{added(plain, signed(plain))}},
		{name: "a new package", subject: []Subject{added(fix, signed(fix))}, want: []string{"warning"}},
		{name: "a package that stands there", subject: []Subject{repin(plain, fix)}, want: []string{"warning"}},
		{name: "another patch", subject: []Subject{repin(entry("is-odd@3.0.1", by("a.patch")), fix)}, want: []string{"warning"}},
		{name: "no longer", subject: []Subject{repin(fix, plain)}},
		{name: "the next version, patched again", subject: []Subject{updated(fix, signed(fix), next, signed(next))}, want: []string{"notice"}},
		{name: "yarn's own", subject: []Subject{unlooked(added(yarns, signed(yarns)), "is patched")}},
		{name: "yarn's own and another", subject: []Subject{added(mixed, signed(mixed))}, want: []string{"warning"}},
		{name: "an audit", subject: []Subject{audit}, want: []string{"notice"}},
		{name: "removed", subject: []Subject{removed(fix)}},
	})
}

// A lockfile that keeps digests of its own archives has nothing that could be held
// against the registry, and loses nothing by that.
func TestDigestsOfTheirOwnKind(t *testing.T) {
	own := func(integrity string) func(*dep.Entry) {
		return func(e *dep.Entry) {
			setDigests(e)
			e.OwnDigest, e.Integrity, e.Resolved, e.Lockfile = true, integrity, "", "yarn.lock"
		}
	}
	was := entry("ms@2.1.2")
	e := entry("ms@2.1.3", own("10c0/aa"))
	ofRegistry := signed(e)
	ofRegistry.Digest = provenance.Digest{Check: absent("of the package manager's own archive")}
	for _, c := range []struct {
		what string
		s    Subject
		want []RuleName
	}{
		{"added", added(e, ofRegistry), nil},
		{"updated from another format", updated(was, signed(was), e, ofRegistry), nil},
		{"another archive", repin(entry("ms@2.1.3", own("10c0/bb")), e), []RuleName{RuleRepinned}},
		{"another cache", repin(entry("ms@2.1.3", own("8/bb"), func(e *dep.Entry) { e.OwnDigestKey = "8" }), e), nil},
		{"another cache of this entry alone", repin(entry("ms@2.1.3", own("8/bb")), e), []RuleName{RuleRepinned}},
		{"gone", repin(e, entry("ms@2.1.3", own(""))), []RuleName{RuleIntegrityLost}},
		{"patched", repin(e, entry("ms@2.1.3", own("10c0/bb"), func(e *dep.Entry) {
			e.Source, e.Resolved, e.Patch = dep.Patch, "patch:ms@npm%3A2.1.3#./ms.patch::version=2.1.3&hash=1", "./ms.patch"
		})), []RuleName{RulePatched}},
	} {
		if c.s.Change.Kind == dep.Repinned {
			c.s.Evidence = ofRegistry
		}
		v := Judge(Input{Subjects: []Subject{c.s}}, Default(), now())
		if got := rulesOf(v); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v spoke, expected %v: %+v", c.what, got, c.want, v.Findings)
		}
	}
}

func TestExoticSource(t *testing.T) {
	e := entry("path-weave@1.2.2", at(31))
	next := func(edits ...func(*dep.Entry)) dep.Entry { return entry("path-weave@1.2.3", edits...) }
	git := func(address string) dep.Entry { return next(from(dep.Git, address)) }
	reg := func(address string) dep.Entry {
		return next(func(e *dep.Entry) { e.Resolved = address })
	}
	direct := git(repoA)
	direct.Direct = true
	audited := unlooked(added(git(repoA), signed(e)), "comes from git")
	audited.Change.Kind = ""
	known := map[string][]string{"package-lock.json": {"https://npm.acme.example/team"}}
	operator := map[string][]string{"": {"https://npm.acme.example/team"}}
	elsewhere := map[string][]string{"other/package-lock.json": {"https://npm.acme.example/team"}}
	mirror := "https://npm.acme.example/team/path-weave/-/path-weave-1.2.3.tgz"
	packages := func(v, hash string) func(*dep.Entry) {
		return from(dep.URL, "https://npm.pkg.github.example/download/@acme/path-weave/"+v+"/"+strings.Repeat(hash, 40))
	}
	why := "comes from elsewhere"
	lodash := entry("lodash@4.17.21")
	evil := entry("evil@4.17.22", installedAs("lodash"), at(52))
	hijack := entry("evil@4.17.22", installedAs("lodash"), unasked, at(52))
	twice := added(entry("evil@4.17.22"), signed(evil))
	twice.Change.Occurrences = append(twice.Change.Occurrences, hijack)
	auditedAlias := added(hijack, signed(hijack))
	auditedAlias.Change.Kind = ""
	before := entry("evil@4.17.20", installedAs("lodash"), unasked)
	taking := twice
	taking.Change.Displaces = []dep.Entry{lodash}
	bundledEvil := entry("evil@4.17.22", inBundle, unasked, func(e *dep.Entry) { e.Alias, e.Location = "axios", "node_modules/foo/node_modules/axios" })
	tarball := func(id, bytes string) dep.Entry {
		e := entry(id, from(dep.URL, "https://cdn.example.com/path-weave/latest.tgz"))
		setDigests(&e, digest(bytes))
		return e
	}
	onDisk := func(id, bytes string) dep.Entry {
		e := entry(id, from(dep.File, "file:vendor/path-weave.tgz"))
		if bytes != "" {
			setDigests(&e, digest(bytes))
		}
		return e
	}
	react := entry("react@18.3.1", func(e *dep.Entry) { e.Location, e.Places = "react@18.3.1", []dep.Place{{By: ".", As: "react"}} })
	reakt := entry("reakt@18.3.1", func(e *dep.Entry) {
		e.Location, e.Alias, e.Places = "reakt@18.3.1", "react", []dep.Place{{By: "packages/a", As: "reakt"}, {By: ".", As: "react"}}
	})
	graphTaking := added(reakt, signed(reakt))
	graphTaking.Change.Displaces = []dep.Entry{react}
	outside := entry("is-odd@3.0.1", func(e *dep.Entry) { e.Patch = "../evil.patch" })
	above := entry("is-odd@3.0.1", in("app/pnpm-lock.yaml"), func(e *dep.Entry) { e.Patch = "../patches/is-odd.patch" })
	inside := entry("is-odd@3.0.1", func(e *dep.Entry) { e.Patch = "./.yarn/patches/is-odd-npm-3.0.1-0a1b2c3d4e.patch" })
	directMove := git(repoB)
	directMove.Direct = true
	asked := func(e *dep.Entry) { e.Direct = true }
	moved := unlooked(updated(git(repoA), signed(e), git(repoB), signed(e)), why)
	movedDirect := unlooked(updated(git(repoA), signed(e), directMove, signed(e)), why)
	standing := func(s Subject, where Standing) Subject {
		s.Commit = Commit{Inquiry: Inquiry{Looked: Answered}, Standing: where}
		return s
	}
	inquired := func(s Subject, looked Looked, reason string) Subject {
		s.Commit = Commit{Inquiry: Inquiry{Looked: looked, Reason: reason}}
		return s
	}
	archive := func(commit string) dep.Entry { // pnpm keeps a digest of it
		e := entry("path-weave@1.2.3", from(dep.URL, "https://codeload.github.com/acme/path-weave/tar.gz/"+strings.Repeat(commit, 40)), asked)
		setDigests(&e, digest(commit))
		return e
	}
	sameVersion := repin(archive("a"), archive("b"))
	sameVersion.NotLookedUp = why
	held(t, RuleExoticSource, append(exoticSpecExamples(), []example{
		{name: "settings, another registry", problem: []Problem{{Kind: RegistryMoved, Lockfile: "yarn.lock", Line: 9, Detail: "The repository's settings now take the packages of @acme from npm.evil.example, which the base does not use: @acme/a@1.0.0 is one of those for which this lockfile names no registry."}}, want: []string{"error"}},
		{name: "settings, without words", problem: []Problem{{Kind: RegistryMoved, Lockfile: "yarn.lock"}}, want: []string{"error"}},
		{name: "another package takes the place in the graph", subject: []Subject{graphTaking}, want: []string{"warning"}},
		{name: "a patch from outside of the repository", subject: []Subject{added(outside, signed(outside))}, want: []string{"error"}},
		{name: "a patch of the repository", subject: []Subject{added(inside, signed(inside))}},
		{name: "a patch of the repository, above the lockfile", subject: []Subject{added(above, signed(above))}},
		{name: "another package takes the place", subject: []Subject{displacing(added(hijack, attested(hijack)), lodash)}, want: []string{"error"}},
		{name: "an alias that nothing asks for", subject: []Subject{added(hijack, attested(hijack))}, want: []string{"error"}},
		{name: "the package stands at its own place, too", subject: []Subject{twice}, want: []string{"error"}},
		{name: "the same, and takes a place", subject: []Subject{taking}, want: []string{"error"}},
		{name: "an alias that is asked for", subject: []Subject{added(evil, signed(evil))}},
		{name: "a manifest moves to a fork", subject: []Subject{displacing(added(evil, signed(evil)), lodash)}, want: []string{"warning"}},
		{name: "a manifest moves back from a fork", subject: []Subject{displacing(added(lodash, signed(lodash)), evil)}, want: []string{"warning"}},
		{name: "an unasked alias that the base had", subject: []Subject{updated(before, signed(before), hijack, signed(hijack))}},
		{name: "an unasked alias in an audit", subject: []Subject{auditedAlias}, want: []string{"warning"}},
		{name: "an unasked alias in a bundle", subject: []Subject{unlooked(added(bundledEvil, signed(bundledEvil)), "is bundled")}, want: []string{"error"}},
		{name: "a folder takes the place", subject: []Subject{unlooked(displacing(added(entry("evil@1.0.0", from(dep.Link, "packages/evil"), installedAs("lodash")), signed(e)), lodash), why)}, want: []string{"warning"}},
		{name: "the same address, another version and other bytes", subject: []Subject{unlooked(updated(tarball("path-weave@1.2.2", "good"), signed(e), tarball("path-weave@1.2.3", "evil"), signed(e)), why)}, want: []string{"error"}},
		{name: "the same address, another version, the same bytes", subject: []Subject{unlooked(updated(tarball("path-weave@1.2.2", "good"), signed(e), tarball("path-weave@1.2.3", "good"), signed(e)), why)}},
		{name: "the same file, other bytes", subject: []Subject{unlooked(updated(onDisk("path-weave@1.2.2", "good"), signed(e), onDisk("path-weave@1.2.3", "evil"), signed(e)), why)}, want: []string{"error"}},
		{name: "the same file, no digest any more", subject: []Subject{unlooked(updated(onDisk("path-weave@1.2.2", "good"), signed(e), onDisk("path-weave@1.2.3", ""), signed(e)), why)}, want: []string{"error"}},
		{name: "a direct git source that moves on", subject: []Subject{unlooked(updated(git(repoA), signed(e), directMove, signed(e)), why)}, want: []string{"warning"}},
		{name: "another registry on a known host", subject: []Subject{unlooked(added(reg("https://npm.acme.example/evil/path-weave/-/path-weave-1.2.3.tgz"), signed(e)), why)}, hosts: known, want: []string{"error"}},
		{name: "the registry", subject: []Subject{updated(e, signed(e), next(), signed(next()))}},
		{name: "yarn's name for it", subject: []Subject{added(reg("https://registry.yarnpkg.com/path-weave/-/path-weave-1.2.3.tgz"), signed(e))}},
		{name: "no address", subject: []Subject{added(reg(""), signed(e))}},
		{name: "a transitive dependency from git", subject: []Subject{unlooked(updated(e, signed(e), git(repoA), signed(e)), why)}, want: []string{"error"}},
		{name: "a direct one", subject: []Subject{unlooked(added(direct, signed(e)), why)}, want: []string{"error"}},
		{name: "a git source deep in the tree that moves on", subject: []Subject{unlooked(updated(git(repoA), signed(e), git(repoB), signed(e)), why)}, want: []string{"error"}},
		{name: "a git source that changes its repository", subject: []Subject{unlooked(updated(git(repoA), signed(e), git("git+https://github.com/evil/path-weave.git#3"), signed(e)), why)}, want: []string{"error"}},
		{name: "another package's tarball", subject: []Subject{unlooked(added(next(from(dep.URL, "https://registry.npmjs.org/evil/-/evil-1.2.3.tgz")), signed(e)), why)}, want: []string{"error"}},
		{name: "another version's tarball", subject: []Subject{unlooked(added(reg("https://registry.npmjs.org/path-weave/-/path-weave-1.0.0.tgz"), signed(e)), why)}, want: []string{"error"}},
		{name: "an address, and no version", subject: []Subject{unlooked(added(entry("is-number@", from(dep.URL, "https://registry.npmjs.org/is-number/-/is-number-6.0.0.tgz")), signed(e)), why)}, want: []string{"error"}},
		{name: "unencrypted", subject: []Subject{unlooked(added(reg("http://registry.npmjs.org/path-weave/-/path-weave-1.2.3.tgz"), signed(e)), why)}, want: []string{"error"}},
		{name: "a host that looks like the registry", subject: []Subject{unlooked(added(reg("https://registry.npmjs.org.evil.example/path-weave/-/path-weave-1.2.3.tgz"), signed(e)), why)}, want: []string{"error"}},
		{name: "a secret in the address is not shown", subject: []Subject{unlooked(added(next(from(dep.URL, "https://user:hunter2@evil.example/path-weave.tgz")), signed(e)), why)}, want: []string{"error"}},
		{name: "a private registry, new", subject: []Subject{unlooked(added(reg(mirror), signed(e)), why)}, want: []string{"error"}},
		{name: "a private registry that the base uses", subject: []Subject{added(reg(mirror), signed(e))}, hosts: known},
		{name: "a private registry that the operator named", subject: []Subject{added(reg(mirror), signed(e))}, hosts: operator},
		{name: "a private registry of another lockfile", subject: []Subject{unlooked(added(reg(mirror), signed(e)), why)}, hosts: elsewhere, want: []string{"error"}},
		{name: "a registry with addresses of its own, the next version", subject: []Subject{unlooked(updated(entry("path-weave@1.2.2", packages("1.2.2", "a")), signed(e), next(packages("1.2.3", "b")), signed(e)), why)}, want: []string{"warning"}},
		{name: "a file", subject: []Subject{unlooked(added(next(from(dep.File, "file:vendor/path-weave.tgz")), signed(e)), why)}, want: []string{"error"}},
		{name: "a file that was there before", subject: []Subject{unlooked(updated(next(from(dep.File, "file:vendor/path-weave.tgz")), signed(e), next(from(dep.File, "file:vendor/path-weave.tgz")), signed(e)), why)}},
		{name: "a folder of the repository", subject: []Subject{unlooked(added(next(from(dep.Link, "packages/path-weave")), signed(e)), why)}},
		{name: "a workspace", subject: []Subject{unlooked(added(next(from(dep.Workspace, "packages/path-weave")), signed(e)), why)}},
		{name: "an audit says that it was there", subject: []Subject{audited}, want: []string{"notice"}},
		{name: "removed", subject: []Subject{removed(git(repoA))}},
		{name: "a file of the repository that its manifest asks for", subject: []Subject{unlooked(added(next(from(dep.File, "file:vendor/path-weave.tgz"), asked), signed(e)), why)}, want: []string{"notice"}},
		{name: "a file outside of the repository that its manifest asks for", subject: []Subject{unlooked(added(next(from(dep.File, "file:../path-weave.tgz"), asked), signed(e)), why)}, want: []string{"error"}},
		{name: "what was installed is no file of the repository", subject: []Subject{unlooked(added(next(from(dep.File, "file:node_modules/evil.tgz"), asked), signed(e)), why)}, want: []string{"error"}},
		{name: "a moved commit deep in the tree that is on a branch", subject: []Subject{standing(moved, OnRef)}, want: []string{"warning"}},
		{name: "a moved commit that is on none", subject: []Subject{standing(moved, Orphan)}, want: []string{"error"}},
		{name: "a moved commit of a direct dependency that is on none", subject: []Subject{standing(movedDirect, Orphan)}, want: []string{"error"}},
		{name: "a moved commit that is on a tag", subject: []Subject{standing(movedDirect, OnRef)}, want: []string{"warning"}},
		{name: "a moved commit of a private repository", subject: []Subject{inquired(movedDirect, Hidden, "the repository is not public")}, want: []string{"warning"}},
		{name: "a moved commit that could not be looked up", subject: []Subject{inquired(movedDirect, Unreachable, "the API answered 503.")}, want: []string{"unknown"}},
		{name: "a moved commit, no time was left", subject: []Subject{inquired(movedDirect, LeftOut, "")}, want: []string{"unknown"}},
		{name: "a moved commit, nobody could be asked", subject: []Subject{inquired(movedDirect, NotConfigured, "there is no GitHub token")}, want: []string{"warning"}},
		{name: "a moved commit deep in the tree, nobody could be asked", subject: []Subject{inquired(moved, NotConfigured, "there is no GitHub token")}, want: []string{"error"}},
		{name: "a new git source whose commit is on no branch", subject: []Subject{standing(unlooked(added(git(repoA), signed(e)), why), Orphan)}, want: []string{"error"}},
		{name: "a commit that moved without a new version", subject: []Subject{sameVersion}, want: []string{"warning"}},
	}...))
	if v := Judge(Input{Subjects: []Subject{sameVersion}}, Default(), now()); !slices.Equal(rulesOf(v), []RuleName{RuleExoticSource}) {
		t.Errorf("a moved commit is told by %v", rulesOf(v))
	}
}

// exoticSpecExamples are about what packages of the registry ask for elsewhere.
func exoticSpecExamples() []example {
	const elsewhere = "github:tanstack/router#79ac49eedf774dd4b0cfa308722bc463cfe5885c"
	setup := dep.Spec{Name: "@tanstack/setup", Range: elsewhere, Kind: dep.Optional}
	old, e := entry("@tanstack/react-router@1.169.4"), entry("@tanstack/react-router@1.169.5")
	asking := func(specs ...dep.Spec) func(*provenance.Evidence) {
		return func(ev *provenance.Evidence) { ev.Release.Elsewhere = specs }
	}
	stating := func(e dep.Entry, specs ...dep.Spec) dep.Entry { e.Dependencies = specs; return e }
	resolved := func(e dep.Entry) dep.Entry {
		e.Unsaid = dep.FactRanges
		e.Dependencies = []dep.Spec{{Name: "x", Range: "link:packages/x"}, {Name: "y", Range: "/y/1.0.0"}}
		return e
	}
	many := make([]dep.Spec, 8)
	for i := range many {
		many[i] = dep.Spec{Name: fmt.Sprintf("p%d", i), Range: "git+https://user:hunter2@example.com/p.git", Kind: dep.Prod}
	}
	bare := updated(resolved(old), down(old), e, attested(e, asking(setup)))
	audit := added(e, attested(e, asking(setup)))
	audit.Change.Kind = ""
	gone := updated(resolved(old), provenance.Evidence{Package: old.Package, Gone: true}, e, attested(e, asking(setup)))
	var burst []Subject
	for i := range 12 {
		x, was := entry(fmt.Sprintf("@tanstack/part-%02d@1.0.1", i), at(i+1)), entry(fmt.Sprintf("@tanstack/part-%02d@1.0.0", i))
		burst = append(burst, updated(was, attested(was), x, attested(x, asking(setup))))
	}
	ordinary := []dep.Spec{{Name: "a", Range: "^1"}, {Name: "b", Range: "npm:lodash@^4"}, {Name: "c", Range: "workspace:*"}, {Name: "d", Range: "latest"}, {Name: "e", Range: "catalog:"}}
	private := unlooked(updated(entry("a@1.0.0"), provenance.Evidence{}, stating(entry("a@1.0.1"), setup), provenance.Evidence{}), "comes from elsewhere")
	return []example{
		{name: "asks: the document names git, the lockfile does not", subject: []Subject{updated(old, attested(old), e, attested(e, asking(setup)))}, want: []string{"error"}},
		{name: "asks: the lockfile names git", subject: []Subject{updated(old, attested(old), stating(e, setup), attested(e))}, want: []string{"error"}},
		{name: "asks: both name it", subject: []Subject{updated(old, attested(old), stating(e, setup), attested(e, asking(setup)))}, want: []string{"error"}},
		{name: "asks: a new package that always did", subject: []Subject{added(e, attested(e, asking(setup)))}, want: []string{"error"}},
		{name: "asks: many, with secrets", subject: []Subject{added(e, attested(e, asking(many...)))}, want: []string{"error"}},
		{name: "asks: ranges, tags, aliases and own packages", subject: []Subject{added(stating(e, ordinary...), attested(e))}},
		{name: "asks: as the version before", subject: []Subject{updated(old, attested(old, asking(setup)), e, attested(e, asking(setup)))}},
		{name: "asks: as a version that stays", subject: []Subject{beside(added(e, attested(e, asking(setup))), stating(old, setup), down(old))}},
		{name: "asks: as another package of the base", subject: []Subject{updated(old, attested(old), e, attested(e, asking(setup)))}, specs: map[string][]dep.Spec{e.Lockfile: {setup}}},
		{name: "asks: as a package of another lockfile", subject: []Subject{updated(old, attested(old), e, attested(e, asking(setup)))}, specs: map[string][]dep.Spec{"x/package-lock.json": {setup}}, want: []string{"error"}},
		{name: "asks: for another commit of the repository", subject: []Subject{updated(old, attested(old, asking(dep.Spec{Name: setup.Name, Range: "git+ssh://git@github.com/TanStack/router.git#v1"})), e, attested(e, asking(setup)))}, want: []string{"warning"}},
		{name: "asks: for another repository", subject: []Subject{updated(old, attested(old, asking(dep.Spec{Name: setup.Name, Range: "github:o/r"})), e, attested(e, asking(setup)))}, want: []string{"error"}},
		{name: "asks: for another commit, and for something new", subject: []Subject{updated(old, attested(old, asking(dep.Spec{Name: setup.Name, Range: "github:tanstack/router#v1"})), e, attested(e, asking(setup, dep.Spec{Name: "evil", Range: "github:mallory/evil"})))}, want: []string{"error"}},
		{name: "asks: for another package of the repository", subject: []Subject{updated(old, attested(old, asking(dep.Spec{Name: "other", Range: elsewhere})), e, attested(e, asking(setup)))}, want: []string{"error"}},
		{name: "asks: for another address", subject: []Subject{updated(old, attested(old, asking(dep.Spec{Name: "x", Range: "https://cdn.example.com/x.tgz"})), e, attested(e, asking(dep.Spec{Name: "x", Range: "https://evil.example.com/x.tgz"})))}, want: []string{"error"}},
		{name: "asks: what pnpm resolved is no spec", subject: []Subject{added(resolved(e), attested(e))}},
		{name: "asks: the version before could not be read", subject: []Subject{bare}, want: []string{"unknown"}},
		{name: "asks: the version before is gone", subject: []Subject{gone}, want: []string{"error"}},
		{name: "asks: in an audit", subject: []Subject{audit}, want: []string{"notice"}},
		{name: "asks: twelve at once", subject: burst, want: []string{"error"}},
		{name: "asks: of a registry that was not asked, the lockfile says it", subject: []Subject{private}, want: []string{"error"}},
		{name: "asks: removed", subject: []Subject{removed(stating(e, setup))}},
	}
}

func TestUnverified(t *testing.T) {
	old, e := entry("glob-sieve@2.0.5"), entry("glob-sieve@2.0.6")
	partly := signed(e, func(ev *provenance.Evidence) {
		ev.Provenance = provenance.Provenance{Check: unknownCheck("the registry answered with an HTML page")}
		ev.Publish = provenance.Publish{Check: unknownCheck("the registry answered with an HTML page")}
		ev.Digest = provenance.Digest{Check: unknownCheck("timeout after 30 s.")}
	})
	garbled := entry("glob-sieve@2.0.6", func(e *dep.Entry) { e.Integrity, e.Digests, e.IntegrityError = "sha512-!", nil, "not a digest" })
	private := entry("@acme/secret@1.0.0", func(e *dep.Entry) {
		e.Resolved = "https://npm.acme.example/@acme/secret/-/secret-1.0.0.tgz"
	})
	notAsked := updated(old, signed(old), e, signed(e))
	notAsked.Replaced = nil
	gone := provenance.Evidence{Package: e.Package, Gone: true}
	delivered := entry("glob-sieve@2.0.6", inBundle)
	var outage []Subject
	for i := range 500 {
		x := entry(fmt.Sprintf("part-%03d@1.0.0", i), at(i+1))
		outage = append(outage, added(x, down(x)))
	}
	lost := updated(old, attested(old), e, signed(e))
	lost.Change.Replaces = append(lost.Change.Replaces, entry("glob-sieve@1.0.0"))
	lost.Replaced = append(lost.Replaced, down(entry("glob-sieve@1.0.0")))
	token := func(ev *provenance.Evidence) { ev.Release.Publisher = registry.Publisher{Name: "jo"} }
	approved := func(ev *provenance.Evidence) {
		ev.Release.Publisher = registry.Publisher{Name: "jo", Approver: "sam"}
	}
	bundledOld := entry("glob-sieve@2.0.5", inBundle)
	elsewhere := entry("glob-sieve@2.0.5", func(e *dep.Entry) {
		e.Resolved = "https://npm.acme.example/team/glob-sieve/-/glob-sieve-2.0.5.tgz"
	})
	moved := repin(entry("glob-sieve@2.0.6", func(e *dep.Entry) {
		e.Resolved = "https://npm.acme.example/team/glob-sieve/-/glob-sieve-2.0.6.tgz"
	}), e)
	moved.Replaced = []provenance.Evidence{{}}
	line := entry("glob-sieve@3.0.0")
	broken := signed(e, comparedWithNothing("registry"))
	broken.Release.Integrity, broken.Release.IntegrityError = "sha512-damaged", "not a digest: \"sha512-damaged\""
	alone := func(ds ...dep.Digest) dep.Entry { return entry("glob-sieve@2.0.6", digests(ds...), in("")) }
	var mirror []Subject
	for i := range 12 {
		x := entry(fmt.Sprintf("part-%03d@1.0.1", i), at(i+1))
		was := entry(fmt.Sprintf("part-%03d@1.0.0", i), func(e *dep.Entry) {
			e.Resolved = strings.Replace(e.Resolved, "registry.npmjs.org", "npm.acme.example", 1)
		})
		mirror = append(mirror, updated(was, provenance.Evidence{}, x, signed(x)))
	}
	unsure := unlooked(added(delivered, provenance.Evidence{}), "is bundled")
	unsure.Bundle = unknownCheck("of npm@10.0.0, which is said to bundle it, the registry answered 503")
	var unsureMany []Subject
	for i := range 12 {
		x := unlooked(added(entry(fmt.Sprintf("part-%02d@1.0.0", i), inBundle, at(i+1)), provenance.Evidence{}), "is bundled")
		x.Bundle = unsure.Bundle
		unsureMany = append(unsureMany, x)
	}
	unfilled := unsure
	unfilled.Bundle = provenance.Check{}
	held(t, RuleUnverified, []example{
		{name: "whether it is bundled is not known", subject: []Subject{unsure}, want: []string{"unknown"}},
		{name: "twelve of which that is not known", subject: unsureMany, want: []string{"unknown"}},
		{name: "whether it is bundled was not asked", subject: []Subject{unfilled}, want: []string{"unknown"}},
		{name: "a stay is unknown, the new one has no provenance", subject: []Subject{beside(added(e, signed(e)), old, down(old))}, want: []string{"unknown"}},
		{name: "the replaced version is unknown, the new one has no trusted publisher", subject: []Subject{updated(old, down(old), e, attested(e, token))}, want: []string{"unknown"}},
		{name: "the same, and a person approved: that would be a warning", subject: []Subject{updated(old, down(old), e, attested(e, approved))}, want: []string{"unknown"}},
		{name: "a version of a newer line is unknown", subject: []Subject{updated(line, down(line), e, signed(e))}, want: []string{"notice"}},
		{name: "the replaced version was delivered in a bundle", subject: []Subject{updated(bundledOld, provenance.Evidence{}, e, signed(e))}},
		{name: "the replaced version is another registry's", subject: []Subject{updated(elsewhere, provenance.Evidence{}, e, signed(e))}, want: []string{"notice"}},
		{name: "a whole lockfile comes back from a mirror", subject: mirror, want: []string{"notice"}},
		{name: "the same version from elsewhere has lost nothing", subject: []Subject{moved}},
		{name: "the registry states no digest", subject: []Subject{added(e, signed(e, comparedWithNothing("registry")))}, want: []string{"unknown"}},
		{name: "the registry's digest cannot be read", subject: []Subject{added(e, broken)}, want: []string{"unknown"}},
		{name: "the registry states only a sha1: integrity-missing says that", subject: []Subject{added(e, signed(e, comparedWithNothing("registry", sha1("x"))))}},
		{name: "no lockfile, a sha256 was given", subject: []Subject{added(alone(sha256("x")), signed(alone(sha256("x")), comparedWithNothing("weaker", digest("x"))))}, want: []string{"unknown"}},
		{name: "no lockfile, a sha1 was given", subject: []Subject{added(alone(sha1("x")), signed(alone(sha1("x")), comparedWithNothing("", digest("x"))))}, want: []string{"unknown"}},
		{name: "no lockfile, the registry states only a sha1", subject: []Subject{added(alone(digest("x")), signed(alone(digest("x")), comparedWithNothing("registry", sha1("x"))))}, want: []string{"unknown"}},
		{name: "no lockfile, no digest was given", subject: []Subject{added(alone(), signed(alone(), comparedWithNothing("")))}},
		{name: "all is known", subject: []Subject{added(e, attested(e))}},
		{name: "the registry is down", subject: []Subject{added(e, down(e))}, want: []string{"unknown"}},
		{name: "a part is unknown", subject: []Subject{added(e, partly)}, want: []string{"unknown"}},
		{name: "evidence that nobody filled in", subject: []Subject{added(e, provenance.Evidence{})}, want: []string{"unknown"}},
		{name: "the registry has no such release", subject: []Subject{added(e, gone)}, want: []string{"unknown"}},
		{name: "an unreadable digest", subject: []Subject{added(garbled, signed(garbled))}, want: []string{"unknown"}},
		{name: "not asked for", subject: []Subject{unlooked(added(private, signed(private)), "comes from a registry that Bonafide was not told about")},
			hosts: map[string][]string{"package-lock.json": {"https://npm.acme.example"}}, want: []string{"unknown"}},
		{name: "not asked for, and fails as an exotic source already", subject: []Subject{unlooked(added(private, signed(private)), "comes from elsewhere")}},
		{name: "the replaced version is unknown, the new one has no provenance", subject: []Subject{updated(old, down(old), e, signed(e))}, want: []string{"unknown"}},
		{name: "the replaced version was not asked about", subject: []Subject{notAsked}, want: []string{"unknown"}},
		{name: "the replaced version is unknown, the new one is verified", subject: []Subject{updated(old, down(old), e, attested(e))}},
		{name: "the replaced version is gone", subject: []Subject{updated(old, provenance.Evidence{Gone: true}, e, signed(e))}},
		{name: "one replaced version is unknown, another proves the loss", subject: []Subject{lost}},
		{name: "delivered in a bundle", subject: []Subject{unlooked(added(delivered, signed(delivered)), "is bundled")}},
		{name: "500 packages behind one outage are one finding", subject: outage, want: []string{"unknown"}},
		{name: "removed", subject: []Subject{removed(e)}},
	})
}

func TestProblems(t *testing.T) {
	var jsr []Subject
	for _, name := range []string{"@std/path@1.0.6", "@std/assert@1.0.5", "@std/fs@1.0.4", "@std/internal@1.0.3", "@std/testing@1.0.2"} {
		e := entry(name, func(e *dep.Entry) {
			setDigests(e)
			e.Package.Ecosystem, e.OwnDigest, e.Integrity, e.Resolved, e.Lockfile = dep.JSR, true, digest(name).Hex[:64], "", "deno.lock"
		})
		jsr = append(jsr, unlooked(added(e, signed(e)), "comes from JSR"))
	}
	for rule, examples := range map[RuleName][]example{
		RuleLockfileRemoved: {
			{name: "removed", problem: []Problem{{Kind: LockfileRemoved, Lockfile: "package-lock.json"}}, want: []string{"error"}},
		},
		RuleUnsupportedLockfile: {
			{name: "not read yet", problem: []Problem{{Kind: Unsupported, Lockfile: "Cargo.lock"}}, want: []string{"warning"}},
			{name: "packages of a registry that is not read yet", subject: jsr, want: []string{"warning"}},
		},
		RuleSubmoduleMoved: {
			{name: "moved", problem: []Problem{{Kind: SubmoduleMoved, Lockfile: "vendor/lib"}}, want: []string{"warning"}},
		},
		RuleLockfileUnreadable: {
			{name: "head", problem: []Problem{{Kind: Unreadable, Lockfile: "package-lock.json", Line: 3, Detail: "package-lock.json, line 3: not JSON."}}, want: []string{"error"}},
			{name: "head, without words", problem: []Problem{{Kind: Unreadable, Lockfile: "package-lock.json"}}, want: []string{"error"}},
			{name: "base", problem: []Problem{{Kind: UnreadableBase, Lockfile: "package-lock.json", Line: 7, Detail: "package-lock.json, line 7: not JSON."}}, want: []string{"warning"}},
			{name: "base, without words", problem: []Problem{{Kind: UnreadableBase, Lockfile: "package-lock.json"}}, want: []string{"warning"}},
			{name: "a kind that nobody knows", problem: []Problem{{Kind: "melted", Lockfile: "package-lock.json"}}, want: []string{"error"}},
		},
		RulePolicyInvalid: {
			{name: "two errors", problem: []Problem{{Kind: PolicyInvalid, Lockfile: ".github/bonafide.yml", Line: 4, Detail: "line 4: one\nline 9: two"}}, want: []string{"error"}},
		},
	} {
		t.Run(string(rule), func(t *testing.T) { held(t, rule, examples) })
	}
}

func TestAPlaceWithoutAnAskerIsNamedByTheNameAlone(t *testing.T) {
	at := func(by string) dep.Entry { return dep.Entry{Places: []dep.Place{{By: by, As: "bundler"}}} }
	for by, want := range map[string]string{
		"": "What is asked for as bundler", ".": "What the root asks for as bundler", "packages/web": "What packages/web asks for as bundler",
	} {
		if got := sharedWith(at(by))(at(by)); got != want {
			t.Errorf("%q: %q, want %q", by, got, want)
		}
	}
}

// A move between package managers states addresses that were left out, or leaves them
// out: the same bytes from a registry that is known have not entered.
func TestAnAddressThatIsStatedOrLeftOutIsNoNewSource(t *testing.T) {
	const team = "https://npm.lumen.example/repository/team"
	stated := entry("@lumen/core@5.0.1", func(e *dep.Entry) { e.Resolved = team + "/@lumen/core/-/core-5.0.1.tgz" })
	leftOut := entry("@lumen/core@5.0.1", func(e *dep.Entry) { e.Resolved = "" })
	ofBerry := entry("@lumen/core@5.0.1", func(e *dep.Entry) { e.Resolved, e.OwnDigest, e.Integrity, e.Digests = "", true, "10c0/aa", nil })
	other := entry("@lumen/core@5.0.1", digests(digest("other")), func(e *dep.Entry) { e.Resolved = "" })
	for _, c := range []struct {
		what      string
		base      dep.Entry
		head      dep.Entry
		known     bool
		want      Conclusion
		wantRules []RuleName
	}{
		{"left out", stated, leftOut, false, Success, nil},
		{"stated", leftOut, stated, true, Success, nil},
		{"stated, of a registry that nobody knows", leftOut, stated, false, Failure, []RuleName{RuleExoticSource, RuleRepinned}},
		{"left out, other bytes", stated, other, true, Failure, []RuleName{RuleRepinned, RuleUnverified}},
		{"stated, where digests cannot be compared", ofBerry, stated, true, ActionRequired, []RuleName{RuleRepinned, RuleUnverified}},
	} {
		in := Input{Subjects: []Subject{unlooked(repin(c.base, c.head), "comes from a registry that Bonafide was not told about")}}
		if c.known {
			in.KnownHosts = map[string][]string{"package-lock.json": {team}}
		}
		v := Judge(in, Default(), now())
		got := rulesOf(v)
		slices.Sort(got)
		if v.Conclusion != c.want || !slices.Equal(got, c.wantRules) {
			t.Errorf("%s: %s by %v, want %s by %v", c.what, v.Conclusion, got, c.want, c.wantRules)
		}
	}
}

// pnpm and yarn 1 fetch what GitHub makes of a commit: the next one is another state of
// the same repository, whoever wrote the lockfile before.
func TestTheArchiveOfACommitIsAStateOfItsRepository(t *testing.T) {
	commit := func(digit string) string { return strings.Repeat(digit, 40) }
	const archive = "https://codeload.github.com/acme/weave/tar.gz/"
	for _, was := range []dep.Entry{
		entry("weave@1.0.0", from(dep.Git, archive+commit("1"))),
		entry("weave@1.0.0", from(dep.URL, archive+commit("1"))),
		entry("weave@1.0.0", from(dep.Git, "git+ssh://git@github.com/acme/weave.git#"+commit("1"))),
	} {
		e := entry("weave@1.1.0", from(dep.Git, archive+commit("2")), func(e *dep.Entry) { e.Direct = true })
		v := Judge(Input{Subjects: []Subject{unlooked(updated(was, signed(was), e, signed(e)), "comes from git")}}, Default(), now())
		if len(v.Findings) != 1 || v.Findings[0].Severity != Warning || !strings.Contains(v.Findings[0].Message, "moved on within its source") {
			t.Errorf("%s: %+v", was.Resolved, v.Findings)
		}
	}
}

func TestInstallScript(t *testing.T) {
	marked := func(e *dep.Entry) { e.InstallScript = true }
	unsaid := func(e *dep.Entry) { e.Unsaid |= dep.FactInstallScript }
	told := func(names ...string) func(*provenance.Evidence) {
		return func(ev *provenance.Evidence) { ev.Release.InstallScript, ev.Release.InstallScripts = true, names }
	}
	const was, is = "esbuild@0.25.0", "esbuild@0.25.1"
	old, e := entry(was), entry(is, at(31))
	ran, runs := entry(was, marked), entry(is, at(31), marked)
	mute, muteNow := entry(was, unsaid), entry(is, at(31), unsaid)
	post := told("postinstall")
	gone := provenance.Evidence{Package: mute.Package, Gone: true}
	gitOld := entry(was, unsaid, from(dep.Git, "git+ssh://git@github.com/acme/esbuild.git#1111111111111111111111111111111111111111"))
	gitNew := entry(is, marked, from(dep.Git, "git+ssh://git@github.com/acme/esbuild.git#1111111111111111111111111111111111111111"))
	folder := entry(is, marked, from(dep.File, "vendor/esbuild"))
	tarball := entry(is, marked, from(dep.File, "vendor/esbuild-0.25.1.tgz"), digests(digest("tarball")))
	jsr := entry(is, unsaid, func(e *dep.Entry) { e.Package.Ecosystem = dep.JSR })
	private := entry(is, unsaid, from(dep.Registry, "https://npm.acme.example/esbuild/-/esbuild-0.25.1.tgz"))
	cut := updated(mute, provenance.Evidence{}, muteNow, attested(muteNow, post))

	several := updated(old, signed(old), runs, signed(runs, post))
	first := entry("esbuild@0.24.0", marked)
	several.Change.Replaces, several.Replaced = append(several.Change.Replaces, first), append(several.Replaced, signed(first))

	displaces := updated(old, signed(old), runs, signed(runs, post))
	displaces.Change.Replaces, displaces.Replaced = nil, nil

	repinned := repin(entry(is, digests(sha1(is))), runs)
	repinnedMarked := repin(entry(is, marked, digests(sha1(is))), runs)
	repinnedUnsaid := repin(entry(is, unsaid, digests(sha1(is))), runs)
	repinnedUnmarked := repin(e, entry(is, digests(digest("other"))))
	repinnedUnmarked.Evidence = signed(e, post)

	audit := func(e dep.Entry, ev provenance.Evidence) Subject {
		s := added(e, ev)
		s.Change.Kind = ""
		return s
	}
	elsewhere := added(e, down(e))
	elsewhere.Change.Occurrences = append(elsewhere.Change.Occurrences, runs)
	alone := entry(is, func(e *dep.Entry) { e.Lockfile, e.Line = "", 0 })

	var manyNew, manyAppeared, manyUnknown, manyDown, manyPrivate, manyAudited []Subject
	for i := range 12 {
		before, after := fmt.Sprintf("part-%02d@1.0.0", i), fmt.Sprintf("part-%02d@1.1.0", i)
		x, xMute := entry(after, marked, at(100+i)), entry(after, unsaid, at(100+i))
		manyNew = append(manyNew, added(x, signed(x, post)))
		manyAppeared = append(manyAppeared, updated(entry(before), signed(entry(before)), x, signed(x, post)))
		manyUnknown = append(manyUnknown, updated(entry(before, unsaid), down(entry(before)), xMute, signed(xMute, post)))
		manyDown = append(manyDown, added(xMute, down(xMute)))
		manyPrivate = append(manyPrivate, unlooked(added(xMute, signed(xMute)), "comes from a registry that Bonafide was not told about"))
		manyAudited = append(manyAudited, audit(x, signed(x, post)))
	}

	held(t, RuleInstallScript, []example{
		{name: "appears, and both witnesses say so", subject: []Subject{updated(old, signed(old), runs, signed(runs, post))}, want: []string{"warning"}},
		{name: "two scripts appear", subject: []Subject{updated(old, signed(old), runs, signed(runs, told("preinstall", "postinstall")))}, want: []string{"warning"}},
		{name: "the registry has a mark and no names", subject: []Subject{updated(mute, signed(mute), muteNow, signed(muteNow, told()))}, want: []string{"warning"}},
		{name: "a build from a binding.gyp appears, which only the lockfile knows", subject: []Subject{updated(old, signed(old), runs, signed(runs))}, want: []string{"warning"}},
		{name: "the lockfile keeps no mark, the registry tells", subject: []Subject{updated(mute, signed(mute), muteNow, signed(muteNow, post))}, want: []string{"warning"}},
		{name: "the mark was taken out of the lockfile, the registry tells", subject: []Subject{updated(old, signed(old), e, signed(e, post))}, want: []string{"warning"}},
		{name: "the registry is down, the lockfile tells", subject: []Subject{updated(old, down(old), runs, down(runs))}, want: []string{"warning"}},
		{name: "a trusted publisher with provenance is no excuse", subject: []Subject{updated(old, attested(old), runs, attested(runs, post))}, want: []string{"warning"}},
		{name: "the version before ran one", subject: []Subject{updated(ran, signed(ran, post), runs, signed(runs, post))}},
		{name: "the version before ran one, by the lockfile alone", subject: []Subject{updated(ran, down(ran), muteNow, signed(muteNow, post))}},
		{name: "the version before ran one, by the registry alone", subject: []Subject{updated(mute, signed(mute, post), runs, signed(runs, post))}},
		{name: "the version before ran another one", subject: []Subject{updated(mute, signed(mute, told("install")), muteNow, signed(muteNow, post))}},
		{name: "one of two that it replaces ran one", subject: []Subject{several}},
		{name: "one that stays runs one", subject: []Subject{beside(updated(old, signed(old), runs, signed(runs, post)), first, signed(first))}},
		{name: "a further copy, and the one that stays runs none", subject: []Subject{beside(added(runs, signed(runs, post)), old, signed(old))}, want: []string{"warning"}},
		{name: "went away", subject: []Subject{updated(ran, signed(ran, post), e, signed(e))}},
		{name: "never any", subject: []Subject{updated(old, signed(old), e, signed(e)), added(muteNow, signed(muteNow))}},
		{name: "new here", subject: []Subject{added(runs, signed(runs, post))}, want: []string{"warning"}},
		{name: "new here, and only the registry tells", subject: []Subject{added(muteNow, signed(muteNow, post))}, want: []string{"warning"}},
		{name: "new here, delivered in a bundle", subject: []Subject{unlooked(added(entry(is, marked, inBundle), signed(e)), "is delivered inside the tarball of the package that bundles it")}, want: []string{"warning"}},
		{name: "new here, from git", subject: []Subject{unlooked(added(gitNew, signed(e)), "comes from git")}, want: []string{"warning"}},
		{name: "new here, a tarball of the repository", subject: []Subject{unlooked(added(tarball, signed(e)), "comes from a file")}, want: []string{"warning"}},
		{name: "a folder of the repository is its own code", subject: []Subject{unlooked(added(folder, signed(e)), "comes from a file")}},
		{name: "JSR runs none", subject: []Subject{unlooked(added(jsr, signed(e)), "comes from JSR")}},
		{name: "the version before could not be asked about", subject: []Subject{updated(mute, down(mute), muteNow, signed(muteNow, post))}, want: []string{"warning"}},
		{name: "the version before was not asked about", subject: []Subject{cut}, want: []string{"warning"}},
		{name: "the version before is gone", subject: []Subject{updated(mute, gone, muteNow, signed(muteNow, post))}, want: []string{"warning"}},
		{name: "the version before came from git", subject: []Subject{updated(gitOld, provenance.Evidence{}, muteNow, signed(muteNow, post))}, want: []string{"warning"}},
		{name: "a build from a binding.gyp, and the lockfile before kept no marks", subject: []Subject{updated(mute, signed(mute), runs, signed(runs))}, want: []string{"warning"}},
		{name: "whether the new one runs any could not be found out: unverified says so", subject: []Subject{updated(mute, signed(mute), muteNow, down(muteNow))}},
		{name: "the same, and the version before ran one", subject: []Subject{updated(mute, signed(mute, post), muteNow, down(muteNow))}},
		{name: "a registry that Bonafide was not told about, and the lockfile keeps no mark", subject: []Subject{unlooked(added(private, signed(e)), "comes from a registry that Bonafide was not told about")}, want: []string{"warning"}},
		{name: "the registry has no such release: unverified says so", subject: []Subject{added(muteNow, gone)}},
		{name: "the registry is down, and the lockfile says that there is none", subject: []Subject{added(e, down(e))}},
		{name: "the registry is down, and one of two occurrences is marked", subject: []Subject{elsewhere}, want: []string{"warning"}},
		{name: "the same version displaces another package", subject: []Subject{displaces}},
		{name: "repinned, and the mark appeared", subject: []Subject{repinned}, want: []string{"warning"}},
		{name: "repinned, marked before", subject: []Subject{repinnedMarked}},
		{name: "repinned, from a lockfile that keeps no mark", subject: []Subject{repinnedUnsaid}},
		{name: "repinned, and only the registry tells", subject: []Subject{repinnedUnmarked}},
		{name: "removed", subject: []Subject{removed(ran)}},
		{name: "an audit", subject: []Subject{audit(runs, signed(runs, post))}, want: []string{"notice"}},
		{name: "an audit, not found out: unverified says so", subject: []Subject{audit(muteNow, down(muteNow))}},
		{name: "no lockfile", subject: []Subject{audit(alone, signed(alone, post))}, want: []string{"notice"}},
		{name: "an audit of many", subject: manyAudited, want: []string{"notice"}},
		{name: "many are new", subject: manyNew, want: []string{"warning"}},
		{name: "many appear", subject: manyAppeared, want: []string{"warning"}},
		{name: "of many the versions before could not be asked about", subject: manyUnknown, want: []string{"warning"}},
		{name: "many could not be asked about: unverified says so", subject: manyDown},
		{name: "many come from another registry: unverified says so", subject: manyPrivate},
	})
}

// Where a policy makes an error of it, what could not be found out weighs by on_unknown.
func TestAnUnansweredInstallScriptIsNoFailure(t *testing.T) {
	unsaid := func(e *dep.Entry) { e.Unsaid |= dep.FactInstallScript }
	old, e := entry("esbuild@0.25.0", unsaid), entry("esbuild@0.25.1", unsaid)
	ev := attested(e, func(ev *provenance.Evidence) { ev.Release.InstallScript = true })
	s := updated(old, provenance.Evidence{Package: old.Package, Gone: true}, e, ev)
	p := Default().With(RuleInstallScript, Error)
	if v := Judge(Input{Subjects: []Subject{s}}, p, now()); v.Conclusion != ActionRequired {
		t.Errorf("%s: %+v", v.Conclusion, v.Findings)
	}
	p.OnUnknown = UnknownNeutral
	if v := Judge(Input{Subjects: []Subject{s}}, p, now()); v.Conclusion != Neutral {
		t.Errorf("%s: %+v", v.Conclusion, v.Findings)
	}
	if v := Judge(Input{Subjects: []Subject{s}}, Default(), now()); v.Conclusion != Success {
		t.Errorf("%s: %+v", v.Conclusion, v.Findings)
	}
}

// edited changes the identity of attested evidence.
func edited(edit func(*provenance.Identity)) func(*provenance.Evidence) {
	return func(ev *provenance.Evidence) { edit(ev.Provenance.Identity) }
}

// madeBy fills in what certificates of today state, beside what attested knows.
func madeBy(ev *provenance.Evidence) {
	i := ev.Provenance.Identity
	i.Signer, i.Runner, i.Run = i.Repository+"/"+i.Workflow+"@"+i.Ref, "github-hosted", i.Repository+"/actions/runs/1/attempts/1"
}

// moved names another repository, with the signer in it.
func moved(repository, id, owner string) func(*provenance.Evidence) {
	return edited(func(i *provenance.Identity) {
		i.Signer = strings.Replace(i.Signer, i.Repository, repository, 1)
		i.Repository, i.RepositoryID, i.OwnerID = repository, id, owner
	})
}

func nextCommit(ev *provenance.Evidence) {
	ev.Provenance.Identity.Commit = strings.Repeat("9f8e", 10)
}

func TestRepositoryChanged(t *testing.T) {
	old, e := entry("axios@1.14.0"), entry("axios@1.14.1", at(212))
	was := attested(old, madeBy)
	const home, fork = "https://github.com/acme/axios", "https://github.com/mallory/axios"
	is := func(edits ...func(*provenance.Evidence)) provenance.Evidence {
		return attested(e, append([]func(*provenance.Evidence){madeBy, nextCommit}, edits...)...)
	}
	stolen := is(moved(fork, "2000", "9"))
	noIDs := edited(func(i *provenance.Identity) { i.RepositoryID, i.OwnerID = "", "" })
	older, newer, ancient := entry("axios@0.30.2"), entry("axios@2.0.0"), entry("axios@1.13.0")
	two := func(first, second provenance.Evidence) Subject {
		s := updated(old, first, e, stolen)
		s.Change.Replaces, s.Replaced = append(s.Change.Replaces, ancient), append(s.Replaced, second)
		return s
	}
	var many []Subject
	for i := range 6 {
		a, b := entry(fmt.Sprintf("@acme/p%d@1.0.0", i)), entry(fmt.Sprintf("@acme/p%d@1.0.1", i), at(20+i))
		many = append(many, updated(a, attested(a, madeBy, moved("https://github.com/acme/mono", "3000", "7")), b, attested(b, madeBy, moved("https://github.com/mallory/mono", "4000", "9"))))
	}
	readButUnknown := attested(old)
	readButUnknown.Provenance = provenance.Provenance{Check: unknownCheck("the registry answered 503")}
	elsewhere := entry("axios@1.14.0", func(e *dep.Entry) { e.Resolved = "https://npm.acme.example/team/axios/-/axios-1.14.0.tgz" })
	same := updated(old, readButUnknown, e, is())
	same.Change.Kind = dep.Repinned
	held(t, RuleRepositoryChanged, append(repositoryByLine(), []example{
		{name: "another repository, another owner", subject: []Subject{updated(old, was, e, stolen)}, want: []string{"error"}},
		{name: "on a dangerous trigger", subject: []Subject{updated(old, was, e, is(moved(fork, "2000", "9"), edited(func(i *provenance.Identity) { i.Trigger = "pull_request_target" })))}, want: []string{"error"}},
		{name: "made anew under the same name", subject: []Subject{updated(old, was, e, is(moved(home, "2000", "9")))}, want: []string{"error"}},
		{name: "another forge, the same numbers", subject: []Subject{updated(old, was, e, is(moved("https://gitlab.com/acme/axios", "1000", "7")))}, want: []string{"error"}},
		{name: "an old certificate without ids, another name", subject: []Subject{updated(old, attested(old, madeBy, noIDs), e, stolen)}, want: []string{"error"}},
		{name: "an old certificate without ids, the same name", subject: []Subject{updated(old, attested(old, madeBy, noIDs), e, is())}},
		{name: "an old certificate without ids, the same name otherwise written", subject: []Subject{updated(old, attested(old, madeBy, noIDs), e, is(moved("https://github.com/Acme/Axios.git", "1000", "7")))}},
		{name: "renamed", subject: []Subject{updated(old, was, e, is(moved("https://github.com/acme/http", "1000", "7")))}},
		{name: "moved to another owner", subject: []Subject{updated(old, was, e, is(moved(fork, "1000", "9")))}},
		{name: "another repository of the same owner", subject: []Subject{updated(old, was, e, is(moved("https://github.com/acme/mono", "2000", "7")))}},
		{name: "an ordinary release", subject: []Subject{updated(old, was, e, is())}},
		{name: "a new release line of it", subject: []Subject{updated(old, was, newer, attested(newer, moved(fork, "2000", "9")))}, want: []string{"error"}},
		{name: "an older line in the place of a newer one", subject: []Subject{updated(old, was, older, attested(older, moved(fork, "2000", "9")))}, want: []string{"notice"}},
		{name: "a copy that stays", subject: []Subject{beside(added(e, stolen), old, was)}, want: []string{"error"}},
		{name: "a copy that stays hides nothing", subject: []Subject{beside(updated(old, was, e, stolen), ancient, attested(ancient, madeBy, moved(fork, "2000", "9")))}, want: []string{"error"}},
		{name: "one of two replaced versions is from there already", subject: []Subject{two(was, attested(ancient, madeBy, moved(fork, "2000", "9")))}},
		{name: "both replaced versions are from elsewhere", subject: []Subject{two(was, attested(ancient, madeBy))}, want: []string{"error"}},
		{name: "an old duplicate without provenance hides nothing", subject: []Subject{two(was, signed(ancient))}, want: []string{"error"}},
		{name: "one replaced version is unknown, the other speaks", subject: []Subject{two(was, down(ancient))}, want: []string{"error"}},
		{name: "under another name", subject: []Subject{updated(entry("http@1.0.0"), attested(entry("http@1.0.0"), moved(fork, "2000", "9")), e, is())}, want: []string{"notice"}},
		{name: "a whole monorepo is one finding", subject: many, want: []string{"error"}},
		{name: "hostile names are quoted", subject: []Subject{updated(old, was, e, is(moved("https://github.com/a\u202e[x](https://evil.example)/"+strings.Repeat("y", 300), "2000", "9")))}, want: []string{"error"}},
		{name: "the one before is unknown", subject: []Subject{updated(old, down(old), e, is())}, want: []string{"unknown"}},
		{name: "the one before was read, its provenance is unknown", subject: []Subject{updated(old, readButUnknown, e, is())}, want: []string{"unknown"}},
		{name: "the one before was not asked about", subject: []Subject{updated(old, provenance.Evidence{}, e, is())}, want: []string{"unknown"}},
		{name: "the one before is another registry's", subject: []Subject{updated(elsewhere, provenance.Evidence{}, e, is())}, want: []string{"notice"}},
		{name: "a copy that stays is unknown", subject: []Subject{beside(added(e, is()), old, down(old))}, want: []string{"unknown"}},
		{name: "a copy that stays is unknown, the replaced one matches", subject: []Subject{beside(updated(old, was, e, is()), ancient, down(ancient))}},
		{name: "the same version repinned, and unknown before", subject: []Subject{same}},
		{name: "the one before is unknown, and unverified says so", subject: []Subject{updated(old, down(old), e, is(func(ev *provenance.Evidence) { ev.Release.Publisher = registry.Publisher{Name: "jo"} }))}},
		{name: "the one before is gone", subject: []Subject{updated(old, provenance.Evidence{Gone: true}, e, is())}},
		{name: "the new one is unknown", subject: []Subject{updated(old, was, e, down(e))}},
		{name: "lost", subject: []Subject{updated(old, was, e, signed(e))}},
		{name: "gained", subject: []Subject{updated(old, signed(old), e, is())}},
		{name: "the one before does not hold", subject: []Subject{updated(old, attested(old, func(ev *provenance.Evidence) { ev.Provenance.Check = invalid("its log entry is missing") }), e, is())}},
		{name: "added", subject: []Subject{added(e, is())}},
		{name: "removed", subject: []Subject{removed(old)}},
	}...))
}

func TestIdentityChanged(t *testing.T) {
	old, e := entry("left-pad@1.3.0"), entry("left-pad@1.3.1", at(77))
	was := attested(old, madeBy)
	is := func(edits ...func(*provenance.Evidence)) provenance.Evidence {
		return attested(e, append([]func(*provenance.Evidence){madeBy, nextCommit}, edits...)...)
	}
	now := func(edit func(*provenance.Identity)) Subject { return updated(old, was, e, is(edited(edit))) }
	trigger := func(name string) Subject { return now(func(i *provenance.Identity) { i.Trigger = name }) }
	shared := func(ref string) func(*provenance.Identity) {
		return func(i *provenance.Identity) {
			i.Signer = "https://github.com/acme/shared/.github/workflows/npm.yml@" + ref
		}
	}
	path := func(name string) func(*provenance.Identity) {
		return func(i *provenance.Identity) {
			i.Workflow, i.Signer = name, i.Repository+"/"+name+"@"+i.Ref
		}
	}
	config := func(id string) func(*provenance.Evidence) {
		return func(ev *provenance.Evidence) { ev.Release.Publisher.OIDCConfigID = id }
	}
	legacyOf := edited(func(i *provenance.Identity) { i.RepositoryID, i.OwnerID, i.Runner, i.Run = "", "", "", "" })
	// A reusable workflow of the repository itself, as certificates before April 2023 say it.
	legacyShared := func(ev *provenance.Evidence) {
		legacyOf(ev)
		edited(path(".github/workflows/shared.yml"))(ev)
	}
	nowShared := edited(func(i *provenance.Identity) { i.Signer = i.Repository + "/.github/workflows/shared.yml@" + i.Ref })
	ancient, newer := entry("left-pad@1.2.0"), entry("left-pad@2.0.0")
	byHand := edited(func(i *provenance.Identity) { i.Trigger = "workflow_dispatch" })
	two := func(second provenance.Evidence) Subject {
		s := updated(old, was, e, is(byHand))
		s.Change.Replaces, s.Replaced = append(s.Change.Replaces, ancient), append(s.Replaced, second)
		return s
	}
	var many []Subject
	for i := range 12 {
		a, b := entry(fmt.Sprintf("@acme/p%02d@1.0.0", i)), entry(fmt.Sprintf("@acme/p%02d@1.0.1", i), at(20+i))
		tagged := func(ev *provenance.Evidence) { ev.Provenance.Identity.Ref = "refs/tags/" + ev.Package.ID() }
		many = append(many, updated(a, attested(a, tagged, madeBy), b, attested(b, tagged, madeBy, nextCommit, edited(path(".github/workflows/publish.yml")), config(fmt.Sprint(i)))))
	}
	gitlab := func(ev *provenance.Evidence) {
		moved("https://gitlab.com/acme/web/left-pad", "50", "60")(ev)
		edited(func(i *provenance.Identity) {
			i.Issuer, i.Workflow, i.Signer = "https://gitlab.com", ".gitlab-ci.yml", i.Repository+"//.gitlab-ci.yml@"+i.Ref
		})(ev)
	}
	held(t, RuleIdentityChanged, append(identityByLine(), []example{
		{name: "an ordinary release: another tag, commit and run", subject: []Subject{now(func(i *provenance.Identity) { i.Run = i.Repository + "/actions/runs/2/attempts/1" })}},
		{name: "tags of a package in a monorepo", subject: []Subject{updated(old, attested(old, edited(func(i *provenance.Identity) { i.Ref = "refs/tags/left-pad@1.3.0" }), madeBy), e,
			is(edited(func(i *provenance.Identity) { i.Ref = "refs/tags/left-pad@1.3.1" }), madeBy))}},
		{name: "another branch", subject: []Subject{updated(old, attested(old, edited(func(i *provenance.Identity) { i.Ref = "refs/heads/main" })), e, is(edited(func(i *provenance.Identity) { i.Ref = "refs/heads/v1" })))}},
		{name: "the reusable workflow at another ref", subject: []Subject{updated(old, attested(old, madeBy, edited(shared("refs/tags/v1"))), e, is(edited(shared("0123456789abcdef0123456789abcdef01234567"))))}},
		{name: "renamed", subject: []Subject{updated(old, was, e, is(moved("https://github.com/acme/pad", "1000", "7")))}, want: []string{"warning"}},
		{name: "only written otherwise", subject: []Subject{updated(old, was, e, is(moved("https://github.com/Acme/left-pad", "1000", "7")))}},
		{name: "moved to another owner", subject: []Subject{updated(old, was, e, is(moved("https://github.com/robin/left-pad", "1000", "9")))}, want: []string{"warning"}},
		{name: "another repository of the same owner", subject: []Subject{updated(old, was, e, is(moved("https://github.com/acme/mono", "2000", "7")))}, want: []string{"warning"}},
		{name: "made anew by the same owner", subject: []Subject{updated(old, was, e, is(moved("https://github.com/acme/left-pad", "2000", "7")))}, want: []string{"warning"}},
		{name: "another repository of another owner", subject: []Subject{updated(old, was, e, is(moved("https://github.com/mallory/left-pad", "2000", "9"), byHand))}},
		{name: "another workflow", subject: []Subject{now(path(".github/workflows/ci.yml"))}, want: []string{"warning"}},
		{name: "from a tag to a branch", subject: []Subject{now(func(i *provenance.Identity) { i.Ref = "refs/heads/main" })}, want: []string{"warning"}},
		{name: "from a pull request", subject: []Subject{now(func(i *provenance.Identity) { i.Ref = "refs/pull/7/merge" })}, want: []string{"warning"}},
		{name: "from a strange ref", subject: []Subject{now(func(i *provenance.Identity) { i.Ref = "refs/notes/x" })}, want: []string{"warning"}},
		{name: "started by hand", subject: []Subject{trigger("workflow_dispatch")}, want: []string{"warning"}},
		{name: "pull_request_target", subject: []Subject{trigger("pull_request_target")}, want: []string{"warning"}},
		{name: "issue_comment", subject: []Subject{trigger("issue_comment")}, want: []string{"warning"}},
		{name: "workflow_run", subject: []Subject{trigger("workflow_run")}, want: []string{"warning"}},
		{name: "a dangerous trigger, none was stated before", subject: []Subject{updated(old, attested(old, madeBy, edited(func(i *provenance.Identity) { i.Trigger = "" })), e, is(edited(func(i *provenance.Identity) { i.Trigger = "workflow_run" })))}, want: []string{"warning"}},
		{name: "a trigger, none was stated before", subject: []Subject{updated(old, attested(old, madeBy, edited(func(i *provenance.Identity) { i.Trigger = "" })), e, is())}},
		{name: "a dangerous trigger that was there before", subject: []Subject{updated(old, attested(old, madeBy, edited(func(i *provenance.Identity) { i.Trigger = "workflow_run" })), e, is(edited(func(i *provenance.Identity) { i.Trigger = "workflow_run" })))}},
		{name: "a self-hosted runner", subject: []Subject{now(func(i *provenance.Identity) { i.Runner = "self-hosted" })}, want: []string{"warning"}},
		{name: "a runner that was not stated before", subject: []Subject{updated(old, attested(old), e, is())}},
		{name: "a reusable workflow signs", subject: []Subject{now(shared("refs/tags/v1"))}, want: []string{"warning"}},
		{name: "another reusable workflow signs", subject: []Subject{updated(old, attested(old, madeBy, edited(shared("refs/tags/v1"))), e,
			is(edited(func(i *provenance.Identity) {
				i.Signer = "https://github.com/mallory/shared/.github/workflows/npm.yml@refs/tags/v1"
			})))}, want: []string{"warning"}},
		{name: "an issuer of the enterprise's own", subject: []Subject{now(func(i *provenance.Identity) { i.Issuer += "/acme" })}, want: []string{"warning"}},
		{name: "another trusted publisher's configuration", subject: []Subject{updated(old, was, e, is(config("oidc:2")))}, want: []string{"warning"}},
		{name: "a configuration that was not stated before", subject: []Subject{updated(old, attested(old, madeBy, config("")), e, is())}},
		{name: "a trusted publisher was gained", subject: []Subject{updated(old, attested(old, madeBy, func(ev *provenance.Evidence) { ev.Release.Publisher = registry.Publisher{Name: "jo"} }), e, is())}},
		{name: "everything at once", subject: []Subject{updated(old, was, e, is(moved("https://github.com/robin/left-pad", "1000", "9"), edited(path(".github/workflows/ci.yml")), config("oidc:2"),
			edited(func(i *provenance.Identity) {
				i.Ref, i.Trigger, i.Runner = "refs/heads/main", "issue_comment", "self-hosted"
			})))}, want: []string{"warning"}},
		{name: "an old certificate", subject: []Subject{updated(old, attested(old, madeBy, legacyOf), e, is())}},
		{name: "an old certificate that names only the reusable workflow", subject: []Subject{updated(old, attested(old, madeBy, legacyShared), e, is(nowShared))}},
		{name: "an old certificate and another workflow", subject: []Subject{updated(old, attested(old, madeBy, legacyOf), e, is(edited(path(".github/workflows/ci.yml"))))}, want: []string{"warning"}},
		{name: "at GitLab", subject: []Subject{updated(old, attested(old, madeBy, gitlab), e, is(gitlab, byHand))}, want: []string{"warning"}},
		{name: "the same commit has no compare view", subject: []Subject{updated(old, was, e, attested(e, madeBy, byHand))}, want: []string{"warning"}},
		{name: "a commit that is none has no compare view", subject: []Subject{now(func(i *provenance.Identity) { i.Commit, i.Trigger = "../../evil", "schedule" })}, want: []string{"warning"}},
		{name: "one of two replaced versions matches", subject: []Subject{two(attested(ancient, madeBy, byHand))}},
		{name: "neither of two matches", subject: []Subject{two(attested(ancient, madeBy))}, want: []string{"warning"}},
		{name: "one of two is of the same owner, the other is not", subject: []Subject{two(attested(ancient, madeBy, moved("https://github.com/else/where", "5", "6")))}, want: []string{"warning"}},
		{name: "an older line in the place of a newer one", subject: []Subject{updated(newer, attested(newer, madeBy), e, is(byHand))}, want: []string{"notice"}},
		{name: "a copy that stays", subject: []Subject{beside(added(e, is(byHand)), old, was)}, want: []string{"warning"}},
		{name: "copies that stay, one matches", subject: []Subject{beside(beside(added(e, is(byHand)), old, was), ancient, attested(ancient, madeBy, byHand))}},
		{name: "a monorepo whose workflow was renamed is one finding", subject: many, want: []string{"warning"}},
		{name: "hostile values are quoted", subject: []Subject{now(func(i *provenance.Identity) {
			i.Trigger, i.Ref = "a\u202eb\n[x](https://evil.example)", "refs/heads/"+strings.Repeat("z", 400)
		})}, want: []string{"warning"}},
		{name: "the one before is unknown: repository-changed says it", subject: []Subject{updated(old, down(old), e, is())}},
		{name: "lost", subject: []Subject{updated(old, was, e, signed(e))}},
		{name: "added", subject: []Subject{added(e, is())}},
		{name: "removed", subject: []Subject{removed(old)}},
	}...))
}

// Whoever switches one of the two rules off still hears what could not be looked at,
// and who switches off both does not.
func TestAnIdentityThatCouldNotBeComparedIsSaidOnce(t *testing.T) {
	old, e := entry("axios@1.14.0"), entry("axios@1.14.1")
	in := Input{Subjects: []Subject{updated(old, down(old), e, attested(e))}}
	without := Default().With(RuleRepositoryChanged, Off)
	for _, c := range []struct {
		policy Policy
		want   []RuleName
	}{
		{Default(), []RuleName{RuleRepositoryChanged}},
		{Default().With(RuleIdentityChanged, Off), []RuleName{RuleRepositoryChanged}},
		{without, []RuleName{RuleIdentityChanged}},
		{without.With(RuleIdentityChanged, Off), nil},
	} {
		v := Judge(in, c.policy, now())
		if got := rulesOf(v); !slices.Equal(got, c.want) || v.Conclusion != Success {
			t.Errorf("%s by %v, want success by %v", v.Conclusion, got, c.want)
		}
	}
}

func TestOnlyCheckedPartsBecomeACompareView(t *testing.T) {
	a, b := strings.Repeat("1a", 20), strings.Repeat("2b", 20)
	for repository, want := range map[string]string{
		"https://github.com/acme/web":                             "https://github.com/acme/web/compare/" + a + "..." + b,
		"https://gitlab.com/acme/team/web":                        "https://gitlab.com/acme/team/web/-/compare/" + a + "..." + b,
		"https://github.com/acme/web/tree":                        "",
		"https://github.com/acme":                                 "",
		"https://github.com/acme/..":                              "",
		"https://github.com/acme/web?x":                           "",
		"https://github.com/acme/w b":                             "",
		"https://github.com@evil.example/acme/web":                "",
		"https://github.com.evil.example/acme/web":                "",
		"http://github.com/acme/web":                              "",
		"https://acme.ghe.com/acme/web":                           "",
		"https://gitlab.com/acme/-/web":                           "",
		"https://github.com/" + strings.Repeat("a", 300) + "/web": "",
	} {
		old, now := &provenance.Identity{Repository: repository, Commit: a}, &provenance.Identity{Repository: repository, Commit: b}
		if got := compareView(old, now); got != want {
			t.Errorf("%s: %q, want %q", repository, got, want)
		}
	}
}

func TestManifestWithoutLock(t *testing.T) {
	held(t, RuleManifestWithoutLock, []example{
		{name: "said", problem: []Problem{{Kind: ManifestAlone, Lockfile: "package.json", Line: 7, Detail: "package.json asks for something else than before (left-pad ^1.3.0), and package-lock.json was not changed with it: what the next install brings in was not looked at."}}, want: []string{"warning"}},
		{name: "without words", problem: []Problem{{Kind: ManifestAlone, Lockfile: "web/package.json"}}, want: []string{"warning"}},
	})
}

func TestInstallConfigChanged(t *testing.T) {
	held(t, RuleInstallConfig, []example{
		{name: "said", problem: []Problem{{Kind: ConfigChanged, Lockfile: ".npmrc", Line: 2, Detail: ".npmrc was changed, and it steers what is installed and how: new “ignore-scripts=false”."}}, want: []string{"warning"}},
		{name: "without words", problem: []Problem{{Kind: ConfigChanged, Lockfile: ".pnpmfile.cjs"}}, want: []string{"warning"}},
	})
}

func TestPublishWorkflow(t *testing.T) {
	said := Problem{
		Kind: PublishWorkflow, Lockfile: ".github/workflows/release.yml", Line: 12, Detail: `The job "publish" publishes without id-token: write, so that npm gets no provenance.`,
		Why: "Without it GitHub gives the job no identity to sign with.", Help: "Add id-token: write to the job's permissions. See https://docs.npmjs.com/generating-provenance-statements",
		Link: "https://docs.npmjs.com/generating-provenance-statements", Mended: Mended{From: 13, To: 14, Text: "    permissions:\n      id-token: write"},
	}
	held(t, RulePublishWorkflow, []example{
		{name: "said", problem: []Problem{said}, want: []string{"notice"}},
		{name: "without words", problem: []Problem{{Kind: PublishWorkflow, Lockfile: ".npmrc"}}, want: []string{"notice"}},
	})
}

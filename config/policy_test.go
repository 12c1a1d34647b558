package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
)

// examples are the YAML blocks of the pages about the policy file.
func examples(t testing.TB) []string {
	t.Helper()
	var pages []byte
	for _, name := range []string{"../docs/policy.md", "../docs/configure.md"} {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page...)
	}
	var out []string
	for _, part := range strings.Split(string(pages), "```yaml\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		out = append(out, block)
	}
	if len(out) < 2 {
		t.Fatal("the pages have lost their examples")
	}
	return out
}

// wholeExample is the one that sets everything.
func wholeExample(t testing.TB) string {
	t.Helper()
	all := examples(t)
	return slices.MaxFunc(all, func(a, b string) int { return len(a) - len(b) })
}

func TestExamplesOfTheDocumentationAreAccepted(t *testing.T) {
	for _, text := range examples(t) {
		if _, err := ParsePolicy("f", []byte(text)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	for _, r := range policy.Rules() {
		if line := fmt.Sprintf("\n  %s: %s", r.Name, r.Default); !r.Fixed && !strings.Contains(wholeExample(t), line) {
			t.Errorf("the example does not set %s to its default", r.Name)
		}
	}
}

func TestTheWholeExampleIsAccepted(t *testing.T) {
	text := wholeExample(t)
	p, err := ParsePolicy("bonafide.yml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	// lineOf is where a part of the example stands.
	lineOf := func(part string) int {
		before, _, found := strings.Cut(text, part)
		if !found {
			t.Fatalf("the example has no %q", part)
		}
		return 1 + strings.Count(before, "\n")
	}
	want := policy.Default()
	want.Source = "bonafide.yml"
	want.Ignore = []string{"test/fixtures/**"}
	want.Registries = policy.Registries{Mirrors: []string{"https://mirror.example.com/npm"}, Private: []string{"@secret"}}
	want.Packages = []policy.PackageRule{{
		Match: "npm:@my-org/*", Require: "all", Line: lineOf("- match"),
		Identity: policy.IdentityPin{Repository: "github.com/my-org/*", Workflow: ".github/workflows/release.yml", Ref: "refs/tags/*"},
	}}
	want.Exceptions = []policy.Exception{{
		Package: "npm:esbuild@>=0.21 <1", Rules: []policy.RuleName{policy.RuleInstallScript},
		Reason: "downloads its platform binary", Owner: "@my-org/security",
		Expires: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), Line: lineOf("- package"),
	}}
	if place := p.Places["rules.too-new"]; place.Line != lineOf("  too-new:") || p.Places["cooldown"].Line != lineOf("\ncooldown:")+1 {
		t.Errorf("the places are %v", p.Places)
	}
	want.Places = p.Places
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got\n%+v\nexpected\n%+v", p, want)
	}
}

func TestEveryRuleIsAcceptedAtEverySeverity(t *testing.T) {
	for _, r := range policy.Rules() {
		for _, s := range []policy.Severity{policy.Error, policy.Warning, policy.Notice, policy.Off} {
			p, err := ParsePolicy("f", fmt.Appendf(nil, "version: 1\nrules: {%s: %s}", r.Name, s))
			if r.Fixed {
				if err == nil {
					t.Errorf("%s: the rule is fixed and could be set", r.Name)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %s: %v", r.Name, s, err)
				continue
			}
			if p.Rules[r.Name] != s || p.Severity(r.Name) != s {
				t.Errorf("%s: %s became %s", r.Name, s, p.Rules[r.Name])
			}
		}
	}
}

func TestAnEmptyFileIsTheDefaults(t *testing.T) {
	want := policy.Default()
	want.Source = "f"
	for _, text := range []string{"", "\n\n", "# nothing yet\n", "---\n", "\ufeff", "version: 1", "version: 1\nrules:\n  # too-new: error\nexceptions:\n"} {
		p, err := ParsePolicy("f", []byte(text))
		if err != nil || !reflect.DeepEqual(p, want) {
			t.Errorf("%q: %v, %+v", text, err, p)
		}
	}
}

func TestSettingsAreRead(t *testing.T) {
	p, err := ParsePolicy("f", []byte(`version: 1
mode: observe
on_unknown: neutral
comments: off
rules: { provenance-lost: off, "repinned": 'warning' }
provenance: { require: direct, min_coverage: 12.5%, max_coverage_drop: "5 %" }
cooldown: 1d12h
accept: { by: admin, author: true }
packages:
  - { match: "npm:left-pad@^1.0.0", require: none }
  - { match: "npm:@acme/*", cooldown: 0d, rules: { too-new: off, coverage: error } }
`))
	if err != nil {
		t.Fatal(err)
	}
	if p.Mode != policy.Observe || p.OnUnknown != policy.UnknownNeutral || p.Rules[policy.RuleProvenanceLost] != policy.Off ||
		p.Rules[policy.RuleRepinned] != policy.Warning || p.Rules[policy.RuleDigestMismatch] != policy.Error ||
		p.Require != "direct" || p.MinCoverage != 12.5 || p.MaxCoverageDrop != 5 || p.Cooldown != 36*time.Hour ||
		*p.Packages[1].Cooldown != 0 || p.Packages[1].Rules[policy.RuleTooNew] != policy.Off || len(p.Packages[1].Rules) != 2 ||
		p.Comments != policy.CommentNothing || p.Places["provenance.min_coverage"].Line != 6 || p.AcceptBy != "admin" || !p.AcceptAuthor || p.Packages[0].Match != "npm:left-pad@^1.0.0" {
		t.Errorf("%+v", p)
	}
}

// Every mistake is found at its place, and the message says what to write.
func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an unknown key", "version: 1\nmoed: observe", `f:2:1: the policy does not know the key "moed". Did you mean mode?`},
		{"an unknown key with a dash", "version: 1\non-unknown: fail", `f:2:1: the policy does not know the key "on-unknown". Did you mean on_unknown?`},
		{"no choice", "version: 1\ncomments: some", `f:2:11: comments must be off, errors or all, not "some".`},
		{"an unknown key like nothing", "version: 1\nzebra: 1", `f:2:1: the policy does not know the key "zebra".`},
		{"an unknown rule", "version: 1\nrules:\n  provenence-lost: error", `f:3:3: rules does not know the key "provenence-lost". Did you mean provenance-lost?`},
		{"a rule with underscores", "version: 1\nrules:\n  provenance_lost: error", `Did you mean provenance-lost?`},
		{"a fixed rule", "version: 1\nrules: {unverified: off}", `f:2:9: the rule unverified cannot be set. Use on_unknown instead.`},
		{"a severity that is none", "version: 1\nrules:\n  repinned: fatal", `f:3:13: the rule repinned must be error, warning, notice or off, not "fatal".`},
		{"a severity with a slip", "version: 1\nrules: {repinned: eror}", `Did you mean error?`},
		{"a list for rules", "version: 1\nrules: [repinned]", `f:2:8: rules must be a mapping (key: value), not a list.`},
		{"a mapping for a rule", "version: 1\nrules: {repinned: {a: b}}", `not a mapping.`},
		{"a mapping for ignore", "version: 1\nlockfiles: {ignore: {a: b}}", `lockfiles.ignore must be a list, not a mapping.`},
		{"a number to ignore", "version: 1\nlockfiles: {ignore: [3]}", `must be text, not the number 3.`},
		{"a broken pattern", "version: 1\nlockfiles: {ignore: ['[a']}", `f:2:22: a pattern of lockfiles.ignore is not a valid pattern: "[a".`},
		{"a pattern from the root", "version: 1\nlockfiles: {ignore: [/a/**]}", `never matches`},
		{"a pattern that multiplies", "version: 1\nlockfiles: {ignore: ['{a,b}{a,b}{a,b}{a,b}{a,b}']}", `too many alternatives in braces`},
		{"a pattern with many alternatives", "version: 1\nlockfiles: {ignore: ['{a,b,c,d,e,f,g,h,i,j}']}", `too many alternatives in braces`},
		{"many patterns", "version: 1\nlockfiles: {ignore: [" + strings.Repeat("a, ", 101) + "]}", `lockfiles.ignore has 101 patterns; 100 are allowed.`},
		{"a mode that is none", "version: 1\nmode: enforced", `f:2:7: mode must be enforce or observe, not "enforced". Did you mean enforce?`},
		{"nothing for a mode", "version: 1\nmode:", `mode must be enforce or observe, not nothing.`},
		{"no version", "mode: observe", `f:1:1: the policy needs the key version; write "version: 1".`},
		{"version 2", "version: 2", `f:1:10: version 2 is not known to this Bonafide; it reads version 1.`},
		{"version as text", "version: '1'", `version must be the number 1, not "1".`},
		{"a key twice", "version: 1\nmode: observe\nmode: enforce", `f:3:1: mode is set twice; it stands on line 2 already.`},
		{"a rule twice", "version: 1\nrules:\n  repinned: off\n  repinned: error", `f:4:3: repinned is set twice`},
		{"an anchor", "version: 1\nmode: &a observe", `f:2:7: anchors (&a) are not allowed; write the value out.`},
		{"an alias", "version: &v 1\nmode: *v", `aliases (*v) are not allowed`},
		{"a merge key", "version: 1\nrules:\n  <<: {repinned: off}", `f:3:3: merge keys (<<) are not allowed`},
		{"a tag", "version: !!int 1", `tags (!!int) are not allowed`},
		{"a tag of one's own", "version: 1\nmode: !x observe", `f:2:7: tags (!x) are not allowed`},
		{"a tag hidden in what is not known", "version: 1\nrules: {repinned: {a: !x b}}", `tags (!x) are not allowed`},
		{"two documents", "version: 1\n---\nversion: 1", `a second document starts here`},
		{"a list for the file", "- version: 1", `f:1:1: the policy must be a mapping (key: value), not a list.`},
		{"text for the file", "hello", `not "hello".`},
		{"not YAML", "version: 1\nrules: {", `f:3:1: this is not valid YAML`},
		{"a tab", "version: 1\nrules:\n\trepinned: off", `this is not valid YAML`},
		{"a NUL", "version: 1\nmode: \x00", `f:2:7: there is something here that is no text`},
		{"a byte that is not UTF-8", "version: 1 # \xff", `f:1:14: there is something`},
		{"UTF-16", "\xff\xfev\x00", `f:1:1: there is something`},
		{"a key that is a list", "version: 1\n? [a]\n: b", `a key must be a plain word, not a list.`},
		{"a percentage without its sign", "version: 1\nprovenance: {min_coverage: 10}", `f:2:28: provenance.min_coverage must be a percentage from 0% to 100%, for example 12.5%, not the number 10.`},
		{"too much of a percentage", "version: 1\nprovenance: {min_coverage: 101%}", `must be a percentage`},
		{"a negative percentage", "version: 1\nprovenance: {min_coverage: -1%}", `must be a percentage`},
		{"a duration without a unit", "version: 1\ncooldown: 3", `f:2:11: cooldown must be days and hours, for example 3d, 36h or 1d12h, not the number 3.`},
		{"a duration in weeks", "version: 1\ncooldown: 1w", `not "1w".`},
		{"a list for a duration", "version: 1\ncooldown: [3d]", `cooldown must be days and hours`},
		{"a very long duration", "version: 1\ncooldown: 400d", `cooldown must be at most 365d.`},
		{"yes for true", "version: 1\naccept: {author: yes}", `accept.author must be true or false`},
		{"anybody may accept", "version: 1\naccept: {by: read}", `accept.by must be admin, maintain, write or nobody, not "read".`},
		{"a package without its ecosystem", "version: 1\npackages: [{match: left-pad, require: all}]", `match names its ecosystem first: write "npm:left-pad".`},
		{"a package of another ecosystem", "version: 1\npackages: [{match: 'cargo:serde', require: all}]", `match is of the ecosystem "cargo", which is not supported yet, only npm is.`},
		{"a range that is none", "version: 1\npackages: [{match: 'npm:left-pad@>=banana', require: all}]", `">=banana" is not a version range of npm.`},
		{"a range that is empty", "version: 1\npackages: [{match: 'npm:left-pad@>=2 <1', require: all}]", `f:2:20: match never matches: no version is in the range ">=2 <1".`},
		{"an alias", "version: 1\npackages: [{match: 'npm:left-pad@npm:evil@1.0.0', require: all}]", `match names no package`},
		{"a rule of files for packages", "version: 1\npackages: [{match: 'npm:a', rules: {lockfile-removed: off}}]", `f:2:37: the rule lockfile-removed is about files, not about packages`},
		{"no rules for packages", "version: 1\npackages: [{match: 'npm:a', rules: {}}]", `rules names at least one rule.`},
		{"a fixed rule for packages", "version: 1\npackages: [{match: 'npm:a', rules: {unverified: off}}]", `the rule unverified cannot be set. Use on_unknown instead.`},
		{"a cooldown in weeks for packages", "version: 1\npackages: [{match: 'npm:a', cooldown: 1w}]", `cooldown must be days and hours`},
		{"an exception to a rule of files", "version: 1\nexceptions: [{package: 'npm:a', rules: [lockfile-removed], reason: r, owner: me, expires: 2027-01-01}]", `f:2:41: the rule lockfile-removed is about files, and an exception is about packages; it would never match.`},
		{"a grave exception without a digest", "version: 1\nexceptions:\n  - package: npm:a@1.0.0\n    rules: [repinned, known-malware]\n    reason: r\n    owner: me\n    expires: 2027-01-01", `f:4:23: known-malware can be excepted for one version and one digest alone: write package: "npm:NAME@VERSION" and integrity: sha512-….`},
		{"a grave exception for a range", "version: 1\nexceptions:\n  - package: npm:a@^1.0.0\n    integrity: sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n    rules: [digest-mismatch]\n    reason: r\n    owner: me\n    expires: 2027-01-01", `f:5:13: digest-mismatch can be excepted for one version and one digest alone`},
		{"a digest that is none", "version: 1\nexceptions: [{package: 'npm:a@1.0.0', integrity: sha512-x, rules: [repinned], reason: r, owner: me, expires: 2027-01-01}]", `integrity is the lockfile's digest of the package`},
		{"a digest that can be forged", "version: 1\nexceptions: [{package: 'npm:a@1.0.0', integrity: sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=, rules: [repinned], reason: r, owner: me, expires: 2027-01-01}]", `sha256 or better`},
		{"a range left out", "version: 1\npackages: [{match: 'npm:left-pad@', require: all}]", `ends in @`},
		{"a block without match", "version: 1\npackages: [{require: all}]", `an element of packages needs the key match.`},
		{"a block that says nothing", "version: 1\npackages: [{match: 'npm:a'}]", `needs require, identity, cooldown or rules`},
		{"an identity that says nothing", "version: 1\npackages: [{match: 'npm:a', identity: {}}]", `identity needs at least one of`},
		{"a repository with a scheme", "version: 1\npackages: [{match: 'npm:a', identity: {repository: 'https://github.com/a/b'}}]", `without a scheme`},
		{"a short ref", "version: 1\npackages: [{match: 'npm:a', identity: {ref: main}}]", `ref is written in full`},
		{"an exception without a reason", "version: 1\nexceptions: [{package: 'npm:a', rules: [repinned], owner: me, expires: 2027-01-01}]", `an exception needs the key reason.`},
		{"an exception without an owner", "version: 1\nexceptions: [{package: 'npm:a', rules: [repinned], reason: r, expires: 2027-01-01}]", `an exception needs the key owner.`},
		{"an exception without an end", "version: 1\nexceptions: [{package: 'npm:a', rules: [repinned], reason: r, owner: me}]", `an exception needs the key expires.`},
		{"an empty reason", "version: 1\nexceptions: [{package: 'npm:a', rules: [repinned], reason: ' ', owner: me, expires: 2027-01-01}]", `reason must not be empty.`},
		{"a date that is none", "version: 1\nexceptions: [{package: 'npm:a', rules: [repinned], reason: r, owner: me, expires: 2027-02-30}]", `expires must be a date like 2027-03-01`},
		{"an exception to no rule", "version: 1\nexceptions: [{package: 'npm:a', rules: [], reason: r, owner: me, expires: 2027-01-01}]", `an exception names at least one rule.`},
		{"an exception to an unknown rule", "version: 1\nexceptions: [{package: 'npm:a', rules: [repined], reason: r, owner: me, expires: 2027-01-01}]", `there is no rule "repined". Did you mean repinned?`},
		{"an exception to a fixed rule", "version: 1\nexceptions: [{package: 'npm:a', rules: [lockfile-unreadable], reason: r, owner: me, expires: 2027-01-01}]", `there is no exception to the rule lockfile-unreadable.`},
		{"an exception that is nothing", "version: 1\nexceptions:\n  -\n", `an exception is a mapping with package, rules, reason, owner and expires.`},
		{"much text", "version: 1\nexceptions: [{package: 'npm:a', rules: [repinned], reason: " + strings.Repeat("x", 501) + ", owner: me, expires: 2027-01-01}]", `reason has more than 500 characters.`},
		{"very deep", "version: 1\nrules: " + strings.Repeat("[", 100) + strings.Repeat("]", 100), `this is not valid YAML: exceeded max depth`},
		{"too many blocks", "version: 1\npackages:\n" + strings.Repeat("- {match: 'npm:a', require: all}\n", MaxBlocks+1), `f:3:1: packages has 2001 elements; 2000 are allowed.`},
		{"very large", "version: 1\n#" + strings.Repeat("x", MaxPolicyBytes), `f: the file has 524300 bytes; 524288 are allowed.`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := ParsePolicy("f", []byte(c.text))
			var list Errors
			var first *Error
			if !errors.As(err, &list) || !errors.As(err, &first) {
				t.Fatalf("accepted as %+v, or not an Errors: %v", p, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got\n%v\nexpected\n%s", err, c.want)
			}
			for _, e := range list {
				if e.Source != "f" || e.Line == 0 && c.name != "very large" || !strings.HasSuffix(e.Message, ".") && !strings.HasSuffix(e.Message, "?") {
					t.Errorf("an incomplete error: %+v", e)
				}
			}
			want := policy.Default()
			want.Source = "f"
			if !reflect.DeepEqual(p, want) {
				t.Errorf("with an error the policy is %+v", p)
			}
		})
	}
}

func TestAllMistakesAreReportedInTheOrderOfTheFile(t *testing.T) {
	_, err := ParsePolicy("f", []byte("version: 2\nmode: x\nrules:\n  nope: off\n  repinned: loud\ncooldown: soon\n"))
	var list Errors
	if !errors.As(err, &list) || len(list) != 5 {
		t.Fatalf("%v", err)
	}
	var places []string
	for _, e := range list {
		places = append(places, fmt.Sprintf("%d:%d", e.Line, e.Column))
	}
	if got := strings.Join(places, " "); got != "1:10 2:7 4:3 5:13 6:11" {
		t.Errorf("the places are %s", got)
	}
	if d := list.Detail(); !strings.Contains(d, "line 4, column 3: rules does not know") || strings.Contains(d, "\n") {
		t.Errorf("the detail is %q", d)
	}
}

func TestMistakesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("version: 1\nrules:\n")
	for i := range 500 {
		fmt.Fprintf(&b, "  nope-%d: off\n", i)
	}
	_, err := ParsePolicy("f", []byte(b.String()))
	var list Errors
	if !errors.As(err, &list) || len(list) != MaxPolicyErrors || !strings.HasSuffix(list[MaxPolicyErrors-1].Message, "There are 480 more errors.") {
		t.Fatalf("%d errors, the last is %v", len(list), list[len(list)-1])
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(wholeExample(f)))
	for _, s := range []string{"", "version: 1", "version: 1\nrules: {repinned: off}", "&a [*a]", "version: 1\n<<: *x", "---\n---\n",
		"version: 1\npackages: [{match: 'npm:a@<1', cooldown: 1d}, {match: 'npm:@a/*', rules: {too-new: error}, identity: {ref: 'refs/tags/*'}}]",
		"version: 1\nextends: acme/policies\naccept: {by: admin, author: true}\nenforce: {cooldown: 3d, exceptions: {max_days: 90, rules: [too-new]}}",
		"\xff\xfev\x00", "exceptions:\n  - {package: npm:a@1, rules: [repinned], expires: 2027-01-01}", "packages: [{match: 'npm:*'}]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePolicy("f", data)
		if err != nil {
			var list Errors
			if !errors.As(err, &list) || len(list) == 0 || len(list) > MaxPolicyErrors {
				t.Fatalf("not a bounded list of errors: %v", err)
			}
			if len(p.Ignore)+len(p.Exceptions)+len(p.Packages) > 0 || p.Mode != policy.Enforce || p.OnUnknown != policy.UnknownFails {
				t.Fatalf("a part of a broken file holds: %+v", p)
			}
			return
		}
		for name, s := range p.Rules {
			if r, known := policy.FindRule(name); !known || r.Fixed || p.Severity(name) != s {
				t.Fatalf("rule %q is %q", name, s)
			}
		}
		if p.Source != "f" || p.MinCoverage < 0 || p.MinCoverage > 100 || p.MaxCoverageDrop < 0 || p.MaxCoverageDrop > 100 || p.Cooldown < 0 {
			t.Fatalf("impossible values: %+v", p)
		}
		for _, e := range p.Exceptions {
			if e.Package == "" || len(e.Rules) == 0 || e.Reason == "" || e.Owner == "" || e.Expires.IsZero() {
				t.Fatalf("an incomplete exception: %+v", e)
			}
		}
		for _, r := range p.Packages {
			if _, err := policy.ParsePattern(r.Match); err != nil || r.Require == "" && r.Identity == (policy.IdentityPin{}) && r.Cooldown == nil && len(r.Rules) == 0 {
				t.Fatalf("an incomplete block: %+v", r)
			}
		}
		p.Ignores("a/b/c/package-lock.json")
	})
}

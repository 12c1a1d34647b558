package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
)

// homepage is where people find what the reports' words mean.
const homepage = "https://github.com/bonafide-app/bonafide"

// sarifFallback is where a finding that is about no file is said, in reports that looked
// at none: the policy decides about it.
const sarifFallback = ".github/bonafide.yml"

// SARIF writes the findings as SARIF 2.1.0, one run, within the limits of GitHub's code
// scanning, with a newline at the end. version is the program's, "" where nobody knows.
//
// GitHub refuses a whole file for one result without a place: a finding about no file
// stands at the first lockfile that was looked at, and one about a whole file at line 1.
func SARIF(w io.Writer, r Report, version string) error {
	rules, index := sarifRules(r)
	results, left := sarifResults(r)
	fallback := sarifFallback
	if len(r.Lockfiles) > 0 && r.Lockfiles[0].Path != "" {
		fallback = r.Lockfiles[0].Path
	}
	locked := lockedAs(r.Packages)

	s := newStream(w)
	s.open("", "{")
	s.put("$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json")
	s.put("version", "2.1.0")
	s.open("runs", "[")
	s.open("", "{")
	s.put("tool", sarifTool{sarifDriver{Name: "Bonafide", Version: version, InformationURI: homepage, Rules: rules}})
	s.put("invocations", []sarifInvocation{invocationOf(r, left)})
	s.put("originalUriBaseIds", map[string]any{sarifRoot: map[string]any{"description": sarifText{"The root of the repository."}}})
	s.open("results", "[")
	for _, x := range results {
		out := resultOf(x, r, locked, fallback)
		out.RuleIndex = index[x.Rule]
		s.put("", out)
	}
	s.shut("]")
	s.put("columnKind", "utf16CodeUnits")
	s.put("properties", map[string]any{"conclusion": string(r.Conclusion), "wouldFail": r.WouldFail, "demo": r.Demo})
	s.shut("}")
	s.shut("]")
	s.shut("}")
	return s.close("SARIF")
}

// sarifRoot is what code scanning calls the root of the checkout.
const sarifRoot = "%SRCROOT%"

type sarifText struct {
	Text string `json:"text"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID      string    `json:"id"`
	Short   sarifText `json:"shortDescription"`
	Full    sarifText `json:"fullDescription"`
	Help    sarifHelp `json:"help"`
	HelpURI string    `json:"helpUri,omitempty"`
	Default struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
	Properties struct {
		Tags []string `json:"tags"`
	} `json:"properties"`
}

type sarifHelp struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	End           string              `json:"endTimeUtc,omitempty"`
	Notifications []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Level        string             `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Fixes        []sarifFix         `json:"fixes,omitempty"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	Properties   sarifProperties    `json:"properties"`
}

type sarifLocation struct {
	Physical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	} `json:"physicalLocation"`
	Logical []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

// sarifFix are mended lines (3.55). Code scanning leaves them out; editors offer them.
type sarifFix struct {
	Description sarifText     `json:"description"`
	Changes     []sarifChange `json:"artifactChanges"`
}

type sarifChange struct {
	Artifact     sarifArtifact      `json:"artifactLocation"`
	Replacements []sarifReplacement `json:"replacements"`
}

type sarifReplacement struct {
	Deleted  sarifRegion `json:"deletedRegion"`
	Inserted *sarifText  `json:"insertedContent,omitempty"`
}

type sarifArtifact struct {
	URI  string `json:"uri"`
	Base string `json:"uriBaseId"`
}

// sarifRegion is of whole lines where it has no columns, without the end of the last one.
type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification"`
}

type sarifProperties struct {
	PURL     string `json:"purl,omitempty"`
	Unknown  bool   `json:"unknown,omitempty"`  // it could not be found out
	Packages int    `json:"packages,omitempty"` // that a finding of one cause stands for
}

// sarifResults are the findings, the gravest first, then what was excepted; left is how
// many are over MaxSARIFResults.
func sarifResults(r Report) (out []policy.Excepted, left int) {
	for _, f := range r.Findings {
		out = append(out, policy.Excepted{Finding: f})
	}
	slices.SortStableFunc(out, func(a, b policy.Excepted) int {
		return cmp.Compare(slices.Index(sarifLevels, sarifLevel(a.Severity)), slices.Index(sarifLevels, sarifLevel(b.Severity)))
	})
	out = append(out, r.Excepted...)
	if len(out) > MaxSARIFResults {
		out, left = out[:MaxSARIFResults], len(out)-MaxSARIFResults
	}
	return out, left
}

// sarifLevels begin with the gravest.
var sarifLevels = []string{"error", "warning", "note"}

func sarifLevel(s policy.Severity) string {
	switch s {
	case policy.Error:
		return "error"
	case policy.Warning:
		return "warning"
	}
	return "note"
}

// sarifRules describes the rules that occur, in the order of the documentation; those that
// nobody knows come last.
func sarifRules(r Report) ([]sarifRule, map[policy.RuleName]int) {
	occurs := map[string]bool{}
	for _, f := range r.Findings {
		occurs[string(f.Rule)] = true
	}
	for _, x := range r.Excepted {
		occurs[string(x.Rule)] = true
	}
	rules, index := []sarifRule{}, map[policy.RuleName]int{}
	for _, rule := range policy.Rules() {
		if occurs[string(rule.Name)] {
			index[rule.Name] = len(rules)
			rules = append(rules, sarifRuleOf(rule))
			delete(occurs, string(rule.Name))
		}
	}
	for _, name := range sortedKeys(occurs) {
		index[policy.RuleName(name)] = len(rules)
		rule := sarifRuleOf(policy.Rule{Name: policy.RuleName(name), Default: policy.Error, Meaning: "a rule of another version"})
		rule.HelpURI = ""
		rules = append(rules, rule)
	}
	return rules, index
}

func sarifRuleOf(rule policy.Rule) sarifRule {
	meaning := upperFirst(rule.Meaning) + "."
	help := meaning
	if rule.Why != "" {
		help += " " + rule.Why
	}
	page := homepage + "/blob/HEAD/docs/rules/" + string(rule.Name) + ".md"
	out := sarifRule{
		ID: sarifRuleID(rule.Name), Short: sarifText{meaning}, Full: sarifText{cmp.Or(rule.Why, meaning)}, HelpURI: page,
		Help: sarifHelp{Text: help, Markdown: help + " [More about this rule](" + page + ")"},
	}
	out.Default.Level = sarifLevel(rule.Default)
	out.Properties.Tags = []string{"security", "supply-chain"}
	return out
}

// sarifRuleID is never empty: GitHub refuses such a rule.
func sarifRuleID(name policy.RuleName) string { return cmp.Or(sarifWords(string(name)), "unnamed") }

func resultOf(x policy.Excepted, r Report, locked map[place]string, fallback string) sarifResult {
	f := x.Finding
	out := sarifResult{
		RuleID: sarifRuleID(f.Rule), Level: sarifLevel(f.Severity), Message: sarifText{sarifMessage(f, r)},
		Locations:    []sarifLocation{sarifPlace(f, fallback)},
		Fingerprints: map[string]string{"bonafideFinding/v1": fingerprintOf([]policy.Finding{f}, locked)},
		Properties:   sarifProperties{PURL: purl(f.Package), Unknown: f.Unknown, Packages: f.Count},
	}
	if x.Pardon != (policy.Pardon{}) {
		p := pardonOf(x, r)
		until := "until the pull request is merged or closed"
		if p.until != "" {
			until = "until " + p.until
		}
		out.Suppressions = []sarifSuppression{{Kind: "external",
			Justification: sarifWords(fmt.Sprintf("Accepted by %s %s (%s): %s", p.by, until, p.source, p.reason))}}
	}
	return out
}

// sarifMessage says what is wrong, why it matters, and what to do.
func sarifMessage(f policy.Finding, r Report) string {
	parts := []string{cmp.Or(sarifWords(f.Message), "No reason was recorded.")}
	if f.Why != "" {
		parts = append(parts, sarifWords(f.Why))
	}
	if do := strings.TrimSpace(sarifWords(f.Help) + " " + betterOf(f, sarifWords)); do != "" {
		parts = append(parts, "What to do: "+do)
	}
	if f.Benign != "" {
		parts = append(parts, "Benign causes: "+sarifWords(f.Benign))
	}
	if names := namesOf(f, ", ", MaxSentenceChars, sarifWords); f.Names != "" && names != "" {
		parts = append(parts, "Packages: "+names)
	}
	if r.Demo {
		parts = append(parts, demoNote)
	}
	return strings.Join(parts, "\n\n")
}

// sarifWords is outside text as plain text of SARIF, in which "[text](address)" would be a
// link (3.11.6).
func sarifWords(s string) string { return strings.ReplaceAll(Terminal(s), "](", "] (") }

func sarifPlace(f policy.Finding, fallback string) (out sarifLocation) {
	path, line := f.Lockfile, f.Line
	if path == "" {
		path, line = fallback, 0
	}
	out.Physical.Artifact.URI, out.Physical.Artifact.Base = relativeURI(path), sarifRoot
	out.Physical.Region.StartLine = max(line, 1)
	if name := purl(f.Package); name != "" {
		out.Logical = []sarifLogical{{Name: name, Kind: "package"}}
	}
	return out
}

// relativeURI writes a path of the repository as a reference that can be read in no other
// way: not as an address with a scheme or a host, not as a way up.
func relativeURI(path string) string {
	var b strings.Builder
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		plain := "-._~"
		if segment == "." || segment == ".." {
			plain = ""
		}
		for j := range len(segment) {
			if only(segment[j:j+1], plain) {
				b.WriteByte(segment[j])
			} else {
				fmt.Fprintf(&b, "%%%02X", segment[j])
			}
		}
		switch {
		case i == len(segments)-1:
		case segment == "":
			b.WriteString("%2F")
		default:
			b.WriteByte('/')
		}
	}
	return b.String()
}

// invocationOf says whether everything could be looked at, and what could not.
func invocationOf(r Report, left int) sarifInvocation {
	out := sarifInvocation{Successful: true, Notifications: []sarifNotification{}}
	if !r.At.IsZero() {
		out.End = r.At.UTC().Format(time.RFC3339)
	}
	say := func(level, text string) {
		if len(out.Notifications) < MaxSARIFNotifications {
			out.Notifications = append(out.Notifications, sarifNotification{level, sarifText{text}})
		}
	}
	if r.Demo {
		say("note", demoNote)
	}
	if left > 0 {
		say("warning", fmt.Sprintf("%s not listed here: the gravest %s are.", count(left, "more finding"), number(MaxSARIFResults)))
	}
	for _, f := range r.Findings {
		if f.Unknown || f.Rule == policy.RuleLockfileUnreadable || f.Rule == policy.RuleFloorUnread {
			out.Successful = false
			say("error", cmp.Or(sarifWords(f.Message), "Something could not be verified."))
		}
	}
	for _, l := range r.Lockfiles {
		if l.Note != "" {
			say("note", sarifWords(l.Path)+": "+sarifWords(l.Note))
		}
	}
	if n := tallyOf(r).unlooked; n > 0 {
		say("note", "No evidence was looked up for "+count(n, "package")+"; the table says why.")
	}
	return out
}

package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/publish"
)

// publishFallback is where a finding stands that is about no file.
const publishFallback = "package.json"

// PublishSARIF writes the findings as SARIF 2.1.0, as SARIF does those of a report.
func PublishSARIF(w io.Writer, p Publish, version string) error {
	rules, index := publishRules(p)
	findings := p.Findings[:min(len(p.Findings), MaxSARIFResults)]
	s := newStream(w)
	s.open("", "{")
	s.put("$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json")
	s.put("version", "2.1.0")
	s.open("runs", "[")
	s.open("", "{")
	s.put("tool", sarifTool{sarifDriver{Name: "Bonafide", Version: version, InformationURI: homepage, Rules: rules}})
	s.put("invocations", []sarifInvocation{publishInvocation(p, len(p.Findings)-len(findings))})
	s.put("originalUriBaseIds", map[string]any{sarifRoot: map[string]any{"description": sarifText{"The root of the repository."}}})
	s.open("results", "[")
	seen := map[string]int{}
	for _, f := range findings {
		key := strings.Join([]string{f.Rule, f.File, f.Message}, "\x00")
		s.put("", publishResult(f, index[f.Rule], fmt.Sprintf("%s\x00%d", key, seen[key])))
		seen[key]++
	}
	s.shut("]")
	s.put("columnKind", "utf16CodeUnits")
	s.put("properties", map[string]any{"conclusion": string(p.Conclusion())})
	s.shut("}")
	s.shut("]")
	s.shut("}")
	return s.close("SARIF")
}

// publishRules describes the rules that occur, each by what its first finding says.
func publishRules(p Publish) ([]sarifRule, map[string]int) {
	rules, index := []sarifRule{}, map[string]int{}
	for _, f := range p.Findings {
		if _, ok := index[f.Rule]; ok {
			continue
		}
		index[f.Rule] = len(rules)
		name := strings.ReplaceAll(sarifWords(f.Rule), "-", " ")
		help := cmp.Or(sarifWords(f.Help), name)
		rule := sarifRule{
			ID: sarifRuleID(policy.RuleName("publish/" + f.Rule)), Short: sarifText{name}, Full: sarifText{cmp.Or(sarifWords(f.Why), name)},
			Help: sarifHelp{Text: help, Markdown: EscapeMarkdown(help)},
		}
		if strings.HasPrefix(f.Source, "https://") {
			rule.HelpURI = sarifWords(f.Source)
		}
		rule.Default.Level = publishLevel(f.Severity)
		rule.Properties.Tags = []string{"security", "supply-chain"}
		rules = append(rules, rule)
	}
	return rules, index
}

func publishLevel(s publish.Severity) string {
	if s == publish.Error || s == publish.Warning {
		return string(s)
	}
	return "note"
}

func publishResult(f publish.Finding, rule int, fingerprint string) sarifResult {
	parts := []string{cmp.Or(sarifWords(f.Message), "No reason was recorded.")}
	if f.Why != "" {
		parts = append(parts, sarifWords(f.Why))
	}
	if f.Help != "" {
		parts = append(parts, "What to do: "+sarifWords(f.Help))
	}
	if len(f.Edits) > 0 {
		parts = append(parts, "bonafide publish-check --fix writes the mended lines.")
	}
	var at sarifLocation
	at.Physical.Artifact.URI, at.Physical.Artifact.Base = relativeURI(cmp.Or(f.File, publishFallback)), sarifRoot
	at.Physical.Region.StartLine = max(f.Line, 1)
	if f.EndLine > f.Line {
		at.Physical.Region.EndLine = f.EndLine
	}
	sum := sha256.Sum256([]byte(fingerprint))
	return sarifResult{
		RuleID: sarifRuleID(policy.RuleName("publish/" + f.Rule)), RuleIndex: rule, Level: publishLevel(f.Severity),
		Message: sarifText{strings.Join(parts, "\n\n")}, Locations: []sarifLocation{at},
		Fingerprints: map[string]string{"bonafidePublish/v1": hex.EncodeToString(sum[:])}, Fixes: publishFixes(f.Edits),
	}
}

// publishFixes are the mended lines of a finding: one fix, of which all or nothing is made.
func publishFixes(edits []publish.Edit) []sarifFix {
	if len(edits) == 0 {
		return nil
	}
	fix := sarifFix{Description: sarifText{"The mended lines."}}
	at := map[string]int{}
	for _, e := range edits {
		i, ok := at[e.File]
		if !ok {
			i = len(fix.Changes)
			at[e.File] = i
			fix.Changes = append(fix.Changes, sarifChange{Artifact: sarifArtifact{relativeURI(e.File), sarifRoot}})
		}
		fix.Changes[i].Replacements = append(fix.Changes[i].Replacements, replacementOf(e))
	}
	return []sarifFix{fix}
}

func replacementOf(e publish.Edit) sarifReplacement {
	text := &sarifText{strings.Join(e.Lines, "\n")}
	switch {
	case e.To < e.From:
		text.Text += "\n"
		return sarifReplacement{sarifRegion{StartLine: e.From, StartColumn: 1, EndLine: e.From, EndColumn: 1}, text}
	case len(e.Lines) == 0:
		return sarifReplacement{sarifRegion{StartLine: e.From, StartColumn: 1, EndLine: e.To + 1, EndColumn: 1}, nil}
	}
	return sarifReplacement{sarifRegion{StartLine: e.From, EndLine: e.To}, text}
}

// publishInvocation says what could not be read; left is how many findings are not listed.
func publishInvocation(p Publish, left int) sarifInvocation {
	out := sarifInvocation{Successful: true, Notifications: []sarifNotification{}}
	if left > 0 {
		out.Notifications = append(out.Notifications, sarifNotification{"warning", sarifText{count(left, "more finding") + " not listed here: the gravest are."}})
	}
	for _, u := range p.Unread {
		level := "note"
		if runs(u.File) {
			level, out.Successful = "error", false
		}
		if len(out.Notifications) < MaxSARIFNotifications {
			out.Notifications = append(out.Notifications, sarifNotification{level, sarifText{sarifWords(fmt.Sprintf("%s was not read: %s", u.File, u.Reason))}})
		}
	}
	return out
}

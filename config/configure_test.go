package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	configurePage  = "../docs/configure.md"
	settingsBegin  = "<!-- settings: this part is written by go test ./config -update -->\n"
	settingsEnd    = "<!-- /settings -->"
	aboutFilesRule = "lockfile-removed" // in the table of all rules, not in that of packages
)

// node is a part of the JSON Schema.
type node struct {
	Description, Pattern, Format string
	Enum                         []string
	Const, Default               any
	Type                         any // a name, or a list of names
	MaxLength, Minimum, Maximum  int
	Properties                   map[string]node
	Items                        *node
	AllOf                        []node
	Required                     []string
	Ref                          string `json:"$ref"`
}

// order is that of a policy file as people write one.
var order = []string{"match", "package", "integrity", "version", "extends", "mode", "on_unknown", "comments", "publish", "lockfiles", "registries", "rules", "provenance", "cooldown", "accept", "packages", "exceptions", "enforce",
	"require", "min_coverage", "max_coverage_drop", "identity", "issuer", "repository", "workflow", "ref", "by", "author", "reason", "owner", "expires", "max_days"}

// reference is the table of all settings below a prefix.
func reference(prefix string, n node) (rows []string) {
	place := func(key string) int {
		if i := slices.Index(order, key); i >= 0 {
			return i
		}
		return len(order)
	}
	keys := slices.SortedFunc(maps.Keys(n.Properties), func(a, b string) int { return cmp.Or(place(a)-place(b), cmp.Compare(a, b)) })
	for _, key := range keys {
		child, name := n.Properties[key], prefix+key
		if len(child.AllOf) > 0 {
			child = child.AllOf[0]
		}
		switch {
		case prefix == "" && (key == "packages" || key == "exceptions" || key == "enforce"): // have a table of their own
		case child.Properties[aboutFilesRule].Ref != "" || child.Properties["deprecated"].Ref != "":
			rows = append(rows, row(name+".RULE", node{Enum: []string{"error", "warning", "notice", "off"}, Description: child.Description}, "[by rule](rules.md)"))
		case child.Properties != nil:
			rows = append(rows, reference(name+".", child)...)
		default:
			preset := ""
			if child.Default != nil {
				preset = fmt.Sprintf("`%v`", child.Default)
			}
			if slices.Contains(n.Required, key) {
				preset = "needed"
			}
			rows = append(rows, row(name, child, preset))
		}
	}
	return rows
}

func row(name string, n node, preset string) string {
	if strings.HasPrefix(name, "enforce.") && strings.HasSuffix(name, ".RULE") {
		preset = ""
	}
	text := n.Description
	if n.Items != nil && n.Items.Description != "" && n.Items.Properties == nil {
		text += " " + n.Items.Description
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |", name, values(n), preset, strings.ReplaceAll(strings.ReplaceAll(text, "*", `\*`), "|", `\|`))
}

// values says what may be written.
func values(n node) string {
	kind := fmt.Sprint(n.Type)
	switch {
	case n.Const != nil:
		return fmt.Sprintf("`%v`", n.Const)
	case len(n.Enum) > 0:
		return "`" + strings.Join(n.Enum, "`, `") + "`"
	case strings.Contains(kind, "array"):
		if n.Items != nil && len(n.Items.Enum) > 0 {
			return "list of [rules](rules.md)"
		}
		return "list"
	case kind == "boolean":
		return "`true`, `false`"
	case kind == "integer":
		return fmt.Sprintf("%d to %d", n.Minimum, n.Maximum)
	case n.Format == "date":
		return "a day"
	case strings.HasSuffix(n.Pattern, "%$"):
		return "a percentage"
	case strings.Contains(n.Pattern, "d("):
		return "days and hours"
	case n.MaxLength > 0:
		return fmt.Sprintf("text, %d characters at most", n.MaxLength)
	case strings.Contains(n.Pattern, "/"):
		return "OWNER/REPO"
	case n.Ref != "":
		return "as [packages](#packages)"
	}
	return kind
}

// settings is the part of the page that the schema says.
func settings(t *testing.T) string {
	t.Helper()
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var root node
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	packages, exceptions, enforce := root.Properties["packages"], root.Properties["exceptions"], root.Properties["enforce"]
	var b strings.Builder
	table := func(title, words string, rows []string) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| key | value | default | what it is |\n| --- | --- | --- | --- |\n%s\n", title, words, strings.Join(rows, "\n"))
	}
	table("The whole repository", root.Description+" All but `version` may be left out.", reference("", root))
	table("packages", packages.Description, reference("packages[].", *packages.Items))
	table("exceptions", exceptions.Description, reference("exceptions[].", *exceptions.Items))
	table("enforce", enforce.Description+" [What it bounds](policy.md#an-organisations-floor).", reference("enforce.", enforce))
	return b.String() + "\n"
}

func TestThePageOfSettingsIsWhatTheSchemaSays(t *testing.T) {
	page, err := os.ReadFile(configurePage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), settingsBegin)
	_, after, ended := strings.Cut(rest, settingsEnd)
	if !found || !ended {
		t.Fatalf("%s has lost the marks of its tables", configurePage)
	}
	want := before + settingsBegin + settings(t) + settingsEnd + after
	if *update {
		if err := os.WriteFile(configurePage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Errorf("%s is out of step with the schema: run go test ./config -update", configurePage)
	}
}

package metrics

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// shownAs is an expression of a dashboard or an alert, and the labels that its text names.
type shownAs struct {
	at, expr string
	labels   []string
}

var (
	inLegend   = regexp.MustCompile(`\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}`)
	inGrouping = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	inSelector = regexp.MustCompile(`\b([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}`)
	inMatcher  = regexp.MustCompile(`([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	inRange    = regexp.MustCompile(`\[[^\]]*\]`)
	inName     = regexp.MustCompile(`\b[a-zA-Z_:][\w:]*\b\s*\(?`)
)

func named(text string) (labels []string) {
	for _, m := range inLegend.FindAllStringSubmatch(text, -1) {
		labels = append(labels, m[1])
	}
	return labels
}

// onTheDashboard are the expressions of deploy/grafana.
func onTheDashboard(t *testing.T) (out []shownAs) {
	t.Helper()
	data, err := os.ReadFile("../../deploy/grafana/bonafide.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		UID        string
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
		Panels []struct {
			ID                       int
			Type, Title, Description string
			GridPos                  struct{ X, Y, W, H int }
			Datasource               struct{ UID string }
			FieldConfig              struct{ Defaults struct{ Unit string } }
			Targets                  []struct{ RefID, Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	if board.UID != "bonafide" || len(board.Templating.List) != 2 || board.Templating.List[0].Type != "datasource" || len(board.Panels) < 20 {
		t.Errorf("%s: %+v, %d panels", board.UID, board.Templating, len(board.Panels))
	}
	metric, label, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(board.Templating.List[1].Definition, "label_values("), ")"), ", ")
	if !ok {
		t.Errorf("the variable is %s", board.Templating.List[1].Definition)
	}
	out = append(out, shownAs{"the variable", fmt.Sprintf("max by (%s) (%s)", label, metric), nil})
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range board.Panels {
		if ids[p.ID] {
			t.Errorf("%s: its id is another's", p.Title)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other := taken[at]; other != "" || at[0] >= 24 {
					t.Errorf("%s lies over %q, or outside", p.Title, other)
				}
				taken[at] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("%q lacks its title, description, unit, data source or metrics", p.Title)
		}
		for _, target := range p.Targets {
			out = append(out, shownAs{p.Title, target.Expr, named(target.LegendFormat)})
		}
	}
	return out
}

// inAlerts are the expressions of deploy/prometheus-rules.yaml.
func inAlerts(t *testing.T) (out []shownAs) {
	t.Helper()
	data, err := os.ReadFile("../../deploy/prometheus-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr         string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var alerts []string
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			alerts = append(alerts, r.Alert)
			if !slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) || r.Annotations["summary"] == "" {
				t.Errorf("%s: severity %q, summary %q", r.Alert, r.Labels["severity"], r.Annotations["summary"])
			}
			if want := "https://github.com/bonafide-app/bonafide/blob/main/docs/metrics.md#" + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
				t.Errorf("%s: its page is %s, not %s", r.Alert, r.Annotations["runbook_url"], want)
			}
			out = append(out, shownAs{r.Alert, r.Expr, named(r.Annotations["summary"])})
		}
	}
	var said []string
	for _, m := range regexp.MustCompile(`(?m)^### (Bonafide\w+)$`).FindAllStringSubmatch(string(docs), -1) {
		said = append(said, m[1])
	}
	if !slices.Equal(alerts, said) {
		t.Errorf("the alerts are\n%q\nand the page is about\n%q", alerts, said)
	}
	return out
}

// known are the labels of each metric that there is.
func known(t *testing.T) map[string][]string {
	t.Helper()
	m := shown(t)
	out := map[string][]string{"up": nil}
	for _, row := range rows(t, m) {
		cells := strings.Split(row, " | ")
		name := strings.Trim(cells[0], "|` ")
		labels := regexp.MustCompile("[a-z_]+").FindAllString(cells[2], -1)
		if cells[1] == "histogram" {
			out[name+"_sum"], out[name+"_count"], out[name+"_bucket"] = labels, labels, append(slices.Clone(labels), "le")
		} else {
			out[name] = labels
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE ((?:go|process)_\w+) `).FindAllStringSubmatch(page(t, m), -1) {
		out[m[1]] = nil
	}
	return out
}

// What a dashboard or an alert asks for is there, with these labels and these values of them.
func TestDashboardAndAlertsSpeakOfMetricsThatThereAre(t *testing.T) {
	metrics := known(t)
	docs, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, faults := range []struct{ name, expr, label, want string }{
		{"a metric", `sum(rate(bonafide_delivery_total[5m]))`, "", "there is no bonafide_delivery_total"},
		{"a histogram without its part", `max(bonafide_job_duration_seconds)`, "", "there is no bonafide_job_duration_seconds"},
		{"a label", `bonafide_evidence_total{kind="signature"}`, "", "bonafide_evidence_total has no label kind"},
		{"a value", `bonafide_evidence_total{state=~"invalid|unknow"}`, "", `"unknow" is no value of state`},
		{"a grouping", `sum by (host) (bonafide_evidence_total)`, "", "nothing has the label host"},
		{"a legend", `sum by (state) (bonafide_evidence_total)`, "evidence", "its text names evidence"},
	} {
		s := shownAs{faults.name, faults.expr, nil}
		if faults.label != "" {
			s.labels = []string{faults.label}
		}
		if got := faultsOf(s, metrics, string(docs)); !slices.Contains(got, faults.want) {
			t.Errorf("a fault of %s is found as %q", faults.name, got)
		}
	}
	used := map[string]bool{}
	for _, s := range append(onTheDashboard(t), inAlerts(t)...) {
		for _, fault := range faultsOf(s, metrics, string(docs)) {
			t.Errorf("%s: %s: %s", s.at, s.expr, fault)
		}
		for name := range metrics {
			used[name] = used[name] || strings.Contains(s.expr, name)
		}
	}
	if !used["bonafide_evidence_total"] || !used["up"] {
		t.Error("hardly anything was looked at")
	}
}

func faultsOf(s shownAs, metrics map[string][]string, docs string) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	target := []string{"job", "instance"} // of whatever is scraped
	var grouped, all []string
	rest := inGrouping.ReplaceAllStringFunc(s.expr, func(g string) string {
		for label := range strings.SplitSeq(inGrouping.FindStringSubmatch(g)[1], ",") {
			grouped = append(grouped, strings.TrimSpace(label))
		}
		return ""
	})
	metric := func(name string) []string {
		labels, ok := metrics[name]
		if !ok {
			say("there is no %s", name)
		}
		all = append(all, labels...)
		return append(labels, target...)
	}
	rest = inSelector.ReplaceAllStringFunc(rest, func(selector string) string {
		m := inSelector.FindStringSubmatch(selector)
		labels := metric(m[1])
		for _, match := range inMatcher.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(labels, match[1]) {
				say("%s has no label %s", m[1], match[1])
			}
			for value := range strings.SplitSeq(match[3], "|") {
				if !slices.Contains(target, match[1]) && !strings.Contains(docs, "`"+value+"`") {
					say("%q is no value of %s", value, match[1])
				}
			}
		}
		return ""
	})
	for _, name := range inName.FindAllString(inRange.ReplaceAllString(rest, ""), -1) {
		if name = strings.TrimSpace(name); !strings.HasSuffix(name, "(") && !slices.Contains([]string{"and", "or", "unless", "offset"}, name) {
			metric(name)
		}
	}
	for _, label := range grouped {
		if !slices.Contains(append(all, target...), label) {
			say("nothing has the label %s", label)
		}
	}
	for _, label := range s.labels {
		if !slices.Contains(grouped, label) {
			say("its text names %s", label)
		}
	}
	return out
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/strvals"
)

const chart = "../../deploy/helm"

// rendered is what a values file gives, with more values as --set would.
func rendered(t *testing.T, release, file string, set ...string) (string, error) {
	t.Helper()
	values := map[string]any{}
	if file != "" {
		var err error
		if values, err = readValues(filepath.Join(chart, "ci", file)); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range set {
		if err := strvals.ParseInto(s, values); err != nil {
			t.Fatal(err)
		}
	}
	return render(chart, release, values)
}

func TestEveryExampleIsLintedDecodedAndHeld(t *testing.T) {
	kinds := map[string]string{
		"sqlite.yaml":     "PersistentVolumeClaim Service Deployment",
		"postgres.yaml":   "PodDisruptionBudget Service Deployment Ingress",
		"proxy.yaml":      "NetworkPolicy Service Deployment",
		"everything.yaml": "NetworkPolicy PodDisruptionBudget Service Service Deployment Ingress PrometheusRule ServiceMonitor",
	}
	files, err := filepath.Glob(filepath.Join(chart, "ci", "*.yaml"))
	if err != nil || len(files) != len(kinds) {
		t.Fatalf("%d examples and %d lists of kinds: %v", len(files), len(kinds), err)
	}
	for _, path := range files {
		file := filepath.Base(path)
		t.Run(file, func(t *testing.T) {
			values, err := readValues(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := lintStrict(chart, values); err != nil {
				t.Error(err)
			}
			manifests, err := rendered(t, "gate", file)
			if err != nil {
				t.Fatal(err)
			}
			objects, err := decode(strings.NewReader(manifests))
			if err == nil {
				err = hold(objects)
			}
			if err != nil {
				t.Error(err)
			}
			var found []string
			for line := range strings.Lines(manifests) {
				if kind, is := strings.CutPrefix(strings.TrimSpace(line), "kind: "); is && line[0] == 'k' {
					found = append(found, kind)
				}
			}
			if strings.Join(found, " ") != kinds[file] {
				t.Errorf("it gives %s", strings.Join(found, " "))
			}
		})
	}
}

func TestWhatDoesNotGoTogetherIsRefusedWithASentence(t *testing.T) {
	for _, c := range []struct {
		name, file, set, says string
	}{
		{"no public URL", "", "replicas=1", "set it to the address where GitHub and people reach the server"},
		{"public URL without TLS", "", "publicUrl=http://bonafide.example.com", "https and without a path"},
		{"public URL with a path", "", "publicUrl=https://example.com/bonafide", "https and without a path"},
		{"two servers on SQLite", "sqlite.yaml", "replicas=2", "set replicas to 1, or database.type to postgres"},
		{"an address for SQLite", "sqlite.yaml", "database.existingSecret=db", "needs no address"},
		{"PostgreSQL in the policy of SQLite", "sqlite.yaml", "networkPolicy.postgresTo[0].ipBlock.cidr=10.0.0.1/32", "networkPolicy.postgresTo is set with database.type sqlite"},
		{"PostgreSQL without an address", "sqlite.yaml", "database.type=postgres", "name the Secret whose key has the address"},
		{"a volume for PostgreSQL", "postgres.yaml", "persistence.existingClaim=disk", "uses no volume"},
		{"an audit log that goes", "postgres.yaml", "settings.audit-log=/data/audit.jsonl", "would go with its Pod"},
		{"no credentials", "sqlite.yaml", "credentials.existingSecret=", "name the Secret that `bonafide setup --print kubernetes` makes"},
		{"tag and digest", "everything.yaml", "image.tag=v1", "image.tag and image.digest are both set"},
		{"an Ingress without TLS", "postgres.yaml", "ingress.tlsSecret=", "need TLS"},
		{"a file from two places", "everything.yaml", "files.ca-file.secret=ca", "names a secret and a configMap"},
		{"a file from nowhere", "sqlite.yaml", "files.ca-file.key=ca.pem", "names neither a secret nor a configMap"},
		{"two proxies", "everything.yaml", "proxy.existingSecret=p", "are both set"},
		{"a proxy's password", "sqlite.yaml", "proxy.url=http://me:secret@proxy:3128", "put the address into a Secret"},
		{"a setting in the environment", "sqlite.yaml", "extraEnv[0].name=BONAFIDE_WEBHOOK_SECRET", "extraEnv has BONAFIDE_WEBHOOK_SECRET"},
		{"a variable of the chart", "sqlite.yaml", "extraEnv[0].name=GOMEMLIMIT", "extraEnv has GOMEMLIMIT"},
		{"a policy that lets nobody in", "everything.yaml", "networkPolicy.webFrom=null", "say where the ingress controller is"},
		{"a policy without PostgreSQL", "everything.yaml", "networkPolicy.postgresTo=null", "say where PostgreSQL is"},
		{"a policy without the proxy", "everything.yaml", "networkPolicy.proxyTo=null", "say where the proxy is"},
		{"a policy without a way out", "sqlite.yaml", "networkPolicy.enabled=true,networkPolicy.webFrom[0].ipBlock.cidr=10.0.0.0/8", "GitHub and the registries must be reached"},
		{"a policy without Prometheus", "everything.yaml", "networkPolicy.operatorFrom=null", "say where Prometheus is"},
		{"a way to no proxy", "sqlite.yaml", "networkPolicy.proxyTo[0].ipBlock.cidr=10.0.0.1/32", "networkPolicy.proxyTo is set and no proxy"},
		{"operators' pages for everybody", "everything.yaml", "networkPolicy.enabled=false", "opens the operators' pages"},
		{"a name that no Service takes", "sqlite.yaml", "fullnameOverride=1bonafide", "does not begin with a letter"},

		{"an unknown value", "sqlite.yaml", "replicaCount=2", "replicaCount"},
		{"an unknown value below", "sqlite.yaml", "persistence.siez=1Gi", "siez"},
		{"an unknown setting", "sqlite.yaml", "settings.wrokers=2", "wrokers"},
		{"a secret as a setting", "sqlite.yaml", "settings.webhook-secret=hunter2", "webhook-secret"},
		{"a wrong type", "sqlite.yaml", "replicas=two", "replicas"},
		{"memory that is no whole number", "sqlite.yaml", "resources.limits.memory=1.5Gi", "memory"},
		{"a digest that is none", "sqlite.yaml", "image.digest=sha256:12", "digest"},
		{"a peer that is none", "sqlite.yaml", "networkPolicy.webFrom[0].cidr=10.0.0.0/8", "cidr"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := rendered(t, "gate", c.file, c.set); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("must be refused with %q: %v", c.says, err)
			}
		})
	}
}

// Names that YAML reads as something else than names, and the long ones.
func TestNamesStayNames(t *testing.T) {
	for _, set := range []string{
		"fullnameOverride=on,credentials.existingSecret=123,persistence.storageClassName=null-0",
		"nameOverride=yes,persistence.existingClaim=0x10",
		"nameOverride=" + strings.Repeat("n", 80),
		"settings.log-format=json,settings.workers=256,image.tag=1.0",
		"monitoring.serviceMonitor.enabled=true,monitoring.serviceMonitor.withoutNetworkPolicy=true,fullnameOverride=" + strings.Repeat("f", 80),
	} {
		t.Run(set[:20], func(t *testing.T) {
			values := map[string]any{"publicUrl": "https://bonafide.example.com"}
			if err := strvals.ParseIntoString(set, values); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"settings", "monitoring"} { // those are no names
				if m, is := values[key].(map[string]any); is {
					data, _ := json.Marshal(m)
					text := strings.NewReplacer(`"true"`, "true", `"256"`, "256").Replace(string(data))
					if err := json.Unmarshal([]byte(text), &m); err != nil {
						t.Fatal(err)
					}
				}
			}
			manifests, err := render(chart, "gate", values)
			if err != nil {
				t.Fatal(err)
			}
			if err := run([]string{"check"}, strings.NewReader(manifests), &bytes.Buffer{}); err != nil {
				t.Errorf("%v\n%s", err, manifests)
			}
		})
	}
}

func TestTheNotesSayWhatIsNext(t *testing.T) {
	for file, says := range map[string]string{
		"sqlite.yaml":   "Lead TLS for https://bonafide.example.com to the Service gate-bonafide, port 80",
		"postgres.yaml": "GitHub sends bodies of up to 26 MB",
	} {
		values, err := readValues(filepath.Join(chart, "ci", file))
		if err != nil {
			t.Fatal(err)
		}
		files, err := renderFiles(chart, "gate", values)
		if err != nil {
			t.Fatal(err)
		}
		if notes := files["bonafide/templates/NOTES.txt"]; !strings.Contains(notes, says) || !strings.Contains(notes, "kubectl --namespace gates") || strings.Contains(notes, "<no value>") {
			t.Errorf("the notes of %s:\n%s", file, notes)
		}
	}
}

// The page's values can be taken as they are.
func TestTheValuesOfThePageGiveWhatIsHeld(t *testing.T) {
	page, err := os.ReadFile("../../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) < 5 {
		t.Errorf("only %d blocks of values", len(blocks))
	}
	for _, block := range blocks {
		values, err := chartutil.ReadValues(block[1])
		if err != nil {
			t.Fatal(err)
		}
		manifests, err := render(chart, "bonafide", values)
		if err == nil {
			err = run([]string{"check"}, strings.NewReader(manifests), &bytes.Buffer{})
		}
		if err != nil {
			t.Errorf("%v, of\n%s", err, block[1])
		}
	}
}

// What is wrong in a template must not pass: each of these is one slip of a hand.
func TestTheCheckFindsWhatIsBroken(t *testing.T) {
	manifests, err := rendered(t, "gate", "everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	onVolume, err := rendered(t, "gate", "sqlite.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, from, old, new, says string }{
		{"a misspelled field", manifests, "readinessProbe:", "readynessProbe:", `unknown field "spec.template.spec.containers[0].readynessProbe"`},
		{"a field in other letters", manifests, "imagePullPolicy:", "imagepullpolicy:", `unknown field`},
		{"a field of another kind", manifests, "clusterIP: None", "clusterIP: None\n  host: x", `unknown field "spec.host"`},
		{"a field twice", manifests, "replicas: 3", "replicas: 3\n  replicas: 4", "already set"},
		{"a wrong type", manifests, "replicas: 3", `replicas: "3"`, "cannot unmarshal string"},
		{"a number for a text", manifests, `value: "64"`, "value: 64", "cannot unmarshal number"},
		{"an unknown kind", manifests, "kind: NetworkPolicy", "kind: NetworkPolicies", "has no place in the chart"},
		{"a Secret", manifests, "kind: ServiceMonitor", "kind: Secret", "has no place in the chart"},
		{"an old version", manifests, "apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n", "has no place in the chart"},
		{"a misspelled field of a ServiceMonitor", manifests, "path: /metrics", "paths: /metrics", "unknown field"},
		{"another job", manifests, "replacement: bonafide", "replacement: gate", "the job is not bonafide"},
		{"a missing label", manifests, "app.kubernetes.io/version: \"0.1.0\"", "other: x", "has no label app.kubernetes.io/version"},
		{"a selector that finds nothing", manifests, "AlwaysAllow\n  selector:\n    matchLabels:\n", "AlwaysAllow\n  selector:\n    matchLabels:\n      tier: gate\n", "the PodDisruptionBudget does not select"},
		{"root", manifests, "runAsUser: 65532", "runAsUser: 0", "does not run as 65532"},
		{"may be root", manifests, "runAsNonRoot: true", "runAsNonRoot: false", "may run as root"},
		{"a file system that is written to", manifests, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "can be written to"},
		{"more rights", manifests, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "may get more rights"},
		{"a capability", manifests, "capabilities: { drop: [ALL] }", "capabilities: { drop: [ALL], add: [NET_ADMIN] }", "has capabilities"},
		{"a token", manifests, "automountServiceAccountToken: false", "automountServiceAccountToken: true", "has a token"},
		{"any system call", manifests, "seccompProfile: { type: RuntimeDefault }", "seccompProfile: { type: Unconfined }", "any system call"},
		{"files for all", manifests, "defaultMode: 0440", "defaultMode: 0444", "are for others"},
		{"a mode in the wrong base", manifests, "defaultMode: 0440", "defaultMode: 440", "are for others"},
		{"a folder of the machine", manifests, "emptyDir: { sizeLimit: 256Mi }", "hostPath: { path: / }", "a folder of the machine"},
		{"a secret written out", manifests, "- name: TZ", "- name: DEPLOY_TOKEN", "DEPLOY_TOKEN has a secret"},
		{"no readiness", manifests, "path: /readyz", "path: /healthz", "the readiness probe asks /healthz"},
		{"a short end", manifests, "terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: 30", "40 seconds"},
		{"a short start", manifests, "failureThreshold: 72", "failureThreshold: 7", "5 minutes"},
		{"no gap allowed", manifests, "maxUnavailable: 0", "maxUnavailable: 1", "leaves a gap"},
		{"nobody evictable", manifests, "maxUnavailable: 1", "maxUnavailable: 0", "lets none or several"},
		{"everybody to the operators", manifests, "    - from:\n        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: monitoring", "    - x-from:\n        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: monitoring", "unknown field"},
		{"operators behind the balancer", manifests, "targetPort: web", "targetPort: operators", "shows the operators' port"},
		{"an Ingress to the operators", manifests, "service: { name: \"gate\", port: { name: web } }", "service: { name: \"gate-operators\", port: { name: operators } }", "does not lead to the web port"},
		{"a host without TLS", manifests, "hosts: [\"bonafide.example.com\"]", "hosts: [\"example.com\"]", "one without TLS"},
		{"two servers on a volume", onVolume, "replicas: 1", "replicas: 2", "two servers can have one volume"},
		{"an update that overlaps", onVolume, "type: Recreate", "type: RollingUpdate", "two servers can have one volume"},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := strings.Replace(c.from, c.old, c.new, 1)
			if broken == c.from {
				t.Fatalf("there is no %q", c.old)
			}
			if err := run([]string{"check"}, strings.NewReader(broken), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("must be found with %q: %v", c.says, err)
			}
		})
	}
}

// rows are the values by their paths, with what goes without saying.
func rows(path string, value any) (all []string) {
	if m, is := value.(map[string]any); is && len(m) > 0 && path != "networkPolicy.dnsTo" {
		for key, v := range m {
			all = append(all, rows(strings.TrimPrefix(path+"."+key, "."), v)...)
		}
		slices.Sort(all)
		return all
	}
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	shown := "`" + string(data) + "`"
	if string(data) == `""` || string(data) == "[]" || string(data) == "{}" {
		shown = ""
	}
	return []string{fmt.Sprintf("| `%s` | %s |", path, strings.ReplaceAll(shown, `"`, ""))}
}

func TestTheReadmeListsEveryValue(t *testing.T) {
	values, err := chartutil.ReadValuesFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(chart, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| `") && len(cells) >= 2 {
			listed = append(listed, cells[0]+" | "+strings.TrimSpace(cells[1])+" |")
		}
	}
	want := rows("", map[string]any(values))
	slices.Sort(listed)
	if !slices.Equal(listed, want) {
		for _, row := range want {
			if !slices.Contains(listed, row) {
				t.Errorf("not listed: %s", row)
			}
		}
		for _, row := range listed {
			if !slices.Contains(want, row) {
				t.Errorf("listed, and not so: %s", row)
			}
		}
	}
}

// The chart cannot read files beside it, so that it has a copy.
func TestTheChartsAlertsAreTheAlerts(t *testing.T) {
	theirs, err := os.ReadFile("../../deploy/prometheus-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile(filepath.Join(chart, "files/prometheus-rules.yaml"))
	if err != nil || !bytes.Equal(ours, theirs) {
		t.Errorf("cp deploy/prometheus-rules.yaml deploy/helm/files/: %v", err)
	}
}

package main

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// A setting of the Helm chart is a flag of serve by its name, and every flag has its place
// there: in settings or files, or with what the chart sets itself.
func TestTheChartKnowsTheSettingsOfTheServer(t *testing.T) {
	parser, err := kong.New(&commands{}, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Bind(terminal{}))
	if err != nil {
		t.Fatal(err)
	}
	serve := parser.Model.Children[slices.IndexFunc(parser.Model.Children, func(n *kong.Node) bool { return n.Name == "serve" })]
	flags, variables := map[string]bool{}, map[string]bool{}
	for _, f := range serve.Flags {
		flags[f.Name] = true
		for _, v := range f.Envs {
			variables[v] = true
		}
	}
	delete(flags, "help")

	data, err := os.ReadFile("../../deploy/helm/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	type named struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var schema struct {
		Properties struct{ Settings, Files named } `json:"properties"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	// What the templates set from other values or not at all: the credentials are a folder,
	// and nobody opens a set-up page in a cluster.
	placed := map[string]bool{}
	for _, flag := range []string{"listen", "operator-listen", "credentials", "public-url", "database", "cache-dir",
		"setup-listen", "org", "app-id", "private-key", "private-key-file", "webhook-secret", "webhook-secret-file", "client-id", "client-secret", "client-secret-file"} {
		placed[flag] = true
	}
	maps.Copy(placed, propertyNames(schema.Properties.Settings.Properties))
	maps.Copy(placed, propertyNames(schema.Properties.Files.Properties))
	for name := range placed {
		if !flags[name] {
			t.Errorf("the chart has %s, and serve has no such flag", name)
		}
	}
	for name := range flags {
		if !placed[name] {
			t.Errorf("--%s has no place in deploy/helm/values.schema.json: put it below settings or files", name)
		}
	}

	templates, err := filepath.Glob("../../deploy/helm/templates/*")
	if err != nil || len(templates) == 0 {
		t.Fatalf("%d templates, %v", len(templates), err)
	}
	for _, path := range templates {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range regexp.MustCompile(`BONAFIDE_[A-Z_]+`).FindAllString(string(text), -1) {
			if !variables[v] && !strings.HasSuffix(v, "_") { // with one it is the beginning of names
				t.Errorf("%s sets %s, which serve does not read", filepath.Base(path), v)
			}
		}
	}
}

func propertyNames(properties map[string]json.RawMessage) map[string]bool {
	names := map[string]bool{}
	for name := range properties {
		names[name] = true
	}
	return names
}

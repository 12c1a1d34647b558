package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "write the generated files")

const schemaFile = "bonafide.schema.json"

func TestTheSchemaFileIsInStep(t *testing.T) {
	for file, make := range map[string]func() ([]byte, error){schemaFile: Schema, "registries.schema.json": RegistriesSchema} {
		want, err := make()
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is out of step with the rules: run go test ./config -update", file)
		}
	}
}

// compiled is a schema, ready to hold documents against.
func compiled(t *testing.T, id string, schema func() ([]byte, error)) *jsonschema.Schema {
	t.Helper()
	data, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(id, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The schema and the parser agree, as far as a schema can tell.
func TestSchemaAndParserAgree(t *testing.T) {
	s := compiled(t, SchemaID, Schema)
	for text, fits := range map[string]bool{
		wholeExample(t):                        true,
		"version: 1":                           true,
		"version: 1\nrules:":                   true,
		"version: 1\nexceptions: 3":            false,
		"mode: observe":                        false,
		"version: 2":                           false,
		"version: 1\nmoed: x":                  false,
		"version: 1\nrules: {repinned: fatal}": false,
		"version: 1\nrules: {provenance-absent: error}":                                   true,
		"version: 1\nrules: {unverified: \"off\"}":                                        false,
		"version: 1\ncooldown: 1w":                                                        false,
		"version: 1\ncooldown: ''":                                                        false,
		"version: 1\ncooldown: 36h":                                                       true,
		"version: 1\nprovenance: {min_coverage: 101%}":                                    false,
		"version: 1\nprovenance: {min_coverage: 100%}":                                    true,
		"version: 1\nlockfiles: {ignore: a}":                                              false,
		"version: 1\npackages: [{match: 'npm:a', cooldown: 1d, rules: {too-new: error}}]": true,
		"version: 1\npackages: [{match: 'npm:a'}]":                                        false,
		"version: 1\npackages: [{match: 'npm:a', rules: {}}]":                             false,
		"version: 1\npackages: [{match: 'npm:a', rules: {lockfile-removed: error}}]":      false,
		"version: 1\npackages: [{require: all}]":                                          false,
		"version: 1\npackages: [{match: 'npm:a', identity: {}}]":                          false,
		"version: 1\nexceptions: [{package: 'npm:a', rules: [repinned]}]":                 false,
		"version: 1\naccept: {by: nobody, author: true}":                                  true,
		"version: 1\naccept: {by: nobody, author: 1}":                                     false,
		wholeFloor:             true,
		"version: 1\nenforce:": true,
		"version: 1\nenforce: {exceptions: {max_days: 0}}":      false,
		"version: 1\nenforce: {packages: [{require: all}]}":     false,
		"version: 1\nenforce: {exceptions: {rules: [nothing]}}": false,
		"version: 1\nextends: acme/policies":                    true,
		"version: 1\nextends: policies":                         false,
	} {
		if _, err := ParsePolicy("f", []byte(text)); (err == nil) != fits {
			t.Errorf("%q: the parser says %v", text, err)
		}
		if err := s.Validate(asJSON(t, text)); (err == nil) != fits {
			t.Errorf("%q: the schema says %v", text, err)
		}
	}
}

// asJSON reads YAML the way editors do before they validate: dates stay text.
func asJSON(t *testing.T, text string) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	var dates func(*yaml.Node)
	dates = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!timestamp" {
			n.Tag = "!!str"
		}
		for _, c := range n.Content {
			dates(c)
		}
	}
	dates(&n)
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

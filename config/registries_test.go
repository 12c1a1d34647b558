package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const ownRegistries = `version: 1
registries:
  - url: https://npm.example.com/team
    scopes: ["@my-org"]
    token_file: secrets/npm
    keys_file: keys.json
  - url: https://other.example.com/
mirrors: ["https://mirror.example.com/npm/"]
private: ["@secret"]
`

func TestAFileOfRegistriesIsRead(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string, mode os.FileMode) {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(content), mode), os.Chmod(file, mode)); err != nil {
			t.Fatal(err)
		}
	}
	put("registries.yml", ownRegistries, 0o644)
	put("secrets/npm", "npm_abc\n", 0o600)
	put("keys.json", "{}", 0o644)
	e := Evidence{RegistriesFile: filepath.Join(dir, "registries.yml")}
	r, notes, err := e.Registries()
	if err != nil || len(notes) > 0 {
		t.Fatal(err, notes)
	}
	if len(r.All) != 2 || r.All[0].URL != "https://npm.example.com/team/" || r.All[0].Token.Reveal() != "npm_abc" || string(r.All[0].Keys) != "{}" || r.All[1].Keys != nil || !r.All[1].Token.Empty() {
		t.Errorf("%+v", r)
	}
	if !reflect.DeepEqual(r.Mirrors, []string{"https://mirror.example.com/npm"}) || !reflect.DeepEqual(r.Private, []string{"@secret"}) || !reflect.DeepEqual(r.Hosts(), []string{"npm.example.com/team", "other.example.com"}) {
		t.Errorf("%+v", r)
	}

	put("secrets/npm", "npm_abc\n", 0o644)
	if _, notes, err := e.Registries(); err != nil || len(notes) != 1 || !strings.Contains(notes[0], "can be read by everybody") {
		t.Error(err, notes)
	}
	put("secrets/npm", "npm_abc\n", 0o666)
	if _, _, err := e.Registries(); err == nil || !strings.Contains(err.Error(), "can be written to by everybody") {
		t.Error(err)
	}
	for _, text := range []string{"", "npm abc", "npm_abc\nmore", "npm_\x00"} {
		put("secrets/npm", text, 0o600)
		if _, _, err := e.Registries(); err == nil || strings.Contains(err.Error(), "abc") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if r, _, err := (&Evidence{}).Registries(); err != nil || !reflect.DeepEqual(r, Registries{}) {
		t.Error(r, err)
	}
}

func TestMistakesInAFileOfRegistriesSayWhereAndWhat(t *testing.T) {
	for _, x := range []struct{ file, want string }{
		{"", "r.yml: the file is empty"},
		{"registries: []", `r.yml:1:1: the file of registries needs the key version; write "version: 1".`},
		{"version: 2", "r.yml:1:10: version 2 is not known"},
		{"version: 1\nregistrys: []", `r.yml:2:1: the file of registries does not know the key "registrys". Did you mean registries?`},
		{"version: 1\n---\nversion: 1", "the file of registries is one document"},
		{"version: 1\nregistries: [{scopes: [\"@a\"]}]", "r.yml:2:14: an element of registries needs the key url."},
		{"version: 1\nregistries: [~]", "r.yml:2:14: an element of registries needs the key url."},
		{"version: 1\nregistries: [{url: \"http://npm.example.com/\"}]", "must begin with https://"},
		{"version: 1\nregistries: [{url: \"https://u:p@npm.example.com/\"}]", "contains a user or password"},
		{"version: 1\nregistries: [{url: \"https://registry.npmjs.org/\"}]", "the public registry is the one of --npm-registry"},
		{"version: 1\nregistries: [{url: \"https://a.example/\"}, {url: \"https://a.example\"}]", "https://a.example/ is listed twice."},
		{"version: 1\nregistries: [{url: \"https://a.example/\", scopes: [\"@a\"]}, {url: \"https://b.example\", scopes: [\"@a\"]}]", "@a is a scope of https://a.example/ already."},
		{"version: 1\nregistries: [{url: \"https://a.example/\", scopes: [a]}]", `"a" is not a scope`},
		{"version: 1\nregistries: [{url: \"https://a.example/\", scopes: [\"@a\"]}]\nprivate: [\"@a\"]", "@a is private, so that nobody is asked about it"},
		{"version: 1\nregistries: [{url: \"https://a.example/\"}]\nmirrors: [\"https://a.example/\"]", "is a registry and a mirror"},
		{"version: 1\nmirrors: [\"http://a.example/\"]", "is not the address of a registry"},
		{"version: 1\nmirrors: [\"https://a.example/?x=1\"]", "is not the address of a registry"},
		{"version: 1\nmirrors: [\"https://registry.yarnpkg.com\"]", "is the public registry itself"},
		{"version: 1\nprivate: [\"@*\"]", `"@*" is not a scope`},
		{"version: 1\nprivate: &a [\"@x\"]", "anchors (&a) are not allowed"},
	} {
		r, err := ParseRegistries("r.yml", []byte(x.file))
		var mistakes Errors
		if !errors.As(err, &mistakes) || !strings.Contains(err.Error(), x.want) || !reflect.DeepEqual(r, Registries{}) {
			t.Errorf("%q: %v, want %s", x.file, err, x.want)
		}
	}
}

func TestAPolicyNamesMirrorsAndPrivateScopes(t *testing.T) {
	for _, x := range []struct{ file, want string }{
		{"version: 1\nregistries: {mirrors: [\"https://m.example/npm/\"], private: [\"@a\", \"@b-c\"]}", ""},
		{"version: 1\nregistries:", ""},
		{"version: 1\nregistries: {url: x}", `registries does not know the key "url"`},
		{"version: 1\nregistries: {private: [\"@*\"]}", `"@*" is not a scope`},
		{"version: 1\nregistries: {private: [\"@A\"]}", "is not a scope"},
		{"version: 1\nregistries: {private: [\"@a\", \"@a\"]}", "is listed twice"},
		{"version: 1\nregistries: {mirrors: [\"https://m.example/npm/\", \"https://m.example/npm\"]}", "is listed twice"},
		{"version: 1\nenforce: {registries: {private: [\"@*\"]}}", ""},
	} {
		_, err := ParsePolicy("bonafide.yml", []byte(x.file))
		if x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%q: %v, want %q", x.file, err, x.want)
		}
	}
}

// The schema takes what the parser takes.
func TestTheSchemaOfRegistriesTakesTheExample(t *testing.T) {
	schema := compiled(t, RegistriesSchemaID, RegistriesSchema)
	for file, valid := range map[string]bool{ownRegistries: true, "version: 1": true, "registries: []": false, "version: 1\nregistries: [{}]": false, "version: 1\nprivate: [x]": false} {
		var value any
		if err := yaml.Unmarshal([]byte(file), &value); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); (err == nil) != valid {
			t.Errorf("%q: %v", file, err)
		}
	}
}

func FuzzParseRegistries(f *testing.F) {
	f.Add([]byte(ownRegistries))
	f.Add([]byte("version: 1\nregistries: [{url: \"https://a\", scopes: [\"@a\"]}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRegistries("r.yml", data)
		if err != nil && !reflect.DeepEqual(r, Registries{}) {
			t.Errorf("%v and %+v", err, r)
		}
	})
}

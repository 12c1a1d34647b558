package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

// command runs the program as a shell would.
func command(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(context.Background(), args, terminal{&out, &err}, unreachable())
	return status, out.String(), err.String()
}

// unreachable is a TUF repository that nobody answers for, so that no test leaves the
// machine: what is not pinned is verified with what is built in.
func unreachable() provenance.SourceOptions {
	return provenance.SourceOptions{Repository: "http://127.0.0.1:1"}
}

// document is what the tests look at in the JSON.
type document struct {
	Conclusion string
	Packages   []struct {
		Purl, Change, From, Lockfile   string
		Line                           int
		Signature, Publish, Provenance state
		Digest                         state
	}
	Findings []struct{ Rule, Severity, Purl, Message string }
}

type state struct {
	State, Reason string
	Identity      *struct{ Repository, Commit, Workflow, Issuer string }
}

func verifyJSON(t *testing.T, args ...string) (int, document, string) {
	t.Helper()
	status, out, stderr := command(t, append([]string{"verify", "--format", "json"}, args...)...)
	var doc document
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v: status %d, %v\n%s%s", args, status, err, out, stderr)
	}
	return status, doc, out
}

type fixture struct {
	Path, Kind, Name, Version, Verdict, PolicyVerdict, Reason, Integrity string
	Source                                                               struct{ Repository, Commit, Issuer string }
	Signatures                                                           map[string]int
	BadVersions                                                          map[string]string
	Options                                                              struct{ TrustedRoot, NPMKeys string }
}

// trustFlags give the case's own trust material, where it is not the built-in one.
func (c fixture) trustFlags(t *testing.T, data fs.FS) (flags []string) {
	t.Helper()
	give := func(flag, name, builtIn string) {
		if name == "" || name == builtIn {
			return
		}
		body, err := fs.ReadFile(data, name)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "material.json")
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
		flags = append(flags, flag, file)
	}
	give("--trusted-root", c.Options.TrustedRoot, "sigstore/trusted_root.json")
	give("--npm-keys", c.Options.NPMKeys, "npm/keys.json")
	return flags
}

func fixtures(t *testing.T, data fs.FS, kind string) []fixture {
	t.Helper()
	raw, err := fs.ReadFile(data, "index.json")
	if err != nil {
		t.Fatal(err)
	}
	var index struct{ Cases []fixture }
	if err := json.Unmarshal(raw, &index); err != nil {
		t.Fatal(err)
	}
	var out []fixture
	for _, c := range index.Cases {
		if c.Kind == kind {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		t.Fatalf("the index has no case of kind %s", kind)
	}
	return out
}

// registryOf serves documents by their unescaped path.
func registryOf(t *testing.T, documents map[string][]byte) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
		body, ok := documents[path]
		if err != nil || !ok || r.Method != http.MethodGet {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error":"not found"}`))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestVerifyGivesTheVerdictOfEveryRealAttestation(t *testing.T) {
	data := realdata.Open(t, "fixtures.zip")
	for _, c := range fixtures(t, data, "npm-attestations") {
		t.Run(c.Path, func(t *testing.T) {
			body, err := fs.ReadFile(data, c.Path)
			if err != nil {
				t.Fatal(err)
			}
			id := c.Name + "@" + c.Version
			version, err := json.Marshal(map[string]any{"name": c.Name, "version": c.Version, "dist": map[string]any{
				"integrity":    c.Integrity,
				"attestations": map[string]any{"url": "https://elsewhere.test/x", "provenance": map[string]any{"predicateType": "https://slsa.dev/provenance/v1"}},
			}})
			if err != nil {
				t.Fatal(err)
			}
			address := registryOf(t, map[string][]byte{c.Name + "/" + c.Version: version, "-/npm/v1/attestations/" + id: body})
			status, doc, out := verifyJSON(t, append(c.trustFlags(t, data), "npm:"+id, "--npm-registry", address, "--integrity", c.Integrity)...)
			p := doc.Packages[0]
			want := c.Verdict
			if c.PolicyVerdict != "" {
				want = c.PolicyVerdict
			}
			switch want {
			case "valid":
				if status != exitPassed || doc.Conclusion != "success" || p.Provenance.State != "verified" || p.Publish.State != "verified" || p.Digest.State != "verified" {
					t.Errorf("status %d\n%s", status, out)
				}
			case "valid-provenance-only":
				if status != exitPassed || p.Provenance.State != "verified" || p.Publish.State != "absent" {
					t.Errorf("status %d\n%s", status, out)
				}
			default:
				if status != exitFailed || doc.Conclusion != "failure" || (p.Provenance.State != "invalid" && p.Publish.State != "invalid") {
					t.Errorf("status %d, index says %q\n%s", status, c.Reason, out)
				}
				return
			}
			if i := p.Provenance.Identity; i == nil || i.Repository != c.Source.Repository || i.Commit != c.Source.Commit || i.Issuer != c.Source.Issuer {
				t.Errorf("identity %+v, want %+v", i, c.Source)
			}
		})
	}
}

// Every real release with provenance agrees with the repository that it declares. What
// the version documents declare that are not part of the data is what the registry
// says of them.
func TestRealReleasesWereBuiltWhereTheyDeclare(t *testing.T) {
	data := realdata.Open(t, "fixtures.zip")
	declared := map[string]string{
		"sigstore":        `{"type":"git","url":"git+https://github.com/sigstore/sigstore-js.git"}`,
		"@playwright/cli": `{"type":"git","url":"git+https://github.com/microsoft/playwright-cli.git"}`,
	}
	for _, c := range fixtures(t, data, "npm-packument") {
		var packument struct {
			Versions map[string]struct{ Repository json.RawMessage }
		}
		if err := json.Unmarshal(realdata.Read(t, data, c.Path), &packument); err != nil {
			t.Fatal(err)
		}
		for version, doc := range packument.Versions {
			declared[c.Name+"@"+version] = string(doc.Repository)
		}
	}
	held := 0
	for _, c := range fixtures(t, data, "npm-attestations") {
		repository := cmp.Or(declared[c.Name+"@"+c.Version], declared[c.Name])
		if !strings.HasPrefix(c.Verdict, "valid") || c.PolicyVerdict != "" || repository == "" {
			continue
		}
		held++
		for stated, speaks := range map[string]bool{
			repository: false, "null": false, `"` + strings.TrimPrefix(c.Source.Repository, "https://github.com/") + `"`: false,
			`"acme/another"`: true, `{"type":"git","url":"ssh://git@github.com/acme/another.git"}`: true,
		} {
			id := c.Name + "@" + c.Version
			version := fmt.Appendf(nil, `{"name":%q,"version":%q,"repository":%s,"dist":{"integrity":%q,"attestations":{"provenance":{"predicateType":"https://slsa.dev/provenance/v1"}}}}`,
				c.Name, c.Version, stated, c.Integrity)
			address := registryOf(t, map[string][]byte{c.Name + "/" + c.Version: version, "-/npm/v1/attestations/" + id: realdata.Read(t, data, c.Path)})
			status, _, out := verifyJSON(t, append(c.trustFlags(t, data), "npm:"+id, "--npm-registry", address, "--integrity", c.Integrity)...)
			if got := strings.Contains(out, `"source-mismatch"`); status != exitPassed || got != speaks {
				t.Errorf("%s, which declares %s: status %d, the rule spoke: %v\n%s", id, stated, status, got, out)
			}
		}
	}
	if held < 5 {
		t.Errorf("only %d releases were held against what they declare", held)
	}
}

func TestVerifyGivesTheSignatureOfEveryRealRelease(t *testing.T) {
	data := realdata.Open(t, "fixtures.zip")
	for _, c := range fixtures(t, data, "npm-version-doc") {
		t.Run(c.Path, func(t *testing.T) {
			body, err := fs.ReadFile(data, c.Path)
			if err != nil {
				t.Fatal(err)
			}
			id := c.Name + "@" + c.Version
			_, doc, out := verifyJSON(t, "npm:"+id, "--npm-registry", registryOf(t, map[string][]byte{c.Name + "/" + c.Version: body}))
			want := map[string]string{"valid": "verified", "unsigned": "absent", "invalid": "invalid"}[c.Verdict]
			if got := doc.Packages[0].Signature.State; got != want {
				t.Errorf("signature %s, want %s\n%s", got, want, out)
			}
		})
	}
	for _, c := range fixtures(t, data, "npm-packument") {
		t.Run(c.Path, func(t *testing.T) {
			body, err := fs.ReadFile(data, c.Path)
			if err != nil {
				t.Fatal(err)
			}
			var packument struct {
				Versions map[string]json.RawMessage
				Time     map[string]string
			}
			if err := json.Unmarshal(body, &packument); err != nil {
				t.Fatal(err)
			}
			documents := map[string][]byte{c.Name: body}
			args := []string{}
			for v, doc := range packument.Versions {
				documents[c.Name+"/"+v] = complete(t, c.Name, v, doc)
				args = append(args, "npm:"+c.Name+"@"+v)
			}
			_, doc, _ := verifyJSON(t, append(args, "--npm-registry", registryOf(t, documents))...)
			for _, p := range doc.Packages {
				version := p.Purl[strings.LastIndexByte(p.Purl, '@')+1:]
				want := "verified"
				if bad, ok := c.BadVersions[version]; ok {
					want = "invalid"
					if strings.Contains(bad, "no signature") {
						want = "absent"
					}
				} else if c.Signatures["ok"] == 0 {
					want = "absent"
				}
				if len(packument.Time) == 0 && p.Signature.State == "unknown" {
					continue // an abbreviated document has no dates, and the key has expired since
				}
				if p.Signature.State != want {
					t.Errorf("%s: signature %s (%s), want %s", p.Purl, p.Signature.State, p.Signature.Reason, want)
				}
			}
			if len(doc.Packages) != len(packument.Versions) {
				t.Errorf("%d rows for %d versions", len(doc.Packages), len(packument.Versions))
			}
		})
	}
}

// complete adds the name and version where a trimmed document lacks them.
func complete(t *testing.T, name, version string, doc json.RawMessage) []byte {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(doc, &fields); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{"name": name, "version": version} {
		if _, there := fields[key]; !there {
			quoted, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			fields[key] = quoted
		}
	}
	out, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

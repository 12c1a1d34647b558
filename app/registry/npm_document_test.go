package registry

import (
	"bytes"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

func TestRealDocumentsStateWhatTheIndexSays(t *testing.T) {
	z := realdata.Open(t, "fixtures.zip")
	packuments, versions, releases := 0, 0, 0
	for _, c := range fixtureCases(t, z) {
		if c.Kind != "npm-packument" && c.Kind != "npm-version-doc" {
			continue
		}
		var got []Release
		if data := realdata.Read(t, z, c.Path); c.Kind == "npm-packument" {
			h, err := ParseHistory(bytes.NewReader(data))
			if err != nil || h.Name != c.Name {
				t.Errorf("%s: %v, name %q", c.Path, err, h.Name)
			}
			documents := realdata.Versions(t, data)
			for i, p := range h.Releases {
				if p.Published.IsZero() != strings.Contains(c.Path, "abbreviated") {
					t.Errorf("%s: %s was published at %s", c.Path, p.Version, p.Published)
				}
				if i > 0 && p.Published.Before(h.Releases[i-1].Published) {
					t.Errorf("%s: %s comes too late", c.Path, p.Version)
				}
				r, err := ParseRelease(documents[p.Version])
				if err != nil || p.Announced != r.ProvenanceAnnounced || p.Publisher != r.Publisher || p.InstallScript != r.InstallScript || p.Mark() != r.Mark() {
					t.Errorf("%s: %+v, its own document says %+v, %v", c.Path, p, r, err)
				}
				got = append(got, r)
			}
			if len(got) != len(documents) {
				t.Errorf("%s: %d releases of %d", c.Path, len(got), len(documents))
			}
			packuments++
		} else {
			r, err := ParseRelease(data)
			if err != nil || r.Package.Version != c.Version || r.Integrity != c.Integrity {
				t.Errorf("%s: %+v, %v", c.Path, r, err)
			}
			got = []Release{r}
			versions++
		}
		signed, total, keys, marks := 0, 0, map[string]int{}, map[string]int{}
		for _, r := range got {
			for _, s := range r.Signatures {
				if len(s.Sig) < 64 || len(s.KeyID) < 11 {
					t.Fatalf("%s: %s: signature %+v", c.Path, r.Package, s)
				}
				keys[s.KeyID[7:11]]++
				signed++
			}
			if len(r.Digests) != 1 && r.Integrity != "" || r.IntegrityError != "" || r.Package.Name != c.Name {
				t.Errorf("%s: %+v", c.Path, r)
			}
			marks[string(r.Mark())]++
		}
		for state, n := range c.Signatures {
			if total += n; state == "no signature" {
				signed += n
			}
		}
		if signed != total || !maps.Equal(keys, c.Keys) || !maps.Equal(marks, c.Trust) {
			t.Errorf("%s: %d signatures by %v, marks %v; want %d by %v, %v", c.Path, signed, keys, marks, total, c.Keys, c.Trust)
		}
		releases += len(got)
	}
	if packuments < 10 || versions < 5 {
		t.Errorf("only %d packuments and %d version documents in the index", packuments, versions)
	}
	t.Logf("%d packuments and %d version documents with %d releases", packuments, versions, releases)
}

func TestRealAttestationDocumentsParse(t *testing.T) {
	z := realdata.Open(t, "fixtures.zip")
	documents := 0
	for _, c := range fixtureCases(t, z) {
		if c.Kind != "npm-attestations" {
			continue
		}
		documents++
		as, err := ParseAttestations(realdata.Read(t, z, c.Path))
		if err != nil || len(as) == 0 {
			t.Errorf("%s: %d attestations, %v", c.Path, len(as), err)
		}
		for _, a := range as {
			if a.PredicateType == "" || len(a.Bundle) < 1000 {
				t.Errorf("%s: %+.100v", c.Path, a)
			}
		}
	}
	if documents < 30 {
		t.Errorf("only %d documents in the index", documents)
	}
}

func TestAReleaseIsReadFieldByField(t *testing.T) {
	const sri = "sha512-vFKC2IEtQnVhpT78h1Yp8wzwrf8CM+MzKMHGJZfBtzhZNycRFnXsHk6E5TxIkkMsgNS7mdX3AGB7x2QM2di4lA=="
	read := func(members string) Release {
		t.Helper()
		r, err := ParseRelease([]byte(`{"name":"a","version":"1.0.0",` + members + `}`))
		if err != nil {
			t.Fatalf("%s: %v", members, err)
		}
		return r
	}
	t.Run("digests", func(t *testing.T) {
		sha1 := strings.Repeat("0a", 20)
		if r := read(`"dist":{"integrity":"` + sri + `","shasum":"` + sha1 + `"}`); len(r.Digests) != 1 || r.Digests[0].SRI() != sri {
			t.Errorf("%+v", r)
		}
		if r := read(`"dist":{"shasum":"` + strings.ToUpper(sha1) + `"}`); len(r.Digests) != 1 || r.Digests[0] != (dep.Digest{Algorithm: "sha1", Hex: sha1}) {
			t.Errorf("%+v", r)
		}
		if r := read(`"dist":{"shasum":"no"}`); len(r.Digests) != 0 {
			t.Errorf("%+v", r)
		}
		if r := read(`"dist":{"integrity":"sha512-short","shasum":"` + sha1 + `"}`); len(r.Digests) != 0 || r.IntegrityError == "" {
			t.Errorf("a broken integrity fell back to shasum: %+v", r)
		}
	})
	t.Run("signatures that cannot be read are not missing", func(t *testing.T) {
		for _, element := range []string{`{}`, `null`, `5`, `{"keyid":5,"sig":"!"}`, `{"keyid":"SHA256:k"}`} {
			if r := read(`"dist":{"signatures":[` + element + `]}`); len(r.Signatures) != 1 || len(r.Signatures[0].Sig) != 0 {
				t.Errorf("%s: %+v", element, r.Signatures)
			}
		}
	})
	t.Run("attestations", func(t *testing.T) {
		for members, want := range map[string][2]bool{
			`{}`:                    {false, false},
			`{"attestations":null}`: {false, false},
			`{"attestations":{}}`:   {true, false},
			`{"attestations":{"url":5,"provenance":{"predicateType":"p"}}}`: {true, true},
		} {
			if r := read(`"dist":` + members); [2]bool{r.Attested, r.ProvenanceAnnounced} != want {
				t.Errorf("%s: %+v", members, r)
			}
		}
	})
	t.Run("odd old fields are no reason to refuse", func(t *testing.T) {
		for members, want := range map[string]Release{
			`"repository":"github:a/b"`:                                                  {Repository: "github:a/b"},
			`"repository":{"type":"git","url":"git+https://x/y.git"}`:                    {Repository: "git+https://x/y.git"},
			`"repository":[{"url":"x"}],"scripts":["a"],"deprecated":5`:                  {},
			`"deprecated":"use b"`:                                                       {Deprecated: "use b"},
			`"deprecated":true`:                                                          {Deprecated: "deprecated, without a reason"},
			`"deprecated":false,"scripts":null`:                                          {},
			`"scripts":{"test":"x","postinstall":"node x"}`:                              {InstallScript: true, InstallScripts: []string{"postinstall"}},
			`"scripts":{"postinstall":"c","install":"b","preinstall":"a","prepare":"d"}`: {InstallScript: true, InstallScripts: []string{"preinstall", "install", "postinstall"}},
			`"scripts":{"install":""},"hasInstallScript":"yes"`:                          {},
			`"hasInstallScript":true`:                                                    {InstallScript: true},
			`"_npmUser":"bob <bob@example.org>"`:                                         {Publisher: Publisher{Name: "bob"}},
			`"_npmUser":{"name":"bob","trustedPublisher":null,"approver":"x"}`:           {Publisher: Publisher{Name: "bob"}},
			`"_npmUser":{"name":"ci","trustedPublisher":{"id":"github","oidcConfigId":"oidc:1"},"approver":{"name":"eve"}}`: {
				Publisher: Publisher{Name: "ci", TrustedPublisher: "github", OIDCConfigID: "oidc:1", Approver: "eve"}},
			`"_npmUser":{"trustedPublisher":{},"approver":{}}`: {Publisher: Publisher{TrustedPublisher: unnamed, Approver: unnamed}},
		} {
			r := read(members + `,"dist":{}`)
			if r.Repository != want.Repository || r.Deprecated != want.Deprecated || r.InstallScript != want.InstallScript || !slices.Equal(r.InstallScripts, want.InstallScripts) || r.Publisher != want.Publisher {
				t.Errorf("%s: %+v", members, r)
			}
		}
	})
	t.Run("a long text is cut between characters", func(t *testing.T) {
		r := read(`"dist":{},"repository":"a` + strings.Repeat("é", maxText) + `"`)
		if len(r.Repository) != maxText-1 || !strings.HasSuffix(r.Repository, "é") {
			t.Errorf("%d bytes", len(r.Repository))
		}
	})
}

func TestMarksRankAsTheyDoInPnpm(t *testing.T) {
	provenance := Release{ProvenanceAnnounced: true}
	trusted := Release{ProvenanceAnnounced: true, Publisher: Publisher{TrustedPublisher: "github"}}
	staged := Release{Publisher: Publisher{Approver: "eve"}}
	withoutProvenance := Release{Publisher: Publisher{TrustedPublisher: "github"}}
	order := []Release{{}, provenance, trusted, staged}
	for i, r := range order {
		if r.Mark().Rank() != i {
			t.Errorf("%s ranks %d, want %d", r.Mark(), r.Mark().Rank(), i)
		}
	}
	if withoutProvenance.Mark() != MarkNone {
		t.Errorf("a trusted publisher without provenance is %s", withoutProvenance.Mark())
	}
}

func TestAnElementThatIsNoBundleIsHandedOn(t *testing.T) {
	as, err := ParseAttestations([]byte(`{"attestations":[5,{"predicateType":7,"bundle":"x"},{"predicateType":"p"},{"predicateType":"p","bundle":{}}]}`))
	if err != nil || len(as) != 4 {
		t.Fatalf("%v, %v", as, err)
	}
	for i, want := range []string{`5`, `"x"`, `{"predicateType":"p"}`, `{}`} {
		if string(as[i].Bundle) != want {
			t.Errorf("element %d: %s", i, as[i].Bundle)
		}
	}
	for _, not := range []string{``, `{}`, `{"attestations":null}`, `{"attestations":{}}`, `[]`, `{"attestations":[` + strings.Repeat("{},", maxAttestations) + `{}]}`} {
		if as, err := ParseAttestations([]byte(not)); err == nil {
			t.Errorf("%.40s: %v", not, as)
		}
	}
	if as, err := ParseAttestations([]byte(`{"attestations":[]}`)); err != nil || len(as) != 0 {
		t.Errorf("an empty list: %v, %v", as, err)
	}
}

func TestOneOddReleaseDoesNotSpoilTheHistory(t *testing.T) {
	h, err := ParseHistory(strings.NewReader(`{"versions":{
		"2.0.0":{"name":"a","version":"2.0.0","dist":{}},
		"1.3.0":5,
		"1.2.0":{"dist":{"attestations":{"provenance":{}}},"_npmUser":{"name":"GitHub Actions","trustedPublisher":{"id":"github"}}},
		"1.1.0":{"dist":[5],"_npmUser":[],"scripts":{"install":"node x"}},
		"1.0.0":{"dist":{"attestations":{"url":"x"}},"_npmUser":"robin <robin@example.com>"}},
		"time":{"1.0.0":"2020-01-02T03:04:05.678Z","1.2.0":"2019-01-02T03:04:05Z","1.3.0":"1970-01-01T00:00:00Z","modified":"2021-01-02T03:04:05.678Z","2.0.0":5},"name":"a"}`))
	want := []Past{
		{Version: "1.2.0", Published: time.Date(2019, 1, 2, 3, 4, 5, 0, time.UTC), Announced: true, Publisher: Publisher{Name: "GitHub Actions", TrustedPublisher: "github"}},
		{Version: "1.0.0", Published: time.Date(2020, 1, 2, 3, 4, 5, 678e6, time.UTC), Publisher: Publisher{Name: "robin"}},
		{Version: "1.1.0", InstallScript: true}, {Version: "1.3.0"}, {Version: "2.0.0"},
	}
	if err != nil || h.Name != "a" || !slices.Equal(h.Releases, want) {
		t.Fatalf("%+v, %v", h, err)
	}
	if past, ok := h.Find("1.2.0"); !ok || past.Mark() != MarkTrustedPublisher {
		t.Errorf("%+v, %t", past, ok)
	}
	for _, not := range []string{``, `{`, `[]`, `{}`, `{"name":5}`, `{"name":"a","versions":[]}`, `{"name":"a","time":5}`, `{"name":"a","versions":{"1.0.0":{}`} {
		if h, err := ParseHistory(strings.NewReader(not)); err == nil {
			t.Errorf("%s: %+v", not, h)
		}
	}
}

func TestNamesAndVersionsAreHeldAgainstNpmsRules(t *testing.T) {
	for _, name := range []string{"a", "-", "JSONStream", "lodash.merge", "@babel/core", "@s/_x", "@S/X", "a_b~c!d*e(f)", strings.Repeat("a", maxName), "node_modules_"} {
		if err := ValidName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{
		"", ".", "..", ".a", "_a", "@", "@/", "@a", "@a/", "@/b", "@a/b/c", "@./b", "@../b", "@a/.b", "@a/..", "@@a/b", "a/b", "a@b", "@a/@b", "a b", " a", "a%2fb",
		"a?b", "a#b", "a\\b", "a:b", "a\x00", "a\n", "а", "lodаsh", "a\u202eb", "a\u200bb", "a\ufe0f", "é", "\xff", "node_modules", "Favicon.ico", strings.Repeat("a", maxName+1),
	} {
		if err := ValidName(name); err == nil {
			t.Errorf("%q is taken", name)
		} else if strings.ContainsAny(err.Error(), "\x00\n\u202e\u200b") {
			t.Errorf("%q is shown as it is: %v", name, err)
		}
	}
	for _, version := range []string{"0.0.0", "1.2.3", "1.0.0-rc.1", "1.0.0-0a", "1.0.0--", "1.0.0+001", "1.0.0-a+b.c", "9007199254740991.0.0"} {
		if err := ValidVersion(version); err != nil {
			t.Errorf("%q: %v", version, err)
		}
	}
	for _, version := range []string{"", "1", "1.2", "v1.2.3", "=1.2.3", " 1.2.3", "1.2.3 ", "1.2.3\n", "01.2.3", "1.2.3-01", "1.2.3-", "1.2.3+", "1.2.3-a..b", "^1.2.3", "latest", "1.x", "1.2.3/..", "1.2.3-а",
		"12345678901234567.0.0", "1.2.3-" + strings.Repeat("a", maxVersion)} {
		if ValidVersion(version) == nil {
			t.Errorf("%q is taken", version)
		}
	}
}

func FuzzValidNamesStayInTheirPlace(f *testing.F) {
	for _, seed := range [][2]string{{"a", "1.0.0"}, {"@s/n", "1.0.0-rc.1+b"}, {"../x", "1.0.0"}, {"@../x", ".."}, {"a?", "1.0.0#"}} {
		f.Add(seed[0], seed[1])
	}
	client, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	npm, err := NewNPM(client, "https://npm.example/prefix")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, version string) {
		if ValidPackage(dep.Package{Ecosystem: dep.NPM, Name: name, Version: version}) != nil {
			return
		}
		text := npm.address("/" + escape(name) + "/" + version).String()
		u, err := url.Parse(text)
		if err != nil || u.Host != "npm.example" || u.RawQuery != "" || u.Fragment != "" || u.Path != "/prefix/"+name+"/"+version || strings.Count(u.EscapedPath(), "/") != 3 {
			t.Fatalf("%q %q gives %s (%v)", name, version, text, err)
		}
	})
}

func FuzzParseRelease(f *testing.F) {
	f.Add([]byte(`{"name":"a","version":"1.0.0","dist":{"integrity":"sha512-x","shasum":"00","signatures":[{"keyid":"k","sig":"c2ln"}],"attestations":{"provenance":{}}},"_npmUser":{"approver":{}},"repository":"x","scripts":{"install":"x"},"deprecated":true}`))
	f.Add([]byte(versionDocument("@s/n", "1.0.0")))
	f.Add([]byte(`{"name":"a","dist":{"signatures":[[[[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRelease(data)
		if err != nil {
			return
		}
		if r.Package.Name == "" || r.Package.Version == "" || len(r.Signatures) > maxSignatures || len(r.Repository) > maxText || len(r.Deprecated) > maxText {
			t.Fatalf("%+v", r)
		}
	})
}

func FuzzParseAttestations(f *testing.F) {
	f.Add([]byte(`{"attestations":[{"predicateType":"p","bundle":{"mediaType":"x"}},5]}`))
	f.Add([]byte(`{"attestations":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		as, err := ParseAttestations(data)
		if err == nil && len(as) > maxAttestations {
			t.Fatalf("%d attestations", len(as))
		}
		for _, a := range as {
			if len(a.Bundle) == 0 {
				t.Fatalf("%+v", a)
			}
		}
	})
}

func FuzzParseHistory(f *testing.F) {
	f.Add([]byte(`{"name":"a","versions":{"1.0.0":{"dist":{"attestations":{"provenance":{}}}},"2.0.0":[]},"time":{"1.0.0":"2020-01-02T03:04:05.678Z"}}`))
	f.Add([]byte(`{"time":{"a":{}},"versions":{"a":5},"name":"b"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ParseHistory(bytes.NewReader(data))
		if err != nil {
			return
		}
		times, err := decodeTimes(h.Name)(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for i, p := range h.Releases {
			dated := !p.Published.IsZero()
			if seen[p.Version] || dated && !p.Published.Equal(times[p.Version]) || i > 0 && dated && p.Published.Before(h.Releases[i-1].Published) {
				t.Fatalf("%+v", h)
			}
			seen[p.Version] = true
		}
	})
}

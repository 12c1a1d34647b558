package policy

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

// served is a registry with one real release.
type served struct {
	release      registry.Release
	attestations []registry.Attestation
}

func (s served) Origin() string { return "https://registry.npmjs.org" }
func (s served) Release(context.Context, dep.Package) (registry.Release, error) {
	return s.release, nil
}
func (s served) Attestations(context.Context, dep.Package) ([]registry.Attestation, error) {
	return s.attestations, nil
}
func (s served) PublishedAt(context.Context, dep.Package) (registry.Date, error) {
	return registry.Date{}, registry.ErrNotFound
}

// attestedFor verifies the real attestations of a release; their digest is the one
// that they state.
func attestedFor(t *testing.T, z fs.FS, id, integrity string) (dep.Entry, provenance.Evidence) {
	t.Helper()
	e := entry(id)
	e.Integrity = integrity
	var err error
	if e.Digests, err = dep.ParseSRI(integrity); err != nil {
		t.Fatal(err)
	}
	file := "npm/attestations/" + strings.ReplaceAll(id, "/", "%2f") + ".json"
	attestations, err := registry.ParseAttestations(realdata.Read(t, z, file))
	if err != nil {
		t.Fatal(err)
	}
	root, err := provenance.LoadTrust(realdata.Read(t, z, "sigstore/trusted_root.json"), realdata.Read(t, z, "npm/keys.tuf.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := registry.Release{Package: e.Package, Integrity: integrity, Digests: e.Digests, Attested: true, ProvenanceAnnounced: true}
	v, err := provenance.New(served{r, attestations}, func() *provenance.TrustRoot { return root }, provenance.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ev := v.Verify(t.Context(), provenance.Subject{Package: e.Package, Digests: e.Digests})
	if ev.Provenance.State != provenance.Verified {
		t.Fatalf("%s: %+v", id, ev.Provenance.Check)
	}
	return e, ev
}

// Real certificates, old ones without ids and new ones, of releases that follow each
// other: only what truly changed is said.
func TestRealReleasesThatFollowEachOther(t *testing.T) {
	z := realdata.Open(t, "fixtures.zip")
	integrity := map[string]string{
		"sigstore@0.4.0": "sha512-KCwMX6k20mQyFkNYG2XT3lwK9u1P36wS9YURFd85zCXPrwrSLZCEh7/vMBFNYcJXRiBtGDS+T4/RZZF493zABA==",
		"sigstore@1.0.0": "sha512-e+qfbn/zf1+rCza/BhIA//Awmf0v1pa5HQS8Xk8iXrn9bgytytVLqYD0P7NSqZ6IELTgq+tcDvLPkQjNHyWLNg==",
		"sigstore@2.3.1": "sha512-8G+/XDU8wNsJOQS5ysDVO0Etg9/2uA5gR9l4ZwijjlwxBcrU6RPfwi2+jJmbP+Ap1Hlp/nVAaEO4Fj22/SL2gQ==",
		"@laurentsimon/provenance-npm-test@1.0.0": "sha512-KdGfJiM/REEyhBKzT9c+0QTs/vYvFAl4kMzPdFW1IbZcWs/4UYSfqoXIU5WqItQBQ28B86+2GxnHgOkGyIx/IA==",
		"@laurentsimon/provenance-npm-test@1.0.3": "sha512-8pleJWWhUQxweFDYGU+YO5H+YewkPFVRrYScNXJzdotfOlfkS4HMDNNqNLi5MzIr6HHupbBYICvoB+JNyIKBGw==",
		"nuxt@3.13.0": "sha512-NZlPGlMav18KXWiOmTguQtH5lcrwooPniWXM3Ca4c9spsMRu3wyWLlN8wiI/cK+lEu3rQyKCGSA75nFVK4Ew3w==",
	}
	for _, c := range []struct{ before, now, rule, says string }{
		{"sigstore@0.4.0", "sigstore@1.0.0", "", ""},
		{"@laurentsimon/provenance-npm-test@1.0.0", "@laurentsimon/provenance-npm-test@1.0.3", "", ""},
		// Between the two the project moved its releases to another workflow, on its branch.
		{"sigstore@1.0.0", "sigstore@2.3.1", "identity-changed", "the workflow was .github/workflows/publish.yml and is now .github/workflows/release.yml, " +
			"the ref was a tag (refs/tags/v1.0.0) and is now a branch (refs/heads/main) and the trigger was release and is now push."},
	} {
		before, was := attestedFor(t, z, c.before, integrity[c.before])
		now_, is := attestedFor(t, z, c.now, integrity[c.now])
		said := ""
		for _, f := range Judge(Input{Subjects: []Subject{updated(before, was, now_, is)}}, Default(), now()).Findings {
			if f.Rule == RuleRepositoryChanged || f.Rule == RuleIdentityChanged {
				said += string(f.Rule) + ": " + f.Message + "\n"
			}
		}
		if (said == "") != (c.rule == "") || !strings.HasPrefix(said, c.rule) || !strings.Contains(said, c.says) {
			t.Errorf("%s → %s: %q", c.before, c.now, said)
		}
	}
	// A package that comes to be built by the repository of another one.
	before, was := attestedFor(t, z, "sigstore@1.0.0", integrity["sigstore@1.0.0"])
	_, is := attestedFor(t, z, "nuxt@3.13.0", integrity["nuxt@3.13.0"])
	v := Judge(Input{Subjects: []Subject{updated(before, was, entry("sigstore@1.0.1"), is)}}, Default(), now())
	if v.Conclusion != Failure || v.Findings[0].Rule != RuleRepositoryChanged {
		t.Errorf("%s: %+v", v.Conclusion, v.Findings)
	}
}

// The registry's words about the publisher, over the histories of real packages: a
// configuration keeps its id.
func TestRealHistoriesChangeNoPublisherConfiguration(t *testing.T) {
	z := realdata.Open(t, "fixtures.zip")
	files, err := fs.Glob(z, "npm/packuments/*.json")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range files {
		data := realdata.Read(t, z, file)
		documents := realdata.Versions(t, data)
		if len(documents) == 0 {
			continue // the document of one version
		}
		history, err := registry.ParseHistory(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		var releases []registry.Release
		for _, p := range history.Releases {
			r, err := registry.ParseRelease(documents[p.Version])
			if err != nil {
				t.Fatal(err)
			}
			if r.Publisher.OIDCConfigID != "" {
				releases = append(releases, r)
			}
		}
		for i := 1; i < len(releases); i++ {
			evidence := func(r registry.Release) (dep.Entry, provenance.Evidence) {
				e := entry(r.Package.ID())
				return e, attested(e, func(ev *provenance.Evidence) { ev.Release = &r })
			}
			a, was := evidence(releases[i-1])
			b, is := evidence(releases[i])
			compared++
			if ds := identityChanged(updated(a, was, b, is), view{policy: Default()}); len(ds) > 0 {
				t.Errorf("%s: %s", path.Base(file), ds[0].Message)
			}
		}
	}
	if compared < 10 {
		t.Errorf("only %d pairs were compared", compared)
	}
}

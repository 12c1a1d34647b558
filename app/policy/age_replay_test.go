package policy

import (
	"bytes"
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"deps.dev/util/semver"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

// replayed is one real release as an update from the one before it in its line.
type replayed struct {
	id      string
	subject Subject
	at      time.Time // of publication
}

// replays makes them of a package document: what came out later is in no history.
func replays(doc registry.Packument) (out []replayed) {
	releases := map[string]registry.Release{}
	var past []registry.Past
	for _, r := range doc.Releases {
		releases[r.Package.Version] = r
		if when := doc.Times[r.Package.Version]; !when.IsZero() {
			past = append(past, registry.Past{Version: r.Package.Version, Published: when, Announced: r.ProvenanceAnnounced, Publisher: r.Publisher, InstallScript: r.InstallScript})
		}
	}
	slices.SortFunc(past, func(a, b registry.Past) int {
		return cmp.Or(a.Published.Compare(b.Published), cmp.Compare(a.Version, b.Version))
	})
	evidence := func(version string) (dep.Entry, provenance.Evidence) {
		e, r := entry(doc.Name+"@"+version), releases[version]
		ev := signed(e)
		if r.ProvenanceAnnounced {
			ev = attested(e)
			ev.Provenance.Identity.Repository = strings.TrimSuffix(strings.TrimPrefix(r.Repository, "git+"), ".git")
		}
		ev.Release = &r
		return e, ev
	}
	for i, p := range past[min(1, len(past)):] {
		before := past[i]
		for _, b := range slices.Backward(past[:i+1]) {
			if inOneLine(b.Version, p.Version) {
				before = b
				break
			}
		}
		old, oldEvidence := evidence(before.Version)
		e, ev := evidence(p.Version)
		s := updated(old, oldEvidence, e, ev)
		s.History = &registry.History{Name: doc.Name, Releases: past[:i+2]}
		out = append(out, replayed{e.Package.ID(), s, p.Published})
	}
	return out
}

// inOneLine is ofOneLine for prereleases, too.
func inOneLine(a, b string) bool {
	line := func(v string) string {
		parsed, err := semver.NPM.Parse(v)
		if err != nil {
			return v
		}
		canonical := strings.SplitN(parsed.Canon(false), ".", 3)
		if canonical[0] == "0" {
			return canonical[0] + "." + canonical[1]
		}
		return canonical[0]
	}
	return line(a) == line(b)
}

// Genuine releases of real packages, an hour after they came out and after four days, under the
// default policy. Losing provenance or the publisher is held elsewhere: some of these did.
func TestRealReleasesByAge(t *testing.T) {
	z := realdata.Open(t, "fixtures.zip")
	files, err := fs.Glob(z, "npm/packuments/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var docs, releases int
	var odd, strangers []string
	for _, file := range files {
		doc, err := registry.ParsePackument(bytes.NewReader(realdata.Read(t, z, file)))
		if err != nil || len(doc.Times) == 0 {
			continue // one version's document, or an abbreviated one
		}
		docs++
		for _, r := range replays(doc) {
			releases++
			in := Input{Subjects: []Subject{r.subject}}
			for _, f := range Judge(in, Default(), r.at.Add(4*day)).Findings {
				lost := f.Rule == RuleProvenanceLost || f.Rule == RulePublisherLost
				if f.Severity == Error && !lost || f.Rule == RuleTooNew || f.Rule == RulePackageTooYoung || f.Unknown {
					t.Errorf("%s: %s after four days: %s %s", path.Base(file), r.id, f.Rule, f.Message)
				}
			}
			spoke := map[RuleName]bool{}
			for _, f := range Judge(in, Default(), r.at.Add(hour)).Findings {
				spoke[f.Rule] = true
				switch f.Rule {
				case RuleFreshAndOdd:
					odd = append(odd, r.id)
				case RulePublisherChanged:
					strangers = append(strangers, r.id+" "+string(f.Severity))
				}
			}
			if !spoke[RuleTooNew] && !spoke[RulePackageTooYoung] {
				t.Errorf("%s: %s is an hour old, and nobody said so", path.Base(file), r.id)
			}
		}
	}
	if docs < 10 || releases < 450 {
		t.Errorf("only %d releases of %d packages were replayed", releases, docs)
	}
	// Six in ten years, each by an account in its first days as a publisher: whoever updated
	// within the cooldown had to look, which is what the rule is for. Who publishes for the
	// first time looks no different from who took the package over. None had provenance or
	// an approver; with these it would have been a notice.
	want := []string{
		"nuxt@1.0.0-gh-a29eb99", // the first by nuxt.bot, which made the builds of commits
		"nuxt@2.3.4",            // the first by pi0
		"nuxt@1.4.5",            // the second by pi0, a day later, in another line
		"nuxt@2.4.2",            // the first by clarkdo
		"nuxt@3.1.0",            // the first by danielroe
		"nuxt@3.6.5",            // the first by antfu
	}
	if !slices.Equal(odd, want) {
		t.Errorf("fresh-and-odd an hour after publication:\n%s", strings.Join(odd, "\n"))
	}
	for i, id := range want {
		want[i] = id + " warning"
	}
	if !slices.Equal(strangers, want) { // those by the trusted publisher are silent
		t.Errorf("publisher-changed:\n%s", strings.Join(strangers, "\n"))
	}
}

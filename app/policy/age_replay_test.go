package policy

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

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

// replays makes them of a package's history: what came out later is in none of theirs.
func replays(t *testing.T, h registry.History, documents map[string]json.RawMessage) (out []replayed) {
	t.Helper()
	past := h.Releases
	evidence := func(version string) (dep.Entry, provenance.Evidence) {
		e := entry(h.Name + "@" + version)
		r, err := registry.ParseRelease(documents[version])
		if err != nil {
			t.Fatal(err)
		}
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
		s.History = &registry.History{Name: h.Name, Releases: past[:i+2]}
		for _, w := range Wanted(s) {
			_, ev := evidence(w.Version)
			s.Witnesses = append(s.Witnesses, Witness{Package: w, Evidence: ev})
		}
		out = append(out, replayed{e.Package.ID(), s, p.Published})
	}
	return out
}

// inOneLine is ofOneLine for prereleases, too.
func inOneLine(a, b string) bool {
	x, _, ok := lineOf(a)
	y, _, alsoOK := lineOf(b)
	return ok && alsoOK && x == y
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
		data := realdata.Read(t, z, file)
		documents := realdata.Versions(t, data)
		if len(documents) == 0 || strings.Contains(file, "abbreviated") {
			continue // one version's document, or one without dates
		}
		h, err := registry.ParseHistory(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		docs++
		for _, r := range replays(t, h, documents) {
			releases++
			in := Input{Subjects: []Subject{r.subject}}
			for _, f := range Judge(in, Default(), r.at.Add(4*day)).Findings {
				lost := f.Rule == RuleProvenanceLost || f.Rule == RulePublisherLost
				if f.Severity == Error && !lost || f.Rule == RuleTooNew || f.Rule == RulePackageTooYoung || f.Unknown && !lost {
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
			if !spoke[RuleTooNew] && !spoke[RulePackageTooYoung] && !spoke[RuleFreshAndOdd] {
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

package review

import (
	"slices"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

// What is asked about by itself names no registry: the configured one answered.
func TestMaintainersAreToldOfPublicReleasesAlone(t *testing.T) {
	for _, x := range []struct {
		name string
		edit func(*Reviewer)
		want bool
	}{
		{"the public registry", func(*Reviewer) {}, true},
		{"a registry of the operator", func(r *Reviewer) { r.atlas.public["https://npm.corp.example"] = true }, false},
		{"the demo", func(r *Reviewer) { r.demo = true }, false},
	} {
		r := remembering(proven("left@1.0.0"), left(5*24*time.Hour))
		x.edit(r)
		rep, err := r.Releases(t.Context(), []provenance.Subject{{Package: dep.Package{Ecosystem: dep.NPM, Name: "left", Version: "1.0.1"}, Standalone: true}}, policy.Default(), nil)
		if err != nil {
			t.Fatal(err)
		}
		told := slices.ContainsFunc(rep.Findings, func(f policy.Finding) bool { return f.Tell.To == policy.TellMaintainer })
		if told != x.want || !slices.Contains(rules(rep), policy.RuleProvenanceLost) || rep.Kind != report.Verify {
			t.Errorf("%s: told %v, expected %v: %+v", x.name, told, x.want, rep.Findings)
		}
	}
}

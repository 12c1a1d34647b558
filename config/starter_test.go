package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
)

func TestTheStarterIsTheDefaults(t *testing.T) {
	pins := []policy.PackageRule{
		{Match: "npm:@acme/*", Identity: policy.IdentityPin{Repository: "github.com/acme/web", Workflow: ".github/workflows/release.yml", Ref: "refs/tags/*"}},
		{Match: "npm:tide", Identity: policy.IdentityPin{Repository: "github.com/harbour/tide"}},
	}
	for _, blocks := range [][]policy.PackageRule{nil, pins} {
		text := Starter(blocks)
		p, err := ParsePolicy("f", []byte(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		for i := range p.Packages {
			p.Packages[i].Line = 0
		}
		want := policy.Default()
		want.Source, want.Packages, want.Places = "f", blocks, p.Places
		if !reflect.DeepEqual(p, want) {
			t.Errorf("got\n%+v\nexpected\n%+v", p, want)
		}
		for _, r := range policy.Rules() {
			if !r.Fixed && !strings.Contains(text, "\n  "+string(r.Name)+": ") {
				t.Errorf("%s is not in it", r.Name)
			}
		}
	}
}

// What stands there as a comment holds once the marks are taken off.
func TestTheExamplesOfTheStarterHold(t *testing.T) {
	p, err := ParsePolicy("f", []byte(strings.NewReplacer("\n#  ", "\n  ", "\n#    ", "\n    ").Replace(Starter(nil))))
	if err != nil || len(p.Packages) != 1 || len(p.Exceptions) != 1 || p.Exceptions[0].Owner != "@my-org/security" {
		t.Errorf("%v: %+v", err, p)
	}
}

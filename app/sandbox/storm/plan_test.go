package storm

import (
	"reflect"
	"testing"
)

func TestAPlanIsDrawnFromItsSeedAlone(t *testing.T) {
	if !reflect.DeepEqual(NewPlan(7, 300, true), NewPlan(7, 300, true)) {
		t.Error("the same seed gives two plans")
	}
	if reflect.DeepEqual(NewPlan(7, 300, true), NewPlan(8, 300, true)) {
		t.Error("two seeds give the same plan")
	}
}

func TestAPlanHasEveryKindAndEveryVerb(t *testing.T) {
	plan := NewPlan(1, 300, true)
	opened, kinds, verbs := 0, map[Kind]bool{}, map[Verb]bool{}
	open := map[int]bool{}
	for _, s := range plan.Steps {
		kinds[s.Kind], verbs[s.Do] = true, true
		switch s.Do {
		case Open, Twin:
			opened++
			open[s.Pull] = true
		case Relax:
		default:
			if !open[s.Pull] {
				t.Errorf("%s of pull request %d before it is opened", s.Do, s.Pull)
			}
		}
	}
	if opened != 300 {
		t.Errorf("%d pull requests", opened)
	}
	for _, k := range append(append(kindsOf(Shop), kindsOf(Bystander)...), OutOfNext) {
		if !kinds[k] {
			t.Errorf("nothing of the kind %s", k)
		}
	}
	for _, v := range []Verb{Open, Twin, Push, Close, Reopen, Retarget, Ready, Rename, Relax} {
		if !verbs[v] {
			t.Errorf("nobody does %s", v)
		}
	}
}

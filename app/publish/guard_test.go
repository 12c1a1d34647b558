package publish

import "testing"

func TestConditionsAreDecidedOnlyByWhatIsKnown(t *testing.T) {
	for _, c := range []struct {
		condition string
		want      Answer
	}{
		{"", Yes},
		{"github.event_name == 'push'", Yes},
		{"${{ github.event_name == 'pull_request' }}", No},
		{"github.event_name != 'pull_request' && startsWith(github.ref, 'refs/tags/')", No},
		{"!startsWith(github.ref, 'refs/tags/')", Yes},
		{"contains(github.ref, 'refs/heads/')", Yes},
		{"github.ref == 'refs/heads/main'", No},
		{"github.ref_name == 'main' || github.ref_type == 'tag'", No},
		{"steps.x.outputs.new == 'true'", Depends},
		{"steps.x.outputs.new == 'true' && github.ref == 'refs/heads/main'", No},
		{"steps.x.outputs.new == 'true' || github.event_name == 'push'", Yes},
		{"always() && github.event_name == 'push'", Yes},
		{"failure()", No},
		{"(github.event_name == 'push')", Yes},
		{"GitHub.Event_Name == 'PUSH'", Yes},
		{"github.event_name == 'it''s'", No},
		{"false", No},
		{"!cancelled()", Yes},
		{"github['event_name'] == 'push'", Yes},
		{"contains(fromJSON('[\"push\"]'), github.event_name)", Depends},
		{"github.event_name == ", Depends},
		{"((((", Depends},
		{"a ${{ x }} b", Depends},
		{"github.event_name == 'push' garbage", Depends},
		{"github.run_number > 3", Depends},
		{"startsWith(github.event.head_commit.message, 'release:')", Depends},
	} {
		got := pushed("refs/heads/topic").holds(text{place{Line: 1}, c.condition})
		if got != c.want {
			t.Errorf("%q is %s, want %s", c.condition, got, c.want)
		}
	}
}

func FuzzConditions(f *testing.F) {
	f.Add("github.event_name == 'push' && !(a || b['x'])")
	f.Add("contains(a, 'b'))))")
	f.Add("!!!!((((")
	f.Add("0[']0")
	f.Fuzz(func(t *testing.T, condition string) {
		pushed("refs/tags/v1").holds(text{place{Line: 1}, condition})
	})
}

package checks

import (
	"context"
	"testing"
	"time"
)

// facts is a cache in a map.
type facts map[string][]byte

func (f facts) Get(_ context.Context, key string) ([]byte, bool, error) {
	value, ok := f[key]
	return value, ok, nil
}

func (f facts) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	f[key] = value
	return nil
}

func TestAFactThatCannotBeReadIsAskedAnewAndReplaced(t *testing.T) {
	type fact struct {
		Tip  string   `json:"tip"`
		Seen []string `json:"seen"`
	}
	truth := fact{"a", []string{"b"}}
	const written = `{"tip":"a","seen":["b"]}`
	for name, kept := range map[string]string{
		"nothing": "", "no JSON": "garbage", "cut off": written[:9], "null": "null", "a list": "[]", "a number": "7",
		"another shape": `{"tip":"a"}`, "more": `{"tip":"a","seen":["b"],"x":1}`, "another type": `{"tip":1,"seen":["b"]}`, "bytes": "\x00\xff",
	} {
		t.Run(name, func(t *testing.T) {
			cache := facts{"k": []byte(kept)}
			f := newHub(t).forge()
			f.facts = cache
			asked := 0
			for range 2 {
				got := remembered(t.Context(), f, "k", func() (fact, time.Duration) { asked++; return truth, KeepFacts })
				if got.Tip != "a" || len(got.Seen) != 1 || got.Seen[0] != "b" {
					t.Errorf("%+v", got)
				}
			}
			if asked != 1 || string(cache["k"]) != written {
				t.Errorf("asked %d times, kept is %q", asked, cache["k"])
			}
		})
	}
}

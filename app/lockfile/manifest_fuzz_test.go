package lockfile

import "testing"

// No manifest makes the reader panic, and what it reads is within limits.
func FuzzManifest(f *testing.F) {
	f.Add("package.json", `{"dependencies":{"a":"^1"},"overrides":{"a":{".":"1","b":{"c":"2"}}},"pnpm":{"overrides":{}}}`)
	f.Add("deno.jsonc", `{ // x
"imports":{"a":"npm:a@1",},}`)
	f.Add("pnpm-workspace.yaml", "overrides: &a\n  a: 1\ncatalogs:\n  x: *a\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		m, err := ParseManifest(name, []byte(text))
		if err == nil && len(m.Wants) > MaxWants {
			t.Errorf("%d", len(m.Wants))
		}
		for w, wanted := range m.Wants {
			if w.Section == "" || wanted.Line < 1 {
				t.Errorf("%+v: %+v", w, wanted)
			}
		}
	})
}

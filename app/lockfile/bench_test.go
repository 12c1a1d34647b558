package lockfile

import (
	"fmt"
	"testing"
)

// generated is a lockfile of n entries, every third one nested, every tenth of
// another version where changed is set.
func generated(n int, changed bool) []byte {
	members := []string{`"": {"name": "bench", "dependencies": {"package-0": "1"}}`}
	for i := range n {
		name, version := fmt.Sprintf("package-%d", i), "1.0.0"
		location := "node_modules/" + name
		if i%3 == 0 {
			location = fmt.Sprintf("node_modules/package-%d/node_modules/%s", i+1, name)
		}
		if changed && i%10 == 0 {
			version = "1.1.0"
		}
		members = append(members, member(location, name, version, "license", "MIT", "engines", map[string]string{"node": ">=18"}, "dependencies", map[string]string{"x": "^1.0.0"}))
	}
	return []byte(v3(members...))
}

func BenchmarkParse(b *testing.B) {
	data := generated(10_000, false)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if entries, err := Parse("package-lock.json", data); err != nil || len(entries) != 10_000 {
			b.Fatal(len(entries), err)
		}
	}
}

func BenchmarkDiff(b *testing.B) {
	base, head := parse(b, string(generated(10_000, false))), parse(b, string(generated(10_000, true)))
	b.ReportAllocs()
	for b.Loop() {
		if n := len(Diff(base, head)); n != 1000 {
			b.Fatal(n)
		}
	}
}

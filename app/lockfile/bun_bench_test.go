package lockfile

import (
	"fmt"
	"testing"
)

// generatedBun is a bun.lock of n packages, shaped like real ones: two or three
// dependencies each, every fifth nested below another.
func generatedBun(n int) []byte {
	members := make([]string, 0, n)
	for i := range n {
		name := fmt.Sprintf("package-%d", i)
		at := name
		if i%5 == 4 {
			at = fmt.Sprintf("package-%d/%s", i-1, name)
		}
		info := fmt.Sprintf(` "dependencies": { "package-%d": "^1.0.0", "package-%d": "~1.2.0" }`, (i+1)%n, (i*7)%n)
		if i%2 == 0 {
			info += fmt.Sprintf(`, "peerDependencies": { "package-%d": ">=1" }, "optionalPeers": ["package-%d"], "bin": { "x": "cli.js" }`, (i*3)%n, (i*3)%n)
		}
		members = append(members, "\n    "+bunMember(at, name, "1.2.3", info+" "))
	}
	return []byte(bun(`"": {"name": "root", "dependencies": {"package-0": "^1.0.0"}}`, members...))
}

func BenchmarkBun(b *testing.B) {
	b.Run("real", func(b *testing.B) {
		benchmarkParse(b, "bun.lock", openCorpus(b).read(b, "bun/hono-v0-to-v1/base.bun.lock"))
	})
	b.Run("20MB", func(b *testing.B) { benchmarkParse(b, "bun.lock", generatedBun(65_000)) })
}

// Deep paths with many dependencies: the time per byte must stay what it is.
func BenchmarkBunDeep(b *testing.B) {
	for _, n := range []int{1000, 4000, 16000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			deep := ""
			for range MaxNesting - 2 {
				deep += "a/"
			}
			members := []string{}
			for i := range n {
				members = append(members, bunMember(fmt.Sprintf("%sb-%d", deep, i), "x", "1.0.0", fmt.Sprintf(`"dependencies": {"c-%d": "1", "d-%d": "1", "e-%d": "1"}`, i, i, i)))
			}
			benchmarkParse(b, "bun.lock", []byte(bun("", members...)))
		})
	}
}

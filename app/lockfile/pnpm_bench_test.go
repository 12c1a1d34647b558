package lockfile

import (
	"fmt"
	"strings"
	"testing"
)

// generatedPNPM is a lockfile of n packages, each with peers and three dependencies,
// of version 6 or 9.
func generatedPNPM(major pnpmMajor, n int) []byte {
	var packages, snapshots strings.Builder
	for i := range n {
		id := fmt.Sprintf("package-%d@1.%d.0", i, i%10)
		ref := func(further int) string {
			j := (i + further) % n
			return fmt.Sprintf("package-%d: 1.%d.0", j, j%10)
		}
		asks := fmt.Sprintf("    dependencies:\n      %s\n      %s\n      %s\n", ref(1), ref(7), ref(n/2))
		fields := fmt.Sprintf("    resolution: {integrity: %s}\n    engines: {node: '>=18.0.0'}\n    peerDependencies:\n      react: ^18.0.0\n", sri(id))
		if major == 9 {
			fmt.Fprintf(&packages, "\n  %s:\n%s", id, fields)
			fmt.Fprintf(&snapshots, "\n  %s:\n%s", id, asks)
		} else {
			fmt.Fprintf(&packages, "\n  /%s:\n%s%s    dev: false\n", id, fields, asks)
		}
	}
	text := fmt.Sprintf("lockfileVersion: '%d.0'\n\nimporters:\n\n  .:\n    dependencies:\n      package-0:\n        specifier: ^1.0.0\n        version: 1.0.0\n\npackages:\n%s", major, packages.String())
	if major == 9 {
		text += "\nsnapshots:\n" + snapshots.String()
	}
	return []byte(text)
}

func BenchmarkPNPM(b *testing.B) {
	b.Run("real", func(b *testing.B) {
		benchmarkParse(b, "pnpm-lock.yaml", openCorpus(b).read(b, "pnpm-v9/v9-multi-document-runtime/head.pnpm-lock.yaml"))
	})
	for _, major := range []pnpmMajor{9, 6} {
		b.Run(fmt.Sprintf("60000-v%d", major), func(b *testing.B) { benchmarkParse(b, "pnpm-lock.yaml", generatedPNPM(major, 60_000)) })
	}
}

// What one entry costs does not grow with the file: no work is quadratic.
func TestPNPMCostsPerEntryStayTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it is work, and of one goroutine")
	}
	costs := func(n int) float64 {
		data := generatedPNPM(9, n)
		return testing.AllocsPerRun(1, func() {
			if _, err := Parse("pnpm-lock.yaml", data); err != nil {
				t.Fatal(err)
			}
		}) / float64(n)
	}
	if few, many := costs(500), costs(5000); many > 1.2*few {
		t.Errorf("%.0f allocations for each of 500 entries, %.0f for each of 5000", few, many)
	}
}

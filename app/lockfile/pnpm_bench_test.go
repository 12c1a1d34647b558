package lockfile

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
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
	files := map[string][]byte{
		"real":     openCorpus(b).read(b, "pnpm-v9/v9-multi-document-runtime/head.pnpm-lock.yaml"),
		"60000-v9": generatedPNPM(9, 60_000),
		"60000-v6": generatedPNPM(6, 60_000),
	}
	for _, name := range []string{"real", "60000-v9", "60000-v6"} {
		data := files[name]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if entries, err := Parse("pnpm-lock.yaml", data); err != nil || len(entries) < 1000 {
					b.Fatal(len(entries), err)
				}
			}
		})
		b.Run(name+"/memory", func(b *testing.B) {
			var peak, kept float64
			for b.Loop() {
				p, k := liveHeap(func() any {
					entries, _ := Parse("pnpm-lock.yaml", data)
					return entries
				})
				peak, kept = max(peak, p), max(kept, k)
			}
			b.ReportMetric(peak/float64(len(data)), "peak/size")
			b.ReportMetric(kept/float64(len(data)), "kept/size")
		})
	}
}

// liveHeap is how many bytes a function holds at most beyond those before, and how many
// its result does. The collector runs often, so that little is counted that is not live.
func liveHeap(f func() any) (peak, kept float64) {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	stop, highest := make(chan bool), make(chan uint64)
	go func() {
		var m runtime.MemStats
		var top uint64
		for {
			runtime.ReadMemStats(&m)
			top = max(top, m.HeapAlloc)
			select {
			case <-stop:
				highest <- top
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	result := f()
	stop <- true
	top := <-highest
	runtime.GC()
	runtime.ReadMemStats(&now)
	runtime.KeepAlive(result)
	less := func(n uint64) float64 { return float64(n) - float64(before.HeapAlloc) }
	return less(top), less(now.HeapAlloc)
}

// What one entry costs does not grow with the file: no work is quadratic.
func TestPNPMCostsPerEntryStayTheSame(t *testing.T) {
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

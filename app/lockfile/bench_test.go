package lockfile

import (
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

// generated is a lockfile of n entries as npm writes it, some 340 bytes each: every
// third one nested, every tenth of another version where changed is set. Version 2
// says it twice.
func generated(n, version int, changed bool) []byte {
	var packages, legacy strings.Builder
	versionOf := func(i int) string {
		if changed && i%10 == 0 {
			return "1.1.0"
		}
		return "1.0.0"
	}
	body := func(b *strings.Builder, indent, name, version, asks string, i int) {
		fmt.Fprintf(b, "%[1]s  \"version\": %[2]q,\n%[1]s  \"resolved\": %[3]q,\n%[1]s  \"integrity\": %[4]q,\n", indent, version, tarball(name, version), sri(name+version))
		if i%2 == 0 {
			fmt.Fprintf(b, "%s  \"dev\": true,\n", indent)
		}
		fmt.Fprintf(b, "%[1]s  %[2]q: {\n%[1]s    \"pkg-%[3]d\": \"^1.0.0\"", indent, asks, (i+1)%n)
		if i%4 == 0 {
			fmt.Fprintf(b, ",\n%s    \"pkg-%d\": \">=1.0.0 <2\"", indent, (i+n/2)%n)
		}
		fmt.Fprintf(b, "\n%s  }", indent)
	}
	for i := range n {
		name := fmt.Sprintf("pkg-%d", i)
		location := "node_modules/" + name
		if i%3 == 0 && i+1 < n {
			location = fmt.Sprintf("node_modules/pkg-%d/node_modules/%s", i+1, name)
		}
		fmt.Fprintf(&packages, ",\n    %q: {\n", location)
		body(&packages, "    ", name, versionOf(i), "dependencies", i)
		packages.WriteString("\n    }")
		if version == 3 || i%3 == 0 && i+1 < n {
			continue
		}
		fmt.Fprintf(&legacy, ",\n    %q: {\n", name)
		body(&legacy, "    ", name, versionOf(i), "requires", i)
		if i%3 == 1 {
			nested := fmt.Sprintf("pkg-%d", i-1)
			fmt.Fprintf(&legacy, ",\n      \"dependencies\": {\n        %q: {\n", nested)
			body(&legacy, "        ", nested, versionOf(i-1), "requires", i-1)
			legacy.WriteString("\n        }\n      }")
		}
		legacy.WriteString("\n    }")
	}
	root := `"": {"name": "bench", "dependencies": {"pkg-1": "^1.0.0"}}`
	text := fmt.Sprintf("{\n  \"name\": \"bench\",\n  \"lockfileVersion\": %d,\n  \"requires\": true,\n", version)
	if version > 1 {
		text += "  \"packages\": {\n    " + root + packages.String() + "\n  }"
	}
	if version == 2 {
		text += ",\n"
	}
	if version < 3 {
		text += "  \"dependencies\": {\n" + strings.TrimPrefix(legacy.String(), ",\n") + "\n  }"
	}
	return []byte(text + "\n}\n")
}

func benchmarkParse(b *testing.B, name string, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		entries, err := Parse(name, data)
		if err != nil {
			b.Fatal(err)
		}
		n = len(entries)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(data)), "ns/byte")
	b.ReportMetric(float64(n), "entries")
	peakHeap(b, len(data), func() {
		entries, _ := Parse(name, data)
		runtime.KeepAlive(entries)
	})
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"bench/package-lock.json", "npm-v2/v2-npmcli-git-dep/head.package-lock.json", "npm-v1/v1-rtk-devdep-churn/head.package-lock.json"} {
		b.Run(strings.ReplaceAll(name, "/", "-"), func(b *testing.B) {
			data, err := fs.ReadFile(openCorpus(b), name)
			if err != nil {
				b.Fatal(err)
			}
			benchmarkParse(b, "package-lock.json", data)
		})
	}
	for version := 1; version <= 3; version++ {
		b.Run(fmt.Sprintf("60000-entries-version-%d", version), func(b *testing.B) {
			benchmarkParse(b, "package-lock.json", generated(60_000, version, false))
		})
	}
}

// The time per byte must not grow with the input.
func BenchmarkGrowing(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		for shape, data := range growing(n) {
			b.Run(fmt.Sprintf("%s/%d", shape, n), func(b *testing.B) { benchmarkParse(b, "package-lock.json", data) })
		}
	}
}

// growing are lockfiles of n entries or specs in shapes that are hard to read.
func growing(n int) map[string][]byte {
	list := func(n int, sep, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteString(sep)
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	version1 := func(dependencies string) []byte {
		return []byte(`{"lockfileVersion": 1, "requires": true, "dependencies": {` + dependencies + `}}`)
	}
	deep := strings.Repeat("node_modules/a/", 20)
	levels := func(depth int, leaf string) string {
		return strings.Repeat(`"a": {"version": "1.0.0", "dependencies": {`, depth) + leaf + strings.Repeat("}}", depth)
	}
	long := strings.Repeat("long-", 40)
	return map[string][]byte{
		"flat-3":       generated(n, 3, false),
		"flat-2":       generated(n/2, 2, false),
		"flat-1":       generated(n, 1, false),
		"deep-3":       []byte(v3(list(n, ",\n", `"`+deep+`node_modules/p%d": {"version": "1.0.0"}`))),
		"deep-1":       version1(levels(10, list(n, ",\n", `"p%d": {"version": "1.0.0", "requires": {"a": "1", "p0": "1"}}`))),
		"long-names-3": []byte(v3(list(n, ",\n", `"node_modules/`+long+`%d": {"version": "1.0.0"}`))),
		"workspaces-3": []byte(v3(list(n, ",\n", `"packages/w%d": {"dependencies": {"a": "1"}}`), member("node_modules/a", "a", "1.0.0"))),
		"bundled-3": []byte(v3(member("node_modules/b", "b", "1.0.0", "bundleDependencies", []string{"p0"}),
			list(n, ",\n", `"node_modules/b/node_modules/p%[1]d": {"version": "1.0.0", "inBundle": true, "dependencies": {"in%[1]d": "1"}}`))),
		"disagree-2": []byte(v2("{"+list(n, ",\n", `"p%d": {"version": "https://example.com/p.tgz"}`)+"}", list(n, ",\n", `"node_modules/p%d": {"version": "1.0.0", "resolved": "https://example.com/p.tgz"}`))),
		"escaped-3":  []byte(v3(list(n, ",\n", `"node_modules\/p%d": {"version": "1\u002e0"}`))),
	}
}

func BenchmarkDiff(b *testing.B) {
	base, head := parse(b, string(generated(10_000, 3, false))), parse(b, string(generated(10_000, 3, true)))
	b.ReportAllocs()
	for b.Loop() {
		if n := len(Diff(base, head)); n != 1000 {
			b.Fatal(n)
		}
	}
}

// Base and head of 60,000 entries and 20 MB each are read and compared.
func BenchmarkLargeLockfile(b *testing.B) {
	base, head := generated(60_000, 3, false), generated(60_000, 3, true)
	read := func() []dep.Change {
		before, err := Parse("package-lock.json", base)
		if err != nil {
			b.Fatal(err)
		}
		after, err := Parse("package-lock.json", head)
		if err != nil {
			b.Fatal(err)
		}
		return Diff(before, after)
	}
	b.SetBytes(int64(len(base) + len(head)))
	b.ReportAllocs()
	for b.Loop() {
		if n := len(read()); n != 6_000 {
			b.Fatal(n)
		}
	}
	peak := peakOf(func() { runtime.KeepAlive(read()) })
	b.ReportMetric(float64(len(base))/(1<<20), "MiB/file")
	b.ReportMetric(float64(peak)/(1<<20), "MiB-peak")
	b.ReportMetric(float64(peak+uint64(len(base)+len(head)))/(1<<20), "MiB-peak-with-files")
	if peak > 200<<20 {
		b.Errorf("%d MiB at the peak beside the files, and at most 200 are meant to be", peak>>20)
	}
}

//go:build unix

package review

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
)

// BenchmarkGrowth says what a package costs, in CPU time and memory, in lockfiles of
// several sizes, from the file's bytes to the report as it is shown. The evidence is
// there at once: what it costs does not depend on how many others there are. "×first" is
// the CPU time of a package held against that in the smallest lockfile; it may be 1.3.
//
//	go test -run '^$' -bench Growth -benchtime 3x ./app/review
func BenchmarkGrowth(b *testing.B) {
	sizes := []int{100, 1000, 10_000, 50_000}
	b.Run("audit", func(b *testing.B) {
		var first float64
		for _, n := range sizes {
			b.Run(fmt.Sprint(n), func(b *testing.B) {
				file := grown(n, 0)
				measure(b, n, &first, func() report.Report {
					return shown(b, Request{Kind: report.Audit, Files: []File{{Path: "package-lock.json", Head: file}}, Policy: policy.Default()})
				})
			})
		}
	})
	for _, changed := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("diff of %d", changed), func(b *testing.B) {
			var first float64
			for _, n := range sizes {
				if n < changed {
					continue
				}
				b.Run(fmt.Sprint(n), func(b *testing.B) {
					base, head := grown(n, 0), grown(n, changed)
					measure(b, n, &first, func() report.Report {
						return shown(b, Request{Kind: report.Diff, Files: []File{{Path: "package-lock.json", Base: base, Head: head}}, Policy: policy.Default()})
					})
				})
			}
		})
	}
}

// grown is a lockfile of n entries like real ones: some names stand in it in two
// versions, and each asks for a few others. As many as said are of a newer version.
func grown(n, newer int) []byte {
	var b bytes.Buffer
	fmt.Fprint(&b, `{"name":"web","lockfileVersion":3,"requires":true,"packages":{"":{"name":"web","dependencies":{"part-0":"^1.0.0"}}`)
	for i := range n {
		name, at, version := fmt.Sprintf("part-%d", i), "", fmt.Sprintf("1.%d.0", i%7)
		if i%10 == 9 { // a second version of the one before
			name, at, version = fmt.Sprintf("part-%d", i-1), fmt.Sprintf("node_modules/part-%d/", i-2), "0.9.1"
		}
		if i*newer/n != (i+1)*newer/n {
			version += "1"
		}
		fmt.Fprintf(&b, ",\n%q:{\"version\":%q,\"resolved\":\"https://registry.npmjs.org/%s/-/%s-%s.tgz\",\"integrity\":%q,\"dependencies\":{\"part-%d\":\"^1.0.0\",\"part-%d\":\"*\"}}",
			at+"node_modules/"+name, version, name, name, version, sri(name+version), (i+1)%n, (i+37)%n)
	}
	b.WriteString("}}\n")
	return b.Bytes()
}

// shown reviews, and shows the report in every form that somebody waits for.
func shown(b *testing.B, req Request) report.Report {
	r, err := New(Options{Verifier: plenty{}, Historian: plenty{}, Concurrency: 128, Clock: func() time.Time { return noon }})
	if err != nil {
		b.Fatal(err)
	}
	out, err := r.Review(b.Context(), req)
	if err != nil {
		b.Fatal(err)
	}
	report.Output(report.Check{Sections: []report.Section{{Report: out}}})
	for _, err := range []error{
		report.Table(io.Discard, out, report.TableOptions{}), report.Table(io.Discard, out, report.TableOptions{Width: 120, Group: report.ByRepo}), report.JSON(io.Discard, out),
	} {
		if err != nil {
			b.Fatal(err)
		}
	}
	return out
}

// plenty answers at once for every release; one in eight has provenance, one in fifty
// cannot be read.
type plenty struct{}

func (plenty) Verify(_ context.Context, s provenance.Subject) provenance.Evidence {
	ok, none := provenance.Check{State: provenance.Verified}, provenance.Check{State: provenance.Absent, Reason: "The registry announces no attestation of it."}
	e := provenance.Evidence{Package: s.Package, Release: &registry.Release{Package: s.Package, Repository: "https://github.com/acme/" + s.Package.Name}}
	e.Signature.Check, e.Publish.Check, e.Provenance.Check, e.Digest.Check = ok, none, none, ok
	e.Digest.Lockfile = dep.Strongest(s.Digests).SRI()
	e.Digest.Registry = e.Digest.Lockfile
	switch sum := len(s.Package.Name)*31 + int(s.Package.Name[len(s.Package.Name)-1])*7 + int(e.Digest.Lockfile[10]); {
	case sum%50 == 0:
		unknown := provenance.Check{State: provenance.Unknown, Reason: "The registry answered 503."}
		e.Release, e.Retry = nil, true
		e.Signature.Check, e.Provenance.Check, e.Digest.Check, e.Publish.Check = unknown, unknown, unknown, unknown
	case sum%8 == 0:
		e.Publish.Check, e.Provenance.Check = ok, ok
		e.Provenance.Identity = &provenance.Identity{Repository: "https://github.com/acme/" + s.Package.Name, Workflow: ".github/workflows/release.yml"}
	}
	return e
}

func (plenty) History(_ context.Context, name string) (registry.History, error) {
	return registry.History{}, fmt.Errorf("%s: %w", name, registry.ErrNotFound)
}

// measure runs do often enough for a figure, and reports what a package of n costs.
func measure(b *testing.B, n int, first *float64, do func() report.Report) {
	repeat := max(1, 10_000/n)
	peak := peakOfHeap()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := cpu(b)
	var last report.Report
	for b.Loop() {
		for range repeat {
			last = do()
		}
	}
	took := cpu(b) - began
	runtime.ReadMemStats(&after)
	most := peak()
	if len(last.Packages) == 0 {
		b.Fatal("nothing was looked at")
	}
	per := float64(b.N*repeat) * float64(n)
	each := float64(took.Nanoseconds()) / 1e3 / per
	if *first == 0 {
		*first = each
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(each, "cpu-µs/package")
	b.ReportMetric(each / *first, "×first")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/per, "B/package")
	b.ReportMetric(float64(most-before.HeapAlloc)/float64(n), "peak-B/package")
}

// peakOfHeap watches what the garbage collector finds in use, each time that it runs. The
// function that it answers with ends that, and says what was most.
func peakOfHeap() func() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var most uint64
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		runtime.GC()
		close(done)
		<-over
		metrics.Read(sample)
		return max(most, sample[0].Value.Uint64())
	}
}

// cpu is what the process has used of processors.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The lockfiles of the benchmark are what they are meant to be.
func TestGrownLockfilesDifferInWhatIsSaid(t *testing.T) {
	out := shownDiff(t, 200, 20)
	if n := len(out.Packages); n != 20 {
		t.Errorf("%d packages change: %+v", n, out.Lockfiles)
	}
	if strings.Count(string(grown(200, 0)), "node_modules/") != 220 {
		t.Error("not every tenth entry is a second version")
	}
}

func shownDiff(t *testing.T, n, changed int) report.Report {
	t.Helper()
	r, err := New(Options{Verifier: plenty{}, Concurrency: 4, Clock: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.Review(t.Context(), Request{Kind: report.Diff, Policy: policy.Default(),
		Files: []File{{Path: "package-lock.json", Base: grown(n, 0), Head: grown(n, changed)}}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

package app_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
)

const (
	admitted = 200       // jobs at a time
	mostRSS  = 512 << 20 // bytes
	largeEnv = "BONAFIDE_TEST_LARGE"
)

// TestManyLargeLockfilesStayWithinTheMemory runs reviews in a process of their own and
// asks the system for the most memory that it ever had. All are admitted at once; they
// are ended when so many have a verdict that the others would only do the same again.
// BONAFIDE_TEST_ALL_LARGE waits for all of them.
func TestManyLargeLockfilesStayWithinTheMemory(t *testing.T) {
	if dir := os.Getenv(largeEnv); dir != "" {
		reviewLarge(t, dir)
		return
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("skipped: the system does not tell the memory of a process in /proc")
	}
	if testing.Short() || raceDetector {
		t.Skip("skipped: the race detector has memory of its own, and -short has no time")
	}
	dir := t.TempDir()
	for _, l := range largeLockfiles() {
		for _, side := range []string{"base", "head"} {
			if err := os.WriteFile(filepath.Join(dir, side+"."+l.name), l.write(side == "head"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestManyLargeLockfilesStayWithinTheMemory$", "-test.v", "-test.timeout=30m")
	cmd.Env = append(os.Environ(), largeEnv+"="+dir)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

// reviewLarge is the process that is measured.
func reviewLarge(t *testing.T, dir string) {
	app.LimitMemory()
	reviewer, err := review.New(review.Options{Verifier: sure{}, Concurrency: 64, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var judged atomic.Int32
	enough := int32(len(largeLockfiles()) + 1)
	if os.Getenv("BONAFIDE_TEST_ALL_LARGE") != "" {
		enough = admitted
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	finished := func() {
		if judged.Add(1) == enough {
			cancel()
		}
	}
	runner, err := review.NewRunner(largeForge{dir: dir, finished: finished}, reviewer, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range admitted {
		group.Go(func() {
			for {
				err := runner.Commit(ctx, review.Repository{Owner: "acme", Name: "web"}, fmt.Sprintf("%040d", i), review.Try{})
				var later *review.Later
				switch {
				case errors.As(err, &later): // the queue would do the same
				case err != nil && ctx.Err() == nil:
					t.Error(err)
					return
				default:
					return
				}
			}
		})
	}
	group.Wait()
	peak := peakRSS(t)
	t.Logf("%d MiB at most, %d of %d jobs judged", peak>>20, judged.Load(), admitted)
	if peak > mostRSS {
		t.Errorf("%d MiB, and at most %d are meant to be", peak>>20, mostRSS>>20)
	}
	if judged.Load() < enough {
		t.Errorf("%d jobs were judged, and %d should have been", judged.Load(), enough)
	}
}

// peakRSS is the most memory that the process has had, in bytes.
func peakRSS(t *testing.T) int64 {
	t.Helper()
	file, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("the system does not say")
	return 0
}

// sure finds everything verified.
type sure struct{}

func (sure) Verify(_ context.Context, s provenance.Subject) provenance.Evidence {
	ok := provenance.Check{State: provenance.Verified}
	e := provenance.Evidence{Package: s.Package, Release: &registry.Release{Package: s.Package, Repository: strings.Repeat("r", 100)}}
	e.Signature.Check, e.Publish.Check, e.Provenance.Check, e.Digest.Check = ok, ok, ok, ok
	e.Provenance.Identity = &provenance.Identity{Repository: "https://github.com/acme/" + s.Package.Name, Commit: strings.Repeat("c", 40), Run: strings.Repeat("r", 100)}
	return e
}

// largeForge has one pull request at every commit, with the lockfiles of a folder.
type largeForge struct {
	review.Forge
	dir      string
	finished func()
}

func (largeForge) OpenPulls(context.Context, review.Repository, string) ([]review.Pull, error) {
	return []review.Pull{{Number: 1, Open: true, BaseRef: "main"}}, nil
}

func (largeForge) Tip(context.Context, review.Repository, string) (string, error) { return "base", nil }

func (largeForge) Policy(context.Context, review.Repository, string) (policy.Policy, *policy.Problem, error) {
	return policy.Default(), nil, nil
}

func (f largeForge) Trees(_ context.Context, _ review.Repository, _, head string) (review.Tree, review.Tree, error) {
	n, err := strconv.Atoi(head)
	kinds := largeLockfiles()
	name := kinds[n%len(kinds)].name
	return largeTree{f.dir, "base", name}, largeTree{f.dir, "head", name}, err
}

func (largeForge) Hub(review.Repository) review.Hub { return nil }

func (largeForge) Runs(_ context.Context, repo review.Repository, sha string) (review.Runs, error) {
	return largeRuns{repo, sha}, nil
}

type largeRuns struct {
	repo review.Repository
	sha  string
}

func (largeRuns) None() bool                   { return true }
func (largeRuns) Outlives(int) bool            { return true }
func (largeRuns) Standing() (review.Run, bool) { return review.Run{}, false }
func (l largeRuns) Begin(context.Context, string) (review.Run, error) {
	return review.Run{Repository: l.repo, HeadSHA: l.sha}, nil
}

func (f largeForge) Finish(_ context.Context, _ review.Run, check report.Check) error {
	if check.Broken != "" {
		return errors.New(check.Broken)
	}
	if n := len(check.Sections[0].Report.Packages); n < 5_000 {
		return fmt.Errorf("only %d packages changed", n)
	}
	f.finished()
	return nil
}

func (largeForge) Comment(context.Context, review.Repository, review.Pull, report.Report) error {
	return nil
}

type largeTree struct{ dir, side, name string }

func (t largeTree) file() string { return filepath.Join(t.dir, t.side+"."+t.name) }

func (t largeTree) Entries() []review.TreeEntry {
	info, err := os.Stat(t.file())
	if err != nil {
		return nil
	}
	_, path, _ := strings.Cut(t.name, ".")
	return []review.TreeEntry{{Path: path, Kind: review.Blob, ID: t.side, Size: info.Size()}}
}

func (t largeTree) Read(context.Context, review.TreeEntry) ([]byte, error) {
	return os.ReadFile(t.file())
}

// largeLockfiles are lockfiles of 20 MB, in which every tenth package has another
// version at the head.
func largeLockfiles() []struct {
	name  string // KIND.FILE
	write func(head bool) []byte
} {
	const size = 20 << 20
	sri := func(i int, version string) string {
		sum := sha512.Sum512(fmt.Append(nil, i, version))
		return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
	}
	grow := func(top, bottom string, entry func(b *bytes.Buffer, i int, version string)) func(bool) []byte {
		return func(head bool) []byte {
			b := bytes.NewBufferString(top)
			for i := 0; b.Len() < size; i++ {
				version := "1.0.0"
				if head && i%10 == 0 {
					version = "1.1.0"
				}
				entry(b, i, version)
			}
			b.WriteString(bottom)
			return b.Bytes()
		}
	}
	tarball := "https://registry.npmjs.org/package-%[1]d/-/package-%[1]d-%[2]s.tgz"
	return []struct {
		name  string
		write func(head bool) []byte
	}{
		{"npm.package-lock.json", grow(`{"name": "web", "lockfileVersion": 3, "requires": true, "packages": {"": {"name": "web"}`, "\n}}\n", func(b *bytes.Buffer, i int, version string) {
			fmt.Fprintf(b, ",\n    \"node_modules/package-%[1]d\": {\n      \"version\": %[2]q,\n      \"resolved\": \""+tarball+"\",\n      \"integrity\": %[3]q,\n      \"dependencies\": {\n        \"package-%[4]d\": \"^1.0.0\"\n      }\n    }",
				i, version, sri(i, version), i/2)
		})},
		{"yarn.yarn.lock", grow("# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n\n\n", "", func(b *bytes.Buffer, i int, version string) {
			fmt.Fprintf(b, "package-%[1]d@^1.0.0:\n  version %[2]q\n  resolved \""+tarball+"#%040[1]x\"\n  integrity %[3]s\n  dependencies:\n    package-%[4]d \"^1.0.0\"\n\n",
				i, version, sri(i, version), i/2)
		})},
		{"pnpm.pnpm-lock.yaml", grow("lockfileVersion: '6.0'\n\npackages:\n", "", func(b *bytes.Buffer, i int, version string) {
			fmt.Fprintf(b, "\n  /package-%d@%s:\n    resolution: {integrity: %s}\n    engines: {node: '>=18.0.0'}\n    peerDependencies:\n      react: ^18.0.0\n    dev: false\n", i, version, sri(i, version))
		})},
	}
}

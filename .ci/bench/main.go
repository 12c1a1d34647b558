// Command bench prints one table of npm audit signatures, Bonafide and the floor below
// both, measured in one run against one registry on the loopback interface, and how far
// apart they are. It needs a folder with the registry, the measuring and the floor's probe.
//
//	go run ./.ci/bench -bench ../shared/bench [-n 5] [-l 0,30] [-doc docs/performance.md]
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	var o options
	flag.StringVar(&o.bench, "bench", "../shared/bench", "folder of the registry, npm-baseline.sh and the probe")
	flag.IntVar(&o.runs, "n", 5, "runs a row; the table has their medians")
	flag.StringVar(&o.latencies, "l", "0,30", "latencies of the registry, in ms")
	flag.StringVar(&o.doc, "doc", "", "replace the table in this file, between its markers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		log.Fatal(err)
	}
}

type options struct {
	bench, latencies, doc string
	runs                  int
}

func run(ctx context.Context, o options) error {
	script, err := filepath.Abs(filepath.Join(o.bench, "npm-baseline.sh"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(script); err != nil {
		return fmt.Errorf("the registry and what measures are not in %s; say with -bench where they are", o.bench)
	}
	work, err := os.MkdirTemp("", "bonafide-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	tool := filepath.Join(work, "bonafide")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", tool, "./cmd/bonafide")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as a release is
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	again := tool + "-reverify" // a name of its own, which is what the rows are called by
	if err := os.Symlink(tool, again); err != nil {
		return err
	}
	var printed bytes.Buffer
	shown := io.MultiWriter(os.Stdout, &printed)
	baseline := exec.CommandContext(ctx, script, "-n", fmt.Sprint(o.runs), "-l", o.latencies, "-w", work, "-k", "npm-cold,npm-warm,probe,floor",
		"-t", tool+audit, "-t", again+audit+" --reverify")
	baseline.Stdout, baseline.Stderr = shown, os.Stderr
	baseline.Cancel = func() error { return baseline.Process.Signal(os.Interrupt) }
	if err := baseline.Run(); err != nil {
		return fmt.Errorf("npm-baseline.sh: %w", err)
	}
	fmt.Fprintln(shown)
	if err := changes(ctx, o, filepath.Dir(script), work, tool, shown); err != nil {
		return fmt.Errorf("one package changed: %w", err)
	}
	rows, err := parse(&printed)
	if err != nil {
		return err
	}
	table := ratios(rows, strings.Split(o.latencies, ","))
	fmt.Print("\n", table)
	if o.doc == "" {
		return nil
	}
	return document(o.doc, rows, table, printed.String())
}

// audit is the command line that is measured, in the words of npm-baseline.sh.
const audit = " audit {lockfile} --npm-registry {registry_https} --ca-file {ca} --trusted-root {trusted_root} --npm-keys {keys} --cache-dir {cache}"

// machine says on what was measured, in a few words.
func machine() string {
	model := runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for in := bufio.NewScanner(f); in.Scan(); {
			if key, value, ok := strings.Cut(in.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d cores (%s), %s", runtime.NumCPU(), model, runtime.GOOS)
}

// The table of the document stands between these.
const begins, ends = "<!-- measured: begin -->\n", "<!-- measured: end -->"

// document replaces the table of a document.
func document(name string, rows []row, ratios, printed string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), begins)
	_, after, ok2 := strings.Cut(rest, ends)
	if !ok || !ok2 {
		return errors.New(name + " has no place for the table")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nMeasured on %s on %s.", begins, time.Now().UTC().Format("2 January 2006"), machine())
	if tools := versions(printed); tools != "" {
		fmt.Fprintf(&b, " %s.", tools)
	}
	fmt.Fprintf(&b, "\n\n%s\n%s%s\n", ratios, header, strings.Join(lines(rows), "\n"))
	return os.WriteFile(name, []byte(before+b.String()+ends+after), 0o644)
}

// versions is the line that says which npm, Node and Go were measured.
func versions(printed string) string {
	for line := range strings.Lines(printed) {
		if strings.HasPrefix(line, "npm ") && strings.Contains(line, "medians") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

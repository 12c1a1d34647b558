package main

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/storm"
)

// The storm: go test -run Faults ./... raises the whole one. Among all other tests it
// is a small one on SQLite, which shows that the storm itself works.
var (
	stormSeed    = flag.Uint64("storm.seed", 1, "what the storm is drawn from; 0: the time")
	stormPulls   = flag.Int("storm.pulls", 0, "pull requests in the storm (300, or 12 in a small one)")
	stormKills   = flag.Int("storm.kills", 0, "kills in the storm (40, or 2 in a small one)")
	stormDir     = flag.String("storm.dir", "", "keep databases, git repositories and logs in this folder")
	stormProgram = flag.String("storm.program", "", "this server instead of one that is built for the test")
)

// stormPatience is how long a kill and the start after it may take.
const stormPatience = 10 * time.Second

func TestFaultsOnSQLite(t *testing.T) {
	raise(t, "sqlite", func(o *storm.Options) {
		o.Database, o.Calm = filepath.Join(o.Dir, "bonafide.db"), 7*time.Minute
	})
}

// raise raises the storm on an engine and holds what is left to promise 4: no pull
// request is lost.
func raise(t *testing.T, engine string, on func(*storm.Options)) {
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	o := storm.Options{Seed: *stormSeed, Pulls: *stormPulls, Kills: *stormKills, Program: server(t), Dir: t.TempDir(), Log: t.Logf}
	for _, size := range []struct {
		is           *int
		whole, small int
	}{{&o.Pulls, 300, 12}, {&o.Kills, 40, 2}} {
		switch {
		case *size.is > 0:
		case whole():
			*size.is = size.whole
		default:
			*size.is = size.small
		}
	}
	if *stormDir != "" {
		o.Dir = filepath.Join(*stormDir, engine)
	}
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano())
	}
	if whole() { // what is lost comes back after a minute at the earliest
		o.Lose, o.Relax = true, true
		o.Flags = append(o.Flags, "--sweep-every=5s", "--reconcile-every=20s")
	}
	on(&o)
	t.Logf("repeat it with -storm.seed=%d -storm.pulls=%d -storm.kills=%d", o.Seed, o.Pulls, o.Kills)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(o.Kills)*stormPatience+o.Calm)
	defer cancel()
	result, err := storm.Run(ctx, o)
	if err != nil {
		t.Fatalf("storm %s: %v", engine, err)
	}
	fmt.Printf("storm %s: %s\n", engine, result)
	for _, flaw := range result.Flaws {
		t.Error(flaw)
	}
}

// whole says whether the storm was asked for by its name.
func whole() bool { return strings.Contains(flag.Lookup("test.run").Value.String(), "Faults") }

// server builds the server as it is shipped, without the race detector.
func server(t *testing.T) string {
	t.Helper()
	if *stormProgram != "" {
		return *stormProgram
	}
	program := filepath.Join(t.TempDir(), "bonafide")
	if out, err := exec.Command("go", "build", "-race=false", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// Command dist builds what a release consists of, so that whoever builds the same commit
// with the same Go gets the same bytes: an archive for each platform, a bill of materials,
// and SHA256SUMS of all of them. It builds the last commit, in clones, never the working tree.
// What the compiler made for the first build the second takes from its cache, unless -cold:
// linking, stamping and packing are done twice.
//
//	go run ./.ci/dist              builds twice into dist/, and compares
//	go run ./.ci/dist -once        builds once: another machine does the comparing
//	go run ./.ci/dist -check       builds twice, compares, and keeps nothing
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("dist: ")
	var o options
	var platforms string
	flag.StringVar(&o.out, "out", "dist", "folder to write to; what it holds is removed")
	flag.StringVar(&platforms, "platforms", everyPlatform, "GOOS/GOARCH, with commas between")
	flag.BoolVar(&o.once, "once", false, "build once, and compare with nothing")
	flag.BoolVar(&o.check, "check", false, "compare two builds, and keep neither")
	flag.BoolVar(&o.cold, "cold", false, "compile everything anew for the second build")
	flag.BoolVar(&o.uncommitted, "uncommitted", false, "build the last commit although there are changes that it does not hold")
	flag.Parse()
	o.platforms = strings.Split(platforms, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

const everyPlatform = "darwin/amd64,darwin/arm64,linux/amd64,linux/arm64,windows/amd64,windows/arm64"

type options struct {
	out                            string
	platforms                      []string
	once, check, cold, uncommitted bool
}

func run(ctx context.Context, o options) error {
	if o.once && o.check {
		return errors.New("-once leaves nothing for -check to compare")
	}
	work, err := os.MkdirTemp("", "bonafide-dist-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	src, err := openSource(ctx, work)
	if err != nil {
		return err
	}
	if changed, err := src.changed(ctx); err != nil {
		return err
	} else if changed != "" && !o.uncommitted {
		return fmt.Errorf("a release is a commit, and these changes are in none; commit them, or build without them by -uncommitted:\n%s", changed)
	}
	first, err := build(ctx, src, filepath.Join(work, "one"), o.platforms, conditions{})
	if err != nil {
		return err
	}
	if !o.once {
		other := conditions{strange: true}
		if o.cold {
			other.cache = filepath.Join(work, "cache")
		}
		again, err := build(ctx, src, filepath.Join(work, "another", "folder", "two"), o.platforms, other)
		if err != nil {
			return err
		}
		if err := same(first, again); err != nil {
			return err
		}
	}
	if !o.check {
		if err := write(o.out, first); err != nil {
			return err
		}
	}
	fmt.Printf("%s", first[len(first)-1].data)
	if !o.once {
		fmt.Printf("built twice from %s, in two folders: equal digests\n", src.commit)
	}
	return nil
}

// conditions are what must not change what is built, beside the folder and its length.
type conditions struct {
	strange bool   // other times and permissions of the files
	cache   string // of the compiler, "" for the user's
}

// build makes the files of a release in a clone of its own. The last is SHA256SUMS.
func build(ctx context.Context, src *source, dir string, platforms []string, c conditions) ([]file, error) {
	tree := filepath.Join(dir, "tree")
	if err := src.clone(ctx, tree); err != nil {
		return nil, err
	}
	if c.strange {
		if err := estrange(tree); err != nil {
			return nil, err
		}
	}
	beside, err := companions(tree)
	if err != nil {
		return nil, err
	}
	var binaries []binary
	var files []file
	for _, p := range platforms {
		b, err := compile(ctx, tree, filepath.Join(dir, "bin"), p, c.cache)
		if err != nil {
			return nil, err
		}
		if b.version() != "" && len(binaries) > 0 && b.version() != binaries[0].version() {
			return nil, fmt.Errorf("%s says it is %s, and %s %s", b.platform, b.version(), binaries[0].platform, binaries[0].version())
		}
		packed, err := b.pack(beside, src.time)
		if err != nil {
			return nil, err
		}
		binaries, files = append(binaries, b), append(files, packed)
	}
	bill, err := billOf(binaries, src.time)
	if err != nil {
		return nil, err
	}
	files = append(files, bill)
	return append(files, sums(files)), nil
}

// same says which files of two builds differ.
func same(first, second []file) error {
	var differ []string
	for i, f := range first {
		if g := second[i]; f.name != g.name || f.digest() != g.digest() {
			differ = append(differ, fmt.Sprintf("%s (%s) and %s (%s)", f.name, f.digest(), g.name, g.digest()))
		}
	}
	if len(differ) > 0 {
		return fmt.Errorf("two builds of one commit differ:\n%s", strings.Join(differ, "\n"))
	}
	return nil
}

// write replaces what the folder holds.
func write(dir string, files []file) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

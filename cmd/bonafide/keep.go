package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/bonafide-app/bonafide/app/facts"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// keepingFlags say what becomes of what a run learnt.
type keepingFlags struct {
	NoCache  bool `name:"no-cache" env:"BONAFIDE_NO_CACHE" help:"Use nothing that earlier runs kept, and keep nothing."`
	Reverify bool `help:"Verify again what earlier runs verified, from what they kept; the registry is asked for no more than without it."`
}

// keeping is what is kept between runs, and how.
type keeping struct {
	keep  func(registry.Source) registry.Source // what earlier runs kept is added to a registry
	cache provenance.Cache                      // nil: nothing is kept
	save  func() error                          // nil: nothing is kept
	close func()
}

// cacheDir is where facts are kept between runs, "" for nowhere.
func (f *sourceFlags) cacheDir() string {
	switch {
	case f.NoCache:
		return ""
	case f.CacheDir != "":
		return f.CacheDir
	}
	dir, err := os.UserCacheDir()
	if err != nil { // a user without a home
		return ""
	}
	return filepath.Join(dir, "bonafide")
}

// keep opens what earlier runs kept. With --evidence, that file has all of it.
// Where nothing can be kept the run does without, and that is said.
func (f *sourceFlags) keep(tty terminal) keeping {
	none := keeping{close: func() {}}
	dir := f.cacheDir()
	if dir == "" || f.SaveAs != "" {
		return none
	}
	file, err := facts.Open(dir, nil)
	if errors.Is(err, facts.ErrForeign) {
		tty.complain("what earlier runs kept is not used, and nothing is kept: " + err.Error() + ". Remove it, or choose another --cache-dir.")
		return none
	} else if err != nil {
		tty.complain("nothing is kept for the next run: " + err.Error() + ". Choose a --cache-dir that this user may write to, or --no-cache.")
		return none
	}
	k := keeping{cache: file, keep: func(source registry.Source) registry.Source {
		return registry.NewKept(source, file, registry.KeptOptions{Fresh: registry.FreshInRun, Histories: true, Offline: f.Offline})
	}}
	k.close = func() { _ = file.Close() } // what it had to write is written, or given up
	k.save = func() error {
		if err := file.Save(); err != nil {
			tty.complain("nothing is kept for the next run: " + err.Error())
		}
		return nil
	}
	return k
}

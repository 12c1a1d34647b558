package review

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/lockfile"
)

// chart notes what the operator said of registries.
func (r *Reviewer) chart(o Options) error {
	r.atlas = atlas{public: map[string]bool{}, mirrors: map[string]bool{}, configured: map[string]bool{}, scopes: map[string]string{}, private: map[string]bool{}}
	r.others = map[string]Registry{}
	for _, host := range lockfile.PublicHosts() {
		r.atlas.public["https://"+host] = true
	}
	if base, ok := lockfile.BaseOf(o.Registry); ok {
		r.atlas.public[base], r.main = true, base
	}
	for _, one := range o.Others {
		base, ok := lockfile.BaseOf(one.URL)
		if !ok { // on this machine, without TLS: no lockfile names it so
			base = strings.TrimRight(one.URL, "/")
		}
		switch {
		case one.Verifier == nil || base == "":
			return errors.New("a registry needs an address and a verifier")
		case r.atlas.public[base] || r.atlas.configured[base]:
			return fmt.Errorf("the registry %s is configured twice", base)
		}
		r.atlas.configured[base], r.others[base] = true, one
		for _, s := range one.Scopes {
			r.atlas.scopes[s] = base
		}
	}
	for _, mirror := range o.Mirrors {
		base, ok := lockfile.BaseOf(mirror)
		switch {
		case !ok:
			return fmt.Errorf("the mirror %s is no plain https address", mirror)
		case r.atlas.public[base] || r.atlas.configured[base]:
			return fmt.Errorf("the mirror %s is a registry that is configured: leave one of them out", mirror)
		}
		r.atlas.mirrors[base] = true
	}
	for _, s := range o.Private {
		r.atlas.private[s] = true
	}
	return nil
}

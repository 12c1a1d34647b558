package main

import (
	"errors"
	"fmt"

	"github.com/bonafide-app/bonafide/app/outbound"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

// sources are the registries that a command asks, or what was saved of them.
type sources struct {
	main   registry.Source
	others []registry.Source // as in all.All
	all    config.Registries
}

// wrap has every source pass through another one.
func (s sources) wrap(by func(registry.Source) registry.Source) sources {
	out := sources{main: by(s.main), all: s.all}
	for _, other := range s.others {
		out.others = append(out.others, by(other))
	}
	return out
}

// readRegistries reads the file of --registries.
func readRegistries(e config.Evidence, tty terminal) (config.Registries, error) {
	r, notes, err := e.Registries()
	var mistakes config.Errors
	switch {
	case errors.As(err, &mistakes):
		return r, usage("%w", err)
	case err != nil:
		return r, usage("%w; --registries takes a file like the one in docs/registries.md", err)
	}
	for _, note := range notes {
		tty.complain(note)
	}
	return r, nil
}

// openRegistries makes the clients of all registries.
func openRegistries(e config.Evidence, route outbound.Route, all config.Registries) (sources, error) {
	o := registry.Options{Registries: []string{e.NPMRegistry}, Proxy: route.Proxy, RootCAs: route.Roots}
	for _, one := range all.All {
		o.Registries = append(o.Registries, one.URL)
		if !one.Token.Empty() {
			o.Tokens = append(o.Tokens, registry.Token{Registry: one.URL, Value: one.Token.Reveal()})
		}
	}
	client, err := registry.New(o)
	if err != nil {
		return sources{}, usage("%v", err)
	}
	main, err := registry.NewNPM(client, e.NPMRegistry)
	if err != nil {
		return sources{}, usage("%v", err)
	}
	s := sources{main: main, all: all}
	for _, one := range all.All {
		other, err := registry.NewNPM(client, one.URL)
		if err != nil {
			return sources{}, usage("--registries: %v", err)
		}
		s.others = append(s.others, other)
	}
	return s, nil
}

// reviewed are the registries beside the main one as a reviewer asks them.
func (s sources) reviewed(trust func() *provenance.TrustRoot, o provenance.Options) (out []review.Registry, err error) {
	for i, one := range s.all.All {
		keyed, err := provenance.Keyed(trust, one.Keys)
		if err != nil {
			return nil, usage("--registries: the keys of %s: %w; give what that registry answers at /-/npm/v1/keys", one.URL, err)
		}
		verifier, err := provenance.New(s.others[i], keyed, o)
		if err != nil {
			return nil, fmt.Errorf("registry %s: %w", one.URL, err)
		}
		out = append(out, review.Registry{URL: one.URL, Scopes: one.Scopes, Verifier: verifier, Historian: s.others[i]})
	}
	return out, nil
}

package app

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/review"
)

// addresses are those of every registry that is asked.
func (o Options) addresses() []string {
	out := []string{o.NPMRegistry}
	for _, one := range o.Registries.All {
		out = append(out, one.URL)
	}
	return out
}

// tokens are shown to the registries that they are for.
func (o Options) tokens() (out []registry.Token) {
	for _, one := range o.Registries.All {
		if !one.Token.Empty() {
			out = append(out, registry.Token{Registry: one.URL, Value: one.Token.Reveal()})
		}
	}
	return out
}

// others are the registries beside the main one, each with its own keys, and with what it says
// kept apart. kept are their verifiers.
func (a *App) others(o Options, client *registry.Client) (out []review.Registry, kept bundles, err error) {
	for _, one := range o.Registries.All {
		npm, err := registry.NewNPM(client, one.URL)
		if err != nil {
			return nil, nil, fmt.Errorf("registry %s: %w", one.URL, err)
		}
		trust, err := provenance.Keyed(a.trust.Current, one.Keys)
		if err != nil {
			return nil, nil, fmt.Errorf("keys of the registry %s: %w", one.URL, err)
		}
		shelf := facts{filed{a.learnt, public(npm.Origin())}, a.metrics}
		source := registry.NewKept(npm, shelf, registry.KeptOptions{Fresh: registry.FreshOnServer, Log: part(o.Logger, "registry")})
		verifier, err := provenance.New(source, trust, provenance.Options{Cache: shelf, Log: part(o.Logger, "provenance")})
		if err != nil {
			return nil, nil, fmt.Errorf("verifier of the registry %s: %w", one.URL, err)
		}
		kept = append(kept, verifier)
		out = append(out, review.Registry{URL: one.URL, Scopes: one.Scopes, Verifier: counted{verifier, a.metrics}, Historian: registry.Remember(npm, ofAll(npm.Origin()))})
	}
	return out, kept, nil
}

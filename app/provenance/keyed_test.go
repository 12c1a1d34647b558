package provenance

import (
	"errors"
	"testing"
)

// A registry of somebody's own has its own keys on the same Sigstore root; without any it need not
// sign. What was verified under one trust does not stand for another.
func TestARegistryOfOnesOwnHasItsOwnKeys(t *testing.T) {
	main, err := LoadTrust(nil, embeddedKeys) // given: it belongs to whichever registry is configured
	if err != nil {
		t.Fatal(err)
	}
	current := func() *TrustRoot { return main }
	const origin = "https://npm.example.com/team"
	for name, x := range map[string]struct {
		keys   []byte
		signed bool
	}{"without keys": {nil, false}, "with keys": {embeddedKeys, true}} {
		keyed, err := Keyed(current, x.keys)
		if err != nil {
			t.Fatal(err)
		}
		trust := keyed()
		if trust.keysFor(origin) != x.signed || trust.ID() == main.ID() || keyed() != trust {
			t.Errorf("%s: expects signatures: %v, id %s", name, trust.keysFor(origin), trust.ID())
		}
	}
	if !main.keysFor(origin) {
		t.Error("the other trust has changed")
	}
	if _, err := Keyed(current, []byte("{}")); !errors.Is(err, ErrKeys) {
		t.Error(err)
	}
}

// A trust that is renewed is renewed for every registry.
func TestARenewedTrustIsRenewedForEveryRegistry(t *testing.T) {
	first, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadTrust(nil, embeddedKeys)
	if err != nil {
		t.Fatal(err)
	}
	now := first
	keyed, err := Keyed(func() *TrustRoot { return now }, nil)
	if err != nil {
		t.Fatal(err)
	}
	was := keyed()
	now = second
	if keyed().ID() == was.ID() {
		t.Error("it stands on the old trust")
	}
}

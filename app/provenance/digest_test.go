package provenance

import (
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

func digestOf(algorithm string, fill byte) dep.Digest {
	bytes := map[string]int{"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}[algorithm]
	return dep.Digest{Algorithm: algorithm, Hex: strings.Repeat(string([]byte{fill, fill}), bytes)}
}

func TestDigestsOfLockfileRegistryAndAttestationsAreCompared(t *testing.T) {
	a, b, c := digestOf("sha512", 'a'), digestOf("sha512", 'b'), digestOf("sha512", 'c')
	weak, weakOther := digestOf("sha1", 'a'), digestOf("sha1", 'b')
	mid, midOther := digestOf("sha256", 'a'), digestOf("sha256", 'b')
	list := func(ds ...dep.Digest) []dep.Digest { return ds }
	none := dep.Digest{}
	for name, x := range map[string]struct {
		lockfile, registry []dep.Digest
		attested           dep.Digest
		standalone         bool
		state              State
		differs            string
	}{
		"all agree":                                {list(a), list(a), a, false, Verified, ""},
		"no attestation":                           {list(a), list(a), none, false, Verified, ""},
		"the lockfile is the odd one":              {list(b), list(a), a, false, Invalid, "lockfile"},
		"the registry is the odd one":              {list(a), list(b), a, false, Invalid, "registry"},
		"the attestation is the odd one":           {list(a), list(a), b, false, Invalid, "attested"},
		"all differ":                               {list(a), list(b), c, false, Invalid, "lockfile"},
		"lockfile and registry differ":             {list(a), list(b), none, false, Invalid, "lockfile"},
		"the lockfile has none":                    {nil, list(a), a, false, Absent, ""},
		"the lockfile has sha1 only":               {list(weak), list(a), a, false, Absent, ""},
		"both have sha1 only":                      {list(weak), list(weak), none, false, Absent, ""},
		"both have sha1 only, and differ":          {list(weak), list(weakOther), none, false, Invalid, "lockfile"},
		"the strongest agrees, sha1 is left out":   {list(weak, a), list(a, weakOther), none, false, Verified, ""},
		"the strongest agrees, another differs":    {list(a, mid), list(a, midOther), none, false, Invalid, "lockfile"},
		"only a weaker one could be compared":      {list(b, mid), list(mid), none, false, Absent, ""},
		"two contents are allowed":                 {list(a, b), list(a), a, false, Invalid, "lockfile"},
		"two contents are allowed, none stated":    {list(a, b), list(mid), none, false, Invalid, "lockfile"},
		"the registry states nothing to compare":   {list(a), nil, none, false, Absent, ""},
		"sha256 in lockfile and registry":          {list(mid), list(mid, a), a, false, Verified, ""},
		"sha256 agrees, the attestation does not":  {list(mid), list(mid, a), b, false, Invalid, "attested"},
		"standalone, registry and attestation":     {nil, list(a), a, true, Verified, ""},
		"standalone, registry and attestation not": {nil, list(a), b, true, Invalid, "attested"},
		"standalone, registry only":                {nil, list(a), none, true, Absent, ""},
		"standalone, registry with sha1":           {nil, list(weak), a, true, Absent, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rel := registry.Release{Package: dep.Package{Ecosystem: dep.NPM, Name: "a", Version: "1.0.0"}, Digests: x.registry}
			d := compareDigests(Subject{Package: rel.Package, Digests: x.lockfile, Standalone: x.standalone}, &rel, x.attested)
			if d.State != x.state || d.Differs != x.differs || (d.State == Verified) != (d.Reason == "") {
				t.Errorf("%+v; want %s, differs %q", d, x.state, x.differs)
			}
			if (d.Lockfile == "") != (len(x.lockfile) == 0) || (d.Attested == "") != (x.attested == none) || (d.Registry == "") != (len(x.registry) == 0) {
				t.Errorf("what was compared is not said: %+v", d)
			}
		})
	}
}

func TestAttestationsAreHeldAgainstTheLockfileFirst(t *testing.T) {
	a, b := digestOf("sha512", 'a'), digestOf("sha512", 'b')
	rel := &registry.Release{Digests: []dep.Digest{b}}
	if got, ok := attestable(Subject{Digests: []dep.Digest{digestOf("sha1", 'a'), a}}, rel); !ok || got != a {
		t.Errorf("%v %v", got, ok)
	}
	if got, ok := attestable(Subject{Digests: []dep.Digest{digestOf("sha1", 'a')}}, rel); !ok || got != b {
		t.Errorf("%v %v", got, ok)
	}
	if got, ok := attestable(Subject{}, &registry.Release{Digests: []dep.Digest{digestOf("sha1", 'a')}}); ok {
		t.Errorf("%v", got)
	}
}

package dep

import (
	"strings"
	"testing"
)

func TestPackageNamesReadAndWriteTheSame(t *testing.T) {
	for _, tt := range []struct{ in, name, version, purl string }{
		{"npm:sigstore@2.1.0", "sigstore", "2.1.0", "pkg:npm/sigstore@2.1.0"},
		{"sigstore@2.1.0", "sigstore", "2.1.0", "pkg:npm/sigstore@2.1.0"},
		{"npm:@babel/core@7.26.0", "@babel/core", "7.26.0", "pkg:npm/%40babel/core@7.26.0"},
		{"@babel/core@7.26.0", "@babel/core", "7.26.0", "pkg:npm/%40babel/core@7.26.0"},
		{"pkg:npm/%40babel/core@7.26.0", "@babel/core", "7.26.0", "pkg:npm/%40babel/core@7.26.0"},
	} {
		p, err := ParsePackage(tt.in)
		if err != nil || p.Name != tt.name || p.Version != tt.version || p.Ecosystem != NPM {
			t.Errorf("ParsePackage(%q) = %+v, %v", tt.in, p, err)
		}
		if got := p.PURL(); got != tt.purl {
			t.Errorf("PURL of %q = %q, want %q", tt.in, got, tt.purl)
		}
	}
}

func TestWhatIsNoReleaseIsRefused(t *testing.T) {
	for _, in := range []string{"", "sigstore", "@scope/name", "npm:sigstore", "pypi:requests@2.0.0", "pkg:npm/sigstore", "pkg:", "npm:@1.0.0"} {
		if p, err := ParsePackage(in); err == nil {
			t.Errorf("ParsePackage(%q) = %+v", in, p)
		}
	}
}

const sha512Empty = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="

func TestIntegrityReadsWhatNpmWrites(t *testing.T) {
	ds, err := ParseSRI("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= " + sha512Empty)
	if err != nil || len(ds) != 2 || Strongest(ds).Algorithm != "sha512" || Strongest(ds).SRI() != sha512Empty {
		t.Fatalf("%+v, %v", ds, err)
	}
	if ds[0].Comparable() || !ds[1].Comparable() {
		t.Error("sha1 can be forged, sha512 cannot")
	}
}

func TestIntegrityThatOthersWouldReadDifferentlyIsRefused(t *testing.T) {
	for name, in := range map[string]string{
		"empty":             " ",
		"options":           sha512Empty + "?foo",
		"unknown algorithm": strings.Replace(sha512Empty, "512", "3", 1),
		"too short":         "sha512-AAAA",
		"trailing bits":     strings.Replace(sha512Empty, "Pg==", "Ph==", 1),
		"no padding":        strings.TrimRight(sha512Empty, "="),
		"hex":               "sha1-da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"upper case":        strings.Replace(sha512Empty, "sha", "SHA", 1),
	} {
		if ds, err := ParseSRI(in); err == nil {
			t.Errorf("%s: ParseSRI(%q) = %+v", name, in, ds)
		}
	}
}

func FuzzParseSRI(f *testing.F) {
	f.Add(sha512Empty)
	f.Add("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
	f.Fuzz(func(t *testing.T, s string) {
		ds, err := ParseSRI(s)
		if err != nil {
			return
		}
		for _, d := range ds {
			if again, err := ParseSRI(d.SRI()); err != nil || again[0] != d {
				t.Errorf("%q: %v does not read back: %v", s, d, err)
			}
		}
	})
}

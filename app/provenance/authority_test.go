package provenance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"net/url"
	"path"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// plainly is the trust with sigstore-go's own certificate authorities, which check every
// chain up to its root.
func (t *TrustRoot) plainly(tb testing.TB, trustedRoot []byte, d demands) *TrustRoot {
	tb.Helper()
	tr, err := parseRoot(trustedRoot)
	if err != nil {
		tb.Fatal(err)
	}
	registry, err := t.keys.material()
	if err != nil {
		tb.Fatal(err)
	}
	plain := *t
	if err := plain.rest(tr, registry, d); err != nil {
		tb.Fatal(err)
	}
	return &plain
}

// differ holds what comes of a bundle under a trust against what comes of it under
// sigstore-go's own authorities, and its parsing against sigstore-go's.
func differ(t *testing.T, trust, plain *TrustRoot, raw []byte, digest dep.Digest) {
	t.Helper()
	var theirs bundle.Bundle
	err := theirs.UnmarshalJSON(raw)
	b, f := parseBundle(raw)
	if f == nil && err != nil {
		t.Fatalf("parsed, and sigstore-go says %v", err)
	}
	if f != nil {
		return
	}
	if b.HasInclusionPromise() != theirs.HasInclusionPromise() || b.HasInclusionProof() != theirs.HasInclusionProof() {
		t.Error("its log entry promises something else than sigstore-go reads")
	}
	for _, digest := range []dep.Digest{digest, {}} { // {}: is it genuine at all
		short, f := trust.verifyBundle(b, digest)
		again, g := parseBundle(raw)
		if g != nil {
			t.Fatal(g)
		}
		long, g := plain.verifyBundle(again, digest)
		if !reflect.DeepEqual(f, g) {
			t.Errorf("%+v, and with the whole chain %+v", f, g)
		}
		if !reflect.DeepEqual(short, long) {
			t.Errorf("%+v, and with the whole chain %+v", short, long)
		}
	}
}

func TestBundlesGiveTheSameAnswerAsWithTheWholeChain(t *testing.T) {
	f := loadFixtures(t)
	f.each(t, "npm-attestations", func(t *testing.T, c fixture) {
		found, err := registry.ParseAttestations(f.read(t, c.Path))
		if err != nil {
			t.Fatal(err)
		}
		digests, err := dep.ParseSRI(c.Integrity)
		if err != nil {
			t.Fatal(err)
		}
		trust := f.trust(t, c)
		plain := trust.plainly(t, f.read(t, c.Options.TrustedRoot), demands{sct: true, log: true})
		for _, a := range found {
			differ(t, trust, plain, a.Bundle, dep.Strongest(digests))
		}
	})
	f.each(t, "sigstore-bundle", func(t *testing.T, c fixture) {
		trust := f.trust(t, c)
		d := demands{sct: c.Options.SCT == nil || *c.Options.SCT, log: c.Options.TLog == nil || *c.Options.TLog}
		digest := dep.Digest{Algorithm: "sha512", Hex: c.SHA512}
		if c.SHA512 == "" {
			digest = dep.Digest{Algorithm: "sha256", Hex: c.SHA256}
		}
		differ(t, trust, trust.plainly(t, f.read(t, c.Options.TrustedRoot), d), f.read(t, c.Path), digest)
	})
	f.each(t, "conformance", func(t *testing.T, c fixture) {
		trusted := f.read(t, c.Options.TrustedRoot)
		trust, err := newTrust(trusted, embeddedKeys, nil, demands{sct: true, log: true})
		if err != nil {
			return // the trusted root is refused
		}
		differ(t, trust, trust.plainly(t, trusted, demands{sct: true, log: true}), f.read(t, path.Join(c.Path, "bundle.sigstore.json")),
			dep.Digest{Algorithm: "sha256", Hex: hex.EncodeToString(make([]byte, 32))})
	})
}

func TestForgeriesGiveTheSameAnswerAsWithTheWholeChain(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it is work, and of one goroutine")
	}
	v := newVirtual(t)
	plain := v.trust.plainly(t, v.TrustedRoot(), demands{sct: true, log: true})
	for _, forgery := range append(sigstore.Forgeries(), sigstore.None) {
		for _, version := range []string{"", sigstore.BundleV01, sigstore.BundleV02} {
			raw, err := v.Provenance(subjectOfTests, v.digest, v.build, v.at, sigstore.ProvenanceOptions{Forgery: forgery, MediaType: version})
			if err != nil && version == "" {
				t.Fatal(err)
			}
			if err == nil { // old bundles have no proof that could be forged
				differ(t, v.trust, plain, raw, v.digest)
			}
		}
	}
}

// pair is a certificate and its key.
type pair struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// below issues a certificate; the zero pair signs itself.
func (p pair) below(t *testing.T, template x509.Certificate) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return p.over(t, template, key)
}

func (p pair) over(t *testing.T, template x509.Certificate, key *ecdsa.PrivateKey) pair {
	t.Helper()
	if p.Certificate == nil {
		p = pair{&template, key}
	}
	template.SerialNumber = big.NewInt(1)
	der, err := x509.CreateCertificate(rand.Reader, &template, p.Certificate, &key.PublicKey, p.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return pair{c, key}
}

// variant is one way in which a certificate is not as Fulcio makes it.
type variant struct {
	name   string
	change func(*x509.Certificate)
}

func standard(id int, value []byte) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.ExtraExtensions = append(slices.Clip(c.ExtraExtensions), pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, id}, Value: value})
	}
}

// Whatever the certificates and the time are, an anchored authority says what the whole
// chain says. The certificates are all combinations of ways to be right and wrong.
func TestAnchoredAuthoritiesAcceptWhatTheWholeChainAccepts(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	window := func(from, until int) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = at.AddDate(0, from, 0), at.AddDate(0, until, 0) }
	}
	var (
		right     = variant{"right", func(*x509.Certificate) {}}
		short     = variant{"ended", window(-6, -2)}
		late      = variant{"not begun", window(2, 6)}
		server    = variant{"for servers", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }}
		coding    = variant{"for code", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }}
		anyUse    = variant{"for anything", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }}
		usageLess = variant{"for no use", func(c *x509.Certificate) { c.ExtKeyUsage = nil }}
		noCA      = variant{"no authority", func(c *x509.Certificate) { c.IsCA, c.MaxPathLen = false, -1 }}
		noBasics  = variant{"no constraints", func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = false, false }}
		noSigning = variant{"not to sign certificates", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }}
		zeroPath  = variant{"path 0", func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true }}
		onePath   = variant{"path 1", func(c *x509.Certificate) { c.MaxPathLen = 1 }}
		names     = variant{"other names only", func(c *x509.Certificate) {
			c.PermittedDNSDomainsCritical, c.PermittedURIDomains = true, []string{"example.test"}
		}}
		noNames  = variant{"not these names", func(c *x509.Certificate) { c.ExcludedURIDomains = []string{"github.com"} }}
		policies = variant{"policies demanded", standard(36, []byte{0x30, 0x03, 0x80, 0x01, 0x00})} // requireExplicitPolicy, at once
		oneBelow = variant{"policies demanded below", standard(36, []byte{0x30, 0x03, 0x80, 0x01, 0x01})}
		policy   = variant{"a policy", func(c *x509.Certificate) { c.Policies = []x509.OID{oid(t, 1, 2, 3)} }}
		both     = variant{"a policy, and policies demanded", func(c *x509.Certificate) { policies.change(c); policy.change(c) }}
		critical = variant{"unknown and critical", func(c *x509.Certificate) {
			c.ExtraExtensions = append(slices.Clip(c.ExtraExtensions), pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}})
		}}
	)
	authority := func(name string) x509.Certificate {
		return x509.Certificate{Subject: pkix.Name{CommonName: name}, NotBefore: at.AddDate(-1, 0, 0), NotAfter: at.AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, MaxPathLen: -1}
	}
	workflow := &url.URL{Scheme: "https", Host: "github.com", Path: "/acme/web"}
	leaf := x509.Certificate{NotBefore: at.AddDate(0, -9, 0), NotAfter: at.AddDate(0, 9, 0), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, URIs: []*url.URL{workflow}}
	changed := func(c x509.Certificate, v variant) x509.Certificate { v.change(&c); return c }

	tops := []variant{right, short, late, server, coding, anyUse, noCA, noBasics, noSigning, zeroPath, onePath, names, noNames, policies, oneBelow, policy, critical}
	between := []variant{right, short, late, server, coding, anyUse, noCA, noBasics, noSigning, zeroPath, onePath, names, noNames, policies, oneBelow, policy, critical}
	leaves := []variant{right, short, server, usageLess, anyUse, policies, policy, both, critical}
	always := map[string][2]time.Time{"no stated window": {}}
	windows := map[string][2]time.Time{"no stated window": {}, "a stated window": {at.AddDate(0, -1, 0), at.AddDate(0, 1, 0)}, "one that ended": {{}, at.AddDate(0, -1, 0)}}
	times := []time.Time{at, at.AddDate(0, -4, 0), at.AddDate(0, 4, 0), at.AddDate(-2, 0, 0), at.AddDate(2, 0, 0), at.AddDate(0, 1, 0), at.AddDate(0, 0, 40), {}}

	accepted, shortcuts := 0, 0
	check := func(name string, top pair, intermediates []*x509.Certificate, leaf *x509.Certificate, windows map[string][2]time.Time) {
		t.Helper()
		for stated, w := range windows {
			whole := &root.FulcioCertificateAuthority{Root: top.Certificate, Intermediates: intermediates, ValidityPeriodStart: w[0], ValidityPeriodEnd: w[1]}
			anchored := anchor(whole)
			if anchored != root.CertificateAuthority(whole) {
				shortcuts++
			}
			for _, at := range times {
				want, wantErr := whole.Verify(leaf, at)
				got, err := anchored.Verify(leaf, at)
				if (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
					t.Errorf("%s, %s, at %v: %v, the whole chain says %v", name, stated, at, err, wantErr)
				}
				if err == nil {
					accepted++
				}
			}
		}
	}
	for _, a := range tops {
		top := pair{}.below(t, changed(authority("root"), a))
		for _, b := range between {
			intermediate := top.below(t, changed(authority("intermediate"), b))
			for _, c := range leaves {
				name := "root " + a.name + ", intermediate " + b.name + ", leaf " + c.name
				check(name, top, []*x509.Certificate{intermediate.Certificate}, intermediate.below(t, changed(leaf, c)).Certificate, always)
			}
		}
	}
	if accepted == 0 || shortcuts == 0 {
		t.Errorf("%d accepted, %d authorities anchored", accepted, shortcuts)
	}

	top := pair{}.below(t, authority("root"))
	namesake := pair{}.below(t, authority("root"))
	intermediate := top.below(t, authority("intermediate"))
	deeper := intermediate.below(t, authority("deeper"))
	foreign := namesake.below(t, authority("intermediate"))
	first := *intermediate.Certificate // of version 1, which knows no authorities
	first.Version, first.BasicConstraintsValid, first.IsCA, first.Extensions = 1, false, false, nil
	itself := top.over(t, authority("root"), top.key)
	for name, c := range map[string]struct {
		top           pair
		intermediates []*x509.Certificate
		leaf          *x509.Certificate
		anchored      bool
		holds         bool
	}{
		"as it is":                         {top, []*x509.Certificate{intermediate.Certificate}, intermediate.below(t, leaf).Certificate, true, true},
		"an intermediate of another root":  {top, []*x509.Certificate{foreign.Certificate}, foreign.below(t, leaf).Certificate, false, false},
		"a leaf of another intermediate":   {top, []*x509.Certificate{intermediate.Certificate}, foreign.below(t, leaf).Certificate, true, false},
		"a leaf of the root itself":        {top, []*x509.Certificate{intermediate.Certificate}, top.below(t, leaf).Certificate, true, true},
		"a leaf below the leaf's issuer":   {top, []*x509.Certificate{intermediate.Certificate}, deeper.below(t, leaf).Certificate, true, false},
		"an intermediate of version 1":     {top, []*x509.Certificate{&first}, intermediate.below(t, leaf).Certificate, false, false},
		"no intermediate":                  {top, nil, top.below(t, leaf).Certificate, false, true},
		"two intermediates, one below":     {top, []*x509.Certificate{deeper.Certificate, intermediate.Certificate}, deeper.below(t, leaf).Certificate, false, true},
		"two intermediates beside":         {top, []*x509.Certificate{foreign.Certificate, intermediate.Certificate}, intermediate.below(t, leaf).Certificate, false, true},
		"the intermediate as leaf":         {top, []*x509.Certificate{intermediate.Certificate}, intermediate.Certificate, true, true},
		"the root as leaf":                 {top, []*x509.Certificate{intermediate.Certificate}, top.Certificate, true, true},
		"the root as its own intermediate": {top, []*x509.Certificate{itself.Certificate}, itself.below(t, leaf).Certificate, false, true},
		"a leaf with the root's key and name": {top, []*x509.Certificate{intermediate.Certificate},
			intermediate.over(t, changed(leaf, variant{"", func(c *x509.Certificate) { c.Subject, c.URIs = pkix.Name{CommonName: "root"}, nil }}), top.key).Certificate, true, false},
	} {
		whole := &root.FulcioCertificateAuthority{Root: c.top.Certificate, Intermediates: c.intermediates}
		anchored := anchor(whole)
		if short := anchored != root.CertificateAuthority(whole); short != c.anchored {
			t.Errorf("%s: anchored is %v", name, short)
		}
		if _, err := anchored.Verify(c.leaf, at); (err == nil) != c.holds {
			t.Errorf("%s: %v", name, err)
		}
		check(name, c.top, c.intermediates, c.leaf, windows)
	}
}

func oid(t *testing.T, parts ...uint64) x509.OID {
	t.Helper()
	o, err := x509.OIDFromInts(parts)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAuthoritiesThatATrustedRootStatesWronglyAreOfNoUse(t *testing.T) {
	v, other := newVirtual(t), newVirtual(t)
	certificates := func(trustedRoot map[string]any) []any {
		return trustedRoot["certificateAuthorities"].([]any)[0].(map[string]any)["certChain"].(map[string]any)["certificates"].([]any)
	}
	stated := func(window map[string]any) func(mine, theirs map[string]any) {
		return func(mine, _ map[string]any) {
			mine["certificateAuthorities"].([]any)[0].(map[string]any)["validFor"] = window
		}
	}
	for name, c := range map[string]struct {
		change func(mine, theirs map[string]any)
		holds  bool
	}{
		"as it is":                  {func(_, _ map[string]any) {}, true},
		"another root":              {func(mine, theirs map[string]any) { certificates(mine)[1] = certificates(theirs)[1] }, false},
		"another intermediate":      {func(mine, theirs map[string]any) { certificates(mine)[0] = certificates(theirs)[0] }, false},
		"another authority":         {func(mine, theirs map[string]any) { copy(certificates(mine), certificates(theirs)) }, false},
		"root and intermediate":     {func(mine, _ map[string]any) { slices.Reverse(certificates(mine)) }, true}, // in the wrong order, the intermediate is the anchor
		"an authority that ended":   {stated(map[string]any{"start": v.at.AddDate(-1, 0, 0), "end": v.at.AddDate(0, 0, -1)}), false},
		"an authority to come":      {stated(map[string]any{"start": v.at.AddDate(0, 0, 1)}), false},
		"an authority of that time": {stated(map[string]any{"start": v.at.AddDate(0, 0, -1), "end": v.at.AddDate(0, 0, 1)}), true},
	} {
		var mine, theirs map[string]any
		for raw, into := range map[*sigstore.Sigstore]*map[string]any{v.Sigstore: &mine, other.Sigstore: &theirs} {
			if err := json.Unmarshal(raw.TrustedRoot(), into); err != nil {
				t.Fatal(err)
			}
		}
		c.change(mine, theirs)
		trusted, err := json.Marshal(mine)
		if err != nil {
			t.Fatal(err)
		}
		trust, err := LoadTrust(trusted, v.KeysTUF())
		if err != nil {
			t.Fatal(err)
		}
		a := v.provenance(t, sigstore.ProvenanceOptions{})
		differ(t, trust, trust.plainly(t, trusted, demands{sct: true, log: true}), a.Bundle, v.digest)
		_, f := trust.attestation(a, expected{subjectName(subjectOfTests), v.digest})
		if (f == nil) != c.holds || (f != nil && f.cause != causeCertificate) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// The public instance's authority, and a virtual one, are of the shape that is anchored.
func TestThePublicAuthorityIsAnchored(t *testing.T) {
	embedded, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for name, trust := range map[string]*TrustRoot{"embedded": embedded, "virtual": newVirtual(t).trust} {
		authorities := trust.material.FulcioCertificateAuthorities()
		if _, ok := authorities[len(authorities)-1].(*anchored); !ok {
			t.Errorf("%s: %T", name, authorities[len(authorities)-1])
		}
	}
}

package provenance

import (
	"crypto/sha256"
	_ "embed" // the trust material
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

//go:generate go run ./material/renew

// The public-good Sigstore trusted root and the keys of the npm registry.
// material/ORIGIN.json says where they come from.
var (
	//go:embed material/trusted_root.json
	embeddedRoot []byte
	//go:embed material/npm_keys.json
	embeddedKeys []byte
)

// npmHosts are the public names of the registry whose keys are embedded.
func npmHosts() []string { return []string{"registry.npmjs.org", "registry.yarnpkg.com"} }

// TrustRoot is what every verification rests on: a Sigstore trusted root and the keys
// of the npm registry. It is immutable and safe for concurrent use.
type TrustRoot struct {
	id      string
	keys    keySet
	hosts   []string // the registries that the keys belong to; nil: whichever is configured
	pinned  bool     // the operator's own material
	demands demands

	material root.TrustedMaterial
	byCert   *verify.Verifier // for what a certificate signed
	byKey    *verify.Verifier // for what a registry key signed
}

// ErrTrustedRoot is wrapped by every error about a trusted root.
var ErrTrustedRoot = errors.New("not a Sigstore trusted root")

// Embedded is the trust that ships with Bonafide: the public-good Sigstore
// instance and the keys of registry.npmjs.org.
func Embedded() (*TrustRoot, error) {
	t, err := newTrust(embeddedRoot, embeddedKeys, npmHosts(), demands{sct: true, log: true})
	if err != nil {
		return nil, fmt.Errorf("embedded trust material: %w", err)
	}
	return t, nil
}

// LoadTrust makes a trust of the operator's own files: a Sigstore trusted_root.json
// and a key file in the shape of the TUF target <registry host>/keys.json or of
// GET /-/npm/v1/keys. nil keeps the embedded one. Keys that are given belong to
// whichever registry is configured; the embedded ones belong to registry.npmjs.org.
func LoadTrust(trustedRootJSON, npmKeysJSON []byte) (*TrustRoot, error) {
	hosts := []string(nil)
	if trustedRootJSON == nil {
		trustedRootJSON = embeddedRoot
	}
	if npmKeysJSON == nil {
		npmKeysJSON, hosts = embeddedKeys, npmHosts()
	}
	t, err := newTrust(trustedRootJSON, npmKeysJSON, hosts, demands{sct: true, log: true})
	if err != nil {
		return nil, err
	}
	t.pinned = true
	return t, nil
}

// demands say what a bundle must carry beside a trusted time. The product demands
// everything; instances without a log or without certificate transparency exist.
type demands struct{ sct, log bool }

func newTrust(trustedRoot, keysFile []byte, hosts []string, d demands) (*TrustRoot, error) {
	if len(trustedRoot) > maxTrustedRoot {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrTrustedRoot, maxTrustedRoot)
	}
	sigstore, err := parseRoot(trustedRoot)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrustedRoot, err)
	}
	keys, err := parseKeys(keysFile)
	if err != nil {
		return nil, err
	}
	t := &TrustRoot{keys: keys, hosts: slices.Clone(hosts), demands: d}
	registry, err := keys.material()
	if err != nil {
		return nil, err
	}
	if err := t.rest(newMaterial(sigstore), registry, d); err != nil {
		return nil, err
	}

	h := sha256.New()
	fmt.Fprintf(h, "bonafide trust 1\n%x\n%x\n%s\n", sha256.Sum256(trustedRoot), sha256.Sum256(keysFile), strings.Join(hosts, ","))
	t.id = hex.EncodeToString(h.Sum(nil))
	return t, nil
}

// rest makes the verifiers that rest on a trusted root and on the keys of a registry.
func (t *TrustRoot) rest(sigstore, registry root.TrustedMaterial, d demands) (err error) {
	t.material = keyedMaterial{sigstore, registry}
	shared := []verify.VerifierOption{verify.WithObserverTimestamps(1), verify.WithoutStatementPredicate()}
	if d.log {
		shared = append(shared, verify.WithTransparencyLog(1))
	}
	certified := shared
	if d.sct {
		certified = append(slices.Clone(shared), verify.WithSignedCertificateTimestamps(1))
	}
	if t.byCert, err = verify.NewVerifier(sigstore, certified...); err != nil {
		return err
	}
	t.byKey, err = verify.NewVerifier(t.material, shared...)
	return err
}

// errUnparsed quotes nothing.
var errUnparsed = errors.New("it does not parse as a trusted_root.json")

// parseRoot keeps a panic of the library from a hostile file inside.
func parseRoot(data []byte) (tr *root.TrustedRoot, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errUnparsed
		}
	}()
	if tr, err = root.NewTrustedRootFromJSON(data); err != nil {
		return nil, errUnparsed // the library's error quotes the file, which may be a wrong one
	}
	if len(tr.FulcioCertificateAuthorities()) == 0 {
		return nil, errors.New("it names no certificate authority")
	}
	return tr, nil
}

// ID identifies the trust: a SHA-256 over the trusted root and the keys, in hex.
// What was verified under another ID has to be verified again.
func (t *TrustRoot) ID() string { return t.id }

// Pinned says that the operator gave the material: it is never refreshed.
func (t *TrustRoot) Pinned() bool { return t.pinned }

// keysFor says whether keys are known for the registry at that origin, so that a
// missing signature means something.
func (t *TrustRoot) keysFor(origin string) bool {
	if !t.keys.knows(useSignatures) {
		return false
	}
	if t.hosts == nil {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && slices.Contains(t.hosts, strings.ToLower(u.Hostname()))
}

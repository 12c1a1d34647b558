package npm

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// versionDocument is the answer of /NAME/VERSION, and one version of /NAME.
// https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
type versionDocument struct {
	manifest
	ID             string            `json:"_id"`
	GitHead        string            `json:"gitHead,omitempty"`
	Deprecated     string            `json:"deprecated,omitempty"`
	Dist           dist              `json:"dist"`
	Maintainers    []person          `json:"maintainers"`
	NPMUser        publisher         `json:"_npmUser"`
	NPMVersion     string            `json:"_npmVersion"`
	NodeVersion    string            `json:"_nodeVersion"`
	HasShrinkwrap  bool              `json:"_hasShrinkwrap"`
	NPMOperational map[string]string `json:"_npmOperationalInternal"`
}

type dist struct {
	Integrity    string        `json:"integrity,omitempty"`
	Shasum       string        `json:"shasum"`
	Tarball      string        `json:"tarball"`
	FileCount    int           `json:"fileCount"`
	UnpackedSize int           `json:"unpackedSize"`
	Attestations *announcement `json:"attestations,omitempty"`
	Signatures   []signature   `json:"signatures,omitempty"`
}

type announcement struct {
	URL        string `json:"url"`
	Provenance struct {
		PredicateType string `json:"predicateType"`
	} `json:"provenance"`
}

type signature struct {
	KeyID string `json:"keyid"`
	Sig   []byte `json:"sig"`
}

type person struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type publisher struct {
	person
	TrustedPublisher *trustedPublisher `json:"trustedPublisher,omitempty"`
	Approver         *person           `json:"approver,omitempty"`
}

type trustedPublisher struct {
	ID           string `json:"id"`
	OIDCConfigID string `json:"oidcConfigId"`
}

// abbreviatedDocument is one version of /NAME as an installing client asks for it.
type abbreviatedDocument struct {
	Name                 string            `json:"name"`
	Version              string            `json:"version"`
	Deprecated           string            `json:"deprecated,omitempty"`
	HasInstallScript     bool              `json:"hasInstallScript,omitempty"`
	Bin                  map[string]string `json:"bin,omitempty"`
	Engines              map[string]string `json:"engines,omitempty"`
	Dependencies         map[string]string `json:"dependencies,omitempty"`
	OptionalDependencies map[string]string `json:"optionalDependencies,omitempty"`
	PeerDependencies     map[string]string `json:"peerDependencies,omitempty"`
	BundleDependencies   []string          `json:"bundleDependencies,omitempty"`
	OS                   []string          `json:"os,omitempty"`
	CPU                  []string          `json:"cpu,omitempty"`
	Dist                 dist              `json:"dist"`
}

// attestation is one element of the attestation document.
type attestation struct {
	PredicateType string          `json:"predicateType"`
	Bundle        json.RawMessage `json:"bundle"`
}

// describe makes the version document, signature included.
func (r *Registry) describe(p *published) (versionDocument, error) {
	files, err := p.files()
	if err != nil {
		return versionDocument{}, err
	}
	size := 0
	for _, content := range files {
		size += len(content)
	}
	f := p.Forgery
	sha := sha1.Sum(p.tarball)
	base := p.Name[strings.LastIndexByte(p.Name, '/')+1:]
	user := person{p.Publisher.Name, p.Publisher.Email}
	doc := versionDocument{
		manifest:   p.manifest(),
		ID:         p.Package().ID(),
		Deprecated: p.Deprecated,
		Dist: dist{
			Integrity:    cmp.Or(f.Integrity, digestOf(p.tarball).SRI()),
			Shasum:       hex.EncodeToString(sha[:]),
			Tarball:      sigstore.RegistryURL + TarballPath(p.Package()),
			FileCount:    len(files),
			UnpackedSize: size,
		},
		Maintainers: []person{user},
		NPMUser:     publisher{person: user},
		NPMVersion:  "11.9.0",
		NodeVersion: "24.11.0",
		NPMOperational: map[string]string{
			"host": "s3://npm-registry-packages-npm-production",
			"tmp":  fmt.Sprintf("tmp/%s_%s_%d_0.5", base, p.Version, p.PublishedAt.UnixMilli()),
		},
	}
	if p.Publisher.TrustedPublisher != "" {
		doc.NPMUser.TrustedPublisher = &trustedPublisher{p.Publisher.TrustedPublisher, p.Publisher.OIDCConfigID}
	}
	if p.Publisher.Approver != "" {
		doc.NPMUser.Approver = &person{p.Publisher.Approver, p.Publisher.Approver + "@example.com"}
	}
	if p.Build != nil {
		doc.GitHead = cmp.Or(p.Build.Commit, sigstore.Commit(p.Build.Repository, p.Build.Ref))
	}
	if p.Build != nil && !f.Unannounced {
		a := &announcement{URL: sigstore.RegistryURL + attestationsPath + strings.Replace(p.Package().ID(), "/", "%2f", 1)}
		a.Provenance.PredicateType = cmp.Or(f.Provenance.PredicateType, sigstore.PredicateSLSA1)
		doc.Dist.Attestations = a
	}
	if f.ShasumOnly {
		doc.Dist.Integrity = ""
	}
	doc.Dist.Signatures, err = r.sign(p, doc.Dist.Integrity)
	return doc, err
}

// sign makes the registry's signature over "name@version:integrity".
// https://docs.npmjs.com/about-registry-signatures
func (r *Registry) sign(p *published, integrity string) ([]signature, error) {
	f := p.Forgery
	if f.Unsigned || integrity == "" {
		return nil, nil
	}
	key, of := f.Key, f.SignatureOf
	if key == nil {
		key = r.sigstore.KeyAt(p.PublishedAt)
	}
	if of == (dep.Package{}) {
		of = p.Package()
	}
	sig, err := key.Sign([]byte(of.ID() + ":" + integrity))
	if err != nil {
		return nil, fmt.Errorf("the registry's signature: %w", err)
	}
	if f.BrokenSignature {
		sig[len(sig)-1] ^= 1
	}
	return []signature{{cmp.Or(f.KeyID, key.ID), sig}}, nil
}

// at is the document with the addresses of the registry at base.
func (d versionDocument) at(base string) versionDocument {
	if base == sigstore.RegistryURL {
		return d
	}
	d.Dist.Tarball = base + strings.TrimPrefix(d.Dist.Tarball, sigstore.RegistryURL)
	if d.Dist.Attestations != nil {
		a := *d.Dist.Attestations
		a.URL = base + strings.TrimPrefix(a.URL, sigstore.RegistryURL)
		d.Dist.Attestations = &a
	}
	return d
}

func (d versionDocument) abbreviated() abbreviatedDocument {
	m := d.manifest
	return abbreviatedDocument{
		Name: m.Name, Version: m.Version, Deprecated: d.Deprecated,
		HasInstallScript: m.Scripts["preinstall"] != "" || m.Scripts["install"] != "" || m.Scripts["postinstall"] != "",
		Bin:              m.Bin, Engines: m.Engines, Dependencies: m.Dependencies,
		OptionalDependencies: m.OptionalDependencies, PeerDependencies: m.PeerDependencies,
		BundleDependencies: m.BundleDependencies, OS: m.OS, CPU: m.CPU,
		Dist: d.Dist,
	}
}

const isoMillis = "2006-01-02T15:04:05.000Z"

// packument is the answer of /NAME: every release, with the time of each.
func packument(all []*published, base string) any {
	latest := all[len(all)-1]
	versions := map[string]versionDocument{}
	times := map[string]string{
		"created":  all[0].PublishedAt.Format(isoMillis),
		"modified": latest.PublishedAt.Format(isoMillis),
	}
	for _, p := range all {
		versions[p.Version] = p.document.at(base)
		times[p.Version] = p.PublishedAt.Format(isoMillis)
	}
	return struct {
		ID          string                     `json:"_id"`
		Name        string                     `json:"name"`
		Description string                     `json:"description,omitempty"`
		DistTags    map[string]string          `json:"dist-tags"`
		Versions    map[string]versionDocument `json:"versions"`
		Time        map[string]string          `json:"time"`
		Maintainers []person                   `json:"maintainers"`
		License     string                     `json:"license,omitempty"`
		Repository  *repository                `json:"repository,omitempty"`
	}{latest.Name, latest.Name, latest.Description, map[string]string{"latest": latest.Version}, versions, times,
		latest.document.Maintainers, latest.License, latest.document.Repository}
}

// abbreviatedPackument is the answer of /NAME for an installing client.
func abbreviatedPackument(all []*published, base string) any {
	latest := all[len(all)-1]
	versions := map[string]abbreviatedDocument{}
	for _, p := range all {
		versions[p.Version] = p.document.at(base).abbreviated()
	}
	return struct {
		Name     string                         `json:"name"`
		DistTags map[string]string              `json:"dist-tags"`
		Versions map[string]abbreviatedDocument `json:"versions"`
		Modified time.Time                      `json:"modified"`
	}{latest.Name, map[string]string{"latest": latest.Version}, versions, latest.PublishedAt}
}

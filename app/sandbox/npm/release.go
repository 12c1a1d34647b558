package npm

import (
	"cmp"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// Release is one version of one package, as it is to be published. Name and
// Version are required.
type Release struct {
	Name, Version string
	Description   string
	License       string // "MIT"
	Repository    string // as declared; where there is a Build, its repository
	Scripts       map[string]string
	Engines       map[string]string
	Bin           map[string]string
	Deprecated    string

	Dependencies         map[string]string
	OptionalDependencies map[string]string
	PeerDependencies     map[string]string
	BundleDependencies   []string // names among Dependencies; Files hold them below node_modules/NAME/
	OS, CPU              []string // where it can be installed, as Node.js names them; everywhere

	// Files are the contents of the tarball by path, beside package.json.
	Files map[string]string

	PublishedAt time.Time // an hour ago
	Publisher   Publisher // GitHub Actions as a trusted publisher where there is a Build, else a person
	// Build is the run that built it. Without one there are no attestations.
	Build *sigstore.Build

	Forgery Forgery
}

// Publisher is who publishes: a person, or a trusted publisher where
// TrustedPublisher is set. Approver is the person who approved a staged release.
type Publisher struct {
	Name, Email      string
	TrustedPublisher string // "github"
	OIDCConfigID     string // "oidc:UUID"; derived from the package's name
	Approver         string
}

// Forgery makes a release wrong in some way. The zero value is genuine.
type Forgery struct {
	// The registry's signature.
	Unsigned        bool
	Key             *sigstore.Key // signs instead of the key in use at the time
	KeyID           string        // is named instead of the key
	BrokenSignature bool
	SignatureOf     dep.Package // signs this name and version instead

	// The digest that the version document states.
	Integrity  string // instead of the tarball's; it is signed
	ShasumOnly bool   // none but sha1, as before 2017

	// The attestations.
	Withheld     bool        // announced, but answered 404
	Unannounced  bool        // there, but the version document does not say so
	NoPublish    bool        // no publish attestation among them
	NoProvenance bool        // no provenance among them
	PublishOf    dep.Package // the genuine one of this release, which is published already
	ProvenanceOf dep.Package
	Publish      sigstore.PublishOptions
	Provenance   sigstore.ProvenanceOptions
	Attestations []byte // this document, as it is
}

// Package is the name and version.
func (r Release) Package() dep.Package {
	return dep.Package{Ecosystem: dep.NPM, Name: r.Name, Version: r.Version}
}

// complete fills in what was left empty, and refuses what no registry would take.
func (r Release) complete(now time.Time) (Release, error) {
	if err := registry.ValidPackage(r.Package()); err != nil {
		return r, fmt.Errorf("publishing %s: %w", r.Package(), err)
	}
	if r.PublishedAt.IsZero() {
		r.PublishedAt = now.Add(-time.Hour)
	}
	r.PublishedAt = r.PublishedAt.UTC().Truncate(time.Second)
	if r.PublishedAt.After(now) {
		return r, fmt.Errorf("publishing %s: %s is in the future", r.Package(), r.PublishedAt)
	}
	switch {
	case r.Publisher.Name != "" || r.Publisher.TrustedPublisher != "":
	case r.Build != nil:
		r.Publisher.TrustedPublisher = "github"
	default:
		r.Publisher.Name = "maintainer"
	}
	if r.Publisher.TrustedPublisher != "" {
		r.Publisher.Name = cmp.Or(r.Publisher.Name, "GitHub Actions")
		r.Publisher.Email = cmp.Or(r.Publisher.Email, "npm-oidc-no-reply@github.com")
		r.Publisher.OIDCConfigID = cmp.Or(r.Publisher.OIDCConfigID, configID(r.Name))
	}
	r.Publisher.Email = cmp.Or(r.Publisher.Email, r.Publisher.Name+"@example.com")
	return r, nil
}

// declaredRepository is "git+https://github.com/OWNER/REPO.git" where nothing
// else was declared.
func (r Release) declaredRepository() string {
	if r.Repository == "" && r.Build != nil {
		return "git+https://github.com/" + r.Build.Repository + ".git"
	}
	return r.Repository
}

// configID derives the id of a trusted publisher's configuration: always the same
// one for a package.
func configID(name string) string {
	return "oidc:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte("pkg:npm/"+name)).String()
}

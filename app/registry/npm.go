package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// PublicNPM is the address of the public npm registry.
const PublicNPM = "https://registry.npmjs.org"

// NPM asks one registry that speaks npm's protocol. It is safe for concurrent use.
// What it returns may be shared with others who asked at the same time: it must not
// be changed.
// https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
type NPM struct {
	client *Client
	base   url.URL // its path ends without a slash
}

// NewNPM makes a registry of an address, which may have a path prefix; "" is the
// public registry. The address is refused if it is not http or https, or has a query
// or a fragment. Where it leads into the operator's network, it must be one of the
// client's Registries.
func NewNPM(client *Client, baseURL string) (*NPM, error) {
	if baseURL == "" {
		baseURL = PublicNPM
	}
	base, err := normalise(baseURL)
	if err != nil {
		return nil, fmt.Errorf("npm registry address: %w", err)
	}
	return &NPM{client: client, base: *base}, nil
}

// normalise brings an address to one form, so that equal registries have equal
// origins. Its errors do not repeat the address, which may hold a secret.
func normalise(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("it is not a URL")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("it must start with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("it names no host")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("it must not have a query or a fragment")
	case u.RawPath != "":
		return nil, errors.New("its path must not hold escaped slashes")
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && port != defaultPort(u.Scheme) {
		host += ":" + port
	}
	u.Host = host
	if u.Path = path.Clean("/" + u.Path); u.Path == "/" {
		u.Path = ""
	}
	return u, nil
}

func defaultPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// Origin is the normalised address of the registry, without credentials. Facts are
// filed under it.
func (n *NPM) Origin() string {
	plain := n.base
	plain.User = nil
	return plain.String()
}

// Release reads the version document; where the registry has none (some serve whole
// packages alone), the version's part of the package document. The error wraps
// ErrInvalid (nothing was asked), ErrNotFound, or is a *Failure.
func (n *NPM) Release(ctx context.Context, p dep.Package) (Release, error) {
	return n.ReleaseIfChanged(ctx, p, "")
}

// ReleaseIfChanged is Release for whoever has the one with that ETag: its error wraps
// ErrNotModified where that is what the registry still has. With "" it is Release.
func (n *NPM) ReleaseIfChanged(ctx context.Context, p dep.Package, etag string) (Release, error) {
	if err := ValidPackage(p); err != nil {
		return Release{}, err
	}
	r, stamp, err := get(ctx, n.client, n.address("/"+escape(p.Name)+"/"+p.Version), document[Release]{
		name: "the version document", limit: maxVersionDocument, etag: validETag(etag),
		decode: func(body io.Reader) (Release, error) {
			r, err := decodeRelease(body)
			if err == nil && r.Package != p {
				err = wrong("the document of another release (%.100q)", r.Package.ID())
			}
			return r, err
		},
	})
	if errors.Is(err, ErrNotFound) {
		return n.releaseOfPackage(ctx, p)
	}
	r.ETag, r.MaxAge = stamp.etag, stamp.maxAge
	return r, err
}

// releaseOfPackage has no ETag: what the registry would compare is the whole package.
func (n *NPM) releaseOfPackage(ctx context.Context, p dep.Package) (Release, error) {
	r, stamp, err := get(ctx, n.client, n.address("/"+escape(p.Name)), document[Release]{
		name: "the package document, for version " + p.Version, limit: maxPackument, decode: decodeVersion(p),
	})
	if err == nil && r.Package != p {
		return Release{}, fmt.Errorf("%s in the package document: %w", p.ID(), ErrNotFound)
	}
	r.MaxAge = stamp.maxAge
	return r, err
}

// History reads the full document of a package, of which it keeps only what a History
// holds. The error wraps ErrInvalid (nothing was asked), ErrNotFound, or is a *Failure.
func (n *NPM) History(ctx context.Context, name string) (History, error) {
	return n.HistoryIfChanged(ctx, name, "")
}

// HistoryIfChanged is to History what ReleaseIfChanged is to Release.
func (n *NPM) HistoryIfChanged(ctx context.Context, name, etag string) (History, error) {
	if err := ValidName(name); err != nil {
		return History{}, err
	}
	h, stamp, err := get(ctx, n.client, n.address("/"+escape(name)), document[History]{
		name: "the package document, for its history", limit: maxPackument, etag: validETag(etag),
		decode: func(body io.Reader) (History, error) {
			h, err := ParseHistory(body)
			if err == nil && h.Name != name {
				err = wrong("the document of another package")
			}
			return h, err
		},
	})
	h.ETag, h.MaxAge = stamp.etag, stamp.maxAge
	return h, err
}

// Attestations reads the attestation document. The error wraps ErrInvalid (nothing
// was asked), ErrNotFound, or is a *Failure.
func (n *NPM) Attestations(ctx context.Context, p dep.Package) ([]Attestation, error) {
	found, _, err := n.AttestationsIfChanged(ctx, p, "")
	return found, err
}

// AttestationsIfChanged is to Attestations what ReleaseIfChanged is to Release. It
// returns the ETag of what it read, "" where the registry states none.
func (n *NPM) AttestationsIfChanged(ctx context.Context, p dep.Package, etag string) ([]Attestation, string, error) {
	if err := ValidPackage(p); err != nil {
		return nil, "", err
	}
	found, stamp, err := get(ctx, n.client, n.address("/-/npm/v1/attestations/"+escape(p.Name)+"@"+p.Version), document[[]Attestation]{
		name: "the attestation document", limit: maxAttestationDocument, etag: validETag(etag), decode: decodeAttestations,
	})
	return found, stamp.etag, err
}

// PublishedAt finds out when a release was published, by the Last-Modified of its
// tarball, else by the full document of the package. Neither is signed. The error
// wraps ErrInvalid (nothing was asked), ErrNotFound where the registry states no
// date, or is a *Failure.
func (n *NPM) PublishedAt(ctx context.Context, p dep.Package) (Date, error) {
	if err := ValidPackage(p); err != nil {
		return Date{}, err
	}
	date, headErr := n.tarballDate(ctx, p)
	if headErr == nil {
		return date, nil
	}
	date, err := n.documentDate(ctx, p)
	if errors.Is(err, ErrNotFound) && !errors.Is(headErr, ErrNotFound) {
		return Date{}, headErr // the tarball may state it when it is asked again
	}
	return date, err
}

func (n *NPM) tarballDate(ctx context.Context, p dep.Package) (Date, error) {
	_, base := splitScope(p.Name)
	header, err := n.client.head(ctx, n.address("/"+p.Name+"/-/"+base+"-"+p.Version+".tgz"), "the tarball's header")
	if err != nil {
		return Date{}, err
	}
	at, err := http.ParseTime(header.Get("Last-Modified"))
	if err != nil || !plausible(at) {
		return Date{}, fmt.Errorf("the tarball's publication date: %w", ErrNotFound)
	}
	return Date{Time: at.UTC(), Source: "tarball Last-Modified"}, nil
}

func (n *NPM) documentDate(ctx context.Context, p dep.Package) (Date, error) {
	times, _, err := get(ctx, n.client, n.address("/"+escape(p.Name)), document[map[string]time.Time]{
		name: "the package document", limit: maxPackument, decode: decodeTimes(p.Name),
	})
	if err != nil {
		return Date{}, err
	}
	at, ok := times[p.Version]
	if !ok || !plausible(at) {
		return Date{}, fmt.Errorf("the release's publication date: %w", ErrNotFound)
	}
	return Date{Time: at, Source: "registry document"}, nil
}

// plausible leaves out dates that stand for none: before there was a registry, and
// in the future, with an hour for clocks that disagree.
func plausible(at time.Time) bool {
	return at.After(firstPublication) && time.Until(at) < time.Hour
}

// address joins the registry's own address and an escaped path.
func (n *NPM) address(escaped string) *url.URL {
	u := n.base
	u.RawPath = u.EscapedPath() + escaped
	u.Path += strings.ReplaceAll(escaped, "%2f", "/")
	return &u
}

// escape writes a valid name as one segment of a path: "@scope%2fname".
func escape(name string) string { return strings.Replace(name, "/", "%2f", 1) }

package npm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// manifest is a package.json.
type manifest struct {
	Name                 string            `json:"name"`
	Version              string            `json:"version"`
	Description          string            `json:"description,omitempty"`
	License              string            `json:"license,omitempty"`
	Repository           *repository       `json:"repository,omitempty"`
	Bin                  map[string]string `json:"bin,omitempty"`
	Scripts              map[string]string `json:"scripts,omitempty"`
	Engines              map[string]string `json:"engines,omitempty"`
	Dependencies         map[string]string `json:"dependencies,omitempty"`
	OptionalDependencies map[string]string `json:"optionalDependencies,omitempty"`
	PeerDependencies     map[string]string `json:"peerDependencies,omitempty"`
	BundleDependencies   []string          `json:"bundleDependencies,omitempty"`
	OS                   []string          `json:"os,omitempty"`
	CPU                  []string          `json:"cpu,omitempty"`
}

type repository struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

func (r Release) manifest() manifest {
	m := manifest{
		Name: r.Name, Version: r.Version, Description: r.Description, License: r.License,
		Bin: r.Bin, Scripts: r.Scripts, Engines: r.Engines, Dependencies: r.Dependencies,
		OptionalDependencies: r.OptionalDependencies, PeerDependencies: r.PeerDependencies,
		BundleDependencies: r.BundleDependencies, OS: r.OS, CPU: r.CPU,
	}
	if url := r.declaredRepository(); url != "" {
		m.Repository = &repository{"git", url}
	}
	return m
}

// files are the contents of the tarball by path.
func (r Release) files() (map[string]string, error) {
	text, err := json.MarshalIndent(r.manifest(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("package.json of %s: %w", r.Package(), err)
	}
	files := map[string]string{"index.js": "module.exports = " + fmt.Sprintf("%q", r.Package().ID()) + ";\n"}
	maps.Copy(files, r.Files)
	files["package.json"] = string(text) + "\n"
	return files, nil
}

// Tarball packs the release: the same bytes whenever and wherever it is done.
func (r Release) Tarball() ([]byte, error) {
	files, err := r.files()
	if err != nil {
		return nil, err
	}
	packed := time.Date(1985, time.October, 26, 8, 15, 0, 0, time.UTC) // npm's, for every file
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	archive := tar.NewWriter(zip)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(files[name])),
			ModTime: packed, Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("packing %s: %w", r.Package(), err)
		}
		if _, err := archive.Write([]byte(files[name])); err != nil {
			return nil, fmt.Errorf("packing %s: %w", r.Package(), err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("packing %s: %w", r.Package(), err)
	}
	if err := zip.Close(); err != nil {
		return nil, fmt.Errorf("packing %s: %w", r.Package(), err)
	}
	return buf.Bytes(), nil
}

// Integrity is the digest of the tarball as a lockfile states it: "sha512-…".
func (r Release) Integrity() (string, error) {
	tarball, err := r.Tarball()
	if err != nil {
		return "", err
	}
	return digestOf(tarball).SRI(), nil
}

func digestOf(tarball []byte) dep.Digest {
	sum := sha512.Sum512(tarball)
	return dep.Digest{Algorithm: "sha512", Hex: hex.EncodeToString(sum[:])}
}

// TarballPath is the path of a tarball below a registry's address:
// "/@lumen/fetch/-/fetch-3.1.0.tgz".
func TarballPath(p dep.Package) string {
	base := p.Name[strings.LastIndexByte(p.Name, '/')+1:]
	return "/" + p.Name + "/-/" + base + "-" + p.Version + ".tgz"
}

// Command renew writes the embedded trust material anew from the npm package
// @sigstore/tuf, whose seeds.json holds TUF targets of the Sigstore repository.
//
//	go generate ./app/provenance                          the version that ORIGIN.json names
//	cd app/provenance && go run ./material/renew latest   the newest version, or a given one
//
// It needs npm. The package's integrity is compared with what the registry states
// and, where the version stays, with what ORIGIN.json recorded.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/bonafide-app/bonafide/app/provenance"
)

const (
	pkg        = "@sigstore/tuf"
	repository = "https://tuf-repo-cdn.sigstore.dev"
	folder     = "material" // below the package provenance, where go generate runs
	maxPackage = 16 << 20   // bytes of the package, unpacked too; it has 20 kB
)

// targets maps our files to TUF targets, written as in seeds.json.
func targets() map[string]string {
	return map[string]string{
		"trusted_root.json": "trusted_root.json",
		"npm_keys.json":     "registry.npmjs.org%2Fkeys.json",
	}
}

// origin is ORIGIN.json.
type origin struct {
	Comment   string            `json:"comment"`
	Package   string            `json:"package"`
	Version   string            `json:"version"`
	Integrity string            `json:"integrity"`
	Licence   string            `json:"licence"`
	TUF       string            `json:"tufRepository"`
	Files     map[string]target `json:"files"`
}

type target struct {
	Target string `json:"tufTarget"`
	SHA256 string `json:"sha256"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "renew:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	recorded := origin{}
	path := filepath.Join(folder, "ORIGIN.json")
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err == nil {
		if err := json.Unmarshal(data, &recorded); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	wanted := recorded.Version
	if len(args) == 1 {
		wanted = args[0]
	}
	if wanted == "" {
		wanted = "latest"
	}
	version, integrity, err := resolve(wanted)
	if err != nil {
		return err
	}
	if version == recorded.Version && integrity != recorded.Integrity {
		return fmt.Errorf("the registry states %s for %s@%s, ORIGIN.json recorded %s", integrity, pkg, version, recorded.Integrity)
	}
	seeds, err := fetch(version, integrity)
	if err != nil {
		return err
	}
	files, err := extract(seeds)
	if err != nil {
		return fmt.Errorf("%s@%s: seeds.json: %w", pkg, version, err)
	}
	if _, err := provenance.LoadTrust(files["trusted_root.json"], files["npm_keys.json"]); err != nil {
		return fmt.Errorf("%s@%s: %w", pkg, version, err)
	}

	out := origin{
		Comment: "Written by go generate (material/renew). Public keys and certificates, as published; nothing is edited.",
		Package: pkg, Version: version, Integrity: integrity, Licence: "Apache-2.0", TUF: repository,
		Files: map[string]target{},
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		out.Files[name] = target{strings.ReplaceAll(targets()[name], "%2F", "/"), hex.EncodeToString(sum[:])}
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// resolve asks the registry for a version and its integrity.
func resolve(wanted string) (version, integrity string, err error) {
	text, err := npm("", "view", pkg+"@"+wanted, "version", "dist.integrity", "--json")
	if err != nil {
		return "", "", err
	}
	var doc struct {
		Version   string `json:"version"`
		Integrity string `json:"dist.integrity"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return "", "", fmt.Errorf("npm view: %w", err)
	}
	if doc.Version == "" || !strings.HasPrefix(doc.Integrity, "sha512-") {
		return "", "", fmt.Errorf("npm view states no version with a sha512 integrity for %s@%s", pkg, wanted)
	}
	return doc.Version, doc.Integrity, nil
}

// fetch packs the package, checks its integrity and returns its seeds.json.
func fetch(version, integrity string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "bonafide-renew-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if _, err := npm(dir, "pack", pkg+"@"+version, "--silent"); err != nil {
		return nil, err
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("npm pack left %d packages behind, expected one", len(found))
	}
	tgz, err := os.ReadFile(found[0])
	if err != nil {
		return nil, err
	}
	sum := sha512.Sum512(tgz)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != integrity {
		return nil, fmt.Errorf("%s@%s has the integrity %s, expected %s", pkg, version, got, integrity)
	}
	gz, err := gzip.NewReader(bytes.NewReader(tgz))
	if err != nil {
		return nil, err
	}
	for archive := tar.NewReader(io.LimitReader(gz, maxPackage)); ; {
		h, err := archive.Next()
		if err != nil {
			return nil, fmt.Errorf("%s@%s: looking for package/seeds.json: %w", pkg, version, err)
		}
		if h.Name == "package/seeds.json" {
			return io.ReadAll(archive)
		}
	}
}

func extract(seeds []byte) (map[string][]byte, error) {
	var doc map[string]struct {
		Targets map[string][]byte `json:"targets"`
	}
	if err := json.Unmarshal(seeds, &doc); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, seed := range targets() {
		content := doc[repository].Targets[seed]
		if len(content) == 0 {
			return nil, fmt.Errorf("no target %s of %s", seed, repository)
		}
		files[name] = content
	}
	return files, nil
}

func npm(dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(context.Background(), "npm", args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("npm %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

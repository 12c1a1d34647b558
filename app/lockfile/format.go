package lockfile

import (
	"path"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Format is a kind of lockfile.
type Format struct {
	Name      string // "npm", "yarn", "pnpm", …
	Manifest  string // the file beside it that it locks; "" where that has no fixed name, or there is none
	Supported bool   // Parse reads it (not necessarily each of its versions)

	parse  func(file) ([]dep.Entry, error)
	again  string   // what to do about a broken one
	binary bool     // its bytes are no text
	also   []string // manifests in place of Manifest
}

// Manifests are the files beside it that it can lock: Manifest, and others in its place.
func (f Format) Manifests() []string {
	if f.Manifest == "" {
		return nil
	}
	return append([]string{f.Manifest}, f.also...)
}

// Recognise tells by its path whether a file is a lockfile of the repository, of a
// format that is read or of one that is only known. Names are matched without
// regard to case, because some file systems do. What lies in node_modules was
// installed, and locks nothing.
func Recognise(name string) (Format, bool) {
	if isInstalled(name) {
		return Format{}, false
	}
	known := func(name, manifest string) (Format, bool) { return Format{Name: name, Manifest: manifest}, true }
	read := func(name, manifest string, parse func(file) ([]dep.Entry, error), again string) (Format, bool) {
		return Format{Name: name, Manifest: manifest, Supported: true, parse: parse, again: again}, true
	}
	switch base := strings.ToLower(path.Base(name)); base {
	case "package-lock.json", "npm-shrinkwrap.json":
		return read("npm", "package.json", parseNPM, npmAgain)
	case "yarn.lock":
		return read("yarn", "package.json", parseYarn, yarnAgain)
	case "pnpm-lock.yaml":
		return read("pnpm", "package.json", parsePNPM, pnpmAgain)
	case "bun.lock":
		return read("bun", "package.json", parseBun, bunAgain)
	case "bun.lockb":
		return Format{Name: "bun", Manifest: "package.json", Supported: true, parse: refuseBunBinary, binary: true}, true
	case "deno.lock":
		f, ok := read("deno", "deno.json", parseDeno, denoAgain)
		f.also = []string{"deno.jsonc", "package.json"}
		return f, ok
	case "go.sum":
		return known("go", "go.mod")
	case "go.work.sum":
		return known("go", "go.work")
	case "cargo.lock":
		return known("cargo", "Cargo.toml")
	case "uv.lock":
		return known("uv", "pyproject.toml")
	case "poetry.lock":
		return known("poetry", "pyproject.toml")
	case "pdm.lock":
		return known("pdm", "pyproject.toml")
	case "pixi.lock":
		return known("pixi", "")
	case "pipfile.lock":
		return known("pipenv", "Pipfile")
	case "gemfile.lock":
		return known("bundler", "Gemfile")
	case "gems.locked":
		return known("bundler", "gems.rb")
	case "composer.lock":
		return known("composer", "composer.json")
	case "packages.lock.json":
		return known("nuget", "")
	case "gradle.lockfile", "buildscript-gradle.lockfile":
		return known("gradle", "")
	case "mix.lock":
		return known("mix", "mix.exs")
	case "pubspec.lock":
		return known("pub", "pubspec.yaml")
	case "podfile.lock":
		return known("cocoapods", "Podfile")
	case "package.resolved":
		return known("swift", "Package.swift")
	default:
		switch {
		case match("pnpm-lock.*.yaml", base): // pnpm's lockfile of a branch
			return read("pnpm", "package.json", parsePNPM, pnpmAgain)
		case match("pylock.*.toml", base), base == "pylock.toml":
			return known("pylock", "pyproject.toml")
		// Conventional names only: any other text file may hold requirements, and most
		// do not. They are manifest and lockfile in one.
		case base == "requirements.txt", match(`requirements[_.\-]*.txt`, base), match(`*[_.\-]requirements.txt`, base):
			return known("pip", "")
		}
	}
	return Format{}, false
}

// match is path.Match for patterns that are known to be well formed.
func match(pattern, base string) bool {
	ok, err := path.Match(pattern, base)
	return err == nil && ok
}

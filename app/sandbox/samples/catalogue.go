package samples

import (
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// catalogue is everything that the sandbox registry holds.
type catalogue []item

// item is a release and how old it is: published on a date, or so many days and so
// long before the demo's now.
type item struct {
	npm.Release
	on   time.Time
	days int
	ago  time.Duration
	// stolen says that the run of its build failed: somebody in it took its credentials.
	stolen bool
}

func (c catalogue) find(id string) (item, bool) {
	i := slices.IndexFunc(c, func(i item) bool { return i.Package().ID() == id })
	if i < 0 {
		return item{}, false
	}
	return c[i], true
}

// at is when the release was published.
func (i item) at(now time.Time) time.Time {
	if i.on.IsZero() {
		return now.AddDate(0, 0, -i.days).Add(-i.ago)
	}
	return i.on
}

func newCatalogue() catalogue {
	var c catalogue
	for _, family := range []func() []item{
		lumen, harborRouter, tidyLog, quietRetry, moneyParts, smallOnes, devOnes,
	} {
		c = append(c, family()...)
	}
	return c
}

func on(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 14, 5, 31, 0, time.UTC)
}

// release is the ordinary release of a package.
func release(id, description string, dependencies ...string) npm.Release {
	at := strings.LastIndexByte(id, '@')
	r := npm.Release{Name: id[:at], Version: id[at+1:], Description: description, License: "MIT"}
	for _, d := range dependencies {
		name, versions, _ := strings.Cut(d, " ")
		if r.Dependencies == nil {
			r.Dependencies = map[string]string{}
		}
		r.Dependencies[name] = versions
	}
	return r
}

// built is a release that a workflow of a repository built and published.
func built(repository string, r npm.Release) npm.Release {
	r.Repository = "git+https://github.com/" + repository + ".git"
	r.Engines = map[string]string{"node": ">=18"}
	r.Build = &sigstore.Build{Repository: repository, Ref: "refs/tags/v" + r.Version}
	return r
}

// uploaded is a release that a person published from a machine of their own.
func uploaded(person, repository string, r npm.Release) npm.Release {
	r.Repository = "git+https://github.com/" + repository + ".git"
	r.Publisher = npm.Publisher{Name: person}
	return r
}

func lumen() []item {
	http := func(version string) npm.Release {
		r := built("lumen-js/http", release("@lumen/http@"+version, "Small HTTP requests with sensible limits",
			"@lumen/headers ^2.0.0", "quiet-retry ^3.1.0"))
		r.PeerDependencies = map[string]string{"abort-shim": "^1.0.0"}
		return r
	}
	headers := func(version string) npm.Release {
		return built("lumen-js/headers", release("@lumen/headers@"+version, "HTTP headers that keep their order"))
	}
	return []item{
		{Release: headers("2.0.2"), days: 230},
		{Release: headers("2.0.3"), days: 160},
		{Release: headers("2.1.0"), days: 21},
		{Release: http("4.1.0"), days: 190},
		{Release: http("4.2.0"), days: 131},
		{Release: http("4.3.0"), days: 12},
	}
}

// pathWeaveCommit is the commit that git-dependency comes from.
const pathWeaveCommit = "7be2c1d0f0a94f0e8d0c5a6f3e21b98d4c7a6e15"

// Commits are the commits that the samples' lockfiles name instead of releases, by
// repository ("OWNER/REPO").
func Commits() map[string][]string {
	return map[string][]string{"path-weave/path-weave": {pathWeaveCommit}}
}

// Malware are the packages of the samples that advisories name, and the advisories.
func Malware() map[string]string { return map[string]string{"hue-lites": "GHSA-aaaa-bbbb-cccc"} }

func harborRouter() []item {
	router := func(version, pathWeave string) npm.Release {
		return built("harbor-works/router", release("harbor-router@"+version, "A router for small servers",
			"path-weave "+pathWeave))
	}
	return []item{
		{Release: router("5.0.1", "^1.2.0"), days: 120},
		{Release: router("5.0.2", "^1.2.0"), days: 87},
		{Release: router("5.0.3", "github:path-weave/path-weave#"+pathWeaveCommit), days: 9},
		{Release: uploaded("rosalind", "path-weave/path-weave", release("path-weave@1.2.1", "Match paths against patterns")), on: on(2024, time.May, 14)},
	}
}

func tidyLog() []item {
	log := func(version string) npm.Release {
		return release("tidy-log@"+version, "Logs that people can read", "hue-lite ^1.1.0")
	}
	const repository = "tidy-tools/tidy-log"
	return []item{
		{Release: built(repository, log("2.7.0")), days: 140},
		{Release: built(repository, log("2.8.0")), days: 64},
		{Release: uploaded("tidy-maintainer", repository, log("2.8.1")), days: 5},
		{Release: built(repository, log("2.9.0")), days: 11},
	}
}

func quietRetry() []item {
	const repository = "quiet-js/retry"
	retry := func(version string) npm.Release {
		return release("quiet-retry@"+version, "Try again, politely")
	}
	forged := built(repository, retry("3.2.0"))
	forged.Forgery.ProvenanceOf = dep.Package{Ecosystem: dep.NPM, Name: "@lumen/headers", Version: "2.1.0"}
	return []item{
		{Release: uploaded("quiet-js", repository, retry("3.1.4")), on: on(2023, time.November, 2)},
		{Release: forged, days: 6},
	}
}

func moneyParts() []item {
	parts := release("money-parts@1.9.0", "Amounts of money without rounding errors")
	parts.License = "Apache-2.0"
	return []item{{Release: uploaded("ledger-bot", "ledger-lab/money-parts", parts), on: on(2024, time.August, 29)}}
}

func smallOnes() []item {
	hue := func(version string) npm.Release {
		return uploaded("huesmith", "huesmith/hue-lite", release("hue-lite@"+version, "Colours for terminals"))
	}
	return []item{
		{Release: hue("1.1.3"), on: on(2022, time.March, 8)},
		{Release: hue("1.1.4"), days: 40},
		{Release: uploaded("papermill", "papermill/paper-rain", release("paper-rain@1.3.0", "Confetti for web pages")), days: 210},
		{Release: uploaded("huesmyth", "huesmyth/hue-lites", release("hue-lites@1.0.4", "Colours for terminals")), days: 34},
		{Release: uploaded("shimmer", "shimmer/abort-shim", release("abort-shim@1.0.2", "AbortSignal where there is none")), on: on(2021, time.June, 17)},
	}
}

func devOnes() []item {
	test := built("pinecone-org/pinecone", release("pinecone-test@7.3.0", "A test runner without configuration",
		"glob-sieve ^2.0.0", "hue-lite ^1.1.0"))
	test.Bin = map[string]string{"pinecone": "bin/pinecone.js"}
	sieve := func(version string) npm.Release {
		return uploaded("sievers", "sievers/glob-sieve", release("glob-sieve@"+version, "Globs, and nothing but globs"))
	}
	watch := uploaded("swift-tools", "swift-tools/watch", release("swift-watch@1.0.8", "Watches files with what the system has"))
	watch.Scripts = map[string]string{"install": "node-gyp rebuild"}
	return []item{
		{Release: test, days: 95},
		{Release: sieve("2.0.5"), on: on(2024, time.January, 23)},
		{Release: sieve("2.0.6"), days: 15},
		{Release: watch, on: on(2023, time.July, 4)},
	}
}

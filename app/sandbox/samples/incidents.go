package samples

import (
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// Incident is a real attack, as a pull request that brings it in. It is built after
// what was published about it, and claims no more than that.
type Incident struct {
	Sample
	Date string // of the attack: "2025-08-26"
	// Later is the conclusion after the cooldown, had the release still been there.
	Later   policy.Conclusion
	Known   string // what was known of the release at the time, a few words
	Silent  string // what could not speak, and why; "" where nothing is to be said
	Sources []string
}

// Incidents returns real attacks as pull requests into one repository that has no
// policy file: the defaults judge.
func Incidents() ([]Incident, error) {
	b := builder{catalogue: incidentCatalogue()}
	main := b.bystander()
	all := []Incident{{
		Sample: Sample{
			Name:   "ultralytics-cache",
			Title:  "Update ultralytics to 8.3.41",
			Story:  "The release workflow itself published it, out of a cache that an attacker had poisoned.",
			Branch: "renovate/ultralytics-8.3.41",
			Head:   b.tree(main).with(uvLockPath, uvLock("8.3.41")),
			Want:   Want{policy.Success, []policy.RuleName{policy.RuleUnsupportedLockfile}},
		},
		Date:    "2024-12-04",
		Later:   policy.Success,
		Known:   "PyPI; attested, by the right workflow of the right repository",
		Silent:  "everything: lockfiles of Python are not read yet, and the check says so",
		Sources: []string{"https://blog.pypi.org/posts/2024-12-11-ultralytics-attack-analysis/"},
	}, {
		Sample: Sample{
			Name:   "ultralytics-token",
			Title:  "Update ultralytics to 8.3.46",
			Story:  "Days later the attacker published again, by hand, with a token that nobody had revoked.",
			Branch: "renovate/ultralytics-8.3.46",
			Head:   b.tree(main).with(uvLockPath, uvLock("8.3.46")),
			Want:   Want{policy.Success, []policy.RuleName{policy.RuleUnsupportedLockfile}},
		},
		Date:    "2024-12-07",
		Later:   policy.Success,
		Known:   "PyPI; no attestation, no trusted publisher, both of which the releases before had",
		Silent:  "everything: lockfiles of Python are not read yet, and the check says so",
		Sources: []string{"https://blog.pypi.org/posts/2024-12-11-ultralytics-attack-analysis/"},
	}, {
		Sample: Sample{
			Name:   "eslint-config-prettier",
			Title:  "Update eslint-config-prettier to 10.1.7",
			Story:  "A maintainer was phished; the attacker published with the token, without provenance, and with a script that runs at install time.",
			Branch: "renovate/eslint-config-prettier-10.x",
			Head:   b.tree(main.update("eslint-config-prettier@10.1.7")),
			Want:   Want{policy.Failure, []policy.RuleName{policy.RuleFreshAndOdd, policy.RuleInstallScript, policy.RuleProvenanceLost}},
		},
		Date:   "2025-07-18",
		Later:  policy.Failure,
		Known:  "the releases before were attested, this one was not; new script install",
		Silent: "publisher-lost: npm had no trusted publishers yet",
		Sources: []string{"https://github.com/prettier/eslint-config-prettier/issues/339",
			"https://github.com/dependabot/dependabot-core/issues/12765"},
	}, {
		Sample: Sample{
			Name:   "nx",
			Title:  "Update nx to 21.5.0",
			Story:  "A workflow that ran for pull requests of strangers leaked the publishing token; the attacker published with it, from elsewhere.",
			Branch: "renovate/nx-21.x",
			Head:   b.tree(main.update("nx@21.5.0")),
			Want:   Want{policy.Failure, []policy.RuleName{policy.RuleProvenanceLost, policy.RuleTooNew}},
		},
		Date:  "2025-08-26",
		Later: policy.Failure,
		Known: "the releases before were attested, this one was not",
		Silent: "install-script: nx always had a script postinstall, the attacker changed what it calls; " +
			"publisher-lost: nx published with a token and provenance, the trusted publisher came afterwards",
		Sources: []string{"https://github.com/nrwl/nx/security/advisories/GHSA-cxm3-wv7p-598c", "https://github.com/nrwl/nx/issues/32522"},
	}, {
		Sample: Sample{
			Name:   "chalk-debug",
			Title:  "Update chalk to 5.6.1 and debug to 4.4.2",
			Story:  "A maintainer was phished; the payload is in the code, nothing else about the releases is unusual.",
			Branch: "renovate/terminal",
			Head:   b.tree(main.update("chalk@5.6.1", "debug@4.4.2")),
			Want:   Want{policy.Success, []policy.RuleName{policy.RuleTooNew}},
		},
		Date:    "2025-09-08",
		Later:   policy.Success,
		Known:   "no provenance before either, an account that had published before, no script",
		Silent:  "everything but age; raise `too-new` to error to be stopped by it",
		Sources: []string{"https://github.com/chalk/chalk/issues/656", "https://github.com/debug-js/debug/issues/1005"},
	}, {
		Sample: Sample{
			Name:   "shai-hulud-2",
			Title:  "Update posthog-node to 5.13.3",
			Story:  "A worm published itself with every token that it found; it runs before the installation.",
			Branch: "renovate/posthog-node-5.x",
			Head:   b.tree(main.update("posthog-node@5.13.3")),
			Want:   Want{policy.Failure, []policy.RuleName{policy.RuleFreshAndOdd, policy.RuleInstallScript}},
		},
		Date:    "2025-11-24",
		Later:   policy.Success,
		Known:   "new script preinstall",
		Silent:  "provenance-lost: of the packages of this worm only some were attested before",
		Sources: []string{"https://github.com/PostHog/posthog-js/issues/2633", "https://status.posthog.com/incidents/kv3nj636f59c"},
	}, {
		Sample: Sample{
			Name:   "cline",
			Title:  "Update cline to 2.3.0",
			Story:  "A stolen token published the same files again, with one script more.",
			Branch: "renovate/cline-2.x",
			Head:   b.tree(main.update("cline@2.3.0")),
			Want:   Want{policy.Failure, []policy.RuleName{policy.RuleFreshAndOdd, policy.RuleInstallScript}},
		},
		Date:    "2026-02-17",
		Later:   policy.Success,
		Known:   "new script postinstall, the only change",
		Silent:  "provenance-lost: whether the releases before were attested is not in the sources",
		Sources: []string{"https://www.superagent.sh/blog/cline-incident-broken-security-model"},
	}, {
		Sample: Sample{
			Name:   "axios",
			Title:  "Update axios to 1.14.1",
			Story:  "The attacker took over a maintainer's account and published by hand; the only change is a new dependency, a day old, with a script.",
			Branch: "renovate/axios-1.x",
			Head:   b.tree(main.update("axios@1.14.1").with(dep.Prod, "plain-crypto-js@4.2.1")),
			Want: Want{policy.Failure, []policy.RuleName{policy.RuleFreshAndOdd, policy.RuleInstallScript, policy.RulePackageTooYoung,
				policy.RuleProvenanceAbsent, policy.RuleProvenanceLost, policy.RulePublisherLost, policy.RuleTooNew}},
		},
		Date:    "2026-03-31",
		Later:   policy.Failure,
		Known:   "the releases before came from a trusted publisher with provenance, this one from a person; plain-crypto-js was 18 hours old, its script 22 minutes",
		Silent:  "publisher-changed: the account had published axios before, only its e-mail address was another one",
		Sources: []string{"https://github.com/axios/axios/issues/10604", "https://www.stepsecurity.io/blog/axios-compromised-on-npm-malicious-versions-drop-remote-access-trojan"},
	}, {
		Sample: Sample{
			Name:   "tanstack",
			Title:  "Update @tanstack/react-router to 1.169.8",
			Story:  "The attacker's code ran inside the release workflow and published with its identity: the provenance is genuine. The run failed, and its publishing step was skipped.",
			Branch: "renovate/tanstack-router-monorepo",
			Head:   b.tree(main.update("@tanstack/history@1.161.12", "@tanstack/react-router@1.169.8", "@tanstack/router-core@1.169.8")),
			Want: Want{policy.Failure, []policy.RuleName{policy.RuleBurst, policy.RuleExoticSource, policy.RuleFreshAndOdd,
				policy.RuleRunSuspicious}},
		},
		Date:  "2026-05-11",
		Later: policy.Failure,
		Known: "valid provenance by the same repository, workflow and branch; an optional dependency by a git spec; tests failed and publishing was skipped in that run; " +
			"two versions of each package within six minutes",
		Silent: "provenance-lost, repository-changed, identity-changed: nothing was lost or changed; install-script: the script is in the git dependency",
		Sources: []string{"https://github.com/TanStack/router/issues/7383", "https://tanstack.com/blog/incident-followup",
			"https://slsa.dev/blog/2026/05/mini-shai-hulud-what-slsa-can-and-cannot-do"},
	}, {
		Sample: Sample{
			Name:   "antv",
			Title:  "Update @antv/g2, @antv/g6 and @antv/scale",
			Story:  "A worm published hundreds of packages with one account's token, and made valid provenance for them that is not of their repositories.",
			Branch: "renovate/antv-monorepo",
			Head:   b.tree(main.update("@antv/g2@5.5.8", "@antv/g6@5.2.1", "@antv/scale@0.6.2")),
			Want: Want{policy.Failure, []policy.RuleName{policy.RuleBurst, policy.RuleFreshAndOdd, policy.RuleInstallScript,
				policy.RuleSourceMismatch}},
		},
		Date:  "2026-05-19",
		Later: policy.Success,
		Known: "639 versions of 323 packages in minutes, new script preinstall, valid provenance for nearly all of them",
		Silent: "repository-changed: whether the releases before were attested is not in the sources. Neither is which repository the certificates named; " +
			"that it was another one is an assumption, and the verdict does not rest on it",
		Sources: []string{"https://github.com/antvis/G2/issues/7394", "https://github.com/hustcc/echarts-for-react/issues/625",
			"https://www.thecybersignal.com/shai-hulud-is-now-generating-valid-sigstore-provenance-badges-for-its-malicious-npm-packages/"},
	}}
	for i := range all {
		all[i].Main, all[i].Into = b.tree(main), []string{Main}
		all[i].Note = "A re-enactment of the attack of " + all[i].Date + ": names and versions are history; contents, accounts and hours are made up, and nothing here does any harm."
	}
	return all, b.err
}

// bystander is the project that depends on all of it, in the state before.
func (b *builder) bystander() project {
	p := project{builder: b, name: "bystander", version: "1.0.0",
		files: Tree{
			"README.md":      incidentReadme,
			"pyproject.toml": pyproject,
			uvLockPath:       uvLock("8.3.40"),
		},
		dependencies: map[dep.Scope]map[string]string{
			dep.Prod: {
				"@antv/g2":               "^5.4.7",
				"@antv/g6":               "^5.1.0",
				"@antv/scale":            ">=0.5.1",
				"@tanstack/react-router": "^1.169.2",
				"axios":                  "^1.14.0",
				"chalk":                  "^5.6.0",
				"debug":                  "^4.4.1",
				"posthog-node":           "^5.13.2",
			},
			dep.Dev: {
				"cline":                  "^2.2.3",
				"eslint-config-prettier": "^10.1.5",
				"nx":                     "^21.4.1",
			},
		}, locked: map[string]locked{}}
	p.lock(dep.Prod, "@antv/g2@5.4.7", "@antv/g6@5.1.0", "@antv/scale@0.5.1", "@tanstack/history@1.161.6",
		"@tanstack/react-router@1.169.2", "@tanstack/router-core@1.169.2", "axios@1.14.0", "chalk@5.6.0", "debug@4.4.1", "posthog-node@5.13.2")
	p.lock(dep.Dev, "cline@2.2.3", "eslint-config-prettier@10.1.5", "nx@21.4.1")
	return p
}

func incidentCatalogue() catalogue {
	var c catalogue
	for _, family := range []func() []item{
		eslintConfigPrettier, nx, chalkAndDebug, posthog, cline, axios, plainCryptoJS, tanstack, antv,
	} {
		c = append(c, family()...)
	}
	return c
}

// FailedBuilds are the builds of the incidents whose workflow run did not succeed: their
// tests failed, and the job that publishes was skipped.
func FailedBuilds() (out []sigstore.Build) {
	for _, i := range incidentCatalogue() {
		if i.stolen {
			out = append(out, *i.Build)
		}
	}
	return out
}

// enacted is a release of an incident. What it holds is made up.
func enacted(id string, dependencies ...string) npm.Release {
	return release(id, "A re-enactment: nothing in it is of the real package", dependencies...)
}

// scripted is a release with a script that runs at install time, and does nothing.
func scripted(script string, r npm.Release) npm.Release {
	r.Scripts = map[string]string{script: "echo this is a re-enactment"}
	return r
}

// attested is a release that a workflow built and published with a person's token.
func attested(person, repository, ref string, r npm.Release) npm.Release {
	r.Repository = "git+https://github.com/" + repository + ".git"
	r.Publisher = npm.Publisher{Name: person}
	r.Build = &sigstore.Build{Repository: repository, Ref: ref}
	return r
}

func eslintConfigPrettier() []item {
	const name, repository, person = "eslint-config-prettier", "prettier/eslint-config-prettier", "eslint-config-prettier-maintainer"
	good := func(version string) npm.Release {
		return attested(person, repository, "refs/heads/main", enacted(name+"@"+version))
	}
	return []item{
		{Release: good("10.1.1"), days: 129},
		{Release: good("10.1.2"), days: 98},
		{Release: good("10.1.5"), days: 70},
		{Release: uploaded(person, repository, scripted("install", enacted(name+"@10.1.6"))), ago: 5 * time.Hour},
		{Release: uploaded(person, repository, scripted("install", enacted(name+"@10.1.7"))), ago: 4 * time.Hour},
	}
}

func nx() []item {
	const repository, person = "nrwl/nx", "nx-maintainer"
	good := func(version string) npm.Release {
		return attested(person, repository, "refs/tags/"+version, scripted("postinstall", enacted("nx@"+version)))
	}
	return []item{
		{Release: good("21.3.0"), days: 44},
		{Release: good("21.3.11"), days: 23},
		{Release: good("21.4.0"), days: 9},
		{Release: good("21.4.1"), days: 6},
		{Release: uploaded(person, repository, scripted("postinstall", enacted("nx@21.5.0"))), ago: 3 * time.Hour},
	}
}

func chalkAndDebug() []item {
	const person = "chalk-and-debug-maintainer"
	chalk := func(version string) npm.Release {
		return uploaded(person, "chalk/chalk", enacted("chalk@"+version))
	}
	debug := func(version string) npm.Release {
		return uploaded(person, "debug-js/debug", enacted("debug@"+version))
	}
	return []item{
		{Release: chalk("5.5.0"), days: 35},
		{Release: chalk("5.6.0"), days: 21},
		{Release: chalk("5.6.1"), ago: 2 * time.Hour},
		{Release: debug("4.4.0"), days: 276},
		{Release: debug("4.4.1"), days: 117},
		{Release: debug("4.4.2"), ago: 2 * time.Hour},
	}
}

func posthog() []item {
	const repository, person = "PostHog/posthog-js", "posthog-maintainer"
	good := func(version string) npm.Release {
		return uploaded(person, repository, enacted("posthog-node@"+version))
	}
	return []item{
		{Release: good("5.13.0"), days: 8},
		{Release: good("5.13.1"), days: 6},
		{Release: good("5.13.2"), days: 4},
		{Release: scripted("preinstall", good("5.13.3")), ago: 2 * time.Hour},
	}
}

func cline() []item {
	const repository, person = "cline/cline", "cline-maintainer"
	good := func(version string) npm.Release {
		return uploaded(person, repository, enacted("cline@"+version))
	}
	return []item{
		{Release: good("2.2.1"), days: 12},
		{Release: good("2.2.2"), days: 8},
		{Release: good("2.2.3"), days: 5},
		{Release: scripted("postinstall", good("2.3.0")), ago: 6 * time.Hour},
	}
}

func axios() []item {
	const repository, person = "axios/axios", "axios-maintainer"
	good := func(version string) npm.Release { return built(repository, enacted("axios@"+version)) }
	return []item{
		// The account that was taken over had published with a token and provenance before.
		{Release: attested(person, repository, "refs/tags/v1.7.9", enacted("axios@1.7.9")), days: 480},
		{Release: good("1.13.5"), days: 51},
		{Release: good("1.13.6"), days: 32},
		{Release: good("1.14.0"), days: 4},
		{Release: uploaded(person, repository, enacted("axios@1.14.1", "plain-crypto-js ^4.2.1")), ago: 2 * time.Hour},
	}
}

func plainCryptoJS() []item {
	const person = "plain-crypto-js-publisher"
	return []item{
		{Release: uploaded(person, "brix/crypto-js", enacted("plain-crypto-js@4.2.0")), ago: 20 * time.Hour},
		{Release: uploaded(person, "brix/crypto-js", scripted("postinstall", enacted("plain-crypto-js@4.2.1"))), ago: 2*time.Hour + 22*time.Minute},
	}
}

// tanstackSetup is the git dependency that the attacker's releases ask for.
const tanstackSetup = "github:tanstack/router#79ac49eedf774dd4b0cfa308722bc463cfe5885c"

// tanstack publishes its packages together, each time. The attacker did so twice.
func tanstack() (out []item) {
	for _, outing := range []struct {
		router, history string
		days            int
		ago             time.Duration
		bad             bool
	}{
		{"1.168.22", "1.161.4", 25, 0, false},
		{"1.169.1", "1.161.5", 13, 0, false},
		{"1.169.2", "1.161.6", 6, 0, false},
		{"1.169.5", "1.161.9", 0, 46 * time.Minute, true},
		{"1.169.8", "1.161.12", 0, 40 * time.Minute, true},
	} {
		for _, r := range []npm.Release{
			enacted("@tanstack/history@" + outing.history),
			enacted("@tanstack/router-core@"+outing.router, "@tanstack/history "+outing.history),
			enacted("@tanstack/react-router@"+outing.router, "@tanstack/history "+outing.history, "@tanstack/router-core "+outing.router),
		} {
			r = built("TanStack/router", r)
			r.Build.Ref = "refs/heads/main"
			r.Build.Commit = sigstore.Commit("TanStack/router", outing.router) // one of its own for each release
			if outing.bad {
				r.OptionalDependencies = map[string]string{"@tanstack/setup": tanstackSetup}
			}
			out = append(out, item{Release: r, days: outing.days, ago: outing.ago, stolen: outing.bad})
		}
	}
	return out
}

func antv() (out []item) {
	const person = "antv-maintainer"
	for _, p := range []struct {
		name, repository string
		good             map[string]int // days ago, by version
		bad              string
		ago              time.Duration
	}{
		{"@antv/g2", "antvis/G2", map[string]int{"5.4.5": 120, "5.4.6": 88, "5.4.7": 61}, "5.5.8", 58 * time.Minute},
		{"@antv/g6", "antvis/G6", map[string]int{"5.0.50": 144, "5.0.51": 101, "5.1.0": 47}, "5.2.1", 55 * time.Minute},
		{"@antv/scale", "antvis/scale", map[string]int{"0.4.16": 700, "0.5.0": 410, "0.5.1": 366}, "0.6.2", 53 * time.Minute},
	} {
		for version, days := range p.good {
			out = append(out, item{Release: uploaded(person, p.repository, enacted(p.name+"@"+version)), days: days})
		}
		bad := scripted("preinstall", enacted(p.name+"@"+p.bad))
		bad = attested(person, "sietch-relay/harkonnen-stillsuit", "refs/heads/main", bad)
		bad.Repository = "git+https://github.com/" + p.repository + ".git"
		out = append(out, item{Release: bad, ago: p.ago})
	}
	return out
}

const uvLockPath = "uv.lock"

const incidentReadme = `# Bystander

A project that depends on packages that were attacked. Each pull request here brings in
one of those releases: a re-enactment, built after what was published about the attack.
Names and versions are history; contents, accounts and dates are made up, and nothing
here does any harm.
`

const pyproject = `[project]
name = "bystander"
version = "1.0.0"
requires-python = ">=3.12"
dependencies = ["ultralytics>=8.3.40"]
`

// uvLock is a lockfile of uv with one release of ultralytics. Its digest is made up.
func uvLock(version string) string {
	return strings.NewReplacer("VERSION", version, "DIGEST", strings.Repeat(sigstore.Commit("ultralytics", version)[:8], 8)).Replace(`version = 1
revision = 3
requires-python = ">=3.12"

[[package]]
name = "bystander"
version = "1.0.0"
source = { virtual = "." }
dependencies = [
    { name = "ultralytics" },
]

[package.metadata]
requires-dist = [{ name = "ultralytics", specifier = ">=8.3.40" }]

[[package]]
name = "ultralytics"
version = "VERSION"
source = { registry = "https://pypi.org/simple" }
wheels = [
    { url = "https://files.pythonhosted.org/packages/py3/u/ultralytics/ultralytics-VERSION-py3-none-any.whl", hash = "sha256:DIGEST", size = 898000 },
]
`)
}

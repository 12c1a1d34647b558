package config

import (
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
)

// Starter is a commented bonafide.yml to begin with: everything that can be set, with
// its default, and the given blocks for packages. ParsePolicy reads it as the defaults
// with those blocks.
func Starter(blocks []policy.PackageRule) string {
	d := policy.Default()
	var b strings.Builder
	line := func(setting, comment string) { fmt.Fprintf(&b, "%-32s # %s\n", setting, comment) }
	fmt.Fprintf(&b, "# yaml-language-server: $schema=%s\n", SchemaID)
	b.WriteString("# What Bonafide holds the lockfiles of this repository to. Commit it as .github/bonafide.yml on the base branch.\n" +
		"# What is written here are the defaults: every line but version may go. bonafide policy check reads it.\n\nversion: 1\n")
	line("mode: "+string(d.Mode), "enforce | observe: report everything, title says \"would fail\", never fail")
	line("on_unknown: "+string(d.OnUnknown), "fail | neutral: what to conclude when something could not be verified")
	line("comments: "+string(d.Comments), "off | errors | all: what gets review comments; all: warnings, too")
	line("publish: "+string(d.Publish), "off | verify: look at what the registry has after a release of this repository")
	b.WriteString("\nlockfiles:\n")
	line("  ignore: []", "globs of paths from the root, for example \"test/fixtures/**\"")
	b.WriteString("\nregistries:\n")
	line("  mirrors: []", "addresses that serve what the public registry has, for example \"https://mirror.example.com/npm/\"")
	line("  private: []", "scopes that nobody is asked about, for example \"@my-org\"")
	b.WriteString("\n")
	line("rules:", "error | warning | notice | off")
	for _, r := range policy.Rules() {
		if !r.Fixed {
			line(fmt.Sprintf("  %s: %s", r.Name, r.Default), r.Meaning)
		}
	}
	b.WriteString("\nprovenance:\n")
	line("  require: "+d.Require, "none | direct | new | all: whose absence is an error")
	line(fmt.Sprintf("  min_coverage: %g%%", d.MinCoverage), "share of a lockfile's packages that must have verified provenance")
	line(fmt.Sprintf("  max_coverage_drop: %g%%", d.MaxCoverageDrop), "by how many percentage points it may fall in one pull request")
	b.WriteString("\n")
	line("cooldown: "+policy.Days(d.Cooldown), "how old a release must be")
	line(fmt.Sprintf("accept: { by: %s, author: %v }", d.AcceptBy, d.AcceptAuthor), "who may accept a finding on a pull request: admin | maintain | write | nobody")
	b.WriteString("\n# Settings for some packages: require, identity, cooldown, rules. For each key the most specific block decides.\n")
	if len(blocks) > 0 {
		b.WriteString("# Identity pins: only releases that are proven to be built by these may come in. Review each.\n" + policy.PinsYAML(blocks))
	} else {
		b.WriteString("packages:\n" +
			"#  - match: \"npm:@my-org/*\"\n#    require: all\n#    identity: { repository: github.com/my-org/*, workflow: .github/workflows/release.yml, ref: refs/tags/* }\n")
	}
	b.WriteString("\n# Findings that somebody with a name accepts, until a date.\nexceptions:\n" +
		"#  - package: \"npm:esbuild@>=0.21 <1\"\n#    rules: [install-script]\n#    reason: downloads its platform binary\n#    owner: \"@my-org/security\"\n#    expires: 2027-03-01\n")
	return b.String()
}

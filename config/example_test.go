package config

// designExample is the policy file that the documentation shows, with every rule
// that there is.
const designExample = `version: 1
mode: enforce                    # enforce | observe: report everything, title says "would fail", never fail
lockfiles: { ignore: ["test/fixtures/**"] }
on_unknown: fail                 # fail | neutral: what to conclude when something could not be verified
rules:                           # error | warning | notice | off
  digest-mismatch: error         # lockfile, registry and attestation disagree
  repinned: error                # same version, other digest or source (not: a digest added or strengthened)
  signature-missing: error       # the registry publishes keys, this release is not signed
  signature-invalid: error
  provenance-invalid: error      # provenance or publish attestation
  provenance-missing: error      # announced by the registry, not there
  provenance-lost: error         # the replaced version, or its release line, had it
  publisher-lost: error          # trusted publisher before, not now
  repository-changed: error      # the certificate names another repository and another owner (by id) than before
  identity-changed: warning      # another workflow, kind of ref, trigger, runner, signer or publisher configuration; a renamed or moved repository
  source-mismatch: warning       # the certificate's repository is not the one the package declares
  name-invalid: error            # a name or version no registry would accept, look-alike or hidden characters
  integrity-lost: error          # the base had a (stronger) digest for this package
  integrity-missing: warning     # a new registry entry without a digest that can be compared
  exotic-source: error           # new git, URL or file source; a tarball URL that is not the registry's for that name and version. The npm registry's public
                                 # names (npm's and yarn's) are one; --npm-registry says where evidence is fetched and makes no public URL exotic
  known-malware: error           # on a malware list (GitHub's advisories of type malware)
  fresh-and-odd: error           # younger than the cooldown and: install script, changed identity or publisher, source mismatch, suspicious run, or burst
  lockfile-removed: error        # the lockfile went, its manifest stayed
  unsupported-lockfile: warning  # a lockfile of an ecosystem that is not read yet; listed as not looked at
  install-script: warning        # a script runs at install time, and did not before
  too-new: warning               # younger than cooldown
  run-suspicious: warning        # the workflow run named by the provenance failed, or its commit is on no branch or tag
  # the whole list with defaults: ` + "`bonafide policy init`" + `, docs/rules.md
provenance:
  require: none                  # none | direct | new | all: whose absence is an error
  min_coverage: 0%               # share of the lockfile's packages with verified provenance
  max_coverage_drop: 100%
cooldown: 3d
accept: { by: maintain, author: false }   # who may accept a finding on a pull request: admin | maintain | write | nobody
packages:                        # the most specific match wins
  - match: "npm:@my-org/*"
    require: all
    identity: { repository: github.com/my-org/*, workflow: .github/workflows/release.yml, ref: refs/tags/* }
exceptions:
  - package: "npm:esbuild@>=0.21 <1"
    rules: [install-script]
    reason: downloads its platform binary
    owner: "@my-org/security"
    expires: 2027-03-01
`

package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
)

// SchemaID is the address under which editors find the JSON Schema of the policy file.
const SchemaID = "https://raw.githubusercontent.com/bonafide-app/bonafide/main/config/bonafide.schema.json"

// Schema is the JSON Schema (draft 2020-12) of a bonafide.yml, for editors. It is
// made from the same table of rules that judges; ParsePolicy is stricter in the
// values of patterns. bonafide.schema.json beside this file is its output.
func Schema() ([]byte, error) { return encoded(schema()) }

func encoded(schema object) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(schema); err != nil {
		return nil, fmt.Errorf("encode a schema: %w", err)
	}
	return out.Bytes(), nil
}

// object is a JSON object; encoding/json sorts its keys, so that the output is stable.
type object map[string]any

func schema() object {
	rules, own, names := object{}, object{}, []string{}
	for _, r := range policy.Rules() {
		if r.Fixed {
			continue
		}
		rules[string(r.Name)] = object{"$ref": "#/$defs/severity", "default": r.Default, "description": r.Meaning}
		if r.AboutFiles() {
			continue
		}
		own[string(r.Name)] = object{"$ref": "#/$defs/severity", "description": r.Meaning}
		names = append(names, string(r.Name))
	}
	d := policy.Default()
	block := mapping("A block: needs one key beside match.", object{
		"match":    packageName(),
		"require":  need(""),
		"cooldown": duration("How old a release of these packages must be.", ""),
		"rules":    object{"allOf": []any{mapping("How much rules weigh for these packages.", own), object{"minProperties": 1}}},
		"identity": object{"allOf": []any{mapping("Who must have built the package, by verified provenance: without it the pin is violated, too. What is not listed may be anything.", object{
			"issuer":     text("The OIDC issuer, exactly: https://token.actions.githubusercontent.com."),
			"repository": text("A glob of the source repository without a scheme, in upper or lower case: github.com/my-org/*."),
			"workflow":   text("A glob of the path of the workflow that was started: .github/workflows/release.yml."),
			"ref":        text("A glob of the ref in full: refs/tags/*. At its end, * stands for names with slashes, too."),
		}), object{"minProperties": 1}}},
	})
	block["minProperties"] = 2
	s := mapping("The rules that Bonafide holds a repository's lockfiles to.", object{
		"version": object{"const": 1, "description": "The version of this format."},
		"extends": object{"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,98}/[A-Za-z0-9._-]{1,100}$",
			"description": "OWNER/REPO, of the same owner: the policy file at the tip of its default branch is what this one starts from. Settings and rules replace its own one by one; packages and exceptions are added."},
		"enforce": enforceSchema(rules, names),
		"mode": oneOf("enforce: a finding that weighs error fails the check. observe: everything is reported, the title says \"would fail\", and no finding fails it; a lockfile that cannot be read, or an error in this file, does. Begin with observe where a new gate would be in the way.",
			string(d.Mode), "enforce", "observe"),
		"on_unknown": oneOf("What to conclude where signature, provenance or digest of something that enters could not be found out, after asking again for a while. fail: action required. neutral: GitHub lets it pass as a required check, so choose it only where an unverified package may be merged. What is known weighs as ever.", string(d.OnUnknown), "fail", "neutral"),
		"comments":   oneOf("What is commented on in a pull request, beside the check, which says everything: nothing (off), errors, errors and warnings (all), and then whatever publish-workflow finds. Never other notices, and never what could not be verified. With off, what was posted before is still marked as resolved when it is.", string(d.Comments), "off", "errors", "all"),
		"publish":    oneOf("What is done after a release of the repository itself, or the push of a tag that names a version. verify: the App waits until the registry has the version, verifies it, and says in a check of the tagged commit, bonafide release, whether this repository's workflow built it from there. It judges no pull request. off: nothing.", string(d.Publish), "off", "verify"),
		"lockfiles": orNull(mapping("Which lockfiles are looked at.", object{
			"ignore": orNull(list("Globs of lockfile paths that are left alone, from the repository's root: * stands for anything but /, ** for any folders. The check lists them as ignored.", pattern())),
		})),
		"registries": orNull(registriesSchema("Where packages come from, beside what the operator says.", scopePattern)),
		"rules":      orNull(mapping("How much each rule weighs: error fails the check, warning and notice do not, off silences the rule for the whole repository. What is not listed keeps its default.", rules)),
		"provenance": orNull(mapping("Whose provenance is required, and how many packages must have it.", object{
			"require":           need(d.Require),
			"min_coverage":      percentageOf("The share of a changed lockfile's packages that must have verified provenance, of those that a public or configured registry answers for: 0% to 100%.", d.MinCoverage),
			"max_coverage_drop": percentageOf("By how many percentage points that share may fall in one pull request.", d.MaxCoverageDrop),
		})),
		"cooldown": duration("How old what enters must be, in days and hours: 3d, 36h, 1d12h. Younger releases and packages are a warning, and an error where something else is unusual, too (fresh-and-odd). The first fix of a known advisory need not wait. 0d switches off what goes by age.", policy.Days(d.Cooldown)),
		"accept": orNull(mapping("Who may accept a finding on a pull request.", object{
			"by":     oneOf("The permission in the repository that is enough; nobody: there are no acceptances.", d.AcceptBy, "admin", "maintain", "write", "nobody"),
			"author": object{"type": "boolean", "default": d.AcceptAuthor, "description": "Whether whoever opened the pull request may accept on it, with that permission."},
		})),
		"packages": orNull(list("Settings for some packages. For each key the most specific block that sets it decides: a whole name before a glob, then the longer beginning of a name, then one version before a range, then the later block.", required(block, "match"))),
		"exceptions": orNull(list("Findings that somebody with a name accepts until a date. They stay visible, struck through, and do not weigh.", required(mapping("An exception.", object{
			"package":   packageName(),
			"integrity": text("The lockfile's digest of the release: sha512-…. With it, the exception is for these bytes alone."),
			"rules": object{"type": "array", "minItems": 1, "items": object{"enum": names},
				"description": "The rules whose findings are accepted. " + graveList() + " need one version in package, and integrity."},
			"reason":  text("Why the findings are fine. The check shows it."),
			"owner":   text("Who answers for it: a person, a team."),
			"expires": object{"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "The last day on which it holds (UTC), like 2027-03-01."},
		}), "package", "rules", "reason", "owner", "expires"))),
	})
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = SchemaID
	s["title"] = "bonafide.yml"
	s["required"] = []string{"version"}
	s["$defs"] = object{"severity": object{"enum": []policy.Severity{policy.Error, policy.Warning, policy.Notice, policy.Off}}}
	return s
}

// enforceSchema is an organisation's floor.
func enforceSchema(rules object, names []string) object {
	return orNull(mapping("In the policy file of the owner's .github repository alone: what every repository of the owner holds to at least. Repositories can be stricter, never laxer.", object{
		"mode":       oneOf("enforce: no repository may only observe.", "enforce", "enforce", "observe"),
		"on_unknown": oneOf("fail: no repository may let pass what could not be verified.", "fail", "fail", "neutral"),
		"rules":      orNull(mapping("How much these rules weigh at least.", atLeast(rules))),
		"provenance": orNull(mapping("Whose provenance is required at least.", object{
			"require":           need(""),
			"min_coverage":      percentageOf("The least that a repository can ask for."),
			"max_coverage_drop": percentageOf("The most that a repository can allow."),
		})),
		"cooldown": object{"type": "string", "pattern": "^([0-9]{1,4}d([0-9]{1,5}h)?|[0-9]{1,5}h)$", "description": "The shortest cooldown that a repository can have."},
		"accept": orNull(mapping("Who may accept a finding on a pull request at most.", object{
			"by":     oneOf("The least permission that is enough; nobody: there are no acceptances.", "", "admin", "maintain", "write", "nobody"),
			"author": object{"type": "boolean", "description": "false: the author's own acceptance never counts."},
		})),
		"lockfiles": orNull(mapping("Which lockfiles repositories may ignore; none where this is left out.", object{
			"ignore": orNull(list("A lockfile is ignored only where one of these globs matches, too; ** alone leaves it to the repositories.", pattern())),
		})),
		"registries": orNull(registriesSchema("Which mirrors and private scopes repositories may list; none where this is left out.", "^@([a-z0-9~-][a-z0-9._~-]*|\\*)$")),
		"packages":   object{"$ref": "#/properties/packages", "description": "Blocks that hold beside the repositories' own, whatever those say."},
		"exceptions": orNull(mapping("What exceptions and acceptances of repositories may be for.", object{
			"rules":    orNull(list("The enforced rules that may be excepted; none where this is left out.", object{"enum": names})),
			"max_days": object{"type": "integer", "minimum": 1, "maximum": maxExceptionDays, "description": "How many days from now an exception may run."},
		})),
	}))
}

const scopePattern = "^@[a-z0-9~-][a-z0-9._~-]*$"

func registriesSchema(description, scopes string) object {
	scope := text("A scope: @my-org.")
	scope["pattern"] = scopes
	mirror := text("An address: https://mirror.example.com/npm/.")
	mirror["pattern"] = "^https://"
	return mapping(description, object{
		"mirrors": orNull(list("Addresses of registries that serve what the public one has: it is asked about what comes from them, and its evidence counts where the lockfile's digest is the registry's.", mirror)),
		"private": orNull(list("Scopes whose packages nobody is asked about; they count as packages without evidence.", scope)),
	})
}

// atLeast are the rules without their defaults: a floor has none.
func atLeast(rules object) object {
	out := object{}
	for name, r := range rules {
		out[name] = object{"$ref": "#/$defs/severity", "description": r.(object)["description"]}
	}
	return out
}

func mapping(description string, properties object) object {
	return object{"type": "object", "description": description, "properties": properties, "additionalProperties": false}
}

func required(o object, keys ...string) object {
	o["required"] = keys
	return o
}

func list(description string, items object) object {
	return object{"type": "array", "description": description, "items": items}
}

// orNull lets the value be left out behind its key.
func orNull(o object) object {
	o["type"] = []any{o["type"], "null"}
	return o
}

func oneOf(description, preset string, words ...string) object {
	o := object{"enum": words, "description": description}
	if preset != "" {
		o["default"] = preset
	}
	return o
}

func duration(description, preset string) object {
	o := object{"type": "string", "pattern": "^([0-9]{1,4}d([0-9]{1,5}h)?|[0-9]{1,5}h)$", "description": description}
	if preset != "" {
		o["default"] = preset
	}
	return o
}

// graveList names the rules whose exceptions need a version and a digest.
func graveList() string {
	var names []string
	for _, r := range policy.Rules() {
		if policy.Grave(r.Name) {
			names = append(names, string(r.Name))
		}
	}
	return strings.Join(names, ", ")
}

func need(preset string) object {
	return oneOf("Whose absence of provenance is an error: nobody's (none); that of direct dependencies that change (direct), of everything that a change brings in (new), of every package of a changed lockfile (all).", preset, "none", "direct", "new", "all")
}

func text(description string) object {
	return object{"type": "string", "minLength": 1, "maxLength": MaxText, "description": description}
}

func pattern() object { return text("A glob, for example test/fixtures/**.") }

func packageName() object {
	o := text("Which packages, by their real name: npm:NAME, npm:@SCOPE/*, npm:* for all; with a version or a range behind @ if wanted: npm:esbuild@>=0.21 <1.")
	o["pattern"] = "^npm:."
	return o
}

func percentageOf(description string, preset ...float64) object {
	o := object{"type": "string", "pattern": "^(100(\\.0{1,3})?|[0-9]{1,2}(\\.[0-9]{1,3})?) ?%$", "description": description}
	for _, p := range preset {
		o["default"] = fmt.Sprintf("%g%%", p)
	}
	return o
}

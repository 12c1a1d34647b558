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
func Schema() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(schema()); err != nil {
		return nil, fmt.Errorf("encode the schema of the policy file: %w", err)
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
		"mode": oneOf("enforce fails the check; observe reports everything, says \"would fail\" and never fails because of a finding.",
			string(d.Mode), "enforce", "observe"),
		"on_unknown": oneOf("What to conclude when signature, provenance or digest could not be verified.", string(d.OnUnknown), "fail", "neutral"),
		"lockfiles": orNull(mapping("Which lockfiles are looked at.", object{
			"ignore": orNull(list("Globs of lockfile paths that are left alone, from the repository's root; ** stands for any folders.", pattern())),
		})),
		"rules": orNull(mapping("How much each rule weighs. What is not listed keeps its default.", rules)),
		"provenance": orNull(mapping("Whose provenance is required, and how many packages must have it.", object{
			"require":           need(d.Require),
			"min_coverage":      percentageOf("The share of a changed lockfile's packages that must have verified provenance, of those that a public or configured registry answers for."),
			"max_coverage_drop": percentageOf("By how many percentage points that share may fall in one pull request."),
		})),
		"cooldown": duration("How old a release must be, in days and hours: 3d, 36h, 1d12h.", "3d"),
		"accept": orNull(mapping("Who may accept a finding on a pull request (accepted, but not possible yet).", object{
			"by":     oneOf("The permission that is enough.", d.AcceptBy, "admin", "maintain", "write", "nobody"),
			"author": object{"type": "boolean", "default": d.AcceptAuthor, "description": "Whether the pull request's author may."},
		})),
		"packages": orNull(list("Settings for some packages. For each key the most specific block that sets it decides: a whole name before a glob, then the longer beginning of a name, then one version before a range, then the later block.", required(block, "match"))),
		"exceptions": orNull(list("Findings that somebody with a name accepts until a date. They stay visible, struck through, and do not weigh.", required(mapping("An exception.", object{
			"package":   packageName(),
			"integrity": text("The lockfile's digest of the release: sha512-…. With it, the exception is for these bytes alone."),
			"rules": object{"type": "array", "minItems": 1, "items": object{"enum": names},
				"description": "The rules whose findings are accepted. " + graveList() + " need one version in package, and integrity."},
			"reason":  text("Why."),
			"owner":   text("Who answers for it."),
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
		"packages": object{"$ref": "#/properties/packages", "description": "Blocks that hold beside the repositories' own, whatever those say."},
		"exceptions": orNull(mapping("What exceptions and acceptances of repositories may be for.", object{
			"rules":    orNull(list("The enforced rules that may be excepted; none where this is left out.", object{"enum": names})),
			"max_days": object{"type": "integer", "minimum": 1, "maximum": maxExceptionDays, "description": "How many days from now an exception may run."},
		})),
	}))
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

func percentageOf(description string) object {
	return object{"type": "string", "pattern": "^(100(\\.0{1,3})?|[0-9]{1,2}(\\.[0-9]{1,3})?) ?%$", "description": description}
}

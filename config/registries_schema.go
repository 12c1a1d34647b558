package config

// RegistriesSchemaID is the address under which editors find the JSON Schema of the file of
// --registries.
const RegistriesSchemaID = "https://raw.githubusercontent.com/bonafide-app/bonafide/main/config/registries.schema.json"

// RegistriesSchema is the JSON Schema (draft 2020-12) of the file of --registries, for editors.
// registries.schema.json beside this file is its output.
func RegistriesSchema() ([]byte, error) {
	scope := text("A scope: @my-org.")
	scope["pattern"] = scopePattern
	s := registriesSchema("The registries that Bonafide goes by beside --npm-registry.", scopePattern)
	properties := s["properties"].(object)
	properties["version"] = object{"const": 1, "description": "The version of this format."}
	properties["registries"] = orNull(list("Registries that are asked for what comes from them.", required(mapping("A registry.", object{
		"url":        text("Its address, https; http only on this machine."),
		"scopes":     orNull(list("Scopes whose packages come from it, also where lockfile and settings say nothing.", scope)),
		"token_file": text("A file with the token that is sent to this registry alone; a path from this file's folder."),
		"keys_file":  text("A file with the keys that it signs with, as it answers at /-/npm/v1/keys. Without it, its packages need no signature."),
	}), "url")))
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = RegistriesSchemaID
	s["title"] = "Bonafide's registries"
	s["required"] = []string{"version"}
	return encoded(s)
}

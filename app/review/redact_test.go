package review

import (
	"strings"
	"testing"
)

func TestSecretsOfSettingsAreNotShown(t *testing.T) {
	const secret = "hunter2"
	for _, line := range []string{
		"_authToken=" + secret, "//registry.npmjs.org/:_authToken=" + secret, "//npm.example/:_password = \"" + secret + "\"", "_auth=" + secret, "//h/:_other=" + secret,
		"npmAuthToken: " + secret, "  npmAuthIdent: \"me:" + secret + "\"", "\"npmAuthToken\": " + secret, "token = \"" + secret + "\"", "x = { url = \"https://a\", password = \"" + secret + "\" }",
		"registry=https://me:" + secret + "@npm.example/", "registry=https://" + secret + "@npm.example/", "registry=https://npm.example/?token=" + secret, secret, "key=" + secret,
		"registry=//me:" + secret + "@npm.example/", "registry=https://me:p@" + secret + "@npm.example/", "https-proxy=me:" + secret + "@proxy:80",
		"\"//npm.example/:_authToken\" \"" + secret + "\"", "_authToken " + secret, "npmAuthToken: ${TOKEN:-" + secret + "}", "_authToken=${TOKEN}" + secret,
		"abcd-" + secret + "-efgh", "    " + secret + secret + "==", "headers: { authorization: 'Bearer " + secret + "' }", "x: Basic " + secret, "const apiKey = '" + secret + "'",
		"npmRegistries: { \"//r\": { npmAuthIdent: 'me:" + secret + "' } }", "\"@org\" = { token = \"$token\", url = \"https://me:" + secret + "@r\" }", "key=\"-----BEGIN PRIVATE KEY-----\\n" + secret + "\"",
		"note: ghp_0123456789" + secret + secret, "a: npm_0123456789" + secret + secret,
	} {
		if got := withoutSecrets(line); strings.Contains(got, secret) {
			t.Errorf("%s is shown as %s", line, got)
		}
	}
	for _, line := range []string{
		"registry=https://npm.example:8443/@acme/x/", "@acme:registry=https://npm.example/", "//npm.example/:_authToken=${NPM_TOKEN}", "npmAuthToken: \"${NPM_TOKEN-}\"", "always-auth=true",
		"token = \"$npm_token\"", "enableScripts: false", "- evil", "ignore-scripts=false",
		"yarn-path \".yarn/releases/yarn.cjs\"", "--install.frozen-lockfile true", "always-auth true", "//r/:tokenHelper=/usr/bin/evil", "save-prefix=~", "checksumBehavior: update",
	} {
		if got := withoutSecrets(line); got != line {
			t.Errorf("%s is shown as %s", line, got)
		}
	}
}

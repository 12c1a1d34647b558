package dep

import "testing"

func TestAddressesAreShownWithoutSecrets(t *testing.T) {
	for in, want := range map[string]string{
		"": "",
		"https://registry.npmjs.org/@acme/a/-/a-1.0.0.tgz":              "https://registry.npmjs.org/@acme/a/-/a-1.0.0.tgz",
		"https://registry.yarnpkg.com/a/-/a-1.0.0.tgz#0123456789abcdef": "https://registry.yarnpkg.com/a/-/a-1.0.0.tgz#0123456789abcdef",
		"git+ssh://git@github.com/acme/a.git#0123456789abcdef":          "git+ssh://git@github.com/acme/a.git#0123456789abcdef",
		"git@github.com:acme/a.git":                                     "git@github.com:acme/a.git",
		"file:../a@1.0.0.tgz":                                           "file:../a@1.0.0.tgz",
		"https://esm.sh/preact@10.0.0?dev&pin=v99&exports=tokenize":     "https://esm.sh/preact@10.0.0?dev&pin=v99&exports=tokenize",
		"@acme/a@1.0.0": "@acme/a@1.0.0",
		"a@patch:a@npm%3A1.0.0#./a.patch::version=1.0.0&hash=abc&locator=x%40workspace": "a@patch:a@npm%3A1.0.0#./a.patch::version=1.0.0&hash=abc&locator=x%40workspace",

		"https://hunter2@example.com/a.tgz":                  "https://example.com/a.tgz",
		"https://me:hunter2@example.com:8443/a@1.tgz":        "https://example.com:8443/a@1.tgz",
		"https://me:hun@ter2@example.com/a.tgz":              "https://example.com/a.tgz",
		"https://registry.npmjs.org@evil.example/a.tgz":      "https://evil.example/a.tgz",
		"https://git:hunter2@example.com/a.git":              "https://example.com/a.git",
		"git+https://hunter2:x-oauth-basic@github.com/a/b#1": "git+https://github.com/a/b#1",
		"a@git+https://hunter2@github.com/a/b.git":           "a@git+https://github.com/a/b.git",
		"//me:hunter2@example.com/a.tgz":                     "//example.com/a.tgz",
		"https:/me:hunter2@example.com/a.tgz":                "https:/example.com/a.tgz",
		"https:me:hunter2@example.com/a.tgz":                 "https:example.com/a.tgz",
		`HTTPS:\\me:hunter2@example.com/a.tgz`:               `HTTPS:\\example.com/a.tgz`,
		"https://a:hunter2@b/c and https://d:hunter2@e/f":    "https://b/c and https://e/f",

		"https://example.com/a.tgz?token=hunter2":                          "https://example.com/a.tgz?token=…",
		"https://example.com/a.tgz?v=1&Private_Token=hunter2&v=2#c":        "https://example.com/a.tgz?v=1&Private_Token=…&v=2#c",
		"https://s3.example/a?X-Amz-Credential=hunter2&X-Amz-Signature=h2": "https://s3.example/a?X-Amz-Credential=…&X-Amz-Signature=…",
		"https://blob.example/a?sp=r&sig=hunter2%3D":                       "https://blob.example/a?sp=r&sig=…",
		"https://example.com/a.tgz#access_token=hunter2":                   "https://example.com/a.tgz#access_token=…",
		"https://example.com/npm_0123456789abcdefghijklmnop/a.tgz":         "https://example.com/npm_…/a.tgz",
		"https://example.com/a?x=ghp_0123456789abcdefghijklmnop":           "https://example.com/a?x=ghp_…",
		"https://example.com/eyJhbGciOiJIUzI1NiJ9.eyJhIjoiYiJ9.sig/a":      "https://example.com/eyJ…/a",

		"patch:a@npm%3A1.0.0%3A%3A__archiveUrl=https%253A%252F%252Fme%253Ahunter2%2540evil.example%252Fa.tgz#./p": "patch:a@npm%3A1.0.0%3A%3A__archiveUrl=https%253A%252F%252Fevil.example%252Fa.tgz#./p",
		"a@npm:1.0.0::__archiveUrl=https%3A%2F%2Fhost%2Fa.tgz%3Ftoken%3Dhunter2":                                  "a@npm:1.0.0::__archiveUrl=https%3A%2F%2Fhost%2Fa.tgz%3Ftoken%3D…",
	} {
		got := WithoutSecrets(in)
		if got != want {
			t.Errorf("%q is shown as %q, not as %q", in, got, want)
		}
		if again := WithoutSecrets(got); again != got {
			t.Errorf("%q is changed again, to %q", got, again)
		}
	}
}

// FuzzWithoutSecrets holds that nothing is changed twice: a report that was read back has
// the addresses, and the fingerprints that are made of them, that it had before.
func FuzzWithoutSecrets(f *testing.F) {
	f.Add("https://me:hunter2@example.com/a?token=b&c=d")
	f.Add("https:https:a@b@c")
	f.Add("a::key=b%26key%3Dc://x@y")
	f.Fuzz(func(t *testing.T, s string) {
		once := WithoutSecrets(s)
		if twice := WithoutSecrets(once); twice != once {
			t.Errorf("%q becomes %q and then %q", s, once, twice)
		}
	})
}

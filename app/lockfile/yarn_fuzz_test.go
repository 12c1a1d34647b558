package lockfile

import (
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func FuzzParseYarn(f *testing.F) {
	for _, seed := range []string{
		"", "#", yarnV1Top, berryTop, yarnV1Top + berryTop,
		yarnV1Text(v1Release(`"x@npm:@s/a@^1", "@s/a@^1"`, "@s/a", "1.0.0", "name x", "dependencies:", `  b "^1"`, "optionalDependencies:", "  c latest") + v1Block("b@^1", "1.0.0", `resolved "`+tarball("b", "1.0.0")+sha1Fragment+`"`)),
		yarnV1Text(v1Block(`"own@file:./own"`, "1.0.0", "dependencies:", `  b "^1"`), v1Block(`"b@git+https://h/b.git"`, "1", `resolved "git+https://h/b.git`+sha1Fragment+`"`)),
		yarnV1Text(v1Block("a@^1, b@^1", "1.0.0")),
		strings.ReplaceAll(yarnV1Text(v1Block(`"a\u0040^1"`, "1.0.0", "integrity sha512-AAAA")), "\n", "\r\n"),
		yarnV1Top + "a@^1:\n  version \"1\"\n  x:\n    y true\n",
		"\xef\xbb\xbf" + yarnV1Top + "<<<<<<< x\n",
		berryText(berryOwn("r@workspace:.", "r@workspace:.", "dependencies:", "  a: ^1", `  b: "file:./b"`, "dependenciesMeta:", "  a:", "    optional: true"), berryRelease("a@npm:^1, x@npm:a@^1", "a", "1.0.0"),
			berryBlockText("a@patch:a@npm%3A^1#optional!builtin<compat/a>", "1.0.0", "a@patch:a@npm%3A1.0.0#optional!builtin<compat/a>::version=1.0.0&hash=1", "conditions: os=darwin")),
		berryText(berryBlockText("a@npm:^1", "1.0.1", "a@npm:1.0.0::__archiveUrl=https%3A%2F%2Fh%2Fa.tgz", "linkType: soft", "checksum: "+berrySum)),
		berryText(berryBlockText("b@file:./b::locator=r%40workspace%3A.", "1", "b@file:./b#./b::hash=1&locator=r%40workspace%3A."), berryBlockText("c@o/r", "1", "c@https://github.com/o/r.git#commit=1"), berryBlockText("d@jsr:1", "1", "d@jsr:1")),
		"__metadata:\n x: 0\n?", strings.Replace(berryText(berryRelease("a@npm:^1", "a", "1.0.0")), `"a@npm:^1":`, "? \"a@npm:^1\"\n:", 1),
	} {
		f.Add([]byte(seed))
	}
	addCorpus(f, "yarn.lock")
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, e := range checkFuzzed(t, "a/yarn.lock", data) {
			if e.Scope != dep.Prod || e.Location == "" || e.Package.Name == "" || e.Bundled || (e.Source == dep.Patch) != (e.Patch != "") && e.Patch != "" {
				t.Errorf("%+v", e)
			}
			for _, p := range e.Places {
				if p.As == "" {
					t.Errorf("%+v stands nowhere", e)
				}
			}
		}
	})
}

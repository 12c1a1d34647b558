package lockfile

import (
	"bytes"
	"errors"
	"io/fs"
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
		strings.Replace(berryText(berryRelease("a@npm:^1", "a", "1.0.0")), `"a@npm:^1":`, "? \"a@npm:^1\"\n:", 1),
	} {
		f.Add([]byte(seed))
	}
	c := openCorpus(f)
	names, err := fs.Glob(c, "hostile/*/*.yarn.lock")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		f.Add(c.read(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		entries, err := Parse("a/yarn.lock", data)
		if !bytes.Equal(before, data) {
			t.Fatal("the input was changed")
		}
		lines := 1 + bytes.Count(data, []byte("\n"))
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Detail == "" || e.Line < 0 || e.Line > lines {
				t.Fatalf("%#v", err)
			}
			if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 700+4*maxQuote {
				t.Errorf("not one short line: %q", err)
			}
			if len(entries) > 0 && e.Kind != Inconsistent {
				t.Errorf("%d entries with %v", len(entries), err)
			}
		}
		last := 0
		for _, e := range entries {
			if e.Line < 1 || e.Line > lines || e.Line < last || e.Source == "" || e.Scope != dep.Prod || e.Location == "" || e.Package.Name == "" || e.Bundled {
				t.Errorf("%+v", e)
			}
			last = e.Line
			if e.AliasUnasked && e.Alias == "" || e.Alias == e.Package.Name || len(e.Digests) > MaxDigests || len(e.Integrity) > MaxIntegrityBytes || (e.Source == dep.Patch) != (e.Patch != "") && e.Patch != "" {
				t.Errorf("%+v", e)
			}
			if (e.IntegrityError != "" || e.OwnDigest) && e.Digests != nil || e.Integrity != "" && e.IntegrityError == "" && !e.OwnDigest && e.Digests == nil {
				t.Errorf("digests: %+v", e)
			}
			for _, p := range e.Places {
				if p.As == "" {
					t.Errorf("%+v stands nowhere", e)
				}
			}
		}
		if changes := Diff(entries, entries); len(changes) > 0 {
			t.Errorf("a lockfile differs from itself: %q", summary(changes))
		}
	})
}

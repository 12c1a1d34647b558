package publish

import (
	"fmt"
	"strings"
	"testing"
)

// shown is a script's commands, one a line: its line, what is set before it, its words
// in bars, a question mark behind those that are computed.
func shown(script string) string {
	var b strings.Builder
	list, _ := commands(script)
	for _, c := range list {
		fmt.Fprintf(&b, "%d", c.Line)
		for _, e := range c.Env {
			fmt.Fprintf(&b, " %s=%s", e.Name, e.Value.Text)
		}
		for _, w := range c.Words {
			fmt.Fprintf(&b, " |%s|", w.Text)
			if w.Dynamic {
				b.WriteByte('?')
			}
		}
		for _, w := range c.Into {
			fmt.Fprintf(&b, " > %s", w.Text)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestCommandsOfAScript(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"nothing", "", ""},
		{"comments", "# npm publish\n  # more\n", ""},
		{"two lines", "npm ci\nnpm publish\n", "0 |npm| |ci|\n1 |npm| |publish|\n"},
		{"a list", "npm ci && npm test; npm publish || true", "0 |npm| |ci|\n0 |npm| |test|\n0 |npm| |publish|\n0 |true|\n"},
		{"a continued line", "npm publish \\\n  --access public\necho done", "0 |npm| |publish| |--access| |public|\n2 |echo| |done|\n"},
		{"a variable before", "NPM_CONFIG_PROVENANCE=true npm publish", "0 NPM_CONFIG_PROVENANCE=true |npm| |publish|\n"},
		{"a variable alone", "A=b\nnpm publish", "0 A=b\n1 |npm| |publish|\n"},
		{"quotes", `echo "npm publish" 'it'"'"'s' a\ b`, "0 |echo| |npm publish| |it's| |a b|\n"},
		{"a comment behind", "npm publish # --dry-run", "0 |npm| |publish|\n"},
		{"a hash within", "npm publish a#b", "0 |npm| |publish| |a#b|\n"},
		{"an expression", "npm publish --tag ${{ inputs.tag || 'a b' }} x", "0 |npm| |publish| |--tag| |${{ inputs.tag || 'a b' }}|? |x|\n"},
		{"an expression in quotes", `npm publish "${{ inputs.a == '"' }}"`, "0 |npm| |publish| |${{ inputs.a == '\"' }}|?\n"},
		{"if", "if npm view x; then\n  npm publish\nelse\n  echo no\nfi", "0 |npm| |view| |x|\n1 |npm| |publish|\n3 |echo| |no|\n"},
		{"for", "for p in a \"b c\"; do npm publish $p; done", "0 |npm| |publish| |$p|?\n"},
		{"case", "case $X in\n  a) npm publish ;;\n  *) echo no ;;\nesac", "1 |npm| |publish|\n2 |echo| |no|\n"},
		{"a group", "(cd a && npm publish)", "0 |cd| |a|\n0 |npm| |publish|\n"},
		{"a substitution", `V=$(npm pack --dry-run)` + "\nnpm publish", "0 |npm| |pack| |--dry-run|\n0 V=$(npm pack --dry-run)\n1 |npm| |publish|\n"},
		{"a file", "echo \"//r/:_authToken=${NPM_TOKEN}\" >> ~/.npmrc", "0 |echo| |//r/:_authToken=${NPM_TOKEN}|? > ~/.npmrc\n"},
		{"errors go elsewhere", "npm publish 2>&1 | tee log", "0 |npm| |publish|\n0 |tee| |log|\n"},
		{"a here-document", "cat <<EOF > a\nnpm publish\nEOF\nnpm test", "0 |cat| > a\n3 |npm| |test|\n"},
		{"a quote without an end", `npm publish "a`, "0 |npm| |publish| |a|\n"},
		{"a pattern", "npm publish ./*.tgz", "0 |npm| |publish| |./*.tgz|\n"},
	} {
		if got := shown(c.script); got != c.want {
			t.Errorf("%s: %q\ngot:\n%swant:\n%s", c.name, c.script, got, c.want)
		}
	}
}

func FuzzCommands(f *testing.F) {
	for _, s := range []string{
		"npm ci && npm publish", "a=$(b `c` \"$(d)\")", "cat <<A <<-B\nA\nB\n", "if a; then b; fi", "${{ x }}", "case a in b) c;; esac", "\\\n\"\\", "$((1))$(", ">&2<",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		list, _ := commands(script)
		lines := strings.Count(script, "\n")
		for _, c := range list {
			if c.Line < 0 || c.Line > lines {
				t.Fatalf("%q: a command at line %d", script, c.Line)
			}
			if len(c.Words) == 0 && len(c.Env) == 0 {
				t.Fatalf("%q: a command without words", script)
			}
		}
		if len(list) > maxCommands {
			t.Fatalf("%q: %d commands", script, len(list))
		}
	})
}

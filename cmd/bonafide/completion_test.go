package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// script is what the program prints for a shell.
func script(t *testing.T, shell string) string {
	t.Helper()
	status, out, stderr := command(t, "completion", shell)
	if status != exitPassed || out == "" {
		t.Fatalf("%s: status %d: %s", shell, status, stderr)
	}
	return out
}

func allSteps(t *testing.T) []step {
	t.Helper()
	parser, err := kong.New(&commands{}, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Bind(terminal{}))
	if err != nil {
		t.Fatal(err)
	}
	steps := stepsOf(parser.Model.Node, "")
	if len(steps) < 10 || len(steps[0].words) < 8 {
		t.Fatalf("%+v", steps)
	}
	return steps
}

// asking are, by shell, the programs that load a script and print, for each line, what it offers for
// the last word. The shells' own functions, which need somebody who types, are stood in for.
func asking() map[string]struct{ begin, ask string } {
	return map[string]struct{ begin, ask string }{
		"bash": {"", "COMP_WORDS=(@); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _bonafide; echo \"offers ${COMPREPLY[*]}\"\n"},
		"zsh": {"compdef() {}\ncompset() {}\n_files() {}\ncompadd() { shift; offers=(\"$@\") }\n_describe() { offers=(\"${found[@]%%:*}\") }\n",
			"words=(@); CURRENT=${#words}; offers=(); _bonafide; echo \"offers ${offers[*]}\"\n"},
		"fish": {"", "echo offers (complete -C (string join ' ' -- @) | string replace -r '\\t.*' '')\n"},
	}
}

// offered asks a shell what it offers for each line.
func offered(t *testing.T, shell string, lines [][]string) [][]string {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Skipf("skipped: %s is not on the path", shell)
	}
	var program strings.Builder
	a := asking()[shell]
	program.WriteString(a.begin + script(t, shell))
	for _, line := range lines {
		quoted := make([]string, len(line))
		for i, w := range line {
			quoted[i] = "'" + w + "'"
		}
		program.WriteString(strings.Replace(a.ask, "@", strings.Join(quoted, " "), 1))
	}
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Args = append(cmd.Args, map[string][]string{"bash": {"--norc", "--noprofile"}, "zsh": {"-f"}, "fish": {"--no-config"}}[shell]...)
	file := filepath.Join(t.TempDir(), "script")
	cmd.Args = append(cmd.Args, file)
	cmd.Dir = t.TempDir() // with no file in it
	if err := os.WriteFile(file, []byte(program.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v\n%s", shell, err, &stderr)
	}
	var all [][]string
	for line := range strings.Lines(string(out)) {
		if words := strings.Fields(line); len(words) > 0 && words[0] == "offers" {
			all = append(all, words[1:])
		}
	}
	if len(all) != len(lines) {
		t.Fatalf("%s: %d answers to %d lines\n%s", shell, len(all), len(lines), out)
	}
	return all
}

func TestEveryCommandAndFlagIsCompleted(t *testing.T) {
	var lines, wants [][]string
	for _, s := range allSteps(t) {
		at := append([]string{"bonafide"}, strings.Fields(s.path)...)
		ask := func(want []string, more ...string) {
			lines, wants = append(lines, append(slices.Clone(at), more...)), append(wants, want)
		}
		if len(s.words) > 0 {
			ask(strings.Fields(namesOf(s.words)), "")
		} else if !s.files {
			ask(nil, "")
		}
		ask(strings.Fields(namesOf(s.flags)), "--")
		for _, f := range s.flags {
			if len(f.values) > 0 {
				ask(f.values, f.name, "")
			} else if f.takes && !f.file {
				ask(nil, f.name, "")
			}
		}
	}
	for shell := range asking() {
		t.Run(shell, func(t *testing.T) {
			for i, got := range offered(t, shell, lines) {
				want := slices.Sorted(slices.Values(wants[i]))
				if slices.Sort(got); !slices.Equal(got, want) {
					t.Errorf("%q offers %q, not %q", lines[i], got, want)
				}
			}
		})
	}
}

func TestBashCompletesTheWordThatIsBegun(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"bonafide ver", "verify version"},
		{"bonafide audit --format c", "csv cyclonedx"},
		{"bonafide audit --format = c", "csv cyclonedx"}, // as bash takes --format=c apart
		{"bonafide audit --format =", "table json sarif markdown summary csv cyclonedx"},
		{"bonafide audit --rule publisher-l", "publisher-lost"},
		{"bonafide audit --offline --form", "--format"},
		{"bonafide policy explain --format j", "json"},
		{"bonafide completion $(touch${IFS}x)", ""},
	} {
		line := strings.Fields(tt.line)
		got := strings.Join(offered(t, "bash", [][]string{line})[0], " ")
		if got != tt.want {
			t.Errorf("%s offers %q, not %q", tt.line, got, tt.want)
		}
	}
}

// What a script is made of needs no quoting in any shell, and no script runs the program.
func TestCompletionScriptsAreOnlyWords(t *testing.T) {
	plain := regexp.MustCompile(`^-{0,2}[a-z][a-z0-9-]*$`)
	for _, s := range allSteps(t) {
		for _, w := range s.words {
			if !plain.MatchString(w.name) {
				t.Errorf("%q", w.name)
			}
		}
		for _, f := range s.flags {
			if !plain.MatchString(f.name) || slices.ContainsFunc(f.values, func(v string) bool { return !plain.MatchString(v) }) {
				t.Errorf("%+v", f)
			}
		}
	}
	for shell := range asking() {
		for line := range strings.Lines(script(t, shell)) {
			if strings.HasPrefix(strings.TrimSpace(line), "bonafide ") || strings.Contains(line, "(bonafide ") && !strings.HasPrefix(line, "#") {
				t.Errorf("%s runs the program: %s", shell, line)
			}
		}
	}
	if status, out, stderr := command(t, "completion", "tcsh"); status != exitUsage || out != "" || !strings.Contains(stderr, "bash") {
		t.Errorf("status %d: %s%s", status, out, stderr)
	}
}

package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/bonafide-app/bonafide/app/policy"
)

// completionCommand prints a script that knows every command and flag of this program. The
// script is static: it never runs the program, and asks nobody.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" placeholder:"SHELL" help:"The shell: ${enum}."`
}

// Help says how the script is loaded.
func (completionCommand) Help() string {
	return `Load it with one of these lines in the file that the shell reads at its start:

  bash   ~/.bashrc                      source <(bonafide completion bash)
  zsh    ~/.zshrc, after compinit       source <(bonafide completion zsh)
  fish   ~/.config/fish/config.fish     bonafide completion fish | source`
}

// Run prints the script.
func (c *completionCommand) Run(k *kong.Context, tty terminal) error {
	out := printer{w: tty.out}
	steps := stepsOf(k.Model.Node, "")
	switch c.Shell {
	case "bash":
		bashCompletion(&out, steps)
	case "zsh":
		zshCompletion(&out, steps)
	case "fish":
		fishCompletion(&out, steps)
	}
	return out.err
}

// step is what can follow one command.
type step struct {
	path  string // "policy check", "" for the program itself
	words []word // commands, or what its argument can be
	files bool   // its arguments are files, or may be
	flags []option
}

type word struct{ name, help string }

type option struct {
	word
	takes  bool     // a value follows
	values []string // that it can be, where they are few
	file   bool     // that it names
}

// stepsOf lists a command and those below it.
func stepsOf(n *kong.Node, path string) (out []step) {
	s := step{path: path}
	for _, c := range n.Children {
		if !c.Hidden {
			s.words = append(s.words, word{c.Name, c.Help})
		}
	}
	for _, a := range n.Positional {
		if a.Enum != "" {
			for _, value := range a.EnumSlice() {
				s.words = append(s.words, word{name: value})
			}
		} else if a.Name != "package" {
			s.files = true
		}
	}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			named := func(x option) bool { return x.name == "--"+f.Name }
			if slices.ContainsFunc(s.flags, named) {
				continue
			}
			x := option{word: word{"--" + f.Name, f.Help}, takes: !f.IsBool() && !f.IsCounter()}
			if f.Enum != "" {
				x.values = f.EnumSlice()
			}
			if _, ok := f.Target.Interface().([]ruleName); ok {
				for _, rule := range policy.Rules() {
					x.values = append(x.values, string(rule.Name))
				}
			}
			x.file = x.takes && slices.ContainsFunc([]string{"FILE", "DIR"}, func(p string) bool { return strings.Contains(f.PlaceHolder, p) })
			s.flags = append(s.flags, x)
		}
	}
	out = append(out, s)
	for _, c := range n.Children {
		if !c.Hidden {
			out = append(out, stepsOf(c, strings.TrimSpace(path+" "+c.Name))...)
		}
	}
	return out
}

// eachCommand visits the steps but the first, each with the path before its name: "policy
// check" as "policy" and "check".
func eachCommand(steps []step, each func(s step, before, name string)) {
	for _, s := range steps[1:] {
		i := strings.LastIndexByte(s.path, ' ')
		each(s, s.path[:max(i, 0)], s.path[i+1:])
	}
}

func bashCompletion(out *printer, steps []step) {
	out.printf(`# bash completion for bonafide: source <(bonafide completion bash)
_bonafide() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} at= words= i
    COMPREPLY=()
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$at ${COMP_WORDS[i]}" in
`)
	eachCommand(steps, func(s step, before, name string) { out.printf("        %q) at=%q ;;\n", before+" "+name, s.path) })
	out.printf("        esac\n    done\n    case \"$at $prev\" in\n")
	for _, s := range steps {
		for _, f := range s.flags {
			switch {
			case len(f.values) > 0:
				out.printf("    %q) words=%q ;;\n", s.path+" "+f.name, strings.Join(f.values, " "))
			case f.file:
				out.printf("    %q) return ;;\n", s.path+" "+f.name)
			case f.takes:
				out.printf("    %q) compopt +o default 2>/dev/null; return ;;\n", s.path+" "+f.name)
			}
		}
	}
	out.printf("    *)\n        if [[ $cur == -* ]]; then\n            case \"$at\" in\n")
	for _, s := range steps {
		out.printf("            %q) words=%q ;;\n", s.path, namesOf(s.flags))
	}
	out.printf("            esac\n        else\n            case \"$at\" in\n")
	for _, s := range steps {
		switch {
		case len(s.words) > 0:
			out.printf("            %q) words=%q ;;\n", s.path, namesOf(s.words))
		case !s.files:
			out.printf("            %q) compopt +o default 2>/dev/null; return ;;\n", s.path)
		}
	}
	out.printf(`            esac
        fi
        ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _bonafide bonafide
`)
}

func zshCompletion(out *printer, steps []step) {
	out.printf(`#compdef bonafide
# zsh completion for bonafide: source <(bonafide completion zsh)
_bonafide() {
    local cur=${words[CURRENT]} prev=${words[CURRENT-1]} at= word
    local -a found
    for word in "${(@)words[2,CURRENT-1]}"; do
        case "$at $word" in
`)
	eachCommand(steps, func(s step, before, name string) { out.printf("        %q) at=%q ;;\n", before+" "+name, s.path) })
	out.printf(`        esac
    done
    if [[ $cur == --*=* ]]; then
        prev=${cur%%%%=*}
        compset -P '*='
    fi
    case "$at $prev" in
`)
	for _, s := range steps {
		for _, f := range s.flags {
			switch {
			case len(f.values) > 0:
				out.printf("    %q) compadd -- %s; return ;;\n", s.path+" "+f.name, strings.Join(f.values, " "))
			case f.file:
				out.printf("    %q) _files; return ;;\n", s.path+" "+f.name)
			case f.takes:
				out.printf("    %q) return ;;\n", s.path+" "+f.name)
			}
		}
	}
	quote := func(w word) string {
		return " '" + strings.ReplaceAll(strings.TrimSuffix(w.name+":"+w.help, ":"), "'", `'\''`) + "'"
	}
	out.printf("    esac\n    if [[ $cur == -* ]]; then\n        case \"$at\" in\n")
	for _, s := range steps {
		out.printf("        %q) found=(", s.path)
		for _, f := range s.flags {
			out.printf("%s", quote(f.word))
		}
		out.printf(" ) ;;\n")
	}
	out.printf("        esac\n        _describe -o flag found\n        return\n    fi\n    case \"$at\" in\n")
	for _, s := range steps {
		switch {
		case len(s.words) > 0:
			out.printf("    %q) found=(", s.path)
			for _, w := range s.words {
				out.printf("%s", quote(w))
			}
			out.printf(" ); _describe command found ;;\n")
		case s.files:
			out.printf("    %q) _files ;;\n", s.path)
		}
	}
	out.printf(`    esac
}
if [[ ${funcstack[1]} == _bonafide ]]; then
    _bonafide "$@"
else
    compdef _bonafide bonafide
fi
`)
}

func fishCompletion(out *printer, steps []step) {
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }
	out.printf("# fish completion for bonafide: bonafide completion fish | source\ncomplete -c bonafide -f\n")
	for _, s := range steps {
		// The command is at hand where its own words were seen and those below it were not.
		at := "__fish_use_subcommand"
		if s.path != "" {
			var seen []string
			for name := range strings.FieldsSeq(s.path) {
				seen = append(seen, "__fish_seen_subcommand_from "+name)
			}
			at = strings.Join(seen, "; and ")
			if len(s.words) > 0 {
				at += "; and not __fish_seen_subcommand_from " + namesOf(s.words)
			}
		}
		if s.files {
			out.printf("complete -c bonafide -n %s -F\n", quote(at))
		}
		for _, w := range s.words {
			out.printf("complete -c bonafide -n %s -a %s -d %s\n", quote(at), w.name, quote(w.help))
		}
		for _, f := range s.flags {
			out.printf("complete -c bonafide -n %s -l %s -d %s", quote(at), strings.TrimPrefix(f.name, "--"), quote(f.help))
			switch {
			case len(f.values) > 0:
				out.printf(" -x -a %s", quote(strings.Join(f.values, " ")))
			case f.file:
				out.printf(" -r -F")
			case f.takes:
				out.printf(" -x")
			}
			out.printf("\n")
		}
	}
}

// namesOf joins the names with blanks.
func namesOf[W interface{ String() string }](words []W) string {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = w.String()
	}
	return strings.Join(names, " ")
}

func (w word) String() string { return w.name }

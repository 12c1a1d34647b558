// Package workflows holds the workflows of this repository to what keeps them from being a
// way in: pinned actions, least permissions, no caches, no outside text in scripts.
// actionlint checks the rest.
package workflows

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

type workflow struct {
	On          yaml.Node      `yaml:"on"`
	Permissions *permissions   `yaml:"permissions"`
	Jobs        map[string]job `yaml:"jobs"`
	Runs        struct {       // of a composite action
		Steps []step `yaml:"steps"`
	} `yaml:"runs"`
}

type job struct {
	Uses        string           `yaml:"uses"` // of a workflow
	Container   image            `yaml:"container"`
	Services    map[string]image `yaml:"services"`
	Permissions *permissions     `yaml:"permissions"`
	Environment string           `yaml:"environment"`
	Timeout     int              `yaml:"timeout-minutes"`
	Steps       []step           `yaml:"steps"`
}

type step struct {
	Name  string         `yaml:"name"`
	Uses  string         `yaml:"uses"`
	Run   string         `yaml:"run"`
	Shell string         `yaml:"shell"`
	With  map[string]any `yaml:"with"`
}

// image is written as its name alone, or with more.
type image struct {
	Image string `yaml:"image"`
}

func (i *image) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		i.Image = n.Value
		return nil
	}
	type plain image
	return n.Decode((*plain)(i))
}

type permissions map[string]string

// UnmarshalYAML refuses read-all and write-all, which grow with what GitHub adds.
func (p *permissions) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: permissions %q: name each", n.Line, n.Value)
	}
	return n.Decode((*map[string]string)(p))
}

// may says which permissions to write a job has, beside what every job may read.
func may(file, job string) []string {
	switch file + " " + job {
	case "release.yml publish":
		return []string{"attestations", "contents", "id-token"}
	case "release.yml image":
		return []string{"attestations", "id-token", "packages"}
	case "docs/action.md bonafide":
		return []string{"security-events"}
	}
	return nil
}

// faults of a workflow, or of a composite action where it has no jobs.
func faults(file, text string) (out []string) {
	fault := func(format string, args ...any) { out = append(out, file+": "+fmt.Sprintf(format, args...)) }
	uses, pinned := regexp.MustCompile(`^[\s-]*uses:\s*(.*)$`), regexp.MustCompile(`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for line := range strings.SplitSeq(text, "\n") {
		if m := uses.FindStringSubmatch(line); m != nil && !pinned.MatchString(m[1]) && !strings.HasPrefix(m[1], "bonafide-app/bonafide@") {
			fault("%q is not pinned by a whole commit with its version", m[1])
		}
	}
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		fault("%v", err)
		return out
	}
	for _, s := range w.Runs.Steps {
		if strings.Contains(s.Run, "${{") {
			fault("a script has an expression in it: give it by env")
		}
	}
	if len(w.Jobs) == 0 {
		return out
	}
	for _, event := range events(&w.On) {
		if event == "pull_request_target" || event == "workflow_run" {
			fault("%s runs with the rights of main what others wrote", event)
		}
	}
	if w.Permissions == nil {
		fault("no permissions at the top")
	} else {
		for name, access := range *w.Permissions {
			if access != "read" && access != "none" {
				fault("%s: %s at the top: give it to the one job that needs it", name, access)
			}
		}
	}
	for name, j := range w.Jobs {
		if j.Timeout == 0 {
			fault("%s: no timeout", name)
		}
		if j.Uses != "" {
			fault("%s: a workflow of elsewhere, whose steps nobody here looks at", name)
		}
		for _, i := range append(slices.Collect(maps.Values(j.Services)), j.Container) {
			if i.Image != "" && !byDigest.MatchString(i.Image) {
				fault("%s: the image %s is not pinned by digest", name, i.Image)
			}
		}
		if j.Permissions != nil {
			for what, access := range *j.Permissions {
				if access == "write" && !slices.Contains(may(file, name), what) {
					fault("%s: %s: write is not its to have", name, what)
				}
				if access == "write" && file == "release.yml" && j.Environment != "release" {
					fault("%s: writes without the approval of the environment release", name)
				}
			}
		}
		for _, s := range j.Steps {
			for _, f := range s.faults() {
				fault("%s: %s", name, f)
			}
		}
	}
	slices.Sort(out)
	return out
}

var (
	byCommit = regexp.MustCompile(`@[0-9a-f]{40}$`)
	byDigest = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)
)

func (s step) faults() (out []string) {
	// However it is written: with the version behind it the lines above are looked at.
	if s.Uses != "" && !byCommit.MatchString(s.Uses) && s.Uses != "bonafide-app/bonafide@COMMIT" {
		out = append(out, s.Uses+" is not pinned by a whole commit")
	}
	action, _, _ := strings.Cut(s.Uses, "@")
	switch {
	case action == "actions/checkout" && s.With["persist-credentials"] != false:
		out = append(out, "checkout leaves its token in the folder: persist-credentials: false")
	case action == "actions/setup-go" && s.With["cache"] != false:
		out = append(out, "setup-go uses a cache that others can write to: cache: false")
	case strings.HasPrefix(action, "actions/cache"):
		out = append(out, "a cache that others can write to")
	}
	if strings.Contains(s.Run, "${{") {
		out = append(out, "a script has an expression in it: give it by env")
	}
	if s.Run != "" && (s.Shell != "bash" || !strings.HasPrefix(s.Run, "set -euo pipefail\n")) {
		out = append(out, "a script goes on after an error: shell: bash, and set -euo pipefail first")
	}
	return out
}

// events are those that a workflow runs on: one word, a list, or a mapping.
func events(n *yaml.Node) (out []string) {
	switch n.Kind {
	case yaml.ScalarNode:
		return []string{n.Value}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			out = append(out, c.Value)
		}
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			out = append(out, n.Content[i].Value)
		}
	}
	return out
}

package policy

import (
	"fmt"
	"slices"
)

// harmless are releases that are known to have come without what others of their package
// had, for a reason that has nothing to do with an attack.
type harmless struct {
	name     string
	versions []string // exact
	why      string   // a sentence without its full stop
	source   string   // where that is said
}

// known is the list, by name. An entry needs a source in which the maintainers, or those
// who looked into it, say how the release came about; and exact versions, so that the next
// one is judged again.
func known() []harmless {
	return []harmless{
		{"@hono/node-server", []string{"1.19.15"}, "a fix of the line 1.x that its maintainer published by hand; trusted publishing resumed with 1.19.17", "https://github.com/jdx/aube/pull/1113"},
		{"@novu/framework", []string{"2.12.0"}, "an oversight, as its maintainers say", "https://github.com/novuhq/novu/issues/11933"},
		{"@octokit/endpoint", []string{"9.0.6"}, "a fix of an older line, which its maintainers publish without attestation", "https://github.com/jdx/aube/pull/1088"},
		{"@pnpm/modules-yaml", []string{"1002.0.1"}, "the last release under a name that was given up, confirmed by its maintainer", "https://github.com/pnpm/pnpm/issues/11391"},
		{"@yarnpkg/libzip", []string{"3.2.2"}, "reviewed and excluded by the maintainers of pnpm", "https://github.com/pnpm/pnpm/blob/main/pnpm-workspace.yaml"},
		{"ai-sdk-ollama", []string{"3.8.6"}, "published without trusted publishing, which 3.8.7 restored, as its maintainer says", "https://github.com/jagreehal/ai-sdk-ollama/issues/984"},
		{"chokidar", []string{"4.0.2", "4.0.3"}, "its maintainers know, and do not mean to publish the line 4.x again", "https://github.com/TanStack/router/pull/7643"},
		{"radix-ui", []string{"1.6.4"}, "an oversight, as its maintainers say", "https://github.com/radix-ui/primitives/issues/4068"},
		{"react-redux", []string{"9.1.1", "9.1.2", "9.2.0"}, "only 9.1.0 of its line had provenance; reported to its maintainers and looked into", "https://github.com/reduxjs/react-redux/issues/2298"},
		{"rxjs", []string{"7.8.2"}, "reviewed and excluded by the maintainers of pnpm", "https://github.com/pnpm/pnpm/blob/main/pnpm-workspace.yaml"},
		{"semver", []string{"5.7.2", "6.3.1"}, "fixes of lines from before the project had provenance, published after 7.x had it", "https://github.com/npm/node-semver/issues/886"},
		{"tailwindcss", []string{"3.4.18"}, "reviewed and excluded by the maintainers of vite", "https://github.com/vitejs/vite/blob/main/pnpm-workspace.yaml"},
		{"undici-types", []string{"6.21.0"}, "published without provenance; the line 6.x was no longer maintained", "https://github.com/nodejs/undici/issues/4666"},
		{"vite", []string{"6.4.1"}, "a fix of an older line, with provenance and without the trusted publisher of 7.x", "https://github.com/pnpm/pnpm/issues/10622"},
		{"ziggy-js", []string{"2.6.0"}, "published by hand after the workflow had failed, as its maintainer says", "https://github.com/tighten/ziggy/issues/871"},
	}
}

// benignly makes a notice of a loss that is known to be harmless. Nothing else about the
// release is forgiven.
func benignly(s Subject, d draft) draft {
	if d.atMost == Notice {
		return d
	}
	p := s.Change.Entry.Package
	for _, h := range known() {
		if h.name != p.Name || !slices.Contains(h.versions, p.Version) {
			continue
		}
		d.atMost, d.cause, d.many = Notice, "", ""
		d.Message += fmt.Sprintf(" That is known: %s.", h.why)
		d.Benign, d.Better, d.Tell = "", "", Tell{}
		d.Help, d.Link = "Nothing to do. Where that is said: "+h.source, h.source
		break
	}
	return d
}

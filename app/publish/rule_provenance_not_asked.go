package publish

import "strings"

// provenanceNotAsked: with a token npm makes provenance only where it is asked to, and
// everywhere it can be told not to.
func provenanceNotAsked(w *way) []Finding {
	if w.trust.Asked == Yes || !w.known() || w.Registry == "crates.io" {
		return nil // crates.io has no provenance to ask for
	}
	if by := w.trust.AskedBy; w.trust.Asked == No && by.stated() {
		return []Finding{provenanceRefused(w, by)}
	}
	if w.Registry != "npm" || !asksByItself(w) || !w.canProve() {
		return nil
	}
	if w.trust.Asked == Depends {
		by := w.trust.AskedBy
		p := by.place
		if !p.stated() {
			p = w.at()
		}
		f := found(Notice, p, "Whether provenance is asked for depends on what no file says.")
		if dynamic(by.Value) {
			f.Message = "Whether provenance is asked for depends on " + quoted(strings.Join(references(by.Value), ", ")) + "."
		}
		f.Why = "With a token npm makes provenance only where it is asked to."
		f.Help = "Ask for it always: `--provenance`, or `NPM_CONFIG_PROVENANCE: true`."
		f.Source = docsProvenanceNPM
		return []Finding{f}
	}
	if w.tokenless() {
		return nil // trusted publishing implies it
	}
	f := found(Warning, w.at(), "%s is not asked for provenance.", quoted(w.Tool))
	f.Why = "With a token npm makes provenance only where it is asked to; only trusted publishing implies it."
	f.Help = "Ask for it: `--provenance` behind the command, or `NPM_CONFIG_PROVENANCE: true` in the step's env. It needs id-token: write."
	f.Source = docsProvenanceNPM
	f.Edits = w.withIDToken(w.askProvenance())
	return []Finding{f}
}

// withIDToken adds the lines that grant id-token: write where it is missing: npm refuses
// to publish where provenance is asked for without it, and mending must not break what
// works. nil where a person must see to that first.
func (w *way) withIDToken(edits []Edit) []Edit {
	if edits == nil || w.trust.IDToken.Answer == Yes {
		return edits
	}
	if w.trust.IDToken.Answer == Depends {
		return nil
	}
	grant := w.grantIDToken()
	if grant == nil {
		return nil
	}
	return append(grant, edits...)
}

// provenanceRefused: it is told not to.
func provenanceRefused(w *way, by text) Finding {
	f := found(Warning, by.place, "Provenance is turned off here.")
	f.Why = "It overrides what trusted publishing would do by itself: nobody can tell where the package was built."
	f.Help = "Turn it on. With trusted publishing the line can be taken away, too."
	f.Source = docsTrustedNPM
	switch w.Registry {
	case "pypi":
		f.Source = docsPyPI
	case "rubygems":
		f.Source = docsRubyGems
	}
	f.Edits = w.turnOn(by)
	return f
}

// canProve says whether npm could make provenance at all; where it cannot, other rules
// say so.
func (w *way) canProve() bool {
	return !isTrue(w.repository.facts.Private) && w.trust.Hosted != No
}

// asksByItself says whether the command takes the flag itself.
func asksByItself(w *way) bool {
	switch {
	case strings.HasPrefix(w.Tool, "npm "), strings.HasPrefix(w.Tool, "pnpm "), strings.HasPrefix(w.Tool, "yarn npm "):
		return true
	}
	return strings.EqualFold(w.Tool, "JS-DevTools/npm-publish")
}

// askProvenance are the lines that ask: the flag where the command stands in the step,
// the variable where it is reached by a script.
func (w *way) askProvenance() []Edit {
	s := w.inner
	switch {
	case s == nil || s.Shared || s.Run.Shared:
		return nil // an alias would ask, too, where nobody looked
	case s.Uses.stated():
		if s.is("js-devtools/npm-publish") {
			return s.setWith("provenance", "true")
		}
		return nil
	}
	words := strings.Fields(w.Tool)
	if len(w.scripts) == 0 {
		if edits := s.sheet().addFlag(w.Line, w.Line, words, "--provenance"); edits != nil {
			return edits
		}
	} else if !strings.HasPrefix(w.Tool, "npm ") {
		return w.askInScript(words)
	}
	return w.askByVariable()
}

// askInScript puts the flag into the script of a package.json that holds the command.
func (w *way) askInScript(words []string) []Edit {
	script := w.scripts[len(w.scripts)-1]
	for _, m := range w.repository.manifests {
		if m.File == script.File && script.Line == script.End {
			sheet, _ := w.repository.packageFile(m)
			return sheet.addFlag(script.Line, script.Line, words, "--provenance")
		}
	}
	return nil
}

// askByVariable asks by the setting that the tool hands on: npm's variable, Yarn's, and
// for pnpm, whose versions differ in what they read, publishConfig of the packages.
func (w *way) askByVariable() []Edit {
	manager, _, _ := w.repository.manager(w.dir)
	if npmClient(w) || isLerna(w) {
		manager, _, _ = strings.Cut(w.Tool, " ")
	}
	switch {
	case w.inner == nil:
		return nil
	case manager == "pnpm":
		return w.askInManifests()
	case strings.HasPrefix(w.Tool, "yarn npm"), manager == "yarn" && isChangesets(w):
		return w.inner.setEnv("YARN_NPM_PUBLISH_PROVENANCE", "true")
	}
	return w.inner.setEnv("NPM_CONFIG_PROVENANCE", "true")
}

// askInManifests asks in publishConfig of every package; nil where one cannot be mended.
func (w *way) askInManifests() []Edit {
	var edits []Edit
	for _, m := range w.packages {
		sheet, d := w.repository.packageFile(m)
		edit := sheet.setJSON(d, "true", "publishConfig", "provenance")
		if edit == nil {
			return nil
		}
		edits = append(edits, edit...)
	}
	return edits
}

// turnOn writes true where false stands.
func (w *way) turnOn(by text) []Edit {
	if s := w.inner; s != nil {
		for _, b := range []struct {
			block
			sheet
		}{{s.With, s.sheet()}, {s.Env, s.sheet()}, {w.job.Env, w.job.workflow.sheet()}, {w.workflow.Env, w.workflow.sheet()}} {
			for _, v := range b.Settings {
				if v.place == by.place {
					return b.setValue(v.text, v.Name, "true")
				}
			}
		}
	}
	for _, m := range w.repository.manifests {
		if m.Provenance.place == by.place {
			sheet, d := w.repository.packageFile(m)
			return sheet.setJSON(d, "true", "publishConfig", "provenance")
		}
	}
	return nil
}

// packageFile is a package.json to be mended; the document is nil where it is none.
func (r *repository) packageFile(m *manifest) (sheet, *document) {
	d := once(&r.memo.documents, m.File, func() *document {
		d, err := newDocument(m.File, r.files[m.File], true)
		if err != nil {
			return nil // it was read before, or there would be no manifest
		}
		return d
	})
	if d == nil {
		return sheet{}, nil
	}
	return sheet{m.File, d.lines}, d
}

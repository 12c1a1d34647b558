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
	if w.trust.Asked == Depends && w.tokenless() && w.trust.Dialect != yarnDialect && w.asksAnyway() {
		return nil // trusted publishing implies it
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
		f.Why = "With a token provenance is made only where it is asked for."
		f.Help = "Ask for it always: " + w.howToAsk() + "."
		f.Source = docsAsking(w)
		return []Finding{f}
	}
	if w.tokenless() {
		return nil // trusted publishing implies it
	}
	f := found(Warning, w.at(), "%s is not asked for provenance.", quoted(w.Tool))
	f.Why = "With a token npm makes provenance only where it is asked to; only trusted publishing implies it."
	if w.trust.Dialect == yarnDialect {
		f.Why = "Yarn makes provenance only where it is asked to: the default of npmPublishProvenance is false."
	}
	f.Help = "Ask for it: " + w.howToAsk() + ". It needs id-token: write."
	f.Source = docsAsking(w)
	f.Edits = w.withIDToken(w.askProvenance())
	return []Finding{f}
}

// howToAsk names what asks the tool for provenance.
func (w *way) howToAsk() string {
	flag := ""
	if asksByItself(w) && w.inner != nil && w.inner.Run.stated() {
		flag = "`--provenance` behind the command, or "
	}
	switch w.trust.Dialect {
	case yarnDialect:
		return flag + "`YARN_NPM_PUBLISH_PROVENANCE: true` in the step's env (`npmPublishProvenance: true` in .yarnrc.yml is the same)"
	case pnpmDialect:
		return flag + "`PNPM_CONFIG_PROVENANCE: true` in the step's env (from version 11 on pnpm reads no NPM_CONFIG_PROVENANCE)"
	case anyPnpmDialect:
		return flag + "both `NPM_CONFIG_PROVENANCE: true`, which pnpm reads up to version 10, and `PNPM_CONFIG_PROVENANCE: true`, which it reads from version 11 on, in the step's env"
	}
	return flag + "`NPM_CONFIG_PROVENANCE: true` in the step's env"
}

// docsAsking is where the tool's documentation says so.
func docsAsking(w *way) string {
	switch w.trust.Dialect {
	case yarnDialect:
		return docsYarnPublish
	case pnpmDialect, anyPnpmDialect:
		return docsPNPM
	}
	return docsProvenanceNPM
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

// askByVariable asks by the variable that the tool reads, or hands on to the one it calls.
func (w *way) askByVariable() []Edit {
	if w.inner == nil {
		return nil
	}
	switch w.trust.Dialect {
	case npmDialect:
		return w.inner.setEnv("NPM_CONFIG_PROVENANCE", "true")
	case pnpmDialect:
		return w.inner.setEnv("PNPM_CONFIG_PROVENANCE", "true")
	case yarnDialect:
		return w.inner.setEnv("YARN_NPM_PUBLISH_PROVENANCE", "true")
	case anyPnpmDialect: // both, a line each
		edits := w.inner.setEnv("NPM_CONFIG_PROVENANCE", "true")
		if len(edits) == 1 && edits[0].To < edits[0].From {
			last := edits[0].Lines[len(edits[0].Lines)-1]
			edits[0].Lines = append(edits[0].Lines, strings.Replace(last, "NPM_", "PNPM_", 1))
			return edits
		}
	}
	return nil
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

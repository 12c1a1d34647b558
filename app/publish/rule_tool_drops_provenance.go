package publish

import "strings"

// toolDropsProvenance: tools on top of npm each have their own way of passing it on, and
// some versions have none.
func toolDropsProvenance(w *way) []Finding {
	if w.Registry != "npm" || !w.canProve() {
		return nil
	}
	switch {
	case strings.HasPrefix(w.Tool, "yarn publish"):
		f := found(Warning, w.at(), "Yarn 1 cannot publish with provenance.")
		f.Why = "Neither provenance nor trusted publishing is known to yarn publish of Yarn 1."
		f.Help = "Publish with npm publish instead: it needs nothing of Yarn."
		f.Source = docsYarn
		return []Finding{f}
	case w.Tool == "bun publish", w.Tool == "nx release publish" && w.trust.Dialect == noDialect:
		f := found(Warning, w.at(), "bun publish cannot publish with provenance.")
		f.Why = "It knows neither provenance nor trusted publishing."
		f.Help = "Publish with npm publish instead; `bun pm pack` makes the tarball that it takes."
		f.Source = docsBun
		return []Finding{f}
	case strings.HasPrefix(w.Tool, "yarn npm"):
		return yarnDrops(w)
	case isLerna(w):
		l := w.repository.lernaOf(w.dir)
		asked := w.repository.dependency(w.dir, l.pkg)
		if l.name == "lerna" && before(asked, l.provenance) {
			return []Finding{tooOldTool(asked, l.name, l.provenance.String(), "provenance", docsLerna, Warning)}
		}
		if w.tokenless() && before(asked, l.trust) {
			return []Finding{tooOldTool(asked, l.name, l.trust.String(), "trusted publishing", l.source, Error)}
		}
		return w.notPassedOn("lerna publish has no flag for it; it passes the setting NPM_CONFIG_PROVENANCE on.", docsLerna)
	case isChangesets(w):
		if f, ok := changesetFlag(w); ok {
			return []Finding{f}
		}
		if w.trust.Dialect == yarnDialect && w.tokenless() {
			return yarnDrops(w)
		}
		return w.notPassedOn("changesets has no setting for it; the package manager that it calls reads its own.", docsChangesets)
	case strings.Contains(w.Tool, "semantic-release"):
		if w.tokenless() && w.trust.Recent == No && w.trust.Version.stated() {
			tool, since := "semantic-release", "25.0.0"
			if w.trust.Version == w.repository.dependency(w.dir, semanticNPM) {
				tool, since = semanticNPM, "13.0.0"
			}
			return []Finding{tooOldTool(w.trust.Version, tool, since, "trusted publishing", docsSemantic, Warning)}
		}
		return w.notPassedOn("semantic-release calls npm, which reads NPM_CONFIG_PROVENANCE or publishConfig.provenance.", docsProvenanceNPM)
	case asksByItself(w):
		return nil
	}
	if w.trust.Dialect == noDialect {
		return nil // the tool that it calls knows none
	}
	return w.notPassedOn("It calls the package manager, which reads a setting of its own.", docsAsking(w))
}

// changesetFlag: changeset publish stops at a flag that is npm's.
func changesetFlag(w *way) (Finding, bool) {
	const flag = " --provenance"
	if w.inner == nil || w.inner.Shared || w.inner.Run.Shared || w.Tool != "changeset publish" || len(w.scripts) > 0 {
		return Finding{}, false
	}
	sheet := w.inner.sheet()
	line := sheet.line(w.Line)
	if strings.Count(line, flag) != 1 {
		return Finding{}, false
	}
	f := found(Error, w.at(), "changeset publish has no flag --provenance.")
	f.Why = "It stops at a flag that it does not know, and does not hand it to npm."
	f.Help = "Take the flag away and set " + w.howToAsk() + "."
	f.Source = docsChangesetsFlag
	if ask := w.askByVariable(); ask != nil {
		f.Edits = append(sheet.replace(w.Line, strings.Replace(line, flag, "", 1)), ask...)
		if f.Edits[1].From <= w.Line {
			f.Edits = nil
		}
	}
	return f, true
}

// notPassedOn: there is a token, and provenance is not asked for.
func (w *way) notPassedOn(why, source string) []Finding {
	if w.tokenless() || w.trust.Asked == Yes || w.trust.Asked == No && w.trust.AskedBy.stated() {
		return nil // provenance-not-asked says where it is turned off
	}
	severity, message := Warning, quoted(w.Tool)+" is not told to publish with provenance."
	if w.trust.Asked == Depends {
		severity, message = Notice, "Whether "+quoted(w.Tool)+" is told to publish with provenance depends on what no file says."
	}
	f := found(severity, w.at(), "%s", message)
	f.Why = why
	f.Help = "Set " + w.howToAsk() + ". It needs id-token: write."
	f.Source = source
	if w.trust.Asked == No {
		f.Edits = w.withIDToken(w.askByVariable())
	}
	return []Finding{f}
}

// yarnDrops: Yarn knows provenance since 4.9.0, and asks nothing of npm.
func yarnDrops(w *way) []Finding {
	if name, asked, at := w.repository.manager(w.dir); name == "yarn" && atLeast(asked, version{4, 9, 0}, false) == No {
		at.Value = asked
		return []Finding{tooOldTool(at, "yarn", "4.9.0", "provenance", docsYarn, Warning)}
	}
	if !w.tokenless() || w.trust.Asked != No || w.trust.AskedBy.stated() || w.trust.IDToken.Answer != Yes {
		return nil // with a token, provenance-not-asked says so
	}
	f := found(Warning, w.at(), "Yarn is not asked for provenance.")
	f.Why = "Yarn's documentation does not say that trusted publishing implies provenance, as npm's does; the default of npmPublishProvenance is false."
	f.Help = "Ask for it: " + w.howToAsk() + "."
	f.Source = docsYarnPublish
	if f.Edits = w.askProvenance(); isChangesets(w) {
		f.Edits = w.askByVariable()
	}
	return []Finding{f}
}

// before says whether every version that a manifest's range allows is older.
func before(asked text, lowest version) bool {
	return asked.stated() && atLeast(asked.Value, lowest, false) == No
}

func isLerna(w *way) bool { return strings.Contains(w.Tool, "lerna") }

func isChangesets(w *way) bool { return strings.Contains(w.Tool, "changeset") }

func tooOldTool(asked text, tool, since, what, source string, severity Severity) Finding {
	f := found(severity, asked.place, "%s %s is too old for %s.", tool, quoted(asked.Value), what)
	f.Why = tool + " knows " + what + " since version " + since + "."
	f.Help = "Update " + tool + " to " + since + " or later."
	f.Source = source
	return f
}

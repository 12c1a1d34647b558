package publish

import "strings"

// matrixPublishes: every job of a matrix publishes the same version; all but the first
// fail.
func matrixPublishes(w *way) []Finding {
	switch w.Registry {
	case "npm", "rubygems", "crates.io":
	default:
		return nil // files for several platforms of one version are usual at PyPI
	}
	if isChangesets(w) || isLerna(w) && strings.Contains(strings.Join(w.command, " "), "from-package") {
		return nil // they publish what is not there yet
	}
	jobs := []*job{w.job}
	for _, c := range w.chain {
		if c.step == nil {
			jobs = append(jobs, c.job)
		}
	}
	var list []Finding
	for _, j := range jobs {
		if !j.Matrix.stated() || w.dependsOnMatrix(j) {
			continue
		}
		many := j.Matrix.runs()
		if many == No {
			continue
		}
		severity, message := Error, capital(quotedJob(j))+" publishes once for every combination of its matrix."
		if many == Depends {
			severity, message = Notice, "How often "+quotedJob(j)+" publishes depends on an expression in its matrix."
		}
		f := found(severity, j.Matrix.place, "%s", message)
		f.Why = "A registry takes a version once: all but the first fail, and which is the first is chance."
		f.Help = "Publish in a job of its own that `needs` this one, or in one combination only: `if: strategy.job-index == 0`."
		f.Source = docsSyntax
		list = append(list, f)
	}
	return list
}

// dependsOnMatrix says whether what is published, or whether, is the matrix's business.
func (w *way) dependsOnMatrix(j *job) bool {
	names := func(s string) bool {
		return strings.Contains(s, "matrix.") || strings.Contains(s, "strategy.job-index")
	}
	for _, c := range w.conditions() {
		if names(c.Value) {
			return true
		}
	}
	for _, v := range j.With.Settings {
		if j.Uses.stated() && names(v.Value) {
			return true
		}
	}
	// Also what only a step before takes from it, such as which package is packed; but
	// not the version of a tool or the machine.
	for _, s := range append(w.before[:len(w.before):len(w.before)], w.inner) {
		if s == nil {
			continue
		}
		u, _ := parseUses(s.Uses.Value)
		if u.setsUp() {
			continue
		}
		if names(s.Run.Value) || names(s.WorkingDirectory.Value) {
			return true
		}
		for _, b := range []block{s.With, s.Env} {
			for _, v := range b.Settings {
				if names(v.Value) {
					return true
				}
			}
		}
	}
	return names(j.Defaults.WorkingDirectory.Value)
}

// runs says whether the matrix has more than one combination.
func (m *matrix) runs() Answer {
	if m.Dynamic {
		return Depends
	}
	total := 1
	for _, a := range m.Axes {
		total *= max(a.Count, 1)
		if total > 1<<16 {
			break
		}
	}
	if len(m.Axes) == 0 {
		total = 0
	}
	switch {
	case total-len(m.Exclude) > 1, total == 0 && len(m.Include) > 1:
		return Yes
	case len(m.Include) > 0 && total > 0 && len(m.Exclude) == 0:
		// An entry adds a combination where it contradicts those there are.
		for _, entry := range m.Include {
			for _, s := range entry {
				for _, a := range m.Axes {
					if a.Name == s.Name && len(a.Values) == 1 && a.Values[0].Value != s.Value {
						return Yes
					}
				}
			}
		}
	}
	return No
}

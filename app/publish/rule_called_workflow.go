package publish

// calledWorkflow: PyPI does not take a reusable workflow for a trusted publisher.
func calledWorkflow(w *way) []Finding {
	if w.Registry != "pypi" || !w.tokenless() {
		return nil
	}
	for _, c := range w.chain {
		if c.step != nil {
			continue
		}
		f := found(Error, w.at(), "PyPI cannot trust a workflow that another one calls.")
		f.Why = "The id-token of a called workflow names two workflows, and PyPI's trusted publishers know one: it answers invalid-publisher."
		f.Help = "Build in the called workflow, hand the files over as an artifact, and publish in a job of " + quoted(c.workflow.File) + "."
		f.Source = docsPyPIReuse
		return []Finding{f}
	}
	return nil
}

package publish

import "path"

// calledWorkflow: PyPI does not support reusable workflows as trusted publishers. It checks
// the called one for the upload, and the calling one for the attestations: with them nothing
// fits.
// https://github.com/pypi/warehouse/issues/11096
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
		if w.trust.Asked == No {
			f.Severity = Warning
			f.Message = "PyPI does not support a workflow that another one calls as a trusted publisher."
			f.Why = "It works only while the publisher names " + quoted(path.Base(w.workflow.File)) + " and nothing is attested: PyPI expects the attestations of the workflow that GitHub starts."
		}
		return []Finding{f}
	}
	return nil
}

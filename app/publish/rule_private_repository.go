package publish

// privateRepository: npm takes no provenance from a repository that its readers cannot
// see.
func privateRepository(w *way) []Finding {
	if w.Registry != "npm" || !isTrue(w.repository.facts.Private) {
		return nil
	}
	if len(w.packages) > 0 {
		open := false
		for _, m := range w.packages {
			open = open || m.Access.Value != "restricted"
		}
		if !open {
			return nil // the packages are for few, too
		}
	}
	if w.trust.Asked == Yes {
		p := w.trust.AskedBy.place
		if !p.stated() {
			p = w.at()
		}
		f := found(Error, p, "Provenance is asked for, and the repository is private.")
		f.Why = "npm refuses provenance from a private repository (E422), whether the package is public or not."
		f.Help = "Publish without provenance, or make the repository public."
		f.Source = docsPrivateNPM
		return []Finding{f}
	}
	f := found(Notice, w.at(), "The repository is private: npm packages from it cannot have provenance.")
	f.Why = "Provenance links a package to source that everybody can look at. Trusted publishing works from a private repository, and makes none."
	f.Help = "Make the repository public, or publish from a public one, if users are to see where the package was built."
	f.Source = docsPrivateNPM
	return []Finding{f}
}

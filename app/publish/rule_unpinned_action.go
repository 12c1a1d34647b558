package publish

// unpinnedAction: who can move the tag of an action that runs in the job, publishes.
func unpinnedAction(w *way) []Finding {
	if !w.known() {
		return nil
	}
	var list []Finding
	for _, s := range w.steps() {
		u, ok := parseUses(s.Uses.Value)
		if !ok || u.pinned() || u.kin() && !branch(u.ref) {
			continue
		}
		f := found(Warning, s.Uses.place, "%s is not pinned by its commit, and runs in the job that publishes.", quoted(u.path))
		f.Why = "A tag or a branch can be moved: whoever takes the action over runs in this job, with its token and its id-token."
		f.Help = howToPin(u)
		f.Source = docsSecureUse
		list = append(list, f)
	}
	return list
}

// branch says whether a ref is a branch by custom: the newest of everything.
func branch(ref string) bool {
	switch ref {
	case "main", "master", "HEAD", "develop", "dev":
		return true
	}
	return false
}

// steps are all that run in the job that publishes, those of local actions included.
func (w *way) steps() []*step {
	var list []*step
	seen := map[*step]bool{}
	add := func(s *step) {
		if s != nil && !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	for _, s := range w.before {
		add(s)
	}
	add(w.inner)
	for _, s := range w.job.Steps {
		add(s)
	}
	return list
}

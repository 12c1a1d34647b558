package publish

// memo is what rules ask again and again for every way, so that thousands of workflows
// cost no more than reading them.
type memo struct {
	documents  map[string]*document // package.json files to be mended
	judged     map[judgement]bool
	members    map[string][]*manifest // of the workspace at a folder
	waits      map[*job][]*job
	jobs       map[*workflow]map[string]*job // by their keys
	forkable   map[*trigger]forkable
	publishes  map[*job]bool
	tests      map[*step]bool
	handed     map[*job][]restored
	live       map[*way]uint64
	events     map[ruling]uint64
	moved      map[place][]Edit
	intrusions []intrusion
	looked     bool // for intrusions
}

// forkable is how outsiders start what a trigger waits for.
type forkable struct {
	events []string
	unsure bool
}

// ruling is one of a condition, for the events of a workflow.
type ruling struct {
	workflow  *workflow
	condition place
}

// judgement is one that was made of a manifest.
type judgement struct {
	manifest *manifest
	severity Severity
}

// once is what a map says of a key, made where it says nothing.
func once[K comparable, V any](m *map[K]V, key K, made func() V) V {
	if v, ok := (*m)[key]; ok {
		return v
	}
	v := made()
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = v
	return v
}

package policy

func burst(Subject, view) []draft { return nil }

// bursts finds the packages that came in a burst.
func bursts([]Subject) map[string]string { return nil }

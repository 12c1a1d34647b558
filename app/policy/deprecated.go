package policy

func deprecated(Subject, view) []draft { return nil }

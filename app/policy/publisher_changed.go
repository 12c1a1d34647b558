package policy

func publisherChanged(Subject, view) []draft { return nil }

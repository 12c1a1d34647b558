package policy

func coverage(Input, view) []draft { return nil }

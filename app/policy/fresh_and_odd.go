package policy

func freshAndOdd(Subject, view) []draft { return nil }

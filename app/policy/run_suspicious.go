package policy

func runSuspicious(Subject, view) []draft { return nil }

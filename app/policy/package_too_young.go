package policy

func packageTooYoung(Subject, view) []draft { return nil }

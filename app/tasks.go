package app

import "github.com/bonafide-app/bonafide/app/upkeep"

// tasks are what is done again and again beside the jobs.
func (a *App) tasks(Options) []upkeep.Task {
	return nil
}

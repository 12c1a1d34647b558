package main

import (
	"os"
	"runtime/debug"
)

// garbagePercent is how much garbage a command lets pile up, in percent of what is in use.
// Go's 100 would be a tenth less of CPU time for a fifth more of memory, and a command
// runs beside an editor, a browser, and other jobs of a CI machine.
const garbagePercent = 50

// spareMemory tells the garbage collector so. Who has set GOGC knows better.
func spareMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}

package app

import (
	"context"

	"github.com/bonafide-app/bonafide/app/registry"
)

// ofAll says that histories of the public registry are everybody's, and those of another
// nobody's to remember: what a private registry said stays with who asked.
func ofAll(origin string) func(context.Context) (string, bool) {
	return func(context.Context) (string, bool) { return "", origin == registry.PublicNPM }
}

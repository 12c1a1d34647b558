package app

import (
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/store"
)

// Notes are those that the App takes of its checks.
func Notes(s *store.Store) checks.Notes { return notes{s} }

package app

import (
	"github.com/bonafide-app/bonafide/app/publish"
	"github.com/bonafide-app/bonafide/app/review"
)

// publishing is what judges how repositories publish.
func publishing(given *review.PublishCheck) review.PublishCheck {
	if given != nil {
		return *given
	}
	return review.PublishCheck{Wanted: publish.Wanted, Check: publish.Check}
}

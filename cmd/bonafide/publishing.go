package main

import (
	"github.com/bonafide-app/bonafide/app/publish"
	"github.com/bonafide-app/bonafide/app/review"
)

// publishing is what judges how repositories publish.
func publishing() review.PublishCheck {
	return review.PublishCheck{Wanted: publish.Wanted, Check: publish.Check}
}

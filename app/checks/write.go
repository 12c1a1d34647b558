package checks

import (
	"context"
	"fmt"
	"net/http"

	"github.com/bonafide-app/bonafide/app/review"
)

// mayWrite is asked before every request that changes something at GitHub.
func (f *Forge) mayWrite(ctx context.Context, q request) error {
	if err := review.Fenced(ctx); err != nil {
		return fmt.Errorf("%s: %w", q.what, err)
	}
	return nil
}

func (q request) writes() bool { return q.method != "" && q.method != http.MethodGet }

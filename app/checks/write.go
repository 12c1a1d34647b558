package checks

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/bonafide-app/bonafide/app/review"
)

// mayWrite is asked before every request that changes something at GitHub. It waits
// until the write is due. The fence is asked last: while it waited, another job may have
// taken over.
func (f *Forge) mayWrite(ctx context.Context, installation int64, q request) error {
	if installation != theApp { // what the App writes as itself shows nowhere
		if err := f.gates.pace(ctx, installation, q); err != nil {
			return err
		}
		if err := f.gates.may(ctx, installation); err != nil {
			return err
		}
	}
	if err := review.Fenced(ctx); err != nil {
		return fmt.Errorf("%s: %w", q.what, err)
	}
	return nil
}

func (q request) writes() bool { return q.method != "" && q.method != http.MethodGet }

// remarks says whether a write is one that people are told of: anything but a check run.
func (q request) remarks() bool { return q.writes() && !strings.HasPrefix(q.path, "check-runs") }

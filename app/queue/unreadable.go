package queue

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/rs/zerolog"
)

// unreadable ends jobs that never reach the worker, because their row does not read as
// one: another attempt would not either. River alone would try them for years.
type unreadable struct{ log zerolog.Logger }

// HandleError implements river.ErrorHandler.
func (u unreadable) HandleError(_ context.Context, row *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	var a args
	unknown := (*rivertype.UnknownJobKindError)(nil)
	damaged := strings.HasPrefix(err.Error(), "job row couldn't be decoded")
	if !damaged && !errors.As(err, &unknown) && json.Unmarshal(row.EncodedArgs, &a) == nil {
		return nil
	}
	u.log.Error().Err(err).Int64("job", row.ID).Str("kind", row.Kind).Msg("a stored job does not read and is given up; what it was about is found by looking at the open pull requests")
	return &river.ErrorHandlerResult{SetCancelled: true}
}

// HandlePanic implements river.ErrorHandler. The worker lets no panic through.
func (unreadable) HandlePanic(context.Context, *rivertype.JobRow, any, string) *river.ErrorHandlerResult {
	return nil
}
